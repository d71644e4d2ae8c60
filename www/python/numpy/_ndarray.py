"""`ndarray`: a handle to an array that the engine holds."""

import _bridge
import _host
from _text import qualified_names
from numpy import _print
from numpy._dtype import as_dtype, generic, make_scalar, number_of, promote
from numpy._indexing import make_slice, select

# Elements that may become Python objects at once.
_LIST_LIMIT = 1000000


class AxisError(ValueError):
    """An axis that the array does not have."""


class UFuncTypeError(TypeError):
    """A result that does not fit where it should go."""


class ndarray:
    """An array in the engine's memory. Slices, reshaped and transposed arrays are views, as in NumPy:
    the engine sees to it that what is written to one is seen in the other."""

    def __init__(self, info):
        self.shape = tuple(info["shape"])
        self.dtype = as_dtype(info["dtype"])
        self._id = info["array"]
        # The engine frees the array once Python lets go of this token.
        self._token = _host.keep(self._id)

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
    def T(self):
        return self.transpose()

    @property
    def flat(self):
        return iter(self.ravel())

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self):
        if self.ndim == 1 and self.size <= _LIST_LIMIT:
            kind = self.dtype
            for value in self.tolist():
                yield make_scalar(value, kind)
            return
        for i in range(len(self)):
            yield self[i]

    def __contains__(self, value):
        return bool((self == value).any())

    def __hash__(self):
        raise TypeError("unhashable type: 'numpy.ndarray'")

    # --- Parts ---

    def __getitem__(self, index):
        if is_fancy(index):
            return take(self, index)
        chosen = select(index, self.shape)
        part = wrap(_bridge.call("np_slice", array=self._id, selection=chosen.axes, drop=chosen.drop))
        return part.reshape(chosen.final_shape) if chosen.newaxes else part

    def __setitem__(self, index, value):
        if is_fancy(index):
            put(self, index, value)
            return
        chosen = select(index, self.shape)
        value = as_operand_source(value)
        if isinstance(value, ndarray):
            check_broadcast(value.shape, chosen.final_shape)
            value = value._fitted([axis[1] for axis in chosen.axes])
        _bridge.call("np_assign", array=self._id, selection=chosen.axes, value=operand(value))

    def _fitted(self, target):
        """This value with as many axes as `target`, so that axes which integers removed are there again."""
        own = list(self.shape)
        while len(own) > len(target) and own[0] == 1:
            own.pop(0)
        shape = []
        for length in reversed(target):
            shape.insert(0, own.pop() if own and (own[-1] == length or own[-1] == 1) else 1)
        return self if tuple(shape) == self.shape else self.reshape(shape)

    def item(self, *index):
        if len(index) == 1 and not isinstance(index[0], tuple):
            number = number_of(index[0])
            if not isinstance(number, int):
                raise TypeError("an integer is required")
            return self.ravel()[number].item()
        if index:
            return self[index[0] if isinstance(index[0], tuple) else index].item()
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return _flat(self)[0]

    def tolist(self):
        if self.size > _LIST_LIMIT:
            raise MemoryError(
                "%d elements would become Python objects; at most %d can, so take a slice first"
                % (self.size, _LIST_LIMIT)
            )
        return nest(_flat(self), self.shape)

    # --- Other shapes and types ---

    def reshape(self, *shape, order="C"):
        if len(shape) == 1 and not isinstance(shape[0], int) and number_of(shape[0]) is None:
            shape = tuple(shape[0])
        shape = [int(length) for length in shape]
        if -1 in shape:
            rest = product([length for length in shape if length != -1])
            if shape.count(-1) > 1:
                raise ValueError("can only specify one unknown dimension")
            if rest == 0 or self.size % rest:
                raise ValueError(
                    "cannot reshape array of size %d into shape %s" % (self.size, shape_text(shape))
                )
            shape[shape.index(-1)] = self.size // rest
        if product(shape) != self.size:
            raise ValueError("cannot reshape array of size %d into shape %s" % (self.size, shape_text(shape)))
        if not shape:
            return make_scalar(self.item(), self.dtype)
        return wrap(_bridge.call("np_reshape", array=self._id, shape=shape))

    def ravel(self, order="C"):
        return self.reshape(-1)

    def flatten(self, order="C"):
        return self.copy().reshape(-1)

    def squeeze(self, axis=None):
        axes = range(self.ndim) if axis is None else normal_axes(axis, self.ndim)
        shape = [length for i, length in enumerate(self.shape) if not (length == 1 and i in axes)]
        return self.reshape(shape)

    def transpose(self, *axes):
        if len(axes) == 1 and not isinstance(axes[0], int):
            axes = axes[0]
        if not axes:
            axes = range(self.ndim - 1, -1, -1)
        axes = [axis % self.ndim for axis in axes]
        if sorted(axes) != list(range(self.ndim)):
            raise ValueError("axes don't match array")
        return wrap(_bridge.call("np_transpose", array=self._id, axes=axes))

    def swapaxes(self, a, b):
        axes = list(range(self.ndim))
        axes[a], axes[b] = axes[b], axes[a]
        return self.transpose(axes)

    def astype(self, dtype, copy=True, **options):
        return wrap(_bridge.call("np_astype", array=self._id, dtype=as_dtype(dtype).name))

    def copy(self, order="C"):
        return self.astype(self.dtype)

    def fill(self, value):
        self[...] = value

    def sort(self, axis=-1):
        from numpy._functions import sort

        self[...] = sort(self, axis)

    # --- Reductions ---

    def _reduce(self, name, axis, keepdims, ddof=0):
        axes = None if axis is None else normal_axes(axis, self.ndim)
        return wrap(
            _bridge.call(
                "np_reduce", name=name, array=self._id, axes=axes, keepdims=bool(keepdims), ddof=ddof
            )
        )

    def _reduce_as(self, dtype, name, *options):
        """The reduction of elements made another type, which the result has too."""
        if dtype is None:
            return self._reduce(name, *options)
        return self.astype(dtype)._reduce(name, *options).astype(dtype)

    def sum(self, axis=None, dtype=None, out=None, keepdims=False):
        return self._reduce_as(dtype, "sum", axis, keepdims)

    def prod(self, axis=None, dtype=None, out=None, keepdims=False):
        return self._reduce_as(dtype, "prod", axis, keepdims)

    def mean(self, axis=None, dtype=None, out=None, keepdims=False):
        return self._reduce_as(dtype, "mean", axis, keepdims)

    def var(self, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
        return self._reduce_as(dtype, "var", axis, keepdims, ddof)

    def std(self, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
        return self._reduce_as(dtype, "std", axis, keepdims, ddof)

    def min(self, axis=None, out=None, keepdims=False):
        return self._reduce("min", axis, keepdims)

    def max(self, axis=None, out=None, keepdims=False):
        return self._reduce("max", axis, keepdims)

    def any(self, axis=None, out=None, keepdims=False):
        return self._reduce("any", axis, keepdims)

    def all(self, axis=None, out=None, keepdims=False):
        return self._reduce("all", axis, keepdims)

    def argmin(self, axis=None, out=None, keepdims=False):
        return self._reduce("argmin", axis, keepdims)

    def argmax(self, axis=None, out=None, keepdims=False):
        return self._reduce("argmax", axis, keepdims)

    def ptp(self, axis=None):
        return self.max(axis) - self.min(axis)

    def round(self, decimals=0, out=None):
        if decimals == 0:
            return unary("rint", self)
        scale = 10.0**decimals
        return unary("rint", self * scale) / scale

    def clip(self, min=None, max=None):
        clipped = self if min is None else binary("maximum", self, min)
        return clipped if max is None else binary("minimum", clipped, max)

    def dot(self, other):
        from numpy._functions import dot

        return dot(self, other)

    def __matmul__(self, other):
        return self.dot(other)

    def __imatmul__(self, other):
        return _assign_result(self, self.dot(other), "matmul")

    # --- Conversion ---

    def __bool__(self):
        if self.size != 1:
            if self.size == 0:
                raise ValueError(
                    "The truth value of an empty array is ambiguous. Use `array.size > 0` to check that an array is not empty."
                )
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()"
            )
        return bool(self.item())

    def _single(self):
        if self.size != 1:
            raise TypeError("only 0-dimensional arrays can be converted to Python scalars")
        return self.item()

    def _to_float(self):
        return float(self._single())

    def __int__(self):
        return int(self._single())

    # --- Text ---

    def _text(self, separator, indent, suffix):
        if self.size == 0:
            return "[]"
        summarised = self.size > _print.options["threshold"]
        nested = edges(self) if summarised else self.tolist()
        return _print.array_text(
            nested, self.shape, self.dtype.kind, self.dtype.itemsize, separator, indent, suffix, summarised
        )

    def __str__(self):
        return self._text(" ", 0, 0)

    def __repr__(self):
        text = "array(" + self._text(", ", 6, 1)
        extras = []
        if (self.size == 0 and self.shape != (0,)) or self.size > _print.options["threshold"]:
            extras.append("shape=" + str(self.shape))
        if self.size == 0 or self.dtype.name not in ("float64", "int64", "bool"):
            extras.append("dtype=" + self.dtype.name)
        if not extras:
            return text + ")"
        extra = ", ".join(extras) + ")"
        text += ","
        last = len(text) - (text.rfind("\n") + 1)
        return text + (" " if last + len(extra) + 1 <= _print.options["linewidth"] else "\n      ") + extra


qualified_names[ndarray] = "numpy.ndarray"


# What Python calls operators, and NumPy the functions.
ARITHMETIC = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "pow": "power",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
}
COMPARISONS = {
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
    "eq": "equal",
    "ne": "not_equal",
}


