import type { CellError } from "../protocol";

/** An exception as `_cell.describe` tells of it. */
export interface ErrorReport {
  name: string;
  message: string;
  /** Where it passed, outermost first. */
  frames: [file: string, line: number, name: string][];
}

/** Tracebacks in CPython's form, with the frames of cells only. */
export class Tracebacks {
  /** The lines of every cell run so far, by label. */
  readonly #cells = new Map<string, string[]>();

  note(label: string, source: string): void {
    this.#cells.set(label, source.split("\n"));
  }

  of({ name, message, frames }: ErrorReport): CellError {
    const last = message === "" ? name : `${name}: ${message}`;
    const shown = frames.filter(([file]) => this.#cells.has(file));
    const located = shown.map(([file, line, where]) => {
      const text = this.#cells.get(file)?.[line - 1]?.trim();
      const head = `  File "${file}", line ${line}${where === "" ? "" : `, in ${where}`}`;
      return text ? `${head}\n    ${text}` : head;
    });
    const isSyntax = name === "SyntaxError" || name === "IndentationError";
    const heading = located.length === 0 || isSyntax ? [] : ["Traceback (most recent call last):"];
    const places = isSyntax ? located.slice(-1) : abridged(located);
    return { name, message, traceback: [...heading, ...places, last].join("\n") };
  }
}

/** Runs of the same frame, as recursion leaves them, are told once and counted, as CPython does. */
function abridged(frames: string[]): string[] {
  const out: string[] = [];
  let repeats = 0;
  frames.forEach((frame, index) => {
    repeats = frame === frames[index - 1] ? repeats + 1 : 0;
    if (repeats < 3) out.push(frame);
    else if (frame !== frames[index + 1]) out.push(`  [Previous line repeated ${repeats - 2} more times]`);
  });
  return out;
}
