/** What the chunks of a grid are coloured by, and the grid as an image of one pixel a chunk. Pure. */
import type { StoredChunk } from "../protocol";
import { rampPixel } from "./canvas";
import type { GridPlan } from "./chunk-grid-plan";
import type { ChunkState, ChunkStates } from "./chunk-states";
import type { Computation } from "./computation";

export type Colouring = "state" | "time" | "reading" | "order" | "ratio";

/** What is known of the chunks that a layer of a computation reads. */
export interface Chunks {
  computation: Computation;
  layer: number;
  /** By position, as far as it has been told. */
  stored: readonly StoredChunk[];
}

/** Pixels of the states, and of what has no value. */
export type StatePixels = Record<ChunkState | "missing", number>;

/** A chunk's value for a colouring, by its position; `null` where it has none yet. */
export function chunkValues(
  { computation, layer, stored }: Chunks,
  colouring: Colouring,
): (position: number) => number | null {
  if (colouring === "state") return () => null;
  if (colouring === "ratio") return (position) => stored[position]?.bytes ?? null;
  const stage = computation.stageOf(layer);
  if (stage === null) return () => null;
  const told = { time: computation.took, reading: computation.reading, order: (index: number) => index };
  const value = told[colouring].bind(computation);
  return (position) => {
    const index = computation.find(stage, position);
    return index === null ? null : value(index);
  };
}

/** The least and the greatest value of `count` chunks; states have none. */
export function valueRange(value: (position: number) => number | null, count: number): [number, number] {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (let position = 0; position < count; position += 1) {
    const own = value(position);
    if (own === null) continue;
    if (own < least) least = own;
    if (own > most) most = own;
  }
  return [Number.isFinite(least) ? least : 0, most];
}

/** The positions of the `most` greatest of `count` values, the greatest first. */
export function greatest(
  value: (position: number) => number | null,
  count: number,
  most: number,
): { position: number; value: number }[] {
  const found: { position: number; value: number }[] = [];
  for (let position = 0; position < count; position += 1) {
    const own = value(position) ?? -1;
    const last = found.at(-1);
    if (found.length === most && last !== undefined && own <= last.value) continue;
    let at = found.length;
    while (at > 0 && (found[at - 1]?.value ?? 0) < own) at -= 1;
    found.splice(at, 0, { position, value: own });
    if (found.length > most) found.pop();
  }
  return found;
}

/** All that a picture of the grid depends on but the tasks that have ended. */
export interface Look extends Chunks {
  colouring: Colouring;
  range: readonly [number, number];
  plan: GridPlan;
  /** Pixels of the screen. */
  screen: { width: number; height: number };
  states: ChunkStates;
  pixelsOf: StatePixels;
}

/**
 * The grid as an image to be stretched over it: a pixel for each chunk or, where there are more than the screen has,
 * for each of the screen's, in which the chunk that changed last stands for all that share it. While only tasks end,
 * only their pixels change: a frame costs what happened since the one before, not what there is.
 */
export class GridImage {
  width = 0;
  height = 0;
  pixels = new Uint32Array();
  #look: Look | null = null;

  paint(look: Look): void {
    const pixel = chunkPixels(look);
    const changed = look.states.takeChanged();
    if (this.#look === null || !grows(this.#look, look)) this.#all(look, pixel);
    else for (const position of changed) this.#set(look.plan, position, pixel);
    this.#look = look;
  }

  #all({ plan, screen }: Look, pixel: ChunkPixel): void {
    this.width = Math.max(1, Math.min(plan.columns, Math.floor(screen.width)));
    this.height = Math.max(1, Math.min(plan.rows, Math.floor(screen.height)));
    this.pixels = new Uint32Array(this.width * this.height);
    const across = Int32Array.from({ length: this.width }, (_, x) =>
      Math.floor((x * plan.columns) / this.width),
    );
    for (let y = 0; y < this.height; y += 1) {
      const row = Math.floor((y * plan.rows) / this.height);
      for (let x = 0; x < this.width; x += 1) {
        const column = across[x] ?? 0;
        const within = row * plan.columns + column;
        if (within < plan.shown) this.pixels[y * this.width + x] = pixel(plan.first + within, row, column);
      }
    }
  }

  #set(plan: GridPlan, position: number, pixel: ChunkPixel): void {
    const within = position - plan.first;
    if (within < 0 || within >= plan.shown) return;
    const row = Math.floor(within / plan.columns);
    const column = within % plan.columns;
    const y = Math.floor((row * this.height) / plan.rows);
    const x = Math.floor((column * this.width) / plan.columns);
    this.pixels[y * this.width + x] = pixel(position, row, column);
  }
}

/** Whether nothing but tasks that ended tells two pictures apart; the ends of a ramp may move with any. */
function grows(before: Look, now: Look): boolean {
  return (
    now.colouring === "state" &&
    before.colouring === "state" &&
    before.states === now.states &&
    before.stored === now.stored &&
    before.plan.first === now.plan.first &&
    before.plan.columns === now.plan.columns &&
    before.screen.width === now.screen.width &&
    before.screen.height === now.screen.height &&
    before.pixelsOf.waiting === now.pixelsOf.waiting
  );
}

type ChunkPixel = (position: number, row: number, column: number) => number;

/** The pixel of a chunk by its position: its state's, or its value's on the ramp. */
function chunkPixels(look: Look): ChunkPixel {
  const { computation, layer, stored, colouring, range, states, pixelsOf } = look;
  const value = chunkValues({ computation, layer, stored }, colouring);
  const [least, most] = range;
  const span = most > least ? most - least : Number.POSITIVE_INFINITY;
  return (position, row, column) => {
    const chunk = stored[position];
    if (chunk !== undefined && chunk.missing > 0 && chunk.chunks === 0) {
      // Hatched as a whole; where chunks are too small for lines of their own, so that it can be seen.
      return (row + column) % 3 === 0 ? pixelsOf.missing : pixelsOf.waiting;
    }
    if (colouring === "state") return pixelsOf[states.state(position)];
    const own = value(position);
    return own === null ? pixelsOf.waiting : rampPixel((own - least) / span);
  };
}
