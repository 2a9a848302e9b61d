"""What is decided over all layers at once: budgets, shares, initial counts, shrinking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.methods.apportion import apportion
from suite.methods.initial.random import erk_counts
from suite.methods.layer import LayerView
from suite.methods.moment import Change, Moment
from suite.methods.recipe import contradictions, resolve
from suite.methods.shares import mended, rounded_apart
from suite.methods.update import initial_topology, update
from tests.reference import methods as reference


def moment(step, steps=100, **signals):
    return Moment(update=step, step=step, steps=steps, epoch=1, epochs=2, signals=signals)


def streams(purpose, layer):
    return np.random.default_rng([layer, purpose == "regrown"])


def full(index, shape, momentum=0.0):
    weights = np.arange(1, shape[0] * shape[1] + 1, dtype=np.float32)
    return LayerView(index, shape, np.arange(weights.size), weights, 0 * weights + momentum)


def answer(kind, name, *arguments, **options):
    part = resolve("set", {kind: {"name": name, "options": options}}).answer(kind)
    return part.part.function(*arguments, **part.options)


def shared(momenta, counts, kept, sizes, rule="momentum"):
    layers = []
    for index, (size, left, value) in enumerate(zip(sizes, kept, momenta, strict=True)):
        before = LayerView(index, (1, size), np.arange(left), *[np.full(left, value, "f4")] * 2)
        layers.append(LayerView(index, (1, size), *[before.positions, before.weights] * 1,
                                before.momentum, before=before))  # fmt: skip
    return answer("share", rule, layers, np.array(counts)).tolist()


def test_momentum_shares_out_by_the_mean_and_keeps_the_sum():
    assert shared([0.1, -0.2, 0.1], [4, 3, 3], [10, 10, 10], [99, 99, 99]) == [3, 5, 2]


def test_momentum_spreads_what_a_full_layer_cannot_take():
    assert shared([0.1, 0.2, 0.1], [4, 4, 2], [4, 96, 50], [100, 100, 100]) == [3, 4, 3]


@pytest.mark.parametrize("budget", ["all", "performance"])
def test_a_share_rule_moves_connections_and_adds_none(budget):
    """Also where one layer has grown beyond its initial count at the other's cost."""
    options = {} if budget == "all" else {"metric": "loss"}
    initial, kept = np.array([200, 200]), np.array([250, 50])
    for losses, total in (([2.0, 2.0], 100), ([2.0, 1.0], 100 if budget == "all" else 50)):
        now = moment(5, loss=losses)
        assert answer("budget", budget, now, initial, kept, **options).counts.sum() == total


@pytest.mark.parametrize("options", [{"overshoot": True}, {"break_even": 0.3}])
def test_a_layer_that_may_grow_costs_the_others_nothing(options):
    now = moment(5, loss=[2.0, 1.4])
    found = answer(
        "budget", "performance", now, np.array([200, 200]), np.array([250, 50]), **options
    )
    assert found.counts.tolist() == [0, round(150 * found.theta)]


def test_an_accuracy_never_overshoots():
    """Such cells have one key: a layer that has outgrown its start costs the others alike."""
    now = moment(5, val_accuracy=[0.5])
    initial, kept = np.array([100, 100]), np.array([110, 60])
    answers = [
        answer("budget", "performance", now, initial, kept, metric="val_accuracy", overshoot=over)
        for over in (False, True)
    ]
    assert [found.counts.tolist() for found in answers] == [[0, 15], [0, 15]]


@pytest.mark.parametrize(("at", "due"), [(0.0, 1), (0.5, 5), (0.95, 9), (0.999, 9)])
def test_once_is_once(at, due):
    steps = [n for n in range(1, 11) if answer("schedule", "once", moment(n, steps=10), at=at)]
    assert steps == [due]


def test_without_momentum_each_layer_keeps_its_own():
    assert shared([0, 0], [7, 2], [5, 5], [50, 50]) == [7, 2]


