"""The lazy array: a shape, an element type, chunks, and how to compute each of them."""

import _bridge
import numpy
from _text import qualified_names
from dask._compute import compute as _compute_all
from dask._graph import Drawing, TaskGraph
from numpy._dtype import as_dtype, generic, number_of
from numpy._indexing import make_slice, select
from numpy._ndarray import ARITHMETIC, COMPARISONS, normal_axes, product, strengthen


class Array:
    """A lazy array: a shape, an element type, chunks, and how to compute each of them."""

    def __init__(self, info):
        self._lazy = info["lazy"]
        self.name = info["name"]
        self.shape = tuple(info["shape"])
        self.dtype = as_dtype(info["dtype"])
        self.chunks = tuple([tuple(lengths) for lengths in info["chunks"]])
        self._graph = None

    # --- What it is ---

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return product(self.shape)

    @property
    def itemsize(self):
        return self.dtype.itemsize

    @property
    def nbytes(self):
        return self.size * self.dtype.itemsize

    @property
    def numblocks(self):
        return tuple([len(lengths) for lengths in self.chunks])

    @property
    def npartitions(self):
        return product(self.numblocks)

    @property
    def chunksize(self):
        return tuple([max(lengths) if lengths else 0 for lengths in self.chunks])

    @property
    def T(self):
        return self.transpose()

    @property
    def dask(self):
        if self._graph is None:
            self._graph = TaskGraph(self._lazy, self.name)
        return self._graph

    @property
    def key(self):
        return (self.name,) + (0,) * self.ndim

    def __dask_graph__(self):
        return self.dask

    def __dask_keys__(self):
        keys = _as_keys(_bridge.call("da_keys", lazy=self._lazy))
        return keys if isinstance(keys, list) else [keys]

    def __dask_layers__(self):
        return (self.name,)

    def __dask_tokenize__(self):
        return self.name

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self):
        for i in range(len(self)):
            yield self[i]

    def __hash__(self):
        return hash(self.name)

    # --- Computing ---

    def compute(self, scheduler=None, **options):
        """The value: an ndarray, or a NumPy scalar for a result without axes."""
        return _compute_all(self, scheduler=scheduler, **options)[0]

    def persist(self, scheduler=None, **options):
        """The same array, computed and held in memory."""
        if not self.shape:
            return self
        return from_array(self.compute(scheduler=scheduler, **options), chunks=self.chunks)

    def visualize(self, filename=None, format=None, optimize_graph=False, color=None, **options):
        """The task graph, drawn; `color="order"` by the order of its tasks."""
        return Drawing(self._lazy, self.name, fused=optimize_graph, color=color)

    def to_dot(self):
        """The task graph in Graphviz's language."""
        return _bridge.call("da_dot", lazies=[self._lazy])["dot"]

    def _single(self):
        if self.size != 1:
            raise TypeError("Only length-1 arrays can be converted to Python scalars")
        value = self.compute()
        return value.item()

    def __bool__(self):
        if self.size > 1:
            raise ValueError("The truth value of a Array is ambiguous. Use a.any() or a.all().")
        return bool(self._single())

    def _to_float(self):
        return float(self._single())

    def __int__(self):
        return int(self._single())

    # --- Parts and shapes ---

    def __getitem__(self, index):
        chosen = select(index, self.shape)
        if chosen.newaxes:
            raise NotImplementedError("None (newaxis) is not there as an index of a dask array")
        return Array(_bridge.call("da_slice", lazy=self._lazy, selection=chosen.axes, drop=chosen.drop))

    def __setitem__(self, index, value):
        raise NotImplementedError("assignment to a dask array is not there in Chunkbook")

    def rechunk(self, chunks="auto", **options):
        """The same array in other chunks."""
        return Array(
            _bridge.call("da_rechunk", lazy=self._lazy, chunks=_chunks(chunks, self.shape, self.chunks))
        )

    def astype(self, dtype, **options):
        return Array(_bridge.call("da_astype", lazy=self._lazy, dtype=as_dtype(dtype).name))

    def transpose(self, *axes):
        if len(axes) == 1 and not isinstance(axes[0], int):
            axes = axes[0]
        if not axes:
            axes = range(self.ndim - 1, -1, -1)
        return Array(_bridge.call("da_transpose", lazy=self._lazy, axes=[axis % self.ndim for axis in axes]))

    def reshape(self, *shape, **options):
        raise NotImplementedError(
            "reshape of a dask array is not there in Chunkbook; compute() first, then reshape"
        )

    ravel = flatten = reshape

    @property
    def blocks(self):
        return _Blocks(self)

    def map_blocks(self, *args, **options):
        raise NotImplementedError(
            "map_blocks runs Python in every task, which Chunkbook's threads cannot; use NumPy's functions on the array"
        )

    # --- Reductions ---

    def _reduce(self, name, axis, keepdims, split_every, ddof=0):
        axes = None if axis is None else normal_axes(axis, self.ndim)
        if isinstance(split_every, dict):
            split_every = max(split_every.values())
        if split_every is not None and split_every is not False and split_every < 2:
            raise ValueError("split_every must be at least 2")
        return Array(
            _bridge.call(
                "da_reduce",
                name=name,
                lazy=self._lazy,
                axes=axes,
                keepdims=bool(keepdims),
                ddof=ddof,
                split_every=int(split_every) if split_every else None,
            )
        )

    def _reduce_as(self, dtype, name, *options):
        """The reduction of elements made another type, which the result has too."""
        return self._as(dtype)._reduce(name, *options)._as(dtype)

    def sum(self, axis=None, dtype=None, keepdims=False, split_every=None, out=None):
        return self._reduce_as(dtype, "sum", axis, keepdims, split_every)

    def prod(self, axis=None, dtype=None, keepdims=False, split_every=None, out=None):
        return self._reduce_as(dtype, "prod", axis, keepdims, split_every)

    def mean(self, axis=None, dtype=None, keepdims=False, split_every=None, out=None):
        return self._reduce_as(dtype, "mean", axis, keepdims, split_every)

    def var(self, axis=None, dtype=None, keepdims=False, ddof=0, split_every=None, out=None):
        return self._reduce_as(dtype, "var", axis, keepdims, split_every, ddof)

    def std(self, axis=None, dtype=None, keepdims=False, ddof=0, split_every=None, out=None):
        return self._reduce_as(dtype, "std", axis, keepdims, split_every, ddof)

    def min(self, axis=None, keepdims=False, split_every=None, out=None):
        return self._reduce("min", axis, keepdims, split_every)

    def max(self, axis=None, keepdims=False, split_every=None, out=None):
        return self._reduce("max", axis, keepdims, split_every)

    def any(self, axis=None, keepdims=False, split_every=None, out=None):
        return self._reduce("any", axis, keepdims, split_every)

    def all(self, axis=None, keepdims=False, split_every=None, out=None):
        return self._reduce("all", axis, keepdims, split_every)

    def argmin(self, axis=None, keepdims=False, split_every=None, out=None):
        return self._reduce("argmin", axis, keepdims, split_every)

    def argmax(self, axis=None, keepdims=False, split_every=None, out=None):
        return self._reduce("argmax", axis, keepdims, split_every)

    def _as(self, dtype):
        return self if dtype is None or as_dtype(dtype) == self.dtype else self.astype(dtype)

    def round(self, decimals=0):
        if decimals == 0:
            return unary("rint", self)
        scale = 10.0**decimals
        return unary("rint", self * scale) / scale

    def clip(self, min=None, max=None):
        clipped = self if min is None else binary("maximum", self, min)
        return clipped if max is None else binary("minimum", clipped, max)

    def _elementwise(self, name, args):
        """What `np.<name>` does when one of its arguments is lazy."""
        return unary(name, *args) if len(args) == 1 else binary(name, *args)

    # --- Text ---

    def __repr__(self):
        return "dask.array<%s, shape=%s, dtype=%s, chunksize=%s, chunktype=numpy.ndarray>" % (
            _layer_name(self.name),
            _plain(self.shape),
            self.dtype,
            _plain(self.chunksize),
        )

    def _repr_html_(self):
        rows = [
            ("Bytes", _size_text(self.nbytes), _size_text(product(self.chunksize) * self.itemsize)),
            ("Shape", _plain(self.shape), _plain(self.chunksize)),
            ("Count", _count(self.npartitions, "chunk"), "%d-d" % self.ndim),
            ("Type", str(self.dtype), "numpy.ndarray"),
        ]
        body = "".join(["<tr><th>%s</th><td>%s</td><td>%s</td></tr>" % row for row in rows])
        return (
            '<table class="dask-array"><thead><tr><td></td><th>Array</th><th>Chunk</th></tr></thead>'
            "<tbody>%s</tbody></table>" % body
        )


