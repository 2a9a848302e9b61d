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
from suite.datasets.digits import digits
from suite.errors import UserError
from suite.settings import Settings
from suite.training.state import Training

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


def test_it_is_asked_for_its_sizes_as_a_linear_layer_is():
    layer, dense = built(), nn.Linear(9, 6)
    assert (layer.in_features, layer.out_features) == (dense.in_features, dense.out_features)


def test_frozen_weights_pass_the_gradient_on():
    layer = built().requires_grad_(False)
    x = torch.randn(4, 9, requires_grad=True)
    layer(x).sum().backward()
    torch.testing.assert_close(x.grad, layer.to_dense().sum(dim=0).expand(4, 9))
    assert layer.weight.grad is None


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


def test_the_gradient_of_several_steps_is_their_weighted_sum():
    layer = built(density=0.3)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    regrow = {"windowed_momentum": {"batches": 3, "decay": 0.5}}
    rewiring = suite.Rewiring(
        "set", [layer], optimizer, epochs=2, steps=4, prune="magnitude", regrow=regrow
    )
    before, gradients, updated = set(layer.positions.tolist()), [], []
    for _ in range(4):
        x, target = torch.randn(30, 9), torch.randn(30, 6)
        dense = plain(layer)
        functional.mse_loss(dense(x), target).backward()
        gradients.append(dense.weight.grad.flatten().numpy())
        functional.mse_loss(layer(x), target).backward()
        optimizer.step()
        with torch.no_grad():
            layer(torch.randn(5, 9))  # an evaluation is not part of it
        updated.append(rewiring.step())
    assert updated == [False, False, False, True]
    summed = abs(gradients[1] + 2 * gradients[2] + 4 * gradients[3])  # the first is too old
    grown = set(layer.positions.tolist()) - before
    outside = set(range(54)) - before - grown
    assert grown
    assert min(summed[list(grown)]) >= max(summed[list(outside)])


def counts_after(method, signals, **parts):
    """Return a layer's counts after each epoch of one step, and whether it was updated."""
    layer = built((20, 30), 0.5)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    epochs = len(signals) + 1
    rewiring = suite.Rewiring(method, [layer], optimizer, epochs=epochs, steps=1, **parts)
    found = []
    for values in signals:
        assert not rewiring.step()
        updated = rewiring.epoch(**values)
        found.append((layer.connections, updated))
    return found


def test_a_method_that_reads_a_signal_is_given_it_after_each_epoch():
    signals = [{"val_accuracy": 0.0}, {"val_accuracy": 1.0, "loss": 3.0}]
    found = counts_after("accset", signals, zeta=0.2, prune="magnitude")
    # At no accuracy all that is lacking returns, at full accuracy nothing.
    assert found == [(300, True), (240, True)]
    losses = [{"loss": loss} for loss in (2.0, 2.0, 2.0, 2.0, 3.0, 1.0)]
    paused = counts_after("dynset", losses)  # Algorithm 2 compares from the fifth epoch on
    assert [updated for _, updated in paused] == [True, True, True, True, False, True]


def test_a_missing_signal_is_asked_for():
    layer = built()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    rewiring = suite.Rewiring("accset", [layer], optimizer, epochs=3, steps=2)
    with pytest.raises(UserError, match="after the 2 steps of an epoch, not after 0"):
        rewiring.epoch(val_accuracy=0.5)
    rewiring.step()
    rewiring.step()
    for wrong, said in (
        (rewiring.step, r"after each epoch call epoch\(val_accuracy=...\)"),
        (lambda: rewiring.epoch(loss=0.5), r"call epoch\(val_accuracy=...\)"),
        (lambda: rewiring.epoch(val_acuracy=0.5), 'did you mean "val_accuracy"'),
    ):
        with pytest.raises(UserError, match=said):
            wrong()
    assert rewiring.epoch(val_accuracy=0.5)
    with pytest.raises(UserError, match="already called after epoch 1"):
        rewiring.epoch(val_accuracy=0.5)
    rewiring.step()


def test_a_rate_that_adapts_knows_the_earlier_updates():
    layer = suite.SparseLinear(9, 6, positions=np.arange(10))
    weights = [0.0015] * 5 + [1.0] * 5  # between the first threshold and the second
    layer.rewire(layer.positions, weights)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    parts = {
        "schedule": {"every_steps": {"n": 1, "doubles_at": []}},
        "rate": {"adaptive_threshold": {"target": 5}},
    }
    rewiring = suite.Rewiring("dsr", [layer], optimizer, epochs=1, steps=4, **parts)
    gone = []
    for _ in range(2):
        before = layer.positions
        rewiring.step()
        gone.append(np.setdiff1d(before, layer.positions).size)
    assert gone == [0, 5]


