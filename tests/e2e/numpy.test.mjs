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

const BY_ARRAYS = `
import json
import numpy as np
x = np.arange(12.0).reshape(3, 4) * np.array([1, -1, 1, -1])
n = np.array([3.0, float("nan"), -0.5, 7.0, float("nan"), 2.0])
i = np.array([[2, 0], [-1, 1]])
found = []

def see(array):
    array = np.asarray(array)
    found.append([str(array.dtype), list(array.shape), [str(float(value)) for value in array.ravel()]])

def attempt(action):
    try:
        action()
        found.append("nothing was raised")
    except Exception as error:
        found.append([type(error).__name__, str(error)])

for chosen in (x[x > 0], x[[True, False, True]], x[np.array([True, False, True]), 1:3], x[x[:, 0] > 2], x[i], x[[-1, 0]],
               x[[2, 1], 0], x[[]], x[x > 100], x.T[[1]], (x > 0)[i], x.astype("int8")[i], x.astype("float32")[x < 0],
               np.arange(5)[np.array([4, 0], dtype="uint8")]):
    see(chosen)
y = x.copy(); y[y < 0] = 0; see(y)
y = x.copy(); y[[0, 2]] = [[1], [2]]; see(y)
y = x.copy(); y[i] = np.ones(4); see(y)
y = x.copy(); y[x > 4] = np.arange(float((x > 4).sum())); see(y)
y = x.copy(); y[[2, 0], 1:3] = 9; see(y)
y = x.copy(); v = y[1:]; v[v > 5] = -7; see(y)
y = np.arange(6); y[y % 2 == 0] *= 10; see(y)
y = np.arange(4); y[[0, 0, 1]] = [5, 6, 7]; see(y)
y = np.arange(4); y[y[[3, 2]]] = -1; see(y)
for order in (np.sort(x), np.sort(x, axis=0), np.sort(x, axis=None), np.sort(n), np.sort(np.array([3, -1, 2], dtype="int8")),
              np.sort(np.array([2**63, 1], dtype="uint64")), np.sort(np.array([True, False])), np.unique(i), np.unique(n),
              np.unique(np.array([2, 2, 1])), np.cumsum(x), np.cumsum(np.array([True, True])), np.cumsum(np.array([1, 2], dtype="uint8")),
              np.median(x), np.percentile(x, 30), np.median(n), np.flatnonzero(x), np.where(x < 0)[1], np.nonzero(n > 0)[0],
              np.median(x, axis=0), np.median(x, axis=-1), np.median(n.reshape(2, 3), axis=1), np.median(x.astype("int8"), axis=0), np.median(x.astype("float32")),
              np.percentile(x, 30, axis=0), np.percentile(x, [25, 100], axis=1), np.percentile(x.astype("int8"), 60), np.quantile(x, 0.5, axis=1), np.quantile(x, [0.25, 0.5]),
              np.percentile(x.astype("float32"), [30, 50]), np.percentile(x.astype("float32"), 30), np.percentile(x.astype("float32"), [30, 50], axis=0), np.percentile([-np.inf, 5, 6], 40), np.percentile([1, 5, np.inf], [20, 40, 80]),
              np.quantile(np.arange(1001.0), 0.29), np.percentile(np.arange(101.0), 55), np.quantile(np.sqrt(np.arange(997.0)), [0.1, 0.29, 0.7])):
    see(order)
y = n.copy(); y.sort(); see(y)
for choice in (np.where(x > 3, x, 0), np.where(x > 3, 1, 0), np.where([True, False, True, False], x, -x.astype("float32")),
               np.where(True, i, 2), np.where(x.astype("int8") > 3, np.float64(0.5), x.astype("float32")), np.where(x > 3, x > 5, False)):
    see(choice)
for listed in (np.array([1, 2.5]), np.array([[True], [False]]), np.array([True, 2]), np.array([2**63]), np.array([1, 0], dtype=bool), np.array([0.1], dtype="float16"),
               np.array([]), np.array([[], []]), np.array([-2**63, 2**63 - 1]), np.array((1, 2), dtype="uint8"), np.array([1.7, -1.7], dtype=int), np.array([0.5, 0], dtype=bool), np.array([1, True]), np.float64(3).ravel(), np.array([np.float32(1), 2])):
    see(listed)
for listed in (np.array([1, 2**63]), np.array([-1, 2**63])):
    see(listed)
for reduced in (np.nansum(n), np.nanmean(n), np.nanvar(n), np.nanstd(n, ddof=1), np.nanmin(n), np.nanmax(n),
                np.nansum(n.reshape(2, 3), axis=0), np.nanmean(n.reshape(2, 3), axis=1, keepdims=True)):
    see(reduced)
f = n.astype("float32").reshape(2, 3)
for typed in (np.nanmean(f, axis=0), np.nanvar(f, axis=1), np.nanstd(f), np.nanmin(f, axis=0), np.nanmax(f), np.nanmax(np.array([2**53 + 1])),
              np.nanmin(np.array([True])), np.nanmean([1, 2]), np.nanvar([1.0, 2.0], ddof=3), np.median(f[:, :1]), np.median([1, 2, np.inf]), np.median([3, 1, 2, 4]),
              np.where(x > 3, np.float32(1), np.float32(0)), np.where(x > 3, np.int32(1), 0), np.where(np.array([True]), np.array([1], dtype="uint8"), np.int64(300)),
              np.where(True, np.float32(1), np.float32(2)), np.cumsum(5), np.flatnonzero(5), np.nan_to_num(np.array([1, 2])), np.nan_to_num(n)):
    see(typed)
attempt(lambda: np.where(x.max() > 3))
attempt(lambda: np.quantile(x, 1.5))
attempt(lambda: np.percentile(x, -1))
attempt(lambda: np.array([300], dtype="uint8"))
attempt(lambda: np.array([2**64], dtype="int64"))
attempt(lambda: x[np.array([True, False])])
attempt(lambda: x[np.array([[True, False]])])
attempt(lambda: x[[3]])
attempt(lambda: x[np.array([-4])])
attempt(lambda: x[np.array([0.5])])
attempt(lambda: x.__setitem__(x > 4, np.arange(2.0)))
attempt(lambda: x.__setitem__([0, 1], np.arange(3.0)))
attempt(lambda: np.where([True, False], [1, 2, 3], 0))
print(json.dumps(found))
`;

