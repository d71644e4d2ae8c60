"""Functions of functions."""


def partial(function, *args, **options):
    def call(*more, **others):
        merged = dict(options)
        merged.update(others)
        return function(*(args + more), **merged)

    return call


def reduce(function, iterable, *initial):
    iterator = iter(iterable)
    value = initial[0] if initial else next(iterator)
    for item in iterator:
        value = function(value, item)
    return value


def update_wrapper(wrapper, wrapped, *args):
    return wrapper


def wraps(wrapped, *args):
    return lambda wrapper: wrapper


def cache(function):
    known = {}

    def call(*args, **options):
        key = (args, tuple(sorted(options.items())))
        if key not in known:
            known[key] = function(*args, **options)
        return known[key]

    return call


def lru_cache(maxsize=128, typed=False):
    return cache(maxsize) if callable(maxsize) else cache


def cmp_to_key(compare):
    class Key:
        def __init__(self, value):
            self.value = value

        def __lt__(self, other):
            return compare(self.value, other.value) < 0

    return Key
