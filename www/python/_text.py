"""The text of Python objects as CPython writes it.

MicroPython's own `str` and `repr` differ in the last digit of some floats, in strings beyond ASCII
and in exceptions; `print`, `repr`, f-strings and results go through here instead.
"""

import _host
from collections import OrderedDict

_repr = repr

# How CPython names the classes that the shims define, such as `numpy.ndarray`.
qualified_names = {OrderedDict: "dict"}


def qualify(cls, name):
    """Let `cls` be shown as `<class 'name'>`."""
    qualified_names[cls] = name
    return cls


def text(value):
    """`str(value)` as in CPython."""
    kind = type(value)
    if kind is str:
        return value
    if kind is float:
        return _host.float_repr(value)
    if isinstance(value, BaseException):
        return _exception_text(value)
    if kind in _containers or kind is type:
        return represent(value)
    return str(value)


def represent(value):
    """`repr(value)` as in CPython."""
    kind = type(value)
    if kind is float:
        return _host.float_repr(value)
    if kind is str:
        return _string_repr(value)
    if kind in _containers:
        return _containers[kind](value)
    if kind is type:
        return "<class '%s'>" % qualified_names.get(value, value.__name__)
    if isinstance(value, BaseException):
        return "%s(%s)" % (kind.__name__, ", ".join([represent(a) for a in value.args]))
    if getattr(kind, "__module__", None) == "datetime" and kind.__name__ in _moments:
        return "datetime.%s(%s)" % (kind.__name__, _moments[kind.__name__](value))
    return _repr(value)


def _sequence(items):
    return ", ".join([represent(item) for item in items])


def _tuple(value):
    return "(%s,)" % represent(value[0]) if len(value) == 1 else "(%s)" % _sequence(value)


def _dict(value):
    return "{%s}" % ", ".join(["%s: %s" % (represent(k), represent(v)) for k, v in value.items()])


_containers = {
    list: lambda value: "[%s]" % _sequence(value),
    tuple: _tuple,
    dict: _dict,
    OrderedDict: _dict,
    set: lambda value: "{%s}" % _sequence(value) if value else "set()",
    frozenset: lambda value: "frozenset({%s})" % _sequence(value) if value else "frozenset()",
}


def _datetime(value):
    numbers = [value.year, value.month, value.day, value.hour, value.minute]
    if value.second or value.microsecond:
        numbers.append(value.second)
    if value.microsecond:
        numbers.append(value.microsecond)
    return _sequence(numbers) + ("" if value.tzinfo is None else ", tzinfo=" + represent(value.tzinfo))


def _timedelta(value):
    parts = [(name, getattr(value, name)) for name in ("days", "seconds", "microseconds")]
    return ", ".join(["%s=%d" % part for part in parts if part[1]]) or "0"


# MicroPython shows how it keeps them.
_moments = {
    "date": lambda value: _sequence([value.year, value.month, value.day]),
    "datetime": _datetime,
    "timedelta": _timedelta,
}


def _string_repr(value):
    if all(" " <= c <= "~" for c in value):
        return _repr(value)
    quote = '"' if "'" in value and '"' not in value else "'"
    out = quote
    for c in value:
        if c == quote or c == "\\":
            out += "\\" + c
        elif c < " " or c == "\x7f":
            out += {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(c) or "\\x%02x" % ord(c)
        else:
            out += c
    return out + quote


def _exception_text(error):
    args = error.args
    if isinstance(error, KeyError) and len(args) == 1:
        return represent(args[0])
    if isinstance(error, OSError) and len(args) >= 2 and isinstance(args[0], int):
        place = ": " + represent(args[2]) if len(args) > 2 else ""
        return "[Errno %d] %s%s" % (args[0], text(args[1]), place)
    if len(args) == 1:
        return _cpython_message(text(args[0]))
    return represent(args) if args else ""


_operators = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "pow": "** or pow()",
    "and": "&",
    "or": "|",
    "xor": "^",
    "lshift": "<<",
    "rshift": ">>",
    "matmul": "@",
    "iadd": "+=",
    "isub": "-=",
    "imul": "*=",
    "itruediv": "/=",
}
_comparisons = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_unary = {"neg": "unary -", "pos": "unary +", "invert": "unary ~", "abs": "abs()"}

# MicroPython's wording, and CPython's.
_wordings = (
    ("isn't defined", "is not defined"),
    ("isn't callable", "is not callable"),
    ("isn't iterable", "is not iterable"),
    ("isn't subscriptable", "is not subscriptable"),
    ("doesn't support item assignment", "does not support item assignment"),
    ("doesn't support item deletion", "does not support item deletion"),
)


def _cpython_message(message):
    if message == "divide by zero":
        return "division by zero"
    for theirs, ours in _wordings:
        if message.endswith(theirs):
            return message[: -len(theirs)] + ours
    if message.startswith("can't import name "):
        return "cannot import name '%s'" % message[len("can't import name ") :]
    if message.startswith("invalid syntax for integer"):
        return "invalid literal for int()" + message[len("invalid syntax for integer") :]
    if message.startswith("unsupported type"):
        return _operand_message(message)
    return message


def _operand_message(message):
    head, _, kinds = message.partition("__: ")
    name = head.rpartition("__")[2]
    left, _, right = kinds.partition(", ")
    if name in _operators:
        return "unsupported operand type(s) for %s: %s and %s" % (_operators[name], left, right)
    if name in _comparisons:
        return "'%s' not supported between instances of %s and %s" % (_comparisons[name], left, right)
    if name in _unary:
        return "bad operand type for %s: %s" % (_unary[name], left)
    return "unhashable type: " + left if name == "hash" else message


