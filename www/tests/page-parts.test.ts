import { expect, test } from "vitest";
import { CommandReader, editorAction } from "../src/page/command-keys";
import { datasetCell, entryCell, openingCell, pointAtFile, pythonString } from "../src/page/file-cells";
import { formatBytes, formatCount, formatDuration, formatShape, plural } from "../src/page/format";
import { drawingToDot } from "../src/page/graph-export";
import { fittingLabel, LEAST_FIT, labelSize, labelWidth, nodeLabel } from "../src/page/graph-label";
import {
  boxSizes,
  drawingToSvg,
  extentAcross,
  layerHues,
  layerTitle,
  neighbours,
  spread,
} from "../src/page/graph-view";
import { markdownToHtml } from "../src/page/markdown";
import { progressFacts, progressFraction, progressShown, remaining } from "../src/page/progress-text";
import type { TaskGraphDrawing, TaskGraphNode } from "../src/protocol";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "0.98 KiB"],
  [72_000_000, "68.7 MiB"],
  [7_200_000_000, "6.71 GiB"],
  [2 ** 40 * 5000, "5000 TiB"],
])("%d bytes read %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0.4, "< 1 ms"],
  [340, "340 ms"],
  [1250, "1.25 s"],
  [3000, "3 s"],
  [59_940, "59.9 s"],
  [125_000, "2 min 05 s"],
  [3_720_000, "1 h 02 min"],
])("%d milliseconds read %s", (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test("shapes are written as Python's tuples", () => {
  expect([[], [3], [300, 3000]].map(formatShape)).toEqual(["()", "(3,)", "(300, 3000)"]);
  expect([plural(1, "task"), plural(5602, "task")]).toEqual(["1 task", "5,602 tasks"]);
});

const progress = { label: "sum", done: 25, total: 100, bytes: 2 ** 30, elapsed: 2000, memory: 96 * 2 ** 20 };

test("progress is shown after half a second, with rate and time left", () => {
  expect(progressShown({ ...progress, elapsed: 400 })).toBe(false);
  expect(progressShown(null)).toBe(false);
  expect(progressShown(progress)).toBe(true);
  expect(progressFraction(progress)).toBe(0.25);
  expect(remaining(progress)).toBe(6000);
  expect(progressFacts(progress)).toEqual([
    "25 of 100 tasks",
    "1.00 GiB",
    "512 MiB/s",
    "memory 96.0 MiB",
    "2 s",
    "about 6 s left",
  ]);
});

test("progress of unknown extent has no fraction and no time left", () => {
  const unknown = { ...progress, total: 0 };
  expect([progressFraction(unknown), remaining(unknown)]).toEqual([null, null]);
  expect(progressFacts(unknown)[0]).toBe("25 tasks done");
  expect(progressFacts({ ...progress, label: "Writing a.hdf5" })[0]).toBe("25 of 100 chunks");
});

const press = (key: string, modifiers = {}) => ({
  key,
  shiftKey: false,
  ctrlKey: false,
  altKey: false,
  metaKey: false,
  ...modifiers,
});

test("command mode has Jupyter's keys", () => {
  const read = (key: string, modifiers = {}) => new CommandReader().read(press(key, modifiers), 0);
  expect(read("a")).toBe("insert-above");
  expect(read("b")).toBe("insert-below");
  expect(read("m")).toBe("to-markdown");
  expect(read("Enter")).toBe("edit");
  expect(read("Enter", { shiftKey: true })).toBe("run-and-advance");
  expect(read("Enter", { ctrlKey: true })).toBe("run-in-place");
  expect(read("a", { ctrlKey: true }), "the browser's own").toBeNull();
  expect(read("q")).toBeNull();
});

test("in an editor, Enter with one modifier and Escape alone are the cell's", () => {
  const read = (key: string, modifiers = {}) => editorAction(press(key, modifiers));
  expect(read("Enter", { shiftKey: true })).toBe("run-and-advance");
  expect(read("Enter", { ctrlKey: true })).toBe("run-in-place");
  expect(read("Enter", { metaKey: true })).toBe("run-in-place");
  expect(read("Enter", { altKey: true })).toBe("run-and-insert");
  expect(read("Escape")).toBe("leave");
  expect(read("Enter"), "a new line").toBeNull();
  expect(read("Enter", { shiftKey: true, ctrlKey: true })).toBeNull();
  expect(read("a"), "typed").toBeNull();
});

test("d deletes when pressed twice in time, with nothing between", () => {
  const keys = (...presses: [string, number][]) => {
    const reader = new CommandReader();
    return presses.map(([key, time]) => reader.read(press(key), time));
  };
  expect(keys(["d", 0], ["d", 300])).toEqual([null, "delete"]);
  expect(keys(["d", 0], ["d", 2000])).toEqual([null, null]);
  expect(keys(["d", 0], ["j", 100], ["d", 200])).toEqual([null, "select-next", null]);
  expect(keys(["d", 0], ["d", 100], ["d", 200])).toEqual([null, "delete", null]);
});

function node(x: number, y: number, layer: string, count = 1): TaskGraphNode {
  return {
    x,
    y,
    key: `('${layer}', ${x})`,
    label: layer,
    layer,
    shape: [1],
    dtype: "float64",
    bytes: 8,
    count,
  };
}

const drawing: TaskGraphDrawing = {
  width: 300,
  height: 200,
  nodes: [
    node(40, 160, "array"),
    node(90, 160, "array"),
    node(140, 160, "array"),
    node(90, 100, "sum-partial", 1200),
    node(90, 40, "sum"),
  ],
  edges: [
    [0, 3],
    [1, 3],
    [2, 3],
    [3, 4],
  ],
  tasks: 1203,
};

test("boxes of a row never touch, and a lone box is as wide as its label", () => {
  const boxes = boxSizes(drawing);
  expect(boxes.get(160)!.width).toBeLessThan(50);
  expect(boxes.get(100)!.width).toBeGreaterThan(nodeLabel(drawing.nodes[3]!).length * 6);
  expect(boxes.get(160)!.height).toBeLessThan(60);
});

test("a drawing of one node, or none, has a place for it", () => {
  const one = { ...drawing, nodes: [node(10, 10, "array")], edges: [] };
  expect(
    [...boxSizes(one).values()].every(
      ({ width, height }) => width > 0 && height > 0 && Number.isFinite(width),
    ),
  ).toBe(true);
  expect(boxSizes({ ...drawing, nodes: [], edges: [] }).size).toBe(0);
});

test("a box wider than the drawing is not cut off", () => {
  const narrow = { ...drawing, width: 80, nodes: [node(40, 40, "sum-aggregate")], edges: [] };
  const boxes = boxSizes(narrow);
  const { left, width } = extentAcross(narrow, boxes);
  expect(left).toBeLessThanOrEqual(40 - boxes.get(40)!.width / 2);
  expect(left + width).toBeGreaterThanOrEqual(40 + boxes.get(40)!.width / 2);
  expect(extentAcross(drawing, boxSizes(drawing))).toEqual({ left: 0, width: 300 });
});

test("a layer is called by its kind, without its token", () => {
  expect(["sum-partial-3f9a2b01c4", "array", "rechunk-merge-0011aabb"].map(layerTitle)).toEqual([
    "sum-partial",
    "array",
    "rechunk-merge",
  ]);
});

test("layers that do the same have one colour, and others differ", () => {
  const hues = [...layerHues(drawing).values()];
  expect(new Set(hues).size).toBe(3);
  const twice = [node(0, 0, "sum-partial-3f9a2b01c4"), node(9, 0, "sum-partial-00aa11bb22")];
  expect([...layerHues({ ...drawing, nodes: twice }).keys()]).toEqual(["sum-partial"]);
});

test("a label that has no room is written smaller, then its name is cut, and its count never", () => {
  const lone = node(0, 0, "_sum-partial", 24);
  const text = (label: string, count: number, width: number, scale = 1) =>
    fittingLabel(node(0, 0, label, count), { width, height: 30 }, scale).text;
  expect(nodeLabel(lone)).toBe("sum-partial ×24");
  expect(fittingLabel(lone, { width: 150, height: 30 })).toEqual({ text: "sum-partial ×24", size: 12 });
  expect(fittingLabel(lone, { width: 90, height: 30 }).text).toBe("sum-partial ×24");
  expect(fittingLabel(lone, { width: 90, height: 30 }).size).toBeLessThan(12);
  expect(text("_sum-partial", 24, 70)).toBe("sum-p… ×24");
  for (let width = 4; width < 150; width += 1) {
    for (const [label, count] of [
      ["sum", 256],
      ["array", 8],
      ["sum-partial", 1200],
    ] as const) {
      const written = text(label, count, width);
      const counts = [`×${formatCount(count)}`, ...(count === 1200 ? ["×1.2K"] : [])];
      expect(written === "" || counts.some((own) => written.endsWith(own)), `${label} in ${width}`).toBe(
        true,
      );
    }
  }
  expect([text("sum", 256, 34), text("sum", 256, 20)]).toEqual(["×256", ""]);
  expect([text("sum", 1_024, 44), text("sum", 1_240, 34)]).toEqual(["×1,024", "×1.2K"]);
  expect(nodeLabel(node(0, 0, "var → _sqrt", 2))).toBe("var → sqrt ×2");
  // Beside a "sum" that fits, names of a letter or two more are written smaller or cut, not left out.
  expect([text("sum", 1, 31), text("mean", 1, 31), text("array", 1, 31)]).toEqual(["sum", "mean", "array"]);
  expect([text("mean", 1, 28), text("array", 1, 28), text("mean", 1, 16)]).toEqual(["me…", "arr…", ""]);
  expect(fittingLabel(lone, { width: 150, height: 8 }).text).toBe("");
});

test("in a row as close as the engine places them, names are read at the least scale", () => {
  const row = ["mean", "mean", "array", "array"].map((name, at) => ({ ...node(64 * at, 40, name) }));
  const boxes = boxSizes({ ...drawing, nodes: row });
  const texts = row.map((each) => fittingLabel(each, boxes.get(40)!, LEAST_FIT).text);
  expect(texts).toEqual(["mean", "mean", "array", "array"]);
});

test("a label is never wider than its box, at any scale", () => {
  expect([labelSize(1), labelSize(0.5)]).toEqual([12, 18]);
  for (const scale of [0.3, 0.5, 1, 2]) {
    for (let width = 4; width < 200; width += 3) {
      const { text, size } = fittingLabel(node(0, 0, "array", 8), { width, height: 30 }, scale);
      expect(text === "" || labelWidth(text, size) <= width, `${text} in ${width}`).toBe(true);
    }
  }
});

test("nodes with two lines are higher, and stand further apart", () => {
  const wide = spread(drawing);
  expect(wide.width).toBeGreaterThan(2 * drawing.width);
  expect(boxSizes(wide, 2).get(160)!.height).toBeGreaterThan(boxSizes(wide).get(160)!.height);
  expect(boxSizes(wide, 2).get(160)!.width).toBeGreaterThan(boxSizes(drawing).get(160)!.width);
});

test("a drawing is saved for Graphviz as it is drawn", () => {
  const dot = drawingToDot({
    ...drawing,
    nodes: drawing.nodes.slice(0, 4),
    edges: drawing.edges.slice(0, 3),
  });
  expect(dot.split("\n")).toEqual([
    "digraph {",
    "  graph [rankdir=BT];",
    "  node [shape=box, style=rounded];",
    `  "('array', 40)" [label="array\\n40"];`,
    `  "('array', 90)" [label="array\\n90"];`,
    `  "('array', 140)" [label="array\\n140"];`,
    `  "('sum-partial', 90)" [label="sum-partial ×1,200\\n90"];`,
    `  "('array', 40)" -> "('sum-partial', 90)";`,
    `  "('array', 90)" -> "('sum-partial', 90)";`,
    `  "('array', 140)" -> "('sum-partial', 90)";`,
    "}",
    "",
  ]);
});

test("each node knows what it takes and what takes it", () => {
  expect(neighbours(drawing)[3]).toEqual({ inputs: [0, 1, 2], consumers: [4] });
});

test("the standalone picture tells keys and escapes them", () => {
  const svg = drawingToSvg({ ...drawing, nodes: [node(10, 10, "<&>")], edges: [] });
  expect(svg).toContain("('&#60;&#38;&#62;', 10)");
  const colours = { fill: "#111111", stroke: "#222222", ink: "#333333" };
  const look = { nodes: drawing.nodes.map(() => colours), edge: "#444444", paper: "#555555", sizes: true };
  const coloured = drawingToSvg(drawing, look);
  for (const colour of [...Object.values(colours), look.edge, look.paper]) expect(coloured).toContain(colour);
  expect(coloured).not.toContain("hsl(");
  expect(coloured).toContain(">8 B</text>");
});

test.each([
  ["plain.h5", "'plain.h5'"],
  ["it's.h5", '"it\'s.h5"'],
  ["a\\b\n.h5", '"a\\\\b\\n.h5"'],
])("%j as a Python string is %s", (text, literal) => {
  expect(pythonString(text)).toBe(literal);
});

test("the shelf's cells name the file, and open an entry by what it is", () => {
  expect(openingCell("a.h5")).toContain("h5py.File('a.h5', 'r')");
  expect(datasetCell("a.h5", "/x")).toContain("f['/x']");
  const dataset = {
    shape: [3, 4] as number[] | null,
    dtype: "float64",
    numeric: true,
    chunks: null,
    filters: [],
  };
  const entry = { name: "x", kind: "dataset" as const, link: null, dataset, error: null };
  expect(entryCell("a.h5", "/x", entry)).toBe(datasetCell("a.h5", "/x"));
  const last = (lines: string): string | undefined => lines.split("\n").at(-1);
  expect(last(entryCell("a.h5", "/x", { ...entry, dataset: { ...dataset, numeric: false } }))).toBe(
    "item[:10]",
  );
  expect(last(entryCell("a.h5", "/x", { ...entry, dataset: { ...dataset, shape: [] } }))).toBe("item[()]");
  expect(last(entryCell("a.h5", "/x", { ...entry, dataset: { ...dataset, shape: null } }))).toBe("item");
  expect(last(entryCell("a.h5", "/g", { ...entry, kind: "group", dataset: null }))).toBe("list(item)");
  expect(pointAtFile("FILE = 'a'  # b\nDATASET = '/old'\nf", "$&.h5")).toBe(
    "FILE = '$&.h5'  # b\nDATASET = None\nf",
  );
});

test("markdown becomes HTML, with its fenced Python coloured and escaped", () => {
  const html = markdownToHtml("# A\n\n```python\nif 1 < 2: pass\n```\n");
  expect(html).toContain("<h1>A</h1>");
  expect(html).toContain('<span class="tok-keyword">if</span>');
  expect(html).toContain("&lt;");
});
