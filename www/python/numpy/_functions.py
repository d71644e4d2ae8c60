"""NumPy's functions: making arrays, joining them, and the functions that are methods too."""

from array import array as _memory
from binascii import hexlify as _hexlify

import _bridge
from _text import represent
from numpy import _print
from numpy._dtype import as_dtype, generic, make_scalar, number_of, promote
from numpy._indexing import make_slice
from numpy._ndarray import ndarray, normal_axes, product, wrap
from numpy._ndarray import as_operand_source as _source, operand as _operand
from numpy._ufunc import natural_dtype, ufuncs

# --- Making arrays -----------------------------------------------------------------------------


def array(object, dtype=None, copy=True, ndmin=0):
    """An array from lists in lists, a number, or another array."""
    if hasattr(object, "_lazy"):
        object = object.compute()
    if hasattr(object, "_to_numpy"):
        object = object._to_numpy()
    if isinstance(object, ndarray):
        result = object if dtype is None or as_dtype(dtype) == object.dtype else object.astype(dtype)
        return result.copy() if copy and result is object else result
    if number_of(object) is not None:
        return make_scalar(object, dtype or natural_dtype(object))
    shape, flat = [], []
    object = _listed(object)
    _measure(object, 0, shape, flat)
    types = {type(value) for value in flat}
    if types <= {float, int, bool}:
        kind = as_dtype(dtype or (float if float in types or not types else int if int in types else bool))
        if kind.name == "int64":
            flat = [int(number) for number in flat]
            # `all` is NumPy's in here.
            if False in {-(2**63) <= number < 2**63 for number in flat}:
                if dtype is not None or False in {-(2**63) <= number < 2**64 for number in flat}:
                    raise OverflowError("Python int too large to convert to C long")
                kind = as_dtype("float64" if False in {number >= 2**63 for number in flat} else "uint64")
                dtype = kind
        if kind.kind == "f" or kind.name in ("int64", "bool"):
            return _from_numbers(shape, kind, flat)
    numbers = [number_of(value) for value in flat]
    for value, number in zip(flat, numbers):
        if number is None:
            kind = type(value).__name__
            text = "an array is of numbers here, and %s is not one: keep %s values in a list"
            raise TypeError(text % (represent(value), kind))
    if dtype is None:
        kind = as_dtype("float64")
        for i, value in enumerate(flat):
            own = natural_dtype(value)
            kind = own if i == 0 else promote(kind, own) if own.name != kind.name else kind
    else:
        kind = as_dtype(dtype)
    convert = bool if kind.kind == "b" else float if kind.kind == "f" else int
    data = [_bridge.number_text(convert(number)) for number in numbers]
    return wrap(_bridge.call("np_from_list", shape=shape, dtype=kind.name, data=data))


def _from_numbers(shape, kind, numbers):
    """An array of Python numbers, which go to the engine by their bits: many at once, without a text for each.

    Integers have to fit 64 bits: MicroPython's `array` wraps others.
    """
    if kind.kind == "b":
        numbers = [1 if number else 0 for number in numbers]
    bits = _hexlify(_memory("d" if kind.kind == "f" else "q", numbers)).decode()
    return wrap(_bridge.call("np_from_list", shape=shape, dtype=kind.name, bits=bits))


def _listed(object):
    return object if isinstance(object, (list, tuple)) else list(object)


def _measure(items, depth, shape, flat):
    if isinstance(items, ndarray):
        items = items.tolist()
    if isinstance(items, (list, tuple)) or isinstance(items, range):
        if len(shape) == depth:
            if flat:
                raise _ragged(shape)
            shape.append(len(items))
        elif shape[depth] != len(items):
            raise _ragged(shape)
        if len(shape) == depth + 1 and {type(item) for item in items} <= {float, int, bool}:
            flat.extend(items)
            return
        for item in items:
            _measure(item, depth + 1, shape, flat)
    else:
        if depth != len(shape):
            raise _ragged(shape)
        flat.append(items)