qualified_names[Array] = "dask.array.core.Array"


def _operators():
    def forward(name):
        return lambda self, other: binary(name, self, other)

    def reflected(name):
        return lambda self, other: binary(name, other, self)

    for python, name in ARITHMETIC.items():
        setattr(Array, "__%s__" % python, forward(name))
        setattr(Array, "__r%s__" % python, reflected(name))
    for python, name in COMPARISONS.items():
        setattr(Array, "__%s__" % python, forward(name))
    for python, name in {"neg": "negative", "abs": "absolute", "invert": "invert"}.items():
        setattr(Array, "__%s__" % python, (lambda name: lambda self: unary(name, self))(name))
    Array.__pos__ = lambda self: self


_operators()


class _Blocks:
    """`d.blocks[i, j]`: one chunk, lazily."""

    def __init__(self, array):
        self._array = array

    def __getitem__(self, index):
        index = index if isinstance(index, tuple) else (index,)
        slices = []
        for lengths, i in zip(self._array.chunks, index):
            i = range(len(lengths))[i]
            start = sum(lengths[:i])
            slices.append(make_slice(start, start + lengths[i]))
        return self._array[tuple(slices)]


def _layer_name(name):
    """The part of a name that says what it does: `sum-aggregate` of `sum-aggregate-3f9a`."""
    return name.rpartition("-")[0] or name


