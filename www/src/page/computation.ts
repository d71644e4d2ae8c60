/**
 * A computation of a cell as the engine tells it: what it set out to do, every task that has ended, and what runs
 * now. It grows in place while updates arrive; all else is worked out from it.
 */
import {
  type ComputationOutline,
  type ComputationUpdate,
  type LayerOutline,
  TASK_NUMBERS,
  type TaskGraphDrawing,
} from "../protocol";

/** A task, with those fused into it, that has ended. Times are milliseconds since the computation's first task. */
export interface EndedTask {
  stage: number;
  position: number;
  thread: number;
  start: number;
  end: number;
  reading: number;
  decoding: number;
  bytes: number;
  inFlight: number;
  failed: boolean;
}

/** Milliseconds of all tasks together, by what they were spent on. */
export interface Spent {
  reading: number;
  decoding: number;
  computing: number;
}

export type TaskState = "waiting" | "running" | "done" | "failed";

export class Computation {
  readonly number: number;
  readonly outline: ComputationOutline;
  /** The graph as drawn while it ran; views ask for others. */
  drawing: TaskGraphDrawing | null = null;
  latest: ComputationUpdate;
  /** Tasks that have ended and are known one by one. */
  count = 0;
  readonly spent: Spent = { reading: 0, decoding: 0, computing: 0 };
  #numbers: Float64Array;
  #begin = Number.POSITIVE_INFINITY;
  #last = 0;
  #slowest: number | null = null;
  #failed: number | null = null;
  /** For each stage the number of the task at each position, plus 1; negative of one that failed. */
  readonly #found: (Int32Array | undefined)[] = [];
  /** Whether each stage reads a source, once it was asked. */
  readonly #readsSource: (boolean | undefined)[] = [];
  /** For each stage the positions of its tasks that run now. */
  readonly #running = new Map<number, Set<number>>();

  constructor(outline: ComputationOutline, update: ComputationUpdate, tasks: Float64Array) {
    this.number = update.number;
    this.outline = outline;
    this.latest = update;
    this.#numbers = new Float64Array(Math.max(tasks.length, TASK_NUMBERS));
    this.add(update, tasks);
  }

