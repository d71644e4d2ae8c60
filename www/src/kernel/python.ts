/// <reference path="./micropython.d.ts" />
/**
 * The Python that runs cells: MicroPython with the shims of www/python.
 *
 * Python reaches the engine through one function, `dispatch`, that takes and returns JSON text.
 * It must not throw: a JavaScript exception would pass through Python's `try` unseen.
 */

import {
  loadMicroPython,
  type MicroPython,
} from "@micropython/micropython-webassembly-pyscript/micropython.mjs";
import wasm from "@micropython/micropython-webassembly-pyscript/micropython.wasm?url";
import type { CellError, MimeBundle } from "../protocol";
import { translateCell } from "./cell-source";
import { floatBits, floatExponent, floatFixed, floatRepr } from "./number-text";
import { TextStream } from "./text-stream";
import { type ErrorReport, Tracebacks } from "./tracebacks";

/** What Python needs of the world. */
export interface PythonHost {
  /** The engine: a request and its answer, as JSON (see python/_bridge.py). */
  dispatch(request: string): string;
  stdout(text: string): void;
  display(data: MimeBundle): void;
  /** What is put out from here on is that of the function behind a panel of controls, until `callEnded`. */
  callBegun(panel: number): void;
  /** `error` is what the function ended with; the cell goes on. */
  callEnded(panel: number, error: CellError | null): void;
  /** Whether the user asked to stop the running cell; true once each time. */
  interrupted(): boolean;
  /** Milliseconds from any fixed point. */
  now(): number;
  /** Where micropython.wasm is; the bundled one if absent. */
  wasmUrl?: string;
}

export interface CellOutcome {
  /** The value of the last expression, `null` for none or None. */
  result: MimeBundle | null;
  error: CellError | null;
}

/** What `_cell.run` answers. */
interface CellReport {
  result?: MimeBundle;
  error?: ErrorReport;
}

/** Python objects may take this many bytes; without a limit a runaway list stalls the page for minutes. */
const MEMORY_LIMIT = 256 * 2 ** 20;

const FOLDER = "/chunkbook";

const shims = import.meta.glob<string>(["../../python/**/*.py", "!../../python/later/**"], {
  query: "?raw",
  import: "default",
  eager: true,
});

/** Whether a cell may need the Python that comes once cells can run, `www/python/later`. */
export function namesLaterPython(source: string): boolean {
  return /\b(?:contextlib|diagnostics|ipywidgets|itertools|pprint|re|shutil|statistics|timeit)\b/.test(
    source,
  );
}

export class Python {
  private constructor(
    private readonly files: MicroPython["FS"],
    private readonly output: TextStream,
    private readonly tracebacks: Tracebacks,
    private readonly kept: KeptArrays,
    private readonly runCell: (code: string, plain: string, label: string) => string,
  ) {}

  static async create(host: PythonHost): Promise<Python> {
    const output = new TextStream((text) => host.stdout(text), host.now);
    const write = (bytes: Uint8Array) => output.writeBytes(bytes);
    const python: MicroPython = await withMemoryLimit(() =>
      loadMicroPython({
        url: host.wasmUrl ?? wasm,
        heapsize: 16 * 2 ** 20,
        pystack: 64 * 1024,
        stdout: write,
        stderr: write,
        linebuffer: false,
      }),
    );
    writeFiles(python.FS, shims);
    const tracebacks = new Tracebacks();
    const kept = new KeptArrays(host);
    const look = () => {
      if (host.interrupted()) python._module._mp_sched_keyboard_interrupt();
    };
    python.registerJsModule("_host", hostModule(host, output, tracebacks, kept, look));
    python.runPython(`import sys; sys.path.insert(0, "${FOLDER}"); import _startup`);
    const cell = python.pyimport("_cell") as { run(code: string, plain: string, label: string): string };
    return new Python(python.FS, output, tracebacks, kept, cell.run);
  }

  /** Adds Python that cells can import, by path. */
  addFiles(files: Record<string, string>): void {
    writeFiles(this.files, files);
  }

  /** Runs a cell; `label` is how tracebacks name it, such as `In [3]`. */
  run(source: string, label: string): CellOutcome {
    this.tracebacks.note(label, source);
    const program = translateCell(source);
    if (program.problem !== null) {
      const { name, message, line } = program.problem;
      return {
        result: null,
        error: this.tracebacks.of({
          name,
          message,
          frames: name === "UsageError" ? [] : [[label, line, ""]],
        }),
      };
    }
    const report = this.report(program.code, program.plain, label);
    this.output.flush();
    this.kept.release();
    if (report.error === undefined) return { result: report.result ?? null, error: null };
    return { result: null, error: this.tracebacks.of(report.error) };
  }

