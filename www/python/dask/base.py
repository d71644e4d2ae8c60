"""Functions on lazy arrays."""

from dask._compute import compute, persist, visualize


def is_dask_collection(value):
    return hasattr(value, "_lazy")
