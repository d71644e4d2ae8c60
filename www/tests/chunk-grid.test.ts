/** The picture of the chunks that a computation reads. */
import { expect, test } from "vitest";
import { pixelOf, rampPixel } from "../src/page/canvas";
import { chunkValues, GridImage, greatest, type Look, valueRange } from "../src/page/chunk-grid-paint";
import { planGrid } from "../src/page/chunk-grid-plan";
import { CHUNK_STATES, ChunkStates, chunkWords } from "../src/page/chunk-states";
import { Computation } from "../src/page/computation";
import { stateWords, telling } from "../src/page/computation-states";
import type { ComputationOutline, ComputationUpdate } from "../src/protocol";

const layer = {
  ...{ name: "array-1a", label: "array", counts: [2, 3], block: [1, 1], shape: [2, 3], dtype: "float64" },
  ...{ bytes: 48, tasks: 6, inputs: [], combines: null, source: "f.hdf5:/x" },
};
const outline: ComputationOutline = {
  ...{ label: "sum", lazies: [], layers: [layer], stages: [[0]], tasks: 6 },
  ...{
    naive: 48,
    forecast: 8,
    results: 0,
    blocksWait: false,
    budget: 8,
    limit: 8,
    threads: 2,
    threadsWait: false,
  },
};

function update(more: Partial<ComputationUpdate> = {}): ComputationUpdate {
  return {
    ...{ number: 1, done: 0, total: 6, bytes: 0, inFlight: 0, peak: 0, elapsed: 0, memory: 0 },
    ...{ memoryBefore: 0, arrays: 0, spare: 0, cached: 0, running: [], unrecorded: [], ended: null },
    totals: { ended: 0, failed: 0, threads: [], slowest: null, last: 0 },
    ...more,
  };
}

/** The numbers of a task at a position that took so many milliseconds. */
function ended(position: number, took: number, failed = 0): number[] {
  return [0, position, 0, 10, 10 + took, 0, 0, 8, 8, failed];
}

const pixelsOf = {
  waiting: pixelOf("#010101"),
  reading: pixelOf("#020202"),
  decoding: pixelOf("#030303"),
  computing: pixelOf("#040404"),
  done: pixelOf("#050505"),
  combined: pixelOf("#060606"),
  failed: pixelOf("#070707"),
  missing: pixelOf("#080808"),
};
/** A letter for each: combined is the plus. */
const LETTERS: Record<string, string> = { reading: "r", computing: "c", combined: "+", decoding: "u" };

const NONE: Look["stored"] = [];

function look(states: ChunkStates, more: Partial<Look> = {}): Look {
  const { computation } = states;
  const plan = planGrid([2, 3], [], 300, 300);
  return {
    ...{ computation, layer: 0, stored: NONE, colouring: "state", range: [0, 0], plan, states, pixelsOf },
    screen: { width: 300, height: 300 },
    ...more,
  };
}

/** The states of a picture's pixels in a letter each. */
function letters({ pixels }: GridImage): string {
  const names = Object.entries(pixelsOf);
  const letter = (pixel: number) => names.find(([, own]) => own === pixel)?.[0] ?? "?";
  return Array.from(pixels, (pixel) => LETTERS[letter(pixel)] ?? letter(pixel)[0]).join("");
}

test("a picture that grows with the tasks is the one that would be painted anew", () => {
  const computation = new Computation(
    outline,
    update({ running: [[0, 1, 0, 10, "reading"]] }),
    new Float64Array(ended(0, 1)),
  );
  const states = new ChunkStates(computation, 0);
  const image = new GridImage();
  image.paint(look(states));
  expect(letters(image)).toBe("drwwww");
  const before = image.pixels;
  computation.add(
    update({ running: [[0, 5, 0, 10, "decoding"]] }),
    new Float64Array([...ended(1, 1), ...ended(3, 2, 1)]),
  );
  states.advance();
  image.paint(look(states));
  expect(letters(image)).toBe("ddwfwu");
  expect(image.pixels, "only what changed was painted").toBe(before);
  computation.add(update({ ended: { error: "no" } }), new Float64Array());
  states.advance();
  image.paint(look(states));
  expect(letters(image)).toBe("ddwfww");
});

test("chunks that share a pixel of the screen are one, the latest", () => {
  const computation = new Computation(outline, update(), new Float64Array());
  const states = new ChunkStates(computation, 0);
  const image = new GridImage();
  const screen = { width: 2, height: 1 };
  image.paint(look(states, { screen }));
  computation.add(update(), new Float64Array(ended(5, 1)));
  states.advance();
  image.paint(look(states, { screen }));
  expect([image.width, image.height, letters(image)]).toEqual([2, 1, "wd"]);
});

