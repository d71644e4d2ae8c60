import { readFileSync } from "node:fs";
import { beforeEach, expect, test } from "vitest";
import { FakeEngine } from "./fake-engine";
import { createPython, type Ran } from "./python-host";

let run: (source: string, label?: string) => Ran;
let engine: FakeEngine;

beforeEach(async () => {
  engine = new FakeEngine();
  ({ run } = await createPython(engine.dispatch));
});

test("a cell prints, and its last expression is its value", () => {
  expect(run("print('hello', 1/3)\nx = 2\nx * 21")).toMatchObject({
    stdout: "hello 0.3333333333333333\n",
    text: "42",
  });
});

test("the tutorial's code cells run at a small size", () => {
  const path = new URL("../notebooks/tutorial.ipynb", import.meta.url);
  const notebook = JSON.parse(readFileSync(path, "utf8")) as {
    cells: { cell_type: string; source: string[] }[];
  };
  const cells = notebook.cells
    .filter((cell) => cell.cell_type === "code")
    .map((cell) => cell.source.join(""));
  const small = cells.map((cell) =>
    cell
      .replaceAll("3000, 3000", "30, 30")
      .replaceAll("300, 3000", "3, 30")
      .replaceAll("0, 3000, 300", "0, 30, 3")
      .replaceAll("start + 300", "start + 3")
      .replaceAll("ROWS = COLUMNS = 30000", "ROWS = COLUMNS = 24")
      .replaceAll("(300, COLUMNS)", "(3, COLUMNS)")
      .replaceAll("0, ROWS, 300", "0, ROWS, 3")
      .replaceAll("start:start + 300", "start:start + 3")
      .replaceAll("%timeit", "%timeit -n 1 -r 1"),
  );
  for (const cell of small) {
    const { error, stdout, text } = run(cell);
    if (process.env.SHOW) console.log(`${cell}\n---\n${stdout}${text ?? ""}`);
    expect(error?.traceback ?? null, cell).toBe(null);
  }
});
