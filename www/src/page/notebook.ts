/**
 * A notebook as a value: cells and what each has put out. Functions here return new notebooks and
 * change none, so that the store can keep earlier ones for undo, and a view can tell by identity
 * what changed.
 */
import type { CellError, ControlPanel, ControlValue, MimeBundle, Progress } from "../protocol";
import type { Computation } from "./computation";
import type { StreamText } from "./stream-text";

export type CellKind = "code" | "markdown" | "raw";

/** What an output shows; notebooks made elsewhere also bring bitmaps. */
export type OutputData = MimeBundle & { "image/png"?: string };

export type Output =
  | { type: "stream"; name: "stdout" | "stderr"; text: StreamText }
  | { type: "display"; data: OutputData }
  | { type: "result"; data: OutputData; count: number | null }
  | { type: "error"; error: CellError }
  | PanelOutput;

/** Controls of a function, and under them what its last call put out. */
export interface PanelOutput {
  readonly type: "panel";
  readonly panel: ControlPanel;
  /** What is shown of it elsewhere. */
  readonly text: string;
  /** The start of the kernel that knows the function, as `KernelClient.session` counts them. */
  readonly session: number;
  /** Where the controls stand, by argument. */
  readonly values: Readonly<Record<string, ControlValue>>;
  /** The values of the last call by a control, as JSON. */
  readonly called: string | null;
  /** `lost`: the kernel that knew the function is no more. */
  readonly status: "idle" | "waiting" | "running" | "lost";
  readonly outputs: readonly Output[];
}

export interface Cell {
  readonly id: string;
  readonly kind: CellKind;
  readonly source: string;
  readonly outputs: readonly Output[];
  /** The n of `In [n]`. */
  readonly count: number | null;
  readonly status: "idle" | "queued" | "running";
  readonly progress: Progress | null;
  /** What the last run computed, one after the other: the last of them where there were many. */
  readonly computations: readonly Computation[];
  /** How long the last run took, in milliseconds. */
  readonly ms: number | null;
  /** Markdown: shown as text rather than as its source. */
  readonly rendered: boolean;
  /** Fields of the file that Chunkbook does not use and hands on. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

export interface Notebook {
  /** File name, such as `tutorial.ipynb`. */
  readonly name: string;
  readonly cells: readonly Cell[];
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Eight characters of the alphabet nbformat allows in cell ids. */
export function newCellId(): string {
  return Math.random().toString(36).slice(2, 10).padEnd(8, "0");
}

export function newCell(kind: CellKind, source = ""): Cell {
  return {
    id: newCellId(),
    kind,
    source,
    outputs: [],
    count: null,
    status: "idle",
    progress: null,
    computations: [],
    ms: null,
    rendered: kind === "markdown" && source !== "",
    metadata: {},
  };
}

export function cellIndex(notebook: Notebook, id: string): number {
  return notebook.cells.findIndex((cell) => cell.id === id);
}

export function findCell(notebook: Notebook, id: string): Cell | undefined {
  return notebook.cells.find((cell) => cell.id === id);
}

export function updateCell(notebook: Notebook, id: string, change: Partial<Omit<Cell, "id">>): Notebook {
  return {
    ...notebook,
    cells: notebook.cells.map((cell) => (cell.id === id ? { ...cell, ...change } : cell)),
  };
}

/** The notebook with `cell` at `index`, the cells from there on one further down. */
export function insertCell(notebook: Notebook, cell: Cell, index: number): Notebook {
  return { ...notebook, cells: notebook.cells.toSpliced(index, 0, cell) };
}

export function removeCell(notebook: Notebook, id: string): Notebook {
  return { ...notebook, cells: notebook.cells.filter((cell) => cell.id !== id) };
}

/** The notebook with a cell `by` places further down (negative: up), stopping at the ends. */
export function moveCell(notebook: Notebook, id: string, by: number): Notebook {
  const from = cellIndex(notebook, id);
  const cell = notebook.cells[from];
  if (cell === undefined) return notebook;
  const to = Math.max(0, Math.min(notebook.cells.length - 1, from + by));
  return to === from
    ? notebook
    : { ...notebook, cells: notebook.cells.toSpliced(from, 1).toSpliced(to, 0, cell) };
}

/** The notebook as it was before any run. */
export function clearOutputs(notebook: Notebook): Notebook {
  return { ...notebook, cells: notebook.cells.map(withoutOutputs) };
}

export function withoutOutputs(cell: Cell): Cell {
  return cell.outputs.length === 0 && cell.count === null && cell.ms === null
    ? cell
    : { ...cell, outputs: [], computations: [], count: null, ms: null };
}
