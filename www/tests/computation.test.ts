/** What the page works out from what the engine tells of a computation. */
import { expect, test } from "vitest";
import { rampColour, readableOn } from "../src/page/canvas";
import { cellAt, planGrid, positionOf } from "../src/page/chunk-grid-plan";
import { Computation, unravel } from "../src/page/computation";
import {
  computationFacts,
  endText,
  formatShort,
  memorySentences,
  shares,
  taskName,
  taskTime,
} from "../src/page/computation-text";
import { depthFirst, nodeRuns, nodeStates, paint, search } from "../src/page/graph-paint";
import type {
  ComputationOutline,
  ComputationUpdate,
  LayerOutline,
  TaskGraphDrawing,
  TaskGraphNode,
} from "../src/protocol";

const MIB = 2 ** 20;

function layer(name: string, counts: number[], more: Partial<LayerOutline> = {}): LayerOutline {
  return {
    name: `${name}-1a2b3c4d`,
    label: name,
    counts,
    block: counts.map(() => 100),
    shape: counts.map((count) => 100 * count),
    dtype: "float64",
    bytes: 4 * MIB,
    tasks: counts.reduce((product, count) => product * count, 1),
    inputs: [],
    source: null,
    ...more,
  };
}

/** Six chunks in two rows, read and summed as one, and the sum of their sums. */
const outline: ComputationOutline = {
  label: "sum",
  lazies: [[1, "sum-aggregate-1a2b3c4d"]],
  layers: [
    layer("array", [2, 3], { source: "f.hdf5:/x" }),
    layer("sum-partial", [2, 3], { inputs: [0] }),
    layer("sum-aggregate", [], { inputs: [1] }),
  ],
  stages: [[0, 1], [2]],
  tasks: 13,
  naive: 8 * 2 ** 30,
  forecast: 2 * MIB,
  budget: 256 * MIB,
  threads: 2,
};

function update(more: Partial<ComputationUpdate> = {}): ComputationUpdate {
  return {
    number: 1,
    done: 0,
    total: 13,
    bytes: 0,
    inFlight: 0,
    peak: MIB,
    elapsed: 10,
    memory: 64 * MIB,
    running: [],
    ended: null,
    ...more,
  };
}

/** Stage, position, thread, begin, end, reading, decoding, bytes, bytes in flight, failed. */
const FIRST = [0, 4, 0, 1000, 1002, 0.5, 1, MIB, MIB, 0];
const SECOND = [0, 0, 1, 1000.5, 1006.5, 2, 1, MIB, 2 * MIB, 0];
const FAILED = [0, 5, 1, 1007, 1008, 0, 0, 0, 0, 1];

function running(): Computation {
  const tasks = new Float64Array([...FIRST, ...SECOND]);
  return new Computation(outline, update({ done: 4, bytes: 2 * MIB, running: [[0, 2, 0, 1007]] }), tasks);
}

test("each block of a layer is waiting, running, done or failed", () => {
  const computation = running();
  const states = [0, 1, 2, 3, 4, 5].map((position) => computation.state(0, position));
  expect(states).toEqual(["done", "waiting", "running", "waiting", "done", "waiting"]);
  computation.add(update({ ended: { error: "no" } }), new Float64Array(FAILED));
  expect(computation.state(0, 5)).toBe("failed");
  expect(computation.state(0, 2)).toBe("waiting");
  expect(computation.error).toBe("no");
  expect(endText(computation)).toBe("failed at chunk (1, 2)");
  const stopped = running();
  stopped.add(update({ ended: { error: "the computation was stopped" } }), new Float64Array());
  expect([endText(running()), endText(stopped)]).toEqual([null, "stopped"]);
});

