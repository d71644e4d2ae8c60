"""Iterators of iterators."""


def count(start=0, step=1):
    while True:
        yield start
        start += step


def cycle(iterable):
    items = list(iterable)
    while items:
        for item in items:
            yield item


def repeat(value, times=None):
    while times is None or times > 0:
        if times is not None:
            times -= 1
        yield value


def _chain(iterables):
    for iterable in iterables:
        for item in iterable:
            yield item


class chain:
    def __init__(self, *iterables):
        self._items = _chain(iterables)

    def __iter__(self):
        return self._items

    def __next__(self):
        return next(self._items)

    @staticmethod
    def from_iterable(iterables):
        return _chain(iterables)


def islice(iterable, *bounds):
    start, stop, step = (0, bounds[0], 1) if len(bounds) == 1 else (tuple(bounds) + (1,))[:3]
    start, step = start or 0, step or 1
    wanted = start
    for i, item in enumerate(iterable):
        if stop is not None and i >= stop:
            return
        if i == wanted:
            yield item
            wanted += step
        if stop is not None and wanted >= stop:
            return


def accumulate(iterable, function=None, initial=None):
    total = initial
    if initial is not None:
        yield total
    for item in iterable:
        total = item if total is None else total + item if function is None else function(total, item)
        yield total


def starmap(function, iterable):
    for args in iterable:
        yield function(*args)


def takewhile(predicate, iterable):
    for item in iterable:
        if not predicate(item):
            return
        yield item


def dropwhile(predicate, iterable):
    dropping = True
    for item in iterable:
        dropping = dropping and predicate(item)
        if not dropping:
            yield item


def filterfalse(predicate, iterable):
    for item in iterable:
        if not (predicate(item) if predicate else item):
            yield item


def compress(data, selectors):
    for item, chosen in zip(data, selectors):
        if chosen:
            yield item


def pairwise(iterable):
    previous, first = None, True
    for item in iterable:
        if not first:
            yield previous, item
        previous, first = item, False


def zip_longest(*iterables, fillvalue=None):
    columns = [list(iterable) for iterable in iterables]
    for i in range(max([len(column) for column in columns] or [0])):
        yield tuple([column[i] if i < len(column) else fillvalue for column in columns])


def groupby(iterable, key=None):
    group, current, first = [], None, True
    for item in iterable:
        own = item if key is None else key(item)
        if not first and own != current:
            yield current, iter(group)
            group = []
        group.append(item)
        current, first = own, False
    if group:
        yield current, iter(group)


def tee(iterable, n=2):
    items = list(iterable)
    return tuple([iter(items) for _ in range(n)])


def product(*iterables, repeat=1):
    pools = [list(iterable) for iterable in iterables] * repeat
    rows = [()]
    for pool in pools:
        rows = [row + (item,) for row in rows for item in pool]
    return iter(rows)


def permutations(iterable, r=None):
    items = list(iterable)
    r = len(items) if r is None else r

    def extend(row, left):
        if len(row) == r:
            yield tuple(row)
            return
        for i in range(len(left)):
            yield from extend(row + [left[i]], left[:i] + left[i + 1 :])

    return extend([], items)


def combinations(iterable, r):
    items = list(iterable)

    def extend(row, start):
        if len(row) == r:
            yield tuple(row)
            return
        for i in range(start, len(items)):
            yield from extend(row + [items[i]], i + 1)

    return extend([], 0)


def combinations_with_replacement(iterable, r):
    items = list(iterable)

    def extend(row, start):
        if len(row) == r:
            yield tuple(row)
            return
        for i in range(start, len(items)):
            yield from extend(row + [items[i]], i)

    return extend([], 0)
