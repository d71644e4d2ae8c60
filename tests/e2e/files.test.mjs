/**
 * A file of the reader's own: dropped, reduced and compared with h5py and NumPy; and a file written
 * in the page, downloaded, and read by h5py.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { dropFile, openPage, python, runCell } from "./harness.mjs";

let folder;
let opened;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "chunkbook-files-"));
  opened = await openPage();
});

after(async () => {
  await opened?.close();
  await rm(folder, { recursive: true, force: true });
});

/** The numbers in a text, in order. */
function numbers(text) {
  return [...text.matchAll(/-?\b(?:\d+\.\d*(?:e[-+]?\d+)?|\d+e[-+]?\d+|\d+|inf)\b|\bnan\b/g)].map(([word]) =>
    word === "nan" ? Number.NaN : Number(word.replace("inf", "Infinity")),
  );
}

function assertClose(actual, expected, message) {
  const scale = Math.max(Math.abs(expected), 1e-300);
  assert.ok(
    Object.is(actual, expected) || Math.abs(actual - expected) / scale < 1e-12,
    `${message}: ${actual} is not ${expected}`,
  );
}

async function ok(source) {
  const outcome = await runCell(opened.page, source);
  assert.equal(outcome.error, null, source);
  return outcome;
}

/** Drops the file and waits until it is on the shelf. */
async function drop(path, name) {
  await dropFile(opened.page, path);
  await opened.page.waitForFunction(
    (wanted) => window.chunkbook.files().some((file) => file.name === wanted),
    name,
  );
}

async function copyIntoStorage(name) {
  await opened.page
    .getByRole("button", { name: `Copy ${name}` })
    .first()
    .click();
}

test("every kind of numeric dataset of a dropped file has the sum, mean, variance and extremes that NumPy gives", async () => {
  const path = join(folder, "kinds.h5");
  const expected = python(
    `
import h5py, numpy as np, json, sys
rng = np.random.default_rng(1)
answers = {}
with h5py.File(sys.argv[1], 'w') as f:
    for dtype in ['f4', 'f8', '>f8', 'i1', 'u2', '>i4', 'i8', 'u8']:
        for kind, options in {
            'contiguous': {},
            'chunked': dict(chunks=(7, 5)),
            'gzip': dict(chunks=(7, 5), compression='gzip', shuffle=True),
            'checked': dict(chunks=(40, 3), compression='gzip', fletcher32=True),
        }.items():
            data = (rng.random((40, 13)) * 100).astype(dtype)
            name = dtype.replace('>', 'big-') + '/' + kind
            f.create_dataset(name, data=data, **options)
            wide = data.astype('f8') if data.dtype.kind == 'f' else data.astype('i8')
            answers[name] = [float(v) for v in
                (wide.sum(), wide.mean(), wide.var(), wide.min(), wide.max(), *wide.sum(axis=0)[:3])]
    f.create_dataset('cube', data=np.arange(24.0).reshape(2, 3, 4), chunks=(1, 2, 3))
print(json.dumps(answers))
`,
    path,
  );
  await drop(path, "kinds.h5");
  await ok("import h5py, numpy as np, dask.array as da\nf = h5py.File('kinds.h5', 'r')");
  for (const [name, answers] of Object.entries(expected)) {
    const { stdout } = await ok(`
dataset = f['${name}']
d = da.from_array(dataset, chunks=dataset.chunks or (11, 13)).astype('float64')
print(d.sum().compute(), d.mean().compute(), d.var().compute(), d.min().compute(), d.max().compute())
print(' '.join([str(float(x)) for x in d.sum(axis=0).compute()[:3]]))
`);
    const found = numbers(stdout);
    assert.equal(found.length, answers.length, `${name}: ${stdout}`);
    answers.forEach((answer, index) => {
      assertClose(found[index], answer, `${name}, answer ${index}`);
    });
  }
  const { result } = await ok("f['cube'][1, ::2, -1]");
  assert.deepEqual(numbers(result), [15, 23]);
});

