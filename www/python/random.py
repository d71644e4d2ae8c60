"""Random numbers of Python's own module; their sequence is not CPython's."""

from urandom import choice, getrandbits, randint, random, randrange, seed, uniform

import math


def shuffle(items):
    for i in range(len(items) - 1, 0, -1):
        j = randrange(i + 1)
        items[i], items[j] = items[j], items[i]


def sample(population, k):
    items = list(population)
    if k > len(items):
        raise ValueError("Sample larger than population or is negative")
    shuffle(items)
    return items[:k]


def choices(population, k=1):
    return [choice(population) for _ in range(k)]


def gauss(mu=0.0, sigma=1.0):
    return mu + sigma * math.sqrt(-2 * math.log(1 - random())) * math.cos(2 * math.pi * random())


normalvariate = gauss
