"""Mean and spread of a few numbers."""

import math


def mean(data):
    data = list(data)
    return sum(data) / len(data)


fmean = mean


def median(data):
    data = sorted(data)
    half = len(data) // 2
    return data[half] if len(data) % 2 else (data[half - 1] + data[half]) / 2


def pvariance(data):
    data = list(data)
    centre = mean(data)
    return sum([(x - centre) ** 2 for x in data]) / len(data)


def variance(data):
    data = list(data)
    return pvariance(data) * len(data) / (len(data) - 1)


def pstdev(data):
    return math.sqrt(pvariance(data))


def stdev(data):
    return math.sqrt(variance(data))
