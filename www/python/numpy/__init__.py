"""NumPy as far as Chunkbook has it: arrays in the engine's memory, NumPy's names and rules."""

from numpy._dtype import (
    as_dtype,
    bool_,
    dtype,
    float16,
    float32,
    float64,
    floating,
    generic,
    integer,
    number,
    scalar_types,
    signedinteger,
    unsignedinteger,
)
from numpy._ndarray import ndarray
from numpy._functions import *
from numpy._ufunc import ufunc, ufuncs
from numpy import random

__version__ = "2.4-chunkbook"

pi = 3.141592653589793
e = 2.718281828459045
euler_gamma = 0.5772156649015329
inf = Inf = float("inf")
nan = NaN = float("nan")
newaxis = None

int8, int16, int32, int64 = [scalar_types["int%d" % bits] for bits in (8, 16, 32, 64)]
uint8, uint16, uint32, uint64 = [scalar_types["uint%d" % bits] for bits in (8, 16, 32, 64)]
int_ = intp = int64
uint = uintp = uint64
half, single, double = float16, float32, float64
bool = bool_
True_, False_ = bool_(True), bool_(False)

for _name in ufuncs:
    globals()[_name] = ufuncs[_name]


class finfo:
    """The limits of a floating-point type."""

    def __init__(self, kind):
        self.dtype = as_dtype(kind if not hasattr(kind, "dtype") or isinstance(kind, type) else kind.dtype)
        if self.dtype.kind != "f":
            raise ValueError("data type %s not inexact" % repr(self.dtype))
        digits, self.max, self.tiny, self.precision = {
            8: (52, 1.7976931348623157e308, 2.2250738585072014e-308, 15),
            4: (23, 3.4028234663852886e38, 1.1754943508222875e-38, 6),
            2: (10, 65504.0, 6.103515625e-05, 3),
        }[self.dtype.itemsize]
        self.eps = self.dtype.type(2.0**-digits)
        self.min = -self.max
        self.bits = 8 * self.dtype.itemsize


class iinfo:
    """The limits of an integer type."""

    def __init__(self, kind):
        self.dtype = as_dtype(kind)
        if self.dtype.kind not in "iu":
            raise ValueError("Invalid integer data type %s." % repr(self.dtype.kind))
        self.bits = 8 * self.dtype.itemsize
        self.min = -(2 ** (self.bits - 1)) if self.dtype.kind == "i" else 0
        self.max = 2 ** (self.bits - 1) - 1 if self.dtype.kind == "i" else 2**self.bits - 1


class errstate:
    """`with np.errstate(...)`: accepted; the engine gives no floating-point warnings."""

    def __init__(self, **kinds):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass


def seterr(**kinds):
    return {}


class _Missing:
    """A part of NumPy that Chunkbook does not have; says so when used."""

    def __init__(self, name):
        self._name = name

    def __call__(self, *args, **options):
        raise NotImplementedError(
            "numpy.%s is not there in Chunkbook; the same notebook has it in Jupyter" % self._name
        )

    def __getattr__(self, name):
        raise NotImplementedError(
            "numpy.%s.%s is not there in Chunkbook; the same notebook has it in Jupyter" % (self._name, name)
        )


save, load, savez, loadtxt, savetxt, genfromtxt, memmap = [
    _Missing(name) for name in "save load savez loadtxt savetxt genfromtxt memmap".split()
]
linalg, fft, ma = _Missing("linalg"), _Missing("fft"), _Missing("ma")
histogram, einsum, meshgrid, argsort, searchsorted, interp, histogram2d, tensordot, outer, convolve = [
    _Missing(name)
    for name in "histogram einsum meshgrid argsort searchsorted interp histogram2d tensordot outer convolve".split()
]
