"""Containers: MicroPython's own, and those that it lacks."""

from ucollections import OrderedDict, deque as _deque, namedtuple


def deque(iterable=(), maxlen=None):
    """MicroPython's deque, which needs a length: 10,000 if none is given."""
    return _deque(iterable, 10000 if maxlen is None else maxlen)


class defaultdict:
    """A mapping that makes missing values with a function."""

    def __init__(self, default_factory=None, *args, **items):
        self.default_factory = default_factory
        self._items = __dict__(*args, **items)

    def __getitem__(self, key):
        if key not in self._items:
            if self.default_factory is None:
                raise KeyError(key)
            self._items[key] = self.default_factory()
        return self._items[key]

    def __setitem__(self, key, value):
        self._items[key] = value

    def __delitem__(self, key):
        del self._items[key]

    def __contains__(self, key):
        return key in self._items

    def __iter__(self):
        return iter(self._items)

    def __len__(self):
        return len(self._items)

    def __eq__(self, other):
        return self._items == (other._items if isinstance(other, defaultdict) else other)

    def __getattr__(self, name):
        return getattr(self._items, name)

    def keys(self):
        return self._items.keys()

    def __repr__(self):
        return "defaultdict(%s, %s)" % (repr(self.default_factory), repr(self._items))


class Counter(defaultdict):
    """Counts of things."""

    def __init__(self, iterable=()):
        defaultdict.__init__(self, int)
        self.update(iterable)

    def __getitem__(self, key):
        return self._items.get(key, 0)

    def update(self, iterable):
        for item in iterable:
            self._items[item] = self._items.get(item, 0) + (
                iterable[item] if hasattr(iterable, "keys") else 1
            )

    def most_common(self, n=None):
        return sorted(self._items.items(), key=lambda item: -item[1])[:n]

    def elements(self):
        for key, times in self._items.items():
            for _ in range(times):
                yield key

    def total(self):
        return sum(self._items.values())

    def __repr__(self):
        shown = ", ".join(["%s: %s" % (repr(key), times) for key, times in self.most_common()])
        return "Counter({%s})" % shown
