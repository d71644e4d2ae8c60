/**
 * Every mistake gets an error that names the file, the dataset and the reason; the notebook lives on.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { dropFile, openPage, python, runCell } from "./harness.mjs";

let folder;
let opened;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chunkbook-mistakes-"));
  python(
    `
import h5py, numpy as np, sys
with h5py.File(sys.argv[1] + '/good.h5', 'w') as f:
    f.create_dataset('data', data=np.ones((600, 100)), chunks=(100, 100))
    f.create_dataset('words', data=['one', 'two'])
    f.create_dataset('nothing', shape=(0, 5), dtype='f8')
    f.create_group('group')
print(1)
`,
    folder,
  );
  await writeFile(join(folder, "text.h5"), "Dear diary, today I renamed a text file.");
  const whole = await readFile(join(folder, "good.h5"));
  await writeFile(join(folder, "short.h5"), whole.subarray(0, whole.length / 2));
  opened = await openPage();
  for (const name of ["good.h5", "text.h5", "short.h5"]) {
    await dropFile(opened.page, join(folder, name));
    await opened.page.waitForFunction(
      (wanted) => window.chunkbook.files().some((file) => file.name === wanted),
      name,
    );
  }
  const { error } = await runCell(
    opened.page,
    "import h5py, numpy as np, dask, dask.array as da\nalive = 'still here'",
  );
  assert.equal(error, null);
});

after(async () => {
  await opened?.close();
  await rm(folder, { recursive: true, force: true });
});

afterEach(async () => {
  const { result, error } = await runCell(opened.page, "alive");
  assert.equal(error, null, "the kernel lives on");
  assert.equal(result, "'still here'", "variables are kept");
});

/** Each mistake, and what its error must say. */
const MISTAKES = [
  ["a file that is not there", "h5py.File('absent.h5')", /FileNotFoundError/, /absent\.h5/],
  ["a file that is not HDF5", "h5py.File('text.h5')", /OSError/, /text\.h5/, /HDF5/],
  ["a truncated file", "h5py.File('short.h5')['data'][:]", /OSError/, /short\.h5/, /truncated/],
  ["an unknown dataset", "h5py.File('good.h5')['dta']", /KeyError/, /dta/, /good\.h5/],
  [
    "a sum of words",
    "da.from_array(h5py.File('good.h5')['words']).sum().compute()",
    /TypeError/,
    /words/,
    /good\.h5/,
  ],
  [
    "a lazy array of a group",
    "da.from_array(h5py.File('good.h5')['group'])",
    /TypeError/,
    /group "\/group"/,
    /one of its datasets/,
  ],
  [
    "a text as a dataset",
    "h5py.File('titled.h5', 'w')['title'] = 'words'",
    /NotImplementedError/,
    /title/,
    /titled\.h5/,
    /attribute/,
  ],
  [
    "an empty dataset",
    "h5py.File('hollow.h5', 'w').create_dataset('none', data=h5py.Empty('f4'))",
    /NotImplementedError/,
    /none/,
    /hollow\.h5/,
    /empty/,
  ],
  ["an array of words", "np.array(['a', 'b'])", /TypeError/, /'a'/, /list/],
  [
    "a chunk shape of the wrong rank",
    "da.from_array(h5py.File('good.h5')['data'], chunks=(10, 10, 10))",
    /ValueError/,
    /chunks/i,
  ],
  [
    "chunks that do not add up",
    "da.from_array(h5py.File('good.h5')['data'], chunks=((100, 100), (100,)))",
    /ValueError/,
    /600/,
  ],
  [
    "chunks larger than the dataset that is created",
    "h5py.File('new.h5', 'w').create_dataset('x', shape=(10,), chunks=(20,))",
    /ValueError/,
    /\(20,\)/,
    /\(10,\)/,
  ],
  [
    "the least of no numbers",
    "da.from_array(h5py.File('good.h5')['nothing'], chunks=(1, 5)).min().compute()",
    /ValueError/,
    /zero-size array to reduction operation/,
  ],
  [
    "the least of an empty array in memory",
    "np.zeros((0,)).min()",
    /ValueError/,
    /zero-size array to reduction operation minimum which has no identity/,
  ],
  ["an index beyond the end", "h5py.File('good.h5')['data'][600, 0]", /IndexError/, /600/],
  ["writing to a file open for reading", "h5py.File('good.h5')['data'][0] = 1", /Error/, /good\.h5|read/],
  [
    "an import that does not exist",
    "import pandas",
    /ModuleNotFoundError|ImportError/,
    /pandas/,
    /h5py/,
    /numpy/,
  ],
  [
    "processes in a tab",
    "import dask.multiprocessing\ndask.compute(da.ones(3), scheduler='processes')",
    /Error/,
    /threads/,
  ],
  ["more memory than there is", "np.zeros((100000, 100000))", /MemoryError/, /74\.5 GiB/, /GiB/],
  ["a name with a folder", "h5py.File('folder/x.h5', 'w')", /Error/, /folder\/x\.h5/],
  ["a syntax error", "for i in range(3)\n    print(i)", /SyntaxError/, /line 1/],
  ["an error three lines down", "a = 1\n\nb = a / 0", /ZeroDivisionError/, /line 3/],
];

