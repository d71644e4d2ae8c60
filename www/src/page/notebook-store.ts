/**
 * The one owner of what the page shows: the notebook, the selection, notices, and (through the
 * kernel client) the kernel and the shelf. Views read it and call its methods; they keep nothing.
 */
import type { ComputationUpdate, Progress, ShelfFile } from "../protocol";
import { Computation } from "./computation";
import { openingCell, ownFileCell, pointAtFile } from "./file-cells";
import { KernelClient, type KernelOptions, type RunOutcome, type Shelf } from "./kernel-client";
import {
  type Cell,
  type CellKind,
  cellIndex,
  clearOutputs,
  findCell,
  insertCell,
  moveCell,
  type Notebook,
  newCell,
  type Output,
  removeCell,
  updateCell,
  withoutOutputs,
} from "./notebook";
import { outputWriter, settledOutputs } from "./outputs";
import { Panels } from "./panels";

/** A short message over the page, with at most one thing to do about it. */
export interface Notice {
  id: number;
  text: string;
  tone: "info" | "error";
  action?: { label: string; run: () => void };
}

/** Where the keyboard should go after the next drawing: into a cell's editor, or onto the cell. */
export interface FocusRequest {
  id: string;
  edit: boolean;
}

export interface StoreOptions extends Omit<KernelOptions, "changed"> {
  notebook: Notebook;
  /** Whether it is another than the tutorial as it came. */
  worthKeeping?: boolean;
  /** The notebook that was open before. */
  before?: Notebook | null;
  /** Runs the notification later, so that a burst of changes is drawn once. */
  schedule?: (notify: () => void) => void;
}

/** Of a cell that computes many times, as in a loop, this many are kept for looking at. */
const KEPT_COMPUTATIONS = 24;

/** What only grows is drawn this often where nobody looks closely: a frame costs time that threads could compute in. */
const GROWTH_EVERY_MS = 200;

const CELL_DELETED = "Cell deleted.";

/** The views of a computation: its chunks, its threads, its graph, its memory. */
export type ComputationViewName = "chunks" | "threads" | "graph" | "memory";

const GO_BACK = "Go back";

/** A notebook, and where one is in it. */
export interface OpenNotebook {
  notebook: Notebook;
  worthKeeping: boolean;
  selectedId: string;
}

interface Deleted {
  cell: Cell;
  index: number;
}

export class NotebookStore {
  notebook: Notebook;
  /** Whether the notebook is to be kept between visits: all but the tutorial as it came. */
  worthKeeping: boolean;
  selectedId: string;
  notices: readonly Notice[] = [];
  readonly kernel: KernelClient;
  /** Controls that cells have put out. */
  readonly panels: Panels;

  readonly #schedule: (notify: () => void) => void;
  readonly #listeners = new Set<() => void>();
  #notified = true;
  #growth: ReturnType<typeof setTimeout> | undefined;
  #focusRequest: FocusRequest | null = null;
  /** Runs that wait or run, by cell. */
  readonly #runs = new Map<string, number>();
  #deleted: Deleted[] = [];
  #before: OpenNotebook | null = null;
  #nextNotice = 1;
  /** The view that was chosen last, which others open with. */
  #computationView: ComputationViewName = "chunks";
  /** The views of cells whose computations are or were shown in full. */
  readonly #computationViews = new Map<string, ComputationViewName>();
  /** Cells whose computations are shown in full. */
  readonly #openComputations = new Set<string>();

