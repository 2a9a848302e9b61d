"""The field's sparse methods: golden cases worked by hand, and what holds of every update."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.methods import library
from suite.methods.explored import Explored
from suite.methods.initial.random import erk_counts, uniform_counts
from suite.methods.layer import LayerView
from suite.methods.moment import Change, Moment
from suite.methods.prune.drawn import importance
from suite.methods.recipe import contradictions, resolve
from suite.methods.regrow.sampled import probabilities
from suite.methods.update import due, update
from suite.methods.window import Window

LENET = [(300, 784), (100, 300), (10, 100)]


def streams(purpose, layer):
    return np.random.default_rng([layer, len(purpose)])


def moment(step=100, steps=1000, changes=()):
    return Moment(step, step, steps, 1, 10, changes=changes)


def view(index, shape, positions, weights, inputs=None, errors=None, momentum=None):
    weights = np.asarray(weights, dtype=np.float32)
    rows = batch = None
    if inputs is not None:
        batch = (np.asarray(inputs, np.float32), np.asarray(errors, np.float32))

        def rows(start, stop):
            return batch[1][start:stop] @ batch[0].T

    momentum = 0 * weights if momentum is None else np.asarray(momentum, np.float32)
    positions = np.asarray(positions, dtype=np.int64)
    return LayerView(
        *(index, shape, positions, weights, momentum),
        gradient_from=rows,
        batch_from=None if batch is None else lambda: batch,
    )


def ask(kind, name, *arguments, **options):
    part = library.get(kind, name)
    return part.function(*arguments, **part.check(options))


# ---------------------------------------------------------------- initial counts


def test_erk_rounds_to_the_nearest_or_each_layer_by_itself():
    nearest, floor = (erk_counts(LENET, 0.02, zeros) for zeros in ("nearest", "floor"))
    assert nearest.tolist() == pytest.approx([3620.6, 1336.0, 367.4], abs=1)
    assert (floor - nearest >= 0).all() and (floor - nearest <= 1).all()


@pytest.mark.parametrize(("density", "counts"), [(0.018, [44390]), (0.05, [129919, 48720])])
def test_erk_rounded_down_has_the_counts_of_rigl_s_code(density, counts):
    """Its total is that of uniform densities rounded down, layer by layer."""
    found = erk_counts([(1024, 3072), (512, 1024), (10, 512)], density, "floor")
    assert found[: len(counts)].tolist() == counts


def test_the_counts_of_the_mnist_script_of_rigl():
    shapes = LENET[:2]
    assert uniform_counts(shapes, 0.02, "floor", 0.9) == [4704, 3540]
    assert uniform_counts(shapes, 0.01, "floor", 0.9) == [2352, 3270]


# ---------------------------------------------------------------- rates and prune rules


@pytest.mark.parametrize(
    ("pruned", "threshold"), [(700, 5e-4), (500, 2e-3), (540, 1e-3), (600, 1e-3), (660, 1e-3)]
)
def test_the_threshold_of_dsr_adapts(pruned, threshold):
    changes = [Change((pruned - 100, 100), (0, 0), (0, 0))]
    assert ask("rate", "adaptive_threshold", moment(changes=changes)) == pytest.approx(threshold)


def test_the_interval_of_dsr_doubles():
    """100 steps, and 200, 400 and 800 from epochs 25, 80 and 140 of 200, until epoch 190."""
    at = [n for n in range(1, 4001) if due(resolve("dsr"), "step", moment(n, 4000))]
    expected = [*range(100, 500, 100), *range(600, 1600, 200), *range(1600, 2800, 400), 3200]
    assert at == expected


def test_an_adaptive_threshold_needs_the_rule_that_reads_it():
    found = contradictions(resolve("dsr", {"prune": {"name": "magnitude"}}))
    assert [kind for kind, _ in found] == ["rate"]


@pytest.mark.parametrize(
    ("progress", "zeta"),
    [(0, 0.5), (0.01, 0.4998779), (0.1, 0.4878865), (0.25, 0.4275089), (0.5, 0.2525),
     (0.75, 0.0774911), (0.99, 0.0051221), (1, 0.005)],
)  # fmt: skip
@pytest.mark.parametrize("method", ["set_itop", "rigl_itop", "snfs_gradient", "snfs_window"])
def test_the_cosine_of_snfs_and_itop(method, progress, zeta):
    rate = resolve(method).rate
    found = rate.part.function(moment(round(1000 * progress)), **rate.options)
    assert found == pytest.approx(zeta, abs=1e-7)


@pytest.mark.parametrize(("step", "zeta"), [(0, 0.3), (200, 0.3), (400, 0.0888889), (800, 0)])
def test_an_inverse_power_falls_from_its_begin_to_its_end(step, zeta):
    """0.3 (1 - (t - 200) / (800 - 200)) ** 3; at 400 two thirds are left, of which 8/27 counts."""
    found = ask("rate", "inverse_power", moment(step), begin=0.2, until=0.8)
    assert found == pytest.approx(zeta, abs=1e-7)


def test_relative_importance():
    layer = view(0, (2, 2), [0, 1, 3], [1, 2, 3])
    assert importance(layer) == pytest.approx([1.3333, 1.0667, 1.6], abs=1e-3)


def test_relative_importance_is_that_of_the_dense_matrix():
    """As in the authors' code, where a dead weight that is alone in its row goes first."""
    weights = np.array([[0.5, 0.2, 0.3, 0], [0.4, 0.6, 0.1, 0], [0, 0, 0, 0]])
    positions = [0, 1, 2, 4, 5, 6, 11]
    sizes = weights + 1e-5
    expected = weights / sizes.sum(axis=0) + weights / sizes.sum(axis=1)[:, None]
    layer = view(0, (3, 4), positions, weights.flat[positions])
    assert importance(layer) == pytest.approx(expected.flat[positions])
    assert np.flatnonzero(~ask("prune", "relative_importance", layer, 0.2)).tolist() == [6]