test("arrays as indices, choices between arrays, order and NaN give what they give in NumPy", async () => {
  const { stdout, error } = await runCell(opened.page, BY_ARRAYS);
  assert.equal(error, null);
  assert.deepEqual(JSON.parse(stdout), python(BY_ARRAYS));
});

const SCALARS = `
import json
import numpy as np
import dask.array as da
dtypes = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split()
found = []
for array in dtypes:
    a = np.array([1, 0, 100], dtype=array)
    d = da.from_array(a, chunks=2)
    for scalar in dtypes:
        s = getattr(np, scalar.replace("bool", "bool_"))(3)
        for result in (a * s, s + a, a / s, np.maximum(a, s), (d * s).compute(), (s + d).compute(), (d < s).compute(), s > a):
            found.append([array, scalar, str(result.dtype), [float(value) for value in np.asarray(result)]])
a, d = np.array([40000, 3], "u2"), da.from_array(np.array([200, 3], "u1"), chunks=1)
found.append([str(a - np.int16(300)), str((d + np.int8(-5)).compute()), str(np.array([2**63 + 1], "u8") > np.int64(5))])
print(json.dumps(found))
`;

test("a NumPy scalar beside an array, in memory or lazy, counts with its own type", async () => {
  const { stdout, error } = await runCell(opened.page, SCALARS);
  assert.equal(error, null);
  assert.deepEqual(JSON.parse(stdout), python(SCALARS));
});