  constructor(options: StoreOptions) {
    this.notebook = options.notebook;
    this.worthKeeping = options.worthKeeping ?? false;
    this.selectedId = options.notebook.cells[0]?.id ?? "";
    const before = options.before ?? null;
    if (before !== null)
      this.#before = { notebook: before, worthKeeping: true, selectedId: before.cells[0]?.id ?? "" };
    this.#schedule = options.schedule ?? queueMicrotask;
    this.kernel = new KernelClient({ ...options, changed: () => this.#changed() });
    this.panels = new Panels({
      kernel: this.kernel,
      outputs: (id) => this.#cell(id)?.outputs ?? [],
      change: (id, change) => this.#changeOutputs(id, change),
      progress: (id, progress) => this.#noteProgress(id, progress),
      computation: (id, update, tasks, fresh) => this.#noteComputation(id, update, tasks, fresh),
    });
  }

  /** Calls `listener` after changes; the answer ends it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get shelf(): Shelf {
    return this.kernel.shelf;
  }

  get selected(): Cell | undefined {
    return findCell(this.notebook, this.selectedId);
  }

  get canUndoDelete(): boolean {
    return this.#deleted.length > 0;
  }

  // ---- Editing ----

  /**
   * Replaces the notebook; the one before stays, with its outputs, to go back to. One that is not worth keeping does
   * not take the place of one that is.
   */
  open(notebook: Notebook, notice: string | null, worthKeeping = true): void {
    const given = notebook.cells.length > 0 ? notebook.cells : [newCell("code")];
    // A cell that runs on is known by its id, which a notebook that is opened twice has twice.
    const cells = given.map((cell) => (this.#runs.has(cell.id) ? { ...cell, id: newCell("code").id } : cell));
    const passedOver = !this.worthKeeping && this.#before?.worthKeeping === true;
    this.#show(
      { notebook: { ...notebook, cells }, worthKeeping, selectedId: cells[0]?.id ?? "" },
      passedOver ? this.#before : this.#opened(),
    );
    if (notice !== null) this.notify(notice, { action: { label: GO_BACK, run: () => this.goBack() } });
  }

  /** The notebook that was open before this one. */
  get before(): OpenNotebook | null {
    return this.#before;
  }

  /** Opens the notebook before, and keeps this one in its place. */
  goBack(): void {
    if (this.#before !== null) this.#show(this.#before, this.#opened());
  }

  #opened(): OpenNotebook {
    const { notebook, worthKeeping, selectedId } = this;
    return { notebook, worthKeeping, selectedId };
  }

  /** Opens `next`, and keeps `before` as what was open before it. Cells that wait are not run, one that runs goes on. */
  #show(next: OpenNotebook, before: OpenNotebook | null): void {
    this.kernel.cancel([...this.#runs.values()]);
    this.panels.cancel();
    // What they offer to go back to is not what was open before any more.
    this.notices = this.notices.filter(({ action }) => action?.label !== GO_BACK);
    this.#before = before;
    this.notebook = next.notebook;
    this.worthKeeping = next.worthKeeping;
    this.#deleted = [];
    // The keyboard goes there, and with it what is in sight.
    this.select(next.selectedId, false);
  }

  rename(name: string): void {
    const trimmed = name.trim();
    if (trimmed === "" || trimmed === this.notebook.name) return;
    this.#edit({ ...this.notebook, name: trimmed.endsWith(".ipynb") ? trimmed : `${trimmed}.ipynb` });
  }

  setSource(id: string, source: string): void {
    if (findCell(this.notebook, id)?.source === source) return;
    this.#edit(updateCell(this.notebook, id, { source }));
  }

  setKind(id: string, kind: CellKind): void {
    const cell = findCell(this.notebook, id);
    if (cell === undefined || cell.kind === kind) return;
    this.#edit(updateCell(this.notebook, id, { kind, outputs: [], count: null, ms: null, rendered: false }));
  }

  /** Shows a markdown cell as its source, or as text. */
  setRendered(id: string, rendered: boolean): void {
    this.notebook = updateCell(this.notebook, id, { rendered });
    this.#changed();
  }

  /** Inserts a cell before or after the one with `id` (at the end where there is none) and selects it. */
  insert(id: string, place: "above" | "below", kind: CellKind, source = "", edit = false): Cell {
    const cell = { ...newCell(kind, source), rendered: false };
    const index = cellIndex(this.notebook, id);
    const at = index < 0 ? this.notebook.cells.length : place === "above" ? index : index + 1;
    this.#edit(insertCell(this.notebook, cell, at));
    this.select(cell.id, edit);
    return cell;
  }

  move(id: string, by: number): void {
    this.#edit(moveCell(this.notebook, id, by));
    this.select(id, false);
  }

  delete(id: string): void {
    const index = cellIndex(this.notebook, id);
    const cell = this.notebook.cells[index];
    if (cell === undefined) return;
    const run = this.#runs.get(id);
    if (run !== undefined) this.kernel.cancel([run]);
    this.#deleted.push({ cell, index });
    let after = removeCell(this.notebook, id);
    if (after.cells.length === 0) after = insertCell(after, newCell("code"), 0);
    this.#edit(after);
    const neighbour = after.cells[Math.min(index, after.cells.length - 1)];
    if (neighbour !== undefined) this.select(neighbour.id, false);
    this.notify(CELL_DELETED, { action: { label: "Undo", run: () => this.undoDelete() } });
  }

  undoDelete(): void {
    const deleted = this.#deleted.pop();
    if (deleted === undefined) return;
    this.notices = this.notices.filter(({ text }) => text !== CELL_DELETED);
    const cell = settledCell(deleted.cell);
    this.#edit(insertCell(this.notebook, cell, Math.min(deleted.index, this.notebook.cells.length)));
    this.select(cell.id, false);
  }

  clearOutputs(): void {
    this.notebook = clearOutputs(this.notebook);
    this.#changed();
  }

  // ---- Selection ----

  /** Selects a cell and takes the keyboard there. */
  select(id: string, edit: boolean): void {
    this.selectedId = id;
    this.#focusRequest = { id, edit };
    this.#changed();
  }

  /** Where the keyboard is to go, told once. */
  takeFocusRequest(): FocusRequest | null {
    const request = this.#focusRequest;
    this.#focusRequest = null;
    return request;
  }

  /** Notes that the keyboard went to a cell by itself, as by a click. */
  noteSelected(id: string): void {
    if (this.selectedId === id) return;
    this.selectedId = id;
    this.#changed();
  }

  /** Selects the cell `by` places further down. */
  selectNeighbour(by: number): void {
    const neighbour = this.notebook.cells[cellIndex(this.notebook, this.selectedId) + by];
    if (neighbour !== undefined) this.select(neighbour.id, false);
  }

  // ---- Running ----

  /** Runs a code cell, or shows a markdown cell as text. */
  async run(id: string): Promise<void> {
    const cell = findCell(this.notebook, id);
    if (cell === undefined || this.#runs.has(id)) return;
    if (cell.kind !== "code") {
      if (cell.kind === "markdown") this.setRendered(id, true);
      return;
    }
    if (cell.source.trim() === "") {
      this.#update(id, withoutOutputs(cell));
      return;
    }
    // A kernel that is dead starts nothing, so nothing else would take the old outputs away.
    this.#update(
      id,
      this.kernel.state === "dead"
        ? { outputs: [], computations: [], count: null, ms: null }
        : { status: "queued" },
    );
    const { id: run, outcome } = this.kernel.run(cell.source, {
      started: (count) =>
        this.#update(id, { status: "running", outputs: [], computations: [], count, ms: null }),
      ...outputWriter(
        (change) => this.#changeOutputs(id, change),
        () => this.kernel.session,
      ),
      progress: (progress) => this.#noteProgress(id, progress),
      computation: (update, tasks) => this.#noteComputation(id, update, tasks),
    });
    this.#runs.set(id, run);
    this.#finish(id, await outcome);
  }

  /** Runs a cell and selects the next, adding one at the end. */
  runAndAdvance(id: string): void {
    void this.run(id);
    const next = this.notebook.cells[cellIndex(this.notebook, id) + 1];
    if (next === undefined) this.insert(id, "below", "code", "", true);
    else this.select(next.id, false);
  }

  async runAll(): Promise<void> {
    await this.#runCells(this.notebook.cells);
  }

  /** Runs every cell from the top to the one with `id`. */
  async runTo(id: string): Promise<void> {
    await this.#runCells(this.notebook.cells.slice(0, cellIndex(this.notebook, id) + 1));
  }

  interrupt(): void {
    if (this.kernel.interrupt()) return;
    this.notify(
      "Without cross-origin isolation a running cell cannot be interrupted, only the kernel restarted.",
      {
        action: { label: "Restart kernel", run: () => void this.restart() },
      },
    );
  }

  async restart(): Promise<void> {
    try {
      await this.kernel.restart();
    } catch {
      // The kernel's own state says why; the page shows it.
    }
  }

  async restartAndRunAll(): Promise<void> {
    await this.restart();
    if (this.kernel.state !== "dead") await this.runAll();
  }

  // ---- Views of computations ----

  /** Which view of its computation a cell shows, or would show. */
  computationView(cell: string): ComputationViewName {
    return this.#computationViews.get(cell) ?? this.#computationView;
  }

  setComputationView(cell: string, view: ComputationViewName): void {
    this.#computationView = view;
    this.#computationViews.set(cell, view);
    this.#changed();
  }

  /** Whether a cell shows how it ran in full; it stays so when the cell is run again. */
  showsComputation(cell: string): boolean {
    return this.#openComputations.has(cell);
  }

  showComputation(cell: string, open: boolean): void {
    this.#computationViews.set(cell, this.computationView(cell));
    if (open) this.#openComputations.add(cell);
    else this.#openComputations.delete(cell);
    this.#changed();
  }

  // ---- Files ----

  async addFile(file: File): Promise<void> {
    await this.kernel.addFile(file);
  }

  async removeFile(name: string): Promise<void> {
    await this.#attempt(`${name} could not be removed`, this.kernel.removeFile(name));
  }

  async storeFile(name: string): Promise<void> {
    await this.#attempt(
      `${name} could not be copied into the browser's storage`,
      this.kernel.storeFile(name),
    );
  }

  /** Opens a file in a new cell; a dropped one in the cell that asks for the reader's own. */
  useFile({ name, kind }: ShelfFile): void {
    const own = ownFileCell(this.notebook);
    if (own !== undefined && kind === "dropped") {
      this.setSource(own.id, pointAtFile(own.source, name));
      this.select(own.id, false);
      return;
    }
    this.useLines(openingCell(name));
  }

  /** Puts lines into a new cell below the selected one. */
  useLines(lines: string): void {
    this.insert(this.selectedId, "below", "code", lines, true);
  }

  // ---- Notices ----

  notify(text: string, more: { tone?: Notice["tone"]; action?: NonNullable<Notice["action"]> } = {}): void {
    const notice: Notice = { id: this.#nextNotice++, tone: "info", text, ...more };
    // The same thing said again replaces the first; two are as many as anybody reads.
    this.notices = [...this.notices.filter((other) => other.text !== text), notice].slice(-2);
    this.#changed();
  }

  dismiss(id: number): void {
    this.notices = this.notices.filter((notice) => notice.id !== id);
    this.#changed();
  }

  async #attempt(what: string, action: Promise<void>): Promise<void> {
    try {
      await action;
    } catch (error) {
      this.notify(`${what}: ${error instanceof Error ? error.message : String(error)}`, { tone: "error" });
    }
  }

  async #runCells(cells: readonly Cell[]): Promise<void> {
    await Promise.all(cells.map((cell) => this.run(cell.id)));
  }

  #finish(id: string, outcome: RunOutcome): void {
    this.#runs.delete(id);
    if (outcome.cancelled) {
      this.#update(id, { status: "idle", progress: null });
      return;
    }
    this.#changeOutputs(id, settledOutputs);
    const count = this.#cell(id)?.count ?? null;
    if (outcome.result !== null) this.#append(id, { type: "result", data: outcome.result, count });
    if (outcome.error !== null) {
      this.#append(id, { type: "error", error: outcome.error });
      // Cells of its notebook that wait were asked for in the belief that this one works.
      const fellows = this.#isOpen(id) ? this.notebook : this.#before?.notebook;
      const waiting = [...this.#runs].filter(([other]) => fellows !== undefined && findCell(fellows, other));
      this.kernel.cancel(waiting.map(([, run]) => run));
    }
    this.#update(id, { status: "idle", progress: null, ms: outcome.ms });
  }

  #append(id: string, output: Output): void {
    this.#changeOutputs(id, (outputs) => [...outputs, output]);
  }

  /** `fresh`: it takes the place of those noted before. */
  #noteComputation(id: string, update: ComputationUpdate, tasks: Float64Array, fresh = false): void {
    const cell = this.#cell(id);
    if (cell === undefined) return;
    const known = cell.computations.find(({ number }) => number === update.number);
    if (known === undefined) {
      if (update.outline === undefined) return;
      const before = fresh ? [] : cell.computations;
      const turn = (before.at(-1)?.turn ?? 0) + 1;
      const computation = new Computation(update.outline, update, tasks, turn);
      this.#update(id, { computations: [...before, computation].slice(-KEPT_COMPUTATIONS) });
      return;
    }
    known.add(update, tasks);
    // It grows in place; the views are told by a new list.
    this.#grow(id, { computations: [...cell.computations] });
  }

