import { readFileSync } from "node:fs";
import { beforeEach, describe, expect, test } from "vitest";
import { FakeEngine } from "./fake-engine";
import { createPython, type Ran } from "./python-host";

let run: (source: string, label?: string) => Ran;
let engine: FakeEngine;
/** How often the kernel looks at the interrupt flag before it finds it set; never if negative. */
let looks: number;

beforeEach(async () => {
  engine = new FakeEngine();
  looks = -1;
  ({ run } = await createPython(engine.dispatch, () => looks >= 0 && looks-- === 0));
});

test("the tutorial's code cells run at a small size", () => {
  const path = new URL("../notebooks/tutorial.ipynb", import.meta.url);
  const notebook = JSON.parse(readFileSync(path, "utf8")) as {
    cells: { cell_type: string; source: string[] }[];
  };
  const cells = notebook.cells
    .filter((cell) => cell.cell_type === "code")
    .map((cell) => cell.source.join(""));
  const small = cells.map((cell) =>
    cell
      .replaceAll("3000, 3000", "30, 30")
      .replaceAll("300, 3000", "3, 30")
      .replaceAll("0, 3000, 300", "0, 30, 3")
      .replaceAll("start + 300", "start + 3")
      .replaceAll("ROWS = COLUMNS = 30000", "ROWS = COLUMNS = 24")
      .replaceAll("(300, COLUMNS)", "(3, COLUMNS)")
      .replaceAll("0, ROWS, 300", "0, ROWS, 3")
      .replaceAll("%timeit", "%timeit -n 1 -r 1"),
  );
  for (const cell of small) expect(run(cell).error?.traceback ?? null, cell).toBe(null);
});

describe("a traceback", () => {
  const traceback = (source: string, label?: string) => run(source, label).error?.traceback;

  test("names the cell, the user's lines and their text", () => {
    run("import math\n\ndef half(x):\n    # not this line\n    return 1 / x\n", "In [1]");
    expect(
      traceback("# a comment\nfor i in range(2):\n    print(f'''\n{i}''')\n    half(i)\n", "In [2]"),
    ).toBe(
      [
        "Traceback (most recent call last):",
        '  File "In [2]", line 5, in <module>',
        "    half(i)",
        '  File "In [1]", line 5, in half',
        "    return 1 / x",
        "ZeroDivisionError: division by zero",
      ].join("\n"),
    );
  });

  test("leaves out what happened inside the shims", () => {
    const error = run("import h5py\nx = 1\nh5py.File('nope.h5')").error;
    expect(error?.name).toBe("FileNotFoundError");
    expect(error?.traceback.split("\n")).toEqual([
      "Traceback (most recent call last):",
      '  File "In [1]", line 3, in <module>',
      "    h5py.File('nope.h5')",
      "FileNotFoundError: [Errno 2] file 'nope.h5' is not on the shelf",
    ]);
  });

  test("of recursion without end is short, and the kernel lives on", () => {
    const error = run("def f(n):\n    return f(n + 1)\nf(0)").error;
    expect(error?.name).toBe("RecursionError");
    expect(error?.traceback.split("\n").length).toBeLessThan(12);
    expect(error?.traceback).toMatch(/Previous line repeated \d+ more times/);
    expect(run("1 + 1").text).toBe("2");
  });

  test("of a syntax error names its line", () => {
    expect(traceback("x = 1\ny = (2\nz = 3 +\n")).toMatch(
      /^ {2}File "In \[1\]", line \d\n.*\nSyntaxError: invalid syntax$/,
    );
    expect(traceback("if True:\nprint(1)")).toMatch(/File "In \[2\]", line [12]\n/);
  });

  test("says what MicroPython has not", () => {
    expect(traceback("x = 1\nmatch x:\n    case 1: pass\n")).toBe(
      '  File "In [1]", line 2\n    match x:\nSyntaxError: the page\'s Python (MicroPython) has no match statement; use if and elif',
    );
    expect(traceback('x = 1\nprint "a"')).toContain(
      'line 2\n    print "a"\nSyntaxError: Missing parentheses',
    );
  });

  test("of a missing module says which there are", () => {
    expect(traceback("import pandas as pd")).toMatch(
      /ModuleNotFoundError: No module named 'pandas'; Chunkbook has h5py, numpy, dask,/,
    );
    expect(traceback("from scipy.stats import norm")).toContain("No module named 'scipy");
    expect(traceback("from numpy import deg2rad")).toContain(
      "numpy has nothing named 'deg2rad' in Chunkbook; the same notebook may find it in Jupyter",
    );
    expect(traceback("import dask.array as da\nda.median")).toContain(
      "module 'dask.array' has no attribute 'median' in Chunkbook; the same notebook may find it in Jupyter",
    );
    expect(traceback("import dask.distributed")).toContain("ImportError: dask.distributed needs a cluster");
    expect(traceback("from math import nope")).toContain("ImportError: cannot import name 'nope'");
  });

  test("speaks as CPython does", () => {
    const last = (source: string) => traceback(source)?.split("\n").pop();
    expect(last("'a' + 1")).toBe("TypeError: unsupported operand type(s) for +: 'str' and 'int'");
    expect(last("1 < 'a'")).toBe("TypeError: '<' not supported between instances of 'int' and 'str'");
    expect(last("{}['k']")).toBe("KeyError: 'k'");
    expect(last("int('x')")).toBe("ValueError: invalid literal for int() with base 10: 'x'");
    expect(last("nope")).toBe("NameError: name 'nope' is not defined");
    expect(last("hash([])")).toBe("TypeError: unhashable type: 'list'");
    expect(last("raise ValueError")).toBe("ValueError");
    expect(last("assert 1 == 2, 'no'")).toBe("AssertionError: no");
  });
});