/** Two reductions of six chunks, each with a step that combines the chunks of two columns before its last one. */
const tree: ComputationOutline = {
  ...outline,
  layers: [
    layer,
    ...["sum", "max"].flatMap((label, number) => {
      const first = 1 + 3 * number;
      const step = { ...layer, source: null };
      return [
        { ...step, label, name: `${label}-1a`, inputs: [0] },
        { ...step, name: `${label}-partial-1a`, counts: [2, 2], inputs: [first], combines: pairs() },
        { ...step, name: `${label}-aggregate-1a`, counts: [], inputs: [first + 1], combines: [null, null] },
      ];
    }),
  ],
  stages: [[0, 1, 4], [2], [5], [3], [6]],
};

function pairs(): [number, number][] {
  return [
    [0, 1],
    [1, 2],
  ];
}

function at(stage: number, position: number): number[] {
  return [stage, position, 0, 10, 11, 0, 0, 8, 8, 0];
}

test("a chunk is combined once each reduction has taken its partial up, whether that was recorded or not", () => {
  const done = [0, 1, 2, 3].flatMap((position) => at(0, position));
  const computation = new Computation(tree, update(), new Float64Array([...done, ...at(1, 0), ...at(2, 1)]));
  const states = new ChunkStates(computation, 0);
  const all = () => Array.from({ length: 6 }, (_, position) => states.state(position));
  expect(states.combines).toBe(true);
  expect(all()).toEqual(["done", "done", "done", "done", "waiting", "waiting"]);
  const totals = { ended: 8, failed: 0, threads: [], slowest: null, last: 0 };
  computation.add(update({ totals, unrecorded: [[2, 0, 1]] }), new Float64Array(at(1, 1)));
  states.advance();
  expect(all()).toEqual(["combined", "combined", "combined", "done", "waiting", "waiting"]);
  expect(states.tally).toEqual([2, 0, 0, 0, 1, 3, 0]);
  expect(new ChunkStates(computation, 0).tally, "seen at once").toEqual(states.tally);
  for (const run of [
    [0, 4, 2],
    [1, 2, 2],
    [2, 2, 2],
  ] as [number, number, number][]) {
    computation.add(update({ totals: { ...totals, ended: 15 }, unrecorded: [run] }), new Float64Array());
  }
  states.advance();
  expect(states.tally, "of updates that were missed").toEqual([0, 0, 0, 0, 0, 6, 0]);
});

test("of the chunks that a layer has, those no task asks for do not wait", () => {
  const part = { ...outline, layers: [{ ...layer, tasks: 2 }], tasks: 2 };
  const states = new ChunkStates(new Computation(part, update(), new Float64Array(ended(0, 1))), 0);
  expect([states.unneeded, states.tally[0]]).toEqual([4, 5]);
});

test("states are named for what is done with a chunk, and after the end what waits was not run", () => {
  const names = (more: { ended: boolean; reduces: boolean }) =>
    CHUNK_STATES.map((state) => chunkWords(state, more)).join(", ");
  expect(names({ ended: false, reduces: true })).toBe(
    "waiting, being read, being decompressed, being reduced, reduced, combined, failed",
  );
  expect(names({ ended: true, reduces: false })).toBe(
    "not run, being read, being decompressed, being computed, done, combined, failed",
  );
});

test("values are on a ramp between the least and the greatest, and what is not stored is apart", () => {
  const tasks = new Float64Array([...ended(0, 1), ...ended(4, 3), ...ended(2, 2)]);
  const computation = new Computation(outline, update(), tasks);
  const value = chunkValues({ computation, layer: 0, stored: [] }, "time");
  expect(valueRange(value, 6)).toEqual([1, 3]);
  expect(greatest(value, 6, 2).map(({ position }) => position)).toEqual([4, 2]);
  const gone = { elements: [], bytes: 0, unpacked: 0, chunks: 0, missing: 1, mask: 0 };
  const image = new GridImage();
  image.paint(look(new ChunkStates(computation, 0), { colouring: "time", range: [1, 3], stored: [gone] }));
  expect(Array.from(image.pixels)).toEqual([
    pixelsOf.missing,
    pixelsOf.waiting,
    rampPixel(0.5),
    pixelsOf.waiting,
    rampPixel(1),
    pixelsOf.waiting,
  ]);
});

test("after the end what waits was not run, and a failure is looked at by state", () => {
  expect(stateWords({ ended: false }, "waiting")).toBe("waiting");
  expect(stateWords({ ended: true }, "waiting")).toBe("not run");
  expect(stateWords({ ended: true }, "done")).toBe("done");
  expect(telling({ ended: false, error: null })).toBe("state");
  expect(telling({ ended: true, error: "no" })).toBe("state");
  expect(telling({ ended: true, error: null })).toBe("time");
});