  #noteProgress(id: string, progress: Progress | null): void {
    if (progress === null) this.#update(id, { progress });
    else this.#grow(id, { progress });
  }

  /** A change of what grows many times a second: drawn at once only for whoever has opened a view of it. */
  #grow(id: string, change: Partial<Omit<Cell, "id">>): void {
    if (this.showsComputation(id)) {
      this.#update(id, change);
      return;
    }
    this.#put(id, change);
    this.#growth ??= setTimeout(() => this.#changed(), GROWTH_EVERY_MS);
  }

  #changeOutputs(id: string, change: (outputs: readonly Output[]) => readonly Output[]): void {
    const cell = this.#cell(id);
    if (cell !== undefined) this.#update(id, { outputs: change(cell.outputs) });
  }

  #update(id: string, change: Partial<Omit<Cell, "id">>): void {
    this.#put(id, change);
    this.#changed();
  }

  #isOpen(id: string): boolean {
    return findCell(this.notebook, id) !== undefined;
  }

  /** A cell of the notebook, or of the one before, where one may still run. */
  #cell(id: string): Cell | undefined {
    return (
      findCell(this.notebook, id) ?? (this.#before === null ? undefined : findCell(this.#before.notebook, id))
    );
  }

  #put(id: string, change: Partial<Omit<Cell, "id">>): void {
    const before = this.#before;
    if (before === null || this.#isOpen(id)) this.notebook = updateCell(this.notebook, id, change);
    else this.#before = { ...before, notebook: updateCell(before.notebook, id, change) };
  }

  #edit(notebook: Notebook): void {
    this.notebook = notebook;
    this.worthKeeping = true;
    this.#changed();
  }

  #changed(): void {
    if (!this.#notified) return;
    this.#notified = false;
    this.#schedule(() => {
      this.#notified = true;
      clearTimeout(this.#growth);
      this.#growth = undefined;
      for (const listener of this.#listeners) listener();
    });
  }
}

function settledCell(cell: Cell): Cell {
  return { ...cell, status: "idle", progress: null, outputs: settledOutputs(cell.outputs) };
}
