"""Methods whose networks shrink: gradual magnitude pruning and GraNet."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.methods.layer import LayerView
from suite.methods.moment import Moment
from suite.methods.recipe import resolve
from suite.methods.update import due, update
from suite.sparse.layers import SparseLayer
from suite.training.handover import DENSITY
from suite.training.state import Training
from tests.reference import shrinking as reference
from tests.test_training import ENGINES, IMAGES, SEED, assert_alike, measures, run, small, train

# Tests of what networks of 0.1.0 cannot show: those that start dense.
CASES = {
    "gmp": {"method": "gmp"},
    "gmp across": {
        "method": "gmp",
        "budget": {"cubic": {"density": 0.2, "across": "network", "end": 0.5}},
    },
    "granet": {"method": "granet", "reset_momentum": False},
    "granet from dense": {"method": "granet", "initial": "dense"},
}
EVERY_TWO = {"schedule": {"every_steps": {"n": 2}}}


def moment(step, steps=100):
    return Moment(update=step, step=step, steps=steps, epoch=1, epochs=2)


def streams(purpose, layer):
    return np.random.default_rng([layer, purpose == "regrown"])


def full(index, shape, weights=None, gradient=None):
    size = shape[0] * shape[1]
    weights = np.arange(1, size + 1) if weights is None else weights
    weights = np.asarray(weights, dtype=np.float32)
    rows = None
    if gradient is not None:
        dense = np.asarray(gradient, dtype=np.float32).reshape(shape)
        rows = lambda start, stop: dense[start:stop]  # noqa: E731
    return LayerView(index, shape, np.arange(size), weights, 0 * weights, rows)


def left(step, steps, density, initial, size=10_000_000, **options):
    """Ask the budget of a network with one layer how many of its connections are left."""
    chosen = {"density": density, "end": 1.0} | options
    recipe = resolve("set", {"budget": {"name": "cubic", "options": chosen}})
    weights = np.ones(initial, dtype=np.float32)
    layer = LayerView(0, (1, size), np.arange(initial), weights, weights)
    part, chosen = recipe.budget.part, recipe.budget.options
    answer = part.function(moment(step, steps), np.array([initial]), [layer], **chosen)
    assert answer.counts.tolist() == [0]
    return (initial - answer.surplus[0]) / size


@pytest.mark.slow
@pytest.mark.parametrize("across", ["layers", "network"])
@pytest.mark.parametrize(
    ("step", "sparsity"), [(25, 0.5203125), (50, 0.7875), (75, 0.8859375), (100, 0.9)]
)
def test_gradual_pruning_follows_the_cubic(step, sparsity, across):
    found = left(step, 100, 0.1, 10_000_000, across=across)
    assert 1 - found == pytest.approx(sparsity, abs=1e-7)
    assert reference.sparsity(step, 0, 100, Fraction(0), Fraction(9, 10)) == Fraction(str(sparsity))


@pytest.mark.parametrize(
    ("step", "sparsity"),
    [(1, 0), (2000, 0), (9000, 0.5665625), (16000, 0.8575), (23000, 0.9646875), (30000, 0.98),
     (120_000, 0.98)],
)  # fmt: skip
def test_the_numbers_of_the_mnist_script_of_rigl(step, sparsity):
    found = left(step, 120_000, 0.02, 1_000_000, 1_000_000, start=1 / 60, end=0.25)
    assert 1 - found == pytest.approx(sparsity, abs=1e-6)


@pytest.mark.parametrize(("step", "sparsity"), [(0, 0.5), (25, 0.7775), (50, 0.92), (75, 0.9725)])
def test_granet_s_target_from_half_dense(step, sparsity):
    found = left(step, 100, 0.02, 5_000_000)
    assert 1 - found == pytest.approx(sparsity, abs=1e-6)


@pytest.mark.parametrize("across", ["layers", "network"])
def test_the_steps_of_cht_s_code_from_six_percent_to_one(across):
    """The density is d + 0.05 at first, d + 0.025 from 45 % of the training on, d from 75 % on."""
    weights = np.random.default_rng(0).standard_normal(600).astype(np.float32)
    layer = LayerView(0, (100, 100), np.arange(600), weights, 0 * weights)
    steps = {"to": [[0.45, 0.035], [0.75, 0.01]], "across": across}
    part = resolve("chts", {"budget": {"name": "stairs", "options": steps}}).budget
    left = {}
    for step in (1, 44, 45, 74, 75, 100):
        moment = Moment(step, step, 100, 1, 2)
        answer = part.part.function(moment, np.array([600]), [layer], **part.options)
        left[step] = 600 - int(answer.surplus[0])
    assert left == {1: 600, 44: 600, 45: 350, 74: 350, 75: 100, 100: 100}


def test_a_density_above_the_initial_one_leaves_everything():
    assert left(100, 100, 0.6, 500, 1000) == 0.5


def shrink(**budget):
    return resolve(
        "gmp", {"budget": {"options": {"density": 0.1, "start": 0.0, "end": 1.0} | budget}}
    )


def test_a_dense_network_shrinks_to_its_target_exactly():
    recipe = shrink()
    after = update(recipe, [full(0, (10, 10)), full(1, (5, 8))], moment(50), [100, 40], streams)
    assert [layer.positions.size for layer in after.layers] == [21, 8]  # 21.25 and 8.5
    assert after.layers[0].positions.tolist() == list(range(79, 100))  # the largest weights
    assert after.regrown == [0, 0]


def test_across_the_network_the_largest_weights_stay():
    layers = [full(0, (2, 5)), full(1, (2, 5), [9.5, -20, 1, 1, 1, 1, 1, 1, 1, -9.5])]
    after = update(shrink(density=0.25, across="network"), layers, moment(100), [10, 10], streams)
    assert [layer.positions.tolist() for layer in after.layers] == [[8, 9], [0, 1, 9]]
    assert after.pruned == [8, 7]


def test_what_goes_first_is_not_exchanged():
    """The surplus of 50 goes, then 0.8 of the 50 that are left goes and returns."""
    budget = {"name": "cubic", "options": {"density": 0.5, "end": 1.0}}
    recipe = resolve("set", {"rate": {"options": {"zeta": 0.8}}, "budget": budget})
    after = update(recipe, [full(0, (10, 10))], moment(100), [100], streams)
    assert (after.pruned, after.regrown) == ([90], [40])
    assert set(range(90, 100)) <= set(after.layers[0].positions.tolist())


def test_pruning_goes_on_until_the_density_is_reached():
    """The last update before the end of the cubic falls short; the next one reaches it."""
    recipe = resolve("gmp", {"budget": {"options": {"end": 0.25}}})
    assert not due(recipe, "step", moment(499, 3001))
    assert due(recipe, "step", moment(500, 3001))
    assert due(recipe, "step", moment(3000, 3001))


def test_what_a_shrinking_budget_took_out_begins_anew_where_it_returns():
    """Five of ten weights go, then two of the five left; the gradient brings back one of each."""
    recipe = resolve(
        "granet",
        {
            "rate": {"name": "constant", "options": {"zeta": 0.4}},
            "budget": {"options": {"density": 0.5, "end": 1.0}},
        },
    )
    gradient = [9, 0, 0, 0, 0, 0, 8, 0, 0, 0]
    after = update(recipe, [full(0, (2, 5), gradient=gradient)], moment(100), [10], streams)
    assert after.layers[0].positions.tolist() == [0, 6, 7, 8, 9]
    assert after.layers[0].source.tolist() == [-1, 6, 7, 8, 9]
    assert after.returned == [2]  # weight 1, which the budget took out, and weight 7


@pytest.mark.parametrize("across", ["layers", "network"])
@pytest.mark.parametrize("prune", ["set", "magnitude"])
def test_weights_of_zero_do_not_take_a_network_below_its_density(prune, across):
    """Both rules take every zero as well; what the density lacks then regrows."""
    budget = {"name": "cubic", "options": {"density": 0.4, "end": 0.5, "across": across}}
    recipe = resolve("set", {"prune": {"name": prune}, "budget": budget})
    weights = np.random.default_rng(1).standard_normal(100)
    weights[::3] = 0
    for step in (50, 60, 70):
        after = update(recipe, [full(0, (10, 10), weights)], moment(step), [100], streams)
        assert after.layers[0].positions.size == 40


few = st.sampled_from([-2.0, -1.0, -0.5, 0.25, 0.5, 1.0, 2.0])


@given(
    shapes=st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=3),
    zeta=st.floats(0.01, 0.99),
    step=st.integers(1, 100),
    density=st.floats(0.01, 1),
    data=st.data(),
)
def test_granet_agrees_with_the_reference(shapes, zeta, step, density, data):
    weights = [data.draw(st.lists(few, min_size=r * c, max_size=r * c)) for r, c in shapes]
    slopes = [data.draw(st.lists(few, min_size=r * c, max_size=r * c)) for r, c in shapes]
    layers = [full(n, *found) for n, found in enumerate(zip(shapes, weights, slopes, strict=True))]
    options = {"density": density, "end": 1.0, "across": "network"}
    recipe = resolve(
        "granet",
        {
            "rate": {"name": "constant", "options": {"zeta": zeta}},
            "budget": {"options": options},
            "prune": {"name": "magnitude", "options": {"zeros": "count"}},
        },
    )
    sizes = [layer.size for layer in layers]
    after = update(recipe, layers, moment(step), sizes, streams)
    passed = reference.sparsity(step, 0, 100, Fraction(0), 1 - Fraction(density))
    count = round(float(1 - passed) * sum(sizes))
    if abs(float(1 - passed) * sum(sizes) % 1 - 0.5) < 1e-9:
        return  # a half may round either way
    expected = reference.granet(
        [{divmod(p, c): w for p, w in enumerate(ws)}
         for ws, (_, c) in zip(weights, shapes, strict=True)],
        [{divmod(p, c): g for p, g in enumerate(gs)}
         for gs, (_, c) in zip(slopes, shapes, strict=True)],
        count,
        zeta,
    )  # fmt: skip
    for layer, (_, columns), active in zip(after.layers, shapes, expected, strict=True):
        assert {divmod(int(p), columns) for p in layer.positions} == active
    assert sum(layer.positions.size for layer in after.layers) == count


def short(case, **given):
    return small(**{"batch_size": 6} | EVERY_TWO | CASES[case] | given)


@pytest.mark.parametrize("case", CASES)
def test_a_network_shrinks_step_by_step_and_ends_at_its_density(case):
    settings = short(case)
    history, trained, _ = run(settings, engine="masked")
    counts = [sum(record["connections"]) for record in history]
    assert counts == sorted(counts, reverse=True)
    density = settings.recipe.budget.options["density"]
    assert counts[-1] == pytest.approx(density * (20 * 14 + 14 * 11), abs=1)
    assert all(np.isfinite(record["train_loss"]) for record in history)
    assert len(trained.degrees["initial"]) == len(trained.degrees["final"]) == 2
    regrown = sum(record["regrown"] for record in history)
    assert (regrown > 0) == ("granet" in case)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_shrinking_run_resumed_anywhere_ends_bit_for_bit_the_same(case, engine):
    settings = short(case)
    expected, whole, kept = run(settings, engine=engine)
    for checkpoint in kept:
        trained = train(settings, SEED, IMAGES, engine=engine, checkpoint=checkpoint)
        assert measures(trained.history) == expected
        assert trained.degrees == whole.degrees


@pytest.mark.slow
@pytest.mark.parametrize("case", ["gmp", "granet from dense"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_sparse_engine_takes_over_what_has_become_sparse(case, optimizer):
    slowly = {"cubic": {"density": 0.05, "end": 0.9}}
    settings = short(case, optimizer=optimizer, reset_momentum=False, budget=slowly)
    training = Training(settings, SEED, IMAGES, engine="sparse")
    masked, _, kept = run(settings, engine="masked")
    layers = []
    for _ in range(settings.epochs):
        training.epoch()
        layers.append(sum(isinstance(layer, SparseLayer) for layer in training.network.layers))
        parameters = {id(p) for group in training.optimizer.param_groups for p in group["params"]}
        assert parameters == {id(p) for p in training.network.parameters()}
    assert (layers[0], layers[-1]) == (0, 2)
    assert_alike(measures(training.history), masked)
    for checkpoint in kept[::3]:
        there = train(settings, SEED, IMAGES, engine="sparse", checkpoint=checkpoint)
        assert_alike(measures(there.history), masked)


@pytest.mark.slow
def test_a_layer_that_was_handed_over_stays_sparse_also_where_a_run_is_resumed():
    """The share by momentum gives the second layer back what takes it above the density."""
    settings = short(
        "granet",
        share="momentum",
        initial={"erk": {"density": 0.6}},
        rate={"constant": {"zeta": 0.5}},
        budget={"cubic": {"density": 0.33, "end": 0.3, "across": "layers"}},
        schedule={"every_steps": {"n": 5}},
        epochs=8,
    )
    expected, _, kept = run(settings, engine="sparse")
    density = [record["connections"][1] / (14 * 11) for record in expected]
    assert any(before < DENSITY <= after for before, after in itertools.pairwise(density))
    for checkpoint in kept:
        there = train(settings, SEED, IMAGES, engine="sparse", checkpoint=checkpoint)
        assert measures(there.history) == expected
