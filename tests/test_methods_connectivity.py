from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.methods.connectivity import count_to_regrow, equilibrium, performance, theta
from suite.methods.gate import paused
from suite.methods.methods import HIGHER_IS_BETTER, SIGNALS
from tests.reference import methods as reference

losses = st.lists(st.floats(0.001, 100), min_size=1, max_size=8)
accuracies = st.lists(st.floats(0, 1), min_size=1, max_size=8)
ks = st.floats(-0.99, 0.99)
LOSSES = [signal for signal in SIGNALS if not HIGHER_IS_BETTER[signal]]


def test_full_returns_everything_and_reads_nothing():
    assert theta("full") == 1


@given(accuracies, ks)
def test_accuracy_agrees_with_the_reference(history, k):
    expected = reference.theta_of_accuracy(history[-1], k)
    assert theta("performance", history, "val_accuracy", k=k) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("signal", LOSSES)
@given(losses, ks)
def test_loss_agrees_with_the_reference(signal, history, k):
    expected = reference.theta_of_loss(history, k)
    assert theta("performance", history, signal, k=k) == pytest.approx(expected, abs=1e-9)


@given(losses, ks, st.sampled_from(SIGNALS))
def test_theta_is_a_share_without_overshoot(history, k, signal):
    assert 0 <= performance(history, signal, k=k) <= 1


@given(losses, ks)
def test_overshoot_differs_only_above_the_first_loss(history, k):
    plain = performance(history, "loss", k=k)
    over = performance(history, "loss", k=k, overshoot=True)
    if history[-1] > history[0] * (1 + 1e-9):
        assert plain == 1
        assert 1 < over <= 2 + 1e-12
    else:
        assert over == pytest.approx(plain)


def test_overshoot_at_twice_the_first_loss_returns_twice_what_is_missing():
    assert performance([1.0, 1.5], "loss", overshoot=True) == 1.5
    assert performance([1.0, 2.0], "loss", overshoot=True) == 2
    assert performance([1.0, 9.0], "loss", overshoot=True) == 2


@given(st.floats(0, 1), st.floats(0, 1), ks)
def test_better_accuracy_never_regrows_more(one, other, k):
    worse, better = sorted((one, other))
    assert (
        performance([better], "val_accuracy", k=k)
        <= performance([worse], "val_accuracy", k=k) + 1e-12
    )


@pytest.mark.parametrize("k", [-1.0, 1.0, 1.5, math.nan])
def test_k_where_the_denominator_can_vanish_is_refused(k):
    with pytest.raises(ValueError, match="between -1 and 1"):
        performance([0.5], "val_accuracy", k=k)


def test_a_first_loss_of_zero():
    assert performance([0.0, 0.0], "loss") == 0
    assert performance([0.0, 0.1], "loss") == 1
    assert performance([0.0, 0.1], "loss", overshoot=True) == 2


@pytest.mark.parametrize("history", [[], [math.nan], [2.3, math.inf]])
def test_a_signal_that_is_no_number_is_refused(history):
    with pytest.raises(ValueError):
        performance(history, "loss")


def test_the_papers_thetas():
    assert performance([0.1, 0.6494], "val_accuracy") == pytest.approx(0.3506)
    assert performance([2.28, 0.964], "val_loss") == pytest.approx(0.4228, abs=1e-4)


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
def test_count_to_regrow(share, initial, remaining, count):
    assert count_to_regrow(share, initial, remaining) == count


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
        assert paused("pauses", history, signal) == expected


def test_the_gate_needs_five_entries():
    rising = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert [paused("pauses", rising[:n]) for n in range(6)] == [False] * 5 + [True]


def test_the_gate_compares_entries_three_apart():
    assert paused("pauses", [9, 1, 9, 9, 2], "loss")
    assert not paused("pauses", [1, 2, 1, 1, 2], "loss")  # equal is not worse
    assert paused("pauses", [0, 0.5, 0, 0, 0.4], "val_accuracy")


def test_a_window_of_five_looks_five_epochs_back():
    assert not paused("pauses", [1, 9, 9, 9, 2], window=5)
    assert paused("pauses", [1, 9, 9, 9, 9, 2], window=5)
    assert not paused("pauses", [9, 1, 1, 1, 1, 2], window=5)


def test_a_narrow_window_still_waits_for_five_entries():
    assert not paused("pauses", [1, 2, 3, 4], window=1)
    assert paused("pauses", [1, 1, 1, 1, 2], window=1)


def test_an_open_gate_never_pauses():
    assert not paused("open", [1, 2, 3, 4, 5, 6])


def test_a_window_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        paused("pauses", [1.0], window=0)
