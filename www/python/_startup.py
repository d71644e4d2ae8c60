"""Makes MicroPython's builtins those of CPython, as far as cells can tell. Imported once."""

import builtins
import sys

import _host
import _text
from collections import OrderedDict

# --- Exceptions that MicroPython lacks ---------------------------------------------------------


def _define(base, names):
    for name in names.split():
        if not hasattr(builtins, name):
            setattr(builtins, name, type(name, (base,), {}))


_define(
    OSError,
    "FileNotFoundError FileExistsError PermissionError IsADirectoryError NotADirectoryError "
    "ConnectionError TimeoutError InterruptedError BlockingIOError ProcessLookupError ChildProcessError",
)
_define(ImportError, "ModuleNotFoundError")
_define(RuntimeError, "RecursionError")
_define(NameError, "UnboundLocalError")
_define(ArithmeticError, "FloatingPointError")
_define(Exception, "Warning BufferError ReferenceError SystemError StopAsyncIteration")
_define(ValueError, "UnicodeError")
_define(
    Warning,
    "UserWarning DeprecationWarning RuntimeWarning FutureWarning PendingDeprecationWarning "
    "SyntaxWarning ImportWarning ResourceWarning",
)
builtins.IOError = builtins.EnvironmentError = OSError

# --- Text --------------------------------------------------------------------------------------

_round = round
_open = open
_import = __import__


def print(*values, sep=" ", end="\n", file=None, flush=False):
    line = (" " if sep is None else sep).join([_text.text(value) for value in values])
    line += "\n" if end is None else end
    if file is None:
        _host.write(line)
        if flush:
            _host.flush()
    else:
        file.write(line)


def format(value, spec=""):
    return _text.format_value(value, spec)


def round(number, ndigits=None):
    own = getattr(number, "__round__", None)
    if own is not None:
        return own(ndigits)
    if ndigits is None:
        return _round(number)
    if isinstance(number, float) and ndigits >= 0:
        return float(_host.float_fixed(number, ndigits))
    return _round(number, ndigits)


def input(prompt=""):
    raise NotImplementedError("input() is not there in Chunkbook; write the value into the cell")


def open(file, mode="r", *args, **kwargs):
    try:
        return _open(file, mode)
    except OSError as error:
        if error.errno in (2, 44):  # 44 is Emscripten's
            raise FileNotFoundError(
                2, "No such file or directory (HDF5 files on the shelf open with h5py.File)", file
            )
        raise


# --- Imports -----------------------------------------------------------------------------------

_available = (
    "h5py, numpy, dask, dask.array, dask.threaded, dask.diagnostics, ipywidgets, and of the standard library "
    "collections, contextlib, copy, datetime, functools, heapq, io, itertools, json, math, operator, "
    "os, pathlib, pprint, random, re, shutil, statistics, string, struct, sys, time, timeit, warnings"
)


def __import__(name, globals=None, locals=None, fromlist=None, level=0):
    if name == "math" and globals.get("__name__") != "_math":
        name = "_math"  # MicroPython's own cannot be added to
    try:
        return _import(name, globals, locals, fromlist, level)
    except ImportError as error:
        message = str(error)
        if type(error) is not ImportError or not message.startswith("no module named"):
            raise
        missing = message[len("no module named") :].strip().strip("'")
        if missing.startswith("u") and missing[1:] == name:
            missing = name
    package, _, part = missing.rpartition(".")
    if package in sys.modules:
        raise ModuleNotFoundError(
            "%s has nothing named '%s' in Chunkbook; the same notebook may find it in Jupyter" % (package, part)
        )
    raise ModuleNotFoundError("No module named '%s'; Chunkbook has %s" % (missing, _available))


# --- Helpers that translated cells call (src/kernel/cell-source.ts) ----------------------------


def __each__(iterable):
    """`iterable`, looking now and then whether the user asked to stop."""
    turns = 0
    tick = _host.tick
    for item in iterable:
        turns += 1
        if turns & 63 == 0:
            tick()
        yield item


