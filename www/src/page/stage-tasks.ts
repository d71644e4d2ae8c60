/** What became of the tasks of one stage: of each by its position, and of any run of positions without a look at each. */

/** Positions that are summed up as one. */
const BLOCK = 256;

/** What became of some tasks together. */
export class Tally {
  done = 0;
  failed = 0;
  running = 0;
  waiting = 0;
  /** Milliseconds that those took which are known one by one. */
  time = 0;
  /** The number of the first of them to end; infinity before one has. */
  first = Number.POSITIVE_INFINITY;
  /** The threads they ran on. */
  readonly threads = new Set<number>();

  add(other: Tally): void {
    this.done += other.done;
    this.failed += other.failed;
    this.time += other.time;
    this.first = Math.min(this.first, other.first);
    for (const thread of other.threads) this.threads.add(thread);
  }

  addTask(index: number, failed: boolean, took: number, thread: number): void {
    if (failed) this.failed += 1;
    else this.done += 1;
    this.time += took;
    if (index < this.first) this.first = index;
    this.threads.add(thread);
  }
}

export class StageTasks {
  readonly #positions: number;
  /** The number of the task at each position, plus 1; negative of one that failed. */
  readonly #found: Int32Array;
  /** 1 at the positions that are done without being told of one by one. */
  #unrecorded: Uint8Array | null = null;
  readonly #blocks: Tally[] = [];

  constructor(positions: number) {
    this.#positions = positions;
    this.#found = new Int32Array(positions);
  }

  /** Notes the task of number `index` in the order that they ended. */
  end(position: number, index: number, failed: boolean, took: number, thread: number): void {
    this.#found[position] = failed ? -index - 1 : index + 1;
    this.#block(position).addTask(index, failed, took, thread);
  }

  /** Notes that tasks at positions that follow one another are done. */
  endUnrecorded(first: number, count: number): void {
    this.#unrecorded ??= new Uint8Array(this.#positions);
    this.#unrecorded.fill(1, first, first + count);
    for (let at = first; at < first + count; at = nextBlock(at)) {
      this.#block(at).done += Math.min(nextBlock(at), first + count) - at;
    }
  }

  /** The number of the task at a position; `null` where it has not ended or is not recorded. */
  find(position: number): number | null {
    const found = this.#found[position] ?? 0;
    return found === 0 ? null : Math.abs(found) - 1;
  }

  /** How the task at a position ended; `null` where it has not. */
  outcome(position: number): "done" | "failed" | null {
    const found = this.#found[position] ?? 0;
    if (found !== 0) return found > 0 ? "done" : "failed";
    return this.#unrecorded?.[position] === 1 ? "done" : null;
  }

  /** Adds to `tally` the tasks at `count` positions from `first` on that have ended; `task` tells of one by its number. */
  tally(
    tally: Tally,
    first: number,
    count: number,
    task: (index: number) => [took: number, thread: number],
  ): void {
    const end = Math.min(first + count, this.#positions);
    let at = first;
    while (at < end) {
      const next = nextBlock(at);
      if (at % BLOCK === 0 && (next <= end || end === this.#positions)) {
        const block = this.#blocks[at / BLOCK];
        if (block !== undefined) tally.add(block);
        at = next;
        continue;
      }
      const index = this.find(at);
      if (index !== null) tally.addTask(index, this.outcome(at) === "failed", ...task(index));
      else if (this.outcome(at) === "done") tally.done += 1;
      at += 1;
    }
  }

  #block(position: number): Tally {
    const number = Math.floor(position / BLOCK);
    const block = this.#blocks[number] ?? new Tally();
    this.#blocks[number] = block;
    return block;
  }
}

/** The first position of the block after that of `position`. */
function nextBlock(position: number): number {
  return position - (position % BLOCK) + BLOCK;
}
