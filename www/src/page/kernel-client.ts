/**
 * The page's end of the kernel: owns the worker, sends it one cell at a time and keeps the queue.
 *
 * Dropped files are remembered here, because a restarted kernel must be handed them again. A worker
 * that dies costs its variables and nothing else: waiting cells are told, and `restart` starts a new one.
 */
import type {
  AnswerValue,
  CellError,
  ComputationUpdate,
  FromKernel,
  Inspection,
  InspectionAnswers,
  KernelInfo,
  KernelState,
  Listing,
  MimeBundle,
  ObjectFacts,
  Preview,
  Progress,
  ShelfFile,
  ToKernel,
} from "../protocol";

/** What a kernel worker must be able to do; a `Worker` can. */
export interface KernelWorker {
  onmessage: ((event: MessageEvent<FromKernel>) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
  postMessage(message: ToKernel): void;
  terminate(): void;
}

/** Told while a cell runs. */
export interface RunObserver {
  /** The run has begun as `In [count]`. */
  started?(count: number): void;
  stream?(name: "stdout" | "stderr", text: string): void;
  display?(data: MimeBundle): void;
  progress?(progress: Progress | null): void;
  /** A computation has begun, gone on or ended; the tasks are those ended since the last time. */
  computation?(update: ComputationUpdate, tasks: Float64Array): void;
  /** What is told from here on is of the function behind the panel. */
  callBegun?(panel: number): void;
  callEnded?(panel: number, error: CellError | null): void;
}

export interface RunOutcome {
  /** The value of the last expression, if it has one. */
  result: MimeBundle | null;
  error: CellError | null;
  /** Milliseconds the cell took. */
  ms: number;
  /** The run was taken out of the queue before it began. */
  cancelled: boolean;
}

export interface Shelf {
  files: readonly ShelfFile[];
  /** Bytes of the browser's storage in use and allowed; both 0 until the kernel has told. */
  usage: number;
  quota: number;
}

/** What the kernel has to work with. */
export interface KernelEnvironment {
  threads: number;
  /** Whether the page is cross-origin isolated, so that memory can be shared. */
  isolated: boolean;
}

export interface KernelOptions {
  spawn: () => KernelWorker;
  /** Called after any change of `state`, `info`, `failure`, `memory` or `shelf`. */
  changed: () => void;
}

interface Run {
  id: number;
  source: string;
  observer: RunObserver;
  label: string | null;
  resolve: (outcome: RunOutcome) => void;
}

interface Request {
  resolve: (value: AnswerValue | undefined) => void;
  reject: (error: Error) => void;
}

/** A message that names the request its answer will carry. */
type RequestMessage = Extract<ToKernel, { request: number }>;

/** What a kernel is given once it runs. */
type Gift = Extract<ToKernel, { type: "readers-module" | "python-files" }>;
type WithoutRequest<T> = T extends unknown ? Omit<T, "request"> : never;

const CANCELLED: RunOutcome = { result: null, error: null, ms: 0, cancelled: true };

export class KernelClient {
  state: KernelState = "starting";
  info: KernelInfo | null = null;
  /** Why the kernel is dead. */
  failure: string | null = null;
  /** Memory of the engine as last told, in bytes: in use, and the most so far. */
  memory: { used: number; peak: number } | null = null;
  shelf: Shelf = { files: [], usage: 0, quota: 0 };
  /** How often a kernel was started: what one knew, the next does not. */
  session = 0;
  /** Resolves when this kernel is ready; rejects when it cannot start. Replaced by `restart`. */
  ready: Promise<KernelInfo>;

  readonly #options: KernelOptions;
  #environment: KernelEnvironment | null = null;
  #worker: KernelWorker | null = null;
  #interrupt: Int32Array | null = null;
  #settleReady: { resolve: (info: KernelInfo) => void; reject: (error: Error) => void };
  #queue: Run[] = [];
  #current: Run | null = null;
  /** The n of the last `In [n]`. */
  #count = 0;
  #startedAt = 0;
  #nextId = 1;
  #requests = new Map<number, Request>();
  readonly #dropped = new Map<string, File>();
  readonly #given: Gift[] = [];

