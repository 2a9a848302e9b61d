"""The rule that turns figures into a verdict. It is written here and nowhere else.

A comparison is decided in this order:

1. **unattainable** with fewer than two pairs (or two runs a cell).
2. **inconclusive** where every pair is identical so far: nothing is tested.
3. **equivalent** where a margin is declared and the two one-sided tests (TOST) put the difference
   within it, at the family's corrected level. It comes before better and worse: a difference
   that the study calls too small to matter stays so when it is measured precisely.
4. **unattainable** where the exact permutation test could not reach the needed p with this many
   seeds: even its floor, 2/2^n over n pairs, put among what the exact tests give the others of
   the family, stays above alpha when Holm-adjusted (`attainability.needed_among`). Pairs of equal
   values say nothing to that test, so they do not count here. With fewer seeds a small p would
   rest on the assumption of normality alone; it is not reported as a finding. Equivalence needs
   the same floor, one-sided. Independent samples have no exact p here; the p of their t test is
   used instead, but never one below the floor of the permutation test.
5. **better** or **worse** where the Holm-adjusted p of the t test is at most alpha, by the sign
   of the mean difference and the direction of the outcome. The t test is the paired one; where
   the samples are independent it is Welch's statistic with the degrees of freedom of the smaller
   sample, since Welch's own reject too often with few seeds and unequal spread.
6. **inconclusive** otherwise.

For pairs the interval, the minimum detectable difference and the verdict thus rest on one test, the
t test. For independent samples the interval is Welch's own. It has its nominal coverage, but can
exclude zero where the more cautious verdict is inconclusive; a note says so. The exact test says
where the t test may be relied on, and a note says where the two disagree.
Where nothing varies (one constant difference in every pair) there is no t test, and its p is the
exact test's.

Holm runs over the comparisons declared, those without runs included, and over their tests of
equivalence separately; one that is unattainable counts as p = 1. So alpha bounds the chance of any
false "better" or "worse" in the family, and of any false "equivalent"; where a margin is declared,
that of either is bounded by 2 alpha.

With **anytime** inference the same rule reads e-processes (`evidence`) in place of all of these
tests: the p is 1 over the largest e-value so far, the side is that of the evidence when that p
first sufficed, the interval is a confidence sequence, equivalence is tested by two one-sided
processes shifted by the margin, and the floor is 1 over the largest e-value possible with this many
pairs. These p only fall as seeds are added, so what is decided stays decided; but where a margin is
declared, better or worse may become equivalent, which comes first, and docs/statistics.md says in
which two cases the side may turn. A run that had failed and is run
again brings its pair back among the earlier ones, and everything is computed anew.

Claims are decided in `claims`, on the same tests and the same floors.
"""

from __future__ import annotations

from typing import Literal

from suite.statistics.attainability import UP_TO_ROUNDING

Verdict = Literal["better", "worse", "equivalent", "inconclusive", "unattainable"]


def decide(
    *,
    n: int,
    identical: bool,
    advantage: float,
    p: float,
    floor: float,
    p_equivalence: float,
    floor_equivalence: float,
    alpha: float,
    needed: float,
    needed_equivalence: float,
) -> Verdict:
    """Apply the rule above.

    Args:
        n: Pairs, or runs of the cell that has fewer.
        identical: Whether all pairs are equal.
        advantage: Mean difference, or the side that the evidence shows; positive where the first
            cell is better.
        p: Two-sided p of no difference, adjusted over the family; NaN if not tested.
        floor: Smallest two-sided p of the exact test.
        p_equivalence: TOST p, adjusted over the family; NaN if no margin is declared.
        floor_equivalence: Smallest p of the exact one-sided test.
        alpha: Family-wise error rate.
        needed: p that it must reach among the family's exact ones.
        needed_equivalence: The same among the tests of equivalence.

    Returns:
        The verdict.
    """
    if n < 2:
        return "unattainable"
    if identical:
        return "inconclusive"
    if p_equivalence <= alpha and floor_equivalence <= needed_equivalence * UP_TO_ROUNDING:
        return "equivalent"
    if floor > needed * UP_TO_ROUNDING:
        return "unattainable"
    if p <= alpha and advantage != 0:
        return "better" if advantage > 0 else "worse"
    return "inconclusive"
