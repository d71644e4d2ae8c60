/**
 * Every message between the page and the kernel worker, tagged by `type`.
 *
 * The page owns what a person sees (cells, outputs, the shelf); the kernel worker owns the Python
 * interpreter, the engine and the files. Nothing else passes between them but `interrupt`, a word
 * of shared memory the page sets and the kernel looks at (see `ToKernel` `init`).
 */

/** The folder of the browser's private file system (OPFS) that holds the stored files. */
export const STORED_FOLDER = "chunkbook";

/** A file that cells can open by name. */
export interface ShelfFile {
  name: string;
  size: number;
  /** `dropped`: a local file, read where it lies. `stored`: in the browser's own storage (OPFS). */
  kind: "dropped" | "stored";
  /** Milliseconds since 1970. */
  lastModified: number;
}

/** What a value looks like, by MIME type; `text/plain` is always there. */
export interface MimeBundle {
  "text/plain": string;
  "text/html"?: string;
  "image/svg+xml"?: string;
  "application/vnd.chunkbook.graph+json"?: TaskGraphDrawing;
  "application/vnd.chunkbook.interact+json"?: ControlPanel;
}

/** The controls of a function that a cell gave to `interact`. */
export interface ControlPanel {
  /** Names it for this kernel, until it is restarted. */
  number: number;
  /** The text of the button that calls the function; `null` where every change does. */
  manual: string | null;
  widgets: Control[];
}

/** A slider's position (of a logarithmic one the exponent), a choice's index, a box's state or text. */
export type ControlValue = number | boolean | string | null;

/** A control for one of the function's arguments. */
export interface Control {
  /** The argument. */
  name: string;
  label: string;
  kind: "slider" | "selection-slider" | "dropdown" | "buttons" | "checkbox" | "text";
  value: ControlValue;
  /** Whether the function is called while the control is still moved. */
  continuous: boolean;
  disabled: boolean;
  /** Of a slider. */
  min?: number;
  max?: number;
  step?: number;
  /** How Python formats the number that is shown, such as `.2f`; `null` for none. */
  readout?: string | null;
  /** Of a logarithmic slider. */
  base?: number;
  /** Of a choice. */
  options?: string[];
}

/** A lazy array: its number, and its name, by which the kernel knows whether it is still the same. */
export type LazyReference = [number: number, name: string];

/** A placed task graph: coordinates in pixels, y growing downwards, read bottom to top. */
export interface TaskGraphDrawing {
  width: number;
  height: number;
  nodes: TaskGraphNode[];
  /** Pairs of indices into `nodes`: from an input to the task that takes it. */
  edges: [number, number][];
  /** Tasks in the whole graph; more than are drawn when siblings were collapsed. */
  tasks: number;
  /** The lazy arrays whose graph it is, as inspections name them. */
  lazies?: LazyReference[];
  /** Whether tasks that run as one are drawn as one. */
  fused?: boolean;
  /** What it was asked to be coloured by. */
  colouring?: "order";
}

export interface TaskGraphNode {
  /** Centre. */
  x: number;
  y: number;
  /** The key as Python writes it, such as `('sum-partial-3f9a', 4, 0)`. */
  key: string;
  /** Short text drawn in the node, such as `sum`. */
  label: string;
  /** The layer's name, for colour. */
  layer: string;
  /** Extents of the result. */
  shape: number[];
  dtype: string;
  /** Bytes of the result. */
  bytes: number;
  /** How many tasks this node stands for: 1 unless siblings were collapsed. */
  count: number;
  /**
   * Numbers of the layers whose tasks it stands for, as in `ComputationOutline`: several where they run as one.
   * Drawings in notebooks of version 0.1 have neither these nor the positions.
   */
  layers?: number[];
  /** Positions of the tasks within their layers, as first and number of those that follow one another. */
  runs?: [first: number, count: number][];
}