def _plain(lengths):
    return repr(tuple(lengths))


def _count(number, noun):
    return "%d %s%s" % (number, noun, "" if number == 1 else "s")


def _size_text(count):
    """Bytes as Dask writes them."""
    for power, unit in ((5, "PiB"), (4, "TiB"), (3, "GiB"), (2, "MiB"), (1, "kiB")):
        if count >= 2 ** (10 * power) * 0.9:
            return format(count / 2 ** (10 * power), ".2f") + " " + unit
    return "%d B" % count


def _as_keys(nested):
    """Keys come as lists: the innermost, which begin with a name, become tuples."""
    if nested and isinstance(nested[0], str):
        return tuple(nested)
    return [_as_keys(item) for item in nested]


# --- Operations --------------------------------------------------------------------------------


def _operand(value):
    if isinstance(value, Array):
        return {"lazy": value._lazy}
    number = number_of(value)
    if number is not None:
        return {"scalar": _bridge.scalar(number)}
    return {"lazy": from_array(numpy.asarray(value))._lazy}


def binary(name, left, right):
    for side in (left, right):
        if isinstance(side, str) or side is None:
            return NotImplemented
    left, right = strengthen(name, left, right), strengthen(name, right, left)
    return Array(_bridge.call("da_binary", name=name, left=_operand(left), right=_operand(right)))


def unary(name, array):
    return Array(_bridge.call("da_unary", name=name, lazy=array._lazy))


# --- Making arrays -----------------------------------------------------------------------------


def _chunks(chunks, shape, current=None):
    """Chunks as the engine takes them, from all that Dask takes."""
    if isinstance(chunks, dict):
        keep = current or tuple(["auto"] * len(shape))
        chunks = tuple(
            [chunks.get(axis, chunks.get(axis - len(shape), keep[axis])) for axis in range(len(shape))]
        )
    if chunks is None or isinstance(chunks, str):
        if isinstance(chunks, str) and chunks != "auto":
            raise NotImplementedError("chunks='%s': give numbers, or 'auto'" % chunks)
        return chunks
    number = number_of(chunks)
    if number is not None:
        return int(number)
    chunks = tuple(chunks)
    if len(chunks) != len(shape):
        if len(shape) == 1 and all(number_of(length) is not None for length in chunks):
            return [[int(length) for length in chunks]]
        raise ValueError(
            "Chunks and shape must be of the same length/dimension. Got chunks=%s, shape=%s"
            % (repr(chunks), repr(tuple(shape)))
        )
    return [_axis_chunks(length) for length in chunks]


def _axis_chunks(value):
    if value is None or value == "auto":
        return -1 if value is None else "auto"
    number = number_of(value)
    return int(number) if number is not None else [int(length) for length in value]


def from_array(
    x,
    chunks="auto",
    name=None,
    lock=False,
    asarray=None,
    fancy=True,
    getitem=None,
    meta=None,
    inline_array=False,
):
    """A lazy array over a dataset of an HDF5 file, or over an array in memory. Reads nothing."""
    if isinstance(x, Array):
        raise ValueError("Array is already a dask array. Use 'asarray' or 'rechunk' instead.")
    name = name if isinstance(name, str) else None
    if hasattr(x, "_require_numeric"):
        x._require_numeric()
        spec = _chunks(chunks, x.shape)
        return Array(_bridge.call("da_from", dataset=x._id, chunks=spec, name=name))
    if isinstance(x, str) or hasattr(x, "_require_open"):
        raise TypeError(
            "from_array() takes an array or a dataset, and %s is neither: give one of its datasets, such as f['x']"
            % (repr(x),)
        )
    x = numpy.asarray(x)
    if isinstance(x, generic):
        x = numpy.full((1,), x.item(), x.dtype)
    return Array(_bridge.call("da_from", array=x._id, chunks=_chunks(chunks, x.shape), name=name))
