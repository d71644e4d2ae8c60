"""`%time` and `%timeit`, with IPython's rules and words."""

import builtins
import time

namespace = {}
label = "<cell>"


def time_cell(code):
    """Run code once, say how long it took, and return the value of its last expression."""
    outer = namespace.pop("__result__", None)
    program = compile(code, label, "exec")
    start = time.perf_counter()
    exec(program, namespace)
    seconds = time.perf_counter() - start
    value = namespace.get("__result__")
    namespace["__result__"] = outer
    print("Wall time: " + duration(seconds))
    return value


def time_loops(code, setup="", number=0, repeat=7, quiet=False):
    """Run code many times and print the mean time of a loop."""
    local = {}
    if setup:
        exec(compile(setup, label, "exec"), namespace, local)
    program = compile(code, label, "exec")

    def loops(count):
        start = time.perf_counter()
        for _ in range(count):
            exec(program, namespace, local)
        return time.perf_counter() - start

    if number == 0:
        for power in range(10):
            number = 10**power
            if loops(number) >= 0.2:
                break
    runs = [loops(number) / number for _ in range(repeat)]
    mean = sum(runs) / len(runs)
    spread = (sum([(run - mean) ** 2 for run in runs]) / len(runs)) ** 0.5
    if not quiet:
        plural = "" if repeat == 1 else "s"
        many = "" if number == 1 else "s"
        print(
            "%s \u00b1 %s per loop (mean \u00b1 std. dev. of %d run%s, %s loop%s each)"
            % (duration(mean), duration(spread), repeat, plural, "{:,}".format(number), many)
        )


def duration(seconds, precision=3):
    """Seconds as IPython writes them, such as `1.85 ms`."""
    if seconds >= 60.0:
        parts = []
        left = seconds
        for suffix, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
            count = int(left // length)
            if count > 0:
                left = left % length
                parts.append("%d%s" % (count, suffix))
            if left < 1:
                break
        return " ".join(parts)
    order = 0
    while seconds < 10.0 ** (-3 * order) and order < 3:
        order += 1
    return "%s %s" % (
        _significant(seconds * 10.0 ** (3 * order), precision),
        ("s", "ms", "\u00b5s", "ns")[order],
    )


def _significant(value, digits):
    """`"%.{digits}g" % value`"""
    return ("%." + str(digits) + "g") % value


builtins.__time__ = time_cell
builtins.__timeit__ = time_loops
