"""Runs cells: their namespace, their value, their errors."""

import gc
import io
import json
import sys

import _display
import _host
import _text
import _timing

namespace = {"__name__": "__main__", "__builtins__": None, "In": [""], "Out": {}, "display": _display.show}
_timing.namespace = namespace


def run(code, plain, label):
    """Run translated code in the cells' namespace; returns the outcome as JSON.

    `plain` is the code before translation: syntax errors are those of it.
    """
    try:
        report = _run(code, plain, label)
    except BaseException as error:  # an interrupt that came between the cell and its report
        report = {"error": describe(error)}
    _host.flush()
    gc.collect()
    return json.dumps(report)


def _run(code, plain, label):
    _timing.label = label
    namespace["__result__"] = None
    try:
        try:
            program = compile(code, label, "exec")
        except SyntaxError:
            program = compile(plain, label, "exec")
        exec(program, namespace)
        value = namespace.pop("__result__", None)
        if value is None:
            return {}
        _remember(value, label)
        return {"result": _display.bundle(value)}
    except SystemExit:
        return {}
    except BaseException as error:
        return {"error": describe(error)}


def _remember(value, label):
    """Keep the value as `_`, `__`, `___` and `Out[n]`, as IPython does."""
    namespace["___"] = namespace.get("__", "")
    namespace["__"] = namespace.get("_", "")
    namespace["_"] = value
    number = "".join([c for c in label if c.isdigit()])
    if number:
        namespace["Out"][int(number)] = value
        namespace["_" + number] = value


def describe(error):
    """An exception as the page shows it: its class, message, and frames as (file, line, function)."""
    name = type(error).__name__
    message = _text.text(error)
    if name == "RuntimeError" and ("recursion depth" in message or "pystack" in message):
        name, message = "RecursionError", "maximum recursion depth exceeded"
    if name == "OSError" and message == "":
        message = _text.represent(error.args)
    if name == "AttributeError" and message.startswith(("module 'numpy", "module 'dask", "module 'h5py")):
        message += " in Chunkbook; the same notebook may find it in Jupyter"
    return {"name": name, "message": message, "frames": frames(error)}


def frames(error):
    """Where an exception passed, outermost first."""
    out = io.StringIO()
    sys.print_exception(error, out)
    found = []
    for line in out.getvalue().split("\n"):
        if not line.startswith('  File "'):
            continue
        name, _, rest = line[8:].partition('", line ')
        number, _, where = rest.partition(", in ")
        found.append((name, int(number), where))
    return found
