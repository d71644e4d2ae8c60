/**
 * The text a cell has printed, kept by lines so that a million of them can be shown a window at a time.
 *
 * A carriage return goes back to the start of its line, as in a terminal, so that a counter printed
 * with `end="\r"` stays one line. Terminal colours are taken out.
 */

/** Lines kept in full; beyond it the oldest after the head are dropped, and their number is told. */
const MAX_LINES = 1_000_000;
/** The first lines are never dropped: they say what the cell was doing. */
const HEAD_LINES = 1_000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
const ANSI_ESCAPE = /\x1b\[[0-9;?]*[ -/]*[@-~]/g;

/** Text without terminal escape sequences. */
export function stripAnsi(text: string): string {
  return text.includes("\x1b") ? text.replace(ANSI_ESCAPE, "") : text;
}

export class StreamText {
  /** Complete lines and, last, the line still being written (empty after a newline). */
  readonly lines: string[] = [""];
  /** Lines dropped between the head and the rest. */
  dropped = 0;
  #column = 0;

  constructor(text = "") {
    this.append(text);
  }

  append(text: string): void {
    const [first = "", ...whole] = stripAnsi(text).split("\n");
    this.#write(first);
    for (const line of whole) {
      if (line.includes("\r")) {
        this.lines.push("");
        this.#column = 0;
        this.#write(line);
      } else {
        this.lines.push(line);
        this.#column = line.length;
      }
    }
    // Dropping is a copy of the array, so it is done a tenth at a time.
    if (this.lines.length > MAX_LINES * 1.1) {
      const surplus = this.lines.length - MAX_LINES;
      this.lines.splice(HEAD_LINES, surplus);
      this.dropped += surplus;
    }
  }

  /** Lines there are to show: the one being written counts once it holds something. */
  get lineCount(): number {
    return this.lines.at(-1) === "" ? this.lines.length - 1 : this.lines.length;
  }

  toString(): string {
    return this.lines.join("\n");
  }

  #write(piece: string): void {
    const last = this.lines.length - 1;
    let line = this.lines[last] ?? "";
    // A return ending the piece is kept as a column, so the next text overwrites the line.
    for (const [index, part] of piece.split("\r").entries()) {
      if (index > 0) this.#column = 0;
      line = line.slice(0, this.#column) + part + line.slice(this.#column + part.length);
      this.#column += part.length;
    }
    this.lines[last] = line;
  }
}
