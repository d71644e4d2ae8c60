/**
 * Files that the reader workers reduce in a module of their own while they read them: stored ones, and large dropped ones.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { dropFile, openPage, python, runCell, whenComplete } from "./harness.mjs";

/** The readers' module. */
const MODULE = /\/reader-[^/]*\.wasm$/;

let folder;
let opened;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chunkbook-pushdown-"));
  opened = await openPage();
  await whenComplete(opened.page);
  await ok(opened.page, "import h5py\nimport dask.array as da");
});

after(async () => {
  await opened?.close();
  await rm(folder, { recursive: true, force: true });
});

/** A file of 320 MB: more than is kept in memory. */
function write(name) {
  const path = join(folder, name);
  python(
    `
import h5py, numpy as np, sys
r = np.random.default_rng(5)
with h5py.File(sys.argv[1], 'w') as f:
    f.create_dataset('chunked', data=r.random((2500, 8000)), chunks=(125, 8000))
    f.create_dataset('whole', data=r.normal(3, 2, (3000, 8000)).astype('f4'))
    f.create_dataset('integers', data=r.integers(-9, 9, (1000, 8000), dtype='i8'), chunks=(100, 8000))
print(1)`,
    path,
  );
  return path;
}

async function drop(page, path, name) {
  await dropFile(page, path);
  await page.waitForFunction((wanted) => window.chunkbook.files().some((file) => file.name === wanted), name);
}

async function ok(page, source) {
  const { stdout, error } = await runCell(page, source);
  assert.equal(error, null, source);
  return stdout;
}

/** Prints reductions of all datasets, of one by chunks that its readers are asked for in several parts. */
const ANSWERS = [
  "d.sum(), d.mean(), d.var(), d.std(), d.min(), d.max()",
  "d.sum(axis=0), d.std(axis=0)",
  "d.max(axis=1), d.argmax(axis=0)",
].map(
  (answers) => `
import h5py, dask
import dask.array as da
f = h5py.File('large.h5')
for name, chunks in ('chunked', (250, 8000)), ('whole', (2000, 8000)), ('integers', (100, 8000)):
    d = da.from_array(f[name], chunks=chunks)
    for answer in dask.compute(${answers}):
        for number in [answer] if answer.ndim == 0 else answer[::999]:
            print(repr(float(number)))
`,
);

/** What the page prints of each of them, by readers that reduce. */
async function reducedByReaders() {
  const reduced = [];
  for (const answers of ANSWERS) {
    const before = await reducedChunks(opened.page);
    reduced.push(await ok(opened.page, answers));
    assert.equal(
      (await reducedChunks(opened.page)) - before,
      10 + 2 + 10,
      "each chunk is reduced where it is read",
    );
  }
  return reduced;
}

/** How many chunks the page's readers have reduced. */
async function reducedChunks(page) {
  return Number(await ok(page, 'import _bridge\nprint(_bridge.call("info")["reduced_chunks"])'));
}

/** The same in NumPy. */
const EXPECTED = `
import h5py, json, numpy as np, sys
out = [[], [], []]
f = h5py.File(sys.argv[1])
for name in 'chunked', 'whole', 'integers':
    x = f[name][:]
    wide = x.astype('f8')
    out[0] += [wide.sum(), wide.mean(), wide.var(), wide.std(), x.min(), x.max()]
    for part, answers in (1, (wide.sum(axis=0), wide.std(axis=0))), (2, (x.max(axis=1), x.argmax(axis=0))):
        for answer in answers:
            out[part] += list(answer[::999])
print(json.dumps([[float(number) for number in part] for part in out]))`;

test("what a large dropped file is reduced to where it is read are NumPy's numbers, and to the bit those of a page that reads it", async () => {
  const path = write("large.h5");
  await drop(opened.page, path, "large.h5");
  const reduced = await reducedByReaders();
  const refused = [];
  const reading = await openPage({
    prepare: (context) =>
      context.route(MODULE, (route) => {
        refused.push(route.request().url());
        return route.abort();
      }),
  });
  try {
    await whenComplete(reading.page);
    await drop(reading.page, path, "large.h5");
    for (const [part, answers] of ANSWERS.entries()) {
      assert.equal(await ok(reading.page, answers), reduced[part], answers);
    }
    assert.ok(refused.length > 0, "the other page was refused the module");
    assert.equal(await reducedChunks(reading.page), 0);
  } finally {
    await reading.close();
  }

  for (const [part, expected] of python(EXPECTED, path).entries()) {
    const numbers = reduced[part].trim().split("\n").map(Number);
    assert.equal(numbers.length, expected.length);
    for (const [index, number] of numbers.entries()) {
      // Sums of float32 have the precision of float32.
      const scale = Math.max(1, Math.abs(expected[index]));
      assert.ok(
        Math.abs(number - expected[index]) / scale < 1e-5,
        `${part}, ${index}: ${number}, not ${expected[index]}`,
      );
    }
  }
});