# MicroPython's dicts do not keep the order of their keys. Its OrderedDicts do, but search them one by
# one, so larger dicts do without.
_ORDERED_LIMIT = 2000


def __merge__(*parts):
    """`{k: v, **a}`; a part is a mapping or a tuple of pairs."""
    merged = OrderedDict()
    for part in parts:
        if isinstance(part, tuple):
            for key, value in part:
                merged[key] = value
        else:
            if len(merged) + len(part) > _ORDERED_LIMIT:
                merged = dict(merged)
            for key in part.keys():
                merged[key] = part[key]
    return merged


def __dict__(*args, **items):
    """`dict(...)`, in order, and of any mapping."""
    if not args:
        return OrderedDict(**items)
    if hasattr(args[0], "keys"):
        return __merge__(args[0], items)
    return __merge__(tuple(args[0]), items)


def __to_float__(*args):
    """`float(...)`, also of arrays of one element."""
    # Not as their __float__: for `0.5 * array` MicroPython asks that first, and not the array's __rmul__.
    if args and hasattr(args[0], "_to_float"):
        return args[0]._to_float()
    return float(*args)


def __list__(*parts):
    """`[*a, b, *c]`"""
    joined = []
    for part in parts:
        joined.extend(part)
    return joined


def __tuple__(*parts):
    return tuple(__list__(*parts))


def __set__(*parts):
    return set(__list__(*parts))


class _Slices:
    def __getitem__(self, index):
        return index


_slices = _Slices()


def __make_slice__(*bounds):
    """`slice(...)`: MicroPython makes slices only in brackets."""
    start, stop, step = (
        (None, bounds[0], None) if len(bounds) == 1 else bounds if len(bounds) == 3 else bounds + (None,)
    )
    return _slices[start:stop:step]


def __slice__(owner, start, stop, step):
    """`owner[start:stop:step]`"""
    if isinstance(owner, (str, bytes, tuple)):
        picked = list(owner)[start:stop:step]
        return "".join(picked) if isinstance(owner, str) else type(owner)(picked)
    return owner[start:stop:step]


def _reflecting(compare, reflected):
    """A comparison that asks the right operand when the left one does not know."""

    def function(a, b):
        try:
            return compare(a, b)
        except TypeError:
            if not hasattr(b, "dtype"):
                raise
            return reflected(b, a)

    return function


__less__ = _reflecting(lambda a, b: a < b, lambda b, a: b > a)
__less_equal__ = _reflecting(lambda a, b: a <= b, lambda b, a: b >= a)
__greater__ = _reflecting(lambda a, b: a > b, lambda b, a: b < a)
__greater_equal__ = _reflecting(lambda a, b: a >= b, lambda b, a: b <= a)
_comparisons = {"<": __less__, "<=": __less_equal__, ">": __greater__, ">=": __greater_equal__}


def __compare__(operators, first, *rest):
    """`a < b <= c`"""
    result = True
    for operator, value in zip(operators.split(" "), rest):
        result = _comparisons[operator](first, value)
        if not result:
            return result
        first = value
    return result


def __keywords__(function, names):
    """Tells a function that asks for it in which order the keywords of a call stand."""
    return {"__keyword_order__": names} if hasattr(function, "takes_keyword_order") else {}


_updates = {}
for _sign, _name in zip(
    "* / // % ** | & ^ << >> @".split(), "mul truediv floordiv mod pow or and xor lshift rshift matmul".split()
):
    exec("def _update(a, b):\n    a %s= b\n    return a" % _sign, globals())
    _updates[_sign] = ("__i%s__" % _name, _update)


def __update__(sign, target, value):
    """`target *= value`, by the target's own method if it has one."""
    method, otherwise = _updates[sign]
    if type(target) is list and sign == "*":
        target[:] = target * value
        return target
    own = getattr(type(target), method, None)
    result = NotImplemented if own is None else own(target, value)
    return otherwise(target, value) if result is NotImplemented else result


