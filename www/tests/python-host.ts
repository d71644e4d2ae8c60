import { createRequire } from "node:module";
import { Python } from "../src/kernel/python";
import { laterPython } from "../src/page/later-python";
import type { CellError, MimeBundle } from "../src/protocol";

export const wasmPath = createRequire(import.meta.url).resolve(
  "@micropython/micropython-webassembly-pyscript/micropython.wasm",
);

/** What a cell did, as tests look at it. */
export interface Ran {
  stdout: string;
  /** The value's plain text. */
  text: string | null;
  result: MimeBundle | null;
  error: CellError | null;
  displayed: MimeBundle[];
  /** What the calls of functions behind controls ended with. */
  calls: (CellError | null)[];
}

/** A Python over a pretended engine, with what it prints collected. */
export async function createPython(
  dispatch: (request: string) => string = () => '{"error":{"kind":"internal","message":"no engine"}}',
  interrupted: () => boolean = () => false,
): Promise<{ run(source: string, label?: string): Ran }> {
  let printed: string[] = [];
  let displayed: MimeBundle[] = [];
  let calls: (CellError | null)[] = [];
  let cells = 0;
  const python = await Python.create({
    dispatch,
    stdout: (text) => printed.push(text),
    display: (data) => displayed.push(data),
    callBegun: () => {},
    callEnded: (_panel, error) => calls.push(error),
    interrupted,
    now: () => performance.now(),
    wasmUrl: wasmPath,
  });
  python.addFiles(laterPython);
  return {
    run(source, label = `In [${++cells}]`) {
      printed = [];
      displayed = [];
      calls = [];
      const { result, error } = python.run(source, label);
      const text = result?.["text/plain"] ?? null;
      return { stdout: printed.join(""), text, result, error, displayed, calls };
    },
  };
}