test("what a stored file is reduced to where it is read are to the bit the numbers of the dropped file that it is a copy of", async () => {
  await drop(opened.page, join(folder, "large.h5"), "large.h5");
  const dropped = await reducedByReaders();
  await opened.page
    .getByRole("button", { name: /copy large\.h5/i })
    .first()
    .click();
  await opened.page.waitForFunction(() =>
    window.chunkbook.files().some((file) => file.name === "large.h5" && file.kind === "stored"),
  );
  assert.deepEqual(await reducedByReaders(), dropped);
});

test("readers whose module cannot be instantiated read, and the numbers are the same", async () => {
  await drop(opened.page, join(folder, "large.h5"), "large.h5");
  const reduced = await ok(opened.page, ANSWERS[0]);
  // A module that wants a function, which readers have none to give.
  const wanting = "0061736d01000000" + "010401600000" + "020701016101620000";
  const reading = await openPage({
    prepare: (context) =>
      context.route(MODULE, (route) =>
        route.fulfill({ contentType: "application/wasm", body: Buffer.from(wanting, "hex") }),
      ),
  });
  try {
    await whenComplete(reading.page);
    await drop(reading.page, join(folder, "large.h5"), "large.h5");
    assert.equal(await ok(reading.page, ANSWERS[0]), reduced);
    assert.equal(await reducedChunks(reading.page), 0);
  } finally {
    await reading.close();
  }
});

test("a large dropped file that is cut short in the midst of its reduction is an error that says so, and dropping it again helps", async () => {
  const path = write("cut.h5");
  await drop(opened.page, path, "cut.h5");
  const sum = "float(d.sum().compute())";
  const before = await ok(
    opened.page,
    `d = da.from_array(h5py.File('cut.h5')['chunked'], chunks=(125, 8000))\nprint(${sum})`,
  );
  const running = runCell(opened.page, `while True:\n    print(${sum} == ${before.trim()})`);
  await opened.page.waitForFunction(() => window.chunkbook.state === "busy");
  await truncate(path, 100_000_000);
  const { stdout, error } = await running;
  assert.match(error, /OSError[\s\S]*cut\.h5[\s\S]*changed on disk/);
  assert.ok(!stdout.includes("False"), "no number came of what was left");
  await drop(opened.page, write("cut.h5"), "cut.h5");
  const again = await ok(
    opened.page,
    `d = da.from_array(h5py.File('cut.h5')['chunked'], chunks=(125, 8000))\nprint(${sum})`,
  );
  assert.equal(again, before);
});

test("a large dropped file that is written anew, or gone, is an error that says so", async () => {
  const path = write("gone.h5");
  await drop(opened.page, path, "gone.h5");
  await ok(
    opened.page,
    "d = da.from_array(h5py.File('gone.h5')['whole'], chunks=(500, 8000))\nd.sum().compute()",
  );
  await utimes(path, new Date(0), new Date(1e12));
  const changed = await runCell(opened.page, "d.sum().compute()");
  assert.match(changed.error, /OSError[\s\S]*gone\.h5[\s\S]*changed on disk/);
  await rm(path);
  const gone = await runCell(opened.page, "d.sum().compute()");
  assert.match(gone.error, /OSError[\s\S]*gone\.h5[\s\S]*no longer where it was on disk/);
  assert.equal(await ok(opened.page, "print(1 + 1)"), "2\n");
});

test("the readers of a kernel that was restarted reduce, too", async () => {
  await drop(opened.page, join(folder, "large.h5"), "large.h5");
  await opened.page.evaluate(() => window.chunkbook.restart());
  await reducedByReaders();
  await ok(opened.page, "import h5py\nimport dask.array as da");
});

test("the reduction of a large dropped file can be interrupted, and the next one has the whole result", async () => {
  await drop(opened.page, join(folder, "large.h5"), "large.h5");
  const setup = "d = da.from_array(h5py.File('large.h5')['whole'], chunks=(3000, 8000))\n";
  const before = await ok(opened.page, `${setup}print(float(d.sum().compute()))`);
  for (let round = 0; round < 5; round += 1) {
    const running = runCell(opened.page, "while True:\n    d.sum().compute()");
    await opened.page.waitForFunction(() => window.chunkbook.state === "busy");
    await opened.page.waitForFunction(() => {
      window.chunkbook.interrupt();
      return window.chunkbook.state === "idle";
    });
    assert.match((await running).error, /KeyboardInterrupt/);
    assert.equal(await ok(opened.page, "print(float(d.sum().compute()))"), before);
  }
});
