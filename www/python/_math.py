"""`math`, with what CPython 3.11 has and MicroPython lacks."""

from math import *


def gcd(*values):
    result = 0
    for value in values:
        value = abs(value)
        while value:
            result, value = value, result % value
    return result


def lcm(*values):
    result = 1
    for value in values:
        result = abs(result * value) // gcd(result, value) if value else 0
    return result


def hypot(*values):
    return sqrt(sum([value * value for value in values]))


def dist(p, q):
    return sqrt(sum([(a - b) ** 2 for a, b in zip(p, q)]))


def prod(values, start=1):
    for value in values:
        start = start * value
    return start


def fsum(values):
    """The sum without rounding on the way (Shewchuk's algorithm)."""
    partials = []
    for x in values:
        x = float(x)
        kept = []
        for y in partials:
            if abs(x) < abs(y):
                x, y = y, x
            high = x + y
            low = y - (high - x)
            if low:
                kept.append(low)
            x = high
        partials = kept + [x]
    return sum(partials, 0.0)


def isqrt(n):
    if n < 0:
        raise ValueError("isqrt() argument must be nonnegative")
    root = int(sqrt(n))
    while root * root > n:
        root -= 1
    while (root + 1) * (root + 1) <= n:
        root += 1
    return root


def perm(n, k=None):
    return prod(range(n - (n if k is None else k) + 1, n + 1))


def comb(n, k):
    return 0 if k > n else perm(n, k) // factorial(k)


def cbrt(x):
    return copysign(abs(x) ** (1 / 3), x)


def exp2(x):
    return 2.0**x


def remainder(x, y):
    return x - y * round(x / y)
