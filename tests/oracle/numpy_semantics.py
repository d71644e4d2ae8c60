"""Asks NumPy what it does: tests/fixtures/numpy_semantics.json holds its answers.

`cargo test --test numpy_semantics` compares Chunkbook with them bit for bit (elementary functions to a few
units in the last place). This script checks that the NumPy at hand still gives them; after adding a
question, `python tests/oracle/numpy_semantics.py --write` writes them anew. Casts of values outside an
integer type's range are those of x86-64, where C leaves them open.
"""

import json
import pathlib
import sys
import warnings

import numpy as np

warnings.simplefilter("ignore")
np.seterr(all="ignore")

DTYPES = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split()
BINARY = """add subtract multiply divide floor_divide remainder power minimum maximum equal not_equal less
less_equal greater greater_equal logical_and logical_or bitwise_and bitwise_or bitwise_xor hypot arctan2""".split()
UNARY = """negative absolute sqrt square exp log log2 log10 sin cos tan arcsin arccos arctan sinh cosh tanh floor
ceil rint trunc isnan isinf isfinite logical_not invert sign""".split()
REDUCTIONS = "sum prod mean var std min max any all argmin argmax".split()
SKIP_NAN = "nansum nanmean nanvar nanstd nanmin nanmax".split()
SCALARS = [True, 0, 2, -3, 300, 2**40, 2**63, 0.5, 2.0, -1.0, 1e300, float("nan"), float("inf")]


def packed(array):
    array = np.asarray(array)
    return {"dtype": array.dtype.name, "shape": list(array.shape), "hex": array.tobytes().hex()}


def answer(function, *arguments, **options):
    try:
        return packed(function(*arguments, **options))
    except (TypeError, ValueError, OverflowError) as error:
        return {"error": str(error)}


def samples(dtype):
    """Two arrays of 16 elements whose pairs meet the corners of a type."""
    if dtype == "bool":
        return np.array([0, 0, 1, 1] * 4, dtype), np.array([0, 1, 0, 1] * 4, dtype)
    if dtype.startswith("float"):
        tiny = np.finfo(dtype).smallest_subnormal
        big = np.finfo(dtype).max
        left = [0.0, -0.0, 1.5, -1.5, 7.0, -7.0, 7.0, -7.0, np.inf, -np.inf, np.nan, 2.0, big, float(tiny), 0.3, 2.5]
        right = [0.0, 3.0, 0.5, 0.5, 3.0, 3.0, -3.0, -3.0, 2.0, np.inf, 1.0, np.nan, 2.0, 0.5, 0.1, -0.0]
    else:
        low, high = np.iinfo(dtype).min, np.iinfo(dtype).max
        minus = (lambda n: -n) if low < 0 else (lambda n: high - n + 1)
        left = [0, 7, minus(7), 7, minus(7), low, high, high, low, 1, 100, 13, 2, 3, 5, 0]
        right = [0, 2, 2, minus(2), minus(2), minus(1), high, 2, 2, 0, 3, 13, 6, 31, 1, 9]
    return np.array(left, dtype), np.array(right, dtype)


def cast_samples(dtype):
    values, other = samples(dtype)
    if dtype.startswith("float"):
        # Ties and near-ties of narrower floats, and integers just inside and outside their ranges.
        extra = [2049.0, 2051.0, 2049.0 + 2.0**-40, 65519.0, 65520.0, 5.96e-8, 2.98e-8, 255.9, -128.9, 300.7,
                 -300.7, 32768.0, 2.0**31, -(2.0**31), 2.0**32, 3e9, -3e9, 2.0**62, 2.0**63, 1.8e19, 1e30, -1e30]
        values = np.concatenate([values, np.array(extra).astype(dtype)])
    return np.concatenate([values, other])


def reduction_input(dtype):
    values = np.arange(60).reshape(3, 4, 5) * 37 % 101
    if dtype == "bool":
        return (values % 3 > 0).astype(dtype)
    if dtype.startswith("float"):
        return (values / 8 - 5).astype(dtype)
    return values.astype(dtype)


def skip_nan_input(dtype):
    """Of floats every third element is NaN, and all of a row and of a column."""
    values = reduction_input(dtype)
    if dtype.startswith("float"):
        values.ravel()[::3] = np.nan
        values[1, 2] = np.nan
        values[:, 0, 1] = np.nan
    return values


