/**
 * What is measured: the same Python in the page and under CPython. `prepare` runs once, `statement` again and again, and
 * `least` is the ratio that the project wants, where it wants one.
 */

const WRITE = `
import time

import dask
import dask.array
import h5py
import numpy


def write(name, rows, columns, chunk, **settings):
    """Random numbers, as the tutorial writes them."""
    numpy.random.seed(0)
    with h5py.File(name, "w") as file:
        dataset = file.create_dataset("/x", shape=(rows, columns), dtype="float64", chunks=(chunk, columns), **settings)
        for start in range(0, rows, chunk):
            dataset[start : start + chunk] = numpy.random.rand(chunk, columns)


def times(run, repeat):
    taken = []
    for _ in range(repeat):
        begin = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begin)
    return taken
`;

/** What every other preparation builds on. */
export const PREPARE = WRITE;

function open(variable, name, chunk, columns) {
  const chunks = `(${chunk}, ${columns})`;
  return `${variable} = dask.array.from_array(h5py.File("${name}", "r")["/x"], chunks=${chunks})`;
}

function four(variable) {
  return `dask.compute(${variable}.sum(), ${variable}.mean(), ${variable}.var(), ${variable}.std())`;
}

const MORE = "also in memory";
const SMALL = "file in browser storage, 3000 x 3000";
const LARGE = "file in browser storage, 30000 x 30000 (7.2 GB)";

export const CASES = [
  { group: "in memory, 3000 x 3000", name: "sum", against: "NumPy", least: 1.8, prepare: "x = numpy.random.rand(3000, 3000)", statement: "x.sum()" },
  { group: "in memory, 3000 x 3000", name: "var", against: "NumPy", least: 4, statement: "x.var()" },
  { group: SMALL, name: "sum", against: "Dask", least: 3, prepare: `write("small.h5", 3000, 3000, 300)\n${open("d", "small.h5", 300, 3000)}`, statement: "d.sum().compute()" },
  { group: SMALL, name: "var", against: "Dask", least: 4, statement: "d.var().compute()" },
  { group: SMALL, name: "all four", against: "Dask", least: 5, statement: four("d") },
  { group: "gzip and shuffle, 3000 x 3000", name: "sum", against: "Dask", least: 1.3, prepare: `write("gzip.h5", 3000, 3000, 300, compression="gzip", shuffle=True)\n${open("z", "gzip.h5", 300, 3000)}`, statement: "z.sum().compute()" },
  { group: "10,000 chunks of one number", name: "sum", against: "Dask", least: 50, prepare: "many = dask.array.from_array(numpy.arange(10000.0), chunks=1)", statement: "many.sum().compute()", repeat: 1 },
  { group: MORE, name: "sum of float32", against: "NumPy", prepare: "y = numpy.random.rand(3000, 3000)\nf = y.astype('float32')\nn = numpy.where(y < 0.1, numpy.nan, y)", statement: "f.sum()" },
  { group: MORE, name: "sum along axis 0", against: "NumPy", statement: "y.sum(axis=0)" },
  { group: MORE, name: "max along axis 1", against: "NumPy", statement: "y.max(axis=1)" },
  { group: MORE, name: "nanmean", against: "NumPy", statement: "numpy.nanmean(n)" },
  { group: MORE, name: "median", against: "NumPy", statement: "numpy.median(y)", repeat: 3 },
  { group: MORE, name: "sort", against: "NumPy", statement: "numpy.sort(y, axis=None)", repeat: 3 },
  { group: MORE, name: "y[y > 0.5]", against: "NumPy", statement: "y[y > 0.5]", repeat: 5 },
  { group: MORE, name: "y + 1", against: "NumPy", statement: "y + 1", repeat: 5 },
  { group: MORE, name: "exp", against: "NumPy", statement: "numpy.exp(y)", repeat: 5 },
  { group: SMALL, name: "nanmean", against: "Dask", statement: "dask.array.nanmean(d).compute()" },
  { group: LARGE, name: "sum", against: "Dask", least: 2, large: true, prepare: `write("large.h5", 30000, 30000, 300)\n${open("l", "large.h5", 300, 30000)}`, statement: "l.sum().compute()", repeat: 1 },
  { group: LARGE, name: "var", against: "Dask", least: 3, large: true, statement: "l.var().compute()", repeat: 1 },
  { group: LARGE, name: "all four", against: "Dask", least: 4, large: true, statement: four("l"), repeat: 1 },
];

/** What a fresh kernel runs on the large file for its peak of memory, in bytes. */
export const PEAK = `
import _bridge
${open("l", "large.h5", 300, 30000)}
${four("l")}
print(_bridge.call("info")["memory_used"])
`;

/** A reduction of so many chunks that what the page is told of them counts, in a cell of the notebook. */
export const VIEWS = {
  prepare: "viewed = dask.array.from_array(numpy.arange(100000.0), chunks=1)",
  statement: "viewed.sum().compute()",
};

/** A file on the disk, dropped on the page. */
export const DROPPED = {
  group: "dropped file, 15000 x 15000 (1.8 GB)",
  prepare: `write("dropped.h5", 15000, 15000, 150)`,
  open: `dropped = dask.array.from_array(h5py.File("dropped.h5", "r")["/x"], chunks=(150, 15000))`,
  statement: "dropped.sum().compute()",
};
