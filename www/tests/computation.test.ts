/** What the page works out from what the engine tells of a computation. */
import { expect, test } from "vitest";
import { rampColour, readableOn } from "../src/page/canvas";
import { axesSentence, cellAt, planGrid, positionOf } from "../src/page/chunk-grid-plan";
import { Computation, unravel } from "../src/page/computation";
import { taskWords } from "../src/page/computation-states";
import {
  computationFacts,
  computationName,
  endText,
  formatShort,
  keptText,
  memorySentences,
  partSentences,
  shares,
  taskFacts,
  taskName,
  taskTime,
  turnText,
  wholeWords,
} from "../src/page/computation-text";
import { depthFirst, nodeRuns, paint, search, searchedPosition, timeNotes } from "../src/page/graph-paint";
import { caption } from "../src/page/graph-view";
import { NodeTallies } from "../src/page/node-tallies";
import { elementsText, storedFacts } from "../src/page/stored-text";
import type {
  ComputationOutline,
  ComputationUpdate,
  LayerOutline,
  StoredChunk,
  TaskGraphDrawing,
  TaskGraphNode,
  TaskTotals,
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
    combines: null,
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
  results: 0,
  blocksWait: false,
  budget: 256 * MIB,
  limit: 2048 * MIB,
  threads: 2,
  threadsWait: false,
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
    memoryBefore: 60 * MIB,
    arrays: 8 * MIB,
    spare: 4 * MIB,
    cached: 3 * MIB,
    totals: { ended: 0, failed: 0, threads: [], slowest: null, last: 0 },
    unrecorded: [],
    running: [],
    ended: null,
    ...more,
  };
}

/** Stage, position, thread, begin, end, reading, decoding, bytes, bytes in flight, failed. */
const FIRST = [0, 4, 0, 1000, 1002, 0.5, 1, MIB, MIB, 0];
const SECOND = [0, 0, 1, 1000.5, 1006.5, 2, 1, MIB, 2 * MIB, 0];
const FAILED = [0, 5, 1, 1007, 1008, 0, 0, 0, 0, 1];

/** Of the first two. */
const TOTALS: TaskTotals = {
  ended: 2,
  failed: 0,
  threads: [
    [0.5, 1, 0.5],
    [2, 1, 3],
  ],
  slowest: SECOND,
  last: 1006.5,
};

function running(): Computation {
  const tasks = new Float64Array([...FIRST, ...SECOND]);
  const more = { done: 4, bytes: 2 * MIB, totals: TOTALS, running: [[0, 2, 0, 1007, "computing"]] };
  return new Computation(outline, update(more as Partial<ComputationUpdate>), tasks);
}

/** The same when it has ended, with the other four chunks done but not recorded, one of them slower than all. */
function partial(): Computation {
  const computation = running();
  const slowest = [0, 3, 0, 1010, 1020, 1, 1, MIB, MIB, 0];
  const totals: TaskTotals = { ...TOTALS, ended: 7, threads: [[2, 4, 14]], slowest, last: 1030 };
  const unrecorded: ComputationUpdate["unrecorded"] = [
    [0, 1, 3],
    [0, 5, 1],
    [1, 0, 1],
  ];
  computation.add(update({ done: 13, totals, unrecorded, ended: { error: null } }), new Float64Array());
  return computation;
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
  const task = computation.slowest() ?? computation.task(0);
  expect(task).toEqual(computation.task(1));
  expect([task.start, task.end, task.thread]).toEqual([0.5, 6.5, 1]);
  expect(taskTime(task)).toBe("6.00 ms: 2.00 ms reading, 1.00 ms decompressing, 3.00 ms computing");
  const short = { ...task, end: task.start, reading: 0, decoding: 0, bytes: 0 };
  expect([taskFacts(task), taskFacts(short)]).toEqual([`${taskTime(task)}; 1.00 MiB read`, "0.0 µs"]);
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
  computation.add(update({ totals: { ...TOTALS, ended: 100_002 } }), tasks);
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
  computation.add(update({ done: 13, totals: TOTALS, ended: { error: null } }), new Float64Array());
  expect(computationFacts(computation)[0]).toBe("13 tasks in 10 ms");
});