  constructor(options: KernelOptions) {
    this.#options = options;
    [this.ready, this.#settleReady] = newReady();
  }

  /** Starts the kernel, once it is known what it has to work with; cells wait until then. */
  start(environment: KernelEnvironment): void {
    this.#environment = environment;
    this.#start(environment);
  }

  /**
   * Runs a cell after those already waiting. Never rejects: what goes wrong is the outcome's `error`.
   * With a `label` it is not one of the numbered cells.
   */
  run(
    source: string,
    observer: RunObserver = {},
    label: string | null = null,
  ): { id: number; outcome: Promise<RunOutcome> } {
    const id = this.#nextId++;
    const outcome = new Promise<RunOutcome>((resolve) => {
      if (this.state === "dead") {
        resolve({ ...CANCELLED, error: kernelError(this.failure ?? ""), cancelled: false });
        return;
      }
      this.#queue.push({ id, source, observer, label, resolve });
      this.#next();
    });
    return { id, outcome };
  }

  /** Takes runs that have not begun out of the queue: those with `ids`. */
  cancel(ids: readonly number[]): void {
    const cancelled = this.#queue.filter((run) => ids.includes(run.id));
    this.#queue = this.#queue.filter((run) => !ids.includes(run.id));
    for (const run of cancelled) run.resolve(CANCELLED);
  }

  /** Asks the running cell to stop with KeyboardInterrupt. False where the page cannot reach it. */
  interrupt(): boolean {
    if (this.#interrupt === null) return false;
    Atomics.store(this.#interrupt, 0, 1);
    Atomics.notify(this.#interrupt, 0);
    return true;
  }

  /** Ends the worker with all its variables and starts another; files stay on the shelf. */
  restart(): Promise<KernelInfo> {
    // One that has not started yet is as fresh as can be.
    if (this.#environment === null) return this.ready;
    this.#end("The kernel was restarted while this ran.");
    [this.ready, this.#settleReady] = newReady();
    this.#start(this.#environment);
    return this.ready;
  }

  /** Gives the kernel, also one that starts again, what was fetched after it had started. */
  give(gift: Gift): void {
    this.#given.push(gift);
    this.#worker?.postMessage(gift);
  }

  /** Hands a local file to the kernel; cells open it by its name. */
  async addFile(file: File): Promise<void> {
    await this.ready;
    this.#dropped.set(file.name, file);
    await this.#request({ type: "add-file", file });
  }

  async removeFile(name: string): Promise<void> {
    await this.#request({ type: "remove-file", name });
    this.#dropped.delete(name);
  }

  /** Copies a dropped file into the browser's storage. */
  async storeFile(name: string): Promise<void> {
    await this.#request({ type: "store-file", name });
    this.#dropped.delete(name);
  }

  /** Entries of the group `path` in a file, `from` and on. Waits while a cell runs. */
  async browse(name: string, path: string, from: number, count: number): Promise<Listing> {
    await this.ready;
    return (await this.#request({ type: "browse", name, path, from, count })) as Listing;
  }

  /** Everything about the object `path` of a file. Waits while a cell runs. */
  async browseObject(name: string, path: string): Promise<ObjectFacts> {
    await this.ready;
    return (await this.#request({ type: "browse-object", name, path })) as ObjectFacts;
  }

  /** A dataset to look at. Waits while a cell runs; `interrupt` stops it. */
  async preview(name: string, path: string, leading: number[]): Promise<Preview> {
    await this.ready;
    return (await this.#request({ type: "preview", name, path, leading })) as Preview;
  }

  /** What there is to know about a graph. Waits while a cell runs. */
  async inspect<Op extends Inspection["op"]>(
    inspection: Extract<Inspection, { op: Op }>,
  ): Promise<InspectionAnswers[Op]> {
    await this.ready;
    return (await this.#request({ type: "inspect", inspection })) as InspectionAnswers[Op];
  }

  #start({ isolated, threads }: KernelEnvironment): void {
    this.state = "starting";
    this.info = null;
    this.failure = null;
    this.memory = null;
    this.#count = 0;
    this.session += 1;
    const shared = isolated ? new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT) : null;
    this.#interrupt = shared === null ? null : new Int32Array(shared);
    const worker = this.#options.spawn();
    worker.onmessage = (event) => this.#receive(event.data);
    worker.onerror = (event) => {
      event.preventDefault?.();
      this.#die(event.message || "The kernel's program could not be loaded. Reload the page.");
    };
    this.#worker = worker;
    worker.postMessage({ type: "init", interrupt: shared, threads, isolated });
    for (const gift of this.#given) worker.postMessage(gift);
    this.#options.changed();
  }

  /** Stops the worker; whatever waited for it is told `reason`. */
  #end(reason: string): void {
    if (this.#worker !== null) {
      this.#worker.onmessage = null;
      this.#worker.onerror = null;
      this.#worker.terminate();
      this.#worker = null;
    }
    this.#settleReady.reject(new Error(reason));
    for (const request of this.#requests.values()) request.reject(new Error(reason));
    this.#requests.clear();
    const current = this.#current;
    const waiting = this.#queue;
    this.#current = null;
    this.#queue = [];
    current?.observer.progress?.(null);
    current?.resolve({
      result: null,
      error: kernelError(reason),
      ms: performance.now() - this.#startedAt,
      cancelled: false,
    });
    for (const run of waiting) run.resolve(CANCELLED);
  }

  #die(reason: string): void {
    this.state = "dead";
    this.info = null;
    this.failure = /[.!?]$/.test(reason) ? reason : `${reason}.`;
    this.#end(`${this.failure} Restart the kernel to go on; the notebook and the files are kept.`);
    this.#options.changed();
  }

  #receive(message: FromKernel): void {
    const run = "id" in message && this.#current?.id === message.id ? this.#current : null;
    switch (message.type) {
      case "ready":
        this.info = { threads: message.threads, isolated: message.isolated, version: message.version };
        this.state = "idle";
        // A kernel that starts again knows none of the files that were dropped before.
        for (const file of this.#dropped.values()) this.#request({ type: "add-file", file }).catch(() => {});
        this.#settleReady.resolve(this.info);
        this.#next();
        break;
      case "failed":
        this.#die(message.message);
        return;
      case "answer": {
        const request = this.#requests.get(message.request);
        this.#requests.delete(message.request);
        if (message.error === null) request?.resolve(message.value);
        else request?.reject(new Error(message.error));
        return;
      }
      case "started":
        return;
      case "stream":
        run?.observer.stream?.(message.name, message.text);
        return;
      case "display":
        run?.observer.display?.(message.data);
        return;
      case "call-begun":
        run?.observer.callBegun?.(message.panel);
        return;
      case "call-ended":
        run?.observer.callEnded?.(message.panel, message.error);
        return;
      case "progress":
        if (message.progress !== null) {
          this.memory = {
            used: message.progress.memory,
            peak: Math.max(this.memory?.peak ?? 0, message.progress.memory),
          };
        }
        // Its observer is to say when that is drawn: it comes too often to draw the page for each.
        run?.observer.progress?.(message.progress);
        return;
      case "computation":
        run?.observer.computation?.(JSON.parse(message.update) as ComputationUpdate, message.tasks);
        return;
      case "done":
        if (run === null) return;
        this.#current = null;
        this.state = "idle";
        run.resolve({ result: message.result, error: message.error, ms: message.ms, cancelled: false });
        // Whoever awaits the outcome may cancel what waits when it is an error, and is told first.
        queueMicrotask(() => this.#next());
        break;
      case "files":
        this.shelf = { files: message.files, usage: message.usage, quota: message.quota };
        break;
    }
    this.#options.changed();
  }

  #next(): void {
    if (this.#current !== null || this.state !== "idle") return;
    const run = this.#queue.shift();
    if (run === undefined) return;
    // An interrupt that came too late for its own cell must not stop this one.
    if (this.#interrupt !== null) Atomics.store(this.#interrupt, 0, 0);
    this.#current = run;
    if (run.label === null) this.#count += 1;
    this.#startedAt = performance.now();
    this.state = "busy";
    run.observer.started?.(this.#count);
    this.#worker?.postMessage({
      type: "run",
      id: run.id,
      source: run.source,
      label: run.label ?? `In [${this.#count}]`,
    });
    this.#options.changed();
  }

  #request(message: WithoutRequest<RequestMessage>): Promise<AnswerValue | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#worker === null) {
        reject(new Error("The kernel is dead; restart it first."));
        return;
      }
      const request = this.#nextId++;
      this.#requests.set(request, { resolve, reject });
      this.#worker.postMessage({ ...message, request });
    });
  }
}

function newReady(): [
  Promise<KernelInfo>,
  { resolve: (info: KernelInfo) => void; reject: (error: Error) => void },
] {
  let settle: { resolve: (info: KernelInfo) => void; reject: (error: Error) => void } | undefined;
  const ready = new Promise<KernelInfo>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // A kernel nobody waits for may fail without an unhandled rejection; its state tells.
  ready.catch(() => {});
  return [ready, settle!];
}

function kernelError(message: string): CellError {
  return { name: "KernelError", message, traceback: message };
}