def _operators():
    """Give ndarray its arithmetic: `a + b`, `2 + a`, `a += b`, comparisons, `-a`."""

    def forward(name):
        return lambda self, other: binary(name, self, other)

    def reflected(name):
        return lambda self, other: binary(name, other, self)

    def in_place(name):
        return lambda self, other: _assign_result(self, binary(name, self, other), name)

    for python, name in ARITHMETIC.items():
        setattr(ndarray, "__%s__" % python, forward(name))
        setattr(ndarray, "__r%s__" % python, reflected(name))
        setattr(ndarray, "__i%s__" % python, in_place(name))
    for python, name in COMPARISONS.items():
        setattr(ndarray, "__%s__" % python, forward(name))
    for python, name in {"neg": "negative", "abs": "absolute", "invert": "invert"}.items():
        setattr(ndarray, "__%s__" % python, (lambda name: lambda self: unary(name, self))(name))
    ndarray.__pos__ = lambda self: self


def _assign_result(target, result, name):
    if result is NotImplemented:
        return result
    kinds = "buif"
    if kinds.index(result.dtype.kind) > kinds.index(target.dtype.kind) and not (
        result.dtype.kind in "ui" and target.dtype.kind in "ui"
    ):
        raise UFuncTypeError(
            "Cannot cast ufunc '%s' output from %s to %s with casting rule 'same_kind'"
            % (name, repr(result.dtype), repr(target.dtype))
        )
    target[...] = result
    return target