def questions():
    types = {
        name: [answer(getattr(np, name), np.ones(1, left), np.ones(1, right)).get("dtype") for left in DTYPES for right in DTYPES]
        for name in BINARY
    }
    binary = [
        [name, dtype, answer(getattr(np, name), *samples(dtype))]
        for name in BINARY for dtype in DTYPES
    ]
    mixed = [
        [name, left, right, answer(getattr(np, name), samples(left)[0], samples(right)[1])]
        for name in ["add", "divide", "less", "greater_equal", "equal", "power", "hypot"]
        for left, right in [("int64", "uint64"), ("uint64", "int64"), ("int8", "uint8"), ("bool", "float16"), ("float32", "int32")]
    ]
    scalars = [
        [name, dtype, repr(scalar), side, answer(getattr(np, name), *((samples(dtype)[0][2:7], scalar)[::side]))]
        for name in ["add", "divide", "power", "less", "bitwise_and"]
        for dtype in ["bool", "int8", "uint8", "int64", "uint64", "float16", "float32", "float64"]
        for scalar in SCALARS for side in (1, -1)
    ]
    return {
        "numpy": np.__version__,
        "samples": {dtype: [packed(array) for array in samples(dtype)] for dtype in DTYPES},
        "cast_samples": {dtype: packed(cast_samples(dtype)) for dtype in DTYPES},
        "reduction_inputs": {dtype: packed(reduction_input(dtype)) for dtype in DTYPES},
        "types": types,
        "binary": binary,
        "mixed": mixed,
        "scalars": scalars,
        "unary": [[name, dtype, answer(getattr(np, name), samples(dtype)[0])] for name in UNARY for dtype in DTYPES],
        "casts": [[source, target, packed(cast_samples(source).astype(target))] for source in DTYPES for target in DTYPES],
        "reductions": [
            [name, dtype, list(range(3)) if axis is None else [axis] if isinstance(axis, int) else list(axis),
             answer(getattr(reduction_input(dtype), name), axis=axis)]
            for name in REDUCTIONS for dtype in DTYPES
            for axis in ([None, 0, 1, 2] if name.startswith("arg") else [None, 0, 1, 2, (0, 2), ()])
        ],
        "skip_nan_inputs": {dtype: packed(skip_nan_input(dtype)) for dtype in DTYPES},
        "skip_nan": [
            [name, dtype, list(axes), answer(getattr(np, name), skip_nan_input(dtype), axis=axes)]
            for name in SKIP_NAN for dtype in DTYPES for axes in [(0, 1, 2), (0,), (1,), (2,), (0, 2)]
        ],
        "empty": [
            [name, shape, axes, answer(getattr(np, name), np.zeros(shape), axis=axes[0] if name.startswith("arg") else tuple(axes))]
            for name in REDUCTIONS + SKIP_NAN for shape, axes in [([0], [0]), ([0, 3], [0]), ([0, 3], [1]), ([0, 0], [0])]
        ],
    }


def same(ours, theirs):
    """Whether two answers agree: errors as errors, arrays to the rounding of elementary functions."""
    if "error" in ours or "error" in theirs:
        return "error" in ours and "error" in theirs
    if (ours["dtype"], ours["shape"]) != (theirs["dtype"], theirs["shape"]):
        return False
    left, right = (np.frombuffer(bytes.fromhex(answer["hex"]), answer["dtype"]) for answer in (ours, theirs))
    if left.dtype.kind != "f":
        return np.array_equal(left, right)
    return np.allclose(left, right, rtol=8 * np.finfo(left.dtype).eps, atol=0, equal_nan=True)


def check(path):
    recorded, now = json.loads(path.read_text()), questions()
    passed = failed = 0
    for section in ["binary", "mixed", "scalars", "unary", "casts", "reductions", "skip_nan", "empty"]:
        for old, new in zip(recorded[section], now[section], strict=True):
            if old[:-1] == json.loads(json.dumps(new[:-1])) and same(old[-1], new[-1]):
                passed += 1
            else:
                failed += 1
                print(f"{section} {new[:-1]}: recorded {old[-1]}, NumPy {np.__version__} {new[-1]}")
    for name, types in now["types"].items():
        if recorded["types"][name] == types:
            passed += 1
        else:
            failed += 1
            print(f"types of {name} differ in NumPy {np.__version__}")
    print(f"{passed} passed, {failed} failed")
    return failed == 0


def write(path):
    text = json.dumps(questions(), separators=(",", ":")).replace("],[", "],\n[")
    path.write_text(text + "\n")
    print(f"{path}: {path.stat().st_size} bytes, NumPy {np.__version__}")


if __name__ == "__main__":
    fixture = pathlib.Path(__file__).parent.parent / "fixtures" / "numpy_semantics.json"
    if "--write" in sys.argv:
        write(fixture)
    else:
        sys.exit(0 if check(fixture) else 1)
