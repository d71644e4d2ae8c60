/** The views of computations that are out of the ordinary: large, cut, dropped, failed, or on a narrow page. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { ended, known, runInNotebook } from "./computations.mjs";
import { dropFile, openPage, python, runCell } from "./harness.mjs";

let opened;
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chunkbook-unusual-"));
  opened = await openPage();
  const { page } = opened;
  await runCell(page, "import h5py, numpy, dask, dask.array as da");
  // Views stay open in a cell that is run again, as each test does with the last one.
  await runInNotebook(page, "da.from_array(numpy.ones(4), chunks=2).sum().compute()");
  await (await ended(page)).getByRole("button", { name: "How it ran" }).click();
});

after(async () => {
  await opened?.close();
  await rm(folder, { recursive: true, force: true });
});

test("of chunks in more than two axes a slice is shown, which a slider chooses", async () => {
  const { page } = opened;
  await runInNotebook(page, "da.from_array(numpy.ones((3, 4, 5)), chunks=(1, 1, 1)).sum().compute()");
  const view = await ended(page);
  await view.getByRole("tab", { name: "Chunks" }).click();
  const slider = view.getByLabel("Axis 0");
  await slider.focus();
  await page.keyboard.press("ArrowRight");
  await view.getByRole("img", { name: /Grid of 60 chunks/ }).focus();
  await page.keyboard.press("ArrowRight");
  assert.match(await view.locator(".about").first().textContent(), /^\s*chunk \(1, 0, 0\)/);
  assert.deepEqual(opened.errors, []);
});

test("chunks that nothing asks for are not needed, and do not wait", async () => {
  const { page } = opened;
  await runInNotebook(
    page,
    `with h5py.File("many.hdf5", "w") as f:
    f.create_dataset("d", data=numpy.ones(1000), chunks=(1,))
many = da.from_array(h5py.File("many.hdf5", "r")["d"], chunks=1)
many[:10].sum().compute()
(many + 1)[:10].sum().compute()`,
  );
  const view = await ended(page);
  await view.getByRole("tab", { name: "Chunks" }).click();
  await view.getByRole("button", { name: "Computation before" }).click();
  await view.getByText("What is asked for of many.hdf5:/d, in 10 chunks (10,)").waitFor();
  await view.getByLabel("Colour by").selectOption("state");
  await view.locator(".legend").getByText("combined 10").waitFor();
  await view.getByText("The chunks as a table").click();
  await view.getByRole("table", { name: "Single chunks" }).getByText("stored in 8 B").first().waitFor();
  await view.getByRole("button", { name: "Next computation" }).click();
  await view.getByLabel("Colour by").selectOption("state");
  await view.locator(".legend").getByText("not needed 990").waitFor();
  await view.locator(".legend").getByText("not run 0").waitFor();
  await view.getByRole("img", { name: /Grid of 1,000 chunks/ }).focus();
  for (const key of ["ArrowRight", "ArrowDown"]) await page.keyboard.press(key);
  assert.match(await view.locator(".about").first().textContent(), /not needed/);
});

test("of more tasks than are recorded no chunk waits, the sums are those of all, and the views say what they leave out", async () => {
  const { page } = opened;
  await runInNotebook(page, "da.from_array(numpy.zeros(220000), chunks=1).sum().compute()");
  await ended(page);
  const { computation, waiting } = await page.evaluate(() => {
    const { store } = document.querySelector("chunkbook-app");
    const cell = store.notebook.cells.findLast(({ computations }) => computations.length > 0);
    const last = cell.computations.at(-1);
    const states = Array.from({ length: 220_000 }, (_, position) => last.state(0, position));
    const { count, recorded, partial, latest, drawing } = last;
    return {
      computation: { count, recorded, partial, latest, drawing },
      waiting: states.filter((state) => state !== "done").length,
    };
  });
  const { count, recorded, partial, latest, drawing } = computation;
  assert.deepEqual([count, partial, waiting], [200_000, true, 0]);
  assert.ok(drawing.nodes.length > 1 && drawing.nodes.length <= 300, "it was drawn while it ran");
  assert.equal(
    drawing.nodes.reduce((tasks, node) => tasks + node.count, 0),
    drawing.tasks,
  );
  assert.equal(latest.done, latest.total);
  assert.ok(latest.totals.ended > 220_000);
  const view = page.locator("chunkbook-computation").last();
  await view.getByRole("tab", { name: "Chunks" }).click();
  await view.getByRole("img", { name: /Grid of 220,000 chunks/ }).focus();
  await page.keyboard.press("ArrowRight");
  await view
    .locator(".about")
    .first()
    .getByText(/^chunk \(0,\)/)
    .waitFor();
  const grid = view.locator("canvas");
  const { height } = await grid.boundingBox();
  await grid.hover({ position: { x: 3, y: height - 3 } });
  await view.locator(".about").first().getByText("combined, not recorded").waitFor();
  const first = `the first ${recorded.toLocaleString("en-US")} tasks only`;
  assert.ok((await view.locator(".facts").textContent()).includes(first));
  await view.getByLabel("Colour by").selectOption("state");
  await view.getByText("combined 220,000").waitFor();
  const part = view.locator(".part");
  for (const tab of ["Chunks", "Threads", "Graph", "Memory"]) {
    await view.getByRole("tab", { name: tab }).click();
    await part.filter({ hasText: first }).waitFor();
  }
  await view.getByRole("tab", { name: "Chunks" }).click();
  await part.filter({ hasText: "What is stored is told of the first 100,000 chunks only." }).waitFor();
  await view.getByLabel("Colour by").selectOption("state");
  await view.getByText("combined 220,000").waitFor();
});

test("after a failure the views open by state, say what was not run, and leave the error to the cell", async () => {
  const { page } = opened;
  const path = join(folder, "broken.hdf5");
  python(
    `
import h5py, numpy, sys
with h5py.File(sys.argv[1], "w") as f:
    d = f.create_dataset("d", data=numpy.ones((60, 60)), chunks=(10, 10), compression="gzip")
    at = d.id.get_chunk_info(14).byte_offset
with open(sys.argv[1], "r+b") as f:
    f.seek(at)
    f.write(bytes([255] * 8))
print("null")
`,
    path,
  );
  await dropFile(page, path);
  await runInNotebook(
    page,
    'd = h5py.File("broken.hdf5", "r")["d"]\nda.from_array(d, chunks=(10, 10)).sum().compute()',
  );
  const view = await ended(page);
  await view.getByText("failed at chunk (2, 2)", { exact: true }).waitFor();
  await view.getByRole("tab", { name: "Chunks" }).click();
  assert.equal(await view.getByLabel("Colour by").inputValue(), "state");
  await view.locator(".legend").getByText("not run").waitFor();
  await view.getByRole("tab", { name: "Graph" }).click();
  assert.equal(await view.getByLabel("Colour by").inputValue(), "state");
  const last = view.locator("chunkbook-graph .node", { hasText: "sum" }).first();
  await last.click();
  await view.locator(".picked").getByText("Not run", { exact: true }).waitFor();
});

test("an output that is wider than its box can be scrolled with keys, and no other takes a stop", async () => {
  const { page } = opened;
  const wide = "<div style='width: 4000px'>wide</div>";
  await runInNotebook(
    page,
    `from IPython.display import HTML, display\ndisplay(HTML("<p>narrow</p>"))\nHTML("${wide}")`,
  );
  await ended(page);
  const rich = page.locator("chunkbook-output .rich");
  await rich.filter({ hasText: "wide" }).and(page.locator("[tabindex='0']")).waitFor();
  assert.equal(await rich.filter({ hasText: "narrow" }).getAttribute("tabindex"), null);
});

test("on a narrow page the letters of the memory view keep their size", async () => {
  const { page } = opened;
  await runInNotebook(page, "da.from_array(numpy.ones((400, 600)), chunks=100).sum().compute()");
  const view = await ended(page);
  await view.getByRole("tab", { name: "Memory" }).click();
  const before = page.viewportSize();
  await page.setViewportSize({ width: 390, height: 900 });
  const svg = view.locator("chunkbook-memory-chart svg").first();
  await page.waitForFunction(
    (drawing) => {
      const { width } = drawing.getBoundingClientRect();
      return width < 390 && Math.abs(width - drawing.viewBox.baseVal.width) < 1;
    },
    await svg.elementHandle(),
  );
  await page.setViewportSize(before);
});

test("the memory view tells what is kept of a dropped file", async () => {
  const { page } = opened;
  const path = join(folder, "kept.hdf5");
  python(
    `
import h5py, numpy, sys
with h5py.File(sys.argv[1], "w") as f:
    f.create_dataset("d", data=numpy.ones((1000, 1000)))
print("null")
`,
    path,
  );
  await dropFile(page, path);
  await runInNotebook(
    page,
    'kept = da.from_array(h5py.File("kept.hdf5", "r")["d"], chunks=(100, 1000))\nkept.sum().compute()',
  );
  const view = await ended(page);
  const { latest } = await known(page);
  assert.ok(latest.cached >= 8_000_000, `${latest.cached} bytes are kept of 8,000,000 that were read`);
  await view.getByRole("tab", { name: "Memory" }).click();
  await view.getByText(/and \d+\.\d+ MiB of files that were read/).waitFor();
  await view.getByText("kept of files", { exact: true }).waitFor();
});
