import numpy as np
import pytest
import torch

from suite.kernels.dropout import Dropout, threshold
from suite.randomness import stream
from suite.sparse import mlp
from suite.sparse.activations import ACTIVATIONS, Activation, Hidden, make_activation
from suite.sparse.functions import Dropped, SparseSReLU
from suite.sparse.topology import glorot_uniform
from tests.networks import build, erdos_renyi
from tests.reference import network as reference

torch.set_num_threads(1)
ENGINES = ["masked", "sparse"]
SIZES, CLASSES = (20, 31, 9, 24), 5


def make(engine, **settings):
    return build(SIZES, CLASSES, seed=3, epsilon=3, engine=engine, **settings)


def batch(size, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((SIZES[0], size), dtype=np.float32)
    return torch.from_numpy(x), torch.from_numpy(rng.integers(CLASSES, size=size))


def restate(network):
    """Return the network's layers and output layer as the reference has them, in float64."""
    layers = []
    for layer in network.layers:
        mask = np.zeros(layer.shape)
        weight = np.zeros(layer.shape)
        mask.flat[layer.positions] = 1
        weight.flat[layer.positions] = layer.gather(layer.weight)
        values = {k: v.detach().double().numpy() for k, v in layer.activation.named_parameters()}
        layers.append(
            reference.Layer(
                weight,
                mask,
                layer.bias.detach().double().numpy(),
                getattr(layer.activation, "negative_slope", 0.0),
                values or None,
            )
        )
    return layers, network.output.weight.detach().double().numpy()


def jitter_biases(network):
    with torch.no_grad():
        for k, layer in enumerate(network.layers):
            generator = torch.Generator().manual_seed(k)
            layer.bias.uniform_(-0.5, 0.5, generator=generator)


def factors(network, size, keys):
    return [
        reference.dropout_factors(layer.shape[0], size, network._threshold, *key)
        for layer, key in zip(network.layers, keys, strict=True)
    ]


def close(actual, expected, relative=1e-5):
    scale = max(abs(np.asarray(expected)).max(), 1e-30)
    np.testing.assert_allclose(actual, expected, rtol=relative, atol=relative * scale)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_step_agrees_with_the_reference(engine, activation, dropout, size):
    network = make(engine, activation=activation, dropout=dropout)
    jitter_biases(network)
    layers, output = restate(network)
    x, y = batch(size)
    network.draw_dropout_from(stream(1, "dropout", 1))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    loss = torch.nn.functional.cross_entropy(network(x), y)
    loss.backward()

    keys = stream(1, "dropout", 1).integers(1 << 32, size=(3, 2), dtype=np.uint32).tolist()
    h = x.double().numpy()
    for layer, factor in zip(layers, factors(network, size, keys), strict=True):
        h = layer.forward(h, factor)
    expected, dlogits = reference.cross_entropy((output @ h).T, y.numpy())
    dh = output.T @ dlogits.T
    for layer in reversed(layers):
        dh = layer.backward(dh)

    assert loss.item() == pytest.approx(expected, rel=1e-5)
    for layer, truth in zip(network.layers, layers, strict=True):
        weights = truth.weight.flat[layer.positions]
        gradient = truth.gradients["weight"].flat[layer.positions]
        close(layer.gather(layer.weight.grad), gradient)
        close(layer.bias.grad, truth.gradients["bias"])
        for name, parameter in layer.activation.named_parameters():
            close(parameter.grad, truth.gradients[name])
        optimizer_step = np.zeros_like(gradient)
        reference.momentum_step(weights, gradient, optimizer_step)
        truth.updated = weights
    close(network.output.weight.grad, dlogits.T @ h.T)
    optimizer.step()
    for layer, truth in zip(network.layers, layers, strict=True):
        close(layer.gather(layer.weight), truth.updated)


def test_the_sparse_srelu_s_gradients_are_derivatives():
    """In float64, with pre-activations on each line and none within reach of a threshold."""
    generator = torch.Generator().manual_seed(4)

    def draw(low, high, *shape):
        return torch.empty(shape, dtype=torch.float64).uniform_(low, high, generator=generator)

    left, right = draw(-0.6, -0.4, 7), draw(0.4, 0.6, 7)
    lines = torch.tensor([-1.5, 0.0, 1.5], dtype=torch.float64)
    z = lines[torch.arange(7 * 11).reshape(7, 11) % 3] + draw(-0.3, 0.3, 7, 11)
    arguments = [z, left, draw(0.1, 0.9, 7), right, draw(0.5, 2.0, 7)]
    for argument in arguments:
        argument.requires_grad_()
    h = SparseSReLU.apply(*arguments)
    assert [int((h != z).sum()), h.numel()] == [51, 77], "two lines of three bend"
    assert torch.autograd.gradcheck(SparseSReLU.apply, arguments)


def test_dropout_after_an_activation_is_the_masked_engine_s():
    drop = Dropout(threshold(0.4), 5, 6)
    h = torch.randn(7, 11, generator=torch.Generator().manual_seed(1)).requires_grad_()
    factors = drop.factors(h)
    dropped = Dropped.apply(h, drop)
    assert torch.equal(dropped, h * factors)
    dropped.sum().backward()
    assert torch.equal(h.grad, factors)


@pytest.mark.parametrize(
    ("index", "expected", "derivative"), [(0, 1.2, -0.6), (1, -1.2, 0.6), (2, 1.2, -0.6)]
)
def test_all_relu_s_slope_changes_its_sign_from_layer_to_layer(index, expected, derivative):
    units = make_activation("all_relu", Hidden(index, 1, 0.6, np.random.default_rng(0)))
    z = torch.tensor([[2.0, -2.0]], requires_grad=True)
    h = units(z)
    assert h.tolist() == [[2.0, pytest.approx(expected)]]
    h.sum().backward()
    assert z.grad.tolist() == [[1.0, pytest.approx(derivative)]]
    assert units.fused_slope == (pytest.approx(0.6) if index == 1 else None)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_new_activation_is_a_function_that_returns_a_module(engine, monkeypatch):
    class Wavy(Activation):
        def forward(self, z):
            return torch.sin(z)

    monkeypatch.setitem(ACTIVATIONS, "wavy", lambda _: Wavy())
    network = make(engine, activation="wavy", dropout=0.0)
    x, _ = batch(10)
    h = network.layers[0](x)
    layer = restate(network)[0][0]
    close(h.detach(), np.sin(layer.weight @ x.double().numpy()))
    h.sum().backward()
    gradient = np.cos(layer.weight @ x.double().numpy()) @ x.double().numpy().T
    close(
        network.layers[0].gather(network.layers[0].weight.grad),
        gradient.flat[network.layers[0].positions],
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_the_seed_decides_topology_and_weights(engine):
    network, again = make(engine), make(engine)
    for index, (a, b) in enumerate(zip(network.layers, again.layers, strict=True)):
        shape = (SIZES[index + 1], SIZES[index])
        positions = erdos_renyi(shape, 3, stream(3, "topology", layer=index))
        np.testing.assert_array_equal(a.positions, positions)
        weights = glorot_uniform(shape, len(positions), stream(3, "weights", layer=index))
        np.testing.assert_array_equal(a.gather(a.weight), weights)
        np.testing.assert_array_equal(b.gather(b.weight), weights)
        assert a.connections == len(positions)
        assert not a.bias.any()


@pytest.mark.parametrize("engine", ENGINES)
def test_inactive_positions_stay_zero_in_training(engine):
    network = make(engine)
    network.draw_dropout_from(stream(1, "dropout", 1))
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
    for k in range(3):
        x, y = batch(16, k)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(x), y).backward()
        optimizer.step()
    layer = network.layers[0]
    weights = layer.gather(layer.weight)
    assert np.count_nonzero(weights) == layer.connections
    assert layer.weight.count_nonzero() == layer.connections


@pytest.mark.parametrize("engine", ENGINES)
def test_gather_and_scatter_are_each_others_reverse(engine):
    layer = make(engine).layers[0]
    values = np.arange(1, layer.connections + 1, dtype=np.float32)
    tensor = layer.scatter(values)
    assert tensor.shape == layer.weight.shape
    np.testing.assert_array_equal(layer.gather(tensor), values)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("count", [0, 1, 40, 31 * 20])
def test_a_rewired_layer_computes_and_trains_what_it_now_is(engine, count):
    network = make(engine, dropout=0.0)
    layer = network.layers[0]
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    x, y = batch(12)
    torch.nn.functional.cross_entropy(network(x), y).backward()
    rng = np.random.default_rng(5)
    positions = np.sort(rng.choice(31 * 20, count, replace=False))
    weights = rng.standard_normal(count).astype(np.float32)
    layer.rewire(positions, weights)
    optimizer.zero_grad()
    np.testing.assert_array_equal(layer.positions, positions)
    dense = np.zeros((31, 20))
    dense.flat[positions] = weights
    z = dense @ x.double().numpy()
    close(layer(x).detach(), np.where(z > 0, z, 0.3 * z))
    torch.nn.functional.cross_entropy(network(x), y).backward()
    optimizer.step()
    changed = layer.gather(layer.weight)
    assert changed.shape == (count,)
    assert count == 0 or not np.array_equal(changed, weights)


@pytest.mark.parametrize("engine", ENGINES)
def test_evaluation_drops_nothing(engine):
    network = make(engine, dropout=0.5).eval()
    x, _ = batch(10)
    plain = make(engine, dropout=0.0)
    torch.testing.assert_close(network(x), plain(x), rtol=0, atol=0)


def test_dropout_in_training_needs_a_generator():
    with pytest.raises(RuntimeError, match="draw_dropout_from"):
        make("masked")(batch(4)[0])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_watched_layer_leaves_activations_and_the_dense_gradient(engine):
    network = make(engine, dropout=0.3)
    network.draw_dropout_from(stream(1, "dropout", 1))
    x, y = batch(8)
    for layer in network.layers:
        layer.watch = True
    torch.nn.functional.cross_entropy(network(x), y).backward()
    first, second = network.layers[0].seen, network.layers[1].seen
    torch.testing.assert_close(first.inputs, x)
    torch.testing.assert_close(first.outputs, second.inputs)
    for layer in network.layers:
        gradient = layer.seen.gradient()
        assert gradient.shape == layer.shape
        for start, stop in [(0, 3), (3, 9), (8, 9)]:
            rows = layer.seen.gradient_rows(start, stop)
            assert rows.shape == (stop - start, layer.shape[1])
            close(rows, gradient[start:stop])
        close(gradient.flat[layer.positions], layer.gather(layer.weight.grad))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_dense_network_has_every_position(engine):
    network = make(engine, topology=[None] * (len(SIZES) - 1), dropout=0.0)
    for layer in network.layers:
        assert layer.connections == layer.shape[0] * layer.shape[1]
        np.testing.assert_array_equal(layer.positions, np.arange(layer.connections))
        np.testing.assert_array_equal(
            layer.gather(layer.weight), layer.weight.detach().numpy().ravel()
        )
    x, y = batch(6)
    torch.nn.functional.cross_entropy(network(x), y).backward()
    assert all(layer.weight.grad.all() for layer in network.layers[:1])


def test_dropout_bits_are_those_of_the_reference():
    drop = Dropout(threshold(0.3), 4_000_000_000, 3_000_000_001)
    for units, size in [(3, 1), (4, 7), (50, 100)]:
        expected = reference.dropout_factors(units, size, *drop)
        close(drop.factors(torch.empty(units, size)), expected, 1e-7)


def test_dropout_keeps_each_element_with_its_probability():
    keys = np.random.default_rng(0).integers(1 << 32, size=(100, 2)).tolist()
    drop = torch.stack(
        [Dropout(threshold(0.3), *key).factors(torch.empty(200, 50)) for key in keys]
    )
    kept = (drop > 0).double()
    assert kept.mean().item() == pytest.approx(0.7, abs=4 * np.sqrt(0.21 / kept.numel()))
    per_element = kept.view(100, -1).mean(0)
    assert per_element.var().item() == pytest.approx(0.21 / 100, rel=0.1)
    centred = kept.view(100, -1) - 0.7
    for distance in (1, 50):
        product = (centred[:, distance:] * centred[:, :-distance]).mean().item() / 0.21
        assert abs(product) < 4 / np.sqrt(kept.numel())
    assert drop.max().item() == pytest.approx(1 / 0.7)


@pytest.mark.parametrize("probability", [-0.1, 1.0])
def test_a_dropout_probability_out_of_range_is_refused(probability):
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        make("masked", dropout=probability)


def test_an_unknown_activation_is_refused():
    with pytest.raises(ValueError, match="'tanh'; choose leaky_relu, relu, srelu"):
        make("masked", activation="tanh")


@pytest.mark.parametrize("depth", [3, 100, 130])
def test_no_two_layers_draw_from_one_stream(depth, monkeypatch):
    named = []
    monkeypatch.setattr(
        mlp, "stream", lambda *key, **layer: named.append((*key, *layer.values())) or stream(*key)
    )
    build((4,) + depth * (2,), 2, seed=3, epsilon=3, engine="masked", activation="srelu")
    assert len(set(named)) == len(named) == 2 * depth + 1
