"""The sparse layer for models of one's own, next to `torch.nn.Linear` with a mask."""

from __future__ import annotations

import copy
import io
import pickle
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

import suite
from suite.errors import UserError

EXAMPLE = Path(__file__).parents[1] / "examples" / "own_model.py"


def plain(layer):
    """Return a dense layer with the same weights, zeros elsewhere."""
    n_out, n_in = layer.shape
    dense = nn.Linear(n_in, n_out, bias=layer.bias is not None)
    with torch.no_grad():
        dense.weight.copy_(layer.to_dense())
        if layer.bias is not None:
            dense.bias.copy_(layer.bias)
    return dense


def built(shape=(6, 9), density=0.4, bias=True, seed=3):
    torch.manual_seed(seed)
    return suite.SparseLinear(shape[1], shape[0], density=density, bias=bias)


@settings(max_examples=40)
@given(
    n_in=st.integers(1, 30),
    n_out=st.integers(1, 30),
    batch=st.integers(1, 40),
    density=st.floats(0.01, 1),
    bias=st.booleans(),
)
def test_it_computes_what_a_masked_linear_layer_does(n_in, n_out, batch, density, bias):
    layer = built((n_out, n_in), density, bias)
    dense = plain(layer)
    x = torch.randn(batch, n_in, requires_grad=True)
    other = x.detach().clone().requires_grad_()
    weights = torch.randn(batch, n_out)
    (layer(x) * weights).sum().backward()
    (dense(other) * weights).sum().backward()
    torch.testing.assert_close(layer(x), dense(x), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(x.grad, other.grad, rtol=1e-4, atol=1e-5)
    active = dense.weight.grad.flatten()[torch.from_numpy(layer.positions)]
    torch.testing.assert_close(layer.weight.grad, active, rtol=1e-4, atol=1e-5)
    if bias:
        torch.testing.assert_close(layer.bias.grad, dense.bias.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("leading", [(), (4,), (2, 3), (0,)])
def test_it_takes_inputs_of_any_leading_shape(leading):
    layer = built()
    x = torch.randn(*leading, 9)
    torch.testing.assert_close(layer(x), plain(layer)(x))
    with pytest.raises(ValueError, match="9"):
        layer(torch.randn(*leading, 8))


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.001, 1))
def test_density_gives_the_nearest_count_of_distinct_positions(n_in, n_out, density):
    layer = suite.SparseLinear(n_in, n_out, density=density)
    assert layer.connections == max(1, round(density * n_in * n_out))
    assert (np.diff(layer.positions) > 0).all()
    assert layer.positions[0] >= 0 and layer.positions[-1] < n_in * n_out


def test_the_seed_of_torch_decides_positions_and_weights():
    first, again, other = built(seed=1), built(seed=1), built(seed=2)
    assert (first.positions == again.positions).all() and (first.weight == again.weight).all()
    assert (first.positions != other.positions).any()


def test_weights_start_within_the_fan_in_of_their_unit():
    layer = suite.SparseLinear(4, 2, positions=[0, 1, 2, 3, 5])  # four connections, and one
    assert layer.weight[:4].abs().max() <= 0.5
    assert layer.weight[4].abs() <= 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "density or positions"),
        ({"density": 0.5, "positions": [0]}, "density or positions"),
        ({"density": 0}, "density 0"),
        ({"density": 1.5}, "density 1.5"),
        ({"positions": [0, 54]}, "0 to 53"),
        ({"positions": [3, 1]}, "ascend"),
        ({"positions": [1, 1]}, "ascend"),
        ({"positions": [0.5]}, "float64"),
    ],
)
def test_what_makes_no_layer_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        suite.SparseLinear(9, 6, **arguments)


