/**
 * The file browser on the shelf: a file's tree by mouse and keyboard, what it says of an object, and the cell
 * it makes of one.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { dropFile, openPage, python, runCell } from "./harness.mjs";

let folder;
let opened;
let page;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chunkbook-browser-"));
  const path = join(folder, "survey.h5");
  python(
    `
import h5py, numpy as np, sys
with h5py.File(sys.argv[1], 'w') as f:
    d = f.create_dataset('grid/temperature', data=np.arange(600.0).reshape(20, 30), chunks=(5, 30),
                         maxshape=(None, 30), compression='gzip', shuffle=True)
    d.attrs['units'] = 'kelvin'
    d.attrs['levels'] = np.arange(50)
    f['grid/names'] = ['north', 'south']
    f['scalar'] = 1.5
    f['table'] = np.zeros(4, [('x', '<i4'), ('y', '<f8')])
    f['link'] = h5py.SoftLink('/grid/temperature')
    f['lost'] = h5py.ExternalLink('elsewhere.h5', '/x')
    for number in range(450):
        f.create_group(f'many/g{number:03}')
    f['<img src=x onerror=alert(1)>'] = 1
print(1)
`,
    path,
  );
  opened = await openPage();
  page = opened.page;
  await dropFile(page, path);
  await page.getByRole("button", { name: "Contents of survey.h5" }).click();
  await item("grid").waitFor();
});

after(async () => {
  assert.deepEqual(opened?.errors, []);
  await opened?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The line of the tree for `name`. */
function item(name) {
  return page.getByRole("treeitem", { name: new RegExp(`^${name}( |,|$)`) });
}

function focused() {
  return page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element?.getAttribute("aria-label") ?? null;
  });
}

test("the tree says of each entry what it is, broken links among them, and takes no name for markup", async () => {
  const labels = await page.getByRole("treeitem").evaluateAll((all) => all.map((one) => one.ariaLabel));
  assert.deepEqual(labels, [
    "<img src=x onerror=alert(1)> () int64, dataset",
    "grid, group",
    "link ↪ (20, 30) float64, dataset",
    "lost cannot be opened, object",
    "many, group",
    "scalar () float64, dataset",
    "table (4,) compound, dataset",
  ]);
  await item("lost").click();
  await page.getByText("'elsewhere.h5' is not at hand").first().waitFor();
});

test("by keyboard alone one gets into a group, to a dataset, and to a cell that opens it", async () => {
  await item("grid").focus();
  await page.keyboard.press("ArrowRight");
  await item("temperature").waitFor();
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(), "names (2,) string, dataset");
  await page.keyboard.press("t");
  assert.equal(await focused(), "temperature (20, 30) float64, dataset");
  const details = page.getByRole("region", { name: "About /grid/temperature" });
  await details.getByText("chunks of (5, 30)").waitFor();
  const text = await details.innerText();
  for (const part of ["(∞, 30)", "shuffle, gzip 4", "4.69 KiB, stored in", "kelvin", "[0, 1, 2,", "(50,)"]) {
    assert.ok(text.includes(part), `${part} is missing in: ${text}`);
  }
  await page.keyboard.press("Enter");
  const source = await page.evaluate(
    () => window.chunkbook.cells.find((cell) => cell.source.includes("/grid/temperature")).source,
  );
  const { error } = await runCell(page, source);
  assert.equal(error, null);
  await item("grid").focus();
  await page.keyboard.press("ArrowLeft");
  assert.equal(await item("temperature").count(), 0);
});

test("a text dataset's button makes a cell that shows its first elements", async () => {
  await item("grid").click();
  await item("names").click();
  await page
    .getByRole("region", { name: "About /grid/names" })
    .getByRole("button", { name: "Use in a cell" })
    .click();
  const source = await page.evaluate(
    () => window.chunkbook.cells.find((cell) => cell.source.includes("/grid/names")).source,
  );
  const { result, error } = await runCell(page, source);
  assert.equal(error, null);
  assert.match(result, /north/);
});

test("a long group comes in pages, each at a wish", async () => {
  await item("many").click();
  await item("g199").waitFor();
  assert.equal(await item("g200").count(), 0);
  await page.getByRole("treeitem", { name: "Show 200 more of 250" }).click();
  await item("g399").waitFor();
  await page.getByRole("treeitem", { name: "Show 50 more of 50" }).click();
  await item("g449").waitFor();
  assert.equal(await page.getByRole("treeitem", { name: /^Show/ }).count(), 0);
});