const IN_PLACE = `
import json
import numpy as np
found = []

def attempt(action):
    try:
        action()
        found.append("nothing was raised")
    except Exception as error:
        found.append(type(error).__name__.replace("_UFuncOutputCastingError", "UFuncTypeError"))

def scale(x):
    x *= 3

class Holder:
    pass

whole = np.arange(6)
part = whole[2:]
part *= 2
whole[:2] *= 5
scale(whole)
found.append(whole.tolist())
rows = np.ones((2, 3))
for row in rows:
    row /= 4
rows[0] **= 2
rows[:, 1:] //= 0.01
rows[1][0] %= 0.1
found.append(rows.tolist())
mask = whole > 5
same = mask
same &= whole < 30
same |= whole == 0
same ^= whole == 6
found.append(mask.tolist())
halves = np.ones(3, "f4")
again = halves
halves *= np.float64(0.5)
halves *= np.array([1.5, 2, 3])
found.append([str(halves.dtype), again.tolist()])
small = np.ones(3, "i2")
small *= np.int64(2)
found.append([str(small.dtype), small.tolist()])

def divide():
    global whole
    whole /= 2

def multiply():
    global whole
    whole *= 1.5

attempt(divide)
attempt(multiply)
holder = Holder()
holder.x = rows
holder.x *= 2
found.append(rows.tolist())
number, text, items, letters = 7, "ab", [1, 2], {1, 2}
number *= 3 + 1; number //= 5; number **= 2; number %= 11; number |= 8; number ^= 1; number &= 13
text *= 2
text *= (
    1
    + 1
)
items *= 2
kept = letters
letters |= {3}
letters &= {2, 3}
found.append([number, text, items, sorted(kept)])

class Counted:
    looks = 0

    @property
    def inner(self):
        Counted.looks += 1
        return self

class Proxy:
    def __init__(self, target):
        self.target = target

    def __getattr__(self, name):
        return getattr(self.target, name)

    def __mul__(self, other):
        return "its own"

def step():
    global place
    place += 1
    return 2

place, plain = 0, [1, 10, 100]
plain[place] *= step()
counted = Counted()
counted.value = 3
counted.inner.value *= 7
proxy = Proxy(np.arange(3))
proxy *= 2
found.append([plain, counted.value, Counted.looks, proxy])
named = {"k": np.arange(3), "l": [1]}
seen, listed = named["k"], named["l"]
named["k"] *= 2
named["l"] *= 3
σ = seen
σ **= 2
holders = [holder]
holder.x = seen
holders[0 + 0].x += 1
holders[-1].x //= 2
found.append([seen.tolist(), listed, kept is letters])
table = np.arange(24).reshape(2, 3, 4)
row = 0
table[row + 1] *= 2
table[row, 1:, ::2] *= 3
table[..., -1:] //= 2
table[:, :1][0] *= 2; table[0, 0, 0] |= 6
matrix = np.eye(2)
product = matrix
product @= np.array([[1.0, 2], [3, 4]])
found.append([table.tolist(), matrix.tolist()])

def fraction():
    table[row + 1, 0:2] *= 1.5

attempt(fraction)
bits = 5
bits <<= 2
bits >>= 1
found.append([bits, table.tolist()])
print(json.dumps(found))
`;

test("what is assigned in place changes the array that others see, in its own type or not at all", async () => {
  const { stdout, error } = await runCell(opened.page, IN_PLACE);
  assert.equal(error, null);
  assert.deepEqual(JSON.parse(stdout), python(IN_PLACE));
});

