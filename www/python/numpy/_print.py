"""The text of arrays, by the rules of NumPy's arrayprint: aligned columns, at most eight decimals,
exponents where magnitudes differ too much, and only the edges of arrays over a thousand elements."""

import _host
from numpy._dtype import FIRST_EXPONENT, shortest

options = {"precision": 8, "threshold": 1000, "edgeitems": 3, "linewidth": 75, "suppress": False}


def format_elements(values, kind, itemsize=8):
    """A function from an element to its text, all of one width. `values` are all that will be shown."""
    if kind == "b":
        return lambda v: " True" if v else "False"
    if kind in "iu":
        width = max([len(str(v)) for v in values] or [0])
        return lambda v: _right(str(v), width)
    return _float_format(values, itemsize)


def _right(text, width):
    return " " * (width - len(text)) + text


def _is_finite(x):
    return x == x and x not in (float("inf"), float("-inf"))


def positional(x, precision, itemsize):
    """Shortest digits, at most `precision` after the point: ("-12", "5")."""
    text = _host.float_repr(shortest(x, itemsize))
    digits = None if "e" in text else text.split(".")
    if digits is None or len(digits[1]) > precision:
        digits = _host.float_fixed(x, precision).split(".") if precision else [_host.float_fixed(x, 0), ""]
        if "e" in text and abs(x) >= 1e16:
            digits[1] = ""
    fraction = digits[1]
    while fraction.endswith("0"):
        fraction = fraction[:-1]
    return digits[0], fraction


def scientific(x, precision, itemsize):
    """Shortest digits with an exponent, at most `precision` after the point: ("-1", "25", "+03")."""
    short = shortest(x, itemsize)
    mantissa = _host.float_repr(short).partition("e")[0]
    digits = mantissa.replace("-", "").replace(".", "").lstrip("0").rstrip("0") or "0"
    if len(digits) - 1 > precision:
        whole, fraction, power = exponent_parts(x, precision)
    else:
        whole, fraction, power = exponent_parts(short, len(digits) - 1)
    while fraction.endswith("0"):
        fraction = fraction[:-1]
    return whole, fraction, power


def exponent_parts(x, places):
    """Whole digit, fraction and power of `x` rounded to `places`."""
    mantissa, _, power = _host.float_exponent(x, places).partition("e")
    whole, _, fraction = mantissa.partition(".")
    return whole, fraction, power


def _float_format(values, itemsize):
    cutoff = FIRST_EXPONENT[itemsize]
    finite = [v for v in values if _is_finite(v)]
    sizes = [abs(v) for v in finite if v != 0]
    precision = options["precision"]
    exponents = False
    if sizes:
        largest, smallest = max(sizes), min(sizes)
        exponents = largest >= cutoff or (
            not options["suppress"] and (smallest < 0.0001 or largest / smallest > 1000.0)
        )
    left = right = exponent_size = 0
    if finite and exponents:
        parts = [scientific(v, precision, itemsize) for v in finite]
        left = max([len(p[0]) for p in parts])
        fraction = max([len(p[1]) for p in parts])
        exponent_size = max([len(p[2]) - 1 for p in parts])
        right = exponent_size + 2 + fraction
    elif finite:
        parts = [positional(v, precision, itemsize) for v in finite]
        left = max([len(p[0]) for p in parts])
        right = max([len(p[1]) for p in parts])
    if len(finite) != len(values):
        lowest = len([v for v in values if v == float("-inf")]) > 0
        left = max(left, 3 - right - 1, 3 + lowest - right - 1)

    def show(x):
        if x != x:
            return _right("nan", left + right + 1)
        if not _is_finite(x):
            return _right("inf" if x > 0 else "-inf", left + right + 1)
        if exponents:
            # More digits than it takes to tell it from others are those of its exact value.
            whole, digits, power = exponent_parts(x, fraction)
            sign, power = power[0], power[1:]
            while len(power) < exponent_size:
                power = "0" + power
            return _right(whole, left) + "." + digits + "e" + sign + power
        whole, digits = positional(x, precision, itemsize)
        return _right(whole, left) + "." + digits + " " * (right - len(digits))

    return show


def array_text(nested, shape, kind, itemsize, separator, indent, suffix, summarised):
    """Brackets, rows and line breaks, as NumPy's array2string with the prefix's and suffix's lengths.
    `nested` holds lists in lists, edges only where `summarised`."""
    values = []
    _flatten(nested, len(shape), values)
    show = format_elements(values, kind, itemsize)
    width = options["linewidth"] - suffix
    padding = " " * (indent + 1)

    def extend(text, line, word, length, prefix):
        if len(line) + len(word) > length and len(line) > len(prefix):
            text += line.rstrip(" ") + "\n"
            line = prefix
        return text, line + word

    def rows(items, axis, prefix, length):
        if axis == len(shape):
            return show(items)
        next_prefix = prefix + " "
        next_length = length - 1
        edge = options["edgeitems"]
        cut = summarised and shape[axis] > 2 * edge
        head = items[:edge] if cut else []
        tail = items[edge:] if cut else items
        out = ""
        if axis == len(shape) - 1:
            room = length - max(len(separator.rstrip(" ")), 1)
            line = prefix
            for item in head:
                out, line = extend(out, line, rows(item, axis + 1, next_prefix, next_length), room, prefix)
                line += separator
            if cut:
                out, line = extend(out, line, "...", room, prefix)
                line += separator
            for item in tail[:-1]:
                out, line = extend(out, line, rows(item, axis + 1, next_prefix, next_length), room, prefix)
                line += separator
            if tail:
                out, line = extend(
                    out, line, rows(tail[-1], axis + 1, next_prefix, next_length), room, prefix
                )
            out += line
        else:
            break_line = separator.rstrip(" ") + "\n" * (len(shape) - axis - 1)
            for item in head:
                out += prefix + rows(item, axis + 1, next_prefix, next_length) + break_line
            if cut:
                out += prefix + "..." + break_line
            for item in tail[:-1]:
                out += prefix + rows(item, axis + 1, next_prefix, next_length) + break_line
            if tail:
                out += prefix + rows(tail[-1], axis + 1, next_prefix, next_length)
        return "[" + out[len(prefix) :] + "]"

    return rows(nested, 0, padding, width)


def _flatten(nested, depth, out):
    if depth == 0:
        out.append(nested)
    else:
        for item in nested:
            _flatten(item, depth - 1, out)