  private report(code: string, plain: string, label: string): CellReport {
    try {
      return JSON.parse(this.runCell(code, plain, label)) as CellReport;
    } catch (error) {
      // Nothing a cell can do ends here unless memory is so short that its error cannot be told.
      const message = error instanceof Error ? error.message : String(error);
      return { error: { name: "RuntimeError", message: `the interpreter failed: ${message}`, frames: [] } };
    }
  }
}

/** What python/*.py import as `_host`. Numbers beyond 31 bits go as text: they would arrive as proxies. */
function hostModule(
  host: PythonHost,
  output: TextStream,
  tracebacks: Tracebacks,
  kept: KeptArrays,
  look: () => void,
): object {
  return {
    dispatch(request: string): string {
      output.flush();
      try {
        return host.dispatch(request);
      } catch (error) {
        const message = `the engine failed: ${error instanceof Error ? error.message : String(error)}`;
        return JSON.stringify({ error: { kind: "internal", message } });
      }
    },
    tick() {
      output.flushIfDue();
      look();
      return true;
    },
    write: (text: string) => output.write(text),
    flush: () => output.flush(),
    now: () => String(host.now()),
    wait(milliseconds: number) {
      output.flush();
      pause(milliseconds, host.now);
      look();
    },
    display(bundle: string) {
      output.flush();
      host.display(JSON.parse(bundle) as MimeBundle);
    },
    call_begun(panel: number) {
      output.flush();
      host.callBegun(panel);
    },
    call_ended(panel: number, error: string) {
      output.flush();
      host.callEnded(panel, error === "" ? null : tracebacks.of(JSON.parse(error) as ErrorReport));
    },
    keep: (id: number) => kept.keep(id),
    float_bits: floatBits,
    float_repr: floatRepr,
    float_fixed: floatFixed,
    float_exponent: floatExponent,
  };
}

/**
 * The engine's arrays that Python objects refer to. MicroPython calls no `__del__` of classes written
 * in Python, but it lets go of JavaScript objects when it collects theirs, so every array holds one.
 */
class KeptArrays {
  private readonly tokens: { id: number }[] = [];

  constructor(private readonly host: PythonHost) {}

  /** A token for the array to hold. */
  keep(id: number): object {
    const token = { id };
    this.tokens.push(token);
    return token;
  }

  /** Frees the arrays whose tokens Python has let go of. */
  release(): void {
    if (this.tokens.length === 0) return;
    // MicroPython's own table of the JavaScript objects that it refers to.
    const held = new Set((globalThis as { proxy_js_ref?: unknown[] }).proxy_js_ref);
    const still = this.tokens.filter((token) => held.has(token));
    const ids = new Set(still.map((token) => token.id));
    for (const { id } of this.tokens) {
      if (!ids.has(id)) this.host.dispatch(JSON.stringify({ op: "np_free", array: id }));
    }
    this.tokens.splice(0, this.tokens.length, ...still);
  }
}

function writeFiles(fs: MicroPython["FS"], files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    const file = path.replace(/^\.\.\/\.\.\/python(\/later)?/, FOLDER);
    fs.mkdirTree(file.slice(0, file.lastIndexOf("/")));
    fs.writeFile(file, text);
  }
}

function pause(milliseconds: number, now: () => number): void {
  if (typeof SharedArrayBuffer !== "undefined") {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
    return;
  }
  // Without isolation there is no way to sleep in a worker but to look at the clock.
  const end = now() + milliseconds;
  while (now() < end);
}

/**
 * Loads MicroPython with a bound on its memory. Emscripten asks an import to grow the memory and
 * takes no for an answer (Python then raises MemoryError), but has no option for it, so the import is
 * replaced while the module is instantiated. Other modules that load meanwhile are left alone.
 */
async function withMemoryLimit(load: () => Promise<MicroPython>): Promise<MicroPython> {
  type Grow = (bytes: number) => number;
  const limit = (imports?: WebAssembly.Imports) => {
    const env = imports?.env as { emscripten_resize_heap?: Grow; mp_js_ticks_ms?: unknown } | undefined;
    const grow = env?.emscripten_resize_heap;
    if (env === undefined || grow === undefined || env.mp_js_ticks_ms === undefined) return;
    env.emscripten_resize_heap = (bytes) => (bytes >>> 0 > MEMORY_LIMIT ? 0 : grow(bytes));
  };
  const { instantiate, instantiateStreaming } = WebAssembly;
  const wrap =
    <F extends (source: never, imports?: WebAssembly.Imports) => unknown>(original: F) =>
    (source: Parameters<F>[0], imports?: WebAssembly.Imports) => {
      limit(imports);
      return original.call(WebAssembly, source, imports);
    };
  WebAssembly.instantiate = wrap(instantiate) as typeof instantiate;
  if (instantiateStreaming)
    WebAssembly.instantiateStreaming = wrap(instantiateStreaming) as typeof instantiateStreaming;
  try {
    return await load();
  } finally {
    WebAssembly.instantiate = instantiate;
    if (instantiateStreaming) WebAssembly.instantiateStreaming = instantiateStreaming;
  }
}