def _ragged(shape):
    return ValueError(
        "setting an array element with a sequence. The requested array has an inhomogeneous shape after %d dimensions. The detected shape was %s + inhomogeneous part."
        % (len(shape) - 1 or 1, tuple(shape[: len(shape) - 1 or 1]))
    )


def asarray(a, dtype=None, copy=None):
    return array(a, dtype, copy=False)


asanyarray = ascontiguousarray = asarray


def _shape(shape):
    number = number_of(shape)
    return [int(number)] if number is not None else [int(length) for length in shape]


def full(shape, fill_value, dtype=None):
    kind = as_dtype(dtype) if dtype is not None else natural_dtype(fill_value)
    if _shape(shape) == []:
        return make_scalar(fill_value, kind)
    return wrap(
        _bridge.call(
            "np_full", shape=_shape(shape), dtype=kind.name, value=_bridge.scalar(number_of(fill_value))
        )
    )


def zeros(shape, dtype=float, order="C"):
    return full(shape, 0, dtype)


def ones(shape, dtype=float, order="C"):
    return full(shape, 1, dtype)


def empty(shape, dtype=float, order="C"):
    return full(shape, 0, dtype)


def full_like(a, fill_value, dtype=None):
    return full(a.shape, fill_value, dtype or a.dtype)


def zeros_like(a, dtype=None):
    return full(a.shape, 0, dtype or a.dtype)


def ones_like(a, dtype=None):
    return full(a.shape, 1, dtype or a.dtype)


empty_like = zeros_like


def eye(N, M=None, dtype=float):
    columns = N if M is None else M
    return array([[1 if i == j else 0 for j in range(columns)] for i in range(N)], dtype=dtype)


identity = eye


def arange(start, stop=None, step=1, dtype=None):
    if stop is None:
        start, stop = 0, start
    bounds = [_bridge.scalar(number_of(value)) for value in (start, stop, step)]
    kind = None if dtype is None else as_dtype(dtype).name
    return wrap(_bridge.call("np_arange", start=bounds[0], stop=bounds[1], step=bounds[2], dtype=kind))


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None):
    bounds = [_bridge.scalar(float(value)) for value in (start, stop)]
    result = wrap(
        _bridge.call("np_linspace", start=bounds[0], stop=bounds[1], num=int(num), endpoint=bool(endpoint))
    )
    if dtype is not None:
        result = result.astype(dtype)
    if retstep:
        return result, (stop - start) / (num - 1 if endpoint else num)
    return result


def logspace(start, stop, num=50, endpoint=True, base=10.0):
    return ufuncs["power"](base, linspace(start, stop, num, endpoint))


# --- Joining and shaping -----------------------------------------------------------------------


def concatenate(arrays, axis=0, dtype=None):
    parts = [asarray(part) for part in arrays]
    if not parts:
        raise ValueError("need at least one array to concatenate")
    for part in parts:
        if isinstance(part, generic):
            raise ValueError("zero-dimensional arrays cannot be concatenated")
    if axis is None:
        parts, axis = [part.ravel() for part in parts], 0
    kind = parts[0].dtype
    for part in parts[1:]:
        kind = promote(kind, part.dtype)
    kind = kind if dtype is None else as_dtype(dtype)
    parts = [part if part.dtype == kind else part.astype(kind) for part in parts]
    axis = normal_axes(axis, parts[0].ndim)[0]
    return wrap(_bridge.call("np_concatenate", arrays=[part._id for part in parts], axis=axis))


def stack(arrays, axis=0):
    parts = [asarray(part) for part in arrays]
    if parts and isinstance(parts[0], generic):
        return array(parts)
    axis = axis % (parts[0].ndim + 1)
    return concatenate([part.reshape(part.shape[:axis] + (1,) + part.shape[axis:]) for part in parts], axis)


def vstack(arrays):
    return concatenate([_at_least_2d(part) for part in arrays], 0)


def hstack(arrays):
    parts = [asarray(part) for part in arrays]
    return concatenate(parts, 0 if parts[0].ndim == 1 else 1)