describe("an interrupt", () => {
  test.each([
    "while True: pass",
    "while True:\n    x = 1",
    "def naturals():\n    while True: yield 1\nfor i in naturals(): x = i",
    "def forever():\n    while 1:\n        try:\n            x = 1\n        finally:\n            pass\nforever()",
    "for i in range(10**9):\n    if i < 0:\n        pass",
    "sum(1 for i in range(10**9))",
    "import time\ntime.sleep(1000)",
  ])("stops %j", (source) => {
    looks = 50;
    const started = Date.now();
    expect(run(source).error?.name).toBe("KeyboardInterrupt");
    expect(Date.now() - started).toBeLessThan(8000);
    expect(run("1 + 1").text).toBe("2");
  });

  test("can be caught", () => {
    looks = 50;
    expect(run("try:\n    while True: pass\nexcept KeyboardInterrupt:\n    print('caught')").stdout).toBe(
      "caught\n",
    );
  });
});

describe("magics", () => {
  test("%timeit prints the mean of runs, with options", () => {
    expect(run("%timeit -n 10 -r 3 1 + 1").stdout).toMatch(
      /^[\d.]+ [µnm]?s ± [\d.]+ [µnm]?s per loop \(mean ± std\. dev\. of 3 runs, 10 loops each\)\n$/,
    );
    expect(run("x = 5\n%timeit -n1 -r1 x * 2\ny = 6\ny").text).toBe("6");
  });

  test("%time assigns and gives the value", () => {
    expect(run("%time z = 5 * 2\nz")).toMatchObject({
      text: "10",
      stdout: expect.stringMatching(/^Wall time: /) as string,
    });
    expect(run("%time 5 * 3").text).toBe("15");
  });

  test("%%time and %%timeit take the cell", () => {
    expect(run("%%time\na = 1\nfor i in range(3):\n    a += i\na").text).toBe("4");
    expect(run("%%timeit -n 2 -r 1\nq = 1\nq += 1").stdout).toMatch(/1 run, 2 loops each/);
    expect(run("%%time\nx = 1\n1 / 0").error?.traceback).toContain(
      'File "In [3]", line 3, in <module>\n    1 / 0',
    );
  });

  test("in a loop, in a string and unknown", () => {
    expect(run("for i in range(2):\n    %time i").stdout.match(/Wall time/g)).toHaveLength(2);
    expect(run('s = """\n%time x\n"""\nprint(s, 7 % 4)').stdout).toBe("\n%time x\n 3\n");
    expect(run("%nonsense x").error).toMatchObject({
      name: "UsageError",
      traceback: "UsageError: Line magic function `%nonsense` not found.",
    });
    expect(run("%matplotlib inline\n1").text).toBe("1");
    expect(run("!ls").error?.message).toContain("no shell");
    expect(run("x = 1\nx?").error?.message).toContain("no help");
  });
});

