import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { restoreNotebook, saveNotebook } from "../src/page/autosave";
import { parseNotebook, serializeNotebook } from "../src/page/ipynb";
import { StreamText } from "../src/page/stream-text";

const file = {
  cells: [
    { cell_type: "markdown", id: "intro", metadata: {}, source: ["# Title\n", "text"] },
    {
      cell_type: "code",
      id: "sum",
      metadata: { tags: ["slow"] },
      execution_count: 3,
      source: "a = 1\na",
      outputs: [
        { output_type: "stream", name: "stdout", text: ["one\n", "two\n"] },
        {
          output_type: "display_data",
          data: { "text/plain": "<Graph>", "text/html": ["<b>", "g</b>"] },
          metadata: {},
        },
        { output_type: "execute_result", execution_count: 3, data: { "text/plain": ["1"] }, metadata: {} },
        {
          output_type: "error",
          ename: "KeyError",
          evalue: "'x'",
          traceback: ["\x1b[31mKeyError\x1b[0m", "'x'"],
        },
      ],
    },
  ],
  metadata: { authors: ["someone"] },
  nbformat: 4,
  nbformat_minor: 5,
};

test("a notebook read and written is the same notebook", () => {
  const written = JSON.parse(
    serializeNotebook(parseNotebook(JSON.stringify(file), "a.ipynb"), { outputs: true }),
  );
  const [intro, sum] = written.cells;
  expect(intro).toEqual(file.cells[0]);
  expect(sum.source).toEqual(["a = 1\n", "a"]);
  expect(sum.metadata).toEqual({ tags: ["slow"] });
  expect(sum.outputs[0]).toEqual(file.cells[1]?.outputs?.[0]);
  expect(sum.outputs[1].data).toEqual({ "text/plain": ["<Graph>"], "text/html": ["<b>g</b>"] });
  expect(sum.outputs[2]).toEqual(file.cells[1]?.outputs?.[2]);
  expect(sum.outputs[3].traceback).toEqual(["KeyError", "'x'"]);
  expect(written.metadata.authors).toEqual(["someone"]);
  expect([written.nbformat, written.nbformat_minor]).toEqual([4, 5]);
});

test("the tutorial keeps every cell's kind, id and source", () => {
  const text = readFileSync(new URL("../notebooks/tutorial.ipynb", import.meta.url), "utf8");
  const original = JSON.parse(text) as {
    cells: { cell_type: string; id: string; source: string | string[] }[];
  };
  const written = JSON.parse(
    serializeNotebook(parseNotebook(text, "tutorial.ipynb"), { outputs: true }),
  ) as typeof original;
  const essence = (notebook: typeof original) =>
    notebook.cells.map(({ cell_type, id, source }) => [cell_type, id, [source].flat().join("")]);
  expect(essence(written)).toEqual(essence(original));
});

test("without outputs, none are written and no count is left", () => {
  const notebook = parseNotebook(JSON.stringify(file), "a.ipynb");
  const written = JSON.parse(serializeNotebook(notebook, { outputs: false }));
  expect(written.cells[1]).toMatchObject({ outputs: [], execution_count: null });
});

test("a drawing is written with a picture for readers that cannot draw it", () => {
  const notebook = parseNotebook(JSON.stringify(file), "a.ipynb");
  const node = {
    x: 50,
    y: 20,
    key: "('sum', 0)",
    label: "sum",
    layer: "sum",
    shape: [],
    dtype: "float64",
    bytes: 8,
    count: 1,
  };
  const graph = { width: 100, height: 40, nodes: [node], edges: [] as [number, number][], tasks: 1 };
  const cells = notebook.cells.map((cell) => ({
    ...cell,
    outputs: [
      {
        type: "display" as const,
        data: { "text/plain": "graph", "application/vnd.chunkbook.graph+json": graph },
      },
      { type: "stream" as const, name: "stdout" as const, text: new StreamText("x") },
    ],
  }));
  const text = serializeNotebook({ ...notebook, cells }, { outputs: true });
  const { data } = JSON.parse(text).cells[1].outputs[0];
  expect(data["image/svg+xml"].join("")).toContain("<title>('sum', 0): float64 (), 8 B</title>");
  const again = parseNotebook(text, "a.ipynb").cells[1]?.outputs[0];
  expect(again).toMatchObject({ data: { "application/vnd.chunkbook.graph+json": graph } });
});

test.each([
  ["plain text", "not a notebook", /does not hold JSON/],
  ["another JSON file", '{"a": 1}', /no list of cells/],
  ["format 3", '{"cells": [], "nbformat": 3}', /format 3.*reads format 4/],
])("%s is refused with the reason", (_what, text, reason) => {
  expect(() => parseNotebook(text, "x.ipynb")).toThrow(reason);
});

test("cells that share an id are told apart", () => {
  const twins = { ...file, cells: [file.cells[0], file.cells[0]] };
  const [first, second] = parseNotebook(JSON.stringify(twins), "a.ipynb").cells;
  expect(first?.id).not.toBe(second?.id);
});

test("a notebook kept in the browser comes back; a broken one does not stop the page", () => {
  const kept = new Map<string, string>();
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  expect(restoreNotebook(storage)).toBeNull();
  const notebook = parseNotebook(JSON.stringify(file), "mine.ipynb");
  expect(saveNotebook(storage, notebook)).toBe(true);
  expect(restoreNotebook(storage)?.name).toBe("mine.ipynb");
  expect(restoreNotebook(storage, "before")).toBeNull();
  expect(saveNotebook(storage, { ...notebook, name: "other.ipynb" }, "before")).toBe(true);
  expect(restoreNotebook(storage)?.name).toBe("mine.ipynb");
  expect(restoreNotebook(storage, "before")?.name).toBe("other.ipynb");
  expect(restoreNotebook(storage)?.cells.map((cell) => cell.source)).toEqual(
    notebook.cells.map((cell) => cell.source),
  );
  for (const key of kept.keys()) kept.set(key, "{");
  expect(restoreNotebook(storage)).toBeNull();
});
