from __future__ import annotations

import itertools
import traceback
from collections import Counter

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from suite.errors import UserError
from suite.methods import library
from suite.methods.layer import LayerView
from suite.methods.parts import regrowth
from suite.methods.positions import draw_outside, find_sorted
from suite.methods.regrow.neighbours import NEIGHBOURHOODS, active_neighbours
from tests.asking import regrow
from tests.reference import methods as reference

BUILT_IN = ("random", "one_neighbour", "most_neighbours")

masks = hnp.arrays(
    bool, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=st.booleans(), fill=st.nothing()
) | hnp.arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9)))  # the latter often sparse


def view(mask, **computed) -> LayerView:
    positions = np.flatnonzero(mask)
    weights = np.ones(positions.size, dtype=np.float32)
    return LayerView(1, mask.shape, positions, weights, 0 * weights, **computed)


def cells(mask) -> set[tuple[int, int]]:
    return set(zip(*(axis.tolist() for axis in np.nonzero(mask)), strict=True))


def generator(seed=0) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(seed))


def answering(answer, needs=()):
    """Register a strategy that gives `answer`, or what calling it with the layer gives."""

    def strategy(layer, count, rng):
        return answer(layer) if callable(answer) else answer

    regrowth("answering", needs=needs)(strategy)


@pytest.mark.parametrize("neighbourhood", NEIGHBOURHOODS)
@given(mask=masks)
def test_neighbours_agree_with_the_reference(neighbourhood, mask):
    positions, counts = active_neighbours(view(mask), neighbourhood)
    found = dict(zip(positions.tolist(), counts.tolist(), strict=True))
    expected = reference.candidates(cells(mask), mask.shape, neighbourhood)
    columns = mask.shape[1]
    assert found == {i * columns + j: count for (i, j), count in expected.items() if count}
    assert (np.diff(positions) > 0).all()


@pytest.mark.parametrize("name", BUILT_IN)
@given(mask=masks, data=st.data(), seed=st.integers(0, 2**32))
def test_whatever_the_layer_and_count(name, mask, data, seed):
    layer = view(mask)
    count = data.draw(st.integers(0, mask.size - layer.positions.size))
    new = regrow(name, layer, count, generator(seed))
    assert new.dtype == np.int64
    assert new.shape == (count,)
    assert (np.diff(new) > 0).all()
    assert not mask.ravel()[new].any()
    assert new.tolist() == regrow(name, layer, count, generator(seed)).tolist()


@pytest.mark.parametrize("neighbourhood", NEIGHBOURHOODS)
@given(mask=masks, data=st.data(), seed=st.integers(0, 2**32))
def test_one_neighbour_takes_others_only_after_all_that_have_one(neighbourhood, mask, data, seed):
    neighbours = reference.candidates(cells(mask), mask.shape, neighbourhood)
    count = data.draw(st.integers(0, len(neighbours)))
    settings = {"neighbourhood": neighbourhood}
    new = regrow("one_neighbour", view(mask), count, generator(seed), **settings)
    bordering = {i * mask.shape[1] + j for (i, j), number in neighbours.items() if number}
    if count <= len(bordering):
        assert set(new.tolist()) <= bordering
    else:
        assert set(new.tolist()) >= bordering


@pytest.mark.parametrize("neighbourhood", NEIGHBOURHOODS)
@given(mask=masks, data=st.data(), seed=st.integers(0, 2**32))
def test_most_neighbours_takes_the_highest_counts(neighbourhood, mask, data, seed):
    neighbours = reference.candidates(cells(mask), mask.shape, neighbourhood)
    count = data.draw(st.integers(0, len(neighbours)))
    settings = {"neighbourhood": neighbourhood}
    new = regrow("most_neighbours", view(mask), count, generator(seed), **settings)
    taken = sorted((neighbours[divmod(at, mask.shape[1])] for at in new.tolist()), reverse=True)
    assert taken == sorted(neighbours.values(), reverse=True)[:count]


def test_figure_1():
    """One active corner: the centre has a neighbour, the far positions have none."""
    mask = np.zeros((5, 5), dtype=bool)
    mask[1, 1] = True
    positions, counts = active_neighbours(view(mask), "block")
    assert positions.tolist() == [0, 1, 2, 5, 7, 10, 11, 12]
    assert counts.tolist() == [1] * 8
    assert active_neighbours(view(mask), "diagonal")[0].tolist() == [0, 2, 10, 12]