test("times count from the first task's begin and are split into reading, decompressing and computing", () => {
  const computation = running();
  expect(computation.spent).toEqual({ reading: 2.5, decoding: 2, computing: 3.5 });
  const index = computation.slowest();
  expect(index).toBe(1);
  const task = computation.task(index ?? 0);
  expect([task.start, task.end, task.thread]).toEqual([0.5, 6.5, 1]);
  expect(taskTime(task)).toBe("6.00 ms: 2.00 ms reading, 1.00 ms decompressing, 3.00 ms computing");
  expect(taskName(computation, task)).toBe("chunk (0, 0)");
  expect(computation.key(0, 4)).toBe("('sum-partial-1a2b3c4d', 1, 1)");
  expect(computation.key(1, 0)).toBe("('sum-aggregate-1a2b3c4d',)");
  expect(computation.stageTitle(0)).toBe("read → sum-partial");
});

test("tasks that arrive later are added to those before, however many", () => {
  const computation = running();
  const more = Float64Array.from({ length: 10_000 }, (_, at) => SECOND[at % 10] ?? 0);
  computation.add(update(), more);
  expect(computation.count).toBe(1002);
  expect(computation.task(1001).bytes).toBe(MIB);
});

test("a hundred thousand tasks are told of in time that does not grow with each", () => {
  const computation = running();
  const tasks = Float64Array.from({ length: 1_000_000 }, (_, at) => SECOND[at % 10] ?? 0);
  computation.add(update(), tasks);
  // Were the span worked out anew for each task, as it once was, this would take minutes.
  let inside = 0;
  for (let index = 0; index < computation.count; index += 1) {
    if (computation.task(index).end <= computation.span && computation.slowest() !== null) inside += 1;
  }
  expect(inside).toBe(100_002);
});

test("the line below a cell tells tasks, bytes, shares, peak and the slowest chunk", () => {
  const computation = running();
  expect(computationFacts(computation)).toEqual([
    "4 of 13 tasks",
    "2.00 MiB read",
    "31 % reading",
    "25 % decompressing",
    "44 % computing",
    "peak 1.00 MiB of the whole 8.00 GiB",
    "slowest: chunk (0, 0), 6.00 ms",
  ]);
  computation.add(update({ done: 13, ended: { error: null } }), new Float64Array());
  expect(computationFacts(computation)[0]).toBe("13 tasks in 10 ms");
});

test("the memory view says that an array larger than a tab makes the naive way fail", () => {
  const [naive, chunked] = memorySentences(running());
  expect(naive).toContain("8.00 GiB at once, more than the 4.00 GiB a tab may have: the naive way must fail");
  expect(chunked).toContain("so far is 1.00 MiB. Forecast from chunk sizes and 2 threads: 2.00 MiB");
});

test("shares of nothing are none, and short times have units of their own", () => {
  expect(shares({ reading: 0, decoding: 0, computing: 0 })).toEqual([]);
  expect([0.0032, 0.42, 18.4, 1250].map(formatShort)).toEqual(["3.2 µs", "0.42 ms", "18 ms", "1.25 s"]);
});

test("a matrix of chunks keeps its rows, a vector is wrapped, and higher ranks are cut at a slice", () => {
  const matrix = planGrid([4, 10], [], 700, 380);
  expect([matrix.rows, matrix.columns, matrix.first]).toEqual([4, 10, 0]);
  const vector = planGrid([300], [], 700, 380);
  expect(vector.rows * vector.columns).toBeGreaterThanOrEqual(300);
  expect(vector.columns * vector.cellWidth).toBeLessThanOrEqual(700);
  expect(positionOf(vector, vector.rows - 1, vector.columns - 1)).toBe(
    vector.rows * vector.columns === 300 ? 299 : null,
  );
  const cube = planGrid([5, 4, 10], [2], 700, 380);
  expect([cube.first, positionOf(cube, 1, 3)]).toEqual([80, 93]);
  expect(cellAt(cube, 93)).toEqual({ row: 1, column: 3 });
  expect(cellAt(cube, 79)).toBeNull();
  expect(positionOf(cube, 4, 0)).toBeNull();
});

test("a grid of many rows stays within its height", () => {
  const tall = planGrid([100_000, 2], [], 700, 380);
  expect(tall.height).toBeLessThanOrEqual(380.001);
});

