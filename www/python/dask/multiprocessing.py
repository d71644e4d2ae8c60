"""Dask's scheduler with processes, which a browser tab does not have."""

from dask._compute import PROCESSES_MESSAGE


def get(dsk, keys, **options):
    raise NotImplementedError(PROCESSES_MESSAGE)
