/**
 * The kernel worker: runs cells in Python over the engine, and keeps the files they open.
 *
 * While a cell runs this thread is busy and takes no message; only the shared `interrupt` word
 * reaches it. Messages that arrive meanwhile are taken in order afterwards.
 */
import { storeCopy } from "../io/files.js";
import type { AnswerValue, FromKernel, Progress, ToKernel } from "../protocol.js";
import { Engine } from "./engine.js";
import { namesLaterPython, Python } from "./python.js";

/** The cell that runs now; outputs and progress are its. */
let running = 0;
let interrupt: Int32Array | null = null;

interface Kernel {
  engine: Engine;
  python: Python;
  dropped: Map<string, File>;
}

let kernel: Promise<Kernel> | undefined;
let laterPythonCame: (files: Record<string, string> | null) => void;
/** The Python that comes once cells can run. */
const laterPython = new Promise<Record<string, string> | null>((resolve) => {
  laterPythonCame = resolve;
});
let queue: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<ToKernel>) => {
  if (data.type === "python-files") {
    // Not after those who wait for it.
    laterPythonCame(data.files);
    return;
  }
  queue = queue
    .then(() => take(data))
    .catch((cause: unknown) => send({ type: "failed", message: explain(cause) }));
};

async function take(message: Exclude<ToKernel, { type: "python-files" }>): Promise<void> {
  if (message.type === "init") {
    kernel = start(message);
    await kernel.catch((cause: unknown) => send({ type: "failed", message: explain(cause) }));
    return;
  }
  const started = await kernel?.catch(() => undefined);
  if (!started) {
    return;
  }
  switch (message.type) {
    case "run":
      await runCell(started, message.id, message.source, message.label);
      return;
    case "readers-module":
      started.engine.giveReaders(message.module);
      return;
    case "add-file":
      await answer(started, message.request, async () => {
        started.dropped.set(message.file.name, message.file);
        started.engine.addFile(message.file);
      });
      return;
    case "remove-file":
      await answer(started, message.request, () => removeFile(started, message.name));
      return;
    case "store-file":
      await answer(started, message.request, () => storeFile(started, message.name));
      return;
    case "browse":
    case "browse-object":
      browse(started, message);
      return;
    case "preview": {
      const { name, path, leading } = message;
      ask(started, message.request, { op: "preview", name, path, leading });
      return;
    }
    case "inspect":
      ask(started, message.request, message.inspection);
      return;
  }
}

async function start(message: ToKernel & { type: "init" }): Promise<Kernel> {
  interrupt = message.interrupt === null ? null : new Int32Array(message.interrupt);
  // Taken by the first who looks, so that a cell that catches KeyboardInterrupt can be interrupted again.
  const interrupted = (): boolean => interrupt !== null && Atomics.compareExchange(interrupt, 0, 1, 0) === 1;
  const engine = await Engine.create({
    threads: message.threads,
    isolated: message.isolated,
    interrupted,
    progress: (progress: Progress | null) => send({ type: "progress", id: running, progress }),
    computation: (update, tasks) => send({ type: "computation", id: running, update, tasks }, [tasks.buffer]),
  });
  const python = await Python.create({
    dispatch: (request) => engine.dispatch(request),
    stdout: (text) => send({ type: "stream", id: running, name: "stdout", text }),
    display: (data) => send({ type: "display", id: running, data }),
    callBegun: (panel) => send({ type: "call-begun", id: running, panel }),
    callEnded: (panel, error) => send({ type: "call-ended", id: running, panel, error }),
    interrupted,
    now: () => performance.now(),
  });
  void laterPython.then((files) => files && python.addFiles(files));
  const started = { engine, python, dropped: new Map<string, File>() };
  await tellFiles(started);
  const { threads, version } = engine.info();
  send({ type: "ready", threads, isolated: message.isolated, version });
  return started;
}

async function runCell({ engine, python }: Kernel, id: number, source: string, label: string): Promise<void> {
  running = id;
  if (interrupt) {
    Atomics.store(interrupt, 0, 0);
  }
  send({ type: "started", id });
  if (namesLaterPython(source) && (await laterPython) === null) {
    const text =
      "A part of Python that this cell may need could not be fetched. Reload the page to try again.\n";
    send({ type: "stream", id, name: "stderr", text });
  }
  const begin = performance.now();
  const { result, error } = python.run(source, label);
  const ms = performance.now() - begin;
  send({ type: "progress", id, progress: null });
  await tellFiles({ engine }).catch((cause: unknown) =>
    send({ type: "stream", id, name: "stderr", text: `The shelf: ${explain(cause)}\n` }),
  );
  send({ type: "done", id, result, error, ms });
}

/** Does `work` and answers the page; what goes wrong is told there, and the kernel lives on. */
async function answer(started: Kernel, request: number, work: () => Promise<void>): Promise<void> {
  let error: string | null = null;
  try {
    await work();
  } catch (cause) {
    error = explain(cause);
  }
  await tellFiles(started).catch((cause: unknown) => {
    error ??= explain(cause);
  });
  send({ type: "answer", request, error });
}

async function removeFile({ engine, dropped }: Kernel, name: string): Promise<void> {
  if (dropped.delete(name)) {
    engine.forgetFile(name);
    return;
  }
  const removed = JSON.parse(engine.dispatch(JSON.stringify({ op: "remove_file", name }))) as {
    error?: { message: string };
  };
  if (removed.error) {
    throw new Error(removed.error.message);
  }
}

/** What the file browser asks; no file changes by it, so the shelf is not told anew. */
function browse(started: Kernel, message: Extract<ToKernel, { type: "browse" | "browse-object" }>): void {
  const { type, request, ...asked } = message;
  ask(started, request, { op: type === "browse" ? "browse" : "browse_object", ...asked });
}

/** Answers the page with what the engine answers. */
function ask({ engine }: Kernel, request: number, question: { op: string; [field: string]: unknown }): void {
  const { ok, error } = JSON.parse(engine.dispatch(JSON.stringify(question))) as {
    ok?: AnswerValue;
    error?: { message: string };
  };
  send({ type: "answer", request, error: error?.message ?? null, ...(ok !== undefined && { value: ok }) });
}

/** Copies a dropped file into the browser's storage; the dropped one then leaves the shelf. */
async function storeFile({ engine, dropped }: Kernel, name: string): Promise<void> {
  const file = dropped.get(name);
  if (!file) {
    throw new Error(`'${name}' is not a dropped file`);
  }
  const { usage = 0, quota = 0 } = await navigator.storage.estimate();
  if (file.size > quota - usage) {
    throw new Error(
      `'${name}' has ${file.size} bytes and the browser's storage has ${Math.max(0, quota - usage)} left; delete files on the shelf first`,
    );
  }
  await storeCopy(file);
  dropped.delete(name);
  engine.forgetFile(name);
}

async function tellFiles({ engine }: Pick<Kernel, "engine">): Promise<void> {
  const files = await engine.settle();
  const { usage = 0, quota = 0 } = await navigator.storage.estimate();
  send({ type: "files", files, usage, quota });
}

function send(message: FromKernel, transfer: Transferable[] = []): void {
  postMessage(message, { transfer });
}

function explain(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
