"""The engine, as Python sees it: `call` sends a request and returns the answer or raises.

Requests and answers are JSON text. Numbers that must be exact travel as text: a scalar is
`{"dtype": "float64", "value": "0x3fe0000000000000"}` in a request, `"0.5"` in an answer.
"""

import json

import _host


def call(op, bits=None, **fields):
    """Ask the engine for `op`; raises the Python exception that its error stands for.

    `bits` are hexadecimal digits, of any number: MicroPython's json takes time with the square of a text's length.
    """
    fields["op"] = op
    request = json.dumps(fields)
    if bits is not None:
        request = '%s, "bits": "%s"}' % (request[:-1], bits)
    answer = json.loads(_host.dispatch(request))
    error = answer.get("error")
    if error is not None:
        raise exception(error["kind"], error["message"])
    return answer.get("ok")


def exception(kind, message):
    """The exception for an error of the engine; src/error.rs lists the kinds."""
    if kind == "file-not-found":
        return FileNotFoundError(2, message)
    if kind == "storage-full":
        return OSError(28, message)
    return _exceptions.get(kind, RuntimeError)(message)


_exceptions = {
    "invalid-file": OSError,
    "storage": OSError,
    "file-changed": OSError,
    "key": KeyError,
    "index": IndexError,
    "value": ValueError,
    "overflow": OverflowError,
    "type": TypeError,
    "memory": MemoryError,
    "unsupported": NotImplementedError,
    "interrupted": KeyboardInterrupt,
    "internal": RuntimeError,
}


def number_text(value):
    """A Python number as text that the engine reads back exactly: a float by its bits."""
    if isinstance(value, float) or not -(2**63) <= value < 2**64:
        return _host.float_bits(float(value))
    return str(value)


def scalar(value):
    """A Python number as the engine takes it."""
    if isinstance(value, bool):
        return {"dtype": "bool", "value": "True" if value else "False"}
    if isinstance(value, int):
        dtype = "int64" if -(2**63) <= value < 2**63 else "uint64"
        if not -(2**63) <= value < 2**64:
            raise OverflowError("Python integer %d out of bounds for int64" % value)
        return {"dtype": dtype, "value": str(value)}
    return {"dtype": "float64", "value": number_text(float(value))}


def number(value_text, dtype):
    """The Python number that the engine's text for an element of `dtype` stands for."""
    if dtype == "bool":
        return value_text in ("True", "true", "1")
    return float(value_text) if dtype.startswith("float") else int(value_text)