def format_value(value, spec):
    """`format(value, spec)` as in CPython; NumPy scalars format as the numbers they hold."""
    value = plain(value)
    if spec == "":
        return text(value)
    if type(value) is float:
        exact = _format_float(value, spec)
        if exact is not None:
            return exact
    if isinstance(value, str):
        return _format_text(value, spec)
    if isinstance(value, (int, float)) or isinstance(value, bool):
        return ("{:" + spec + "}").format(value)
    own = getattr(value, "__format__", None)
    if own is not None:
        return own(spec)
    raise TypeError("unsupported format string passed to %s.__format__" % type(value).__name__)


def plain(value):
    """The Python number that a NumPy scalar holds; anything else as it is."""
    item = getattr(value, "_number", None)
    return value if item is None else item


def _format_float(value, spec):
    """`value` by a spec that ends in e, f, g or %, exactly; None for other specs."""
    kind = spec[-1]
    if kind not in "eEfFgG%":
        return None
    head, dot, places = spec[:-1].rpartition(".")
    if not dot:
        head, places = spec[:-1], "6"
    if not places.isdigit():
        return None
    if kind == "%":
        number = _host.float_fixed(value * 100, int(places)) + "%"
    elif kind in "fF":
        number = _host.float_fixed(value, int(places))
    else:
        number = ("%." + places + kind) % value
    sign = "-" if number.startswith("-") else ""
    number = number[len(sign) :]
    fill, align = " ", ">"
    if len(head) > 1 and head[1] in "<>^=":
        fill, align, head = head[0], head[1], head[2:]
    elif head[:1] in ("<", ">", "^", "="):
        align, head = head[0], head[1:]
    if head[:1] in ("+", "-", " "):
        if not sign and head[0] != "-":
            sign = head[0]
        head = head[1:]
    group = ""
    if head[-1:] in (",", "_"):
        group, head = head[-1], head[:-1]
    if head[:1] == "0":
        fill, align, head = "0", "=", head[1:]
    if head and not head.isdigit():
        return None
    if group:
        whole, dot, fraction = number.partition(".")
        parts = []
        while len(whole) > 3:
            parts.insert(0, whole[-3:])
            whole = whole[:-3]
        parts.insert(0, whole)
        number = group.join(parts) + dot + fraction
    return pad(sign, number, fill, align, int(head or 0))


def _format_text(value, spec):
    """Text by a spec of fill, alignment, width and precision."""
    fill, align = " ", "<"
    if len(spec) > 1 and spec[1] in "<>^":
        fill, align, spec = spec[0], spec[1], spec[2:]
    elif spec[:1] in ("<", ">", "^"):
        align, spec = spec[0], spec[1:]
    if spec.endswith("s"):
        spec = spec[:-1]
    width, dot, places = spec.partition(".")
    if (width and not width.isdigit()) or (dot and not places.isdigit()):
        raise ValueError("Unknown format code '%s' for object of type 'str'" % spec[-1])
    return pad("", value[: int(places)] if dot else value, fill, align, int(width or 0))


def pad(sign, number, fill, align, width):
    """`sign` and `number` padded to `width` with `fill`, as format specs do."""
    missing = fill * (width - len(sign) - len(number))
    if align == "=":
        return sign + missing + number
    if align == "<":
        return sign + number + missing
    if align == "^":
        left = len(missing) // 2
        return missing[:left] + sign + number + missing[left:]
    return missing + sign + number


def percent(form, values):
    """`form % values`."""
    positional = list(values) if type(values) is tuple else [values]
    out = []
    i = 0
    while i < len(form):
        c = form[i]
        i += 1
        if c != "%":
            out.append(c)
            continue
        key = None
        if form[i : i + 1] == "(":
            end = form.index(")", i)
            key, i = form[i + 1 : end], end + 1
        flags = i
        while i < len(form) and form[i] in "-+ #0123456789.*":
            i += 1
        if i >= len(form):
            raise ValueError("incomplete format")
        spec, kind = form[flags:i], form[i]
        i += 1
        if kind == "%":
            out.append("%")
            continue
        while "*" in spec:
            spec = spec.replace("*", str(int(_next(positional))), 1)
        value = values[key] if key is not None else _next(positional)
        out.append(_percent_field(spec, kind, value))
    if positional and type(values) is tuple:
        raise TypeError("not all arguments converted during string formatting")
    return "".join(out)


def _next(positional):
    if not positional:
        raise TypeError("not enough arguments for format string")
    return positional.pop(0)


def _percent_field(spec, kind, value):
    if kind in "sra":
        shown = text(value) if kind == "s" else represent(value)
        width, _, places = spec.partition(".")
        if places:
            shown = shown[: int(places)]
        return pad("", shown, " ", "<" if "-" in width else ">", int(width.lstrip("-+ #0") or 0))
    value = plain(value)
    if kind in "eEfFgG" and not isinstance(value, (str, bytes)):
        width = spec.lstrip("-+ #0")
        flags = spec[: len(spec) - len(width)]
        align = " <" if "-" in flags else "0=" if "0" in flags else " >"
        sign = "+" if "+" in flags else " " if " " in flags else ""
        shown = _format_float(float(value), align + sign + width + kind)
        if shown is not None:
            return shown
    return ("%" + spec + kind) % (value,)
