"""The text of Python objects as CPython writes it.

MicroPython's own `str` and `repr` differ in the last digit of some floats, in strings beyond ASCII
and in exceptions; `print`, `repr`, f-strings and results go through here instead.
"""

import _host

_repr = repr

# How CPython names the classes that the shims define, such as `numpy.ndarray`.
qualified_names = {}


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
    set: lambda value: "{%s}" % _sequence(value) if value else "set()",
    frozenset: lambda value: "frozenset({%s})" % _sequence(value) if value else "frozenset()",
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


# MicroPython's wording, and CPython's.
_messages = (
    ("divide by zero", "division by zero"),
    ("maximum recursion depth exceeded", "maximum recursion depth exceeded"),
)


def _cpython_message(message):
    for theirs, ours in _messages:
        if message == theirs:
            return ours
    if message.endswith("isn't defined"):
        return message[: -len("isn't defined")] + "is not defined"
    if message.startswith("can't import name "):
        return "cannot import name '%s'" % message[len("can't import name "):]
    return message


def format_value(value, spec):
    """`format(value, spec)` as in CPython; NumPy scalars format as the numbers they hold."""
    if spec == "":
        return text(value)
    value = plain(value)
    if type(value) is float:
        exact = _format_fixed(value, spec)
        if exact is not None:
            return exact
    if isinstance(value, (int, float, str)):
        return ("{:" + spec + "}").format(value)
    own = getattr(value, "__format__", None)
    if own is not None:
        return own(spec)
    raise TypeError("unsupported format string passed to %s.__format__" % type(value).__name__)


def plain(value):
    """The Python number that a NumPy scalar holds; anything else as it is."""
    item = getattr(value, "_number", None)
    return value if item is None else item


def _format_fixed(value, spec):
    """`value` by a spec that ends in `.Nf` or `.N%`, exactly; None for other specs."""
    if spec[-1] not in "f%F":
        return None
    head, _, places = spec[:-1].rpartition(".")
    if not places.isdigit():
        if "." in spec:
            return None
        head, places = spec[:-1], "6"
    if spec[-1] == "%":
        number = _host.float_fixed(value * 100, int(places)) + "%"
    else:
        number = _host.float_fixed(value, int(places))
    sign = "-" if number.startswith("-") else ""
    number = number[len(sign):]
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
        start = i
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
        return ("%" + spec + "s") % (text(value) if kind == "s" else represent(value),)
    value = plain(value)
    if kind in "fF" and not isinstance(value, (str, bytes)):
        width = spec.lstrip("-+ #0")
        flags = spec[: len(spec) - len(width)]
        align = "<" if "-" in flags else "=" if "0" in flags else ">"
        exact = _format_fixed(float(value), (" " if align != "=" else "0") + align + ("+" if "+" in flags else "") + width + "f")
        if exact is not None:
            return exact
    return ("%" + spec + kind) % (value,)