describe("results", () => {
  test("are kept as _ and Out", () => {
    run("6 * 7", "In [4]");
    expect(run("_ + Out[4] + _4").text).toBe("126");
  });

  test("of a dask array have a table and the drawing of its graph", () => {
    run("import numpy as np, dask.array as da\nd = da.from_array(np.arange(10.0), chunks=5)");
    expect(run("d").result?.["text/html"]).toContain("<th>Bytes</th><td>80 B</td><td>40 B</td>");
    expect(run("d.sum().visualize()").result?.["application/vnd.chunkbook.graph+json"]).toMatchObject({
      width: 10,
    });
  });

  test("that say how they look", () => {
    run(
      "class Page:\n    def _repr_html_(self):\n        return '<b>x</b>'\n    def __repr__(self):\n        return 'page'",
    );
    expect(run("Page()").result).toEqual({ "text/plain": "page", "text/html": "<b>x</b>" });
    expect(
      run("from IPython.display import display, HTML\ndisplay(HTML('<i>y</i>'))\nprint(1)").displayed,
    ).toEqual([{ "text/plain": "<IPython.core.display.HTML object>", "text/html": "<i>y</i>" }]);
  });
});

describe("memory", () => {
  test("without bound is a MemoryError, and the kernel lives on", () => {
    expect(run("x = []\nwhile True:\n    x.append(bytearray(10_000_000))").error?.name).toBe("MemoryError");
    run("x = None");
    expect(run("print('alive')").stdout).toBe("alive\n");
  }, 60_000);

  test("of arrays that nothing refers to any more is freed", () => {
    run("import numpy as np\na = np.zeros(10)\nfor i in range(20): a + 1");
    run("b = a + 1");
    run("pass");
    expect(engine.held).toBeLessThanOrEqual(4);
    expect(run("a.sum() + b.sum()").text).toBe("np.float64(10.0)");
  });

  test("that the engine does not have is a MemoryError that can be caught", () => {
    engine.memory = 1000;
    run("import numpy as np\ntry:\n    np.zeros(10**6)\nexcept MemoryError as e:\n    print('caught:', e)");
    expect(run("np.zeros(10**6)").error).toMatchObject({
      name: "MemoryError",
      message: "8000000 bytes asked for, 1000 there are",
    });
  });
});

describe("a resource profiler", () => {
  test("tells what tasks and arrays hold, by time, and a profiler what is not noted one by one", async () => {
    const tasks = [
      [["sum", 0], ["sum-1a2b"], 1, 2, 0, 500_000],
      [["sum", 1], ["sum-1a2b"], 2, 3, 0, 700_000],
    ];
    const notes = [...tasks, [null, 1.5, 32_000_000], [null, null, 7]];
    const dispatch = (request: string) => {
      const { op, from } = JSON.parse(request) as { op: string; from?: number };
      if (op !== "da_trace") return engine.dispatch(request);
      return JSON.stringify({ ok: from === undefined ? 0 : notes });
    };
    ({ run } = await createPython(dispatch, () => false));
    const profile = (kind: string) => `from dask.diagnostics import ${kind}\nwith ${kind}() as prof: pass`;
    expect(run(profile("ResourceProfiler")).error).toBe(null);
    expect(run("[(entry.time, entry.mem) for entry in prof.results]").text).toBe(
      "[(1.5, 32.0), (2, 0.5), (3, 0.7)]",
    );
    expect(run(profile("Profiler")).stdout).toBe(
      "Profiler: 7 more tasks have run, which are not noted one by one\n",
    );
    expect(run("len(prof.results)").text).toBe("2");
  });
});

