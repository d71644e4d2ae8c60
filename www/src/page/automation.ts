/**
 * `window.chunkbook`: the page driven from a script, for tests, embedding and automation.
 *
 * ```js
 * await chunkbook.ready
 * await chunkbook.addFile(new File([bytes], "sample.h5"))
 * const { stdout, result, error, ms } = await chunkbook.run("import h5py\nlist(h5py.File('sample.h5'))")
 * ```
 */
import type { KernelInfo, KernelState, MimeBundle, ShelfFile } from "../protocol";
import type { Cell } from "./notebook";
import type { NotebookStore } from "./notebook-store";
import { StreamText } from "./stream-text";

/** What a cell put out when run by `chunkbook.run`. */
export interface RunReport {
  /** Everything printed, standard error included, and what functions behind controls ended with. */
  stdout: string;
  /** The value of the last expression as Python's `repr` shows it; `null` for none or None. */
  result: string | null;
  /** The traceback; `null` where the cell ended well. */
  error: string | null;
  /** Milliseconds the cell took in the kernel. */
  ms: number;
  /** The value and what was displayed before it, with every form they have (HTML, SVG, graph). */
  outputs: MimeBundle[];
}

export interface ChunkbookAutomation {
  /** Resolves once the kernel is ready, rejects when it cannot start. After `restart`, that of the new kernel. */
  readonly ready: Promise<KernelInfo>;
  /** `starting`, `idle`, `busy` or `dead`. */
  readonly state: KernelState;
  /** Puts a file on the shelf, as dropping it does; resolves once cells can open it by its name. */
  addFile(file: File): Promise<void>;
  /** The files that cells can open now. */
  files(): ShelfFile[];
  /** Runs `source` as a cell of the same kernel, without adding it to the notebook. Waits for its turn. */
  run(source: string): Promise<RunReport>;
  /** KeyboardInterrupt in the running cell. False where the page is not isolated and cannot. */
  interrupt(): boolean;
  /** Starts the kernel afresh: variables go, the notebook and the files stay. Resolves once it is ready. */
  restart(): Promise<KernelInfo>;
  /** The notebook's cells as they are now; the values are a snapshot. */
  readonly cells: readonly Cell[];
  /** Runs the notebook's cells from the top; resolves when the last has ended or one has failed. */
  runAll(): Promise<void>;
}

declare global {
  interface Window {
    chunkbook: ChunkbookAutomation;
  }
}

export function createAutomation(store: NotebookStore): ChunkbookAutomation {
  return {
    get ready() {
      return store.kernel.ready;
    },
    get state() {
      return store.kernel.state;
    },
    get cells() {
      return store.notebook.cells;
    },
    addFile: (file) => store.addFile(file),
    files: () => [...store.shelf.files],
    async run(source) {
      const printed = new StreamText();
      const outputs: MimeBundle[] = [];
      const { outcome } = store.kernel.run(source, {
        stream: (_name, text) => printed.append(text),
        display: (data) => outputs.push(data),
        callEnded: (_panel, error) => printed.append(error === null ? "" : `${error.traceback}\n`),
      });
      const { result, error, ms, cancelled } = await outcome;
      if (result !== null) outputs.push(result);
      return {
        stdout: printed.toString(),
        result: result?.["text/plain"] ?? null,
        error: cancelled ? "The cell was taken out of the queue before it ran." : (error?.traceback ?? null),
        ms,
        outputs,
      };
    },
    interrupt: () => store.kernel.interrupt(),
    restart: () => store.kernel.restart(),
    runAll: () => store.runAll(),
  };
}