/** What a computation is going to do. */
export interface ComputationOutline {
  label: string;
  /** The lazy arrays whose graph it is, as inspections name them. */
  lazies: LazyReference[];
  /** Inputs before the layers that take them. */
  layers: LayerOutline[];
  /** Numbers of the layers whose tasks at one position run as one, in the order they run. */
  stages: number[][];
  tasks: number;
  /** Bytes that the sources would take in memory whole. */
  naive: number;
  /** Bytes that tasks, results that wait, and the results' arrays will hold at once, at most. */
  forecast: number;
  /** Bytes of the results' arrays. */
  results: number;
  /** Whether the number of blocks that wait for others grows with that of the chunks. */
  blocksWait: boolean;
  /** Bytes that blocks may take before reading waits. */
  budget: number;
  /** Bytes that NumPy arrays may take together: what the naive way has to do with. */
  limit: number;
  threads: number;
  /** Whether threads mostly wait for what they read: then they are more than there are processors. */
  threadsWait: boolean;
}

export interface LayerOutline {
  /** The first element of its tasks' keys. */
  name: string;
  label: string;
  /** Number of blocks along each axis. */
  counts: number[];
  /** Extents of its first block, and of all together. */
  block: number[];
  shape: number[];
  dtype: string;
  bytes: number;
  /** How many of its tasks run. */
  tasks: number;
  inputs: number[];
  /**
   * Of a step of a reduction that combines partials: for each axis of its input the axis of its own blocks that goes
   * with it, and how many blocks of the input become one there; `null` where all of them do.
   */
  combines: ([axis: number, size: number] | null)[] | null;
  /** What it reads, such as `testdata.hdf5:/data`; of a layer with inputs, only the parts that it takes. */
  source: string | null;
}

/** What a thread is at within a task: waiting for bytes, undoing filters, or all else. */
export type RunningPhase = "reading" | "decoding" | "computing";

/** A task that runs now: its stage, its position, its thread, the milliseconds at which it began, and its phase. */
export type RunningTask = [
  stage: number,
  position: number,
  thread: number,
  start: number,
  phase: RunningPhase,
];

/** What happened in a computation since the update before; the totals are since its beginning. */
export interface ComputationUpdate {
  /** Counts the kernel's computations. */
  number: number;
  /** With the first update. */
  outline?: ComputationOutline;
  /** With the first update of a computation that goes on; not of the largest graphs. */
  drawing?: TaskGraphDrawing | null;
  done: number;
  total: number;
  /** Bytes read. */
  bytes: number;
  /** Bytes of blocks held now, and the most so far. */
  inFlight: number;
  peak: number;
  /** Milliseconds. */
  elapsed: number;
  /** Wasm memory in use, in bytes, and how much it was when the computation began. */
  memory: number;
  memoryBefore: number;
  /** Bytes of it that NumPy arrays hold, with those of the results, that are kept for the next blocks, and that are kept of files. */
  arrays: number;
  spare: number;
  cached: number;
  totals: TaskTotals;
  /** Tasks that have ended and are not told of one by one, as there are too many: stage, first position, and count. */
  unrecorded: [stage: number, first: number, count: number][];
  running: RunningTask[];
  /** With the last update: why it failed or was stopped, `null` where it did not. */
  ended: { error: string | null } | null;
}

/** Sums over all tasks that have ended, also those that are not told of one by one. */
export interface TaskTotals {
  /** How many have; those that ran as one are one. */
  ended: number;
  failed: number;
  /** Milliseconds of each thread. */
  threads: [reading: number, decoding: number, computing: number][];
  /** The task that took longest, of those that read where there are any; as `TASK_NUMBERS` says. */
  slowest: number[] | null;
  /** When the last one ended. */
  last: number;
}

/**
 * The numbers of a task that has ended, in their order: stage, position, thread, the milliseconds at which it began
 * and ended and those it spent reading and decoding, the bytes it read, those held by all tasks together then, and 1
 * if it failed.
 */