@pytest.mark.parametrize(
    ("method", "parts"),
    [
        ("granet", {"schedule": {"every_steps": {"n": 2}}}),  # its budget is shown the layers
        ("set", {"prune": "random"}),  # it draws
        ("chts", {}),  # it looks at the whole network
        ("truly_sparse", {}),
    ],
)
def test_parts_that_need_more_than_counts_are_served(method, parts):
    torch.manual_seed(1)
    model = nn.Sequential(
        suite.SparseLinear(9, 8, density=0.5), nn.ReLU(), suite.SparseLinear(8, 6, density=0.5)
    )
    optimizer = torch.optim.Adam(model.parameters())
    rewiring = suite.Rewiring(method, model, optimizer, epochs=3, steps=4, **parts)
    updates = 0
    for _ in range(12):
        model(torch.randn(5, 9)).square().sum().backward()
        optimizer.step()
        updates += rewiring.step()
    assert updates >= 2


@pytest.mark.parametrize(
    ("method", "parts", "said"),
    [
        ("ctre_sim", {}, "ctre_sim needs samples"),
        ("snip", {}, "snip needs probe"),
        ("l0", {}, "l0 needs learnt noise"),
        ("gse", {}, "gse needs fresh batches"),
        ("sett", {}, 'no method "sett"; did you mean "set"?'),
        ("set", {"zetta": 0.2}, '"zetta" is neither a part nor an option'),
        ("set", {"epsilon": 20}, '"epsilon" is neither'),
        ("set", {"learning_rate": 0.1}, '"learning_rate" is neither'),
        ("set", {"zeta": 2}, "zeta: "),
        ("set", {"regrow": "randm"}, 'did you mean "random"?'),
        ("set", {"epochs": 0}, "epochs is 0"),
        ("set", {"steps": 1.5}, "steps is 1.5"),
        ("set", {"layers": nn.Linear(3, 2)}, "no suite.SparseLinear"),
        ("set", {"layers": [built()]}, "does not train SparseLinear(9, 6"),
        ("set", {"layers": nn.Sequential(nn.Sequential(built()))}, "does not train"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(method, parts, said):
    layer = built()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    with pytest.raises(UserError) as caught:
        suite.Rewiring(
            method,
            **{"layers": [layer], "optimizer": optimizer, "epochs": 2, "steps": 1, **parts},
        )
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("method", "parts"),
    [
        ("set", {}),
        ("accset", {"metric": "val_accuracy"}),
        ("dynset", {"metric": "loss", "k": 0.5}),
        ("rigl", {"schedule": {"every_steps": {"n": 3, "instead": False}}}),
        ("snfs_window", {}),
        ("dsr", {"schedule": {"every_steps": {"n": 4, "doubles_at": []}}}),
        (
            "rigl",
            {
                "schedule": {"every_steps": {"n": 4, "instead": False}},
                "regrow": {"gradient": {"batches": 5}},
            },
        ),
        ("set", {"prune": "random", "regrow": "gradient", "share": "momentum"}),
    ],
)
def test_a_model_of_ones_own_is_rewired_as_a_run_is(method, parts):
    given = {"hidden": (30, 20), "epsilon": 4, "epochs": 6, "batch_size": 50, "dropout": 0.0}
    given |= {"train_samples": 300, "augment": False, "reset_momentum": False}
    made = Settings(method=method, dataset="digits", **given, **parts)
    training = Training(made, 3, digits(), engine="sparse")
    model = nn.Sequential()
    for layer in training.network.layers:
        own = suite.SparseLinear(layer.shape[1], layer.shape[0], positions=layer.positions)
        own.load_state_dict({**own.state_dict(), "weight": layer.weight, "bias": layer.bias})
        model.extend([own, nn.LeakyReLU(0.3)])
    model.append(copy.deepcopy(training.network.output))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    rewiring = suite.Rewiring(
        method, model, optimizer, epochs=6, steps=training.steps, seed=3, **parts
    )
    for epoch in range(1, 7):
        order, warps = training.order(epoch)
        for step in range(1, training.steps + 1):
            x, labels = training.batch(order, warps, step)
            optimizer.zero_grad()
            functional.cross_entropy(model(x.T), labels).backward()
            optimizer.step()
            rewiring.step()
        record = training.epoch()
        rewiring.epoch(loss=record["train_loss"], val_accuracy=record["val_accuracy"])
        for own, layer in zip(rewiring.layers, training.network.layers, strict=True):
            assert own.positions.tolist() == layer.positions.tolist()
            torch.testing.assert_close(own.weight, layer.weight, rtol=1e-3, atol=1e-5)
    assert any(record["evolved"] for record in training.history)


def test_a_layer_is_listed_once():
    layer = built()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    with pytest.raises(UserError, match="a layer is listed twice"):
        suite.Rewiring("set", [layer, nn.Sequential(layer)], optimizer, epochs=2, steps=1)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (torch.optim.Rprop, {}),
        (torch.optim.LBFGS, {}),
        (torch.optim.Adagrad, {"initial_accumulator_value": 0.1}),
    ],
)
def test_an_optimiser_whose_memory_cannot_begin_at_zero_is_refused(kind, options):
    layer = built()
    with pytest.raises(UserError, match=f"what {kind.__name__} keeps of a weight cannot begin"):
        suite.Rewiring("set", [layer], kind(layer.parameters(), **options), epochs=2, steps=1)
    for other in (torch.optim.Adagrad, torch.optim.RMSprop, torch.optim.NAdam):
        suite.Rewiring("set", [layer], other(layer.parameters()), epochs=2, steps=1)