for (const [name, source, ...patterns] of MISTAKES) {
  test(`${name}: the error says so`, async () => {
    const { error } = await runCell(opened.page, source);
    assert.notEqual(error, null, "there is an error");
    for (const pattern of patterns) assert.match(error, pattern);
  });
}

test("sums and means of no numbers are NumPy's own answers", async () => {
  const { stdout, error } = await runCell(
    opened.page,
    `
d = da.from_array(h5py.File('good.h5')['nothing'], chunks=(1, 5))
print(float(d.sum().compute()), np.zeros((0, 3)).sum(axis=0).tolist(), float(np.zeros((0,)).mean()))
`,
  );
  assert.equal(error, null);
  assert.match(stdout, /^0\.0 \[0\.0, 0\.0, 0\.0\] nan/m);
});

test("a dataset larger than the storage is refused before it is begun, with both sizes", async () => {
  const { error } = await runCell(
    opened.page,
    "h5py.File('huge.h5', 'w').create_dataset('x', shape=(200000, 200000), dtype='f8', chunks=(100, 200000))",
  );
  assert.match(error, /OSError/);
  assert.match(error, /298 GiB/);
  assert.match(error, /GiB free/);
});

test("storage that runs full is an error with the remedy, and the partial file is removed", async () => {
  const session = await opened.context.newCDPSession(opened.page);
  const origin = new URL(opened.url).origin;
  await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 40e6 });
  try {
    const { error } = await runCell(
      opened.page,
      `
with h5py.File('filling.h5', 'w') as f:
    x = f.create_dataset('x', shape=(20000, 1000), dtype='f8', chunks=(100, 1000), compression='gzip', compression_opts=0)
    for start in range(0, 20000, 100):
        x[start:start + 100] = np.random.rand(100, 1000)
`,
    );
    assert.match(error, /OSError/);
    assert.match(error, /filling\.h5/);
    assert.match(error, /full/);
    const names = await opened.page.evaluate(async () => {
      const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle("chunkbook");
      const found = [];
      for await (const name of folder.keys()) found.push(name);
      return found;
    });
    assert.deepEqual(
      names.filter((name) => name.startsWith("filling")),
      [],
    );
  } finally {
    await session.send("Storage.overrideQuotaForOrigin", { origin });
  }
});

test("a loop in Python, a sleep and a computation in the engine can each be interrupted", async () => {
  const endless = {
    loop: "while True:\n    pass",
    sleep: "import time\ntime.sleep(3600)",
    // 7.2 GB of a dataset that nobody wrote: fill values, made as they are read.
    engine:
      "with h5py.File('void.h5', 'w') as f:\n    f.create_dataset('x', shape=(30000, 30000), dtype='f8', chunks=(300, 30000), compression='gzip')\nd = da.from_array(h5py.File('void.h5')['x'], chunks=(300, 30000))\nfor i in range(1000):\n    d.sum().compute()",
  };
  for (const [name, source] of Object.entries(endless)) {
    const running = runCell(opened.page, source);
    await opened.page.waitForFunction(() => window.chunkbook.state === "busy");
    // Asked until it is heard: the cell may not have begun when the kernel turns busy.
    await opened.page.waitForFunction(() => {
      window.chunkbook.interrupt();
      return window.chunkbook.state === "idle";
    });
    const { error } = await running;
    assert.match(error, /KeyboardInterrupt/, name);
  }
});

test("a restart forgets the variables and keeps the dropped files", async () => {
  await opened.page.evaluate(() => window.chunkbook.restart());
  const { error } = await runCell(opened.page, "alive");
  assert.match(error, /NameError/);
  const { result } = await runCell(
    opened.page,
    "import h5py\nalive = 'still here'\nh5py.File('good.h5')['data'].shape",
  );
  assert.equal(result, "(600, 100)");
  await runCell(opened.page, "import numpy as np, dask, dask.array as da");
});
