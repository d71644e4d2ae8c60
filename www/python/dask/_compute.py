"""Computing lazy arrays: which scheduler, and the graph as a dictionary."""

import _bridge
from numpy._ndarray import wrap

_THREADS = ("threads", "threading", "multithreading")
_SERIAL = ("sync", "synchronous", "single-threaded")
_PROCESSES = ("processes", "multiprocessing")

PROCESSES_MESSAGE = "a browser tab has threads, not processes; use dask.threaded.get, or scheduler='threads'"


def checked_scheduler(scheduler):
    """`"threads"` or `"sync"`, from any of Dask's names for them."""
    if scheduler is None or scheduler in _THREADS:
        return "threads"
    if scheduler in _SERIAL:
        return "sync"
    if scheduler in _PROCESSES:
        raise NotImplementedError(PROCESSES_MESSAGE)
    if scheduler in ("distributed", "dask.distributed"):
        from dask import distributed
    raise ValueError(
        "Expected one of [distributed, multiprocessing, processes, single-threaded, sync, synchronous, threading, threads]"
    )


def _chosen(scheduler):
    from dask import config

    given = config.get("scheduler") if scheduler is None else scheduler
    if hasattr(given, "__call__"):
        given = getattr(given, "_scheduler", "threads")
    return checked_scheduler(given)


def _workers(num_workers):
    """How many threads may compute; `None` for all there are."""
    from dask import config

    given = config.get("num_workers") if num_workers is None else num_workers
    if given is None:
        return None
    if int(given) < 1:
        raise ValueError("max_workers must be greater than 0")
    return int(given)


def compute(*args, scheduler=None, num_workers=None, traverse=True, optimize_graph=True, **options):
    """The values of lazy arrays, computed together so that what they share is done once."""
    found = []
    _collect(args, found)
    lazies = []
    for array in found:
        if array._lazy not in lazies:
            lazies.append(array._lazy)
    values = {}
    if lazies:
        answers = _bridge.call(
            "da_compute", lazies=lazies, scheduler=_chosen(scheduler), workers=_workers(num_workers)
        )
        for number, answer in zip(lazies, answers):
            values[number] = wrap(answer)
    return tuple(_replace(list(args), values))


def _collect(value, found):
    if hasattr(value, "_lazy"):
        found.append(value)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _collect(item, found)
    elif isinstance(value, dict):
        for item in value.values():
            _collect(item, found)


def _replace(value, values):
    if hasattr(value, "_lazy"):
        return values[value._lazy]
    if isinstance(value, list):
        return [_replace(item, values) for item in value]
    if isinstance(value, tuple):
        return tuple([_replace(item, values) for item in value])
    if isinstance(value, dict):
        return {key: _replace(item, values) for key, item in value.items()}
    return value


def persist(*args, **options):
    """The same arrays, computed and held in memory."""
    return tuple([arg.persist(**options) if hasattr(arg, "_lazy") else arg for arg in args])


def visualize(*args, filename=None, optimize_graph=False, **options):
    """A drawing of the task graph."""
    for arg in args:
        if hasattr(arg, "_lazy"):
            return arg.visualize(filename=filename, optimize_graph=optimize_graph, **options)
    raise TypeError("visualize() takes dask arrays")


def delayed(*args, **options):
    raise NotImplementedError(
        "dask.delayed is not there in Chunkbook, which computes dask arrays; the same notebook runs in Jupyter with Dask"
    )


def get(graph, keys, **options):
    """The values of keys of a graph, one task at a time."""
    return get_keys(graph, keys, "sync")


def get_keys(graph, keys, scheduler):
    """The values of one key, or of (nested lists of) keys, of the graph of a dask array."""
    source = _source(graph, keys)
    wanted = []
    _flatten(keys, wanted)
    for key in wanted:
        if key not in graph:
            raise KeyError(key)
    texts = [list(key) if isinstance(key, tuple) else [key] for key in wanted]
    answers = _bridge.call("da_get", lazies=[source], keys=texts)
    values = [task_value(answer) for answer in answers]
    return _nest(keys, values)


def task_value(answer):
    """An array or a number; a dict of them for a partial result such as a mean's count and total."""
    if "fields" in answer:
        return __dict__([(name, wrap(value)) for name, value in answer["fields"]])
    return wrap(answer)


def _source(graph, keys):
    """The number of the lazy array that a graph belongs to."""
    number = getattr(graph, "_lazy_number", None)
    if number is not None:
        return number
    if isinstance(graph, dict):
        for task in graph.values():
            number = getattr(task, "_lazy_number", None)
            if number is not None:
                return number
    raise NotImplementedError(
        "Chunkbook gets keys of the graphs of dask arrays, such as d.sum().dask; graphs written by hand run in Jupyter with Dask"
    )


def _flatten(keys, out):
    if isinstance(keys, list):
        for key in keys:
            _flatten(key, out)
    else:
        out.append(keys)


def _nest(keys, values):
    if isinstance(keys, list):
        return tuple([_nest(key, values) for key in keys])
    return values.pop(0)
