"""Trained networks: how one becomes arrays, and a module that takes raw images again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from suite.datasets.dataset import DataSet
from suite.errors import UserError
from suite.settings import Settings
from suite.sparse import mlp
from suite.sparse.activations import Activation, Hidden, Identity, make_activation
from suite.sparse.layers import MaskedLayer, SparseLayer
from suite.sparse.noisy import GatedLayer
from suite.training.network_file import Arrays, NetworkFile, read

BATCH = 1000
"""Images in a batch of an evaluation; as in training, so that sums are rounded alike."""


class Network(nn.Module):
    """A trained network with the standardisation of its data.

    Args:
        layers: The network proper, which takes standardised inputs (features, batch).
        mean: Subtracted from every feature, float32 (features,).
        scale: Multiplied with it then, float32 (features,); 0 for a constant feature.
        about: What is known of the run: cell, seed, settings, data, test_accuracy and the like.

    Attributes:
        shape: Height, width and channels of an image; (features,) of feature vectors.
        classes: The classes' names, in the order of the logits.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self, layers: mlp.MLP, mean: np.ndarray, scale: np.ndarray, about: Mapping[str, Any]
    ) -> None:
        super().__init__()
        self.layers = layers
        self.about = about
        self.shape = tuple(about["input"]["shape"])
        self.classes = tuple(about["classes"])
        self.register_buffer("mean", torch.tensor(mean))
        self.register_buffer("scale", torch.tensor(scale))

    def forward(self, x: Tensor | np.ndarray) -> Tensor:
        """Map images or feature vectors, as their data set has them, to logits.

        Args:
            x: Images (n, height, width, channels) with values from 0 to 255, uint8 or float, or
                feature vectors (n, features).

        Returns:
            float32 (n, classes).

        Raises:
            ValueError: If the inputs have another shape.
        """
        given = torch.tensor(x) if isinstance(x, np.ndarray) else x
        if tuple(given.shape[1:]) != self.shape or given.ndim < 2:
            raise ValueError(
                f"the network takes inputs of shape (n, {', '.join(map(str, self.shape))}), "
                f"not {tuple(given.shape)}."
            )
        rows = given.to(self.mean).flatten(1)
        logits: Tensor = self.layers(((rows - self.mean) * self.scale).T.contiguous())
        return logits

    def predict(self, x: Tensor | np.ndarray) -> list[str]:
        """Return the most likely class of each image or feature vector; see `forward`."""
        with torch.inference_mode():
            return [self.classes[place] for place in self(x).argmax(dim=1).tolist()]


@dataclass(frozen=True)
class Evaluation:
    """How well a network does on labelled data.

    Attributes:
        loss: Mean cross-entropy, in nats.
        accuracy: Share of the images or rows that are classified right.
        confusion: int64 (classes, classes): how many of a class (row) are taken for which (column).
    """

    loss: float
    accuracy: float
    confusion: np.ndarray


def evaluate(network: Network, data: DataSet) -> Evaluation:
    """Evaluate a network on the test images or rows of a data set.

    With as many threads as its run had, so that sums are rounded as they were there.

    Raises:
        UserError: If the data have another shape, or a class that the network does not know.
    """
    if data.shape != network.shape:
        shapes = ["x".join(map(str, shape)) for shape in (network.shape, data.shape)]
        raise UserError(
            f"{data.name}: its {data.rows} have the shape {shapes[1]}; the network takes "
            f"{shapes[0]}."
        )
    if unknown := [name for name in data.classes if name not in network.classes]:
        raise UserError(
            f"{data.name}: the network does not know the class {unknown[0]!r}; it knows "
            f"{', '.join(network.classes[:30])}."
        )
    place = torch.tensor([network.classes.index(name) for name in data.classes])
    count, classes = len(data.y_test), len(network.classes)
    loss = torch.zeros((), dtype=torch.float64)
    confusion = torch.zeros(classes * classes, dtype=torch.int64)
    network.eval()
    with torch.inference_mode(), _threads(network.about.get("threads", 1)):
        for start in range(0, count, BATCH):
            chosen = slice(start, start + BATCH)
            labels = place[torch.tensor(data.y_test[chosen])]
            logits = network(torch.tensor(data.x_test[chosen])).cpu()
            loss += functional.cross_entropy(logits, labels, reduction="sum")
            taken_for = logits.argmax(dim=1)
            confusion += torch.bincount(labels * classes + taken_for, minlength=classes**2)
    table = confusion.reshape(classes, classes).numpy()
    return Evaluation(loss.item() / count, np.trace(table).item() / count, table)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Have PyTorch compute with this many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def load_network(path: str | Path, engine: mlp.Engine | None = None) -> Network:
    """Load a trained network that `suite network` wrote.

    Args:
        path: The file, .safetensors or .npz.
        engine: "masked" or "sparse"; that of the run by default.

    Returns:
        The network, in evaluation mode, on the CPU. It does not drop units in training mode.

    Raises:
        UserError: The file cannot be read, or is not a network that is whole.
    """
    return from_file(read(Path(path)), str(path), engine)