export const TASK_NUMBERS = 10;

/** What the page asks about the graph of some lazy arrays, as the engine takes it. */
export type Inspection =
  | { op: "da_draw"; lazies: LazyReference[]; fused: boolean; max_nodes: number }
  | { op: "da_outline"; lazies: LazyReference[] }
  | { op: "da_task"; lazies: LazyReference[]; layer: number; position: number }
  | { op: "da_chunks"; lazies: LazyReference[]; layer: number; from: number; count: number };

/** The answer to each inspection. */
export interface InspectionAnswers {
  da_draw: TaskGraphDrawing;
  da_outline: ComputationOutline;
  da_task: TaskFacts;
  da_chunks: StoredChunk[];
}

/** Everything about one task. */
export interface TaskFacts {
  key: string;
  function: string;
  /** Keys of the inputs: the first of them. */
  inputs: string[];
  inputCount: number;
  shape: number[];
  dtype: string;
  bytes: number;
  source: string | null;
  stored: StoredChunk | null;
}

/** What a file has stored for a block. */
export interface StoredChunk {
  /** First and end, along each axis of what is read, of the box that the block's elements lie in. */
  elements: [number, number][];
  /** Bytes that reading the block moves. */
  bytes: number;
  /** Stored chunks it touches, what they take in memory whole, and chunks that are not stored and read as the fill value. */
  chunks: number;
  unpacked: number;
  missing: number;
  /** Filters that were skipped for some chunk: bit i for filter i. */
  mask: number;
}

/** A Python exception as the cell shows it. */
export interface CellError {
  /** The exception's class, such as `MemoryError`. */
  name: string;
  message: string;
  /** The whole traceback, with the user's line numbers. */
  traceback: string;
}

/** Progress of the computation or write that a cell is waiting for. */
export interface Progress {
  /** What runs, such as `sum of testdata.hdf5:/data` or `Writing testdata.hdf5`. */
  label: string;
  /** Tasks done and in all; for a write, chunks. `total` is 0 where it is not known. */
  done: number;
  total: number;
  /** Bytes read or written so far. */
  bytes: number;
  /** Milliseconds since the start. */
  elapsed: number;
  /** Wasm memory in use, and the most so far, in bytes. */
  memory: number;
}

/** An entry of a group, as the file browser lists it. */
export interface FileEntry {
  name: string;
  kind: "group" | "dataset" | "other";
  /** Where a soft or external link leads; `null` for the object itself. */
  link: string | null;
  /** Of a dataset that can be described. */
  dataset: DatasetSummary | null;
  /** Why it cannot be opened. */
  error: string | null;
}

export interface DatasetSummary {
  /** `null` for a dataset without elements (`h5py.Empty`). */
  shape: number[] | null;
  dtype: string;
  /** Whether its elements are numbers, which can be computed with. */
  numeric: boolean;
  chunks: number[] | null;
  filters: string[];
}

/** Some of a group's entries. */
export interface Listing {
  entries: FileEntry[];
  /** How many the group has. */
  total: number;
}

/** Everything about an object of a file. */
export interface ObjectFacts {
  dataset: DatasetFacts | null;
  attributes: { name: string; text: string; error: string | null }[];
}

export interface DatasetFacts extends DatasetSummary {
  /** `null` along an axis without limit. */
  maxshape: (number | null)[];
  layout: string | null;
  /** Bytes of the elements, and what they take in the file; `null` where it cannot be told. */
  logical: number;
  stored: number | null;
  fill: string | null;
  /** Why its elements cannot be read. */
  error: string | null;
}

/** A dataset, or of more than two axes a part of it, as a picture of few cells and a histogram. */
export interface Preview {
  /** Rows and columns of elements, and of cells; a vector is one row. */
  extent: [rows: number, columns: number];
  cells: [rows: number, columns: number];
  /** Row-major; `null` where a cell has no finite element. */
  means: (number | null)[];
  /** Of a vector. */
  mins: (number | null)[] | null;
  maxs: (number | null)[] | null;
  /** Of the finite elements. */
  count: number;
  mean: number | null;
  min: number | null;
  max: number | null;
  histogram: { low: number; high: number; counts: number[] };
  nan: number;
  infinite: number;
}

