/**
 * The engine in the kernel worker: loads the wasm module, starts its threads and the reader
 * workers, and hands requests to it. `src/web` is the other side.
 */
import { removePartials } from "../io/files.js";
import { LocalFiles } from "../io/local-files.js";
import { type FromReader, listShelf, type ToReader } from "../io/messages.js";
import { Queue, READERS, Slot } from "../io/slots.js";
import type { Progress, ShelfFile } from "../protocol.js";

/** What the wasm package exports; built by `./build.sh`, loaded at run time and not bundled. */
interface EnginePackage {
  default(options: { module_or_path: URL }): Promise<{ memory: WebAssembly.Memory }>;
  initThreadPool(threads: number): Promise<void>;
  queueAddress(reader: number): number;
  useReaders(readers: number): void;
  useLocalReader(serve: (address: number) => void): void;
  Session: new (threads: number, callbacks: EngineCallbacks) => EngineSession;
}

interface EngineSession {
  dispatch(request: string): string;
}

/** What the engine asks of its host while it computes, on the kernel's thread. */
export interface EngineCallbacks {
  interrupted(): boolean;
  /** A `Progress` as JSON, or undefined when the computation has ended. */
  progress(report: string | undefined): void;
  /** A `ComputationUpdate` as JSON, and `TASK_NUMBERS` numbers of each task that has ended. */
  computation(update: string, tasks: Float64Array<ArrayBuffer>): void;
}

export interface EngineOptions {
  threads: number;
  isolated: boolean;
  interrupted: () => boolean;
  progress: (report: Progress | null) => void;
  computation: (update: string, tasks: Float64Array<ArrayBuffer>) => void;
}

/** The engine and the files it can open. */
export class Engine {
  readonly #session: EngineSession;
  readonly #files: Files;

  private constructor(session: EngineSession, files: Files) {
    this.#session = session;
    this.#files = files;
  }

  static async create(options: EngineOptions): Promise<Engine> {
    const base = new URL(/* @vite-ignore */ "engine/", siteRoot());
    const engine = (await import(/* @vite-ignore */ new URL("chunkbook.js", base).href)) as EnginePackage;
    const { memory } = await engine.default({ module_or_path: new URL("chunkbook_bg.wasm", base) });
    await removePartials();
    const files = options.isolated ? await SharedFiles.start(engine, memory) : await ownFiles(engine, memory);
    if (options.isolated) {
      // Those beyond the processors take part where threads mostly wait for a reader, two for each then: of one the
      // browser's streams are idle for a fifth of the time.
      await engine.initThreadPool(options.threads === 1 ? 1 : Math.max(options.threads, 2 * READERS));
    }
    const session = new engine.Session(options.isolated ? options.threads : 1, {
      interrupted: options.interrupted,
      progress: (report) => options.progress(report === undefined ? null : (JSON.parse(report) as Progress)),
      computation: options.computation,
    });
    return new Engine(session, files);
  }

  /** One request of the Python shims, in JSON, and its answer. */
  dispatch(request: string): string {
    return this.#session.dispatch(request);
  }

  /** Threads that compute, and the engine's version. */
  info(): { threads: number; version: string } {
    return (JSON.parse(this.dispatch('{"op":"info"}')) as { ok: { threads: number; version: string } }).ok;
  }

  /** Gives the reader workers the module by which they reduce. */
  giveReaders(module: WebAssembly.Module): void {
    this.#files.giveReaders?.(module);
  }

  addFile(file: File): void {
    this.#files.add(file);
  }

  forgetFile(name: string): void {
    this.#files.forget(name);
  }

  /** Between cells: finishes what could not wait during one, and lists the shelf. */
  settle(): Promise<ShelfFile[]> {
    return this.#files.settle();
  }
}

/** Where the page lies: workers are bundled into a folder below it. */
function siteRoot(): URL {
  return new URL(import.meta.env.DEV ? "/" : "../", self.location.href);
}

interface Files {
  /** Where there are readers. */
  giveReaders?(module: WebAssembly.Module): void;
  add(file: File): void;
  forget(name: string): void;
  settle(): Promise<ShelfFile[]>;
}

/** Files served by reader workers, from queues in shared memory. */
class SharedFiles implements Files {
  readonly #readers: { worker: Worker; queue: Queue }[] = [];
  readonly #dropped = new Map<string, File>();
  #nextId = 1;

  static async start(engine: EnginePackage, memory: WebAssembly.Memory): Promise<SharedFiles> {
    const files = new SharedFiles();
    const started: Promise<void>[] = [];
    for (let index = 0; index < READERS; index += 1) {
      const address = engine.queueAddress(index);
      const worker = new Worker(new URL("../io/reader.worker.ts", import.meta.url), { type: "module" });
      started.push(
        new Promise((resolve, reject) => {
          worker.onmessage = ({ data }: MessageEvent<FromReader>) => data.type === "started" && resolve();
          worker.onerror = (event) => reject(new Error(`a reader worker did not start: ${event.message}`));
        }),
      );
      worker.postMessage({ type: "start", memory, address } satisfies ToReader);
      files.#readers.push({ worker, queue: new Queue(memory, address) });
    }
    await Promise.all(started);
    engine.useReaders(READERS);
    return files;
  }

  giveReaders(module: WebAssembly.Module): void {
    this.#send({ type: "readers-module", module });
  }

  add(file: File): void {
    this.#dropped.set(file.name, file);
    const id = 2 * this.#nextId;
    this.#nextId += 1;
    this.#send({ type: "add-file", id, file });
  }

  forget(name: string): void {
    this.#dropped.delete(name);
    this.#send({ type: "forget-file", name });
  }

  settle(): Promise<ShelfFile[]> {
    return listShelf([...this.#dropped.values()]);
  }

  #send(message: ToReader): void {
    for (const { worker, queue } of this.#readers) {
      worker.postMessage(message);
      queue.announceMail();
    }
  }
}

/** Files served on this thread, where memory cannot be shared. */
async function ownFiles(engine: EnginePackage, memory: WebAssembly.Memory): Promise<Files> {
  const files = new LocalFiles();
  engine.useLocalReader((address) => files.serve(new Slot(memory, address)));
  let nextId = 1;
  await files.settle();
  return {
    add(file) {
      files.addFile(2 * nextId, file);
      nextId += 1;
    },
    forget(name) {
      files.forgetFile(name);
    },
    settle: () => files.settle(),
  };
}