describe("dask without processes", () => {
  test("says so when they are asked for", () => {
    run(
      "import dask, dask.multiprocessing, dask.array as da, numpy as np\nd = da.from_array(np.arange(4), chunks=2)",
    );
    const message = "a browser tab has threads, not processes; use dask.threaded.get";
    expect(run("dask.multiprocessing.get(d.dask, d.__dask_keys__())").error?.message).toContain(message);
    expect(run("d.compute(scheduler='processes')").error?.message).toContain(message);
    expect(run("dask.delayed(print)").error?.name).toBe("NotImplementedError");
  });
});

test("an attribute that cannot be read hides no other", () => {
  run("import h5py\nf = h5py.File('a.h5', 'w')\nf.attrs['n'] = 3");
  engine.files
    .get("a.h5")!
    .get("/")!
    .attributes.push({ name: "odd", value: { error: "no such type" } });
  expect(run("print(list(f.attrs), f.attrs['n'], dict(f.attrs.items()))").stdout).toBe(
    "['n', 'odd'] 3 {'n': np.int64(3), 'odd': <unreadable: no such type>}\n",
  );
  expect(run("f.attrs['odd']").error).toMatchObject({
    name: "NotImplementedError",
    message: "attribute 'odd': no such type",
  });
});

describe("a closed file", () => {
  test("says so", () => {
    run("import h5py\nf = h5py.File('a.h5', 'w')\nd = f.create_dataset('x', (2,))\nf.close()");
    expect(run("d[0]").error?.message).toMatch(/Invalid dataset identifier/);
    expect(run("f['x']").error?.name).toBe("ValueError");
    expect(run("[d, f]").text).toBe("[<Closed HDF5 dataset>, <Closed HDF5 file>]");
    expect(run("h5py.File('a.h5')['x'][0] = 1").error?.message).toContain("no write intent");
  });
});

test("what is printed arrives as it is printed, unfinished lines too", async () => {
  const pieces: string[] = [];
  const { Python } = await import("../src/kernel/python");
  const { wasmPath } = await import("./python-host");
  const python = await Python.create({
    dispatch: engine.dispatch,
    stdout: (text) => pieces.push(text),
    display: () => {},
    callBegun: () => {},
    callEnded: () => {},
    interrupted: () => false,
    now: () => performance.now(),
    wasmUrl: wasmPath,
  });
  python.run("import time\nprint('working', end='')\ntime.sleep(0.01)\nprint(' done é')", "In [1]");
  expect(pieces[0]).toBe("working");
  expect(pieces.join("")).toBe("working done é\n");
});

test("num_workers says how many threads compute, as an argument and as a setting", async () => {
  const asked: unknown[] = [];
  const { run: watched } = await createPython((text) => {
    const request = JSON.parse(text) as { op: string; scheduler: string; workers: number | null };
    if (request.op === "da_compute") asked.push([request.scheduler, request.workers]);
    return engine.dispatch(text);
  });
  const ran = watched(`
import dask, dask.array as da, numpy
d = da.from_array(numpy.arange(4), chunks=2)
d.compute()
d.compute(scheduler="threads", num_workers=3)
d.compute(num_workers=1)
with dask.config.set(num_workers=2):
    dask.compute(d)
d.compute(num_workers=0)`);
  expect(asked).toEqual([
    ["threads", null],
    ["threads", 3],
    ["threads", 1],
    ["threads", 2],
  ]);
  expect(ran.error?.name).toBe("ValueError");
});
