"""Learnt noise: hard concrete gates (L0) and sparse variational dropout."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from suite.settings import Settings
from suite.sparse.activations import Hidden, make_activation
from suite.sparse.noisy import Gates, VariationalLayer, divergence, log_alpha
from suite.study.runs import Run
from suite.training.noise import penalty_weight
from suite.training.state import Training
from tests.reference import noise as reference
from tests.test_training import ENGINES, IMAGES, SEED, measures, run, small, train

CASES = {
    "l0": {"method": "l0"},
    "l0, strong": {"method": "l0", "noise": {"kind": "hard_concrete", "strength": 30.0}},
    "variational": {"method": "variational_dropout"},
    "variational, soon": {
        "method": "variational_dropout",
        "noise": {"kind": "variational", "starts": 1, "rises": 2, "first_log_variance": -4.0},
    },
    "dropout as well": {"method": "l0", "dropout": 0.2, "activation": "srelu"},
}
ADAM = {"optimizer": "adam", "learning_rate": 0.01, "reset_momentum": False}


def gates(log_alphas, temperature=2 / 3):
    return Gates(np.array(log_alphas, dtype=np.float32), temperature)


# ---------------------------------------------------------------- golden cases


@pytest.mark.parametrize(
    ("log_alpha", "chance", "fixed"),
    [(0, 0.831822, 0.5), (-2, 0.400975, 0.043043), (1.386294, 0.951887, 0.86), (-2.5, 0.288762, 0)],
)
def test_a_gate_s_chance_and_its_value_in_a_test(log_alpha, chance, fixed):
    gate = gates([log_alpha])
    assert gate.chances().item() == pytest.approx(chance, abs=1e-6)
    assert gate.fixed().item() == pytest.approx(fixed, abs=1e-6)
    assert reference.chance(log_alpha, 2 / 3) == pytest.approx(chance, abs=1e-6)


def test_a_gate_is_shut_up_to_a_log_alpha():
    assert gates([-2.3980, -2.3978]).open().tolist() == [1]


@pytest.mark.parametrize(
    ("value", "expected"), [(-8, 4.6359), (0, 0.431239), (3, 0.025420), (8, 0.000168)]
)
def test_the_divergence_of_a_weight(value, expected):
    assert divergence(torch.tensor(float(value))).item() == pytest.approx(expected, abs=1e-4)
    assert reference.divergence(value) == pytest.approx(expected, abs=1e-4)


def test_the_log_alpha_of_a_weight():
    found = log_alpha(torch.tensor(0.01), torch.tensor(-10.0))
    assert found.item() == pytest.approx(-0.78966, abs=1e-5)
    assert divergence(found).item() == pytest.approx(0.793081, abs=1e-5)


# ---------------------------------------------------------------- restated


@given(st.lists(st.floats(-4.6, 4.6), min_size=1, max_size=8), st.floats(0.1, 2), st.integers(0, 9))
def test_gates_agree_with_the_reference(log_alphas, temperature, seed):
    found = gates(log_alphas, temperature)
    uniform = np.random.default_rng(seed).random(len(log_alphas), dtype=np.float32)
    drawn = found.drawn(np.random.default_rng(seed)).tolist()
    expected = [
        reference.gate(a, float(min(max(u, 1e-6), 1 - 1e-6)), temperature)
        for a, u in zip(log_alphas, uniform, strict=True)
    ]
    assert drawn == pytest.approx(expected, abs=1e-4)
    assert found.fixed().tolist() == pytest.approx(
        [reference.gate(a, None, temperature) for a in log_alphas], abs=1e-5
    )
    assert found.chances().tolist() == pytest.approx(
        [reference.chance(a, temperature) for a in log_alphas], abs=1e-5
    )
    assert all(0 <= value <= 1 for value in drawn)


def variational(weights, log_variances, clips=False):
    weights = np.array(weights, dtype=np.float32)
    units = make_activation("relu", Hidden(0, len(weights), 0.0, np.random.default_rng(0)))
    layer = VariationalLayer(weights.shape, weights, units, -10.0, 3.0, clips)
    layer.log_variance.data = torch.tensor(log_variances, dtype=torch.float32)
    return layer


def test_a_variational_layer_agrees_with_the_reference():
    weights = [[0.5, -1.0, 0.001], [0.2, 0.0, -0.7]]
    log_variances = [[-3.0, -1.0, -2.0], [-10.0, -9.0, -2.5]]
    layer = variational(weights, log_variances)
    x = [[1.0, -2.0, 0.5], [0.3, 0.1, 2.0]]
    layer.rng = np.random.default_rng(3)
    drawn = np.random.default_rng(3).standard_normal((2, 2), dtype=np.float32)
    found = layer.train()(torch.tensor(x).T)
    for unit in range(2):
        for image in range(2):
            z = reference.noisy_unit(
                weights[unit], log_variances[unit], 0.0, x[image], float(drawn[unit, image])
            )
            assert found[unit, image].item() == pytest.approx(max(z, 0.0), abs=1e-5)
    expected = sum(
        reference.divergence(reference.log_alpha(w, v))
        for row, variances in zip(weights, log_variances, strict=True)
        for w, v in zip(row, variances, strict=True)
    )
    assert layer.penalty().item() == pytest.approx(expected, rel=1e-4)
    layer.penalty().backward()
    assert torch.isfinite(layer.weight.grad).all(), "of a weight of zero too"


def test_a_weight_that_is_mostly_noise_is_zero_in_an_evaluation():
    layer = variational([[0.5, 0.001], [0.0, 2.0]], [[-3.0, -3.0], [-3.0, -3.0]]).eval()
    assert layer.positions.tolist() == [0, 3]
    assert layer.connections == 2
    found = layer(torch.tensor([[1.0], [1000.0]]))
    assert found.flatten().tolist() == [0.5, 2000.0]


class Still:
    """Draws nothing but zeros."""

    def standard_normal(self, shape, dtype):
        return np.zeros(shape, dtype)


def test_as_in_the_authors_code_such_a_weight_may_be_zero_in_training_too():
    layer = variational([[0.5, 0.001]], [[-20.0, 2.0]], clips=True)
    kept = variational([[0.5]], [[-20.0]])
    assert layer.penalty().item() == pytest.approx(kept.penalty().item())
    layer.rng = Still()
    assert layer.train()(torch.tensor([[1.0], [1000.0]])).item() == 0.5
    layer.penalty().backward()
    assert layer.log_variance.grad[0, 1] == 0, "nothing draws it back"


def test_the_penalty_of_variational_dropout_rises_with_the_epochs():
    noise = Settings(method="variational_dropout").noise
    weights = [penalty_weight(noise, epoch, 100) for epoch in (1, 6, 7, 13, 21, 200)]
    assert weights == pytest.approx([0, 0, 1 / 1500, 7 / 1500, 0.01, 0.01])
    assert penalty_weight(Settings(method="l0").noise, 1, 100) == 0.01


# ---------------------------------------------------------------- in a run


def noisy(case, **given):
    return small(**ADAM | CASES[case] | given)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("engine", ENGINES)
def test_a_noisy_run_resumed_anywhere_ends_bit_for_bit_the_same(case, engine):
    settings = noisy(case)
    expected, whole, kept = run(settings, engine=engine)
    for checkpoint in kept[::2]:
        trained = train(settings, SEED, IMAGES, engine=engine, checkpoint=checkpoint)
        assert measures(trained.history) == expected
        assert trained.degrees == whole.degrees


def test_gates_shut_under_a_strong_penalty_and_count_in_the_record():
    history, trained, _ = run(noisy("l0, strong", epochs=40))
    counts = [sum(record["connections"]) for record in history]
    assert counts[0] == 20 * 14 + 14 * 11
    assert counts[-1] < 0.6 * counts[0]
    assert all(np.isfinite(record["train_loss"]) for record in history)
    assert len(trained.degrees["initial"]) == len(trained.degrees["final"]) == 2


def test_open_units_make_the_architecture():
    """784-300-100 becomes a-b-c: a connection has an open unit at both ends."""
    training = Training(noisy("l0"), SEED, IMAGES)
    first, second = training.network.layers
    with torch.no_grad():
        first.entering.log_alpha[:15] = -4
        second.entering.log_alpha[:10] = -4
        second.leaving.log_alpha[:6] = -4
    assert (first.connections, second.connections) == (5 * 4, 4 * 5)
    assert first.positions.tolist() == [
        row * 20 + column for row in range(10, 14) for column in range(15, 20)
    ]


def test_an_evaluation_draws_nothing():
    for case in ("l0", "variational"):
        training = Training(noisy(case), SEED, IMAGES)
        assert training.evaluate() == training.evaluate()


def test_training_without_a_generator_is_refused():
    for case in ("l0", "variational"):
        training = Training(noisy(case), SEED, IMAGES)
        training.network.train()
        with pytest.raises(RuntimeError, match="generator"):
            training.network(torch.zeros(20, 3))


def test_noise_leaves_the_weights_the_data_and_other_streams_as_they_are():
    """A dense run and a noisy one of one seed are paired."""
    plain = Training(small(**ADAM, method="dense"), SEED, IMAGES)
    for case in ("l0", "variational"):
        training = Training(noisy(case), SEED, IMAGES)
        for one, other in zip(plain.network.layers, training.network.layers, strict=True):
            assert torch.equal(one.weight, other.weight)
        assert plain.order(3)[0].tolist() == training.order(3)[0].tolist()


def test_each_epoch_and_layer_has_noise_of_its_own():
    training = Training(noisy("variational"), SEED, IMAGES)
    drawn = []
    for epoch in (1, 2, 1):
        training.draw_noise(epoch)
        drawn.append([layer.rng.standard_normal() for layer in training.network.noisy])
    assert drawn[0] == drawn[2]
    assert len({*drawn[0], *drawn[1]}) == 4


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("case", ["l0", "variational"])
def test_weights_decay_and_what_noise_learns_of_itself_does_not(case, optimizer):
    given = {"optimizer": optimizer, "learning_rate": 0.1, "weight_decay": 0.5}
    training = Training(noisy(case, **given), SEED, IMAGES)
    before = {name: p.detach().clone() for name, p in training.network.named_parameters()}
    for parameter in training.network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    training.optimizer.step()
    stays = {n for n, p in training.network.named_parameters() if torch.equal(p, before[n])}
    own = {name for name in before if name.endswith(("log_alpha", "log_variance"))}
    assert own and own <= stays
    assert not [name for name in stays - own if before[name].any()]


# ---------------------------------------------------------------- settings


def key(**given):
    return Run("", Settings(**given), 1, "f").key


def test_a_method_brings_its_noise():
    assert key(method="l0") == key(method="dense", dropout=0.0, noise={"kind": "hard_concrete"})
    assert key(method="l0") != key(method="dense", dropout=0.0)
    strong = {"kind": "hard_concrete", "strength": 1.0}
    assert key(method="l0", noise=strong) != key(method="l0")


def test_defaults_of_the_noise_stay_out_of_the_key():
    assert Settings(method="l0").deciding()["noise"] == {"kind": "hard_concrete"}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"method": "set", "noise": {"kind": "variational"}}, "needs a dense network"),
        ({"method": "gmp", "noise": {"kind": "variational"}}, "needs a dense network"),
        ({"method": "l0", "noise": {"kind": "gaussian"}}, "hard_concrete"),
        ({"method": "l0", "noise": {"kind": "hard_concrete", "threshold": 3}}, "threshold"),
    ],
)
def test_noise_that_does_not_fit_is_refused(wrong, words):
    with pytest.raises(ValidationError, match=words):
        Settings(**wrong)
