"""The e-processes of `suite.statistics.evidence`, one pair and one bettor at a time."""

import math


def wealth(differences, direction=1):
    """E-value after each pair, of bets that the differences are above zero (or below, for -1)."""
    strengths = (0.4, 1.0, 3.0, 10.0)
    held = dict.fromkeys(strengths, 1.0)
    sizes = []
    after_each = []
    for difference in differences:
        if difference != 0:
            sizes.append(abs(difference))
            mean = sum(sizes) / len(sizes)
            score = max(-2.0, min(2.0, difference / mean))
            for strength in strengths:
                # The stake is known before the sign; it is won or lost with the sign.
                stake = math.tanh(strength * abs(score))
                won = direction * difference > 0
                held[strength] *= 1 + stake if won else 1 - stake
        after_each.append(sum(held.values()) / len(held))
    return after_each


def e_values(differences):
    """Two-sided e-value after each pair."""
    above, below = wealth(differences), wealth(differences, -1)
    return [(up + down) / 2 for up, down in zip(above, below, strict=True)]


def p_value(differences):
    """1 over the largest e-value so far."""
    return 1 / max([1.0, *e_values(differences)])


def kept(differences, centres, alpha):
    """Those of the centres that no e-value has rejected at alpha."""
    return [centre for centre in centres if p_value([d - centre for d in differences]) > alpha]


def signs_mixture(wins, losses):
    """E-value of signs alone, mixed uniformly over the chance of a win: 2^n w! l! / (n + 1)!."""
    n = wins + losses
    return 2**n * math.factorial(wins) * math.factorial(losses) / math.factorial(n + 1)


def holm(p_values):
    """Adjusted p-values, one step after the other."""
    left = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, largest = [0.0] * len(p_values), 0.0
    for step, place in enumerate(left):
        largest = max(largest, min(1.0, (len(p_values) - step) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def shown(family, margin, alpha):
    """What a family of sequences of differences shows: higher, lower, equivalent or nothing.

    As `suite.statistics.verdicts` says, but for what separates inconclusive from unattainable.
    """
    plain = [p_value(x) if len(x) > 1 and any(x) else 1.0 for x in family]
    p = holm(plain)
    within = holm([_within(x, margin) if len(x) > 1 and any(x) else 1.0 for x in family])
    found = []
    for place, (x, p_different, p_same) in enumerate(zip(family, p, within, strict=True)):
        if p_same <= alpha:
            found.append("equivalent")
        elif p_different <= alpha:
            above, below = wealth(x), wealth(x, -1)
            both = [up + down for up, down in zip(above, below, strict=True)]
            needed = _needed(place, plain, alpha)
            at = next(pair for pair, e in enumerate(both) if 2 / e <= needed * (1 + 1e-12))
            found.append("higher" if above[at] > below[at] else "lower")
        else:
            found.append("nothing")
    return found


def _needed(place, p, alpha):
    """Return the largest p with which one of a family is decided, the others being as they are."""
    levels = [alpha / (len(p) - passed) for passed in range(len(p))]
    decided = [
        level
        for level in levels
        if holm([*p[:place], level, *p[place + 1 :]])[place] <= alpha * (1 + 1e-12)
    ]
    return max(decided)


def _within(x, margin):
    above = max([1.0, *wealth([value + margin for value in x])])
    below = max([1.0, *wealth([value - margin for value in x], -1)])
    return max(1 / above, 1 / below)