_operators()


# --- What the other modules use ----------------------------------------------------------------


def wrap(answer):
    """The array, or the scalar, that the engine answered with."""
    value = answer.get("scalar")
    if value is not None:
        return make_scalar(_bridge.number(value["value"], value["dtype"]), value["dtype"])
    return ndarray(answer)


def product(lengths):
    result = 1
    for length in lengths:
        result *= length
    return result


def shape_text(shape):
    """A shape as NumPy's messages have it: `(3,4)`."""
    return "(%s%s)" % (",".join([str(n) for n in shape]), "," if len(shape) == 1 else "")


def normal_axes(axis, ndim):
    """Axes as a sorted list of non-negative ints, with NumPy's errors."""
    axes = []
    for given in axis if isinstance(axis, (tuple, list)) else (axis,):
        number = number_of(given)
        if not isinstance(number, int):
            raise TypeError("'%s' object cannot be interpreted as an integer" % type(given).__name__)
        if not -ndim <= number < ndim:
            raise AxisError("axis %d is out of bounds for array of dimension %d" % (number, ndim))
        axes.append(number % ndim)
    if len(set(axes)) != len(axes):
        raise ValueError("duplicate value in 'axis'")
    return sorted(axes)


def check_broadcast(source, target):
    """Raise NumPy's error unless a value of shape `source` can be assigned to `target`."""
    source = list(source)
    while len(source) > len(target) and source[0] == 1:
        source.pop(0)
    fits = len(source) <= len(target) and all(
        a == b or a == 1 for a, b in zip(reversed(source), reversed(target))
    )
    if not fits:
        raise ValueError(
            "could not broadcast input array from shape %s into shape %s"
            % (shape_text(source), shape_text(target))
        )


def as_operand_source(value):
    """What can stand on one side of an operation: an ndarray or a number."""
    if isinstance(value, ndarray) or number_of(value) is not None:
        return value
    from numpy._functions import asarray

    return asarray(value)