def from_file(file: NetworkFile, name: str, engine: mlp.Engine | None = None) -> Network:
    """Return the network that a file holds.

    Args:
        file: The file's content.
        name: The file's name, for errors.
        engine: As in `load_network`.

    Raises:
        UserError: An array is missing or does not fit the others.
    """
    if engine not in (None, "masked", "sparse"):
        raise UserError(f'engine: there is no "{engine}"; it is masked or sparse.')
    arrays, about = file.arrays, file.about
    try:
        settings = about["settings"]
        mean, scale = _floats(arrays, "mean", 1), _floats(arrays, "scale", 1)
        engine = engine or about["engine"]
        layers: list[mlp.Layer] = []
        n_in = len(mean)
        for index in range(len(settings["hidden"])):
            layers.append(_hidden(arrays, index, n_in, settings, engine))
            n_in = layers[-1].shape[0]
        output = _output(arrays, n_in) if "output.weight" in arrays else None
        if output is None:
            layers.append(_layer(arrays, "output.", n_in, Identity(), engine))
        whole = Network(mlp.MLP(layers, output, 0.0), mean, scale, about)
        fits = len(scale) == len(mean) == np.prod(whole.shape)
        fits &= len(arrays["output.bias"]) == len(whole.classes)
        _check(bool(fits), "input, classes and standardisation do not fit the layers")
    except KeyError as error:
        raise UserError(f"{name}: is damaged: it lacks {error.args[0]}.") from None
    except (ValueError, TypeError, IndexError, RuntimeError) as error:
        raise UserError(f"{name}: is damaged: {error}.") from None
    return whole.eval()


def to_file(
    network: mlp.MLP, mean: np.ndarray, scale: np.ndarray, about: Mapping[str, Any]
) -> NetworkFile:
    """Return a trained network as the content of a file.

    Args:
        network: The network; learnt gates become part of the weights.
        mean: Of every feature, float32 (features,).
        scale: float32 (features,).
        about: At least settings, classes, input (kind and shape) and engine.
    """
    arrays: Arrays = {"mean": mean, "scale": scale}
    if network.output is not None:
        arrays["output.weight"] = _array(network.output.weight)
        arrays["output.bias"] = _array(network.output.bias)
    for index, layer in enumerate(network.layers):
        begin = f"layers.{index}." if index < len(network.hidden) else "output."
        weight = _array(layer.weight)
        if isinstance(layer, GatedLayer):
            weight = weight * _array(layer.entering.fixed())
            if layer.leaving is not None:
                arrays["output.weight"] = arrays["output.weight"] * _array(layer.leaving.fixed())
        if layer.dense and layer not in network.noisy:
            arrays[f"{begin}weight"] = weight
        else:
            values = weight if weight.ndim == 1 else weight.ravel()[layer.positions]
            arrays |= {begin + part: array for part, array in _csr(layer, values).items()}
        arrays[f"{begin}bias"] = _array(layer.bias)
        for part, value in layer.activation.named_parameters():
            arrays[f"{begin}activation.{part}"] = _array(value)
    return NetworkFile({name: np.ascontiguousarray(a) for name, a in arrays.items()}, about)


def describe(settings: Settings, data: DataSet) -> dict[str, Any]:
    """Return what the file of a network says of settings and data."""
    return {
        "settings": settings.model_dump(mode="json", exclude={"dataset"}),
        "input": {"kind": data.kind, "shape": list(data.shape)},
        "classes": list(data.classes),
    }


