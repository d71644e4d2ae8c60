import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { translateCell } from "../src/kernel/cell-source";
import { floatBits, floatExponent, floatFixed, floatRepr } from "../src/kernel/number-text";

const code = (source: string) => translateCell(source).code;

test("translation neither adds nor removes a line", () => {
  const cells = readFileSync(new URL("cells.py", import.meta.url), "utf8")
    .split("\n# %% ")
    .map((cell) => `# ${cell}`);
  const awkward = [
    "x = (f'a{b}'  # why\n     f'c{d}')",
    'f"""{a\n+ b}\n{c}"""\n',
    "y = '{}'. \\\n    format(1)",
    "while (a and\n       b):\n    pass",
    "{\n  'a': 1,  # one\n  **b,\n\n  'c': 2\n}",
    "def f(a,\n      /,\n      b): pass",
    "if (a\n    < b\n    < c): pass",
    "raise A(\n  1) from \\\n  b",
    "%time x\n\n%timeit -n 3 y\nz",
    "%%time\n\nx\n",
    "s = '''\n%time\n'''",
    "x = [\n  i\n  for i\n  in y\n]\n",
    "d[\n  ::2\n]",
  ];
  for (const cell of [...cells, ...awkward]) {
    const text = code(cell);
    // The lines of a cell magic's body are in a string.
    const lines = cell.startsWith("%%") ? JSON.parse(/\(("(?:[^"\\]|\\.)*")/.exec(text!)![1]!) : text;
    expect((lines as string).split("\n").length, cell).toBe(cell.split("\n").length);
  }
});

describe("the last expression", () => {
  test.each([
    ["x = 1\nx", "x = 1\n__result__ = (x)"],
    ["x;", "x;"],
    ["x = 1; x", "x = 1; __result__ = (x)"],
    ["x # note\n# end", "__result__ = (x) # note\n# end"],
    ["(1,\n 2)", "__result__ = ((1,\n 2))"],
    ["if x:\n    y", "if x:\n    y"],
  ])("of %j is kept", (source, expected) => {
    expect(code(source)).toBe(expected);
  });
});

describe("a loop looks at the interrupt flag", () => {
  test.each([
    ["while True: pass", "while __tick__() and (True): pass"],
    ["for i in x: f(i)", "for i in x: __tick__(); f(i)"],
    ["for i in x:\n    # note\n    f(i)", "for i in x:\n    # note\n    __tick__(); f(i)"],
    ["for i, j in a, b:\n    if i: f()", "for i, j in __each__((a, b)):\n    if i: f()"],
    ["y = [i for i in x]", "y = [i for i in __each__(x)]"],
  ])("%j", (source, expected) => {
    expect(code(source)).toBe(expected);
  });
});

test("numbers that end in a point do not stop the translation", () => {
  expect(code("x = 2.*f'{y:.3f}'\nx")).toBe("x = 2.0*'{}'.format(__format__(y, \".3f\"))\n__result__ = (x)");
});

test("comparisons with a literal on the right stay as they are", () => {
  expect(code("a = x < 3")).toBe("a = x < 3");
  expect(code("a = 3 < x")).toBe("a = __less__(3, x)");
  expect(code("a = 0 <= x < 5")).toBe('a = __compare__("<= <", 0, x, 5)');
});

test("targets of assignments stay as they are", () => {
  expect(code("[a, *b] = x\n(c, *d) = x\na[::2] = 1\na[::2] += 1\ndel a[::2]")).toBe(
    "[a, *b] = x\n(c, *d) = x\na[::2] = 1\na[::2] += 1\ndel a[::2]",
  );
});

test("names that objects of JavaScript have are names like others", () => {
  expect(code("x = constructor(toString(1))")).toBe("x = constructor(toString(1))");
});

test("an unsupported statement inside a magic is told with its line", () => {
  expect(translateCell("%%time\nx = 1\nmatch x:\n    case 1: pass").problem).toMatchObject({ line: 3 });
  expect(translateCell("x\n%time print 1").problem).toMatchObject({ name: "SyntaxError", line: 2 });
});

describe("the text of a float", () => {
  test.each([
    [0.1, "0.1"],
    [1 / 3, "0.3333333333333333"],
    [-83.915, "-83.915"],
    [1e16, "1e+16"],
    [123456789012345680, "1.2345678901234568e+17"],
    [9999999999999998, "9999999999999998.0"],
    [0.0001, "0.0001"],
    [0.00001234, "1.234e-05"],
    [5e-324, "5e-324"],
    [-0, "-0.0"],
    [100, "100.0"],
    [Number.NaN, "nan"],
    [Number.NEGATIVE_INFINITY, "-inf"],
  ])("%d is %s, as CPython's repr", (x, text) => {
    expect(floatRepr(x)).toBe(text);
  });

  test.each([
    [0.1, "0x3fb999999999999a"],
    [-0, "0x8000000000000000"],
    [5e-324, "0x0000000000000001"],
    [Number.NEGATIVE_INFINITY, "0xfff0000000000000"],
  ])("%d has the bits %s", (x, bits) => {
    expect(floatBits(x)).toBe(bits);
  });

  test.each([
    [0.5, 0, "0"],
    [1.5, 0, "2"],
    [2.675, 2, "2.67"],
    [0.125, 2, "0.12"],
    [5191145987.622514, 8, "5191145987.62251377"],
    [1e22, 1, "10000000000000000000000.0"],
    [-0.04, 1, "-0.0"],
    [0.000123, 8, "0.00012300"],
  ])("%d with %d places is %s, as C's printf", (x, places, text) => {
    expect(floatFixed(x, places)).toBe(text);
  });

  // What CPython's `"%.{places}e" % x` gives.
  test.each([
    [465.25, 3, "4.652e+02"],
    [4.3125, 3, "4.312e+00"],
    [9.5, 0, "1e+01"],
    [8.5, 0, "8e+00"],
    [99.95, 2, "1.00e+02"],
    [1e23, 7, "1.0000000e+23"],
    [-0.000125, 1, "-1.3e-04"],
    [0, 2, "0.00e+00"],
    [5e-324, 3, "4.941e-324"],
  ])("%d with an exponent and %d places is %s, as C's printf", (x, places, text) => {
    expect(floatExponent(x, places)).toBe(text);
  });
});
