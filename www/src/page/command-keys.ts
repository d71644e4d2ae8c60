/** The keys of command mode, as in Jupyter: what a key pressed on a cell (not in its editor) does. */

export type Command =
  | "edit"
  | "select-previous"
  | "select-next"
  | "insert-above"
  | "insert-below"
  | "delete"
  | "undo-delete"
  | "to-markdown"
  | "to-code"
  | "run-and-advance"
  | "run-in-place"
  | "run-and-insert"
  | "move-up"
  | "move-down"
  | "interrupt"
  | "restart"
  | "help";

/** What a key pressed in the editor of a cell asks of the cell. */
export type EditorAction = Extract<Command, "run-and-advance" | "run-in-place" | "run-and-insert"> | "leave";

/** The part of a `KeyboardEvent` that matters here. */
export interface KeyPress {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
}

const SINGLE: Readonly<Record<string, Command>> = {
  Enter: "edit",
  ArrowUp: "select-previous",
  k: "select-previous",
  ArrowDown: "select-next",
  j: "select-next",
  a: "insert-above",
  b: "insert-below",
  z: "undo-delete",
  m: "to-markdown",
  y: "to-code",
  h: "help",
};

/** Keys that act when pressed twice. */
const DOUBLE: Readonly<Record<string, Command>> = { d: "delete", i: "interrupt", "0": "restart" };
const DOUBLE_WITHIN_MS = 800;

/** What the help lists: keys and what they do. */
export const KEY_HELP: readonly (readonly [keys: string, does: string])[] = [
  ["Shift Enter", "Run the cell and go to the next"],
  ["Ctrl Enter", "Run the cell and stay"],
  ["Alt Enter", "Run the cell and insert one below"],
  ["Enter", "Edit the cell"],
  ["Esc", "Leave the editor, in which Tab indents"],
  ["Tab", "Go on past the editor, to how the cell ran and its buttons"],
  ["↑ ↓ or K J", "Go to the cell above or below"],
  ["Alt ↑ ↓", "Move the cell up or down"],
  ["A", "Insert a cell above"],
  ["B", "Insert a cell below"],
  ["D D", "Delete the cell"],
  ["Z", "Bring a deleted cell back"],
  ["M", "Make it a text cell"],
  ["Y", "Make it a code cell"],
  ["I I", "Interrupt the kernel"],
  ["0 0", "Restart the kernel"],
  ["H", "Show these keys"],
];

/** What a key pressed in an editor asks of its cell, or `null` where it is the editor's own. */
export function editorAction({ key, shiftKey, ctrlKey, altKey, metaKey }: KeyPress): EditorAction | null {
  const control = ctrlKey || metaKey;
  if (key === "Escape") return shiftKey || control || altKey ? null : "leave";
  if (key !== "Enter") return null;
  if (shiftKey && !control && !altKey) return "run-and-advance";
  if (control && !shiftKey && !altKey) return "run-in-place";
  if (altKey && !shiftKey && !control) return "run-and-insert";
  return null;
}

/** Reads key presses, remembering the last for the commands of two. */
export class CommandReader {
  #last = { key: "", time: Number.NEGATIVE_INFINITY };

  /** The command of a key pressed at `time` (milliseconds), or `null` where it has none. */
  read(press: KeyPress, time: number): Command | null {
    if (press.key === "Enter") {
      if (press.shiftKey) return "run-and-advance";
      if (press.ctrlKey || press.metaKey) return "run-in-place";
      if (press.altKey) return "run-and-insert";
    }
    if (press.altKey && press.key === "ArrowUp") return "move-up";
    if (press.altKey && press.key === "ArrowDown") return "move-down";
    if (press.ctrlKey || press.altKey || press.metaKey) return null;
    const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
    const twice = DOUBLE[key];
    if (twice !== undefined) {
      const second = this.#last.key === key && time - this.#last.time < DOUBLE_WITHIN_MS;
      this.#last = second ? { key: "", time } : { key, time };
      return second ? twice : null;
    }
    this.#last = { key: "", time };
    return SINGLE[key] ?? null;
  }
}