def test_scores_of_weight_and_gradient():
    """Gradients .1, .4, .8; |w| + |g| .7, .6, 1; |w g| .06, .08, .16; |g|/|w| 1/6, 2, 4."""
    layer = view(0, (1, 3), [0, 1, 2], [0.6, 0.2, -0.2], np.eye(3), [[0.1, -0.4, 0.8]])
    for rule, gone in (("mest", 1), ("sensitivity", 0), ("gradient_over_weight", 0)):
        assert np.flatnonzero(~ask("prune", rule, layer, 0.34)).tolist() == [gone], rule
    assert np.flatnonzero(~ask("prune", "weight_over_gradient", layer, 0.34)).tolist() == [2]


@pytest.mark.parametrize(("rounding", "gone"), [("floor", [2, 0]), ("ceil", [3, 1])])
def test_counts_are_rounded_down_or_up(rounding, gone):
    """Of ten a quarter is 2.5; of nine above zero and one below it, 2.25 and 0.25."""
    weights = np.array([*range(1, 10), -10])
    layer = replace(view(0, (1, 10), range(10), weights), rng=np.random.default_rng(0))
    for rule in library.names("prune"):
        options = library.get("prune", rule).options
        if "rounding" not in options or "gradient" in library.get("prune", rule).needs:
            continue
        whole = library.get("prune", rule).scope == "network"
        keep = ask("prune", rule, [layer] if whole else layer, 0.25, rounding=rounding)
        lost = np.flatnonzero(~np.asarray(keep).ravel())
        assert lost.size == (sum(gone) if rule == "set" else gone[0]), rule
    signs = weights[~ask("prune", "set", layer, 0.25, rounding=rounding)] > 0
    assert [np.count_nonzero(signs), np.count_nonzero(~signs)] == gone


def test_every_rule_that_prunes_a_share_says_how_it_is_rounded():
    parts = {name: library.get("prune", name) for name in library.names("prune")}
    assert {name for name, part in parts.items() if "rounding" not in part.options} == {"threshold"}


def test_a_soft_draw_follows_the_weights():
    layer = view(0, (1, 1000), range(1000), np.repeat([0.1, 1.0], 500))
    layer = LayerView(**{**vars(layer), "rng": np.random.default_rng(0)})
    keep = ask("prune", "soft", layer, 0.3)
    assert np.count_nonzero(~keep) == 300
    assert np.count_nonzero(~keep[:500]) > 250


@pytest.mark.parametrize(("step", "power"), [(0, 1), (500, 2), (1000, 3)])
def test_the_power_of_a_soft_draw_grows_from_one_to_three(step, power):
    weights = np.random.default_rng(1).random(50) + 0.01
    layer = view(0, (1, 50), range(50), weights)
    layer = replace(layer, rng=np.random.default_rng(7), moment=moment(step))
    keys = power * np.log(layer.weights.astype(float)) + np.random.default_rng(7).gumbel(size=50)
    assert set(np.flatnonzero(ask("prune", "soft", layer, 0.3))) == set(np.argsort(-keys)[:35])


def test_global_magnitude_looks_over_all_layers():
    layers = [view(0, (1, 3), range(3), [1, 2, 3]), view(1, (1, 3), range(3), [4, 0.5, 6])]
    keep = ask("prune", "global_magnitude", layers, 0.5)
    assert [mask.tolist() for mask in keep] == [[False, False, True], [True, False, True]]


@pytest.mark.parametrize(("momentum", "gone"), [(3, [2, 5]), (1, [9, 5])])
def test_a_nearly_full_layer_that_is_to_grow_loses_no_more_than_it_has_room(momentum, gone):
    """Of 18 connections in 20 positions a tenth goes, 1.8, where half of the others' go."""
    layers = [
        view(0, (2, 10), range(18), np.arange(1, 19), momentum=[momentum] * 18),
        view(1, (2, 10), range(10), np.arange(1, 11), momentum=[2] * 10),
    ]
    keep = ask("prune", "sparing_magnitude", layers, 0.5, rounding="ceil")
    assert [np.count_nonzero(~mask) for mask in keep] == gone


