"""A step's gradient, with and without autograd."""

import copy
import itertools

import numpy as np
import pytest
import torch

from suite.kernels import columns, products
from suite.randomness import stream
from suite.sparse import output as output_layer
from suite.sparse import workspace
from suite.sparse.differentiate import differentiate
from tests import networks

torch.set_num_threads(1)


def build(engine="sparse", sizes=(30, 40, 20, 50), classes=5, **settings):
    network = networks.build(sizes, classes, seed=1, epsilon=3, engine=engine, **settings)
    network.draw_dropout_from(stream(1, "dropout", 1))
    return network


def batch(network, size, seed=0):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(network.layers[0].shape[1], size, generator=generator)
    classes = len((network.output or network.layers[-1]).bias)
    return x, torch.randint(classes, (size,), generator=generator)


def by_autograd(network, x, y):
    network.zero_grad()
    loss = torch.nn.functional.cross_entropy(network(x), y)
    loss.backward()
    return loss.detach()


def train(network, derive, size):
    """Return every loss and gradient of three steps."""
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    seen = []
    for seed in range(3):
        seen.append(derive(network, *batch(network, size, seed)))
        seen += [parameter.grad.clone() for parameter in network.parameters()]
        optimizer.step()
    return seen


@pytest.mark.parametrize("engine", ["masked", "sparse"])
@pytest.mark.parametrize("activation", ["leaky_relu", "srelu", "all_relu"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
@pytest.mark.parametrize("size", [1, 7, 100, 130])
def test_it_has_the_bits_of_autograd(engine, activation, dropout, size):
    network = build(engine, activation=activation, dropout=dropout)
    expected = train(copy.deepcopy(network), by_autograd, size)
    for one, other in zip(train(network, differentiate, size), expected, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("sizes", [(30, 40), (30, 40, 1), (30, 40, 40, 40, 40, 40)])
def test_it_has_the_bits_of_autograd_for_any_depth(sizes):
    network = build(sizes=sizes, classes=2)
    expected = train(copy.deepcopy(network), by_autograd, 16)
    for one, other in zip(train(network, differentiate, 16), expected, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("hidden", [1, 3])
@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_sparse_output_layer_has_the_bits_of_autograd(hidden, size):
    sizes = (30, *[40] * hidden)
    ends = [*itertools.pairwise(sizes), (sizes[-1], 6)]
    topology = [np.arange(0, n_in * n_out, 3) for n_in, n_out in ends]
    network = build(sizes=sizes, classes=6, topology=topology)
    assert network.output is None
    expected = train(copy.deepcopy(network), by_autograd, size)
    for one, other in zip(train(network, differentiate, size), expected, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("alike", [True, False])
@pytest.mark.parametrize(
    ("classes", "units", "batch"), [(10, 400, 100), (3, 193, 8), (33, 70, 192)]
)
def test_the_output_layer_is_the_product_of_its_definition(
    monkeypatch, alike, classes, units, batch
):
    monkeypatch.setattr(output_layer, "_tried", lambda *_: alike)
    generator = torch.Generator().manual_seed(0)
    shapes = (units, batch), (classes, batch)
    h, error = (torch.randn(*shape, generator=generator) for shape in shapes)
    layer = torch.nn.Linear(units, classes)
    weight, bias = layer.weight.detach(), layer.bias.detach()
    given = torch.empty_like(weight), torch.empty_like(h), torch.empty(units)
    with torch.no_grad():
        logits = output_layer.logits(layer, h)
        output_layer.gradients(layer, h, error, *given, (0.3, 1.0, 0))
    dz = torch.where(h > 0, 1.0, 0.3) * (weight.T @ error)
    expected = weight @ h + bias[:, None], error @ h.T, dz, dz.sum(1)
    for one, other in zip((logits, *given), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_the_output_layer_is_left_to_pytorch_where_that_rounds_otherwise(monkeypatch):
    layer, h = torch.nn.Linear(20, 5), torch.randn(20, 16)
    output_layer._tried.cache_clear()
    monkeypatch.setattr(output_layer.kernels, "logits", lambda weight, bias, h, z: z.fill(0))
    with torch.no_grad():
        found = output_layer.logits(layer, h)
    output_layer._tried.cache_clear()
    torch.testing.assert_close(found, layer(h.T).T.detach())


def test_a_unit_without_connections_learns_a_bias_although_it_is_zero():
    """Its activation is 0, and so are those that are dropped; the first kind has a gradient."""
    nothing = [np.empty(0, np.int64)]
    masked, sparse_ = (build(e, sizes=(30, 40), topology=nothing) for e in ("masked", "sparse"))
    for network in (masked, sparse_):
        differentiate(network, *batch(network, 50))
    assert sparse_.layers[0].bias.grad.abs().min() > 0
    torch.testing.assert_close(sparse_.layers[0].bias.grad, masked.layers[0].bias.grad)


@pytest.mark.parametrize("size", [5, 100, 105])
def test_tiles_change_no_bit(monkeypatch, size):
    whole = build()
    monkeypatch.setattr(products, "TILE", 8)
    monkeypatch.setattr(products, "SEGMENT", 1)
    tiled = build()
    starts, _ = tiled.layers[0].indices.by_row
    assert len(starts) > len(tiled.layers[0].bias) + 1
    for one, other in zip(
        train(tiled, differentiate, size), train(whole, differentiate, size), strict=True
    ):
        assert torch.equal(one, other)


@pytest.mark.parametrize("size", [100, 78, 71])
def test_rows_far_apart_are_read_in_panels(size):
    """A last panel of 4, 14 and 7 columns, and a last vector that reaches back."""
    wide = (30_000, 40, 30_000)
    assert wide[0] * size > columns.FAR
    masked, sparse_ = (build(engine, wide, dropout=0.4) for engine in ("masked", "sparse"))
    for network in (masked, sparse_):
        differentiate(network, *batch(network, size))
    for one, other in zip(sparse_.layers, masked.layers, strict=True):
        for found, expected in (
            (one.gather(one.weight.grad), other.gather(other.weight.grad)),
            (one.bias.grad.numpy(), other.bias.grad.numpy()),
        ):
            # Of the whole: single ones are small differences of large sums.
            assert np.linalg.norm(found - expected) < 1e-3 * np.linalg.norm(expected)


def test_memory_that_is_used_again_changes_no_bit(monkeypatch):
    expected, network = build(), build()
    monkeypatch.setattr(workspace, "LARGE", 1)
    for size in (100, 30, 130):  # less than before, then more
        for one, other in zip(
            train(network, differentiate, size), train(expected, differentiate, size), strict=True
        ):
            assert torch.equal(one, other)


def test_a_large_array_keeps_its_memory(monkeypatch):
    monkeypatch.setattr(workspace, "LARGE", 20)
    kept = workspace.Workspace()
    first = kept.empty("one", 4, 5)
    assert first.data_ptr() % 64 == 0
    assert kept.empty("one", 3, 7).data_ptr() != first.data_ptr()  # it has grown
    assert kept.empty("one", 4, 5).data_ptr() == kept.empty("one", 3, 7).data_ptr()
    assert kept.empty("other", 4, 5).data_ptr() != kept.empty("one", 4, 5).data_ptr()
    small, again = kept.empty("small", 19), kept.empty("small", 19)
    assert small.data_ptr() != again.data_ptr()


def test_a_watched_layer_leaves_what_it_saw():
    network, plain = build(), build()
    x, y = batch(network, 8)
    network.layers[1].watch = True
    differentiate(network, x, y)
    differentiate(plain, x, y)
    seen = network.layers[1].seen
    own = seen.gradient().flat[network.layers[1].positions]
    torch.testing.assert_close(torch.from_numpy(own), plain.layers[1].weight.grad)


def test_gradients_follow_a_rewired_layer():
    network = build(dropout=0.0)
    x, y = batch(network, 8)
    differentiate(network, x, y)
    layer = network.layers[0]
    layer.rewire(layer.positions[:10].copy(), layer.gather(layer.weight)[:10])
    again = copy.deepcopy(network)
    differentiate(network, x, y)
    by_autograd(again, x, y)
    assert torch.equal(layer.weight.grad, again.layers[0].weight.grad)


def test_nothing_is_left_from_the_batch_before():
    network = build(dropout=0.0)
    first, second = batch(network, 8), batch(network, 12, seed=1)
    differentiate(network, *first)
    differentiate(network, *second)
    once = build(dropout=0.0)
    differentiate(once, *second)
    for one, other in zip(network.parameters(), once.parameters(), strict=True):
        assert torch.equal(one.grad, other.grad)
