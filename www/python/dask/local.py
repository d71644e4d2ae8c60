"""The scheduler without threads."""

from dask._compute import get

get_sync = get