export type KernelState = "starting" | "idle" | "busy" | "dead";

/** What the kernel runs on, told once when it is ready. */
export interface KernelInfo {
  /** Threads that compute. */
  threads: number;
  /** Whether the page is cross-origin isolated, so that memory can be shared with threads. */
  isolated: boolean;
  version: string;
}

export type ToKernel =
  /** First message. `interrupt` is one Int32 of shared memory: 1 asks the running cell to stop; absent without isolation. */
  | { type: "init"; interrupt: SharedArrayBuffer | null; threads: number; isolated: boolean }
  /** Run a cell. `label` is how tracebacks name it, such as `In [3]`. */
  | { type: "run"; id: number; source: string; label: string }
  /** The Python that only cells wait for which name it, by path; `null` where it cannot be fetched. */
  | { type: "python-files"; files: Record<string, string> | null }
  /** The module by which reader workers reduce what they read. */
  | { type: "readers-module"; module: WebAssembly.Module }
  /** A file was dropped; replaces one of the same name. */
  | { type: "add-file"; request: number; file: File }
  | { type: "remove-file"; request: number; name: string }
  /** Copy a dropped file into the browser's storage, where it reads several times as fast. */
  | { type: "store-file"; request: number; name: string }
  /** List entries of a group, `from` and on; answered with a `Listing`. */
  | { type: "browse"; request: number; name: string; path: string; from: number; count: number }
  /** Tell everything about an object; answered with `ObjectFacts`. */
  | { type: "browse-object"; request: number; name: string; path: string }
  /** Look at the data of a dataset, of more than two axes at indices along the first; answered with a `Preview`. */
  | { type: "preview"; request: number; name: string; path: string; leading: number[] }
  /** Look at a graph; answered as `InspectionAnswers` says. */
  | { type: "inspect"; request: number; inspection: Inspection };

/** What an answer to a request of the page carries, if anything. */
export type AnswerValue = Listing | ObjectFacts | Preview | InspectionAnswers[keyof InspectionAnswers];

export type FromKernel =
  | ({ type: "ready" } & KernelInfo)
  /** The kernel cannot start: why, and what to do. */
  | { type: "failed"; message: string }
  /** The answer to the message with that `request`; `error` says why it could not be done. */
  | { type: "answer"; request: number; error: string | null; value?: AnswerValue }
  | { type: "started"; id: number }
  | { type: "stream"; id: number; name: "stdout" | "stderr"; text: string }
  /** A rich output that a cell shows before its value, such as a drawing. */
  | { type: "display"; id: number; data: MimeBundle }
  /** Streams and displays that follow are of the function behind the panel, until `call-ended`. */
  | { type: "call-begun"; id: number; panel: number }
  /** `error` is what the function ended with; the cell goes on. */
  | { type: "call-ended"; id: number; panel: number; error: CellError | null }
  /** `null` when the computation has ended. Sent at most twenty times a second. */
  | { type: "progress"; id: number; progress: Progress | null }
  /**
   * What a computation of the cell does: a `ComputationUpdate` as JSON, which whoever looks at it parses and not the
   * thread that computes, and its tasks that have ended since the last one, `TASK_NUMBERS` for each.
   */
  | { type: "computation"; id: number; update: string; tasks: Float64Array<ArrayBuffer> }
  /** The cell has ended. `result` is the value of its last expression, `null` for none or None. */
  | { type: "done"; id: number; result: MimeBundle | null; error: CellError | null; ms: number }
  /** The shelf, whenever it changes. */
  | { type: "files"; files: ShelfFile[]; usage: number; quota: number };
