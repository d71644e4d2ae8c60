/** The data of a dataset in the file browser: what is drawn has the numbers of the file. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, runCell } from "./harness.mjs";

let opened;

before(async () => {
  opened = await openPage();
  const { error } = await runCell(
    opened.page,
    `
import h5py, numpy as np
with h5py.File("look.hdf5", "w") as f:
    f["line"] = np.arange(5000.0)
    f["plane"] = np.arange(600.0 * 400).reshape(600, 400)
    f["shorts"] = np.array([-29999, 0, 29999], dtype="i2")
    f["far"] = np.array([1., 2, 3]) * 1000 + 1e8
    f["single"] = 3.25
    f["none"] = np.zeros((0, 4))
    f["cube"] = np.arange(24).reshape(2, 3, 4)
    big = f.create_dataset("big", shape=(3000, 1000), chunks=(100, 1000), dtype="f8", compression="gzip")
    big[:] = np.ones((3000, 1000))
`,
  );
  assert.equal(error, null);
  await opened.page.getByRole("button", { name: "Contents of look.hdf5" }).click();
});

after(async () => {
  await opened?.close();
});

function select(page, name) {
  return page.getByRole("treeitem", { name: new RegExp(`^${name} `) }).click();
}

test("a vector is drawn as a line whose every point can be read", async () => {
  const { page } = opened;
  await select(page, "line");
  await page.getByText("from 0 to 4999, mean 2499.5").waitFor();
  await page.getByRole("img", { name: /Line of 5,000 elements/ }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByText(/^0 to \d+: mean \d/).waitFor();
  await page.getByText("The histogram as a table").click();
  const cells = await page.locator("chunkbook-histogram tbody td:last-child").allTextContents();
  assert.equal(cells.length, 64);
  assert.equal(
    cells.reduce((sum, text) => sum + Number(text.replaceAll(",", "")), 0),
    5000,
  );
});

test("a matrix is drawn as a heatmap of means", async () => {
  const { page } = opened;
  await select(page, "plane");
  const map = page.getByRole("img", { name: /Heatmap of 600 by 400 elements in 160 by 160 means/ });
  await map.focus();
  await page.keyboard.press("ArrowRight");
  // Rows 0 to 3 and columns 0 to 2: the mean of 0, 1, 2 and of the rows below, 600 on the whole.
  await page.getByText("rows 0 to 3, columns 0 to 2: 601").waitFor();
});

test("what a dataset is stands above its picture, and the picture's axes have names", async () => {
  const { page } = opened;
  const details = page.locator("chunkbook-file-browser .details");
  await details.getByText("axis 0", { exact: true }).waitFor();
  await details.getByText("axis 1", { exact: true }).waitFor();
  const shape = await details.locator("dt", { hasText: "shape" }).boundingBox();
  const map = await details.locator("canvas.heatmap").boundingBox();
  assert.ok(shape.y + shape.height <= map.y);
});

test("of more than two axes a part is looked at, which a slider chooses", async () => {
  const { page } = opened;
  await select(page, "cube");
  await page.getByText("from 0 to 11, mean 5.5").waitFor();
  await page.getByLabel("Axis 0").press("ArrowRight");
  await page.getByText("from 12 to 23, mean 17.5").waitFor();
});

test("a large dataset is looked at when asked for, with what it costs on the button", async () => {
  const { page } = opened;
  await select(page, "big");
  await page.getByRole("button", { name: "Look at the data (reads 22.9 MiB)" }).click();
  await page.getByText("from 1 to 1, mean 1").waitFor();
});

test("the ends are told as they are, and bars far from zero can be told apart", async () => {
  const { page } = opened;
  await select(page, "shorts");
  await page.getByText("from -29999 to 29999, mean 0").waitFor();
  await page.getByRole("img", { name: /Histogram of 3 elements from -29999 to 29999/ }).waitFor();
  await select(page, "far");
  await page.getByText("from 100001000 to 100003000, mean 100002000").waitFor();
  const bars = await page.locator("chunkbook-histogram tbody td:first-child").allTextContents();
  assert.equal(new Set(bars).size, 64);
});

test("a single number and an array without elements are told of in words", async () => {
  const { page } = opened;
  const plot = page.locator("chunkbook-data-plot");
  await select(page, "single");
  await plot.getByText("A single number, which needs no picture: 3.25").waitFor();
  assert.equal(await plot.locator("svg").count(), 0);
  await select(page, "none");
  await plot.getByText("It has no elements, so there is nothing to draw.").waitFor();
});