test("of more tasks than are recorded the facts are those of all, and what is known of a part says so", () => {
  const computation = partial();
  const states = [0, 1, 2, 3, 4, 5].map((position) => computation.state(0, position));
  expect(states).toEqual(["done", "done", "done", "done", "done", "done"]);
  expect(taskWords(computation, 0, 4)).toBe("done");
  expect(taskWords(computation, 0, 5)).toBe("done, not recorded");
  expect([computation.count, computation.recorded, computation.span]).toEqual([2, 4, 30]);
  expect(computationFacts(computation).slice(1)).toEqual([
    "10 % reading",
    "20 % decompressing",
    "70 % computing",
    "peak 1.00 MiB of the whole 8.00 GiB",
    "slowest: chunk (1, 0), 10 ms",
    "single tasks are known of the first 4 tasks only",
  ]);
  for (const view of ["chunks", "threads", "graph", "memory"] as const) {
    expect(partSentences(computation, view).join(" ")).toContain("of the first 4 tasks only");
    expect(partSentences(running(), view)).toEqual([]);
  }
});

test("more chunks than are asked what is stored for them are said to be so", () => {
  const many = { ...outline, layers: [layer("array", [100_001], { source: "f.hdf5:/x" })], stages: [[0]] };
  const computation = new Computation(many, update(), new Float64Array());
  expect(partSentences(computation, "chunks")).toEqual([
    "What is stored is told of the first 100,000 chunks only.",
  ]);
  expect(partSentences(computation, "threads")).toEqual([]);
});

test("a computation among several of its cell is told by its number and its chunks", () => {
  const [first, second] = [1, 2].map(
    (turn) => new Computation(outline, update({ number: turn }), new Float64Array(), turn),
  );
  if (first === undefined || second === undefined) throw new Error("there are two");
  expect([turnText(first, first), turnText(first, second), turnText(second, second)]).toEqual([
    null,
    "number 1 of 2 computations",
    "the last of 2 computations",
  ]);
  expect(computationName(first)).toBe("sum, chunks of (100, 100)");
  const [from, to] = [277, 300].map((turn) => new Computation(outline, update(), new Float64Array(), turn));
  if (from === undefined || to === undefined) throw new Error("there are two");
  expect(keptText(from, to)).toBe("Of 300 computations the last 24 are kept, from number 277 on.");
  expect(keptText(first, second)).toBeNull();
});

test("the memory view says what the run took, whether the forecast held, and why the naive way fails", () => {
  const [run, naive, engine] = memorySentences(partial());
  expect(run).toContain("took 1.00 MiB at its peak");
  expect(run).toContain("The forecast was at most 2.00 MiB, which held.");
  expect(naive).toContain(
    "the whole array at once, 8.00 GiB. Arrays may take 2.00 GiB in all, part of the 4.00 GiB",
  );
  expect(naive).toContain("it must fail.");
  expect(engine).toContain("reserved 64.0 MiB for everything, 4.00 MiB of it since this run began");
  expect(engine).toContain("4.00 MiB is kept for the next chunks, and 3.00 MiB of files that were read");
  const computation = new Computation(
    { ...outline, naive: 300 * MIB },
    update({ peak: 3 * MIB }),
    new Float64Array(),
  );
  expect(memorySentences(computation).join(" ")).toMatch(
    /which has not held.*here it still fits, with 7 times the data.*the peak stays about the same/,
  );
  const told = (more: Partial<ComputationOutline>) =>
    memorySentences(new Computation({ ...outline, naive: 1, ...more }, update(), new Float64Array())).join(
      " ",
    );
  expect(told({ results: 5 * MIB })).toMatch(
    /the arrays of the result, 5\.00 MiB.*nothing but the result grows/,
  );
  expect(told({ blocksWait: true })).toContain("more blocks wait then");
});

test("less than a chunk at the peak is explained by the pieces that it is read in", () => {
  // 8 chunks of 64 MiB.
  const chunked = {
    ...layer("array", [8], { source: "f" }),
    block: [1 << 23],
    shape: [1 << 26],
    bytes: 512 * MIB,
  };
  const told = (peak: number, tasks = 8) =>
    memorySentences(
      new Computation(
        { ...outline, layers: [{ ...chunked, tasks }] },
        update({ peak: peak * MIB, ended: { error: null } }),
        new Float64Array(),
      ),
    ).join(" ");
  expect(told(8)).toContain("less than one chunk takes, 64.0 MiB");
  expect(told(64)).not.toContain("less than one chunk");
  expect(told(8, 0)).not.toContain("less than one chunk");
});

