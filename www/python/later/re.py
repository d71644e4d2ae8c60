"""Regular expressions: MicroPython's own, with the functions that go through a text."""

from ure import compile as _compile, match, search, sub

IGNORECASE = I = MULTILINE = M = DOTALL = S = VERBOSE = X = 0


def compile(pattern, flags=0):
    return Pattern(pattern)


class Pattern:
    """A compiled expression."""

    def __init__(self, pattern):
        self.pattern = pattern
        self._compiled = _compile(pattern)

    def match(self, text):
        return self._compiled.match(text)

    def search(self, text):
        return self._compiled.search(text)

    def sub(self, replacement, text, count=0):
        return self._compiled.sub(replacement, text, count)

    def _pieces(self, text):
        """(text before a match, match) for every match, then (the rest, None)."""
        while True:
            found = self._compiled.search(text)
            if found is None or found.group(0) == "":
                yield text, None
                return
            # A match does not tell where it lies; it lies where its own text first matches.
            at = text.find(found.group(0))
            while self._compiled.match(text[at:]) is None or self._compiled.match(text[at:]).group(
                0
            ) != found.group(0):
                at = text.find(found.group(0), at + 1)
            yield text[:at], found
            text = text[at + len(found.group(0)) :]

    def _groups(self):
        count, escaped = 0, False
        for i, c in enumerate(self.pattern):
            if c == "(" and not escaped and self.pattern[i + 1 : i + 2] != "?":
                count += 1
            escaped = c == "\\" and not escaped
        return count

    def findall(self, text):
        count = self._groups()
        found = []
        for _, one in self._pieces(text):
            if one is not None:
                groups = [one.group(i + 1) or "" for i in range(count)]
                found.append(one.group(0) if count == 0 else groups[0] if count == 1 else tuple(groups))
        return found

    def finditer(self, text):
        return iter([one for _, one in self._pieces(text) if one is not None])

    def split(self, text, maxsplit=0):
        parts, rest = [], text
        for before, one in self._pieces(text):
            if one is None or (maxsplit and len(parts) == maxsplit):
                parts.append(rest)
                break
            parts.append(before)
            rest = rest[len(before) + len(one.group(0)) :]
        return parts

    def fullmatch(self, text):
        found = self._compiled.match(text)
        return found if found is not None and found.group(0) == text else None


def findall(pattern, text, flags=0):
    return Pattern(pattern).findall(text)


def finditer(pattern, text, flags=0):
    return Pattern(pattern).finditer(text)


def split(pattern, text, maxsplit=0, flags=0):
    return Pattern(pattern).split(text, maxsplit)


def fullmatch(pattern, text, flags=0):
    return Pattern(pattern).fullmatch(text)


def escape(text):
    return "".join([c if c.isalpha() or c.isdigit() or c == "_" else "\\" + c for c in text])