  add(update: ComputationUpdate, tasks: Float64Array): void {
    this.latest = update;
    this.drawing = update.drawing ?? this.drawing;
    const needed = this.count * TASK_NUMBERS + tasks.length;
    if (needed > this.#numbers.length) {
      const grown = new Float64Array(Math.max(needed, 2 * this.#numbers.length));
      grown.set(this.#numbers);
      this.#numbers = grown;
    }
    this.#numbers.set(tasks, this.count * TASK_NUMBERS);
    const first = this.count;
    this.count += tasks.length / TASK_NUMBERS;
    this.#running.clear();
    for (const [stage, position, , start] of update.running) {
      this.#begin = Math.min(this.#begin, start);
      const positions = this.#running.get(stage) ?? new Set();
      this.#running.set(stage, positions.add(position));
    }
    // Engines tell of ten thousand at a time: read straight from the numbers, without calls for each.
    const numbers = this.#numbers;
    let [begin, last] = [this.#begin, this.#last];
    const { spent } = this;
    for (let index = first; index < this.count; index += 1) {
      const at = index * TASK_NUMBERS;
      const [stage, position] = [numbers[at] ?? 0, numbers[at + 1] ?? 0];
      const [start, end] = [numbers[at + 3] ?? 0, numbers[at + 4] ?? 0];
      const [reading, decoding] = [numbers[at + 5] ?? 0, numbers[at + 6] ?? 0];
      if (start < begin) begin = start;
      if (end > last) last = end;
      if (this.#isSlower(index)) this.#slowest = index;
      spent.reading += reading;
      spent.decoding += decoding;
      spent.computing += Math.max(0, end - start - reading - decoding);
      let found = this.#found[stage];
      if (found === undefined) {
        found = new Int32Array(this.positions(stage));
        this.#found[stage] = found;
      }
      const failed = numbers[at + 9] !== 0;
      found[position] = failed ? -index - 1 : index + 1;
      if (failed) this.#failed ??= index;
    }
    this.#begin = begin;
    this.#last = last;
  }

  get ended(): boolean {
    return this.latest.ended !== null;
  }

  /** Why it did not come to its end. */
  get error(): string | null {
    return this.latest.ended?.error ?? null;
  }

  /** Milliseconds from the first task's begin to the last one's end, or to now as last told. */
  get span(): number {
    const last = this.count === 0 ? 0 : this.#last - this.#begin;
    return this.ended ? last : Math.max(last, this.latest.elapsed);
  }

  task(index: number): EndedTask {
    const at = index * TASK_NUMBERS;
    return {
      stage: this.#number(at),
      position: this.#number(at + 1),
      thread: this.#number(at + 2),
      start: this.#number(at + 3) - this.#begin,
      end: this.#number(at + 4) - this.#begin,
      reading: this.#number(at + 5),
      decoding: this.#number(at + 6),
      bytes: this.#number(at + 7),
      inFlight: this.#number(at + 8),
      failed: this.#number(at + 9) !== 0,
    };
  }

  /** The number of the task at a position of a stage, for `task`; `null` while it has not ended. */
  find(stage: number, position: number): number | null {
    const found = this.#found[stage]?.[position] ?? 0;
    return found === 0 ? null : Math.abs(found) - 1;
  }

  state(stage: number, position: number): TaskState {
    const found = this.#found[stage]?.[position] ?? 0;
    if (found !== 0) return found > 0 ? "done" : "failed";
    return !this.ended && this.#running.get(stage)?.has(position) === true ? "running" : "waiting";
  }

  /** The positions of a stage's tasks that run now. */
  running(stage: number): number[] {
    return this.ended ? [] : [...(this.#running.get(stage) ?? [])];
  }

  /** What `task` tells, one by one, for views that look at all tasks at each frame. */
  took(index: number): number {
    const at = index * TASK_NUMBERS;
    return this.#number(at + 4) - this.#number(at + 3);
  }

  stage(index: number): number {
    return this.#number(index * TASK_NUMBERS);
  }

  position(index: number): number {
    return this.#number(index * TASK_NUMBERS + 1);
  }

  reading(index: number): number {
    return this.#number(index * TASK_NUMBERS + 5);
  }

  /** The task that took longest, of those that read a source where there are any; `null` before one has ended. */
  slowest(): number | null {
    return this.#slowest;
  }

  /** The first task that failed; `null` where none did. */
  failed(): number | null {
    return this.#failed;
  }

  /** The layer of a stage that reads a source; `null` where none does. */
  source(stage: number): number | null {
    return this.outline.stages[stage]?.find((layer) => this.layer(layer).source !== null) ?? null;
  }

  /** The stage that runs a layer's tasks; `null` where they do not run. */
  stageOf(layer: number): number | null {
    const stage = this.outline.stages.findIndex((layers) => layers.includes(layer));
    return stage < 0 ? null : stage;
  }

  layer(layer: number): LayerOutline {
    const found = this.outline.layers[layer];
    if (found === undefined) throw new RangeError(`there is no layer ${layer}`);
    return found;
  }

  /** Blocks of a stage's layers. */
  positions(stage: number): number {
    const layer = this.outline.stages[stage]?.[0];
    return layer === undefined ? 0 : product(this.layer(layer).counts);
  }

  /** What a stage does, such as `read → sum`. */
  stageTitle(stage: number): string {
    const layers = this.outline.stages[stage] ?? [];
    return layers.map((layer) => layerWords(this.layer(layer))).join(" → ");
  }

  /** The index of a block of a stage along each axis. */
  index(stage: number, position: number): number[] {
    const layer = this.outline.stages[stage]?.at(-1);
    return layer === undefined ? [] : unravel(position, this.layer(layer).counts);
  }

  /** The key of the last of the tasks that run as one, as Python writes it. */
  key(stage: number, position: number): string {
    const layer = this.layer(this.outline.stages[stage]?.at(-1) ?? 0);
    return `('${layer.name}', ${unravel(position, layer.counts).join(", ")})`.replace(", )", ",)");
  }

  /** Whether a task is slower than the slowest so far; one that reads beats all that do not. */
  #isSlower(index: number): boolean {
    if (this.#slowest === null) return true;
    const reads = this.#reads(this.#number(index * TASK_NUMBERS));
    const read = this.#reads(this.#number(this.#slowest * TASK_NUMBERS));
    return reads === read ? this.took(index) > this.took(this.#slowest) : reads;
  }

  #reads(stage: number): boolean {
    let reads = this.#readsSource[stage];
    if (reads === undefined) {
      reads = this.source(stage) !== null;
      this.#readsSource[stage] = reads;
    }
    return reads;
  }

  #number(at: number): number {
    return this.#numbers[at] ?? 0;
  }
}

/** What a layer does, in a person's words. */
function layerWords(layer: LayerOutline): string {
  return layer.source === null ? layer.label : "read";
}

export function product(numbers: readonly number[]): number {
  return numbers.reduce((product, number) => product * number, 1);
}

/** The index along each axis of a row-major position. */
export function unravel(position: number, counts: readonly number[]): number[] {
  const index: number[] = [];
  let rest = position;
  for (const count of counts.toReversed()) {
    index.unshift(rest % count);
    rest = Math.floor(rest / count);
  }
  return index;
}