def test_a_layer_that_a_step_left_out_is_named():
    layer, idle = built(), built(density=0.5)
    optimizer = torch.optim.SGD([*layer.parameters(), *idle.parameters()], lr=0.1)
    rewiring = suite.Rewiring(
        "set", [layer, idle], optimizer, epochs=2, steps=1, prune="magnitude", regrow="gradient"
    )
    layer(torch.randn(3, 9)).sum().backward()
    with pytest.raises(UserError, match=r"SparseLinear\(9, 6, density=0.5.*forward and backward"):
        rewiring.step()


def test_more_connections_to_prune_than_there_are_is_refused_as_in_a_study():
    layer = built()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    with pytest.raises(UserError, match="every update is to prune 600 connections"):
        suite.Rewiring("dsr", [layer], optimizer, epochs=2, steps=1000)


@pytest.mark.parametrize(
    ("method", "parts"),
    [
        ("accset", {"metric": "val_accuracy"}),
        ("snfs_window", {}),
        ("set", {"fill": "last_value"}),
        ("dsr", {"rate": {"adaptive_threshold": {"target": 5}}}),
        ("rigl", {"schedule": {"every_steps": {"n": 4}}, "regrow": {"gradient": {"batches": 3}}}),
    ],
)
def test_a_resumed_rewiring_goes_on_as_if_nothing_had_happened(method, parts):
    def begun():
        torch.manual_seed(4)
        first, second = (suite.SparseLinear(*n, density=0.4) for n in ((12, 10), (10, 8)))
        model = nn.Sequential(first, nn.ReLU(), second)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        return (
            model,
            optimizer,
            suite.Rewiring(method, model, optimizer, epochs=8, steps=5, **parts),
        )

    def go(model, optimizer, rewiring, steps):
        for step in steps:
            x = torch.randn(6, 12, generator=torch.Generator().manual_seed(step))
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()
            rewiring.step()
            if step % 5 == 4:
                rewiring.epoch(val_accuracy=0.1 + 0.01 * step, loss=2 / (1 + step))
        return model.state_dict()

    whole = go(*begun(), range(40))
    kept = io.BytesIO()
    parts_of = begun()
    go(*parts_of, range(18))  # amid a window of several batches
    torch.save([each.state_dict() for each in parts_of], kept)
    kept.seek(0)
    again = begun()
    for each, state in zip(again, torch.load(kept, weights_only=True), strict=True):
        each.load_state_dict(state)
    for name, value in go(*again, range(18, 40)).items():
        assert torch.equal(value, whole[name]), name


def test_the_state_of_another_rewiring_is_refused():
    layer = built()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    state = suite.Rewiring("set", [layer], optimizer, epochs=2, steps=1).state_dict()
    for method, layers, parts in (
        ("accset", [layer], {}),
        ("set", [layer], {"fill": "last_value"}),
        ("set", [built((9, 6))], {}),
        ("set", [layer, built((9, 6))], {}),
    ):
        of_others = torch.optim.SGD(nn.ModuleList(layers).parameters(), lr=0.1)
        other = suite.Rewiring(method, layers, of_others, epochs=2, steps=1, **parts)
        with pytest.raises(UserError, match="of another method or of other layers"):
            other.load_state_dict(state)


# ---------------------------------------------------------------- types of numbers