def __update_item__(sign, container, index, value):
    """`container[index] *= value`"""
    container[index] = __update__(sign, container[index], value)


def __update_member__(sign, owner, name, value):
    """`owner.name *= value`"""
    setattr(owner, name, __update__(sign, getattr(owner, name), value))


_max, _min, _sorted = max, min, sorted


def _extremum(native, better):
    """`max` or `min`, also of a Python number beside a NumPy scalar."""

    def function(*values, key=None, **options):
        if len(values) == 1 and not isinstance(values[0], (list, tuple, dict, set)):
            values = (list(values[0]),)
        try:
            return native(*values, **options) if key is None else native(*values, key=key, **options)
        except TypeError:
            items = list(values[0]) if len(values) == 1 else list(values)
            if not any(hasattr(item, "dtype") for item in items):
                raise
        best = items[0]
        for item in items[1:]:
            if better(item if key is None else key(item), best if key is None else key(best)):
                best = item
        return best

    return function


def sorted(iterable, key=None, reverse=False):
    """Stable, which MicroPython's own is not: of equal items the one that was before is."""
    items = list(iterable)
    keys = items if key is None else [key(item) for item in items]
    try:
        return _in_order(items, keys, reverse)
    except TypeError:
        if not any(hasattr(item, "dtype") for item in items):
            raise
    return _in_order(items, [_text.plain(item) for item in keys], reverse)


def _in_order(items, keys, reverse):
    places = range(0, -len(items), -1) if reverse else range(len(items))
    return [items[abs(place)] for _, place in _sorted(zip(keys, places), reverse=reverse)]


def __from__(error, cause):
    """`raise error from cause`"""
    if isinstance(error, type):
        error = error()
    try:
        error.__cause__ = cause
    except AttributeError:
        pass  # exceptions of MicroPython itself take no attributes
    return error


_string_methods = {
    "ljust": lambda s, width, fill=" ": s + fill * (width - len(s)),
    "rjust": lambda s, width, fill=" ": fill * (width - len(s)) + s,
    "zfill": lambda s, width: (
        s[:1] + "0" * (width - len(s)) + s[1:] if s[:1] in ("-", "+") else "0" * (width - len(s)) + s
    ),
    "title": lambda s: "".join(
        [(c.lower() if i and s[i - 1].isalpha() else c.upper()) for i, c in enumerate(s)]
    ),
    "capitalize": lambda s: s[:1].upper() + s[1:].lower(),
    "swapcase": lambda s: "".join([c.lower() if c.isupper() else c.upper() for c in s]),
    "casefold": lambda s: s.lower(),
    "removeprefix": lambda s, prefix: s[len(prefix) :] if s.startswith(prefix) else s,
    "removesuffix": lambda s, suffix: s[: len(s) - len(suffix)] if suffix and s.endswith(suffix) else s,
    "isalnum": lambda s: s != "" and all(c.isalpha() or c.isdigit() for c in s),
    "isnumeric": lambda s: s.isdigit(),
    "isdecimal": lambda s: s.isdigit(),
    "isidentifier": lambda s: s != ""
    and not s[0].isdigit()
    and all(c.isalpha() or c.isdigit() or c == "_" for c in s),
    "format": lambda s, *args, **fields: _format_string(s, args, fields),
}

_number_methods = {
    "bit_length": lambda n: len(bin(abs(n))) - 2 if n else 0,
    "bit_count": lambda n: bin(abs(n)).count("1"),
    "is_integer": lambda x: float(x) == float(x) // 1,
}


def _sort(items, key=None, reverse=False):
    items[:] = sorted(items, key=key, reverse=reverse)


_method_tables = ((str, _string_methods), ((int, float), _number_methods), (list, {"sort": _sort}))


