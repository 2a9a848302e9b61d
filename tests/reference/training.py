"""Training once more, slowly: a whole run in numpy and float64, order and records spelt out.

Only what is drawn is shared with the suite (random streams, which positions a strategy picks);
each of those has its own tests.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from suite.datasets.splits import split
from suite.kernels import augment
from suite.methods import library
from suite.methods.layer import LayerView
from suite.randomness import stream
from suite.sparse.topology import glorot_uniform
from tests.networks import erdos_renyi
from tests.reference import augment as reference_augment
from tests.reference import methods as rules
from tests.reference.network import Layer, cross_entropy, dropout_factors

DROPOUT_STEPS = 2**32


def train(settings, seed, images):
    """Return the records of every epoch, and the network as it ended."""
    parts = split(images, settings.validation, settings.train_samples, seed)
    x_train, x_test = standardised(images, parts.train)
    network = initial_network(settings, seed, images)
    initial = [int(layer.mask.sum()) for layer in network.layers]
    velocity = {}
    history = []
    ever = [layer.mask != 0 for layer in network.layers]
    for epoch in range(1, settings.epochs + 1):
        if settings.reset_momentum:
            velocity = {}
        train_loss = train_epoch(
            settings, seed, epoch, network, velocity, x_train, images, parts.train
        )
        test_loss, test_accuracy = evaluate(network, x_test, images.y_test)
        val_loss, val_accuracy = test_loss, test_accuracy
        if settings.validation != "test":
            held_out = parts.validation
            val_loss, val_accuracy = evaluate(network, x_train[held_out], images.y_train[held_out])
        record = {
            "epoch": epoch,
            "train_loss": train_loss,
            "val_loss": val_loss,
            "val_accuracy": val_accuracy,
            "test_loss": test_loss,
            "test_accuracy": test_accuracy,
            "connections": [int(layer.mask.sum()) for layer in network.layers],
            "theta": None,
            "evolved": False,
            "paused": False,
            "updates": 0,
            "pruned": 0,
            "regrown": 0,
            "returned": 0,
            "zeta": None,
            **count_multiply_adds(settings, network, parts.train),
            "explored": float(sum(e.sum() for e in ever) / sum(e.size for e in ever)),
            "active_units": count_active_units(network),
        }
        history.append(record)
        if settings.method in ("static", "dense") or epoch == settings.epochs:
            continue
        signal = [
            r["train_loss" if settings.metric == "loss" else settings.metric or "val_loss"]
            for r in history
        ]
        higher_is_better = settings.metric == "val_accuracy"
        if settings.method == "dynset" and rules.pauses(signal, higher_is_better):
            record["paused"] = True
            continue
        if settings.method == "set":
            theta = 1.0
        elif higher_is_better:
            theta = rules.theta_of_accuracy(signal[-1], settings.k)
        else:
            theta = rules.theta_of_loss(signal, settings.k)
            if settings.overshoot and signal[-1] > signal[0]:  # below 0 nothing was clipped
                theta = rules.theta_of_accuracy(max(-1.0, 1 - signal[-1] / signal[0]), settings.k)
        record |= {"theta": theta, "zeta": settings.zeta, "evolved": True, "updates": 1}
        for index, layer in enumerate(network.layers):
            pruned, regrown, returned = evolve(
                settings, seed, epoch, index, layer, initial[index], theta, velocity
            )
            record["pruned"] += pruned
            record["regrown"] += regrown
            record["returned"] += returned
        ever = [e | (layer.mask != 0) for e, layer in zip(ever, network.layers, strict=True)]
    return history, network


def count_active_units(network):
    """Count the hidden units that have a link from below and one upwards."""
    above = [*(layer.mask.any(axis=0) for layer in network.layers[1:]), True]
    return sum(
        int((layer.mask.any(axis=1) & upwards).sum())
        for layer, upwards in zip(network.layers, above, strict=True)
    )


def count_multiply_adds(settings, network, train):
    """Count the epoch that has just been trained: three products a connection and image."""
    once = sum(int(layer.mask.sum()) for layer in network.layers) + network.weight.size
    images = len(train) // settings.batch_size * settings.batch_size
    return {"multiply_adds": 3 * once * images, "inference_multiply_adds": once}


def standardised(images, train):
    """Return float64 (n, height, width, channels) of both parts, by the images trained on."""
    x = images.x_train[train].astype(np.float64)
    mean, sd = x.mean(axis=0), x.std(axis=0)
    scale = np.where(sd > 0, 1 / np.where(sd > 0, sd, 1), 0)
    return (images.x_train - mean) * scale, (images.x_test - mean) * scale


def initial_network(settings, seed, images):
    sizes = (images.features, *settings.hidden)
    layers = []
    for index in range(len(settings.hidden)):
        shape = (sizes[index + 1], sizes[index])
        positions = np.arange(shape[0] * shape[1])
        if settings.method != "dense":
            positions = erdos_renyi(shape, settings.epsilon, stream(seed, "topology", layer=index))
        weight, mask = np.zeros(shape), np.zeros(shape)
        mask.flat[positions] = 1
        weight.flat[positions] = glorot_uniform(
            shape, len(positions), stream(seed, "weights", layer=index)
        )
        srelu = None
        if settings.activation == "srelu":
            rng = stream(seed, "weights", layer=100 + index)
            srelu = {
                "t_left": np.zeros(shape[0]),
                "a_left": rng.random(shape[0], dtype=np.float32).astype(np.float64),
                "t_right": 5.0 * rng.random(shape[0], dtype=np.float32).astype(np.float64),
                "a_right": np.ones(shape[0]),
            }
        slope = {"leaky_relu": settings.negative_slope, "relu": 0.0, "srelu": 0.0}
        layers.append(Layer(weight, mask, np.zeros(shape[0]), slope[settings.activation], srelu))
    shape = (len(images.classes), sizes[-1])
    rng = stream(seed, "weights", layer=len(layers))
    return SimpleNamespace(
        layers=layers,
        weight=glorot_uniform(shape, shape, rng).astype(np.float64),
        bias=np.zeros(shape[0]),
    )


def train_epoch(settings, seed, epoch, network, velocity, x_train, images, train):
    """Take one step a whole batch of a fresh order; return the mean of the batches' losses."""
    order = stream(seed, "order", epoch).permutation(train)
    warps = augment.draw(stream(seed, "augmentation", epoch), len(order))
    dropout_rng = stream(seed, "dropout", epoch)
    threshold = round(settings.dropout * DROPOUT_STEPS)
    losses = []
    size = settings.batch_size
    for start in range(0, len(order) - size + 1, size):
        chosen = order[start : start + size]
        x = x_train[chosen]
        if settings.augment:
            drawn = warps[start : start + size].astype(np.float64)
            x = np.stack([reference_augment.warp(*pair) for pair in zip(x, *drawn.T, strict=True)])
        factors = [1.0] * len(network.layers)
        if threshold:
            keys = dropout_rng.integers(
                1 << 32, size=(len(network.layers), 2), dtype=np.uint32
            ).tolist()
            factors = [
                dropout_factors(len(layer.bias), size, threshold, *key)
                for layer, key in zip(network.layers, keys, strict=True)
            ]
        losses.append(step(settings, network, velocity, x, images.y_train[chosen], factors))
    return float(np.mean(losses))


