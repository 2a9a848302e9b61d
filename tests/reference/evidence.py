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
