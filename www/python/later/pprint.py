"""`pprint`, with CPython's layout."""

from _text import represent
from collections import OrderedDict


def pprint(object, stream=None, indent=1, width=80, depth=None, compact=False, sort_dicts=True, **options):
    """Print an object, one item a line where it is too long for one."""
    text = pformat(object, indent, width, depth, compact=compact, sort_dicts=sort_dicts)
    print(text, file=stream) if stream is not None else print(text)


def pp(object, *args, sort_dicts=False, **options):
    """`pprint` that keeps the order of dicts."""
    pprint(object, *args, sort_dicts=sort_dicts, **options)


def pformat(object, indent=1, width=80, depth=None, compact=False, sort_dicts=True, **options):
    """The text that `pprint` prints."""
    return PrettyPrinter(indent, width, depth, compact=compact, sort_dicts=sort_dicts).pformat(object)


def saferepr(object):
    return represent(object)


def isreadable(object):
    return True


class PrettyPrinter:
    """CPython's algorithm: an object that does not fit on the rest of its line is broken up."""

    def __init__(
        self, indent=1, width=80, depth=None, stream=None, compact=False, sort_dicts=True, **options
    ):
        self._indent = indent
        self._width = width
        self._depth = depth
        self._stream = stream
        self._compact = compact
        self._sort = sort_dicts

    def pprint(self, object):
        text = self.pformat(object)
        print(text, file=self._stream) if self._stream is not None else print(text)

    def pformat(self, object):
        out = []
        self._format(object, out, 0, 0, 1)
        return "".join(out)

    def _repr(self, object, level):
        kind = _kind(object)
        if kind not in (dict, list, tuple) or not object:
            return represent(object)
        if self._depth and level > self._depth:
            return {dict: "{...}", list: "[...]", tuple: "(...)"}[kind]
        if kind is dict:
            items = self._sorted(object.items()) if self._sort else object.items()
            inner = ["%s: %s" % (self._repr(k, level + 1), self._repr(v, level + 1)) for k, v in items]
            return "{%s}" % ", ".join(inner)
        inner = ", ".join([self._repr(item, level + 1) for item in object])
        if kind is list:
            return "[%s]" % inner
        return "(%s,)" % inner if len(object) == 1 else "(%s)" % inner

    def _sorted(self, items):
        return _safe_sorted(list(items), lambda item: item[0])

    def _format(self, object, out, indent, allowance, level):
        text = self._repr(object, level)
        room = self._width - indent - allowance
        kind = _kind(object)
        if len(text) <= room or (self._depth and level > self._depth):
            out.append(text)
        elif kind is dict and object:
            self._format_dict(object, out, indent, allowance, level)
        elif kind in (list, tuple) and object:
            opening, closing = "[]" if kind is list else "()"
            if kind is tuple and len(object) == 1:
                closing = ",)"
            self._bracketed(list(object), opening, closing, out, indent, allowance, level)
        elif kind in (set, frozenset) and object:
            opening, closing, extra = ("{", "}", 0) if kind is set else ("frozenset({", "})", 10)
            items = _safe_sorted(list(object), lambda item: item)
            out.append(opening)
            self._items(items, out, indent + extra, allowance + len(closing), level)
            out.append(closing)
        elif kind is str and object:
            self._format_string(object, out, indent, allowance, level)
        else:
            out.append(text)

    def _bracketed(self, items, opening, closing, out, indent, allowance, level):
        out.append(opening)
        self._items(items, out, indent, allowance + len(closing), level)
        out.append(closing)

    def _items(self, items, out, indent, allowance, level):
        indent += self._indent
        if self._indent > 1:
            out.append((self._indent - 1) * " ")
        newline = ",\n" + " " * indent
        separator = ""
        width = room = self._width - indent + 1
        last = len(items) - 1
        for i, item in enumerate(items):
            if i == last:
                room -= allowance
                width -= allowance
            if self._compact:
                text = self._repr(item, level + 1)
                size = len(text) + 2
                if width < size:
                    width = room
                    if separator:
                        separator = newline
                if width >= size:
                    width -= size
                    out.append(separator)
                    separator = ", "
                    out.append(text)
                    continue
            out.append(separator)
            separator = newline
            self._format(item, out, indent, allowance if i == last else 1, level + 1)

    def _format_dict(self, object, out, indent, allowance, level):
        out.append("{")
        if self._indent > 1:
            out.append((self._indent - 1) * " ")
        items = self._sorted(object.items()) if self._sort else list(object.items())
        indent += self._indent
        separator = ",\n" + " " * indent
        for i, (key, value) in enumerate(items):
            name = self._repr(key, level + 1)
            if i:
                out.append(separator)
            out.append(name + ": ")
            last = i == len(items) - 1
            self._format(value, out, indent + len(name) + 2, allowance + 1 if last else 1, level + 1)
        out.append("}")

    def _format_string(self, object, out, indent, allowance, level):
        """Long text is cut at spaces into literals, in parentheses at the outermost level."""
        lines = _split_lines(object)
        if level == 1:
            indent += 1
            allowance += 1
        room = width = self._width - indent
        chunks = []
        for i, line in enumerate(lines):
            shown = represent(line)
            if i == len(lines) - 1:
                width -= allowance
            if len(shown) <= width:
                chunks.append(shown)
                continue
            parts = _words(line)
            width2 = room
            current = ""
            for j, part in enumerate(parts):
                candidate = current + part
                if j == len(parts) - 1 and i == len(lines) - 1:
                    width2 -= allowance
                if len(represent(candidate)) > width2:
                    if current:
                        chunks.append(represent(current))
                    current = part
                else:
                    current = candidate
            if current:
                chunks.append(represent(current))
        if len(chunks) == 1:
            out.append(chunks[0])
            return
        text = ("\n" + " " * indent).join(chunks)
        out.append("(%s)" % text if level == 1 else text)


def _kind(object):
    """The object's class; a dict that keeps its order counts as dict."""
    return dict if type(object) is OrderedDict else type(object)


def _split_lines(text):
    lines, rest = [], text
    while rest:
        end = rest.find("\n") + 1
        if end == 0:
            end = len(rest)
        lines.append(rest[:end])
        rest = rest[end:]
    return lines


def _words(line):
    """Words with the space that follows each."""
    words, current, space = [], "", False
    for c in line:
        if space and c not in " \n\t":
            words.append(current)
            current = ""
        current += c
        space = c in " \n\t"
    if current:
        words.append(current)
    return words


def _safe_sorted(items, key):
    """Sorted by `key`; keys that do not compare are sorted by their type's name."""
    try:
        return sorted(items, key=key)
    except TypeError:
        groups = {}
        for item in items:
            groups.setdefault(represent(type(key(item))), []).append(item)
        out = []
        for name in sorted(groups):
            try:
                out.extend(sorted(groups[name], key=key))
            except TypeError:
                out.extend(groups[name])
        return out
