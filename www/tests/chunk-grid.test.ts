/** The picture of the chunks that a computation reads. */
import { expect, test } from "vitest";
import { pixelOf, rampPixel } from "../src/page/canvas";
import { chunkValues, GridImage, greatest, type Look, valueRange } from "../src/page/chunk-grid-paint";
import { planGrid } from "../src/page/chunk-grid-plan";
import { Computation } from "../src/page/computation";
import { stateWords, telling } from "../src/page/computation-states";
import type { ComputationOutline, ComputationUpdate } from "../src/protocol";

const layer = {
  ...{ name: "array-1a", label: "array", counts: [2, 3], block: [1, 1], shape: [2, 3], dtype: "float64" },
  ...{ bytes: 48, tasks: 6, inputs: [], source: "f.hdf5:/x" },
};
const outline: ComputationOutline = {
  ...{ label: "sum", lazies: [], layers: [layer], stages: [[0]], tasks: 6 },
  ...{ naive: 48, forecast: 8, budget: 8, limit: 8, threads: 2 },
};

function update(more: Partial<ComputationUpdate> = {}): ComputationUpdate {
  return {
    ...{ number: 1, done: 0, total: 6, bytes: 0, inFlight: 0, peak: 0, elapsed: 0, memory: 0 },
    ...{ memoryBefore: 0, arrays: 0, spare: 0, running: [], unrecorded: [], ended: null },
    totals: { ended: 0, failed: 0, threads: [], slowest: null, last: 0 },
    ...more,
  };
}

/** The numbers of a task at a position that took so many milliseconds. */
function ended(position: number, took: number, failed = 0): number[] {
  return [0, position, 0, 10, 10 + took, 0, 0, 8, 8, failed];
}

const states = {
  waiting: pixelOf("#010101"),
  running: pixelOf("#020202"),
  done: pixelOf("#030303"),
  failed: pixelOf("#040404"),
  missing: pixelOf("#050505"),
};

const NONE: Look["stored"] = [];

function look(computation: Computation, more: Partial<Look> = {}): Look {
  const plan = planGrid([2, 3], [], 300, 300);
  return {
    ...{ computation, layer: 0, stored: NONE, colouring: "state", range: [0, 0], plan, states },
    screen: { width: 300, height: 300 },
    ...more,
  };
}

/** The states of a picture's pixels in a letter each. */
function letters({ pixels }: GridImage): string {
  const names = Object.entries(states);
  return Array.from(pixels, (pixel) => names.find(([, own]) => own === pixel)?.[0][0] ?? "?").join("");
}

test("a picture that grows with the tasks is the one that would be painted anew", () => {
  const computation = new Computation(
    outline,
    update({ running: [[0, 1, 0, 10]] }),
    new Float64Array(ended(0, 1)),
  );
  const image = new GridImage();
  image.paint(look(computation));
  expect(letters(image)).toBe("drwwww");
  const before = image.pixels;
  computation.add(
    update({ running: [[0, 5, 0, 10]] }),
    new Float64Array([...ended(1, 1), ...ended(3, 2, 1)]),
  );
  image.paint(look(computation));
  expect(letters(image)).toBe("ddwfwr");
  expect(image.pixels, "only what changed was painted").toBe(before);
  computation.add(update({ ended: { error: "no" } }), new Float64Array());
  image.paint(look(computation));
  expect(letters(image)).toBe("ddwfww");
});

test("chunks that share a pixel of the screen are one, the latest", () => {
  const computation = new Computation(outline, update(), new Float64Array());
  const image = new GridImage();
  const screen = { width: 2, height: 1 };
  image.paint(look(computation, { screen }));
  computation.add(update(), new Float64Array(ended(5, 1)));
  image.paint(look(computation, { screen }));
  expect([image.width, image.height, letters(image)]).toEqual([2, 1, "wd"]);
});

test("values are on a ramp between the least and the greatest, and what is not stored is apart", () => {
  const tasks = new Float64Array([...ended(0, 1), ...ended(4, 3), ...ended(2, 2)]);
  const computation = new Computation(outline, update(), tasks);
  const value = chunkValues({ computation, layer: 0, stored: [] }, "time");
  expect(valueRange(value, 6)).toEqual([1, 3]);
  expect(greatest(value, 6, 2).map(({ position }) => position)).toEqual([4, 2]);
  const gone = { bytes: 0, whole: 8, chunks: 0, missing: 1, mask: 0 };
  const image = new GridImage();
  image.paint(look(computation, { colouring: "time", range: [1, 3], stored: [gone] }));
  expect(Array.from(image.pixels)).toEqual([
    states.missing,
    states.waiting,
    rampPixel(0.5),
    states.waiting,
    rampPixel(1),
    states.waiting,
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
