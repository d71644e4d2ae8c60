"""The scheduler with a pool of threads: the engine's own."""

from dask._compute import get_keys


def get(dsk, keys, cache=None, num_workers=None, pool=None, **options):
    """The value of a key of a graph, such as `get(d.sum().dask, key)`; a list of keys gives a tuple."""
    return get_keys(dsk, keys, "threads")