const ASKED_TYPES = `
import json
import numpy as np
import dask.array as da
found = []
for array in (np.arange(1, 7, dtype="f4") / 7, np.arange(100, 106, dtype="i4") ** 2, np.array([True, False, True])):
    lazy = da.from_array(array, chunks=4)
    for dtype in ("f8", "f4", "i8", "i4", None):
        for name in ("sum", "prod", "mean", "var", "std"):
            if name in ("mean", "var", "std") and dtype in ("i8", "i4"):
                continue
            for result in (getattr(array, name)(dtype=dtype), getattr(np, name)(array, dtype=dtype)):
                found.append([name, str(result.dtype), "%.5e" % float(result)])
            found.append([name, str(getattr(lazy, name)(dtype=dtype).compute().dtype)])
x = np.arange(7)
for part in (slice(-9, None, -1), slice(-9, -8, -2), slice(-8, None, -1), slice(9, -9, -2), slice(-9, 3), slice(7, None)):
    found.append(x[part].tolist())
print(json.dumps(found))
`;

test("reductions have the type that is asked of them, and slices may begin before the first element", async () => {
  const { stdout, error } = await runCell(opened.page, ASKED_TYPES);
  assert.equal(error, null);
  assert.deepEqual(JSON.parse(stdout), python(ASKED_TYPES));
});

const SHOWN = `
import json
import numpy as np
import dask.array as da
latitudes = np.linspace(-86.95, 90, 60).astype("f4")
found = [repr(kind(x)) + str(kind(x)) for kind in (np.float64, np.float32, np.float16)
         for x in (1e7, 123456789, 1e-4, 9999999.0, 1e15, 0.001, 999999, 1234567, 1000, 999, 2048, 0, -1e-5, float("inf"), float("nan"))]
found += [str(np.array(numbers, dtype)) for dtype in ("f8", "f4", "f2")
          for numbers in ([7560.1548, 1e-3], [2048, 0.1], [1e20, 1.2345e-10], [1e23, 1.2345678e-10], [1e-5, 3, float("nan"), -float("inf")], [0.1, 0.25])
          if dtype != "f2" or max(numbers) < 1e4]
found += [repr(latitudes * latitudes), repr(latitudes)]
found += [f"{np.float32(1e6)} {np.float16(2000)} {np.float32(0.1)} {np.float32(0.1)!s}", "{}".format(np.float32(1e6)), format(np.float32(1e7)), "%s" % np.float32(1e7)]
found += [str(np.float16(465.25)), str(np.float16(4.3125)), str(np.float32(1529918.25)), str(np.array([0.065246545, 0.5], "f4")), str(np.array([465.25, 4.3125, 0.001], "f2"))]
many = [((i * 7919 + 13) % 10007) * 10.0 ** ((i * 31) % 9 - 4) / 3 for i in range(200)]
for dtype in ("f8", "f4", "f2"):
    fitting = [number for number in many if dtype != "f2" or number < 60000]
    for start in range(0, len(fitting) - 4, 4):
        part = np.array(fitting[start : start + 4], dtype)
        found += [str(part), str(part[0]), repr(part[1])]
table = np.arange(6).reshape(2, 3) ** 2
found += [np.diff([1, 4, 9]).tolist(), np.diff(table, axis=0).tolist(), np.diff(np.arange(6) ** 3, n=2).tolist(), np.diff(np.array([True, False, False])).tolist()]
lazy = da.from_array(np.arange(6) ** 2, chunks=2)
found += [str(type(np.diff(lazy))).count("Array"), np.diff(lazy).compute().tolist(), np.percentile([1, 2], range(0, 101, 50)).tolist()]
for action in (lambda: np.diff([1, 2], n=-1), lambda: np.diff(5), lambda: np.diff([1, 2], axis=1), lambda: table.item(slice(0, 1)), lambda: table.item(1.5)):
    try:
        found.append(str(action()))
    except Exception as error:
        found.append(type(error).__name__)
found += [np.percentile(np.arange(5.0), [10, 50]).tolist(), table.item(3), table.item(1, 2), table.item((1, 0)), np.arange(3).item(-1)]
print(json.dumps(found))
`;

test("numbers and arrays of every float are shown as NumPy shows them, and differences and ranks are its own", async () => {
  const { stdout, error } = await runCell(opened.page, SHOWN);
  assert.equal(error, null);
  assert.deepEqual(JSON.parse(stdout), python(SHOWN));
});