def test_in_double_precision_gradients_are_those_of_finite_differences():
    layer = built().double()
    x = torch.randn(3, 9, dtype=torch.float64, requires_grad=True)

    def through(x, weight, bias):
        return torch.func.functional_call(layer, {"weight": weight, "bias": bias}, (x,))

    assert torch.autograd.gradcheck(through, (x, layer.weight, layer.bias))
    torch.testing.assert_close(layer(x), plain(layer).double()(x))


def test_rewiring_keeps_double_precision():
    layer = built().double()
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.01)
    rewiring = suite.Rewiring("set", [layer], optimizer, epochs=3, steps=1)
    layer(torch.randn(20, 9).double()).square().sum().backward()
    optimizer.step()
    before = set(layer.weight.tolist())
    assert rewiring.step()
    assert layer.weight.dtype == torch.float64
    stayed = before & set(layer.weight.tolist())
    assert len(stayed) > layer.connections / 2
    assert any(float(np.float32(weight)) != weight for weight in stayed)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (torch.Tensor.double, "input is float64 and the weights are float32"),
        (torch.Tensor.bfloat16, "input is bfloat16 on cpu"),
        (torch.Tensor.half, "input is float16 on cpu"),
        (torch.Tensor.long, "input is int64 on cpu"),
        (lambda x: x.to("meta"), "input is float32 on meta"),  # as on a GPU
    ],
)
def test_what_cannot_be_computed_with_is_one_sentence(change, said):
    with pytest.raises(ValueError, match=said):
        built()(change(torch.ones(3, 9)))
    with pytest.raises(ValueError, match="weights are bfloat16"):
        built().bfloat16()(torch.ones(3, 9))


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


@pytest.mark.parametrize("where", [[0, 1], [0, 1, 2, 3]], ids=["fewer", "others"])
def test_a_backward_pass_after_a_rewiring_is_refused(where):
    layer = suite.SparseLinear(9, 6, positions=[4, 5, 6, 7])
    out = layer(torch.randn(3, 9))
    layer.rewire(where, torch.ones(len(where)))
    with pytest.raises(RuntimeError, match="inplace operation"):
        out.sum().backward()


@pytest.mark.parametrize("density", [0.2, 0.5], ids=["fewer", "as many"])
def test_a_state_can_be_loaded_while_an_old_graph_lives(density):
    layer, other = built(density=0.5), built(density=density, seed=2)
    x = torch.randn(3, 9)
    loss = layer(x).sum()
    loss.backward()
    layer.load_state_dict(other.state_dict())
    layer.zero_grad()
    layer(x).sum().backward()
    other(x).sum().backward()
    assert torch.equal(layer.weight.grad, other.weight.grad)
    del loss


@pytest.mark.parametrize(
    "after", [nn.ReLU(inplace=True), nn.LeakyReLU(0.1, inplace=True), lambda z: z.mul_(2)]
)
def test_outputs_can_be_changed_in_place(after):
    layer, x = built(), torch.randn(3, 9)
    dense = nn.Linear(9, 6)
    dense.weight.data, dense.bias.data = layer.to_dense().detach(), layer.bias.detach()
    for of in (layer, dense):
        after(of(x)).square().sum().backward()
    torch.testing.assert_close(layer.bias.grad, dense.bias.grad)
    active = dense.weight.grad.flatten()[torch.from_numpy(layer.positions)]
    torch.testing.assert_close(layer.weight.grad, active)


def test_a_layers_own_weights_can_be_given_to_it():
    layer = built()
    before = layer.weight.detach().clone()
    layer.rewire(layer.positions, layer.weight)
    assert torch.equal(layer.weight, before)


@pytest.mark.parametrize("weights", [0.5, [[1.0, 2.0]]])
def test_weights_of_another_shape_are_refused(weights):
    with pytest.raises(ValueError, match="weights of shape"):
        built().rewire([0, 1], weights)


def test_the_default_type_of_torch_is_the_layers():
    torch.set_default_dtype(torch.float64)
    try:
        layer = built()
        assert layer(torch.randn(3, 9)).dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("bias", [True, False])
def test_a_bias_in_the_place_of_the_density_is_refused(bias):
    with pytest.raises(ValueError, match="third argument is the density"):
        suite.SparseLinear(9, 6, bias)


def test_gradients_of_several_passes_add_up():
    """Growth by gradient reads all micro-batches of a step, and both passes of a tied layer."""
    x = torch.randn(8, 9)
    grown = []
    for passes in (x[None], x.view(4, 2, 9)):
        layer = built(density=0.3)
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
        rewiring = suite.Rewiring(
            "set", layer, optimizer, epochs=2, steps=1, prune="magnitude", regrow="gradient"
        )
        for part in passes:
            layer(part).square().sum().backward()
        layer(x)  # no backward pass: it has no part in the gradient
        optimizer.step()
        assert rewiring.step()
        grown.append(layer.positions.tolist())
    assert grown[0] == grown[1]


