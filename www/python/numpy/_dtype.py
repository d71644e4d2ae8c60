"""Element types, and the scalar classes that belong to them.

A scalar holds a Python number and behaves as NumPy's: `np.float64(0.5)`, prints as `0.5`.
Comparisons of scalars give Python's own `bool`, since MicroPython's sort knows no other truth.
"""

import struct

import _host
from _text import qualified_names

# name: (kind, bytes, code letter)
_TYPES = {
    "bool": ("b", 1, "?"),
    "int8": ("i", 1, "b"),
    "int16": ("i", 2, "h"),
    "int32": ("i", 4, "i"),
    "int64": ("i", 8, "q"),
    "uint8": ("u", 1, "B"),
    "uint16": ("u", 2, "H"),
    "uint32": ("u", 4, "I"),
    "uint64": ("u", 8, "Q"),
    "float16": ("f", 2, "e"),
    "float32": ("f", 4, "f"),
    "float64": ("f", 8, "d"),
}

_ALIASES = {
    "bool_": "bool",
    "?": "bool",
    "b1": "bool",
    "b": "int8",
    "h": "int16",
    "i": "int32",
    "l": "int64",
    "q": "int64",
    "int": "int64",
    "int_": "int64",
    "intp": "int64",
    "B": "uint8",
    "H": "uint16",
    "I": "uint32",
    "L": "uint64",
    "Q": "uint64",
    "uint": "uint64",
    "uintp": "uint64",
    "e": "float16",
    "f": "float32",
    "d": "float64",
    "float": "float64",
    "half": "float16",
    "single": "float32",
    "double": "float64",
    "float_": "float64",
}
for _name, (_kind, _size, _letter) in _TYPES.items():
    _ALIASES[_kind + str(_size)] = _name


class dtype:
    """An element type, by NumPy's names."""

    _made = {}

    def __init__(self, name):
        if isinstance(name, dtype):
            name = name.name
        self.name = _parse_name(name)
        if self.name in _TYPES:
            self.kind, self.itemsize, self.char = _TYPES[self.name]
        else:
            self.kind, self.itemsize, self.char = "O", 8, "O"

    @property
    def type(self):
        return scalar_types[self.name]

    @property
    def str(self):
        if self.kind == "O":
            return "|O"
        return ("|" if self.itemsize == 1 else "<") + self.kind + repr(self.itemsize)

    @property
    def descr(self):
        return [("", self.str)]

    names = None
    fields = None
    shape = ()
    byteorder = "="
    isnative = True

    def newbyteorder(self, order="S"):
        return self

    def __eq__(self, other):
        try:
            return self.name == as_dtype(other).name
        except TypeError:
            return False

    def __ne__(self, other):
        return not self.__eq__(other)

    def __hash__(self):
        return hash(self.name)

    def __str__(self):
        return self.name

    def __repr__(self):
        return "dtype('%s')" % (self.name if self.kind != "O" else self.name)


def _parse_name(name):
    if name is None or name is float:
        return "float64"
    if name is int:
        return "int64"
    if name is bool:
        return "bool"
    if isinstance(name, type):
        known = getattr(name, "_dtype_name", None)
        if known is None:
            raise TypeError("Cannot interpret '%s' as a data type" % repr(name))
        return known
    if not isinstance(name, str):
        raise TypeError("Cannot interpret '%s' as a data type" % repr(name))
    bare = name[1:] if name[:1] in ("<", "=", "|", ">") else name
    if bare in _TYPES:
        return bare
    if bare in _ALIASES:
        return _ALIASES[bare]
    raise TypeError("data type '%s' not understood; Chunkbook has %s" % (name, ", ".join(sorted(_TYPES))))


def as_dtype(value):
    """The dtype that a name, a scalar class or a Python type stands for."""
    if isinstance(value, dtype):
        return value
    name = _parse_name(value)
    made = dtype._made.get(name)
    if made is None:
        made = dtype._made[name] = dtype(name)
    return made


def promote(a, b):
    """The dtype that holds both, by NumPy's table."""
    if a.name == b.name:
        return a
    if a.kind == "b":
        return b
    if b.kind == "b":
        return a
    if a.kind == b.kind:
        return a if a.itemsize >= b.itemsize else b
    if "f" in (a.kind, b.kind):
        real, whole = (a, b) if a.kind == "f" else (b, a)
        need = {1: 2, 2: 4}.get(whole.itemsize, 8)
        return as_dtype("float%d" % (8 * max(need, real.itemsize)))
    signed, unsigned = (a, b) if a.kind == "i" else (b, a)
    if signed.itemsize > unsigned.itemsize:
        return signed
    return as_dtype("float64") if unsigned.itemsize == 8 else as_dtype("int%d" % (16 * unsigned.itemsize))


# --- Scalars -----------------------------------------------------------------------------------


def number_of(value):
    """The Python number in a Python or NumPy scalar; None for anything else."""
    if isinstance(value, generic):
        return value._number
    return value if isinstance(value, (int, float, bool)) else None