test("of an array that is read in part, the part is what the naive way needs", () => {
  const of = (...layers: LayerOutline[]) => wholeWords(layers);
  const [array, slice] = [layer("array", [9], { source: "f" }), layer("getitem", [2], { source: "f" })];
  expect(of(array, layer("getitem", [2], { inputs: [0] }))).toBe("the whole array");
  expect(of({ ...array, tasks: 3 }, layer("getitem", [2], { inputs: [0] }))).toBe("the part that is read");
  expect(of({ ...array, tasks: 0 }, { ...slice, inputs: [0] })).toBe("the part that is read");
  const over = new Computation({ ...outline, naive: 2 * MIB }, update({ peak: 3 * MIB }), new Float64Array());
  expect(computationFacts(over)).toContain("peak 3.00 MiB, more than the whole 2.00 MiB");
});

test("memory is sampled at each update, and old samples thin out", () => {
  const computation = running();
  for (let elapsed = 0; elapsed < 5000; elapsed += 1)
    computation.add(update({ elapsed }), new Float64Array());
  expect(computation.samples.length).toBeLessThanOrEqual(2000);
  expect(computation.samples.at(-1)?.elapsed).toBe(4999);
  expect(computation.samples[0]).toEqual({
    elapsed: 10,
    memory: 64 * MIB,
    arrays: 8 * MIB,
    spare: 4 * MIB,
    cached: 3 * MIB,
    inFlight: 0,
  });
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

test("which way axes go is said, and that a line of chunks is wrapped", () => {
  expect(axesSentence([4, 10])).toBe("Axis 0 goes down, axis 1 to the right.");
  expect(axesSentence([5, 4, 10])).toBe("Axis 1 goes down, axis 2 to the right.");
  expect(axesSentence([300])).toMatch(/^All chunks lie along axis 0: row after row/);
  expect(axesSentence([300, 1])).toMatch(/^All chunks lie along axis 0: row after row/);
  expect(axesSentence([1, 300])).toMatch(/^All chunks lie along axis 1: row after row/);
  expect(axesSentence([2, 1, 5])).toBe("All chunks lie along axis 2.");
  expect([axesSentence([1]), axesSentence([])]).toEqual(["", ""]);
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
  const tallies = new NodeTallies(drawing, computation).read();
  expect(nodeRuns(drawing, tallies, computation)).toEqual([
    { state: "1 waiting, 1 running, 1 done", time: "6.00 ms", thread: "1", others: "array" },
    { state: "2 waiting, 1 done", time: "2.00 ms", thread: "0", others: "array" },
    { state: "waiting", time: "", thread: "", others: "" },
  ]);
  expect(paint(drawing, tallies, "state")?.fills[0]).toBe("var(--busy)");
  expect(paint(drawing, tallies, "time")?.ends).toEqual(["2.00 ms", "6.00 ms"]);
  expect(timeNotes(drawing, computation)).toEqual([
    "all tasks of a node together",
    "tasks that ran as one have the time of all of them",
  ]);
  expect(timeNotes({ ...drawing, nodes: drawing.nodes.slice(2) }, computation)).toEqual([]);
  expect(paint(drawing, tallies, "ended")?.ends).toEqual(["1", "2"]);
  expect(paint(drawing, tallies, "time")?.fills[2]).toBe("var(--sunken)");
  expect(paint(drawing, tallies, "layer")).toBeNull();
});

test("a node of thousands of tasks has the states, times and threads of every one of them, as they end", () => {
  const many = {
    ...outline,
    layers: [layer("array", [70, 100]), layer("sum", [70, 100])],
    stages: [[0, 1]],
    tasks: 14_000,
  };
  const nodes = [
    node(
      "sum",
      [1],
      [
        [0, 250],
        [6250, 750],
      ],
    ),
    node("sum", [1], [[250, 6000]]),
    node("array", [0], [[0, 7000]]),
  ];
  const task = (position: number) => [
    ...[0, position, position % 2, 0, position % 5, 0, 0, 0, 0],
    position === 5000 ? 1 : 0,
  ];
  const naive = (computation: Computation, own: number[]) => {
    const states = own.map((position) => computation.state(0, position));
    const count = (state: string) => states.filter((own) => own === state).length;
    const indices = own.map((position) => computation.find(0, position)).filter((index) => index !== null);
    return {
      waiting: count("waiting"),
      running: count("running"),
      done: count("done"),
      failed: count("failed"),
      time: indices.reduce((sum, index) => sum + computation.took(index), 0),
      first: indices[0] ?? Number.POSITIVE_INFINITY,
      threads: new Set(indices.map((index) => computation.thread(index))),
    };
  };
  const positions = Array.from({ length: 7000 }, (_, position) => position);
  const ended = positions.filter((position) => position % 3 > 0);
  const computation = new Computation(many, update(), new Float64Array());
  const tallies = new NodeTallies({ ...drawing, nodes }, computation);
  const runsOf = [
    [0, 250, 6250, 7000],
    [250, 6250],
    [0, 7000],
  ];
  const expected = () =>
    runsOf.map(([first = 0, end = 0, next = 0, last = 0]) =>
      naive(computation, [...positions.slice(first, end), ...positions.slice(next, last)]),
    );
  expect(tallies.read()).toEqual(expected());
  const running = [[0, 6, 0, 0, "computing"]] as ComputationUpdate["running"];
  computation.add(update({ running }), Float64Array.from(ended.slice(0, 4000).flatMap(task)));
  expect(tallies.read()).toEqual(expected());
  const unrecorded = [[0, 6999, 1]] as ComputationUpdate["unrecorded"];
  computation.add(update({ unrecorded }), Float64Array.from(ended.slice(4000).flatMap(task)));
  expect(tallies.read()).toEqual(expected());
  expect(tallies.read()[2]).toMatchObject({ waiting: 2333, done: 4666, failed: 1 });
});

test("the caption of a drawing tells tasks, how many run as one, and nodes apart", () => {
  const drawn = (tasks: number, ...counts: number[]) =>
    caption({ ...drawing, tasks, nodes: counts.map((count) => node("sum", [1], [[0, count]])) });
  expect(drawn(3, 1, 1, 1)).toBe("3 tasks");
  expect(drawn(13, 6, 6, 1)).toBe("13 tasks in 3 nodes");
  expect(drawn(5, 1, 1, 1)).toBe("5 tasks run as 3");
  expect(drawn(13, 6, 1)).toBe("13 tasks run as 7 in 2 nodes");
});

test("what is stored for a block tells its ratio for the whole chunk, and skipped filters in words", () => {
  const elements: [number, number][] = [
    [0, 100],
    [200, 250],
  ];
  const stored = { elements, bytes: 8000, unpacked: 80_000, chunks: 1, missing: 0, mask: 0 };
  const told = (more: Partial<StoredChunk>) => storedFacts({ ...stored, ...more });
  expect(told({})).toEqual(["stored in 7.81 KiB, 10.0 times less than in memory"]);
  expect(told({ unpacked: 160_000, chunks: 2, missing: 1 })).toEqual([
    "stored in 7.81 KiB, 20.0 times less than in memory",
    "2 chunks of the file",
    "1 more not stored, which read as the fill value",
  ]);
  expect(told({ mask: 3 })[1]).toBe(
    "its first and second filters were skipped when it was written (filter mask 3)",
  );
  expect(told({ mask: 4 })[1]).toMatch(/^its third filter was skipped/);
  expect(told({ bytes: 0, unpacked: 0, chunks: 0, missing: 1 })).toEqual([
    "not stored: it reads as the fill value",
  ]);
  expect(storedFacts(null)).toEqual([]);
  expect(elementsText(stored)).toBe("elements [0:100, 200:250]");
  expect(elementsText({ ...stored, elements: [] })).toBe("the only element");
});

test("a search finds nodes by layer, by text of the key, and the bundle that holds a task", () => {
  const counts = (node: TaskGraphNode) => outline.layers[node.layers?.at(-1) ?? 0]?.counts ?? null;
  expect(search(drawing, "", counts)).toBeNull();
  expect(search(drawing, "aggregate", counts)).toEqual(new Set([2]));
  expect(search(drawing, "(1, 2)", counts)).toEqual(new Set([1]));
  expect(search(drawing, "('sum-partial-1a2b3c4d', 0, 2)", counts)).toEqual(new Set([0]));
  expect(search(drawing, "(7, 7)", counts)).toEqual(new Set());
  expect(searchedPosition("('sum-partial-1a2b3c4d', 1, 2)", [3, 4])).toBe(6);
  expect(searchedPosition("aggregate", [3, 4])).toBeNull();
  expect(searchedPosition("(1, 2)", [3])).toBeNull();
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
  expect(paint(graph, [], "order")?.ends).toEqual(["1", "6"]);
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
