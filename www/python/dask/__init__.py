"""Dask as far as Chunkbook has it: lazy arrays, task graphs, and a scheduler that computes them."""

from dask import config
from dask._compute import compute, delayed, get, persist, visualize

__version__ = "2026-chunkbook"


def is_dask_collection(value):
    """Whether `value` is a lazy array."""
    return hasattr(value, "_lazy")


def optimize(*args):
    return args