def test_it_is_copied_pickled_and_kept_in_a_state_dict():
    layer = built()
    x = torch.randn(3, 9)
    for copied in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert (copied(x) == layer(x)).all()
    stream = io.BytesIO()
    torch.save(layer.state_dict(), stream)
    stream.seek(0)
    other = built(density=0.7, seed=8)
    other.load_state_dict(torch.load(stream, weights_only=True))
    assert (other.positions == layer.positions).all()
    assert (other(x) == layer(x)).all()
    other(x).sum().backward()
    assert other.weight.grad.shape == layer.weight.shape


def test_rewiring_keeps_what_the_optimiser_knows_of_connections_that_stay():
    layer = built()
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.01)
    rewiring = suite.Rewiring("set", [layer], optimizer, epochs=3, steps=1, zeta=0.5)
    x = torch.randn(20, 9)
    layer(x).square().sum().backward()
    optimizer.step()
    before = dict(zip(layer.positions.tolist(), layer.weight.tolist(), strict=True))
    moments = dict(
        zip(
            layer.positions.tolist(), optimizer.state[layer.weight]["exp_avg"].tolist(), strict=True
        )
    )
    assert rewiring.step()
    after = dict(zip(layer.positions.tolist(), layer.weight.tolist(), strict=True))
    kept = optimizer.state[layer.weight]["exp_avg"].tolist()
    assert layer.connections == len(before)
    stayed = [p for p, weight in after.items() if before.get(p) == weight]
    assert 0 < len(stayed) < len(before)
    for position, moment in zip(layer.positions.tolist(), kept, strict=True):
        assert moment == (moments[position] if position in stayed else 0)
    layer(x).square().sum().backward()  # and it trains on
    optimizer.step()


def test_a_method_that_sees_gradients_regrows_the_largest():
    layer = built(density=0.3)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    rewiring = suite.Rewiring(
        "set", [layer], optimizer, epochs=2, steps=1, prune="magnitude", regrow="gradient"
    )
    before = set(layer.positions.tolist())
    x, target = torch.randn(30, 9), torch.randn(30, 6)
    dense = plain(layer)
    functional.mse_loss(dense(x), target).backward()
    functional.mse_loss(layer(x), target).backward()
    gradient = dense.weight.grad.abs().flatten().numpy()
    optimizer.step()
    assert rewiring.step()
    grown = set(layer.positions.tolist()) - before
    outside = [p for p in range(54) if p not in layer.positions]
    assert grown
    assert min(gradient[list(grown)]) >= max(gradient[p] for p in outside if p not in before)


def test_methods_that_need_a_study_and_models_without_layers_are_refused():
    layer = built()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    with pytest.raises(UserError, match="val_accuracy"):
        suite.Rewiring("accset", [layer], optimizer, epochs=2, steps=1)
    with pytest.raises(UserError, match="SparseLinear"):
        suite.Rewiring("set", nn.Linear(3, 2), optimizer, epochs=2, steps=1)


def test_the_example_trains_a_small_model(capsys):
    assert len(EXAMPLE.read_text().splitlines()) < 40
    found = runpy.run_path(str(EXAMPLE))
    assert found["accuracy"] > 0.9
    assert "3,280 connections" in capsys.readouterr().out


def test_a_state_whose_weights_and_positions_differ_is_refused_before_any_kernel_reads_it():
    state = suite.SparseLinear(4, 3, density=0.5).state_dict()
    state["weight"] = state["weight"][:2]
    layer = suite.SparseLinear(4, 3, density=0.25)
    with pytest.raises(ValueError, match="2 weights for 6 positions"):
        layer.load_state_dict(state)
    del state["_extra_state"]
    layer.load_state_dict(state, strict=False)
    with pytest.raises(ValueError, match="2 weights for 3 positions"):
        layer(torch.ones(1, 4))


def test_second_derivatives_are_refused():
    layer = suite.SparseLinear(4, 3, density=0.5)
    loss = (layer(torch.ones(2, 4)) ** 2).sum()
    (first,) = torch.autograd.grad(loss, layer.weight, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()
