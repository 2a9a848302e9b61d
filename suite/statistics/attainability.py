"""Whether a number of seeds can show anything at all.

With n pairs an exact two-sided sign-flip test knows 2^n equally likely outcomes and cannot give a
p below 2/2^n: 0.0625 for five seeds, whatever the data. Holm's first step asks for alpha / m over
a family of m. Where the floor lies above that, more data is the only answer.
"""

from __future__ import annotations

from itertools import count
from math import comb


def sign_flip_floor(pairs: int) -> float:
    """Return the smallest two-sided p of an exact sign-flip test over so many pairs."""
    return min(1.0, 2.0 / 2.0**pairs)


def permutation_floor(n_a: int, n_b: int) -> float:
    """Return the smallest two-sided p of an exact permutation test of n_a against n_b values."""
    return min(1.0, 2 / comb(n_a + n_b, n_a))


def needed_p(alpha: float, family: int, correction: str = "holm") -> float:
    """Return the p that one comparison of a family must reach: alpha / family at Holm's first step.

    Args:
        alpha: Family-wise error rate, in (0, 1).
        family: Comparisons declared, at least 1.
        correction: `holm`, or `none` for no correction.
    """
    return alpha / family if correction == "holm" else alpha


def seeds_needed(p: float, paired: bool = True) -> int:
    """Return the fewest seeds (a cell) whose exact test can reach a two-sided p.

    Args:
        p: In (0, 1].
        paired: Sign-flip test of pairs, else permutation test of two samples of one size.
    """
    return next(
        n
        for n in count(1)
        if (sign_flip_floor(n) if paired else permutation_floor(n, n)) <= p * (1 + 1e-12)
    )