def test_snfs_rounds_up_and_its_next_update_grows_less():
    """2.5, 5, 2.5 become 3, 5, 3: one too many, so that 1.75 fewer return next time."""
    assert rounded_apart(10, [0.1, 0.2, 0.1], [99, 99, 99]).tolist() == [3, 5, 3]
    assert mended([Change((4, 3, 3), (3, 5, 3), (0, 0, 0))]) == -1.75


def test_snfs_spreads_what_is_above_0_99_of_a_layer_s_room():
    """Shares 3, 5, 3; the second layer takes 3.96 of its room of 4, the others 3.52 each."""
    assert rounded_apart(10, [0.1, 0.2, 0.1], [95, 4, 49]).tolist() == [3, 3, 3]
    assert rounded_apart(10, [1, 0], [2, 0]).tolist() == [1, 0]  # no room at all is no error


def drift_in_the_code(differences):
    """The authors' lines, with what the network lacks after each update."""
    adjusted, adjustments = 0.0, []
    for lacking in differences:
        adjustments.append(lacking)
        adjusted = 0.25 * adjusted + 0.75 * lacking + sum(adjustments) / len(adjustments)
    return adjusted


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=8))
def test_what_snfs_mends_is_what_its_code_mends(updates):
    changes = [Change((pruned, 0), (0, regrown), (0, 0)) for pruned, regrown in updates]
    lacking = np.cumsum([pruned - regrown for pruned, regrown in updates]).tolist()
    assert mended(changes) == pytest.approx(drift_in_the_code(lacking))


def test_shares_that_drift_fit_no_budget_that_regrows_less():
    for budget in ("nothing", "performance", "cubic"):
        recipe = resolve("snfs_window", {"budget": {"name": budget}})
        ((kind, sentence),) = contradictions(recipe)
        assert kind == "share" and f'whatever the budget "{budget}" says' in sentence
        exact = {"share": {"options": {"total": "kept"}}}
        assert contradictions(resolve("snfs_window", {"budget": {"name": budget}, **exact})) == []


def test_snfs_stays_near_its_first_total():
    recipe = resolve("snfs_gradient", {"regrow": {"name": "random"}})
    rng = np.random.default_rng(0)
    layers = [full(0, (4, 10), 0.3), full(1, (10, 9), 0.7), full(2, (3, 10), 0.2)]
    layers = [LayerView(x.index, (x.shape[0] * 5, x.shape[1]), x.positions, x.weights, x.momentum)
              for x in layers]  # fmt: skip
    changes, totals = [], []
    for number in range(1, 9):
        at = Moment(number, number, 10, number, 10, changes=changes)
        after = update(recipe, layers, at, [40, 90, 30], lambda *_: rng)
        changes.append(after.change)
        totals.append(sum(layer.positions.size for layer in after.layers))
        layers = [
            LayerView(x.index, x.shape, y.positions, *[rng.random(y.positions.size, "f4")] * 2)
            for x, y in zip(layers, after.layers, strict=True)
        ]
    assert totals[0] in (161, 162)  # 160, and each of three parts rounded up
    assert np.abs(np.array(totals) - 160).max() <= 3


def test_momentum_is_that_of_all_weights_before_pruning():
    recipe = resolve(
        "snfs_gradient",
        {
            "regrow": {"name": "random"},
            "prune": {"options": {"rounding": "floor"}},
            "share": {"options": {"total": "kept"}},
        },
    )
    layers = []
    for index, momentum in enumerate(([1, 1, 1, 1], [28, 0, 0, 0])):
        weights = np.array([1, 2, 3, 4], dtype=np.float32)
        layers.append(
            LayerView(index, (2, 20), np.arange(4), weights, np.array(momentum, np.float32))
        )
    after = update(recipe, layers, moment(1, 1_000_000), [4, 4], streams)
    assert after.pruned == [1, 1]  # floor(0.49.. * 4)
    assert after.regrown == [0, 2]  # of means 1 and 7, though the 28 has gone


def test_dsr_s_shares():
    assert shared([0] * 3, [50, 25, 25], [100, 300, 600], [9999] * 3, "remaining") == [10, 30, 60]


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30)), min_size=1, max_size=6), st.data()
)
def test_apportion_keeps_sum_and_room(layers, data):
    weights, room = zip(*layers, strict=True)
    if not any(weights):
        return
    total = data.draw(st.integers(0, sum(room)))
    counts = apportion(total, weights, room)
    assert counts.sum() == total
    assert (counts >= 0).all()
    assert (counts <= room).all()
    ideal = reference.spread(total, list(weights), list(room))
    assert counts == pytest.approx(ideal, abs=1.0001)