def _csr(layer: mlp.Layer, values: np.ndarray) -> Arrays:
    """Return the values at a layer's positions as scipy's CSR arrays."""
    rows, columns = np.divmod(layer.positions, layer.shape[1])
    largest = max(len(columns), *layer.shape)
    kind = np.int32 if largest <= np.iinfo(np.int32).max else np.int64
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=layer.shape[0]))])
    return {
        "data": values,
        "indices": columns.astype(kind),
        "indptr": starts.astype(kind),
        "shape": np.array(layer.shape),
    }


def _hidden(
    arrays: Arrays, index: int, n_in: int, settings: Mapping[str, Any], engine: mlp.Engine
) -> mlp.Layer:
    """Return a hidden layer of this many inputs out of arrays; see `_layer`."""
    begin = f"layers.{index}."
    rng = np.random.default_rng(0)  # what it draws is replaced below
    hidden = Hidden(index, len(_floats(arrays, f"{begin}bias", 1)), settings["negative_slope"], rng)
    units = make_activation(settings["activation"], hidden)
    layer = _layer(arrays, begin, n_in, units, engine)
    with torch.no_grad():
        for part, value in units.named_parameters():
            name = f"{begin}activation.{part}"
            _copy(value, _floats(arrays, name, 1), name)
    return layer


def _layer(
    arrays: Arrays, begin: str, n_in: int, units: Activation, engine: mlp.Engine
) -> mlp.Layer:
    """Return a layer of this many inputs out of the arrays whose names begin so.

    Raises:
        KeyError: If one is missing.
        ValueError: If they do not fit each other.
    """
    bias = _floats(arrays, f"{begin}bias", 1)
    shape = (len(bias), n_in)
    layer: mlp.Layer
    if f"{begin}weight" in arrays:
        weight = _floats(arrays, f"{begin}weight", 2)
        _check(weight.shape == shape, f"{begin}weight has the shape {weight.shape}")
        layer = MaskedLayer(shape, None, weight, units)
    else:
        positions, values = _positions(arrays, begin, shape)
        kind = SparseLayer if engine == "sparse" else MaskedLayer
        layer = kind(shape, positions, values, units)
    with torch.no_grad():
        _copy(layer.bias, bias, f"{begin}bias")
    return layer


def _positions(arrays: Arrays, begin: str, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions and weights of a sparse layer of this shape.

    What the kernels of the sparse engine do not check is checked here, before anything of the
    layer's size is made.
    """
    values = _floats(arrays, f"{begin}data", 1)
    given, indices, starts = (
        _integers(arrays, begin + part) for part in ("shape", "indices", "indptr")
    )
    n_out, n_in = shape
    counts = np.diff(starts)
    _check(given.tolist() == [n_out, n_in], f"{begin}shape is {given.tolist()}")
    whole = len(starts) == n_out + 1 and starts[0] == 0 and starts[-1] == len(indices)
    _check(
        whole and len(values) == len(indices) and bool((counts >= 0).all()),
        f"{begin}indptr does not fit",
    )
    positions = np.repeat(np.arange(n_out), counts) * n_in + indices
    inside = bool((indices >= 0).all() and (indices < n_in).all())
    _check(
        inside and bool((np.diff(positions) > 0).all()), f"{begin}indices are not ascending columns"
    )
    return positions, values


def _check(true: bool, otherwise: str) -> None:
    if not true:
        raise ValueError(otherwise)


def _output(arrays: Arrays, n_in: int) -> nn.Linear:
    weight, bias = _floats(arrays, "output.weight", 2), _floats(arrays, "output.bias", 1)
    _check(weight.shape[1] == n_in, f"output.weight has the shape {weight.shape}")
    output = nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        _copy(output.weight, weight, "output.weight")
        _copy(output.bias, bias, "output.bias")
    return output


def _floats(arrays: Arrays, name: str, dimensions: int) -> np.ndarray:
    array = arrays[name]
    if array.dtype != np.float32 or array.ndim != dimensions:
        raise ValueError(f"{name} is {array.dtype} {array.shape}")
    return array


def _integers(arrays: Arrays, name: str) -> np.ndarray:
    array = arrays[name]
    if array.dtype.kind != "i" or array.ndim != 1:
        raise ValueError(f"{name} is {array.dtype} {array.shape}")
    return array.astype(np.int64)


def _copy(parameter: Tensor, array: np.ndarray, name: str) -> None:
    if array.shape != tuple(parameter.shape):
        raise ValueError(f"{name} has the shape {array.shape}")
    parameter.copy_(torch.tensor(array))


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