def assert_uniform(outcomes, draws):
    """Every one of the outcomes, equally often."""
    seen = Counter(draws)
    assert set(seen) <= set(outcomes)
    observed = [seen[outcome] for outcome in outcomes]
    assert scipy.stats.chisquare(observed).pvalue > 1e-3


def subsets(positions, count):
    return list(itertools.combinations(positions, count))


@pytest.mark.slow
def test_random_is_uniform_over_sets():
    mask = np.zeros((2, 5), dtype=bool)
    mask.flat[[0, 3, 4, 9]] = True
    rng, layer = generator(1), view(mask)
    draws = [tuple(regrow("random", layer, 2, rng).tolist()) for _ in range(6000)]
    assert_uniform(subsets([1, 2, 5, 6, 7, 8], 2), draws)


@pytest.mark.slow
def test_one_neighbour_is_uniform_whatever_the_number_of_neighbours():
    mask = np.zeros((2, 8), dtype=bool)
    mask[0, [0, 1]] = True  # at 8 and 9: two neighbours, at 2 and 10: one
    rng, layer = generator(2), view(mask)
    draws = [tuple(regrow("one_neighbour", layer, 2, rng).tolist()) for _ in range(6000)]
    assert_uniform(subsets([2, 8, 9, 10], 2), draws)


@pytest.mark.slow
def test_one_neighbour_draws_the_rest_uniformly():
    mask = np.zeros((1, 8), dtype=bool)
    mask[0, 0] = True
    rng, layer = generator(3), view(mask)
    draws = [tuple(regrow("one_neighbour", layer, 3, rng).tolist()) for _ in range(6000)]
    assert_uniform([(1, *rest) for rest in subsets(range(2, 8), 2)], draws)


@pytest.mark.slow
def test_most_neighbours_breaks_ties_uniformly():
    mask = np.zeros((2, 8), dtype=bool)
    mask[0, [0, 1, 4, 5]] = True  # two neighbours: 8, 9, 12, 13; one: 2, 3, 6, 10, 11, 14
    rng, layer = generator(4), view(mask)
    draws = [tuple(regrow("most_neighbours", layer, 2, rng).tolist()) for _ in range(6000)]
    assert_uniform(subsets([8, 9, 12, 13], 2), draws)
    draws = [tuple(regrow("most_neighbours", layer, 5, rng).tolist()) for _ in range(6000)]
    assert_uniform([tuple(sorted((8, 9, 12, 13, last))) for last in (2, 3, 6, 10, 11, 14)], draws)


@pytest.mark.slow
def test_most_neighbours_draws_the_rest_uniformly():
    mask = np.zeros((1, 8), dtype=bool)
    mask[0, 0] = True
    rng, layer = generator(5), view(mask)
    draws = [tuple(regrow("most_neighbours", layer, 3, rng).tolist()) for _ in range(6000)]
    assert_uniform([(1, *rest) for rest in subsets(range(2, 8), 2)], draws)


@pytest.mark.slow
@pytest.mark.parametrize("name", BUILT_IN)
def test_an_empty_layer_regrows_at_random(name):
    rng, layer = generator(6), view(np.zeros((2, 3), dtype=bool))
    draws = [tuple(regrow(name, layer, 2, rng).tolist()) for _ in range(3000)]
    assert_uniform(subsets(range(6), 2), draws)


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_full_layer_has_nothing_to_regrow(name):
    assert regrow(name, view(np.ones((2, 3), dtype=bool)), 0, generator()).size == 0


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_dense_array_is_made(name):
    side = 1_000_000
    positions = np.sort(generator(7).choice(side * side, 1000, replace=False, shuffle=False))
    weights = np.ones(1000, dtype=np.float32)
    layer = LayerView(0, (side, side), positions, weights, weights)
    assert regrow(name, layer, 9000, generator(8)).size == 9000


@given(masks, st.data())
def test_draw_outside_reaches_every_free_position(mask, data):
    taken = np.flatnonzero(mask)
    everything = draw_outside(taken, mask.size, mask.size - taken.size, generator())
    assert everything.tolist() == np.flatnonzero(~mask).tolist()


