"""Functions of one or two arrays, element by element."""

import math

from numpy._dtype import as_dtype, divide as _divide, generic, make_scalar, number_of, promote
from numpy._ndarray import binary, ndarray, unary


def natural_dtype(value):
    """The dtype that a number has by itself."""
    if isinstance(value, generic):
        return value.dtype
    return as_dtype(bool if isinstance(value, bool) else int if isinstance(value, int) else float)


def _as_array(value):
    from numpy._functions import asarray

    return value if isinstance(value, ndarray) else asarray(value)


class ufunc:
    """A function of one or two arrays, element by element. Lazy arrays stay lazy."""

    def __init__(self, name, nin, on_number):
        self.__name__ = name
        self.nin = nin
        self._on_number = on_number

    def __repr__(self):
        return "<ufunc '%s'>" % self.__name__

    def __call__(self, *args, out=None, **options):
        if len(args) != self.nin:
            raise TypeError(
                "%s() takes from %d to %d positional arguments but %d were given"
                % (self.__name__, self.nin, self.nin + 1, len(args))
            )
        for arg in args:
            if hasattr(arg, "_lazy"):
                return arg._elementwise(self.__name__, args)
        args = [_as_array(arg) if number_of(arg) is None else arg for arg in args]
        if not _has_array(args):
            result = self._scalar(args)
        elif self.nin == 1:
            result = unary(self.__name__, args[0])
        else:
            result = binary(self.__name__, args[0], args[1])
        if out is not None:
            out[...] = result
            return out
        return result

    def _scalar(self, args):
        value = self._on_number(*[number_of(arg) for arg in args])
        kind = natural_dtype(args[0])
        for arg in args[1:]:
            kind = promote(kind, natural_dtype(arg))
        if isinstance(value, bool):
            kind = as_dtype("bool")
        elif isinstance(value, float) and kind.kind != "f":
            kind = as_dtype("float64")
        return make_scalar(value, kind)

    def reduce(self, a, axis=0, keepdims=False):
        names = {
            "add": "sum",
            "multiply": "prod",
            "maximum": "max",
            "minimum": "min",
            "logical_and": "all",
            "logical_or": "any",
        }
        if self.__name__ not in names:
            raise NotImplementedError("np.%s.reduce is not there" % self.__name__)
        return getattr(_as_array(a), names[self.__name__])(axis=axis, keepdims=keepdims)


def _has_array(args):
    for arg in args:
        if isinstance(arg, ndarray):
            return True
    return False


def _safe(function, outside=float("nan")):
    """`function`, with nan where Python would raise."""

    def call(x):
        try:
            return function(float(x))
        except (ValueError, OverflowError):
            return float("inf") if function is math.exp else outside

    return call


def _log(function):
    return lambda x: float("-inf") if x == 0 else _safe(function)(x)


def _sign(x):
    return x if x != x else type(x)((x > 0) - (x < 0))


_nan, _inf = float("nan"), float("inf")
_unary = {
    "negative": lambda x: -x,
    "absolute": abs,
    "sqrt": _safe(math.sqrt),
    "square": lambda x: x * x,
    "exp": _safe(math.exp),
    "log": _log(math.log),
    "log2": _log(lambda x: math.log(x) / math.log(2)),
    "log10": _log(lambda x: math.log10(x)),
    "sin": _safe(math.sin),
    "cos": _safe(math.cos),
    "tan": _safe(math.tan),
    "arcsin": _safe(math.asin),
    "arccos": _safe(math.acos),
    "arctan": _safe(math.atan),
    "sinh": _safe(math.sinh),
    "cosh": _safe(math.cosh),
    "tanh": _safe(math.tanh),
    "floor": lambda x: float(math.floor(x)),
    "ceil": lambda x: float(math.ceil(x)),
    "rint": lambda x: float(round(x)),
    "trunc": lambda x: float(math.trunc(x)),
    "isnan": lambda x: x != x,
    "isinf": lambda x: x in (_inf, -_inf),
    "isfinite": lambda x: x == x and x not in (_inf, -_inf),
    "logical_not": lambda x: not x,
    "invert": lambda x: not x if isinstance(x, bool) else ~x,
    "sign": _sign,
}


def _smaller(a, b):
    return a if a != a or a < b else b


def _larger(a, b):
    return a if a != a or a > b else b


_binary = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: float(_divide(a, b)),
    "floor_divide": lambda a, b: a // b,
    "remainder": lambda a, b: a % b,
    "power": lambda a, b: a**b,
    "minimum": _smaller,
    "maximum": _larger,
    "equal": lambda a, b: a == b,
    "not_equal": lambda a, b: a != b,
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "logical_and": lambda a, b: bool(a and b),
    "logical_or": lambda a, b: bool(a or b),
    "logical_xor": lambda a, b: bool(a) != bool(b),
    "bitwise_and": lambda a, b: a & b,
    "bitwise_or": lambda a, b: a | b,
    "bitwise_xor": lambda a, b: a ^ b,
    "hypot": lambda a, b: math.sqrt(a * a + b * b),
    "arctan2": lambda a, b: math.atan2(a, b),
}

ufuncs = {}
for _name, _function in _unary.items():
    ufuncs[_name] = ufunc(_name, 1, _function)
for _name, _function in _binary.items():
    ufuncs[_name] = ufunc(_name, 2, _function)
ufuncs["abs"] = ufuncs["fabs"] = ufuncs["absolute"]
ufuncs["true_divide"] = ufuncs["divide"]
ufuncs["mod"] = ufuncs["remainder"]
ufuncs["pow"] = ufuncs["power"]
ufuncs["fix"] = ufuncs["trunc"]
ufuncs["bitwise_not"] = ufuncs["bitwise_invert"] = ufuncs["invert"]