test("a file written in the page and downloaded opens in h5py with the same numbers", async () => {
  await ok(`
import h5py, numpy as np
np.random.seed(3)
with h5py.File('written.hdf5', 'w') as f:
    plain = f.create_dataset('plain', shape=(250, 40), dtype='float64', chunks=(100, 40))
    packed = f.create_dataset('group/packed', shape=(250, 40), dtype='float32', chunks=(64, 16), compression='gzip', shuffle=True)
    plain.attrs['units'] = 'metres'
    for start in range(0, 250, 100):
        block = np.random.rand(min(100, 250 - start), 40)
        plain[start:start + 100] = block
        packed[start:start + 100] = block
`);
  const download = opened.page.waitForEvent("download");
  await opened.page
    .getByRole("button", { name: /download written\.hdf5/i })
    .first()
    .click();
  const path = join(folder, "written.hdf5");
  await (await download).saveAs(path);
  const answers = python(
    `
import h5py, numpy as np, json, sys
np.random.seed(3)
expected = np.concatenate([np.random.rand(min(100, 250 - s), 40) for s in range(0, 250, 100)])
with h5py.File(sys.argv[1]) as f:
    print(json.dumps([
        bool((f['plain'][:] == expected).all()), bool((f['group/packed'][:] == expected.astype('f4')).all()),
        f['plain'].chunks, f['group/packed'].chunks, f['group/packed'].compression, bool(f['group/packed'].shuffle),
        f['plain'].attrs['units'],
    ]))
`,
    path,
  );
  assert.deepEqual(answers, [true, true, [100, 40], [64, 16], "gzip", true, "metres"]);
});

test("a file on the shelf can be deleted, and a cell then says that it is not there", async () => {
  await ok("import h5py\nwith h5py.File('gone.hdf5', 'w') as f:\n    f.create_dataset('x', shape=(3,))");
  await opened.page
    .getByRole("button", { name: /delete gone\.hdf5/i })
    .first()
    .click();
  const confirm = opened.page.getByRole("button", { name: /^delete$/i });
  if (await confirm.count()) await confirm.first().click();
  await opened.page.waitForFunction(
    () => !window.chunkbook.files().some((file) => file.name === "gone.hdf5"),
  );
  const { error } = await runCell(opened.page, "h5py.File('gone.hdf5')");
  assert.match(error, /FileNotFoundError[\s\S]*gone\.hdf5/);
});

test("a dropped file that changed on disk gives an error that says so, and dropping it again helps", async () => {
  const path = join(folder, "changing.h5");
  const write =
    "import h5py, numpy as np, sys\nh5py.File(sys.argv[1], 'w').create_dataset('x', data=np.ones((500, 1000)), chunks=(50, 1000))\nprint(1)";
  python(write, path);
  await drop(path, "changing.h5");
  await ok("f = h5py.File('changing.h5')\nx = f['x']\nx[0, 0]");
  await writeFile(path, "something else altogether, and shorter");
  const { error } = await runCell(opened.page, "x[:].sum()");
  assert.match(error, /OSError/);
  assert.match(error, /changing\.h5/);
  assert.match(error, /changed on disk/);
  python(write, path);
  await drop(path, "changing.h5");
  const { result } = await ok("h5py.File('changing.h5')['x'][:].sum()");
  assert.deepEqual(numbers(result).slice(-1), [500000]);
});

test("large reads of a dropped file, which are streamed, give its numbers, and say so when it changed on disk", async () => {
  const path = join(folder, "streamed.h5");
  const write = `
import h5py, numpy as np, sys
h5py.File(sys.argv[1], 'w').create_dataset('x', data=np.arange(4000000.0).reshape(4000, 1000), chunks=(200, 1000))
print(1)`;
  python(write, path);
  await drop(path, "streamed.h5");
  const { stdout } = await ok(`
x = h5py.File('streamed.h5')['x']
totals = set(float(da.from_array(x, chunks=(200, 1000)).sum().compute()) for _ in range(10))
print(totals)
`);
  assert.equal(stdout, "{7999998000000.0}\n");
  await writeFile(path, "x".repeat(40_000_000));
  const { error } = await runCell(opened.page, "da.from_array(x, chunks=(200, 1000)).sum().compute()");
  assert.match(error, /OSError[\s\S]*streamed\.h5[\s\S]*changed on disk/);
});