def step(settings, network, velocity, x, labels, factors):
    h = x.reshape(len(x), -1).T
    for layer, factor in zip(network.layers, factors, strict=True):
        h = layer.forward(h, factor)
    logits = (network.weight @ h + network.bias[:, None]).T
    loss, error = cross_entropy(logits, labels)
    gradients = {"weight": error.T @ h.T, "bias": error.sum(0)}
    dh = network.weight.T @ error.T
    for layer in reversed(network.layers):
        dh = layer.backward(dh)
    for name, gradient in gradients.items():
        descend(settings, velocity, name, getattr(network, name), gradient)
    for index, layer in enumerate(network.layers):
        for name in ("weight", "bias"):
            descend(settings, velocity, (index, name), getattr(layer, name), layer.gradients[name])
        for name, values in (layer.srelu or {}).items():
            descend(settings, velocity, (index, name), values, layer.gradients[name])
    return loss


def descend(settings, velocity, name, values, gradient):
    velocity[name] = settings.momentum * velocity.get(name, 0.0) + gradient
    values -= settings.learning_rate * velocity[name]


def evaluate(network, x, labels):
    """Return mean loss and accuracy without dropout."""
    h = x.reshape(len(x), -1).T
    for layer in network.layers:
        h = layer.forward(h, np.float64(1))
    logits = (network.weight @ h + network.bias[:, None]).T
    loss, _ = cross_entropy(logits, labels)
    return loss, float((logits.argmax(1) == labels).mean())


def evolve(settings, seed, epoch, index, layer, initial, theta, velocity):
    """Prune and regrow one layer in place; its velocity goes with its weights. Count both."""
    weights = {(i, j): layer.weight[i, j] for i, j in zip(*np.nonzero(layer.mask), strict=True)}
    prune = {"set": rules.pruned_by_set, "magnitude": rules.pruned_by_magnitude}[settings.prune]
    kept = prune(weights, settings.zeta)
    mask = np.zeros_like(layer.mask)
    for at in kept:
        mask[at] = 1
    lacking = initial - len(kept)
    count = max(0, round(theta * lacking))
    positions = np.flatnonzero(mask)
    nothing = np.zeros(len(positions), dtype=np.float32)
    view = LayerView(index, mask.shape, positions, nothing, nothing)
    strategy = library.get("regrow", settings.regrow)
    options = settings.recipe.regrow.options
    new = strategy.function(view, count, stream(seed, "evolution", epoch, index), **options)
    returned = sum(divmod(int(at), mask.shape[1]) in weights for at in new)
    layer.weight *= mask
    if (index, "weight") in velocity:
        velocity[index, "weight"] = velocity[index, "weight"] * mask
    mask.flat[new] = 1
    layer.mask = mask
    if settings.regrown_weights == "normal":
        rng = stream(seed, "regrown", epoch, index)
        layer.weight.flat[new] = 0.1 * rng.standard_normal(count, dtype=np.float32)
    return len(weights) - len(kept), count, returned
