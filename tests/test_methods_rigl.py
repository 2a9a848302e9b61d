"""RigL: golden cases worked by hand, and the whole update restated slowly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.methods.layer import LayerView
from suite.methods.moment import Moment
from suite.methods.recipe import resolve
from suite.methods.update import due, update
from tests.reference import methods as reference


def moment(step, steps=1000):
    return Moment(update=step, step=step, steps=steps, epoch=1, epochs=10)


def view(shape, positions, weights, gradient):
    positions = np.array(positions, dtype=np.int64)
    weights = np.array(weights, dtype=np.float32)
    gradient = np.array(gradient, dtype=np.float32).reshape(shape)
    return LayerView(0, shape, positions, weights, 0 * weights, lambda a, b: gradient[a:b])


def streams(purpose, layer):
    return np.random.default_rng(0)


@pytest.mark.parametrize(
    ("step", "share", "count"),
    [(0, 0.3, 300), (100, 0.2926585, 292), (250, 0.2560660, 256), (500, 0.15, 150),
     (750, 0.0439340, 43), (900, 0.0073415, 7), (1000, 0, 0)],
)  # fmt: skip
def test_the_cosine_and_the_counts_that_go(step, share, count):
    recipe = resolve("rigl", {"rate": {"options": {"until": 1.0}}})
    zeta = recipe.rate.part.function(moment(step), **recipe.rate.options)
    assert zeta == pytest.approx(share, abs=1e-7)
    weights = np.arange(1, 1001)
    layer = view((40, 50), np.arange(1000), weights, np.ones(2000))
    keep = recipe.prune.part.function(layer, zeta, **recipe.prune.options)
    assert np.count_nonzero(~keep) == count


def test_two_by_three():
    """(0,1) goes and returns with its weight, as in the authors' code; (0,2) is new, (1,1) goes."""
    recipe = resolve("rigl", {"rate": {"name": "constant", "options": {"zeta": 0.5}}})
    gradient = [0.9, 0.8, 0.4, 0.1, 0.05, 0.7]
    layer = view((2, 3), [0, 1, 4, 5], [0.5, -0.1, 0.2, -0.3], gradient)
    after = update(recipe, [layer], moment(100), [4], streams)
    assert (after.pruned, after.regrown, after.theta, after.zeta) == ([2], [2], 1.0, 0.5)
    assert after.layers[0].positions.tolist() == [0, 1, 2, 5]
    assert after.returned == [1]
    assert after.layers[0].source.tolist() == [0, 1, -1, 3]
    assert after.layers[0].weights.tolist() == [0, 0, 0, 0]
    fill = {"name": "zeros", "options": {"returning": "new"}}
    recipe = resolve("rigl", {"rate": {"name": "constant", "options": {"zeta": 0.5}}, "fill": fill})
    as_in_set = update(recipe, [layer], moment(100), [4], streams).layers[0]
    assert as_in_set.positions.tolist() == [0, 1, 2, 5]
    assert as_in_set.source.tolist() == [0, -1, -1, 3], "(0,1) starts anew, at zero"
    assert as_in_set.weights.tolist() == [0, 0, 0, 0]


def test_updates_are_every_hundred_steps_until_three_quarters():
    recipe = resolve("rigl")
    steps = [s for s in range(1, 1001) if due(recipe, "step", moment(s))]
    assert steps == [100, 200, 300, 400, 500, 600, 700]
    assert not due(recipe, "epoch", moment(100))


def test_no_update_follows_the_last_step():
    recipe = resolve("rigl", {"schedule": {"options": {"until": 1.0}}})
    assert [s for s in range(1, 301) if due(recipe, "step", moment(s, 300))] == [100, 200]


def test_weights_of_exactly_zero_count_like_others():
    recipe = resolve("rigl", {"rate": {"name": "constant"}})
    layer = view((1, 20), range(10), [0] * 5 + [1] * 5, np.ones(20))
    assert update(recipe, [layer], moment(100), [10], streams).pruned == [3]


@given(
    rows=st.integers(1, 6),
    columns=st.integers(1, 6),
    zeta=st.floats(0.01, 0.99),
    data=st.data(),
)
def test_an_update_agrees_with_the_reference(rows, columns, zeta, data):
    size = rows * columns
    few = st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
    gradient = data.draw(st.lists(few, min_size=size, max_size=size))
    mask = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    positions = np.flatnonzero(mask)
    weights = data.draw(st.lists(few, min_size=positions.size, max_size=positions.size))
    recipe = resolve("rigl", {"rate": {"name": "constant", "options": {"zeta": zeta}}})
    layer = view((rows, columns), positions, weights, gradient)
    after = update(recipe, [layer], moment(100), [positions.size], streams).layers[0]
    active = {divmod(int(p), columns): w for p, w in zip(positions, weights, strict=True)}
    slopes = {divmod(p, columns): g for p, g in enumerate(gradient)}
    assert {divmod(int(p), columns) for p in after.positions} == reference.rigl(
        active, slopes, zeta
    )


@pytest.mark.slow
def test_the_gradient_is_never_asked_for_as_a_whole():
    asked = []

    def rows(start, stop):
        asked.append(stop - start)
        return np.random.default_rng(start).standard_normal((stop - start, 1000), np.float32)

    empty = np.empty(0, dtype=np.int64)
    nothing = np.empty(0, dtype=np.float32)
    layer = LayerView(0, (5000, 1000), empty, nothing, nothing, rows)
    top = layer.top_gradient(300)
    assert sum(asked) == 5000
    assert max(asked) * 1000 <= 2**20
    starts = np.cumsum([0, *asked[:-1]])
    whole = np.concatenate(
        [
            np.random.default_rng(s).standard_normal((n, 1000), np.float32)
            for s, n in zip(starts, asked, strict=True)
        ]
    )
    expected = np.sort(np.argsort(-np.abs(whole.ravel()), kind="stable")[:300])
    assert top.tolist() == expected.tolist()


@pytest.mark.parametrize("count", [0, 1, 70, 3000, 5000, 9900])
@pytest.mark.parametrize("distinct", [1, 5, 10**6])
def test_the_largest_of_several_blocks_are_those_of_the_whole(monkeypatch, count, distinct):
    monkeypatch.setattr("suite.methods.layer.BLOCK", 1500)
    rng = np.random.default_rng(count)
    gradient = rng.integers(-distinct, distinct, 10_000) / np.float32(distinct)
    active = np.sort(rng.choice(10_000, 100, replace=False))
    top = view((100, 100), active, active, gradient).top_gradient(count)
    sizes = np.abs(gradient)
    sizes[active] = -1
    assert top.tolist() == sorted(np.argsort(-sizes, kind="stable")[:count].tolist())


def test_a_gradient_that_is_no_number_is_refused():
    layer = view((1, 4), [0], [1], [1, np.nan, np.nan, 1])
    with pytest.raises(ValueError, match="not a number"):
        layer.top_gradient(2)