@pytest.mark.parametrize("positions", [[0, 7], []])
def test_passes_of_a_layer_without_connections_are_kept_until_they_are_discarded(positions):
    layer = suite.SparseLinear(5, 3, positions=positions)
    layer.watch = True
    for _ in range(2):
        (layer(torch.randn(4, 5)) - 1).square().sum().backward()
    assert sum(seen.error.shape[1] for seen in layer.passes if seen.error is not None) == 8
    torch.optim.SGD(layer.parameters(), lr=0.1).zero_grad(set_to_none=False)
    (layer(torch.randn(4, 5)) - 1).square().sum().backward()
    assert sum(seen.error.shape[1] for seen in layer.passes if seen.error is not None) == 4


def watched(layer):
    """Return what a step of RigL reads next, with the layer's passes as they come."""
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.0)
    schedule = {"every_steps": {"n": 1, "instead": False}}
    suite.Rewiring("rigl", [layer], optimizer, epochs=9, steps=9, schedule=schedule)
    return optimizer


def seen_at_active(layer):
    whole = sum(seen.gradient() for seen in layer.passes)
    return torch.from_numpy(whole.ravel()[layer.positions])


def overwritten(layer):
    hidden = nn.Linear(9, 9)(torch.randn(5, 9))
    hidden += torch.cat([layer(hidden), torch.zeros(5, 3)], dim=1)
    hidden.pow(2).sum().backward()


def reused(layer):
    buffer = torch.randn(5, 9)
    layer(buffer).pow(2).sum().backward()
    buffer.copy_(torch.randn(5, 9))


def by_features(layer):
    buffer = torch.randn(9, 5)
    layer(buffer.T).pow(2).sum().backward()
    buffer.fill_(7.0)


def two_losses_of_one_pass(layer):
    z = layer(torch.randn(5, 9))
    z.pow(2).sum().backward(retain_graph=True)
    z.exp().sum().backward()


def two_passes(layer):
    outputs = [layer(torch.randn(5, 9)) for _ in range(2)]
    for z in outputs:
        z.pow(2).sum().backward()


def discarded(layer):
    layer(torch.randn(5, 9)).pow(2).sum().backward()
    layer.zero_grad()
    layer(torch.randn(5, 9)).exp().sum().backward()


def discarded_in_place(layer):
    layer(torch.randn(5, 9)).pow(2).sum().backward()
    layer.zero_grad(set_to_none=False)
    layer(torch.randn(5, 9)).exp().sum().backward()


@pytest.mark.parametrize(
    "train",
    [
        *(overwritten, reused, by_features, two_losses_of_one_pass, two_passes),
        *(discarded, discarded_in_place),
    ],
)
def test_what_growth_reads_is_the_gradient_that_the_optimiser_reads(train):
    layer = built()
    watched(layer)
    train(layer)
    torch.testing.assert_close(seen_at_active(layer), layer.weight.grad, rtol=1e-4, atol=1e-4)


def test_a_copy_keeps_nothing_of_its_passes():
    layer = built()
    watched(layer)
    layer(torch.randn(5, 9)).sum().backward()
    copied = copy.deepcopy(layer)
    for _ in range(3):
        copied(torch.randn(5, 9)).sum().backward()
    assert (copied.passes, copied.seen, copied.watch) == ([], None, False)
    assert len(layer.passes) == 1 and layer.watch


def test_a_state_of_another_shape_is_refused():
    """Flat positions of 100 inputs fit a layer of 200 as well."""
    for bias in (True, False):
        ours = suite.SparseLinear(200, 10, density=0.1, bias=bias)
        theirs = suite.SparseLinear(100, 10, density=0.2, bias=bias)
        with pytest.raises(ValueError, match=r"layer \[10, 100\], not \[10, 200\]"):
            ours.load_state_dict(theirs.state_dict())
    earlier = {name: of for name, of in ours.state_dict().items() if name != "size"}
    suite.SparseLinear(200, 10, density=0.3, bias=False).load_state_dict(earlier)


def test_an_accuracy_in_per_cent_is_refused():
    layer = built()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    rewiring = suite.Rewiring("accset", [layer], optimizer, epochs=3, steps=1)
    layer(torch.randn(3, 9)).sum().backward()
    rewiring.step()
    with pytest.raises(UserError, match=r"a share from 0 to 1, not 87\.5"):
        rewiring.epoch(val_accuracy=87.5)
    assert rewiring.epoch(val_accuracy=0.875)
