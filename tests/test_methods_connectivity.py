from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from suite.methods.budgets import equilibrium, lacking, theta_of
from suite.methods.gates import worse
from suite.methods.moment import HIGHER_IS_BETTER, SIGNALS, Change, Moment
from suite.methods.parts import registered
from suite.methods.recipe import resolve
from tests.reference import methods as reference

losses = st.lists(st.floats(0.001, 100), min_size=1, max_size=8)
accuracies = st.lists(st.floats(0, 1), min_size=1, max_size=8)
ks = st.floats(-0.99, 0.99)
MOMENT = Moment(1, 1, 9, 1, 9)
LOSSES = [signal for signal in SIGNALS if not HIGHER_IS_BETTER[signal]]


def test_full_returns_everything_and_reads_nothing():
    budget = registered("budget")["all"].function(MOMENT, np.array([100]), np.array([70]))
    assert (budget.theta, budget.counts.tolist()) == (1, [30])


@given(accuracies, ks)
def test_accuracy_agrees_with_the_reference(history, k):
    expected = reference.theta_of_accuracy(history[-1], k)
    assert theta_of(history, "val_accuracy", k=k) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("signal", LOSSES)
@given(losses, ks)
def test_loss_agrees_with_the_reference(signal, history, k):
    expected = reference.theta_of_loss(history, k)
    assert theta_of(history, signal, k=k) == pytest.approx(expected, abs=1e-9)


@given(losses, ks, st.sampled_from(SIGNALS))
def test_theta_is_a_share_without_overshoot(history, k, signal):
    assert 0 <= theta_of(history, signal, k=k) <= 1


@given(losses, ks)
def test_overshoot_differs_only_above_the_first_loss(history, k):
    plain = theta_of(history, "loss", k=k)
    over = theta_of(history, "loss", k=k, overshoot=True)
    if history[-1] > history[0] * (1 + 1e-9):
        assert plain == 1
        assert 1 < over <= 2 + 1e-12
    else:
        assert over == pytest.approx(plain)


def test_overshoot_at_twice_the_first_loss_returns_twice_what_is_missing():
    assert theta_of([1.0, 1.5], "loss", overshoot=True) == 1.5
    assert theta_of([1.0, 2.0], "loss", overshoot=True) == 2
    assert theta_of([1.0, 9.0], "loss", overshoot=True) == 2


@given(st.floats(0, 1), ks, st.floats(0, 0.9))
def test_break_even_agrees_with_the_reference(accuracy, k, break_even):
    expected = reference.theta_with_break_even(accuracy, k, break_even)
    found = theta_of([accuracy], "val_accuracy", k=k, break_even=break_even)
    assert found == pytest.approx(expected, abs=1e-9)
    assert 0 <= found <= 2 + 1e-12


def test_break_even_golden_cases():
    """All that is lacking returns at the break-even, more below it, and nothing at the best."""
    for signal, good in (("val_accuracy", lambda a: [a]), ("loss", lambda a: [2.0, 2 - 2 * a])):
        for a, theta in ((0.3, 1.0), (0.0, 1 + 3 / 7), (0.65, 0.5), (1.0, 0.0)):
            assert theta_of(good(a), signal, break_even=0.3) == pytest.approx(theta)
        assert theta_of(good(0.0), signal, break_even=0.9) == 2
    assert theta_of([1.0, 2.0], "loss", overshoot=True, break_even=0.3) == 2


@pytest.mark.parametrize("break_even", [-0.1, 1.0, math.nan])
def test_a_break_even_out_of_range_is_refused(break_even):
    with pytest.raises(ValueError, match="break_even"):
        theta_of([0.5], "val_accuracy", break_even=break_even)


@given(st.floats(0, 1), st.floats(0, 1), ks)
def test_better_accuracy_never_regrows_more(one, other, k):
    poorer, better = sorted((one, other))
    assert (
        theta_of([better], "val_accuracy", k=k) <= theta_of([poorer], "val_accuracy", k=k) + 1e-12
    )


@pytest.mark.parametrize("k", [-1.0, 1.0, 1.5, math.nan])
def test_k_where_the_denominator_can_vanish_is_refused(k):
    with pytest.raises(ValueError, match="between -1 and 1"):
        theta_of([0.5], "val_accuracy", k=k)