def _dtype_of(value, partner):
    """The dtype a number has beside a scalar of dtype `partner`: Python numbers are weak (NEP 50)."""
    if isinstance(value, generic):
        return value.dtype
    if isinstance(value, bool):
        return as_dtype("bool")
    if isinstance(value, int):
        return as_dtype("int64") if partner.kind == "b" else partner
    return partner if partner.kind == "f" else as_dtype("float64")


def make_scalar(number, kind):
    """The NumPy scalar of dtype `kind` that holds `number`."""
    return scalar_types[as_dtype(kind).name](number)


def _arithmetic(function, left, right, scalar, divides=False):
    a, b = number_of(left), number_of(right)
    if a is None or b is None:
        return NotImplemented
    kind = promote(_dtype_of(left, scalar.dtype), _dtype_of(right, scalar.dtype))
    if divides and kind.kind != "f":
        kind = as_dtype("float64")
    return make_scalar(function(a, b), kind)


def divide(a, b):
    """Division as NumPy does it: by zero gives an infinity or nan."""
    if b == 0:
        if a == 0 or a != a:
            return float("nan")
        return float("inf") if (a > 0) == (str(float(b))[0] != "-") else float("-inf")
    return a / b


def _floor_divide(a, b):
    if b == 0:
        return 0 if isinstance(a, int) and isinstance(b, int) else divide(a, b)
    return a // b


def _remainder(a, b):
    if b == 0:
        return 0 if isinstance(a, int) and isinstance(b, int) else float("nan")
    return a % b


def _power(a, b):
    if isinstance(a, int) and isinstance(b, int) and b < 0:
        raise ValueError("Integers to negative integer powers are not allowed.")
    if a < 0 and b != int(b):
        return float("nan")
    if a == 0 and b < 0:
        return float("inf")
    try:
        return a**b
    except OverflowError:
        return float("inf")


class generic:
    """A NumPy scalar."""

    shape = ()
    ndim = 0
    size = 1

    def __init__(self, value=0):
        number = number_of(value)
        if number is None:
            number = value.item() if hasattr(value, "item") else float(value)
        self._number = self._fit(number)

    @property
    def dtype(self):
        return as_dtype(self._dtype_name)

    @property
    def itemsize(self):
        return self.dtype.itemsize

    @property
    def nbytes(self):
        return self.dtype.itemsize

    @property
    def T(self):
        return self

    @property
    def real(self):
        return self

    def item(self):
        return self._number

    def tolist(self):
        return self._number

    def astype(self, kind):
        return make_scalar(self._number, kind)

    def copy(self):
        return self

    def _itself(self, axis=None, **options):
        return self

    sum = mean = min = max = prod = squeeze = _itself

    def ravel(self, order="C"):
        from numpy._functions import array

        return array([self])

    flatten = ravel

    def var(self, axis=None, **options):
        return make_scalar(self._number * 0.0, "float64")

    std = var

    def round(self, decimals=0):
        return type(self)(round(self._number, decimals))

    def __round__(self, ndigits=None):
        return int(round(self._number)) if ndigits is None else type(self)(round(self._number, ndigits))

    def __getitem__(self, index):
        if index == () or index is Ellipsis:
            return self
        raise IndexError("invalid index to scalar variable.")

    def __float__(self):
        return float(self._number)

    def __int__(self):
        return int(self._number)

    def __bool__(self):
        return bool(self._number)

    def __hash__(self):
        return hash(self._number)

    def __str__(self):
        return self._digits()

    def __repr__(self):
        return "np.%s(%s)" % (self._dtype_name, self._digits())

    def __format__(self, spec):
        return format(self._number, spec)

    def _digits(self):
        return str(self._number)

    def __add__(self, other):
        return _arithmetic(lambda a, b: a + b, self, other, self)

    def __radd__(self, other):
        return _arithmetic(lambda a, b: a + b, other, self, self)

    def __sub__(self, other):
        return _arithmetic(lambda a, b: a - b, self, other, self)

    def __rsub__(self, other):
        return _arithmetic(lambda a, b: a - b, other, self, self)

    def __mul__(self, other):
        return _arithmetic(lambda a, b: a * b, self, other, self)

    def __rmul__(self, other):
        return _arithmetic(lambda a, b: a * b, other, self, self)

    def __truediv__(self, other):
        return _arithmetic(divide, self, other, self, True)

    def __rtruediv__(self, other):
        return _arithmetic(divide, other, self, self, True)

    def __floordiv__(self, other):
        return _arithmetic(_floor_divide, self, other, self)

    def __rfloordiv__(self, other):
        return _arithmetic(_floor_divide, other, self, self)

    def __mod__(self, other):
        return _arithmetic(_remainder, self, other, self)

    def __rmod__(self, other):
        return _arithmetic(_remainder, other, self, self)

    def __pow__(self, other):
        return _arithmetic(_power, self, other, self)

    def __rpow__(self, other):
        return _arithmetic(_power, other, self, self)

    def __divmod__(self, other):
        return self // other, self % other

    def __and__(self, other):
        return _arithmetic(lambda a, b: a & b, self, other, self)

    def __rand__(self, other):
        return _arithmetic(lambda a, b: a & b, other, self, self)

    def __or__(self, other):
        return _arithmetic(lambda a, b: a | b, self, other, self)

    def __ror__(self, other):
        return _arithmetic(lambda a, b: a | b, other, self, self)

    def __xor__(self, other):
        return _arithmetic(lambda a, b: a ^ b, self, other, self)

    def __neg__(self):
        return type(self)(-self._number)

    def __pos__(self):
        return self

    def __abs__(self):
        return type(self)(abs(self._number))

    def __invert__(self):
        return type(self)(not self._number if self.dtype.kind == "b" else ~self._number)

    def _compare(self, other, function):
        number = number_of(other)
        return NotImplemented if number is None else function(self._number, number)

    def __eq__(self, other):
        number = number_of(other)
        if number is None:
            return NotImplemented if hasattr(other, "shape") else False
        return self._number == number

    def __ne__(self, other):
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __lt__(self, other):
        return self._compare(other, lambda a, b: a < b)

    def __le__(self, other):
        return self._compare(other, lambda a, b: a <= b)

    def __gt__(self, other):
        return self._compare(other, lambda a, b: a > b)

    def __ge__(self, other):
        return self._compare(other, lambda a, b: a >= b)


