"""Parts within a training: alike on both engines, and a resumed run ends bit for bit the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from suite import Budgeted, part
from suite.datasets.batches import Batches
from suite.datasets.splits import split
from suite.training.checkpoint import epochs_behind
from suite.training.optimizers import at_once
from suite.training.samples import activations
from suite.training.state import Training
from suite.training.train import train
from tests.test_training import ENGINES, IMAGES, SEED, assert_alike, measures, run, small

CASES = {
    "gradient_sampled": {"regrow": "gradient_sampled"},
    "hidden_gradient": {"regrow": "hidden_gradient"},
    "neighbours_sampled": {"regrow": {"neighbours_sampled": {"strength": 2.0}}},
    "variance": {"regrow": {"variance": {"samples": 20}}},
    "degree": {"regrow": {"degree": {"power": -1.0}}},
    "same_unit": {"regrow": "same_unit"},
    "dissimilar": {"regrow": "dissimilar"},
    "cosine": {"regrow": {"cosine": {"dropped": "replaced"}}},
    "cosine_then_random": {"regrow": {"cosine_then_random": {"patience": 2}}},
    "paths": {"regrow": "paths"},
    "paths, one by one": {"regrow": {"paths": {"form": "paths", "choice": "best"}}},
    "importance": {"budget": {"importance": {"after": 0, "every": 2}}, "activation": "all_relu"},
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_both_engines_train_alike(case):
    masked, sparse = (run(small(**CASES[case]), engine=engine)[0] for engine in ENGINES)
    assert_alike(masked, sparse)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES)
def test_a_resumed_run_ends_bit_for_bit_the_same(case, engine):
    settings = small(**CASES[case], epochs=4)
    expected, whole, kept = run(settings, engine=engine)
    for checkpoint in kept:
        trained = train(settings, SEED, IMAGES, engine=engine, checkpoint=checkpoint)
        assert measures(trained.history) == expected
        assert trained.degrees == whole.degrees


@pytest.mark.parametrize("engine", ENGINES)
def test_a_schedule_that_waits_for_the_signals_of_its_epoch_has_the_gradient(engine, registered):
    """Before the epoch's last step nobody knows that an update will follow."""

    @part("schedule")
    def worse(moment):
        """When the loss is known and the epoch has an even number."""
        return len(moment.history("loss")) == moment.epoch and moment.epoch % 2 == 0

    history, _, _ = run(small(schedule="worse", regrow="gradient", epochs=4), engine=engine)
    assert [record["evolved"] for record in history] == [False, True, False, True]


def test_numbers_of_numpys_in_a_part_leave_checkpoints_readable(registered):
    @part("budget")
    def waning(moment, initial, kept):
        """Fewer and fewer."""
        theta = np.exp(-moment.progress)
        return Budgeted(np.rint(theta * (initial - kept)).astype(int), theta)

    @part("regrow")
    def dear(layer, count, rng):
        """The first free positions, at a cost."""
        layer.charge(np.int64(7))
        return np.setdiff1d(np.arange(layer.size), layer.positions)[:count]

    settings = small(budget="waning", regrow="dear", epochs=3)
    expected, _, kept = run(settings)
    for behind, checkpoint in enumerate(kept, start=1):
        assert epochs_behind(checkpoint) == behind
        assert measures(train(settings, SEED, IMAGES, checkpoint=checkpoint).history) == expected


def test_an_initial_topology_of_ones_own_may_use_any_name_for_an_option(registered):
    @part("initial")
    def band(
        shapes,
        rngs,
        probe,
        *,
        weights: str = "kept",
        mask: str = "random",
        rewind: int = 10**6,
        epochs: int = 3,
        round: int = 1,
    ):
        """Every second position."""
        return [np.arange(0, n_out * n_in, 2) for n_out, n_in in shapes]

    @part("regrow")
    def first(layer, count, rng, *, metric: str = "cosine"):
        """The first free positions."""
        return np.setdiff1d(np.arange(layer.size), layer.positions)[:count]

    settings = small(initial="band", regrow="first", epochs=2)
    assert settings.recipe.signals == []
    assert run(settings)[0]
    with_one = small(initial={"band": {"weights": "trained"}}, regrow="first", epochs=2)
    assert run(with_one)[0] == run(settings)[0]


@pytest.mark.parametrize("engine", ENGINES)
def test_samples_are_training_images_without_warps_and_dropout(engine):
    settings = small(dropout=0.5)
    training = Training(settings, SEED, IMAGES, engine=engine)
    training.epoch()
    parts = split(IMAGES, settings.validation, settings.train_samples, SEED)
    images = parts.train[:30]
    seen = [layer.seen for layer in training.network.layers]
    sides = activations(training.network, training.batches, images)
    assert [side.shape for side in sides] == [(20, 30), (14, 30), (11, 30)]
    x = Batches(IMAGES, parts).training(images)
    assert np.array_equal(sides[0], x.numpy())
    training.network.eval()
    output = training.network.output
    logits = sides[-1].T @ output.weight.detach().numpy().T + output.bias.detach().numpy()
    assert np.allclose(logits, training.network(x).detach(), atol=1e-5)
    assert [layer.seen for layer in training.network.layers] == seen


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
def test_sgd_at_once_has_the_bits_of_pytorchs_step(momentum, nesterov):
    given = {"lr": 0.1, "momentum": momentum, "nesterov": nesterov, "weight_decay": 0.01}
    parameters = [torch.nn.Parameter(torch.ones(37)) for _ in range(2)]
    optimizers = [torch.optim.SGD([p], **given, fused=True) for p in parameters]
    assert (at_once(optimizers[0]) is None) == (momentum > 0)
    for _ in range(3):
        gradient = torch.randn(37)
        for parameter, optimizer in zip(parameters, optimizers, strict=True):
            take = at_once(optimizer) if parameter is parameters[1] else None
            if take is not None:
                with torch.no_grad():
                    take(parameter, gradient.clone())
            else:
                parameter.grad = gradient.clone()
                optimizer.step()
    assert torch.equal(*parameters)


def test_only_sgd_is_taken_at_once():
    assert at_once(torch.optim.Adam([torch.nn.Parameter(torch.ones(2))])) is None


class Without:
    """Operators of a PyTorch that has no fused SGD."""


class Another:
    """Operators of a PyTorch whose fused SGD is called with something else."""

    _fused_sgd_ = torch.ops.aten._fused_adam_


@pytest.mark.parametrize("operators", [Without, Another])
def test_pytorchs_own_step_is_used_where_its_fused_sgd_is_not_as_known(monkeypatch, operators):
    """The same bits either way."""
    expected = run(small(), engine="sparse")[0]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))])
    assert at_once(optimizer) is not None
    monkeypatch.setattr("suite.training.optimizers.aten", operators)
    assert at_once(optimizer) is None
    assert run(small(), engine="sparse")[0] == expected