def __method__(owner, name):
    """`owner.name`, for methods of texts, numbers and lists that MicroPython lacks, or that do less there."""
    for kind, table in _method_tables:
        if isinstance(owner, kind) and name in table:
            function = table[name]
            break
    else:
        return getattr(owner, name)
    return lambda *args, **fields: function(owner, *args, **fields)


def _format_string(form, args, fields):
    """`form.format(*args, **fields)`"""
    out = ""
    automatic = 0
    i = 0
    while i < len(form):
        c = form[i]
        if c in "{}" and form[i : i + 2] == c + c:
            out += c
            i += 2
            continue
        if c != "{":
            if c == "}":
                raise ValueError("Single '}' encountered in format string")
            out += c
            i += 1
            continue
        depth, end = 1, i + 1
        while end < len(form) and depth:
            depth += {"{": 1, "}": -1}.get(form[end], 0)
            end += 1
        if depth:
            raise ValueError("expected '}' before end of string")
        body, _, spec = form[i + 1 : end - 1].partition(":")
        i = end
        name, _, conversion = body.partition("!")
        if name == "" or name[0] in ".[":
            name, automatic = str(automatic) + name, automatic + 1
        if "{" in spec:
            while "{}" in spec:
                spec, automatic = spec.replace("{}", "{%d}" % automatic, 1), automatic + 1
            spec = _format_string(spec, args, fields)
        value = _format_lookup(name, args, fields)
        if conversion:
            value = _text.text(value) if conversion == "s" else _text.represent(value)
        out += _text.format_value(value, spec)
    return out


def _format_lookup(name, args, fields):
    end = 0
    while end < len(name) and name[end] not in ".[":
        end += 1
    first, rest = name[:end], name[end:]
    if first.isdigit():
        if int(first) >= len(args):
            raise IndexError("Replacement index %s out of range for positional args tuple" % first)
        value = args[int(first)]
    else:
        value = fields[first]
    while rest:
        if rest[0] == "[":
            key, _, rest = rest[1:].partition("]")
            value = value[int(key) if key.isdigit() else key]
        else:
            end = 1
            while end < len(rest) and rest[end] not in ".[":
                end += 1
            value = getattr(value, rest[1:end])
            rest = rest[end:]
    return value


builtins.print = print
builtins.format = format
builtins.repr = _text.represent
builtins.ascii = _text.represent
builtins.round = round
builtins.input = input
builtins.open = open
builtins.__import__ = __import__
builtins.__tick__ = _host.tick
builtins.__each__ = __each__
builtins.__merge__ = __merge__
builtins.__dict__ = __dict__
builtins.__to_float__ = __to_float__
builtins.__list__ = __list__
builtins.__tuple__ = __tuple__
builtins.__set__ = __set__
builtins.__from__ = __from__
builtins.__keywords__ = __keywords__
builtins.__method__ = __method__
builtins.__ordered__ = OrderedDict
builtins.__slice__ = __slice__
builtins.__make_slice__ = __make_slice__
builtins.__less__ = __less__
builtins.__less_equal__ = __less_equal__
builtins.__greater__ = __greater__
builtins.__greater_equal__ = __greater_equal__
builtins.__compare__ = __compare__
builtins.__update__ = __update__
builtins.__update_item__ = __update_item__
builtins.__update_member__ = __update_member__
builtins.max = _extremum(max, __greater__)
builtins.min = _extremum(min, __less__)
builtins.sorted = sorted
builtins.__text__ = _text.text
builtins.__format__ = _text.format_value
builtins.__percent__ = _text.percent

# --- Time --------------------------------------------------------------------------------------

import time


def _seconds():
    return float(_host.now()) / 1000


def _sleep(seconds):
    """`time.sleep`, which the user can interrupt."""
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    end = _seconds() + seconds
    while True:
        left = end - _seconds()
        if left <= 0:
            return
        _host.wait(min(left * 1000, 50))


time.perf_counter = time.monotonic = time.process_time = _seconds
time.perf_counter_ns = time.monotonic_ns = lambda: int(_seconds() * 1e9)
time.sleep = _sleep