class number(generic):
    pass


class integer(number):
    def _fit(self, value):
        bits = 8 * self.dtype.itemsize
        value = int(value) & ((1 << bits) - 1)
        if self._dtype_name[0] == "i" and value >> (bits - 1):
            value -= 1 << bits
        return value


class signedinteger(integer):
    pass


class unsignedinteger(integer):
    pass


class floating(number):
    def _fit(self, value):
        return float(value)

    def _digits(self):
        return _host.float_repr(self._number)

    def is_integer(self):
        return self._number == self._number // 1


class bool_(generic):
    _dtype_name = "bool"

    def _fit(self, value):
        return bool(value)

    def __repr__(self):
        return "np.True_" if self._number else "np.False_"


class float64(floating):
    _dtype_name = "float64"


class float32(floating):
    _dtype_name = "float32"

    def _fit(self, value):
        return _to_single(float(value))

    def _digits(self):
        return _short_digits(self._number, 4)


class float16(floating):
    _dtype_name = "float16"

    def _fit(self, value):
        return _to_half(float(value))

    def _digits(self):
        return _short_digits(self._number, 2)


# Where exponents begin in arrays, by the bytes of a float: it depends on how many digits the type has.
FIRST_EXPONENT = {8: 1e8, 4: 1e6, 2: 1e3}


def _short_digits(value, itemsize):
    """The text of a scalar, which has an exponent where arrays of such numbers have."""
    if value != value or value == 0 or 0.0001 <= abs(value) < FIRST_EXPONENT[itemsize] or abs(value) == float("inf"):
        return _host.float_repr(shortest(value, itemsize))
    from numpy._print import scientific

    whole, fraction, power = scientific(value, 17, itemsize)
    return whole + ("." + fraction if fraction else "") + "e" + power


def shortest(value, itemsize):
    """The number with the fewest digits that a float of `itemsize` bytes takes for `value`."""
    if itemsize == 8 or value != value or value in (float("inf"), float("-inf")):
        return value
    convert, most = (_to_single, 9) if itemsize == 4 else (_to_half, 5)
    for digits in range(most):
        candidate = float(_host.float_exponent(value, digits))
        if convert(candidate) == value:
            return candidate
    return value


def _to_single(value):
    """`value` rounded to the nearest float32."""
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def _to_half(value):
    """`value` rounded to the nearest float16, half to even."""
    if value != value or value in (float("inf"), float("-inf")) or value == 0:
        return value
    exponent = -14
    size = abs(value)
    while size >= 2.0 ** (exponent + 1) and exponent < 16:
        exponent += 1
    step = 2.0 ** (exponent - 10)
    rounded = round(size / step) * step
    if rounded >= 65520:
        rounded = float("inf")
    return rounded if value > 0 else -rounded


scalar_types = {"bool": bool_, "float64": float64, "float32": float32, "float16": float16}
for _name in _TYPES:
    if _name not in scalar_types:
        _base = signedinteger if _name[0] == "i" else unsignedinteger
        scalar_types[_name] = type(_name, (_base,), {"_dtype_name": _name})
for _name, _class in scalar_types.items():
    qualified_names[_class] = "numpy." + _name
for _class in (generic, number, integer, signedinteger, unsignedinteger, floating):
    qualified_names[_class] = "numpy." + _class.__name__
qualified_names[dtype] = "numpy.dtype"
