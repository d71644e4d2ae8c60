"""`numpy.random`: the legacy generator, number for number as NumPy's after `seed`."""

import _bridge
from numpy._dtype import number_of
from numpy._ndarray import wrap


def _lengths(shape):
    if shape is None:
        return []
    number = number_of(shape)
    return [int(number)] if number is not None else [int(length) for length in shape]


def _draw(kind, shape, low=None, high=None):
    result = wrap(_bridge.call("np_random", kind=kind, shape=_lengths(shape), low=low, high=high))
    return result


def seed(seed=None):
    """Start the sequence that belongs to `seed`, the same as NumPy's."""
    if seed is not None and not 0 <= int(seed) < 2**32:
        raise ValueError("Seed must be between 0 and 2**32 - 1")
    _bridge.call("np_seed", seed=None if seed is None else int(seed))


def rand(*shape):
    """Uniform in [0, 1)."""
    result = _draw("rand", shape)
    return result if shape else float(result)


def random(size=None):
    """Uniform in [0, 1)."""
    result = _draw("rand", size)
    return float(result) if size is None else result


random_sample = ranf = sample = random


def randn(*shape):
    """Standard normal."""
    result = _draw("randn", shape)
    return result if shape else float(result)


def standard_normal(size=None):
    result = _draw("randn", size)
    return float(result) if size is None else result


def normal(loc=0.0, scale=1.0, size=None):
    # The drawn numbers stand on the left: here, unlike in cells, a number on the left does not ask the right side.
    return standard_normal(size) * scale + loc


def uniform(low=0.0, high=1.0, size=None):
    return random(size) * (high - low) + low


def randint(low, high=None, size=None, dtype=int):
    """Integers in [low, high), or [0, low)."""
    if high is None:
        low, high = 0, low
    if int(low) >= int(high):
        raise ValueError("low >= high")
    result = _draw("randint", size, int(low), int(high))
    return int(result) if size is None else result


def default_rng(seed=None):
    raise NotImplementedError(
        "numpy.random.default_rng is not there; use numpy.random.seed and numpy.random.rand, which give the same "
        "numbers as NumPy's"
    )


Generator = RandomState = default_rng
