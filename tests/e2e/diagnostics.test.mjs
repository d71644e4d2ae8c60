/** `dask.diagnostics`: what ran when, as Dask's own profiler tells it. */
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

const PROFILED = `
import json
import dask.array as da, numpy
from dask.diagnostics import Profiler
x = da.from_array(numpy.arange(4000.0).reshape(40, 100), chunks=(10, 100))
total = (x + 1).sum()
with Profiler() as prof:
    total.compute()
`;

/** What holds of the tasks of either: each once, none ending before it begins. */
const FACTS = `
keys = [task.key for task in prof.results]
forwards = all([task.start_time <= task.end_time for task in prof.results])
print(json.dumps([len(keys) == len(set(keys)), forwards, len(prof.results[0])]))
`;

test("a profiler notes every task once, with key, layers, begin, end and thread, as Dask's does", async () => {
  const { stdout, error } = await runCell(opened.page, PROFILED + FACTS);
  assert.equal(error, null);
  const native = python(PROFILED + FACTS);
  assert.deepEqual(native, [true, true, 5]);
  assert.deepEqual(JSON.parse(stdout), native);
  const { result } = await runCell(opened.page, "prof.results[-1].key == total.__dask_keys__()[0]");
  assert.equal(result, "True");
});

test("tasks that begin at the same tick of the clock stay in the order in which they ended", async () => {
  const { stdout, error } = await runCell(
    opened.page,
    `orders = []
for turn in range(200):
    y = da.from_array(numpy.arange(4000.0).reshape(40, 100), chunks=(10, 100))
    last = (y + 1).sum()
    with Profiler() as each:
        last.compute()
    orders.append(each.results[-1].key == last.__dask_keys__()[0])
print(all(orders))`,
  );
  assert.equal(error, null);
  assert.equal(stdout.trim(), "True");
});

test("the task stream is a picture with a lane for each thread and each task's key, time and kind", async () => {
  const { outputs, error } = await opened.page.evaluate(() => window.chunkbook.run("prof.visualize()"));
  assert.equal(error, null);
  const svg = outputs.find((output) => "image/svg+xml" in output)["image/svg+xml"];
  assert.match(svg, /thread \d/);
  assert.match(svg, /array, add, sum: 4 tasks/);
  assert.match(svg, /<title>[^<]*sum[^<]* ms<\/title>/);
});

test("tasks too short to be drawn apart are one bar with the time of all of them", async () => {
  const { stdout, error } = await runCell(
    opened.page,
    `
from dask.diagnostics import _draw, TaskData
ends = [0.0, 1.0, 1.00001, 1.00003]
tasks = [TaskData(("a", i), ("sum",), ends[i], ends[i + 1], i > 0) for i in range(3)]
print(_draw(tasks))
`,
  );
  assert.equal(error, null);
  assert.match(stdout, /<title>2 tasks: sum, 0\.03 ms<\/title>/);
});

test("without a profiler nothing is noted, and clear forgets what was", async () => {
  const { stdout, error } = await runCell(
    opened.page,
    "before = len(prof.results)\ntotal.compute()\nprint(len(prof.results) == before)\nprof.clear()\nprint(prof.results)",
  );
  assert.equal(error, null);
  assert.equal(stdout, "True\n[]\n");
});