def _at_least_2d(part):
    part = asarray(part)
    return part.reshape(1, -1) if part.ndim == 1 else part


def reshape(a, shape):
    return _array_like(a).reshape(shape)


def ravel(a):
    return _array_like(a).ravel()


def transpose(a, axes=None):
    return _array_like(a).transpose() if axes is None else _array_like(a).transpose(axes)


def squeeze(a, axis=None):
    return _array_like(a).squeeze(axis)


def expand_dims(a, axis):
    axis = axis % (a.ndim + 1)
    return a.reshape(a.shape[:axis] + (1,) + a.shape[axis:])


def broadcast_to(a, shape):
    return zeros(shape, asarray(a).dtype) + a


def shape(a):
    return _array_like(a).shape


def ndim(a):
    return len(shape(a))


def size(a):
    return product(shape(a))


def copy(a):
    return _array_like(a).copy()


def _array_like(a):
    """`a` if it has the methods of an array, else an array made of it."""
    if isinstance(a, (ndarray, generic)) or hasattr(a, "_lazy"):
        return a
    return asarray(a)


# --- Reductions --------------------------------------------------------------------------------


def _reduction(name):
    def reduce(a, axis=None, **options):
        return getattr(_array_like(a), name)(axis=axis, **options)

    return reduce


sum = _reduction("sum")
prod = _reduction("prod")
mean = average = _reduction("mean")
var = _reduction("var")
std = _reduction("std")
min = amin = _reduction("min")
max = amax = _reduction("max")
any = _reduction("any")
all = _reduction("all")
argmin = _reduction("argmin")
argmax = _reduction("argmax")


def ptp(a, axis=None):
    return max(a, axis) - min(a, axis)


def count_nonzero(a, axis=None):
    return (_array_like(a) != 0).sum(axis=axis)


def _at_ranks(a, axis, rank, count):
    """Along the first axis of what is returned, the elements with these ranks along `axis`, or of all elements."""
    if axis is None:
        return wrap(_bridge.call("np_ranked", array=a._id, first=rank, count=count))
    return sort(a, axis).swapaxes(axis, 0)[rank : rank + count]


def _of_ranks(a, axis, find):
    """What `find` makes of an array, its axis, and how many elements are ranked there; NaN where one of them is."""
    a = asarray(a)
    if isinstance(a, generic):
        a = array([a])
    if axis is not None:
        axes = normal_axes(axis, a.ndim)
        if len(axes) != 1:
            raise TypeError("give one axis, or none for all elements; several are not in Chunkbook")
        axis = axes[0]
    count = a.size if axis is None else a.shape[axis]
    if count == 0 or a.size == 0:
        return a.mean(axis=axis)
    found = find(a, axis, count)
    if a.dtype.kind != "f":
        return found
    worst = a.max(axis=axis)
    return where(ufuncs["isnan"](worst), worst, found)