def test_a_first_loss_of_zero():
    assert theta_of([0.0, 0.0], "loss") == 0
    assert theta_of([0.0, 0.1], "loss") == 1
    assert theta_of([0.0, 0.1], "loss", overshoot=True) == 2


@pytest.mark.parametrize("history", [[], [math.nan], [2.3, math.inf]])
def test_a_signal_that_is_no_number_is_refused(history):
    with pytest.raises(ValueError):
        theta_of(history, "loss")


def test_the_papers_thetas():
    assert theta_of([0.1, 0.6494], "val_accuracy") == pytest.approx(0.3506)
    assert theta_of([2.28, 0.964], "val_loss") == pytest.approx(0.4228, abs=1e-4)


@pytest.mark.parametrize(
    ("share", "initial", "remaining", "count"),
    [
        (1, 100, 70, 30),
        (0.3506, 1000, 700, 105),
        (0.5, 105, 100, 2),
        (0, 100, 70, 0),
        (1, 100, 130, 0),
        (2, 100, 70, 60),
    ],
)
def test_what_is_lacking(share, initial, remaining, count):
    assert lacking(share, np.array([initial]), np.array([remaining])).tolist() == [count]


def test_the_papers_equilibria():
    assert round(equilibrium(341_440, 1 - 0.6494, 0.3)) == 219_480
    assert round(equilibrium(341_440, 1 - 0.6522, 0.3)) == 218_513


@given(st.integers(1000, 100_000), st.floats(0, 2), st.floats(0.05, 0.95))
def test_a_count_tends_to_its_equilibrium(initial, share, zeta):
    count = float(initial)
    for _ in range(600):
        count = (1 - zeta) * count + share * (initial - (1 - zeta) * count)
    assert count == pytest.approx(equilibrium(initial, share, zeta), rel=1e-6, abs=1e-6)


def test_set_is_its_own_equilibrium():
    assert equilibrium(341_440, 1, 0.3) == 341_440


@given(st.lists(st.floats(0, 3) | st.sampled_from([1.0, 2.0]), max_size=9))
def test_the_gate_agrees_with_the_reference(history):
    for signal in SIGNALS:
        expected = reference.pauses(history, HIGHER_IS_BETTER[signal])
        assert worse(history, signal) == expected


def test_the_gate_needs_five_entries():
    rising = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert [worse(rising[:n], "loss") for n in range(6)] == [False] * 5 + [True]


def test_the_gate_compares_entries_three_apart():
    assert worse([9, 1, 9, 9, 2], "loss")
    assert not worse([1, 2, 1, 1, 2], "loss")  # equal is not worse
    assert worse([0, 0.5, 0, 0, 0.4], "val_accuracy")


def test_a_window_of_five_looks_five_epochs_back():
    assert not worse([1, 9, 9, 9, 2], "loss", window=5)
    assert worse([1, 9, 9, 9, 9, 2], "loss", window=5)
    assert not worse([9, 1, 1, 1, 1, 2], "loss", window=5)


def test_a_narrow_window_still_waits_for_five_entries():
    assert not worse([1, 2, 3, 4], "loss", window=1)
    assert worse([1, 1, 1, 1, 2], "loss", window=1)


def test_an_open_gate_never_pauses():
    rising = Moment(6, 6, 9, 6, 9, {"loss": [1, 2, 3, 4, 5, 6]})
    assert registered("gate")["open"].function(rising) is True
    assert registered("gate")["pauses"].function(rising) is False


def test_updates_end_once_every_layer_has_settled():
    """A layer settles where more than nine tenths of what it regrows have just gone, for good."""
    settles = registered("gate")["settles"].function

    def after(*changes):
        return settles(Moment(9, 9, 10, 9, 10, changes=[Change((10, 10), *c) for c in changes]))

    assert after()
    assert after(((10, 10), (10, 9)))
    assert not after(((10, 10), (10, 10)))
    assert not after(((10, 10), (10, 0)), ((10, 10), (5, 10)), ((10, 10), (0, 0)))
    assert after(((10, 0), (10, 0)), ((10, 0), (10, 0))), "nothing regrown settles nothing"


def test_a_window_below_one_is_refused():
    with pytest.raises(ValidationError, match=r"window[\s\S]*greater than or equal to 1"):
        resolve("dynset", {"gate": {"options": {"window": 0}}})
