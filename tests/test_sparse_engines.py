"""The two engines mean the same."""

import numpy as np
import pytest
import torch

from suite.kernels.dropout import Dropout, threshold
from suite.methods.moment import Moment
from suite.methods.recipe import resolve
from suite.randomness import stream
from suite.sparse.activations import LeakyReLU, SReLU
from suite.sparse.functions import Connections, SparseProduct
from suite.sparse.layers import MaskedLayer, SparseLayer
from suite.training.rewire import rewire
from tests.networks import build

torch.set_num_threads(1)


def pair(shape, positions, activation=None, seed=0):
    """Return a masked and a sparse layer that are the same."""
    rng = np.random.default_rng(seed)
    weights = rng.standard_normal(len(positions)).astype(np.float32)
    bias = torch.from_numpy(rng.standard_normal(shape[0]).astype(np.float32))
    layers = []
    for kind in (MaskedLayer, SparseLayer):
        units = (
            SReLU(shape[0], np.random.default_rng(1))
            if activation == "srelu"
            else LeakyReLU(0.3 if activation is None else activation)
        )
        layer = kind(shape, positions, weights, units)
        layer.bias.data.copy_(bias)
        layers.append(layer)
    return layers


def random_positions(shape, count, seed=0):
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(shape[0] * shape[1], count, replace=False))


def agree(actual, expected, relative=1e-5):
    scale = expected.abs().max().item() if expected.numel() else 0.0
    torch.testing.assert_close(actual, expected, rtol=relative, atol=relative * scale + 1e-30)


def assert_same_meaning(masked, other, x, dropout):
    rng = torch.Generator().manual_seed(4)
    results = []
    for layer in (masked, other):
        own = x.clone().requires_grad_()
        h = layer(own, dropout)
        rng.manual_seed(4)
        h.backward(torch.randn(h.shape, generator=rng))
        gradient = torch.from_numpy(layer.gather(layer.weight.grad))
        rest = [p.grad for p in layer.activation.parameters()]
        results.append([h.detach(), own.grad, gradient, layer.bias.grad, *rest])
    for expected, actual in zip(*results, strict=True):
        agree(actual, expected)


@pytest.mark.parametrize("batch", [1, 5, 8, 9, 16, 17, 31, 64, 99, 100, 104, 105, 128, 209, 333])
@pytest.mark.parametrize("drop", [0.0, 0.3])
def test_layers_agree_for_batches_of_any_size(batch, drop):
    shape = (23, 37)
    x = torch.randn(37, batch, generator=torch.Generator().manual_seed(batch))
    dropout = Dropout(threshold(drop), 123, 456) if drop else None
    assert_same_meaning(*pair(shape, random_positions(shape, 170)), x, dropout)


@pytest.mark.parametrize("activation", [-1.5, -0.3, 0.0, 0.3, 1.5, "srelu"])
@pytest.mark.parametrize("drop", [0.0, 0.5])
def test_layers_agree_for_every_activation(activation, drop):
    shape = (40, 30)
    x = 3 * torch.randn(30, 50, generator=torch.Generator().manual_seed(1))
    dropout = Dropout(threshold(drop), 9, 10) if drop else None
    assert_same_meaning(*pair(shape, random_positions(shape, 200), activation), x, dropout)


@pytest.mark.parametrize("count", [0, 1, 3, 600])
def test_layers_agree_with_empty_rows_columns_and_no_connection_at_all(count):
    shape = (20, 30)
    x = torch.randn(30, 12, generator=torch.Generator().manual_seed(2))
    assert_same_meaning(*pair(shape, random_positions(shape, count)), x, None)


def test_units_at_exactly_zero_get_the_gradient_of_the_negative_side():
    """A unit without connections and bias is at 0, and so is what dropout drops."""
    layers = pair((6, 5), np.array([7]))
    for layer in layers:
        layer.bias.data.zero_()
    x = torch.ones(5, 40)
    assert_same_meaning(*layers, x, Dropout(threshold(0.5), 1, 2))
    assert layers[1].bias.grad[0] != 0


