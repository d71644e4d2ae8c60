/** What each chunk that a computation reads has gone through, kept up with as its tasks end. Pure. */
import type { RunningPhase } from "../protocol";
import { type Computation, product, unravel } from "./computation";

/** In the order a chunk goes through them. */
export const CHUNK_STATES = [
  "waiting",
  "reading",
  "decoding",
  "computing",
  "done",
  "combined",
  "failed",
] as const;

export type ChunkState = (typeof CHUNK_STATES)[number];

const NUMBER = Object.fromEntries(CHUNK_STATES.map((state, number) => [state, number])) as Record<
  ChunkState,
  number
>;

/** A step of a reduction that takes up what is made of the chunks. */
interface Taking {
  stage: number;
  counts: readonly number[];
  along: readonly ([axis: number, size: number] | null)[];
}

/**
 * The states of all chunks of a layer. A chunk is combined once each reduction that takes its partial has done so:
 * worked out from which combining tasks have ended, since nobody notes it down.
 */
export class ChunkStates {
  readonly computation: Computation;
  readonly layer: number;
  /** How many chunks are in each state, in the order of `CHUNK_STATES`. */
  readonly tally: number[];
  readonly #stage: number | null;
  readonly #counts: readonly number[];
  readonly #takings: readonly Taking[];
  readonly #states: Uint8Array;
  /** By how many reductions each chunk's partial was taken. */
  readonly #taken: Uint8Array;
  #running: number[] = [];
  #changed: number[] = [];
  /** Of the computation: tasks, and runs of those not recorded, that are in the states. */
  #ended = 0;
  #runs = 0;

  constructor(computation: Computation, layer: number) {
    this.computation = computation;
    this.layer = layer;
    this.#counts = computation.layer(layer).counts;
    const count = product(this.#counts);
    this.tally = CHUNK_STATES.map((_, state) => (state === 0 ? count : 0));
    this.#states = new Uint8Array(count);
    this.#taken = new Uint8Array(count);
    this.#stage = computation.stageOf(layer);
    this.#takings = takings(computation, this.#stage);
    this.advance();
  }

  /** Whether partials of the chunks are combined, in other tasks than their own. */
  get combines(): boolean {
    return this.#takings.length > 0;
  }

  state(position: number): ChunkState {
    return CHUNK_STATES[this.#states[position] ?? 0] ?? "waiting";
  }

  /** How many chunks the computation never reads, as nothing asks for them: nobody tells which. */
  get unneeded(): number {
    return this.#states.length - Math.min(this.#states.length, this.computation.layer(this.layer).tasks);
  }

  /** Takes note of what the computation has been told since. */
  advance(): void {
    const { computation } = this;
    for (const position of this.#running) this.#set(position, "waiting");
    for (; this.#ended < computation.count; this.#ended += 1) {
      this.#note(computation.stage(this.#ended), computation.position(this.#ended));
    }
    for (; this.#runs < computation.unrecorded.length; this.#runs += 1) {
      const [stage, first, count] = computation.unrecorded[this.#runs] ?? [0, 0, 0];
      for (let position = first; position < first + count; position += 1) this.#note(stage, position);
    }
    this.#running = [];
    if (this.#stage === null) return;
    for (const [position, phase] of computation.running(this.#stage)) {
      if (this.#states[position] !== NUMBER.waiting) continue;
      this.#set(position, phase);
      this.#running.push(position);
    }
  }

  /** The positions whose state has changed since this was last asked. */
  takeChanged(): number[] {
    const changed = this.#changed;
    this.#changed = [];
    return changed;
  }

  #note(stage: number, position: number): void {
    const became = this.computation.state(stage, position);
    if (became !== "done" && became !== "failed") return;
    if (stage === this.#stage && this.#states[position] !== NUMBER.combined) this.#set(position, became);
    if (became === "failed") return;
    for (const taking of this.#takings) {
      if (taking.stage === stage) this.#take(taking, position);
    }
  }

  /** Notes that the partials which go into the block at a position of a combining layer were taken. */
  #take({ counts, along }: Taking, position: number): void {
    const index = unravel(position, counts);
    let positions = [0];
    for (const [axis, count] of this.#counts.entries()) {
      const bound = along[axis] ?? null;
      const first = bound === null ? 0 : (index[bound[0]] ?? 0) * bound[1];
      const end = bound === null ? count : Math.min(count, first + bound[1]);
      const further: number[] = [];
      for (const before of positions) {
        for (let own = first; own < end; own += 1) further.push(before * count + own);
      }
      positions = further;
    }
    for (const taken of positions) {
      const times = (this.#taken[taken] ?? 0) + 1;
      this.#taken[taken] = times;
      if (times === this.#takings.length) this.#set(taken, "combined");
    }
  }

  #set(position: number, state: ChunkState): void {
    const before = this.#states[position] ?? 0;
    const now = NUMBER[state];
    if (before === now) return;
    this.#states[position] = now;
    this.tally[before] = (this.tally[before] ?? 0) - 1;
    this.tally[now] = (this.tally[now] ?? 0) + 1;
    this.#changed.push(position);
  }
}

function takings(computation: Computation, stage: number | null): Taking[] {
  const own = stage === null ? [] : (computation.outline.stages[stage] ?? []);
  return computation.outline.layers.flatMap((layer, number) => {
    const [input] = layer.inputs;
    const takes = computation.stageOf(number);
    if (layer.combines === null || input === undefined || !own.includes(input)) return [];
    return takes === null || takes === stage
      ? []
      : [{ stage: takes, counts: layer.counts, along: layer.combines }];
  });
}

/** What a chunk's state is called; `reduces` where what is computed of it is a partial. */
export function chunkWords(
  state: ChunkState,
  { ended, reduces }: { ended: boolean; reduces: boolean },
): string {
  const words: Record<ChunkState, string> = {
    waiting: ended ? "not run" : "waiting",
    ...PHASE_WORDS,
    computing: reduces ? "being reduced" : PHASE_WORDS.computing,
    done: reduces ? "reduced" : "done",
    combined: "combined",
    failed: "failed",
  };
  return words[state];
}

const PHASE_WORDS: Record<RunningPhase, string> = {
  reading: "being read",
  decoding: "being decompressed",
  computing: "being computed",
};

/** What a state means, for whoever meets it for the first time. */
export const CHUNK_MEANINGS: Record<ChunkState, string> = {
  waiting: "No thread has begun it.",
  reading: "A thread waits for its bytes.",
  decoding: "A thread undoes its filters.",
  computing: "A thread computes with its elements.",
  done: "Its task has ended; what it made may wait for others.",
  combined: "What was made of it has gone into a combined result.",
  failed: "Its task ended in an error.",
};
