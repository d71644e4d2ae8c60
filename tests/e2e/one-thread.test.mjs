/** Where the page cannot be isolated, files are written and read on the kernel's own thread. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, runCell } from "./harness.mjs";

let opened;

before(async () => {
  opened = await openPage({ headers: false, serviceWorkers: "block" });
});

after(async () => {
  await opened?.close();
});

async function value(source) {
  const { result, error } = await runCell(opened.page, source);
  assert.equal(error, null, source);
  return result;
}

test("a file written in one cell can be read in it and, still open, in the next", async () => {
  assert.equal(opened.info.isolated, false);
  const written = await value(`
import h5py, numpy as np, dask.array as da
with h5py.File('steps.h5', 'w') as f:
    x = f.create_dataset('x', shape=(100, 10), dtype='f8', chunks=(30, 10))
    for start in range(0, 100, 30):
        stop = min(start + 30, 100)
        x[start:stop] = np.arange(start * 10.0, stop * 10.0).reshape(stop - start, 10)
open_file = h5py.File('steps.h5')
float(open_file['x'][:].sum())`);
  assert.equal(written, "499500.0");
  assert.equal(
    await value("float(da.from_array(open_file['x'], chunks=(30, 10)).sum().compute())"),
    "499500.0",
  );
});

test("a file written anew holds the new elements, and says so to those who had the old one open", async () => {
  assert.equal(
    await value(
      "with h5py.File('steps.h5', 'w') as f:\n    f.create_dataset('y', data=np.ones(7))\nlist(h5py.File('steps.h5'))",
    ),
    "['y']",
  );
  const { error } = await runCell(opened.page, "open_file['x'][:]");
  assert.match(error, /open it again/);
  assert.equal(await value("float(h5py.File('steps.h5')['y'][:].sum())"), "7.0");
});

test("a deleted file is gone at once", async () => {
  assert.equal(await value("import os\nos.remove('steps.h5')\nos.path.exists('steps.h5')"), "False");
  const { error } = await runCell(opened.page, "h5py.File('steps.h5')");
  assert.match(error, /FileNotFoundError/);
});

test("a dropped file hides a stored one of its name wherever files are listed", async () => {
  await value("with h5py.File('twin.h5', 'w') as f:\n    f['x'] = np.ones(3)\n");
  await opened.page.evaluate(() => window.chunkbook.addFile(new File(["x".repeat(77)], "twin.h5")));
  assert.equal(await value("os.path.getsize('twin.h5'), os.listdir().count('twin.h5')"), "(77, 1)");
});

test("the page says in a sentence that it computes on one thread", async () => {
  await opened.page
    .getByText(/one thread/i)
    .first()
    .waitFor();
});
