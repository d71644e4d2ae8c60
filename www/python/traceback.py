"""The traceback of an exception as text."""

from _cell import describe


def format_exception_only(error, *more):
    found = describe(more[0] if more else error)
    return ["%s: %s\n" % (found["name"], found["message"]) if found["message"] else found["name"] + "\n"]


def format_exception(error, *more):
    found = describe(more[0] if more else error)
    lines = ["Traceback (most recent call last):\n"]
    for file, line, where in found["frames"]:
        if not file.startswith("/chunkbook") and file != "_cell.py":
            lines.append('  File "%s", line %d, in %s\n' % (file, line, where))
    return lines + format_exception_only(error, *more)


def print_exception(error, *more):
    print("".join(format_exception(error, *more)), end="")


def print_exc():
    raise NotImplementedError(
        "traceback.print_exc() is not there; catch the exception as e and use traceback.print_exception(e)"
    )


format_exc = print_exc