test("positions are unravelled row-major", () => {
  expect(unravel(93, [5, 4, 10])).toEqual([2, 1, 3]);
  expect(unravel(0, [])).toEqual([]);
});

function node(label: string, layers: number[], runs: [number, number][]): TaskGraphNode {
  const count = runs.reduce((sum, [, count]) => sum + count, 0);
  const name = `${label}-1a2b3c4d`;
  return {
    ...{ x: 0, y: 0, key: `('${name}', 0, 0)`, label, layer: name, shape: [], dtype: "float64" },
    bytes: count,
    count,
    layers,
    runs,
  };
}

const drawing: TaskGraphDrawing = {
  width: 0,
  height: 0,
  nodes: [
    node("sum-partial", [1], [[0, 3]]),
    node("sum-partial", [1], [[3, 3]]),
    node("sum-aggregate", [2], [[0, 1]]),
  ],
  edges: [],
  tasks: 13,
};

test("a node of a drawing has the states, times and order of all its tasks", () => {
  const computation = running();
  expect(drawing.nodes.map((node) => nodeStates(node, computation))).toEqual([
    { waiting: 1, running: 1, done: 1, failed: 0 },
    { waiting: 2, running: 0, done: 1, failed: 0 },
    { waiting: 1, running: 0, done: 0, failed: 0 },
  ]);
  expect(nodeRuns(drawing, computation)).toEqual([
    { state: "1 waiting, 1 running, 1 done", time: "6.00 ms", thread: "1" },
    { state: "2 waiting, 1 done", time: "2.00 ms", thread: "0" },
    { state: "waiting", time: "", thread: "" },
  ]);
  expect(paint(drawing, computation, "state")?.fills[0]).toBe("var(--busy)");
  expect(paint(drawing, computation, "time")?.ends).toEqual(["2.00 ms", "6.00 ms"]);
  expect(paint(drawing, computation, "ended")?.ends).toEqual(["1", "2"]);
  expect(paint(drawing, computation, "time")?.fills[2]).toBe("var(--sunken)");
  expect(paint(drawing, computation, "layer")).toBeNull();
});

test("a search finds nodes by layer, by text of the key, and the bundle that holds a task", () => {
  const counts = (node: TaskGraphNode) => outline.layers[node.layers?.at(-1) ?? 0]?.counts ?? null;
  expect(search(drawing, "", counts)).toBeNull();
  expect(search(drawing, "aggregate", counts)).toEqual(new Set([2]));
  expect(search(drawing, "(1, 2)", counts)).toEqual(new Set([1]));
  expect(search(drawing, "('sum-partial-1a2b3c4d', 0, 2)", counts)).toEqual(new Set([0]));
  expect(search(drawing, "(7, 7)", counts)).toEqual(new Set());
});

test("a graph that has not run has an order, depth first, which a bundle takes as one", () => {
  const at = (x: number, count = 1): TaskGraphNode => ({ ...node("n", [0], [[0, count]]), x });
  const [left, right, above, top] = [at(0, 3), at(2), at(0), at(1)];
  // Above takes left, the top takes right and above: left, above, right, top.
  const graph = {
    ...drawing,
    nodes: [top, right, above, left] as TaskGraphNode[],
    edges: [
      [3, 2],
      [1, 0],
      [2, 0],
    ] as [number, number][],
  };
  expect(depthFirst(graph)).toEqual([5, 4, 3, 0]);
  expect(paint(graph, null, "order")?.ends).toEqual(["1", "6"]);
});

test("text on a colour is black or white, and on the theme's colours the theme's", () => {
  const colours = [rampColour(0), rampColour(1), "var(--busy)", "var(--error)", "var(--sunken)"];
  expect(colours.map(readableOn)).toEqual([
    "#ffffff",
    "#000000",
    "var(--surface)",
    "var(--surface)",
    "var(--ink)",
  ]);
});