test("a dropped file copied into the browser's storage reads the same from there", async () => {
  const path = join(folder, "kept.h5");
  python(
    "import h5py, numpy as np, sys\nh5py.File(sys.argv[1], 'w').create_dataset('x', data=np.arange(3000000.0))\nprint(1)",
    path,
  );
  await drop(path, "kept.h5");
  await copyIntoStorage("kept.h5");
  await opened.page.waitForFunction(() =>
    window.chunkbook.files().some((file) => file.name === "kept.h5" && file.kind === "stored"),
  );
  const { result } = await ok("h5py.File('kept.h5')['x'][:].sum()");
  assert.deepEqual(numbers(result).slice(-1), [4499998500000]);
});

test("copying a dropped file does not replace a stored one of its name, which comes back when the dropped one is taken off", async () => {
  await ok("import h5py, numpy as np\nwith h5py.File('twin.h5', 'w') as f:\n    f['x'] = np.ones(3)");
  const path = join(folder, "twin.h5");
  python(
    "import h5py, numpy as np, sys\nh5py.File(sys.argv[1], 'w')['x'] = np.zeros(3000000)\nprint(1)",
    path,
  );
  await drop(path, "twin.h5");
  await copyIntoStorage("twin.h5");
  await opened.page.getByText(/storage has another 'twin\.h5'[\s\S]*delete the other first/).waitFor();
  await opened.page
    .getByRole("button", { name: /take twin\.h5 off/i })
    .first()
    .click();
  await opened.page.waitForFunction(() =>
    window.chunkbook.files().some((file) => file.name === "twin.h5" && file.kind === "stored"),
  );
  const { stdout } = await ok("print(h5py.File('twin.h5')['x'][:])");
  assert.equal(stdout, "[1. 1. 1.]\n");
});

test("a dropped file that changed on disk is not copied, the page says why, and nothing of it is left", async () => {
  const path = join(folder, "half.h5");
  await writeFile(path, "x".repeat(20_000_000));
  await drop(path, "half.h5");
  await writeFile(path, "shorter");
  await copyIntoStorage("half.h5");
  await opened.page
    .getByText(/could not be copied[\s\S]*'half\.h5' changed on disk[\s\S]*drop it again/)
    .waitFor();
  const stored = await opened.page.evaluate(async () => {
    const names = [];
    const root = await navigator.storage.getDirectory();
    for await (const directory of root.values()) {
      for await (const name of directory.keys?.() ?? []) names.push(name);
    }
    return names.filter((name) => name.startsWith("half"));
  });
  assert.deepEqual(stored, []);
});

test("a dropped file beyond 4 GiB is read in parts, at its very end too", async () => {
  const path = join(folder, "beyond.h5");
  // Sparse on disk: only the last rows are written.
  python(
    `
import h5py, numpy as np, sys
with h5py.File(sys.argv[1], 'w') as f:
    x = f.create_dataset('x', shape=(700, 1000000), dtype='f8')
    x[699, 999990:] = np.arange(10.0)
    y = f.create_dataset('y', shape=(20, 10), dtype='i4', chunks=(5, 10))
    y[:] = np.arange(200).reshape(20, 10)
print(1)
`,
    path,
  );
  await drop(path, "beyond.h5");
  const { stdout } = await ok(`
f = h5py.File('beyond.h5')
print(f['x'].nbytes > 2**32, float(f['x'][699, 999989:].sum()), float(f['x'][0, :5].sum()))
print(int(da.from_array(f['y'], chunks=(5, 10)).sum().compute()))
`);
  assert.equal(stdout, "True 45.0 0.0\n19900\n");
  const { error } = await runCell(opened.page, "f['x'][:]");
  assert.match(error, /MemoryError[\s\S]*beyond\.h5[\s\S]*5\.22 GiB/);
});

test("a number is stored as a scalar dataset, and everyday comparisons of arrays work", async () => {
  const { stdout } = await ok(`
with h5py.File('scalars.hdf5', 'w') as f:
    f['count'] = 5
    f['half'] = 0.5
with h5py.File('scalars.hdf5') as f:
    print(f['count'][()], f['count'].shape, f['half'][()])
print(np.allclose(np.arange(3), np.arange(3) + 1e-12), np.random.normal(size=2).shape, np.random.uniform(2, 3, 4).min() >= 2)
`);
  assert.equal(stdout, "5 () 0.5\nTrue (2,) True\n");
});