@given(st.sets(st.integers(0, 20)), st.sets(st.integers(0, 20)))
def test_find_sorted(within, wanted):
    array = np.array(sorted(within), dtype=np.int64)
    at = find_sorted(array, np.array(sorted(wanted), dtype=np.int64))
    assert array[at].tolist() == sorted(within & wanted)


MASK = np.array([[True, False, False], [False, False, True]])


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (np.array([1, 2, 3]), "returned 3 positions where 2 were asked for"),
        ([], "returned 0 positions where 2 were asked for"),
        (np.array([1.0, 2.0]), "returned float64 instead of integers"),
        (np.array([True, False]), "returned bool instead of integers"),
        (np.array([[1, 2]]), "returned an array of shape (1, 2) instead of"),
        (None, "returned NoneType instead of a one-dimensional array"),
        ([[1], [2, 3]], "returned no array of positions"),
        (np.array([1, 6]), "returned position 6, outside 0 to 5"),
        (np.array([-1, 1]), "returned position -1, outside 0 to 5"),
        (np.array([2**63, 1], dtype=np.uint64), "returned position 9223372036854775808, outside"),
        (np.array([2, 2]), "returned position 2 more than once"),
        (np.array([1, 5]), "returned position 5, which is active"),
        (np.array([0, 4]), "returned position 0, which is active"),
    ],
)
def test_a_wrong_answer_is_refused(registered, answer, reason):
    answering(answer)
    with pytest.raises(UserError) as refusal:
        regrow("answering", view(MASK), 2, generator())
    sentence = str(refusal.value)
    assert sentence.startswith("Regrowth strategy 'answering' in layer 2 returned")
    assert reason in sentence


@pytest.mark.parametrize(
    "answer", [[4, 1], np.array([4, 1], dtype=np.uint8), np.array([1, 4], dtype=np.int32)]
)
def test_a_right_answer_is_sorted(registered, answer):
    answering(answer)
    new = regrow("answering", view(MASK), 2, generator())
    assert new.tolist() == [1, 4]
    assert new.dtype == np.int64


def test_a_strategy_cannot_change_the_layer(registered):
    weights = np.ones(2, dtype=np.float32)
    layer = LayerView(1, MASK.shape, np.flatnonzero(MASK), weights, weights)

    def prune_more(layer):
        layer.weights[0] = 0

    answering(prune_more)
    with pytest.raises(UserError, match=r"layer 2 raised ValueError: .*read-only"):
        regrow("answering", layer, 2, generator())
    weights[0] = 2  # the caller's own array stays writable


def test_a_strategy_that_raises_is_named_and_its_error_kept(registered):
    answering(lambda layer: 1 / 0)
    with pytest.raises(UserError) as failure:
        regrow("answering", view(MASK), 2, generator())
    assert "'answering' in layer 2 raised ZeroDivisionError" in str(failure.value)
    assert isinstance(failure.value.__cause__, ZeroDivisionError)
    assert __file__ in "".join(traceback.format_exception(failure.value))


@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_trouble_that_may_pass_is_not_the_strategy_s(registered, error):
    def troubled(layer):
        raise error

    answering(troubled)
    with pytest.raises(error):
        regrow("answering", view(MASK), 2, generator())


@pytest.mark.parametrize(
    ("error", "says"),
    [(AssertionError(), "AssertionError."), (OSError("a.\nb."), "OSError: a. b.")],
)
def test_whatever_it_raises_is_one_sentence(registered, error, says):
    def troubled(layer):
        raise error

    answering(troubled)
    with pytest.raises(UserError) as failure:
        regrow("answering", view(MASK), 2, generator())
    assert str(failure.value) == f"Regrowth strategy 'answering' in layer 2 raised {says}"