def median(a, axis=None):
    def find(a, axis, count):
        middle = _at_ranks(a, axis, (count - 1) // 2, 2 - count % 2)
        return middle.mean(axis=0)

    return _of_ranks(a, axis, find)


def percentile(a, q, axis=None):
    return _quantiles(a, q, axis, 100, "Percentiles must be in the range [0, 100]")


def quantile(a, q, axis=None):
    return _quantiles(a, q, axis, 1, "Quantiles must be in the range [0, 1]")


def _quantiles(a, q, axis, whole, refusal):
    """Linear interpolation between the nearest ranks; `q` parts of a `whole`."""
    if number_of(q) is None:
        # Beside an array of ranks the elements count as float64, beside a number as what they are.
        a = asarray(a).astype(float)
        return stack([_quantiles(a, one, axis, whole, refusal) for one in q])
    q = number_of(q)
    if not 0 <= q <= whole:
        raise ValueError(refusal)

    def find(a, axis, count):
        place = (count - 1) * (q / whole)
        below = int(place)
        part = place - below
        # As floats: differences of integers wrap.
        near = _at_ranks(a, axis, below, 1 if part == 0 else 2)
        near = near if a.dtype.kind == "f" else near.astype(float)
        if part == 0:
            # Nothing of the next one, which there may not be, and of which NumPy makes NaN where it is infinite.
            return near[0]
        # From the nearer of both, as NumPy does: the other may be infinite.
        step = near[1] - near[0]
        return near[0] + step * part if part < 0.5 else near[1] - step * (1 - part)

    return _of_ranks(a, axis, find)


def _ordered(name, a):
    return wrap(_bridge.call("np_ordered", name=name, array=a._id))


def sort(a, axis=-1):
    a = asarray(a)
    if axis is None:
        return _ordered("sort", a.ravel())
    axis = normal_axes(axis, a.ndim)[0]
    last = a.ndim - 1
    return _ordered("sort", a) if axis == last else _ordered("sort", a.swapaxes(axis, last)).swapaxes(axis, last)


def unique(a):
    values = sort(a, None)
    if values.size < 2:
        return values
    new = values[1:] != values[:-1]
    if values.dtype.kind == "f":
        isnan = ufuncs["isnan"]
        new = new & ~(isnan(values[1:]) & isnan(values[:-1]))
    return values[concatenate([ones(1, bool), new])]


def cumsum(a):
    return _ordered("cumsum", asarray(a).ravel())


def flatnonzero(a):
    return _ordered("flatnonzero", asarray(a).ravel())


def nonzero(a):
    a = asarray(a)
    if a.ndim == 0:
        raise ValueError(
            "Calling nonzero on 0d arrays is not allowed. Use np.atleast_1d(scalar).nonzero() instead. If the "
            "context of this error is of the form `arr[nonzero(cond)]`, just use `arr[cond]`."
        )
    places, indices = flatnonzero(a), []
    for extent in reversed(a.shape):
        indices.insert(0, places % extent)
        places = places // extent
    return tuple(indices)


def diff(a, n=1, axis=-1):
    """Each element less the one before it."""
    a = a if hasattr(a, "_lazy") else asarray(a)
    if n < 0:
        raise ValueError("order must be non-negative but got %d" % n)
    if a.ndim == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    before = (make_slice(None, None),) * normal_axes(axis, a.ndim)[0]
    for _ in range(n):
        ends, begins = a[before + (make_slice(1, None),)], a[before + (make_slice(None, -1),)]
        a = ends != begins if a.dtype.kind == "b" else ends - begins
    return a


def dot(a, b):
    """The inner product of vectors; matrix products of small matrices."""
    a, b = asarray(a), asarray(b)
    if a.ndim <= 1 and b.ndim <= 1:
        if a.shape != b.shape:
            raise ValueError("shapes %s and %s not aligned" % (a.shape, b.shape))
        return (a * b).sum()
    if a.ndim == 2 and b.ndim == 2:
        if a.shape[1] != b.shape[0]:
            raise ValueError(
                "shapes %s and %s not aligned: %d (dim 1) != %d (dim 0)"
                % (a.shape, b.shape, a.shape[1], b.shape[0])
            )
        return vstack([(a[i].reshape(-1, 1) * b).sum(axis=0) for i in range(a.shape[0])])
    if a.ndim == 2:
        return (a * b).sum(axis=1)
    return (a.reshape(-1, 1) * b).sum(axis=0)


matmul = dot

# --- Functions of elements ---------------------------------------------------------------------


def where(condition, x=None, y=None):
    """`x` where the condition holds, `y` elsewhere; without these, where it holds."""
    if x is None and y is None:
        return nonzero(condition)
    if x is None or y is None:
        raise ValueError("either both or neither of x and y should be given")
    given = [_source(value) for value in (condition, x, y)]
    # As arrays NumPy's scalars have a type, which Python's numbers have not.
    condition, x, y = [array([value]) if isinstance(value, generic) else value for value in given]
    chosen = wrap(_bridge.call("np_where", condition=_operand(condition), x=_operand(x), y=_operand(y)))
    is_one = not [value for value in given if isinstance(value, ndarray)]
    return chosen[0] if is_one and isinstance(chosen, ndarray) else chosen


def clip(a, a_min=None, a_max=None):
    return _array_like(a).clip(a_min, a_max)


def round(a, decimals=0):
    return _array_like(a).round(decimals)


around = round


def isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    a, b = _array_like(a), _array_like(b)
    absolute = ufuncs["absolute"]
    # Arrays stand on the left: here, unlike in cells, a number on the left does not ask the right side.
    close = absolute(a - b) <= absolute(b) * rtol + atol
    close = close | (a == b)
    if equal_nan:
        close = close | (ufuncs["isnan"](a) & ufuncs["isnan"](b))
    return close if isinstance(close, ndarray) or hasattr(close, "_lazy") else make_scalar(close, "bool")


def allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    return bool(isclose(a, b, rtol, atol, equal_nan).all())


def array_equal(a, b):
    a, b = asarray(a), asarray(b)
    if a.shape != b.shape:
        return False
    equal = a == b
    return bool(equal.all()) if isinstance(equal, ndarray) else bool(equal)


def nan_to_num(a):
    a = asarray(a)
    return where(ufuncs["isnan"](a), 0, a) if a.dtype.kind == "f" else a


def skip_nan(a, name, axis, dtype, keepdims, ddof=0, split_every=None):
    """A reduction of the elements that are not NaN, of an array in memory or a lazy one."""
    a = _array_like(a)
    a = asarray([a]) if isinstance(a, generic) else a
    if dtype is not None and a.dtype.kind == "f" and as_dtype(dtype).kind != "f":
        if name != "nansum":
            raise TypeError("If a is inexact, then dtype must be inexact")
        if hasattr(a, "_lazy"):
            raise NotImplementedError(
                "nansum of floats as integers is not there in Chunkbook for lazy arrays; give a float dtype"
            )
        a = nan_to_num(a)
    options = (split_every, ddof) if hasattr(a, "_lazy") else (ddof,)
    return a._reduce_as(dtype, name, axis, keepdims, *options)


def nansum(a, axis=None, dtype=None, out=None, keepdims=False):
    return skip_nan(a, "nansum", axis, dtype, keepdims)


def nanmean(a, axis=None, dtype=None, out=None, keepdims=False):
    return skip_nan(a, "nanmean", axis, dtype, keepdims)


def nanvar(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    return skip_nan(a, "nanvar", axis, dtype, keepdims, ddof)


def nanstd(a, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
    return skip_nan(a, "nanstd", axis, dtype, keepdims, ddof)


def nanmin(a, axis=None, out=None, keepdims=False):
    return skip_nan(a, "nanmin", axis, None, keepdims)


def nanmax(a, axis=None, out=None, keepdims=False):
    return skip_nan(a, "nanmax", axis, None, keepdims)


def result_type(*values):
    kind = None
    for value in values:
        own = (
            value.dtype
            if hasattr(value, "dtype")
            else as_dtype(value) if isinstance(value, (str, type)) else natural_dtype(value)
        )
        kind = own if kind is None else promote(kind, own)
    return kind


promote_types = result_type


def isscalar(value):
    return isinstance(value, (int, float, str, generic))


def issubdtype(a, b):
    return issubclass(
        as_dtype(a).type, b if isinstance(b, type) and issubclass(b, generic) else as_dtype(b).type
    )


# --- Printing ----------------------------------------------------------------------------------


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, suppress=None, **others):
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
        "suppress": suppress,
    }
    for name, value in given.items():
        if value is not None:
            _print.options[name] = value


def get_printoptions():
    return dict(_print.options)


class printoptions:
    """`with np.printoptions(precision=3):`"""

    def __init__(self, **given):
        self._given = given

    def __enter__(self):
        self._saved = get_printoptions()
        set_printoptions(**self._given)

    def __exit__(self, *error):
        _print.options.update(self._saved)


def array2string(a, separator=" ", **options):
    with printoptions(**options):
        return a._text(separator, 0, 0)


def array_str(a):
    return str(a)


def array_repr(a):
    return repr(a)
