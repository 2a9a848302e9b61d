"""Trained networks: kept, written to files, loaded and evaluated."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest
import torch
from scipy.sparse import csr_array

import suite
from suite.datasets.embedded import embedded
from suite.errors import UserError
from suite.settings import Settings
from suite.training import network, network_file
from suite.training.network_file import NetworkFile
from suite.training.train import train

SMALL = {"hidden": (24, 20), "epsilon": 3, "epochs": 2, "batch_size": 50}


def trained(engine="masked", **given):
    """Train a small run; return the file of its network, its last record and its data."""
    settings = Settings(**{"dataset": "digits", **SMALL, **given})
    data, kept = embedded(settings.dataset), []

    def keep(training, _):
        about = {**network.describe(settings, data), "engine": engine}
        batches = training.batches
        kept.append(network.to_file(training.network, batches.mean, batches.scale, about))

    history = train(settings, 1, data, engine=engine, on_final=keep).history
    return kept[0], history[-1], data


@pytest.fixture(scope="module")
def digits():
    return trained()


@pytest.mark.slow
@pytest.mark.parametrize("suffix", network_file.SUFFIXES)
@pytest.mark.parametrize("engine", ["masked", "sparse"])
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"activation": "srelu"},
        {"activation": "all_relu"},
        {"method": "dense"},
        {"method": "static", "train_samples": 500, "validation": 0.2},
        {"dataset": "wine", "batch_size": 20},
        {"initial": {"erdos_renyi": {"output": "sparse"}}},
        {"dataset": "breast_cancer", "activation": "srelu", "optimizer": "adam"},
    ],
    ids=str,
)
def test_a_loaded_network_has_the_run_s_own_accuracy_and_loss(given, engine, suffix, tmp_path):
    file, last, data = trained(engine, **given)
    path = tmp_path / f"network{suffix}"
    path.write_bytes(network_file.pack(file, suffix))
    for on in ("masked", "sparse"):
        found = network.evaluate(suite.load_network(path, engine=on), data)
        assert found.accuracy == last["test_accuracy"]
        assert found.loss == pytest.approx(last["test_loss"], rel=1e-5)
    own = network.evaluate(suite.load_network(path), data)
    assert own.loss == last["test_loss"]
    assert own.confusion.sum() == len(data.y_test)
    assert own.confusion.sum(axis=1).tolist() == np.bincount(data.y_test).tolist()


@pytest.mark.parametrize("method", ["gmp", "l0", "variational_dropout"])
def test_methods_that_start_dense_leave_a_plain_sparse_network(method):
    file, last, data = trained(method=method, epochs=3)
    for on in ("masked", "sparse"):
        loaded = network.from_file(file, "it", on)
        assert network.evaluate(loaded, data).accuracy == last["test_accuracy"]
        assert [layer.connections for layer in loaded.layers.layers] == last["connections"]


@pytest.mark.parametrize("engine", ["masked", "sparse"])
def test_a_sparse_output_layer_keeps_its_positions(engine):
    file, last, _ = trained(engine, initial={"erdos_renyi": {"output": "sparse"}})
    assert "output.weight" not in file.arrays
    assert len(file.arrays["output.indices"]) == last["connections"][-1]
    for on in ("masked", "sparse"):
        layers = network.from_file(file, "it", on).layers.layers
        assert [layer.connections for layer in layers] == last["connections"]


def test_the_engines_differ_in_their_layers(digits):
    kinds = {
        engine: type(network.from_file(digits[0], "it", engine).layers.layers[0]).__name__
        for engine in ("masked", "sparse")
    }
    assert kinds == {"masked": "MaskedLayer", "sparse": "SparseLayer"}


def test_scipy_reads_the_layers_of_an_archive(digits, tmp_path):
    path = tmp_path / "network.npz"
    path.write_bytes(network_file.pack(digits[0], ".npz"))
    archive = np.load(path)
    parts = tuple(archive[f"layers.0.{part}"] for part in ("data", "indices", "indptr"))
    matrix = csr_array(parts, shape=tuple(archive["layers.0.shape"]))
    matrix.check_format()
    layer = network.from_file(digits[0], "it", "masked").layers.layers[0]
    np.testing.assert_array_equal(matrix.toarray(), (layer.weight * layer.mask).detach())


def test_images_go_in_as_they_are(digits):
    loaded, data = network.from_file(digits[0], "it"), digits[2]
    with torch.no_grad():
        logits = loaded(data.x_test[:7])
        again = loaded(torch.tensor(data.x_test[:7]).float())
    assert logits.shape == (7, 10)
    assert torch.equal(logits, again)
    assert loaded.predict(data.x_test[:7]) == [str(n) for n in logits.argmax(1).tolist()]
    with pytest.raises(ValueError, match=r"\(n, 8, 8, 1\), not \(8, 8, 1\)"):
        loaded(data.x_test[0])


def test_it_is_evaluated_with_the_threads_of_its_run(digits):
    """More threads round the sums of a large network otherwise."""
    file = NetworkFile(digits[0].arrays, {**digits[0].about, "threads": 2})
    loaded, seen = network.from_file(file, "it"), []
    loaded.register_forward_hook(lambda *_: seen.append(torch.get_num_threads()))
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        network.evaluate(loaded, digits[2])
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert seen == [2]


def test_a_loaded_network_is_copied_and_pickled(digits):
    x = digits[2].x_test[:5]
    for engine in ("masked", "sparse"):
        loaded = network.from_file(digits[0], "it", engine)
        for copied in (copy.deepcopy(loaded), pickle.loads(pickle.dumps(loaded))):
            assert torch.equal(copied(x), loaded(x))


def test_a_loaded_network_trains_on(digits):
    loaded, data = network.from_file(digits[0], "it", "sparse"), digits[2]
    optimizer = torch.optim.SGD(loaded.train().parameters(), lr=0.01)
    x, y = torch.tensor(data.x_train), torch.tensor(data.y_train)
    losses = []
    for _ in range(5):
        loss = torch.nn.functional.cross_entropy(loaded(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("engine", ["masked", "sparse"])
def test_a_state_of_other_connections_is_refused(digits, engine):
    """With as many of them the shapes alone fit, and the answers would be wrong."""
    ours = network.from_file(digits[0], engine)
    same = network.from_file(digits[0], engine)
    same.load_state_dict(ours.state_dict())
    layer = same.layers.layers[0]
    other = np.setdiff1d(np.arange(layer.shape[0] * layer.shape[1]), layer.positions)
    positions = np.sort(np.r_[layer.positions[1:], other[:1]])
    layer.rewire(positions, np.ones(len(positions), np.float32))
    with pytest.raises(ValueError, match="other connections"):
        ours.load_state_dict(same.state_dict())


def test_classes_are_matched_by_name(digits):
    """Other classes are refused; some of the same in another order are not."""
    loaded, data = network.from_file(digits[0], "it"), digits[2]
    order = [7, 3]
    few = np.isin(data.y_test, order)
    labels = np.array([order.index(y) for y in data.y_test[few]])
    given = {"x_test": data.x_test[few], "y_test": labels, "classes": ("7", "3")}
    found = network.evaluate(loaded, type(data)(**{**vars(data), **given}))
    whole = network.evaluate(loaded, data).confusion
    assert found.confusion[7].tolist() == whole[7].tolist()
    assert found.confusion.sum() == whole[order].sum()
    with pytest.raises(UserError, match="does not know the class 'seven'"):
        network.evaluate(loaded, type(data)(**{**vars(data), "classes": ("seven", "3")}))
    with pytest.raises(UserError, match="shape 13; the network takes 8x8x1"):
        network.evaluate(loaded, embedded("wine"))


@pytest.mark.parametrize("suffix", network_file.SUFFIXES)
def test_a_file_of_another_format_is_refused(digits, suffix):
    content = network_file.pack(NetworkFile(digits[0].arrays, {"format": 2}), suffix)
    with pytest.raises(UserError, match="it: has format 2; this suite reads 1"):
        network_file.unpack(content, "it")


@pytest.mark.parametrize("suffix", network_file.SUFFIXES)
@pytest.mark.parametrize("damage", ["cut", "empty", "text", "foreign"])
def test_a_file_that_is_no_network_is_refused(digits, suffix, damage, tmp_path):
    whole = network_file.pack(digits[0], suffix)
    content = {
        "cut": whole[: len(whole) // 2],
        "empty": b"",
        "text": b"a,b\n1,2\n",
        "foreign": b"PK\x03\x04" + bytes(30),
    }[damage]
    (tmp_path / "it").write_bytes(content)
    with pytest.raises(UserError, match="is not a network"):
        suite.load_network(tmp_path / "it")


@pytest.mark.parametrize("suffix", network_file.SUFFIXES)
def test_a_file_with_changed_bytes_is_refused_or_loaded(digits, suffix):
    whole = network_file.pack(digits[0], suffix)
    draws, refused = np.random.default_rng(1), 0
    for _ in range(150):
        content = bytearray(whole)
        for place in draws.integers(min(len(whole), 3000), size=2):
            content[place] = draws.integers(256)
        try:
            network.from_file(network_file.unpack(bytes(content), "it"), "it", "sparse")
        except UserError as error:
            assert len(str(error).splitlines()) == 1
            refused += 1
    assert refused > 50


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("layers.0.indices", lambda a: a + 64),
        ("layers.0.indices", lambda a: -a),
        ("layers.0.indices", lambda a: a[::-1].copy()),
        ("layers.0.indptr", lambda a: a[::-1].copy()),
        ("layers.0.indptr", lambda a: a[:-1]),
        ("layers.0.data", lambda a: a[1:]),
        ("layers.0.data", lambda a: a.astype(np.float64)),
        ("layers.0.shape", lambda a: a * 2),
        ("layers.1.bias", lambda a: a[1:]),
        ("output.weight", lambda a: a[:, 1:].copy()),
        ("mean", lambda a: a[1:]),
    ],
)
@pytest.mark.parametrize("engine", ["masked", "sparse"])
def test_arrays_that_do_not_fit_are_refused(digits, name, change, engine):
    """The kernels check no bounds: whatever is loaded must be sound."""
    changed = NetworkFile(
        {**digits[0].arrays, name: change(digits[0].arrays[name])}, digits[0].about
    )
    with pytest.raises(UserError, match="it: is damaged"):
        network.from_file(changed, "it", engine)


def test_a_missing_array_is_named(digits):
    arrays = {name: a for name, a in digits[0].arrays.items() if name != "layers.1.bias"}
    with pytest.raises(UserError, match=r"it: is damaged: it lacks layers\.1\.bias"):
        network.from_file(NetworkFile(arrays, digits[0].about), "it")


def test_the_description_is_json_in_the_metadata(digits):
    content = network_file.pack(digits[0])
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    about = json.loads(header["__metadata__"]["suite"])
    assert about["format"] == 1
    assert about["classes"] == [str(n) for n in range(10)]
    assert about["input"] == {"kind": "images", "shape": [8, 8, 1]}
    assert about["settings"]["activation"] == "leaky_relu"


def test_an_archive_has_the_same_bytes_whatever_the_order_of_its_arrays(digits):
    turned = NetworkFile(dict(reversed(digits[0].arrays.items())), digits[0].about)
    for suffix in network_file.SUFFIXES:
        assert network_file.pack(turned, suffix) == network_file.pack(digits[0], suffix)
