"""The best of n draws with replacement, by listing all of them."""

from itertools import product


def expected_best(values, n):
    """Return the mean over all N^n draws of their best value."""
    best = [max(drawn) for drawn in product(values, repeat=n)]
    return sum(best) / len(best)


def quantile(values, n, probability):
    """Return the smallest value that the best of n does not exceed with a probability."""
    best = sorted(max(drawn) for drawn in product(values, repeat=n))
    return next(
        value
        for value in best
        if sum(other <= value for other in best) >= probability * len(best) - 1e-9
    )