def test_what_a_strategy_needs_is_there_and_nothing_else(registered):
    calls = []

    def gradient(start, stop):
        calls.append("gradient")
        return np.arange(6, dtype=np.float32).reshape(2, 3)[start:stop]

    def activations():
        calls.append("activations")
        return np.zeros((3, 7), dtype=np.float32), np.zeros((2, 7), dtype=np.float32)

    layer = view(MASK, gradient_from=gradient, activations_from=activations)
    answering(lambda layer: np.argsort(layer.gradient().ravel()[[1, 2, 3, 4]]) + 1, ("gradient",))
    with pytest.raises(UserError, match="returned 4 positions"):
        regrow("answering", layer, 2, generator())
    assert calls == ["gradient"]
    regrow("random", layer, 2, generator())
    assert calls == ["gradient"]


@pytest.mark.parametrize("what", ["gradient", "activations"])
def test_what_a_strategy_did_not_declare_is_refused(registered, what):
    layer = view(MASK, gradient_from=lambda: 1 / 0, activations_from=lambda: 1 / 0)
    answering(lambda layer: getattr(layer, what)())
    with pytest.raises(UserError, match=rf'RuntimeError: .*needs=\("{what}",\)'):
        regrow("answering", layer, 2, generator())


def test_activations_come_from_both_sides(registered):
    inputs, outputs = np.ones((3, 7), dtype=np.float32), np.ones((2, 7), dtype=np.float32)
    layer = view(MASK, activations_from=lambda: (inputs, outputs))
    seen = layer.activations()
    assert [side.shape for side in seen] == [(3, 7), (2, 7)]
    assert not seen[0].flags.writeable


def test_options_reach_the_strategy_by_name(registered):
    seen = {}

    @regrowth()
    def curious(layer, count, rng, *, zeta, neighbourhood="block"):
        seen.update(zeta=zeta, neighbourhood=neighbourhood)
        return [1]

    options = library.get("regrow", "curious").options
    assert {name: option.required for name, option in options.items()} == {
        "zeta": True,
        "neighbourhood": False,
    }
    regrow("curious", view(MASK), 1, generator(), zeta=0.3)
    assert seen == {"zeta": 0.3, "neighbourhood": "block"}


def test_an_unknown_strategy_is_named_with_the_known_ones():
    with pytest.raises(UserError, match='no regrowth strategy "randon"; did you mean "random"'):
        library.get("regrow", "randon")


def test_built_in_names_and_fingerprints():
    assert tuple(library.names("regrow")[:3]) == BUILT_IN
    assert list(library.get("regrow", "random").options) == ["just_pruned"]
    assert list(library.get("regrow", "one_neighbour").options) == ["neighbourhood"]
    for name in BUILT_IN:
        strategy = library.get("regrow", name)
        assert (strategy.origin.kind, strategy.needs) == ("built-in", ())
        assert strategy.origin.fingerprint is None
        assert strategy.summary.endswith(".")
        assert strategy.source


def test_registering_by_hand(registered):
    @regrowth("hand_made", source="here", needs=("gradient", "activations"))
    def strategy(layer, count, rng):
        """First line.

        Second.
        """

    found = library.get("regrow", "hand_made")
    assert (found.summary, found.source, found.function) == ("First line.", "here", strategy)
    assert found.needs == ("gradient", "activations")
    assert found.origin.kind == "plug-in"
    assert found.origin.place == __name__
    assert len(found.origin.fingerprint) == 64


def three(layer, count, rng):
    """Stands at module level, so that a test can register it under any name."""


@pytest.mark.parametrize(
    ("register", "reason"),
    [
        (
            lambda: regrowth("random")(three),
            "has the name of the built-in regrowth strategy of suite",
        ),
        (lambda: regrowth("No Good")(three), "small letters, digits and underscores"),
        (lambda: regrowth(needs=("hessian",))(three), "has needs=('hessian',)"),
        (lambda: regrowth(needs="gradient")(three), "has needs='gradient'"),
        (lambda: regrowth()(lambda layer, count: None), "<lambda>"),
        (lambda: regrowth("two")(lambda layer, count: None), "must take (layer, count, rng)"),
        (lambda: regrowth("more")(lambda a, b, c, **d: None), "must take (layer, count, rng)"),
        (lambda: regrowth("made")(np.add), "must be a function that stands in a file"),
        (lambda: regrowth(three), "with parentheses"),
    ],
)
def test_what_cannot_be_registered(registered, register, reason):
    before = library.names("regrow")
    with pytest.raises(UserError) as refusal:
        register()
    assert reason in str(refusal.value)
    assert library.names("regrow") == before
