"""E-values read after every seed: how often they are wrong, and how many seeds they take."""

from pathlib import Path

import numpy as np
import pytest

from suite.statistics import Question, compare, pairs
from suite.statistics.evidence import confidence_sequence, evidence
from suite.statistics.monitoring import MOST_MONITORED, seeds_until_decided, smallest_effect, table
from suite.statistics.power import seeds_for_difference
from suite.statistics.significance import adjust

FAMILIES, COMPARISONS, SEEDS, ALPHA = 2_000, 4, 50, 0.05
PAGE = Path(__file__).parent.parent / "docs" / "statistics.md"

DRAWS = {
    "normal": lambda generator, size: generator.normal(size=size),
    "t with 3 degrees of freedom": lambda generator, size: generator.standard_t(3, size),
    "Laplace": lambda generator, size: generator.laplace(size=size),
}


def wrong(log_e):
    """Families of (comparisons, families, n) in which Holm's first step ever decides one."""
    return np.sum(log_e.max(axis=(0, 2)) >= np.log(len(log_e) / ALPHA))


@pytest.mark.slow
@pytest.mark.parametrize("kind", DRAWS)
@pytest.mark.parametrize("shared", [False, True])
def test_a_family_read_after_every_seed_is_rarely_wrong(kind, shared):
    """Whoever stops at any seed up to 50 has seen no larger e-value than the largest of all.

    `shared`: all comparisons have one baseline, so their differences correlate.
    """
    generator = np.random.default_rng(2022)
    cells = DRAWS[kind](generator, (COMPARISONS, FAMILIES, SEEDS))
    if shared:
        cells = cells - DRAWS[kind](generator, (FAMILIES, SEEDS))
    assert wrong(evidence(cells).log_e) / FAMILIES <= ALPHA


@pytest.mark.slow
@pytest.mark.parametrize("kind", DRAWS)
def test_a_difference_at_the_margin_is_rarely_called_equivalent_at_any_seed(kind):
    x = 1 + DRAWS[kind](np.random.default_rng(2022), (FAMILIES, SEEDS))
    above, below = evidence(x, null=-1.0).log_higher, evidence(x, null=1.0).log_lower
    both = np.minimum(above.max(axis=1), below.max(axis=1))
    assert np.mean(both >= np.log(1 / ALPHA)) <= ALPHA


@pytest.mark.slow
def test_the_confidence_sequence_holds_at_every_seed_at_once():
    generator = np.random.default_rng(2022)
    missed = 0
    for _ in range(100):
        low, high = confidence_sequence(generator.normal(1.5, 1.0, 15))
        missed += not low <= 1.5 <= high
    assert missed / 100 <= ALPHA


@pytest.mark.slow
def test_looking_at_a_fixed_test_after_every_seed_is_often_wrong():
    """The reason for e-values: here the same looks, and the same data."""
    from scipy.stats import ttest_1samp

    x = np.random.default_rng(2022).normal(size=(FAMILIES, SEEDS))
    p = [ttest_1samp(x[:, :n], 0, axis=1).pvalue for n in range(6, SEEDS + 1)]
    assert np.mean(np.min(p, axis=0) <= ALPHA) > 3 * ALPHA


def test_seeds_by_simulation():
    generator = np.random.default_rng(1)
    log_e = evidence(generator.normal(1.0, 1.0, (2_000, 100))).log_e
    stops = np.argmax(log_e >= np.log(20), axis=1) + 1
    need = seeds_until_decided(1.0, 0.05)
    assert need.expected == pytest.approx(stops.mean(), rel=0.05)
    assert need.seeds == pytest.approx(np.quantile(stops, 0.8), abs=1)


@pytest.mark.slow
def test_what_cannot_be_decided_has_no_number():
    for need in (
        seeds_until_decided(0.0, 0.05),
        seeds_until_decided(0.01, 0.05),
        seeds_until_decided(2.0, 0.05, margin=1.0),
    ):
        assert (need.expected, need.seeds) == (None, None)
    assert seeds_until_decided(0.4, 0.05).seeds <= MOST_MONITORED


def test_equivalence_takes_fewer_seeds_the_wider_the_margin():
    narrow, wide = (seeds_until_decided(0.0, 0.05, margin=margin) for margin in (1.0, 4.0))
    assert wide.seeds < narrow.seeds
    assert wide.seeds >= 5  # one side over 5 pairs can reach 2^5 = 32, over 4 no 20


@pytest.mark.slow
def test_the_table_of_the_page_is_what_is_computed():
    assert table() in PAGE.read_text()
    for effect, level in ((0.5, 0.05), (4.0, 0.005)):
        need, fixed = seeds_until_decided(effect, level), seeds_for_difference(effect, 1.0, level)
        assert f"| {effect:g} | {level:g} | {fixed} | {need.seeds} | {need.expected} |" in table()


@pytest.mark.slow
@pytest.mark.parametrize("seeds", [10, 40])
def test_the_smallest_effect_is_decided_within_the_seeds(seeds):
    effect = smallest_effect(seeds, 0.05)
    assert seeds_until_decided(effect * 1.05, 0.05).seeds <= seeds
    assert seeds_until_decided(effect * 0.9, 0.05).seeds > seeds
    assert smallest_effect(5, 0.05) == np.inf


@pytest.mark.slow
@pytest.mark.parametrize("kind", DRAWS)
def test_a_family_with_some_differences_is_rarely_wrong_about_the_others(kind):
    """Holm asks less of the others once the two that differ are decided.

    p-values only fall and so do adjusted ones: what is ever rejected up to 50 seeds is rejected
    by the last p-values.
    """
    generator = np.random.default_rng(2022)
    x = DRAWS[kind](generator, (FAMILIES, COMPARISONS, SEEDS))
    x[:, :2] += 2
    found = evidence(x)
    missed = wrong = 0
    for family in np.exp(-np.maximum(found.log_e.max(axis=-1), 0)):
        adjusted = adjust(family.tolist())
        missed += max(adjusted[:2]) > ALPHA
        wrong += min(adjusted[2:]) <= ALPHA
    assert missed / FAMILIES <= 0.01  # few: so Holm's later steps are what is looked at
    assert wrong / FAMILIES <= ALPHA


@pytest.mark.slow
@pytest.mark.parametrize("kind", DRAWS)
def test_verdicts_at_whatever_seed_one_stops_are_rarely_wrong(kind):
    """From values to verdicts, stopped as soon as anything is shown: the whole procedure."""
    generator = np.random.default_rng(2022)
    families, wrong = 100, 0
    for _ in range(families):
        shared = DRAWS[kind](generator, 15)
        cells = [DRAWS[kind](generator, 15) for _ in range(2)]
        questions = [[Question(pairs(cell[:n], shared[:n])) for cell in cells] for n in (7, 15)]
        wrong += any(
            it.verdict in ("better", "worse")
            for family in questions
            for it in compare(family, inference="anytime")
        )
    assert wrong / families <= ALPHA
