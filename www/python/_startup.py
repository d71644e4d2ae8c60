"""Makes MicroPython's builtins those of CPython, as far as cells can tell. Imported once."""

import builtins
import io
import sys

import _host
import _text

# --- Exceptions that MicroPython lacks ---------------------------------------------------------


def _define(base, names):
    for name in names.split():
        if not hasattr(builtins, name):
            setattr(builtins, name, type(name, (base,), {}))


_define(OSError, "FileNotFoundError FileExistsError PermissionError IsADirectoryError NotADirectoryError "
        "ConnectionError TimeoutError InterruptedError BlockingIOError ProcessLookupError ChildProcessError")
_define(ImportError, "ModuleNotFoundError")
_define(RuntimeError, "RecursionError")
_define(NameError, "UnboundLocalError")
_define(ArithmeticError, "FloatingPointError")
_define(Exception, "Warning BufferError ReferenceError SystemError StopAsyncIteration")
_define(ValueError, "UnicodeError")
_define(Warning, "UserWarning DeprecationWarning RuntimeWarning FutureWarning PendingDeprecationWarning "
        "SyntaxWarning ImportWarning ResourceWarning")
builtins.IOError = builtins.EnvironmentError = OSError

# --- Text --------------------------------------------------------------------------------------

_print = print
_round = round
_open = open
_import = __import__


def print(*values, sep=" ", end="\n", file=None, flush=False):
    line = (" " if sep is None else sep).join([_text.text(value) for value in values])
    if file is None:
        _print(line, end="\n" if end is None else end)
        if flush:
            _host.flush()
    else:
        file.write(line + ("\n" if end is None else end))


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
        if error.errno == 2:
            raise FileNotFoundError(2, "No such file or directory (HDF5 files on the shelf open with h5py.File)", file)
        raise


# --- Imports -----------------------------------------------------------------------------------

_available = (
    "h5py, numpy, dask, dask.array, dask.threaded, dask.diagnostics, and of the standard library "
    "collections, contextlib, copy, datetime, functools, heapq, io, itertools, json, math, operator, "
    "os, pathlib, pprint, random, re, shutil, statistics, string, struct, sys, time, timeit, warnings"
)


def __import__(name, globals=None, locals=None, fromlist=None, level=0):
    try:
        return _import(name, globals, locals, fromlist, level)
    except ImportError as error:
        message = str(error)
        if type(error) is not ImportError or not message.startswith("no module named"):
            raise
        missing = message[len("no module named"):].strip().strip("'")
        if missing.startswith("u") and missing[1:] == name:
            missing = name
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


def __merge__(*parts):
    """`{**a, k: v, **b}`"""
    merged = {}
    for part in parts:
        for key in part.keys():
            merged[key] = part[key]
    return merged


def __dict__(*args, **items):
    """`dict(...)`, which in MicroPython takes no mappings but dicts."""
    if args and hasattr(args[0], "keys"):
        return __merge__(args[0], items)
    return dict(*args, **items)


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
    "zfill": lambda s, width: s[:1] + "0" * (width - len(s)) + s[1:] if s[:1] in ("-", "+") else "0" * (width - len(s)) + s,
    "title": lambda s: "".join([(c.lower() if i and s[i - 1].isalpha() else c.upper()) for i, c in enumerate(s)]),
    "capitalize": lambda s: s[:1].upper() + s[1:].lower(),
    "swapcase": lambda s: "".join([c.lower() if c.isupper() else c.upper() for c in s]),
    "casefold": lambda s: s.lower(),
    "removeprefix": lambda s, prefix: s[len(prefix):] if s.startswith(prefix) else s,
    "removesuffix": lambda s, suffix: s[: len(s) - len(suffix)] if suffix and s.endswith(suffix) else s,
    "isalnum": lambda s: s != "" and all(c.isalpha() or c.isdigit() for c in s),
    "isnumeric": lambda s: s.isdigit(),
    "isdecimal": lambda s: s.isdigit(),
    "isidentifier": lambda s: s != "" and not s[0].isdigit() and all(c.isalpha() or c.isdigit() or c == "_" for c in s),
    "format": lambda s, *args, **fields: _format_string(s, args, fields),
}

_number_methods = {
    "bit_length": lambda n: len(bin(abs(n))) - 2 if n else 0,
    "bit_count": lambda n: bin(abs(n)).count("1"),
    "is_integer": lambda x: float(x) == float(x) // 1,
}


def __method__(owner, name):
    """`owner.name`, for methods of text and numbers that MicroPython lacks."""
    table = _string_methods if isinstance(owner, str) else _number_methods if isinstance(owner, (int, float)) else {}
    function = table.get(name)
    if function is None:
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
builtins.__list__ = __list__
builtins.__tuple__ = __tuple__
builtins.__set__ = __set__
builtins.__from__ = __from__
builtins.__method__ = __method__
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
