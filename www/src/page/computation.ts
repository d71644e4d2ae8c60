/**
 * A computation of a cell as the engine tells it: what it set out to do, every task that has ended, and what runs
 * now. It grows in place while updates arrive; all else is worked out from it.
 */
import {
  type ComputationOutline,
  type ComputationUpdate,
  type LayerOutline,
  type RunningPhase,
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

/** Memory at one moment, in bytes. */
export interface MemorySample {
  /** Milliseconds since the beginning. */
  elapsed: number;
  /** All that the engine has. */
  memory: number;
  /** What of it NumPy arrays hold, is kept for the next blocks and of files, and tasks hold. */
  arrays: number;
  spare: number;
  cached: number;
  inFlight: number;
}

/** Samples of memory that are kept; of more, every other one is let go. */
const MOST_SAMPLES = 2000;

/** Blocks of a layer of which the page asks what is stored. */
export const STORED_AT_MOST = 100_000;

export class Computation {
  readonly number: number;
  readonly outline: ComputationOutline;
  /** Which of its cell's computations it is, from 1. */
  readonly turn: number;
  /** The graph as drawn while it ran; views ask for others. */
  drawing: TaskGraphDrawing | null = null;
  latest: ComputationUpdate;
  /** Tasks that have ended and are known one by one. */
  count = 0;
  /** How many tasks that is where each of those that ran as one counts. */
  recorded = 0;
  /** Stages with runs of positions that are done without being told of one by one. */
  readonly unrecorded: ComputationUpdate["unrecorded"] = [];
  readonly samples: MemorySample[] = [];
  #numbers: Float64Array;
  #begin = Number.POSITIVE_INFINITY;
  #last = 0;
  #failed: number | null = null;
  /** For each stage the number of the task at each position, plus 1; negative of one that failed. */
  readonly #found: (Int32Array | undefined)[] = [];
  /** For each stage 1 at the positions that are done without being told of one by one. */
  readonly #unrecorded: (Uint8Array | undefined)[] = [];
  /** For each stage the positions of its tasks that run now, and what their threads are at. */
  readonly #running = new Map<number, Map<number, RunningPhase>>();

  constructor(outline: ComputationOutline, update: ComputationUpdate, tasks: Float64Array, turn = 1) {
    this.number = update.number;
    this.turn = turn;
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
    const { elapsed, memory, arrays, spare, cached, inFlight } = update;
    this.samples.push({ elapsed, memory, arrays, spare, cached, inFlight });
    if (this.samples.length > MOST_SAMPLES) {
      this.samples.splice(0, Number.POSITIVE_INFINITY, ...this.samples.filter((_, at) => at % 2 === 0));
    }
    for (const [stage, first, count] of update.unrecorded) {
      const done = this.#unrecorded[stage] ?? new Uint8Array(this.positions(stage));
      this.#unrecorded[stage] = done.fill(1, first, first + count);
      this.unrecorded.push([stage, first, count]);
    }
    this.#last = Math.max(this.#last, update.totals.last);
    this.#running.clear();
    for (const [stage, position, , start, phase] of update.running) {
      this.#begin = Math.min(this.#begin, start);
      const positions = this.#running.get(stage) ?? new Map<number, RunningPhase>();
      this.#running.set(stage, positions.set(position, phase));
    }
    // Engines tell of ten thousand at a time: read straight from the numbers, without calls for each.
    const numbers = this.#numbers;
    let begin = this.#begin;
    for (let index = first; index < this.count; index += 1) {
      const at = index * TASK_NUMBERS;
      const [stage, position, start] = [numbers[at] ?? 0, numbers[at + 1] ?? 0, numbers[at + 3] ?? 0];
      if (start < begin) begin = start;
      this.recorded += this.outline.stages[stage]?.length ?? 0;
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
    const last = this.latest.totals.ended === 0 ? 0 : this.#last - this.#begin;
    return this.ended ? last : Math.max(last, this.latest.elapsed);
  }

  /** Whether more tasks have ended than are known one by one. */
  get partial(): boolean {
    return this.latest.totals.ended > this.count;
  }

  /** The time of all tasks. */
  get spent(): Spent {
    const spent = { reading: 0, decoding: 0, computing: 0 };
    for (const [reading, decoding, computing] of this.latest.totals.threads) {
      spent.reading += reading;
      spent.decoding += decoding;
      spent.computing += computing;
    }
    return spent;
  }

  task(index: number): EndedTask {
    const at = index * TASK_NUMBERS;
    return this.#task((number) => this.#number(at + number));
  }

  #task(number: (place: number) => number): EndedTask {
    return {
      stage: number(0),
      position: number(1),
      thread: number(2),
      start: number(3) - this.#begin,
      end: number(4) - this.#begin,
      reading: number(5),
      decoding: number(6),
      bytes: number(7),
      inFlight: number(8),
      failed: number(9) !== 0,
    };
  }

  /** The number of the task at a position of a stage, for `task`; `null` where it has not ended or is not recorded. */
  find(stage: number, position: number): number | null {
    const found = this.#found[stage]?.[position] ?? 0;
    return found === 0 ? null : Math.abs(found) - 1;
  }

  state(stage: number, position: number): TaskState {
    const found = this.#found[stage]?.[position] ?? 0;
    if (found !== 0) return found > 0 ? "done" : "failed";
    if (this.#unrecorded[stage]?.[position] === 1) return "done";
    return !this.ended && this.#running.get(stage)?.has(position) === true ? "running" : "waiting";
  }

  /** The positions of a stage's tasks that run now, each with what its thread is at. */
  running(stage: number): [position: number, phase: RunningPhase][] {
    return this.ended ? [] : [...(this.#running.get(stage) ?? [])];
  }

  /** Of what `task` tells each by itself, without an object made: views add up a hundred thousand tasks. */
  took(index: number): number {
    const at = index * TASK_NUMBERS;
    return this.#number(at + 4) - this.#number(at + 3);
  }

  thread(index: number): number {
    return this.#number(index * TASK_NUMBERS + 2);
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
  slowest(): EndedTask | null {
    const { slowest } = this.latest.totals;
    return slowest === null ? null : this.#task((place) => slowest[place] ?? 0);
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