# ---------------------------------------------------------------- redistribution


def test_dsr_returns_in_proportion_to_what_is_left():
    layers = [view(i, (1, 10_000), range(n), np.ones(n)) for i, n in enumerate((100, 300, 600))]
    assert ask("share", "remaining", layers, np.array([100, 0, 0])).tolist() == [10, 30, 60]


def test_snfs_returns_in_proportion_to_momentum_and_keeps_the_total():
    layers = [view(i, (1, 100), [0], [1], momentum=[m]) for i, m in enumerate((0.1, 0.2, 0.1))]
    counts = ask("share", "momentum", layers, np.array([4, 3, 3]))
    assert counts.sum() == 10
    assert np.abs(counts - [2.5, 5, 2.5]).max() <= 0.5


def test_a_network_does_not_grow_where_a_share_rule_favours_a_layer():
    counts = ask("budget", "all", moment(), np.array([100, 100]), np.array([126, 14])).counts
    assert counts.tolist() == [0, 60]


# ---------------------------------------------------------------- regrowth


def test_grabo_draws_units_by_their_sums():
    outputs, inputs = probabilities(
        np.array([[1.0], [-3.0]]), np.array([[2.0], [1.0], [-1.0]]), "bound", None
    )
    expected = [[0.125, 0.375], [0.0625, 0.1875], [0.0625, 0.1875]]
    assert np.outer(outputs, inputs) == pytest.approx(np.array(expected))


@pytest.mark.parametrize("by", ["uniform", "bound", "estimate"])
def test_gse_grows_nothing_that_was_active_and_the_largest_of_its_candidates(by):
    rng = np.random.default_rng(1)
    inputs, errors = rng.standard_normal((30, 8)), rng.standard_normal((20, 8))
    positions = np.sort(rng.choice(600, 60, replace=False))
    layer = view(0, (20, 30), positions, rng.standard_normal(60), inputs, errors)
    recipe = resolve(
        "gse",
        {"rate": {"name": "constant"}, "regrow": {"name": "sampled", "options": {"by": by}}},
    )
    after = update(recipe, [layer], moment(), [60], streams)
    new = after.layers[0].positions[after.layers[0].source < 0]
    assert (after.pruned, after.regrown, after.returned) == ([18], [18], [0])
    assert not np.isin(new, positions).any()
    gradient = np.abs(errors @ inputs.T).ravel()
    assert gradient[new].mean() > gradient.mean()


def test_just_pruned_connections_wait_unless_there_is_nothing_else():
    weights = np.arange(1, 11)
    layer = view(0, (1, 12), range(10), weights)
    waits = {"name": "random", "options": {"just_pruned": "wait"}}
    parts = {"prune": {"name": "magnitude"}, "rate": {"name": "constant"}, "regrow": waits}
    recipe = resolve("set", parts)
    after = update(recipe, [layer], moment(), [10], streams)
    assert (after.regrown, after.returned) == ([3], [1])
    assert {10, 11} <= set(after.layers[0].positions.tolist())


def test_a_uniform_fill_is_as_wide_as_its_fan_in():
    layer = view(0, (2, 24), [0], [1])
    values = ask("fill", "uniform", layer, np.arange(48), np.random.default_rng(0))
    assert 0.4 < np.abs(values).max() <= math.sqrt(6 / 24)


def test_a_window_weighs_its_batches():
    assert Window(3, decay=0.5).shares(3) == pytest.approx([1 / 7, 2 / 7, 4 / 7])
    assert Window(3, decay=0.5).shares(2) == pytest.approx([1 / 3, 2 / 3])  # two since an update
    assert resolve("snfs_window").window == Window(10, "steps", 0.9)
    assert resolve("gse").window == Window(1, "fresh")


@given(st.lists(st.sets(st.integers(0, 39)), max_size=5))
def test_explored_counts_every_position_once(sets):
    explored, size = Explored(1280), 1280
    for number, positions in enumerate(sets, 1):
        explored.add(np.array(sorted(positions), dtype=np.int64))
        count = len(set().union(*sets[:number]))
        assert explored.count == count
        assert explored.marked.nbytes == min(8 * count, size // 8), "the smaller form"
        explored = Explored(size, explored.marked.copy())  # as from a checkpoint


def test_bits_of_an_earlier_checkpoint_go_on_however_few_are_set():
    """A position had a bit of its own from the start until they were kept in a sorted array."""
    bits = np.zeros(160, dtype=np.uint8)
    bits[[0, 159]] = 1, 128  # positions 0 and 1279
    explored = Explored(1280, bits)
    assert explored.count == 2
    explored.add(np.array([0, 7, 1279]))
    assert explored.count == 3 and explored.marked.dtype == np.uint8
