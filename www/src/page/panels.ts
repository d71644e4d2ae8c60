/**
 * Calls of the functions behind controls: each is a run of the kernel, in turn with the cells. While one waits or
 * runs, later changes of the same panel are put together, and only the latest is called next.
 */
import type { ComputationUpdate, ControlValue, Progress } from "../protocol";
import type { KernelClient } from "./kernel-client";
import type { Output, PanelOutput } from "./notebook";
import { type ChangeOutputs, findPanel, outputWriter, withPanel } from "./outputs";

/** How tracebacks and the kernel name a call; it takes no number of the cells'. */
const LABEL = "controls";

/** The owner of the cells. */
export interface PanelOwner {
  readonly kernel: KernelClient;
  outputs(cell: string): readonly Output[];
  change(cell: string, change: Parameters<ChangeOutputs>[0]): void;
  progress(cell: string, progress: Progress | null): void;
  /** `fresh`: it is the first of a call, and those of earlier ones go. */
  computation(cell: string, update: ComputationUpdate, tasks: Float64Array, fresh: boolean): void;
}

interface Call {
  /** The kernel's run, which can be cancelled until it has begun. */
  run: number;
  begun: boolean;
  /** Something changed since, so that there is to be another. */
  again: boolean;
}

export class Panels {
  readonly #owner: PanelOwner;
  /** Calls that wait or run, by cell and panel. */
  readonly #calls = new Map<string, Call>();

  constructor(owner: PanelOwner) {
    this.#owner = owner;
  }

  /** A control was moved; `settled` once it is let go. */
  move(cell: string, number: number, name: string, value: ControlValue, settled: boolean): void {
    const panel = this.#reachable(cell, number);
    if (panel === null) return;
    const values = { ...panel.values, [name]: value };
    this.#change(cell, number, { values });
    const control = panel.panel.widgets.find((widget) => widget.name === name);
    if (panel.panel.manual !== null || !(settled || control?.continuous)) return;
    // Letting go of a slider tells once more what moving it has told.
    if (panel.called === JSON.stringify(values)) return;
    void this.call(cell, number);
  }

  /** Calls the function with the values where the controls stand. */
  async call(cell: string, number: number): Promise<void> {
    const key = `${cell} ${number}`;
    const earlier = this.#calls.get(key);
    if (earlier !== undefined) {
      earlier.again = true;
      if (!earlier.begun) this.#owner.kernel.cancel([earlier.run]);
      return;
    }
    const call: Call = { run: 0, begun: false, again: false };
    this.#calls.set(key, call);
    do {
      call.again = false;
      await this.#run(cell, number, call);
    } while (call.again);
    this.#calls.delete(key);
  }

  /** Forgets the calls that wait. */
  cancel(): void {
    for (const call of this.#calls.values()) {
      call.again = false;
      if (!call.begun) this.#owner.kernel.cancel([call.run]);
    }
  }

  async #run(cell: string, number: number, call: Call): Promise<void> {
    const { kernel } = this.#owner;
    const panel = this.#reachable(cell, number);
    if (panel === null) return;
    const called = JSON.stringify(panel.values);
    this.#change(cell, number, { called, status: kernel.state === "idle" ? "running" : "waiting" });
    call.begun = false;
    let fresh = true;
    let ended = false;
    const writer = outputWriter(
      (change) => this.#owner.change(cell, change),
      () => kernel.session,
    );
    // JSON's text is also Python's.
    const source = `__import__("ipywidgets")._call(${number}, ${JSON.stringify(called)})`;
    const { id, outcome } = kernel.run(
      source,
      {
        ...writer,
        callEnded: (panel, error) => {
          ended = true;
          writer.callEnded(panel, error);
        },
        started: () => {
          call.begun = true;
        },
        progress: (progress) => this.#owner.progress(cell, progress),
        computation: (update, tasks) => {
          this.#owner.computation(cell, update, tasks, fresh);
          fresh = false;
        },
      },
      LABEL,
    );
    call.run = id;
    const { error, cancelled } = await outcome;
    if (cancelled && call.again) return;
    const status = panel.session === kernel.session ? "idle" : "lost";
    this.#change(cell, number, { status });
    if (error === null) return;
    // An interrupt, or the end of the kernel, which leaves outputs of earlier calls: other errors are told with the call.
    const now = findPanel(this.#owner.outputs(cell), number)?.outputs ?? [];
    this.#change(cell, number, { outputs: [...(ended ? now : []), { type: "error", error }] });
  }

  /** The panel, if the kernel still knows its function. */
  #reachable(cell: string, number: number): PanelOutput | null {
    const panel = findPanel(this.#owner.outputs(cell), number);
    if (panel === undefined) return null;
    if (panel.session === this.#owner.kernel.session) return panel;
    this.#change(cell, number, { status: "lost" });
    return null;
  }

  #change(cell: string, number: number, change: Partial<PanelOutput>): void {
    this.#owner.change(cell, (outputs) => withPanel(outputs, number, (panel) => ({ ...panel, ...change })));
  }
}