test("a mask of a million elements, its half and its order become no Python objects, and long lists arrays", async () => {
  const source = `
import numpy as np
np.random.seed(0)
x = np.random.rand(1000000)
y = x.copy()
y[x > 0.5] = 0.5
s = np.sort(x)
print(x[x > 0.5].size + x[x <= 0.5].size, y.max(), (s[1:] >= s[:-1]).all(), abs(np.median(x) - 0.5) < 0.01, np.unique(np.floor(x * 100)).size, np.array(list(range(100000))).sum())
`;
  const { stdout, error } = await runCell(opened.page, source);
  assert.equal(error, null);
  assert.equal(stdout, "1000000 0.5 True True 100 4999950000\n");
});

const SKIP_NAN = `
import json
import warnings
import numpy as np
import dask.array as da
warnings.simplefilter("ignore")
nan = float("nan")
a = np.array([[1.5, nan, -2.0, nan], [nan, nan, 4.0, 0.25], [3.0, nan, nan, -1.0], [nan, nan, 8.0, 2.0], [0.5, nan, 1.0, 1.0]])
found = []
for dtype in ("float64", "float32", "int16"):
    typed = np.nan_to_num(a).astype(dtype) if dtype == "int16" else a.astype(dtype)
    lazy = da.from_array(typed, chunks=(1, 3))
    for name in "nansum nanmean nanvar nanstd nanmin nanmax".split():
        for axis in (None, 0, 1, (0, 1)):
            for result in (
                getattr(np, name)(typed, axis=axis),
                getattr(da, name)(lazy, axis=axis, keepdims=True).compute(),
                getattr(np, name)(lazy, axis=axis).compute(),
                getattr(da, name)(lazy * 2, axis, split_every=2).compute(),
                getattr(np, name)(typed, axis, None, *([True] if name in ("nanmin", "nanmax") else [None] * (name in ("nanvar", "nanstd")) + [0] * (name in ("nanvar", "nanstd")))),
                getattr(da, name)(lazy, axis, *([True] if name in ("nanmin", "nanmax") else [None, True])).compute(),
            ):
                result = np.asarray(result)
                values = [round(float(value), 5) for value in result.ravel()]
                found.append([name, str(result.dtype), list(result.shape), ["nan" if value != value else value for value in values]])
d = da.from_array(a, chunks=(1, 3))
for result in da.compute(da.nansum(d), d.sum(), da.nanmean(d, axis=1), da.nanvar(d, ddof=1), da.nansum(d, dtype="float32"), np.nansum(a, dtype=int), np.nansum(a.astype("int8"), 0, "int64"), np.nanvar(np.array([1, 2]), ddof=2), da.nanvar(da.ones(2, chunks=1), ddof=1)):
    found.append(str(np.round(np.asarray(result, dtype="float64"), 5).tolist()))
for attempt in (lambda: np.nanmin([]), lambda: np.nanmean(a, dtype=int), lambda: np.nanmin(a, dtype=float), lambda: da.nanmax(d, ddof=1), lambda: da.nanmax(da.ones(0, chunks=1)).compute(), lambda: da.nansum(d, axis=2)):
    try:
        attempt()
        found.append("nothing was raised")
    except (TypeError, ValueError) as error:
        found.append(type(error).__name__)
print(json.dumps(found))
`;

test("reductions of what is not NaN, in memory and lazy, are NumPy's and Dask's", async () => {
  const { stdout, error } = await runCell(opened.page, SKIP_NAN);
  assert.equal(error, null);
  assert.deepEqual(JSON.parse(stdout), python(SKIP_NAN));
});

test("a reduction of lazy arrays that is not there says where it is", async () => {
  const { error } = await runCell(opened.page, "import dask.array as da\nda.where(da.ones(4, chunks=2))");
  assert.match(
    JSON.stringify(error),
    /dask.array.where is not there in Chunkbook; the same notebook has it in Jupyter/,
  );
});
