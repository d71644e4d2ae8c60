import type { KernelWorker } from "../src/page/kernel-client";
import type { FromKernel, ToKernel } from "../src/protocol";

/** A kernel worker that records what it is told and says what the test has it say. */
export class FakeKernel implements KernelWorker {
  onmessage: ((event: MessageEvent<FromKernel>) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;
  readonly told: ToKernel[] = [];
  terminated = false;

  postMessage(message: ToKernel): void {
    this.told.push(message);
  }

  terminate(): void {
    this.terminated = true;
  }

  say(message: FromKernel): void {
    this.onmessage?.({ data: message } as MessageEvent<FromKernel>);
  }

  ready(): void {
    this.say({ type: "ready", threads: 2, isolated: true, version: "0" });
  }

  crash(message: string): void {
    this.onerror?.({ message } as ErrorEvent);
  }

  /** The cells it was told to run. */
  get runs(): Extract<ToKernel, { type: "run" }>[] {
    return this.told.filter((message) => message.type === "run");
  }

  /** Ends the last cell it was told to run. */
  done(outcome: { result?: string; error?: string } = {}): void {
    const id = this.runs.at(-1)?.id ?? 0;
    const { result, error } = outcome;
    this.say({
      type: "done",
      id,
      result: result === undefined ? null : { "text/plain": result },
      error: error === undefined ? null : { name: error, message: "", traceback: `In [1]\n${error}` },
      ms: 1,
    });
  }
}

/** Lets what waits on settled promises go on. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}
