/** What became of the tasks of each node of a drawn graph: added up as they end, not looked up at each drawing. */
import type { TaskGraphDrawing } from "../protocol";
import type { Computation } from "./computation";

/** What became of a node's tasks together. */
export interface Tally {
  waiting: number;
  running: number;
  done: number;
  failed: number;
  /** Milliseconds that those took which are known one by one. */
  time: number;
  /** The number of the first of them to end; infinity before one has. */
  first: number;
  /** The threads they ran on. */
  threads: Set<number>;
}

export class NodeTallies {
  readonly #drawing: TaskGraphDrawing;
  readonly #computation: Computation;
  readonly #tallies: (Tally | null)[];
  /** By stage, for each of its layers that is drawn and each position, the node that stands for the task there, plus 1. */
  readonly #numbers = new Map<number, Uint32Array[]>();
  /** Tasks, and runs of those not recorded, that are added up. */
  #tasks = 0;
  #runs = 0;

  constructor(drawing: TaskGraphDrawing, computation: Computation) {
    this.#drawing = drawing;
    this.#computation = computation;
    const ofLayers = new Map<number, Uint32Array>();
    this.#tallies = drawing.nodes.map(({ layers, runs }, number) => {
      const layer = layers?.at(-1) ?? -1;
      const stage = computation.stageOf(layer);
      if (stage === null) return null;
      let numbers = ofLayers.get(layer);
      if (numbers === undefined) {
        numbers = new Uint32Array(computation.positions(stage));
        ofLayers.set(layer, numbers);
        this.#numbers.set(stage, [...(this.#numbers.get(stage) ?? []), numbers]);
      }
      for (const [first, count] of runs ?? []) numbers.fill(number + 1, first, first + count);
      return {
        ...{ waiting: 0, running: 0, done: 0, failed: 0, time: 0 },
        first: Number.POSITIVE_INFINITY,
        threads: new Set(),
      };
    });
  }

  isOf(drawing: TaskGraphDrawing, computation: Computation): boolean {
    return drawing === this.#drawing && computation === this.#computation;
  }

  /** For each node what has become of its tasks by now; `null` for those that did not run, as others read for them. */
  read(): readonly (Tally | null)[] {
    const computation = this.#computation;
    for (let index = this.#tasks; index < computation.count; index += 1) {
      const [stage, position] = [computation.stage(index), computation.position(index)];
      for (const numbers of this.#numbers.get(stage) ?? []) {
        const tally = this.#tallies[(numbers[position] ?? 0) - 1];
        if (tally == null) continue;
        if (computation.state(stage, position) === "failed") tally.failed += 1;
        else tally.done += 1;
        tally.time += computation.took(index);
        tally.first = Math.min(tally.first, index);
        tally.threads.add(computation.thread(index));
      }
    }
    this.#tasks = computation.count;
    for (; this.#runs < computation.unrecorded.length; this.#runs += 1) {
      const [stage, first, count] = computation.unrecorded[this.#runs] ?? [0, 0, 0];
      for (const numbers of this.#numbers.get(stage) ?? []) {
        for (let position = first; position < first + count; position += 1) {
          const tally = this.#tallies[(numbers[position] ?? 0) - 1];
          if (tally != null) tally.done += 1;
        }
      }
    }
    this.#countRunning();
    return this.#tallies;
  }

  #countRunning(): void {
    for (const tally of this.#tallies) if (tally !== null) tally.running = 0;
    for (const [stage, layers] of this.#numbers) {
      for (const [position] of this.#computation.running(stage)) {
        if (this.#computation.state(stage, position) !== "running") continue;
        for (const numbers of layers) {
          const tally = this.#tallies[(numbers[position] ?? 0) - 1];
          if (tally != null) tally.running += 1;
        }
      }
    }
    for (const [number, tally] of this.#tallies.entries()) {
      if (tally === null) continue;
      tally.waiting = (this.#drawing.nodes[number]?.count ?? 0) - tally.done - tally.failed - tally.running;
    }
  }
}