def operand(value):
    """An operand as the engine takes it."""
    if isinstance(value, ndarray):
        return {"array": value._id}
    return {"scalar": _bridge.scalar(number_of(value))}


def strengthen(name, array, scalar):
    """`array` cast so that a NumPy scalar beside it counts with its own dtype; Python numbers are weak."""
    if isinstance(scalar, generic) and hasattr(array, "astype") and not isinstance(array, generic):
        # Integers are compared exactly, whatever their types.
        whole = name in COMPARISONS.values() and scalar.dtype.kind != "f" and array.dtype.kind != "f"
        kind = promote(array.dtype, scalar.dtype)
        if kind != array.dtype and not whole:
            return array.astype(kind)
    return array


def binary(name, left, right):
    """`np.<name>(left, right)` for arrays and numbers; NotImplemented for what knows better itself."""
    for side in (left, right):
        if hasattr(side, "_lazy"):
            return NotImplemented
        if not isinstance(side, ndarray) and number_of(side) is None and not isinstance(side, (list, tuple)):
            if name == "equal" or name == "not_equal":
                return name == "not_equal"
            return NotImplemented
    left, right = as_operand_source(left), as_operand_source(right)
    left, right = strengthen(name, left, right), strengthen(name, right, left)
    return wrap(_bridge.call("np_binary", name=name, left=operand(left), right=operand(right)))


def unary(name, value):
    return wrap(_bridge.call("np_unary", name=name, array=value._id))


def _flat(array):
    """All elements as Python numbers, in C order."""
    kind = array.dtype.name
    data = _bridge.call("np_to_list", array=array._id)["data"]
    return [_bridge.number(text, kind) for text in data]


def nest(flat, shape):
    """A flat list as lists in lists of this shape."""
    if len(shape) == 0:
        return flat[0]
    if product(shape) == 0:
        return _empty(shape)
    for length in reversed(shape[1:]):
        flat = [flat[i : i + length] for i in range(0, len(flat), length)]
    return flat


def _empty(shape):
    return [] if len(shape) == 1 or shape[0] == 0 else [_empty(shape[1:]) for _ in range(shape[0])]


def edges(array):
    """The first and last elements of every long axis, as lists in lists."""
    edge = _print.options["edgeitems"]

    def fetch(axes, axis):
        if axis == array.ndim:
            part = wrap(_bridge.call("np_slice", array=array._id, selection=axes, drop=[]))
            return part.tolist()
        length = array.shape[axis]
        if length <= 2 * edge:
            return fetch(axes + [[0, length, 1]], axis + 1)
        first = fetch(axes + [[0, edge, 1]], axis + 1)
        return _join(first, fetch(axes + [[length - edge, edge, 1]], axis + 1), axis)

    return fetch([], 0)


def _join(a, b, axis):
    return a + b if axis == 0 else [_join(x, y, axis - 1) for x, y in zip(a, b)]


# --- Masks and lists of integers as indices ----------------------------------------------------


def is_fancy(index):
    """Whether an index needs more than slices: an array, a list, or a tuple with one of these."""
    if isinstance(index, (ndarray, list)):
        return True
    return isinstance(index, tuple) and any(isinstance(item, (ndarray, list)) for item in index)


def _indexed(array, index):
    """The view of `array` that an array chooses rows of, and that array."""
    from numpy._functions import array as make_array

    rest = ()
    if isinstance(index, tuple):
        index, rest = index[0], index[1:]
        if not isinstance(index, (ndarray, list)) or any(isinstance(item, (ndarray, list)) for item in rest):
            raise NotImplementedError("an array as an index is there only as the first index")
    if isinstance(index, list):
        index = make_array(index, dtype=None if index else "int64")
    if rest:
        axes = index.ndim if index.dtype.kind == "b" else 1
        array = array[(make_slice(None, None),) * axes + rest]
    return array, index


def take(array, index):
    """`array[mask]` or `array[[3, 1, 2]]`."""
    view, index = _indexed(array, index)
    return wrap(_bridge.call("np_take", array=view._id, index=index._id))


def put(array, index, value):
    """`array[mask] = value` or `array[[3, 1]] = value`."""
    view, index = _indexed(array, index)
    _bridge.call("np_put", array=view._id, index=index._id, value=operand(as_operand_source(value)))