@pytest.mark.parametrize("slope", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("dropout", [Dropout(0, 0, 0), Dropout(threshold(0.4), 5, 6)])
def test_gradients_are_derivatives(slope, dropout):
    connections = Connections((7, 6), random_positions((7, 6), 15))
    generator = torch.Generator().manual_seed(3)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()

    assert torch.autograd.gradcheck(
        lambda x, weight, bias: SparseProduct.apply(
            x, weight, bias, connections, slope, dropout, None
        ),
        (draw(6, 11), draw(15), draw(7)),
    )


@pytest.mark.parametrize("shape", [(5, 7), (3, 200_000)])
def test_connections_by_column_are_those_by_row_in_another_order(shape):
    positions = random_positions(shape, 20)
    connections = Connections(shape, positions)
    starts, rows, order = connections.by_column
    by_column = sorted((int(p) % shape[1], int(p) // shape[1]) for p in positions)
    assert rows[:20].tolist() == [row for _, row in by_column]
    assert (positions[order] % shape[1]).tolist() == [column for column, _ in by_column]
    assert starts[by_column[-1][0]] < starts[by_column[-1][0] + 1] == starts[-1] == 20


def test_inputs_that_are_not_contiguous_are_as_good():
    shape = (8, 9)
    masked, other = pair(shape, random_positions(shape, 30))
    x = torch.randn(20, 9).T
    agree(other(x).detach(), masked(x).detach())
    other(x)[:, ::2].sum().backward()
    masked(x)[:, ::2].sum().backward()
    agree(other.bias.grad, masked.bias.grad)


def test_evaluation_in_parts_changes_nothing():
    network = build((30, 40, 20), 4, seed=1, epsilon=3, engine="sparse").eval()
    x = torch.randn(30, 500)
    with torch.inference_mode():
        whole = network(x)
        parts = torch.cat([network(x[:, start : start + 100]) for start in range(0, 500, 100)])
    torch.testing.assert_close(whole, parts, rtol=1e-6, atol=1e-7)


def test_the_same_training_gives_the_same_bits():
    def train():
        network = build((50, 60, 40), 5, seed=2, epsilon=4, engine="sparse")
        network.draw_dropout_from(stream(2, "dropout", 1))
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
        generator = torch.Generator().manual_seed(0)
        for _ in range(20):
            x = torch.randn(50, 33, generator=generator)
            y = torch.randint(5, (33,), generator=generator)
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(x), y).backward()
            optimizer.step()
        return [p.detach().clone() for p in network.parameters()]

    for first, second in zip(train(), train(), strict=True):
        assert torch.equal(first, second)


def test_nothing_as_large_as_a_dense_layer_is_allocated():
    """A dense matrix of this layer alone would take 40 GB."""
    network = build((100_000, 100_000), 3, seed=1, epsilon=1, engine="sparse", dropout=0.0)
    x = torch.randn(100_000, 4)
    torch.nn.functional.cross_entropy(network(x), torch.tensor([0, 1, 2, 0])).backward()
    layer = network.layers[0]
    assert layer.weight.grad.shape == (layer.connections,)
    assert layer.connections == pytest.approx(200_000, rel=0.02)


@pytest.mark.parametrize("activation", ["leaky_relu", "srelu", "all_relu"])
def test_engines_train_and_evolve_alike(activation):
    """Three epochs of 30 steps, each followed by an evolution; the second one grows the layers."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((6, 48))
    labels = rng.integers(6, size=600)
    images = (centres[labels] + rng.standard_normal((600, 48))).astype(np.float32)
    changes = {
        "budget": {"name": "performance", "options": {"overshoot": True}},
        "fill": {"name": "normal"},
    }
    recipe = resolve("set", changes)
    losses, topologies = {}, {}
    for engine in ("masked", "sparse"):
        network = build((48, 64, 32), 6, seed=5, epsilon=4, activation=activation, engine=engine)
        initial = [layer.connections for layer in network.layers]
        losses[engine], topologies[engine] = [], []
        for epoch in (1, 2, 3):
            network.draw_dropout_from(stream(5, "dropout", epoch))
            optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
            order = stream(5, "order", epoch).permutation(600)
            total = 0.0
            for chosen in order.reshape(30, 20):
                loss = torch.nn.functional.cross_entropy(
                    network(torch.from_numpy(images[chosen].T)), torch.from_numpy(labels[chosen])
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total += loss.item()
            losses[engine].append(total / 30)
            signals = {"loss": [1.0, 1.5 if epoch == 2 else 1.0]}  # theta is what the loss grew by
            moment = Moment(epoch, 30 * epoch, 90, epoch, 3, signals)
            rewire(recipe, network.layers, optimizer, moment, initial, seed=5)
            topologies[engine].append([layer.positions for layer in network.layers])
    np.testing.assert_allclose(losses["sparse"], losses["masked"], rtol=1e-3)
    assert losses["sparse"][-1] < losses["sparse"][0]
    for epoch in range(3):
        for a, b in zip(topologies["masked"][epoch], topologies["sparse"][epoch], strict=True):
            assert len(a) == len(b)
            # Where rounding decides which of two weights is smaller, a connection may differ.
            assert len(np.intersect1d(a, b)) >= 0.99 * len(a)
    assert len(topologies["sparse"][1][0]) > initial[0]
