/**
 * The tutorial notebook runs in the page from the first cell to the last, and its answers are those
 * that NumPy gives for the same random numbers.
 *
 * What the cells put out is left in test-results/tutorial-page-outputs.json, where
 * tests/oracle/tutorial_cpython.py compares it with the same cells under CPython.
 */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openPage, python, ROOT, runCell } from "./harness.mjs";

const NOTEBOOK = join(ROOT, "www/notebooks/tutorial.ipynb");
const RESULTS = join(ROOT, "test-results");

// The one edit: the side of the array of step 4. The oracle makes the same one.
const FULL_SIZE = "ROWS = COLUMNS = 30000 ";
const REDUCED_SIZE = "ROWS = COLUMNS = 1500 ";

/** Sums are added up in another order than NumPy's, and so end in other digits. */
const RELATIVE_TOLERANCE = 1e-9;

/** NumPy's answers over the random numbers of steps 1 and 4, held in memory as a whole. */
const REFERENCE = `
import json, numpy

def numbers(seed, side):
    numpy.random.seed(seed)
    chunks = [numpy.random.rand(300, side) for start in range(0, side, 300)]
    values = numpy.concatenate(chunks)
    return {"sum": values.sum(), "mean": values.mean(), "var": values.var(), "std": values.std(),
            "variance of variances": numpy.var([chunk.var() for chunk in chunks])}

print(json.dumps({"small": numbers(0, 3000), "large": numbers(7, 1500)}))
`;

/** The notebook's code cells as `{ id, source }`, with the size of step 4 reduced. */
async function codeCells() {
  const text = await readFile(NOTEBOOK, "utf8");
  assert.equal(text.split(FULL_SIZE).length, 2, `${NOTEBOOK} sets ${FULL_SIZE}once`);
  const notebook = JSON.parse(text.replace(FULL_SIZE, REDUCED_SIZE));
  return notebook.cells
    .filter((cell) => cell.cell_type === "code")
    .map(({ id, source }) => ({ id, source: Array.isArray(source) ? source.join("") : source }));
}

/** Runs a cell and says, besides what it put out, in which forms. */
async function runWithForms(page, { id, source }) {
  const { outputs, ...report } = await page.evaluate(async (text) => {
    const { stdout, result, error, outputs } = await window.chunkbook.run(text);
    return { stdout, result, error, outputs };
  }, source);
  return { id, ...report, mime: outputs.flatMap((bundle) => Object.keys(bundle)) };
}

/** The number printed behind a name at the start of a line, such as `mean 0.4999`. */
function printedValue(name, text) {
  const found = text.match(new RegExp(`^${name} +(\\S+)`, "m"));
  return found === null ? Number.NaN : Number(found[1]);
}

function assertClose(found, expected, what) {
  const allowed = RELATIVE_TOLERANCE * Math.abs(expected);
  assert.ok(Math.abs(found - expected) <= allowed, `${what} is ${found}, NumPy says ${expected}`);
}

test("the tutorial runs from the first cell to the last and gives NumPy's answers", async (t) => {
  const cells = await codeCells();
  const reference = python(REFERENCE);
  const { page, errors, close } = await openPage();
  const outputs = [];
  try {
    for (const cell of cells) {
      await t.test(`cell ${cell.id} runs without an error`, async () => {
        const output = await runWithForms(page, cell);
        outputs.push(output);
        assert.equal(output.error, null);
      });
    }
    assert.deepEqual(errors, [], "no uncaught exception in the page");
  } finally {
    await close();
    await mkdir(RESULTS, { recursive: true });
    await writeFile(join(RESULTS, "tutorial-page-outputs.json"), `${JSON.stringify(outputs, null, 1)}\n`);
  }
  const printed = new Map(outputs.map(({ id, stdout }) => [id, stdout]));

  await t.test("step 1 says which chunk it writes", () => {
    const lines = Array.from({ length: 10 }, (_, i) => `Writing chunk ${300 * i} -> ${300 * (i + 1)}\n`);
    assert.equal(printed.get("write-small"), lines.join(""));
  });

  for (const [id, numbers] of [
    ["naive-answers", reference.small],
    ["dask-answers", reference.small],
    ["own-answers", reference.small],
    ["dask-big", reference.large],
    ["dask-big-answers", reference.large],
  ]) {
    await t.test(`sum, mean, var and std of cell ${id} are NumPy's`, () => {
      for (const name of ["sum", "mean", "var", "std"]) {
        assertClose(printedValue(name, printed.get(id)), numbers[name], name);
      }
    });
  }

  await t.test("step 8 falls into the trap, and out of it", () => {
    const trap = printed.get("combine-wrong");
    assertClose(printedValue("sum", trap), reference.large.sum, "sum");
    assertClose(printedValue("mean", trap), reference.large.mean, "mean");
    assertClose(printedValue("var", trap), reference.large["variance of variances"], "variance of variances");
    const right = printed.get("combine-right");
    assertClose(printedValue("var", right), reference.large.var, "var");
    assertClose(printedValue("std", right), reference.large.std, "std");
  });

  await t.test("step 7 draws the task graph", () => {
    const { mime } = outputs.find(({ id }) => id === "draw");
    assert.ok(mime.includes("application/vnd.chunkbook.graph+json"), `its forms are ${mime}`);
  });
});

test("reading 7.2 GB at once is a MemoryError with both sizes, and the kernel lives on", async () => {
  const { page, close } = await openPage();
  try {
    // Chunks that were never written take no storage, but as much memory as any when read.
    const made = await runCell(
      page,
      `import h5py
with h5py.File("large.hdf5", "w") as file:
    file.create_dataset("/data", shape=(30000, 30000), dtype="float64", chunks=(300, 30000))
kept = 42`,
    );
    assert.equal(made.error, null);

    const naive = await runCell(page, `file = h5py.File("large.hdf5", "r")\nfile["/data"][:]`);
    assert.match(naive.error ?? "no error", /MemoryError: .*6\.71 GiB.*[\d.]+ [GM]iB/s);

    const after = await runCell(page, `print(kept)\nfile["/data"][29999, :3].sum()`);
    assert.deepEqual([after.error, after.stdout], [null, "42\n"]);
  } finally {
    await close();
  }
});
