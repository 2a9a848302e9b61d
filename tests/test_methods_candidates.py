"""Regrowth by scores and by weighted draws: golden cases, plain restatements, invariants."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from suite.errors import UserError
from suite.methods import library, scored
from suite.methods.layer import LayerView
from suite.methods.moment import Moment
from suite.methods.recipe import resolve
from suite.methods.regrow import similarity
from suite.methods.regrow.similarity import stalled
from suite.methods.update import update
from tests.asking import regrow
from tests.reference import methods, regrowth

OWN = (
    "gradient_sampled",
    "hidden_gradient",
    "neighbours_sampled",
    "variance",
    "degree",
    "same_unit",
    "dissimilar",
)
ALL = (*OWN, "cosine", "cosine_then_random")

masks = hnp.arrays(bool, st.tuples(st.integers(1, 6), st.integers(1, 6)))
few = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])


def generator(seed=0):
    return np.random.Generator(np.random.SFC64(seed))


def view(mask, *, dropped=(), inputs=None, outputs=None, gradient=None, moment=None):
    """A layer after pruning; `dropped` are positions that it has just lost."""
    positions = np.flatnonzero(mask)
    values = np.ones(positions.size, dtype=np.float32)
    earlier = np.union1d(positions, np.array(dropped, dtype=np.int64))
    ones = np.ones(earlier.size, dtype=np.float32)
    rng = generator(9)
    n_out, n_in = mask.shape
    inputs = rng.standard_normal((n_in, 4), np.float32) if inputs is None else inputs
    outputs = rng.standard_normal((n_out, 4), np.float32) if outputs is None else outputs
    if gradient is None:
        gradient = generator(8).standard_normal(mask.shape, np.float32)
    return LayerView(
        0,
        mask.shape,
        positions,
        values,
        values,
        gradient_from=lambda start, stop: gradient[start:stop],
        samples_from=lambda count: (inputs, outputs),
        before=LayerView(0, mask.shape, earlier, ones, ones),
        moment=moment,
    )


def ask(name, layer, count, seed=0, **options):
    """Call a strategy with all its options, as an update does."""
    part = library.get("regrow", name)
    return np.sort(part.function(layer, count, generator(seed), **part.check(options)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
@given(mask=masks, data=st.data(), seed=st.integers(0, 2**32))
def test_whatever_the_layer_and_count(name, mask, data, seed):
    free = np.flatnonzero(~mask)
    dropped = data.draw(st.lists(st.sampled_from(free.tolist()), unique=True)) if free.size else []
    layer = view(mask, dropped=dropped)
    count = data.draw(st.integers(0, free.size))
    new = ask(name, layer, count, seed)
    assert new.size == np.unique(new).size == count
    assert np.isin(new, free).all()
    assert new.tolist() == ask(name, layer, count, seed).tolist()


@pytest.mark.parametrize("name", ALL)
def test_the_rules_see_no_more_than_a_block_of_rows(name, monkeypatch):
    monkeypatch.setattr("suite.methods.layer.BLOCK", 50)
    layer = view(np.zeros((40, 10), dtype=bool), dropped=range(60))
    blocks = []
    for function in ("best", "draw"):
        inner = getattr(scored, function)

        def spied(layer, scores, *rest, inner=inner):
            return inner(layer, lambda a, b: blocks.append(b - a) or scores(a, b), *rest)

        monkeypatch.setattr(scored, function, spied)
    assert ask(name, layer, 60).size == 60
    assert max(blocks, default=0) <= 5


@given(mask=masks, data=st.data())
def test_best_agrees_with_the_reference(mask, data):
    scores = data.draw(hnp.arrays(np.float32, mask.shape, elements=few))
    count = data.draw(st.integers(0, int((~mask).sum())))
    found = scored.best(view(mask), lambda a, b: scores[a:b], count)
    as_cells = {at: float(scores[at]) for at in np.ndindex(mask.shape)}
    active = {at for at in as_cells if mask[at]}
    chosen = {divmod(at, mask.shape[1]) for at in found.tolist()}
    assert chosen == regrowth.best(as_cells, active, count)


def test_best_refuses_what_is_not_a_number():
    with pytest.raises(ValueError, match="not a number"):
        scored.best(view(np.zeros((1, 2), bool)), lambda a, b: np.full((1, 2), np.nan), 1)


@pytest.mark.parametrize("wrong", [np.nan, -1.0])
def test_draw_refuses_weights_below_zero_and_what_is_not_a_number(wrong):
    with pytest.raises(ValueError, match="not a number, or is below 0"):
        scored.draw(view(np.zeros((1, 2), bool)), lambda a, b: np.array([[1, wrong]]), 1, None)


def assert_drawn(weights, mask, count, name, layer, draws=4000, **options):
    """A strategy draws sets of positions as often as their weights say."""
    free = {at: float(weights[at]) for at in np.ndindex(mask.shape) if not mask[at]}
    chances = regrowth.chances_of_sets(free, count)
    part, rng = library.get("regrow", name), generator(3)
    options = part.check(options)
    seen = Counter(
        frozenset(
            divmod(int(at), mask.shape[1]) for at in part.function(layer, count, rng, **options)
        )
        for _ in range(draws)
    )
    assert set(seen) <= {drawn for drawn, chance in chances.items() if chance > 0}
    likely = [drawn for drawn, chance in chances.items() if chance * draws >= 5]
    observed = [seen[drawn] for drawn in likely]
    expected = [draws * chances[drawn] for drawn in likely]
    observed.append(draws - sum(observed))
    expected.append(draws - sum(expected))
    if expected[-1] < 1e-6:
        assert observed.pop() == 0
        expected.pop()
    assert scipy.stats.chisquare(observed, expected).pvalue > 1e-3


SMALL = np.array([[True, False, False], [False, False, True]])


@pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
def test_gradient_sampled_draws_in_proportion(power):
    gradient = np.array([[9, 1, -2], [3, 0, 9]], dtype=np.float32)
    weights = np.abs(gradient) ** power
    layer = view(SMALL, gradient=gradient)
    assert_drawn(weights, SMALL, 2, "gradient_sampled", layer, power=power)


def test_where_the_gradient_is_nowhere_the_draw_is_uniform():
    layer = view(SMALL, gradient=np.zeros((2, 3), np.float32))
    assert_drawn(np.ones((2, 3)), SMALL, 2, "gradient_sampled", layer)


@pytest.mark.parametrize("neighbourhood", ["block", "diagonal"])
def test_neighbours_sampled_draws_in_proportion(neighbourhood):
    active = {(0, 0), (1, 2)}
    counts = methods.candidates(active, (2, 3), neighbourhood)
    weights = {at: 1 + 2.5 * counts.get(at, 0) for at in np.ndindex(2, 3)}
    options = {"strength": 2.5, "neighbourhood": neighbourhood}
    assert_drawn(weights, SMALL, 2, "neighbours_sampled", view(SMALL), **options)


def test_variance_draws_in_proportion():
    inputs = np.array([[0, 2], [5, 5], [0, 4]], dtype=np.float32)  # variances 1, 0, 4
    weights = {(i, j): (1.0, 0.0, 4.0)[j] for i, j in np.ndindex(2, 3)}
    assert_drawn(weights, SMALL, 1, "variance", view(SMALL, inputs=inputs))


@pytest.mark.parametrize("power", [-1.0, 0.0, 1.0])
def test_degree_draws_in_proportion(power):
    mask = np.array([[True, True, False], [False, True, False]])
    weights = regrowth.degree_weights({(0, 0), (0, 1), (1, 1)}, (2, 3), power)
    assert_drawn(weights, mask, 2, "degree", view(mask), power=power)


def test_hidden_gradient_is_random_at_the_images_and_rigl_s_after_them():
    mask = np.array([[True, False, False], [False, False, True]])
    gradient = np.array([[9, 1, -5], [2, 3, 9]], dtype=np.float32)
    layer = view(mask, gradient=gradient)
    drawn = Counter(int(ask("hidden_gradient", layer, 1, seed)[0]) for seed in range(1500))
    assert scipy.stats.chisquare([drawn[at] for at in (1, 2, 3, 4)]).pvalue > 1e-3
    assert sum(drawn.values()) == sum(drawn[at] for at in (1, 2, 3, 4))
    deeper = dataclasses.replace(layer, index=1)
    assert ask("hidden_gradient", deeper, 2).tolist() == [2, 4]
    assert ask("hidden_gradient", deeper, 2).tolist() == ask("gradient", deeper, 2).tolist()


@given(mask=masks, data=st.data(), seed=st.integers(0, 2**32))
def test_same_unit_keeps_every_unit_s_number_of_inputs(mask, data, seed):
    free = np.flatnonzero(~mask).tolist()
    dropped = data.draw(st.lists(st.sampled_from(free), unique=True)) if free else []
    new = ask("same_unit", view(mask, dropped=dropped), len(dropped), seed)
    rows = Counter(at // mask.shape[1] for at in new.tolist())
    assert rows == Counter(at // mask.shape[1] for at in dropped)


def test_same_unit_is_uniform_within_a_unit():
    mask = np.array([[True, False, False, False], [False, True, True, True]])
    layer = view(mask, dropped=[1])
    drawn = Counter(int(ask("same_unit", layer, 1, seed)[0]) for seed in range(1500))
    assert set(drawn) == {1, 2, 3}
    assert scipy.stats.chisquare([drawn[at] for at in (1, 2, 3)]).pvalue > 1e-3


def test_same_unit_shares_fewer_by_what_was_lost():
    mask = np.zeros((2, 8), dtype=bool)
    layer = view(mask, dropped=[0, 1, 2, 8])  # three of the first unit, one of the second
    firsts = sum(int(ask("same_unit", layer, 1, seed)[0]) < 8 for seed in range(1000))
    assert scipy.stats.binomtest(firsts, 1000, 0.75).pvalue > 1e-3
    assert Counter((ask("same_unit", layer, 8) // 8).tolist()) == {0: 6, 1: 2}


def test_cosine_golden_cases():
    """(1,2,0,2).(2,1,0,2) / 9, (1,-2,0,2).(2,1,0,-2) / 9, and a silent unit."""
    inputs = np.array([[2, 1, 0, 2], [2, 1, 0, -2], [0, 0, 0, 0]], dtype=np.float32)
    outputs = np.array([[1, 2, 0, 2], [1, -2, 0, 2]], dtype=np.float32)
    layer = view(np.zeros((2, 3), dtype=bool), inputs=inputs, outputs=outputs)
    found = similarity._likeness(layer, 4)(0, 2)
    assert found == pytest.approx(np.array([[8, 0, 0], [4, 4, 0]]) / 9, abs=1e-6)
    for one, other, expected in (
        ((1, 2, 0, 2), (2, 1, 0, 2), 8 / 9),
        ((1, -2, 0, 2), (2, 1, 0, -2), 4 / 9),
        ((0, 0, 0, 0), (2, 1, 0, 2), 0),
    ):
        assert regrowth.cosine(list(one), list(other)) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["cosine", "dissimilar"])
@given(mask=masks, data=st.data())
def test_cosine_and_its_opposite_agree_with_the_reference(name, mask, data):
    small = st.integers(-3, 3).map(float)  # no two cosines of these differ by rounding alone
    inputs = data.draw(hnp.arrays(np.float32, (mask.shape[1], 3), elements=small))
    outputs = data.draw(hnp.arrays(np.float32, (mask.shape[0], 3), elements=small))
    count = data.draw(st.integers(0, int((~mask).sum())))
    new = ask(name, view(mask, inputs=inputs, outputs=outputs), count)
    scores = regrowth.likeness(inputs.tolist(), outputs.tolist())
    sign = 1 if name == "cosine" else -1
    active = {at for at in scores if mask[at]}
    wanted = regrowth.best({at: sign * s for at, s in scores.items()}, active, count)
    reached = sorted(scores[divmod(at, mask.shape[1])] for at in new.tolist())
    # Equal cosines may differ in the last bit; the scores that are reached may not.
    assert reached == pytest.approx(sorted(scores[at] for at in wanted), abs=1e-6)


def test_what_was_just_dropped_is_replaced():
    inputs = np.eye(4, dtype=np.float32)
    outputs = np.array([[4, 3, 2, 1]], dtype=np.float32)
    layer = view(np.zeros((1, 4), dtype=bool), dropped=[0], inputs=inputs, outputs=outputs)
    assert ask("cosine", layer, 2).tolist() == [0, 1]
    seen = {tuple(ask("cosine", layer, 2, seed, dropped="replaced")) for seed in range(50)}
    assert seen == {(1, 2), (1, 3)}
    assert ask("cosine", layer, 4, dropped="replaced").tolist() == [0, 1, 2, 3]


def moment(accuracies):
    return Moment(1, 1, 2, 1, 2, {"val_accuracy": accuracies})


def test_cosine_gives_way_to_random_for_good():
    inputs = np.eye(8, dtype=np.float32)
    outputs = np.arange(8, 0, -1, dtype=np.float32)[None]
    mask = np.zeros((1, 8), dtype=bool)

    def seen(accuracies):
        layer = view(mask, inputs=inputs, outputs=outputs, moment=moment(accuracies))
        drawn = (ask("cosine_then_random", layer, 2, seed, patience=2) for seed in range(20))
        return {tuple(new) for new in drawn}

    assert seen([0.1, 0.2, 0.2]) == {(0, 1)}
    assert len(seen([0.1, 0.2, 0.2, 0.1])) > 5
    assert len(seen([0.1, 0.2, 0.2, 0.1, 0.9])) > 5  # for good


@given(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4])), st.integers(1, 4))
def test_stalled_agrees_with_the_reference(history, patience):
    assert stalled(history, "val_accuracy", patience) == regrowth.stalled(history, patience)
    losses = [-value for value in history]
    assert stalled(losses, "loss", patience) == regrowth.stalled(history, patience)


@pytest.mark.parametrize("name", ALL)
def test_an_update_keeps_counts_and_gives_each_part_what_it_needs(name):
    mask = generator(5).random((20, 30)) < 0.3
    layer = view(mask)
    recipe = resolve("set", {"regrow": {"name": name}})
    count = layer.positions.size
    done = update(
        recipe, [layer], Moment(1, 1, 2, 1, 2, {}), [count], lambda purpose, index: generator(1)
    )
    assert done.layers[0].positions.size == count


def test_samples_are_there_for_those_that_ask():
    layer = LayerView(0, (2, 3), np.array([0]), np.ones(1, "f"), np.ones(1, "f"))
    with pytest.raises(UserError, match=r'RuntimeError: .*needs=\("samples",\)'):
        regrow("cosine", layer, 1, generator(), samples=10)
