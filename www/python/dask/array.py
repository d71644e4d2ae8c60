"""Lazy arrays cut into chunks: `from_array` makes them, operations plan, `compute()` computes."""

import numpy
from dask._array import Array, binary, from_array, unary
from dask._compute import compute
from numpy._functions import skip_nan
from numpy._ufunc import ufuncs

# --- Making arrays -----------------------------------------------------------------------------


def asarray(a, **options):
    """`a` as a lazy array."""
    return a if isinstance(a, Array) else from_array(a, chunks=getattr(a, "chunks", None) or "auto")


asanyarray = array = asarray


def full(shape, fill_value, dtype=None, chunks="auto"):
    return from_array(numpy.full(shape, fill_value, dtype), chunks)


def zeros(shape, dtype=float, chunks="auto"):
    return from_array(numpy.zeros(shape, dtype), chunks)


def ones(shape, dtype=float, chunks="auto"):
    return from_array(numpy.ones(shape, dtype), chunks)


empty = zeros


def zeros_like(a, dtype=None):
    return full(a.shape, 0, dtype or a.dtype, a.chunks)


def ones_like(a, dtype=None):
    return full(a.shape, 1, dtype or a.dtype, a.chunks)


def arange(*args, chunks="auto", dtype=None):
    return from_array(numpy.arange(*args, dtype=dtype), chunks)


def linspace(start, stop, num=50, endpoint=True, chunks="auto", dtype=None):
    return from_array(numpy.linspace(start, stop, num, endpoint, dtype=dtype), chunks)


class random:
    """`dask.array.random`: drawn at once, not lazily."""

    @staticmethod
    def random(size, chunks="auto"):
        return from_array(numpy.random.random(size), chunks)

    @staticmethod
    def normal(loc=0.0, scale=1.0, size=None, chunks="auto"):
        return from_array(numpy.random.normal(loc, scale, size), chunks)

    @staticmethod
    def seed(seed=None):
        numpy.random.seed(seed)


# --- Functions that are methods too ------------------------------------------------------------


def _reduction(name):
    def reduce(a, axis=None, **options):
        return getattr(asarray(a), name)(axis=axis, **options)

    return reduce


sum, prod, mean, var, std, min, max, any, all, argmin, argmax = [
    _reduction(name) for name in "sum prod mean var std min max any all argmin argmax".split()
]


def nansum(a, axis=None, dtype=None, keepdims=False, split_every=None, out=None):
    return skip_nan(asarray(a), "nansum", axis, dtype, keepdims, 0, split_every)


def nanmean(a, axis=None, dtype=None, keepdims=False, split_every=None, out=None):
    return skip_nan(asarray(a), "nanmean", axis, dtype, keepdims, 0, split_every)


def nanvar(a, axis=None, dtype=None, keepdims=False, ddof=0, split_every=None, out=None):
    return skip_nan(asarray(a), "nanvar", axis, dtype, keepdims, ddof, split_every)


def nanstd(a, axis=None, dtype=None, keepdims=False, ddof=0, split_every=None, out=None):
    return skip_nan(asarray(a), "nanstd", axis, dtype, keepdims, ddof, split_every)


def nanmin(a, axis=None, keepdims=False, split_every=None, out=None):
    return skip_nan(asarray(a), "nanmin", axis, None, keepdims, 0, split_every)


def nanmax(a, axis=None, keepdims=False, split_every=None, out=None):
    return skip_nan(asarray(a), "nanmax", axis, None, keepdims, 0, split_every)


def _elementwise(name, nin):
    def call(*args):
        if len(args) != nin:
            raise TypeError("%s() takes %d arguments but %d were given" % (name, nin, len(args)))
        return unary(name, asarray(args[0])) if nin == 1 else binary(name, *args)

    return call


for _name, _ufunc in ufuncs.items():
    globals()[_name] = _elementwise(_ufunc.__name__, _ufunc.nin)


def clip(a, min=None, max=None):
    return a.clip(min, max)


def round(a, decimals=0):
    return a.round(decimals)


around = round


def transpose(a, axes=None):
    return a.transpose() if axes is None else a.transpose(axes)


def rechunk(a, chunks="auto", **options):
    return a.rechunk(chunks)


def isclose(a, b, rtol=1e-05, atol=1e-08):
    return unary("absolute", a - b) <= atol + rtol * unary("absolute", asarray(b))


def allclose(a, b, rtol=1e-05, atol=1e-08):
    return isclose(a, b, rtol, atol).all()


def _missing(name):
    def call(*args, **options):
        raise NotImplementedError(
            "dask.array.%s is not there in Chunkbook; the same notebook has it in Jupyter with Dask" % name
        )

    return call


for _name in (
    "concatenate stack map_blocks from_zarr to_hdf5 store dot matmul tensordot where topk histogram reshape"
).split():
    globals()[_name] = _missing(_name)

pi, e, inf, nan, newaxis = numpy.pi, numpy.e, numpy.inf, numpy.nan, None
