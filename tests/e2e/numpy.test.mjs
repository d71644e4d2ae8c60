/** NumPy's arithmetic in cells, against NumPy. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openPage, python, runCell } from "./harness.mjs";

let opened;

before(async () => {
  opened = await openPage();
});

after(async () => {
  await opened?.close();
});

const SIDES = `
import json
import numpy as np
import dask.array as da
a = np.arange(4.0)
d = da.from_array(a, chunks=2)
found = [
    (0.5 * a).tolist(),
    (1.5 - a).tolist(),
    (2 ** a).tolist(),
    (6.0 / (a + 1)).tolist(),
    (7.5 // (a + 1)).tolist(),
    (0.5 * d + (1.0 - d)).compute().tolist(),
    str(type(0.5 * d.sum())).count("Array"),
    float(np.array(2.5)),
    float(d.sum()),
    float("1e3"),
    float(),
    isinstance(0.5, float),
]
print(json.dumps(found))
`;

test("a number on the left of an array, in memory or lazy, does what it does in NumPy and Dask", async () => {
  const { stdout, error } = await runCell(opened.page, SIDES);
  assert.equal(error, null);
  assert.deepEqual(JSON.parse(stdout), python(SIDES));
});
