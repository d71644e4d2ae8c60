"""NumPy's functions: making arrays, joining them, and the functions that are methods too."""

import _bridge
from numpy import _print
from numpy._dtype import as_dtype, generic, make_scalar, number_of, promote
from numpy._ndarray import ndarray, normal_axes, product, wrap
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
    numbers = [number_of(value) for value in flat]
    for value, number in zip(flat, numbers):
        if number is None:
            raise TypeError("an array can hold numbers, not %s" % type(value).__name__)
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


def median(a):
    return percentile(a, 50)


def percentile(a, q):
    """Linear interpolation between the nearest ranks, for at most a million elements."""
    values = sorted(asarray(a).ravel().tolist())
    place = (len(values) - 1) * q / 100
    below = int(place)
    above = below + 1 if below + 1 < len(values) else below
    return make_scalar(values[below] + (values[above] - values[below]) * (place - below), "float64")


def quantile(a, q):
    return percentile(a, q * 100)


def sort(a):
    a = asarray(a)
    return array(sorted(a.tolist()), dtype=a.dtype)


def unique(a):
    a = asarray(a)
    return array(sorted(set(a.ravel().tolist())), dtype=a.dtype)


def cumsum(a):
    a = asarray(a).ravel()
    total, sums = 0, []
    for value in a.tolist():
        total += value
        sums.append(total)
    return array(sums, dtype="int64" if a.dtype.kind in "bi" else a.dtype)


def diff(a):
    return a[..., 1:] - a[..., :-1]


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
    """`x` where the condition holds, `y` elsewhere; for at most a million elements."""
    if x is None or y is None:
        raise NotImplementedError("np.where(condition) is not there; np.where(condition, x, y) is")
    condition, x, y = asarray(condition), asarray(x), asarray(y)
    kind = promote(x.dtype, y.dtype)
    shape_like = zeros(condition.shape, bool) if isinstance(condition, ndarray) else condition
    picked = [
        (v if isinstance(v, ndarray) and v.shape == condition.shape else shape_like + v) for v in (x, y)
    ]
    flags = condition.ravel().tolist()
    first, second = [(v.ravel().tolist()) for v in picked]
    data = [a if flag else b for flag, a, b in zip(flags, first, second)]
    return array(data, dtype=kind).reshape(condition.shape)


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
    return where(ufuncs["isnan"](a), 0.0, a)


def _nan_reduction(name):
    def reduce(a, axis=None, **options):
        a = _array_like(a)
        return a._reduce("nan" + name, axis, options.get("keepdims", False), options.get("ddof", 0))

    return reduce


nansum, nanmean, nanvar, nanstd, nanmin, nanmax = [
    _nan_reduction(name) for name in ("sum", "mean", "var", "std", "min", "max")
]


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