@pytest.mark.parametrize(
    ("sparsity", "counts"),
    [(0.9, [18714.3, 6905.7, 1000]), (0.95, [9051.5, 3340.0, 918.5]),
     (0.98, [3620.6, 1336.0, 367.4]), (0.99, [1810.3, 668.0, 183.7])],
)  # fmt: skip
def test_erk_on_lenet(sparsity, counts):
    shapes = [(300, 784), (100, 300), (10, 100)]
    found = erk_counts(shapes, 1 - sparsity)
    assert found == pytest.approx(counts, abs=1)
    assert found.sum() == round((1 - sparsity) * 266_200)


def test_erk_makes_a_layer_dense_that_would_overflow():
    found = erk_counts([(4000, 3072), (1000, 4000), (4000, 1000), (10, 4000)], 0.02)
    assert found == pytest.approx([151845.8, 107357.1, 107357.1, 40000], abs=1)
    assert erk_counts([(1024, 3072), (512, 1024), (10, 512)], 0.05).tolist() == pytest.approx(
        [129918.5, 48719.5, 5120], abs=1
    )
    assert erk_counts([(3, 4), (5, 3)], 1.0).tolist() == [12, 15]


def test_erk_without_a_full_layer_is_what_set_expects():
    """The paper's hidden layers at the density that epsilon 20 gives them."""
    shapes = [(4000, 3072), (1000, 4000), (4000, 1000)]
    sides, sizes = [sum(shape) for shape in shapes], [n * m for n, m in shapes]
    found = erk_counts(shapes, 20 * sum(sides) / sum(sizes))
    assert found.tolist() == [20 * side for side in sides]


@pytest.mark.parametrize("name", ["uniform", "erk"])
@given(density=st.floats(0.001, 1), seed=st.integers(0, 1000))
def test_exact_densities(name, density, seed):
    shapes = [(7, 9), (4, 7), (3, 4)]
    recipe = resolve("set", {"initial": {"name": name, "options": {"density": density}}})
    rngs = [np.random.default_rng([seed, layer]) for layer in range(3)]
    found = initial_topology(recipe, shapes, rngs)
    sizes = [rows * columns for rows, columns in shapes]
    if name == "uniform":
        assert [p.size for p in found] == [round(density * size) for size in sizes]
    assert sum(p.size for p in found) == pytest.approx(density * sum(sizes), abs=1.6)


def pruned(rule, weights, gradient, zeta, **options):
    weights, gradient = np.array(weights, "f4"), np.array(gradient, "f4")[None]
    layer = LayerView(0, gradient.shape, np.arange(weights.size), weights, 0 * weights,
                      lambda a, b: gradient[a:b])  # fmt: skip
    return answer("prune", rule, layer, zeta, **options).tolist()


def test_mest_adds_weight_and_gradient():
    """Scores .7, .65, .9 with a factor of 1; .2, .6, .1 without the gradient."""
    weights, gradient = [0.2, 0.6, -0.1], [0.5, -0.05, 0.8]
    assert pruned("mest", weights, gradient, 0.4, factor=1.0) == [True, False, True]
    assert pruned("mest", weights, gradient, 0.4, factor=0.0) == [True, True, False]


def test_sensitivity_multiplies_weight_and_gradient():
    assert pruned("sensitivity", [0.2, 0.6, -0.1], [0.5, -0.05, 0.8], 0.4) == [True, False, True]


def test_the_gradient_of_the_active_weights_alone():
    gradient = np.arange(12, dtype=np.float32).reshape(3, 4)
    layer = LayerView(0, (3, 4), np.array([1, 4, 11]), *[np.ones(3, np.float32)] * 2,
                      lambda a, b: gradient[a:b])  # fmt: skip
    assert layer.active_gradient().tolist() == [1, 4, 11]
