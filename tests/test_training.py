"""One run: what is computed, what is recorded, and going on as if nothing had happened."""

from __future__ import annotations

import io
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch

from suite.datasets.images import image_set
from suite.errors import UserError
from suite.methods.parts import Origin, forget, loading, regrowth
from suite.methods.update import Rewired
from suite.settings import Settings
from suite.training.rewire import carry
from suite.training.state import Training
from suite.training.train import DivergedError, check_fits, train
from tests.reference import training as reference

ENGINES = ["masked", "sparse"]
SEED = 7
RESTLESS = {"learning_rate": 0.2, "epochs": 12}  # so that the gate has something to pause for
SMALL = {
    "hidden": (14, 11),
    "epsilon": 3,
    "epochs": 7,
    "batch_size": 8,
    "learning_rate": 0.03,
    "augment": False,
}


def make_images(train_count=60, test_count=25, seed=0, shape=(5, 4, 1), classes=3):
    """Make images whose classes differ, so that something can be learned."""
    rng = np.random.default_rng(seed)
    patterns = rng.integers(0, 256, (classes, *shape))

    def part(count):
        labels = np.arange(count) % classes
        noise = rng.normal(0, 70, (count, *shape))
        return np.clip(patterns[labels] + noise, 0, 255).astype(np.uint8), labels

    return image_set("made", part(train_count), part(test_count))


IMAGES = make_images()


def small(**given):
    return Settings(**SMALL | given)


def measures(history):
    """Return a history without what it took."""
    return [{k: v for k, v in record.items() if k != "seconds"} for record in history]


def run(settings, seed=SEED, images=IMAGES, **options):
    """Train; return the history without times, and the network as the last checkpoint has it."""
    kept = []
    trained = train(settings, seed, images, keep=kept.append, keep_every=0, **options)
    return measures(trained.history), trained, kept


def assert_alike(history, expected):
    """Check that two histories are equal to rounding, and exactly where whole numbers stand."""
    assert len(history) == len(expected)
    for record, truth in zip(history, expected, strict=True):
        assert record.keys() == truth.keys()
        for name in (
            *("epoch", "connections", "evolved", "paused", "val_accuracy", "test_accuracy"),
            *("updates", "pruned", "regrown", "zeta", "multiply_adds", "inference_multiply_adds"),
            *("returned", "explored", "active_units"),
        ):
            assert record[name] == truth[name], name
        assert (record["theta"] is None) == (truth["theta"] is None)
        for name in ("train_loss", "val_loss", "test_loss", "theta"):
            assert record[name] is None or record[name] == pytest.approx(
                truth[name], rel=1e-4, abs=1e-5
            )


CASES = {
    "set": {},
    "accset": {"method": "accset"},
    "accset, curved": {"method": "accset", "k": 0.5},
    "lset": {"method": "lset"},
    "lset of val_loss": {"method": "lset", "metric": "val_loss"},
    "dynset": {"method": "dynset"},
    "dynset of val_loss": {"method": "dynset", "metric": "val_loss"} | RESTLESS,
    "dynset of val_accuracy": {"method": "dynset", "metric": "val_accuracy"} | RESTLESS,
    "overshoot": {
        **{"method": "lset", "metric": "val_loss", "overshoot": True},
        **{"hidden": (14,), "dropout": 0.6, "learning_rate": 0.35, "epochs": 5},
    },
    "static": {"method": "static"},
    "dense": {"method": "dense"},
    "one_neighbour": {"regrow": "one_neighbour"},
    "most_neighbours": {"regrow": "most_neighbours", "neighbourhood": "diagonal"},
    "magnitude": {"prune": "magnitude"},
    "normal": {"regrown_weights": "normal"},
    "momentum goes on": {"reset_momentum": False},
    "momentum goes on, normal": {"reset_momentum": False, "regrown_weights": "normal"},
    "no momentum": {"momentum": 0.0},
    "srelu": {"activation": "srelu", "reset_momentum": False},
    "relu": {"activation": "relu"},
    "no dropout": {"dropout": 0.0},
    "augmented": {"augment": True, "epochs": 4},
    "held out": {"validation": 0.25, "method": "lset", "metric": "val_loss"},
    "a subset": {"train_samples": 30, "validation": 0.2, "method": "accset"},
    "one layer": {"hidden": (14,)},
    "one epoch": {"epochs": 1},
}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", CASES)
def test_training_agrees_with_the_reference(case, engine):
    settings = small(**CASES[case])
    expected, _ = reference.train(settings, SEED, IMAGES)
    history, _, _ = run(settings, engine=engine)
    assert len(history) == settings.epochs
    assert_alike(history, expected)


def test_the_cases_cover_what_can_happen():
    """Pauses, evolution after them, and fewer connections: or agreement would say little."""
    for case in ("dynset of val_loss", "dynset of val_accuracy"):
        history, _, _ = run(small(**CASES[case]))
        first_pause = [record["paused"] for record in history].index(True)
        assert any(record["evolved"] for record in history[first_pause:])
        assert sum(history[-1]["connections"]) < 0.7 * sum(history[0]["connections"])
    history, _, _ = run(small(**CASES["overshoot"]))
    assert max(record["connections"] for record in history) > history[0]["connections"]


def test_what_is_recorded_is_the_network_that_was_evaluated():
    """The counts of an epoch are those before its evolution, which the next epoch shows."""
    history, trained, _ = run(small(method="accset"))
    counts = [record["connections"] for record in history]
    initial = [sum(n * k for n, k in enumerate(d["inputs"])) for d in trained.degrees["initial"]]
    assert counts[0] == initial
    assert counts[1] != initial
    assert [record["epoch"] for record in history] == list(range(1, 8))


@pytest.mark.parametrize("method", ["set", "accset", "lset", "dynset"])
def test_nothing_evolves_after_the_last_epoch(method):
    history, trained, _ = run(small(method=method))
    assert history[0]["evolved"]
    assert (history[-1]["evolved"], history[-1]["paused"], history[-1]["theta"]) == (
        False,
        False,
        None,
    )
    final = [sum(n * k for n, k in enumerate(d["outputs"])) for d in trained.degrees["final"]]
    assert final == history[-1]["connections"]


def test_set_keeps_its_connections():
    history, _, _ = run(small())
    assert all(record["connections"] == history[0]["connections"] for record in history)
    assert [record["theta"] for record in history] == [1.0] * 6 + [None]


@pytest.mark.parametrize("method", ["static", "dense"])
def test_what_never_evolves(method):
    history, trained, _ = run(small(method=method))
    assert not any(record["evolved"] or record["paused"] for record in history)
    assert all(record["theta"] is None for record in history)
    assert trained.degrees["initial"] == trained.degrees["final"]
    if method == "dense":
        assert history[0]["connections"] == [20 * 14, 14 * 11]
        assert trained.degrees["initial"] == []


def test_the_degrees_count_every_unit():
    _, trained, _ = run(small())
    for when in ("initial", "final"):
        sizes = [(sum(d["inputs"]), sum(d["outputs"])) for d in trained.degrees[when]]
        assert sizes == [(20, 14), (14, 11)]


def test_the_test_images_validate_unless_some_are_held_out():
    history, _, _ = run(small())
    assert all(record["val_loss"] == record["test_loss"] for record in history)
    history, _, _ = run(small(validation=0.25))
    assert all(record["val_loss"] != record["test_loss"] for record in history)


def test_an_epoch_takes_time_and_says_so():
    told = []
    trained = train(small(), SEED, IMAGES, on_epoch=told.append)
    assert all(record["seconds"] > 0 for record in trained.history)
    assert told == trained.history


# ---------------------------------------------------------------- seeds


def before_updates(record):
    """Return what a record says of the epoch before its update."""
    of_updates = ("theta", "evolved", "updates", "pruned", "regrown", "returned", "zeta")
    return {name: value for name, value in record.items() if name not in of_updates}


def test_methods_of_one_seed_start_alike_and_see_the_data_alike():
    """So what one epoch made of the initial network is the same for all of them."""
    records = [
        run(small(method=method))[0][0] for method in ("set", "accset", "lset", "dynset", "static")
    ]
    for record in records:
        assert before_updates(record) == before_updates(records[0])


def test_seeds_differ():
    assert run(small(), seed=1)[0] != run(small(), seed=2)[0]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_is_the_same_every_time(engine):
    settings = small(method="dynset", activation="srelu", regrown_weights="normal")
    assert run(settings, engine=engine)[0] == run(settings, engine=engine)[0]


def test_dynset_is_lset_until_it_first_pauses():
    given = {"metric": "val_loss"} | RESTLESS
    lset, _, _ = run(small(method="lset", **given))
    dynset, _, _ = run(small(method="dynset", **given))
    pause = [record["paused"] for record in dynset].index(True)
    assert pause >= 4
    assert dynset[:pause] == lset[:pause]
    assert dynset[pause] == before_updates(lset[pause]) | {
        **{"theta": None, "evolved": False, "paused": True},
        **{"updates": 0, "pruned": 0, "regrown": 0, "returned": 0, "zeta": None},
    }
    assert dynset[pause + 1]["connections"] == dynset[pause]["connections"]
    assert lset[pause + 1]["connections"] != lset[pause]["connections"]


def test_dynset_of_the_training_loss_is_lset_while_that_falls():
    lset, _, _ = run(small(method="lset"))
    dynset, _, _ = run(small(method="dynset"))
    assert not any(record["paused"] for record in dynset)
    assert dynset == lset


# ---------------------------------------------------------------- resuming


RESUMED = {
    **{method: {"method": method} for method in ("set", "accset", "lset", "static", "dense")},
    "dynset": {"method": "dynset", "metric": "val_accuracy"} | RESTLESS,
    "one_neighbour": {"regrow": "one_neighbour"},
    "most_neighbours": {"regrow": "most_neighbours"},
    "magnitude": {"prune": "magnitude"},
    "normal": {"regrown_weights": "normal"},
    "normal, momentum goes on": {"regrown_weights": "normal", "reset_momentum": False},
    "srelu": {"activation": "srelu"},
    "srelu, momentum goes on": {"activation": "srelu", "reset_momentum": False},
    "dense, momentum goes on": {"method": "dense", "reset_momentum": False},
    "no momentum": {"momentum": 0.0, "reset_momentum": False},
    "held out": {"validation": 0.25, "method": "lset"},
}


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", RESUMED)
def test_a_run_resumed_anywhere_ends_bit_for_bit_the_same(case, engine):
    settings = small(**RESUMED[case])
    expected, whole, kept = run(settings, engine=engine)
    assert len(kept) == settings.epochs - 1, "after the last epoch there is nothing to resume"
    for epoch, checkpoint in enumerate(kept, 1):
        went_on = []
        trained = train(
            settings, SEED, IMAGES, engine=engine, checkpoint=checkpoint, on_epoch=went_on.append
        )
        assert measures(trained.history) == expected
        assert [record["epoch"] for record in went_on] == list(
            range(epoch + 1, settings.epochs + 1)
        )
        assert trained.history[:epoch] == whole.history[:epoch], "times of earlier epochs too"
        assert trained.degrees == whole.degrees


@pytest.mark.parametrize("engine", ENGINES)
def test_checkpoints_of_a_resumed_run_hold_the_same(engine):
    settings = small(method="dynset", reset_momentum=False, activation="srelu")
    _, _, kept = run(settings, engine=engine)
    again = []
    train(
        settings,
        SEED,
        IMAGES,
        engine=engine,
        checkpoint=kept[2],
        keep=again.append,
        keep_every=0,
    )
    for one, other in zip(map(load_state, kept[3:]), map(load_state, again), strict=True):
        assert measures(one["history"]) == measures(other["history"])
        for part in ("values", "momentum", "positions"):
            assert one[part].keys() == other[part].keys()
            assert all(torch.equal(one[part][name], other[part][name]) for name in one[part])


def load_state(checkpoint):
    return torch.load(io.BytesIO(checkpoint), weights_only=True)


@pytest.mark.slow
@pytest.mark.parametrize(("before", "after"), [ENGINES, ENGINES[::-1]])
@pytest.mark.parametrize(
    "case", ["set", "dynset", "srelu, momentum goes on", "normal, momentum goes on", "dense"]
)
def test_one_engine_goes_on_where_the_other_was(case, before, after):
    settings = small(**RESUMED[case])
    expected, _, kept = run(settings, engine=before)
    for checkpoint in kept[1::2]:
        trained = train(settings, SEED, IMAGES, engine=after, checkpoint=checkpoint)
        assert_alike(measures(trained.history), expected)


def test_a_checkpoint_holds_only_what_is_active():
    _, trained, kept = run(small())
    state = load_state(kept[-1])
    counts = trained.history[-1]["connections"]
    assert [len(state["values"][f"layers.{n}.weight"]) for n in range(2)] == counts
    assert state["momentum"] == {}, "it starts at zero in the next epoch"


def test_a_checkpoint_of_another_format_is_not_resumed_from():
    _, _, kept = run(small())
    state = load_state(kept[2])
    state["format"] += 1
    buffer = io.BytesIO()
    torch.save(state, buffer)
    told = []
    train(small(), SEED, IMAGES, checkpoint=buffer.getvalue(), on_epoch=told.append)
    assert told[0]["epoch"] == 1


def test_checkpoints_are_kept_only_so_often():
    kept = []
    train(small(), SEED, IMAGES, keep=kept.append, keep_every=1e9)
    assert kept == []


# ---------------------------------------------------------------- what cannot be trained


@pytest.mark.parametrize("engine", ENGINES)
def test_a_loss_that_is_not_finite_ends_the_run(engine):
    told = []
    with pytest.raises(DivergedError, match=r"loss is not finite .* a lower learning_rate helps"):
        train(small(learning_rate=1e30), SEED, IMAGES, engine=engine, on_epoch=told.append)
    assert told == []


@pytest.mark.parametrize("method", ["rigl", "gse", "snfs_gradient"])
def test_a_run_that_diverges_before_an_update_within_an_epoch_has_diverged(method):
    """The update reads a gradient that is no number, and must not be blamed for it."""
    schedule = {"every_steps": {"n": 3}}
    settings = small(method=method, schedule=schedule, learning_rate=1e6, reset_momentum=False)
    with pytest.raises(DivergedError, match="training loss"):
        train(settings, SEED, IMAGES)


def test_a_batch_larger_than_the_data():
    check_fits(small(batch_size=60), IMAGES)
    with pytest.raises(
        UserError, match="batch_size 61 is more than the 60 training images of made"
    ):
        train(small(batch_size=61), SEED, IMAGES)
    with pytest.raises(UserError, match="more than the 45 training images"):
        check_fits(small(batch_size=46, validation=0.25), IMAGES)
    made = {"dataset": {"npz": "made.npz"}, "train_samples": 30}
    with pytest.raises(UserError, match="more than the 30 training images"):
        check_fits(small(batch_size=31, **made), IMAGES)


def test_a_first_layer_denser_than_dense():
    with pytest.raises(UserError, match=r"layer 20-14 denser than dense.*fits is 8.235"):
        check_fits(small(epsilon=8.3, hidden=(14, 400)), IMAGES)
    check_fits(small(epsilon=8.3, hidden=(14,), method="dense"), IMAGES)


def test_the_last_partial_batch_is_dropped():
    """45 images in batches of 8: five images do nothing, so their labels do not matter."""
    order = reference.stream(SEED, "order", 1).permutation(60)
    labels = IMAGES.y_train.copy()
    labels[order[56:]] = (labels[order[56:]] + 1) % 3
    other = image_set("made", (IMAGES.x_train, labels), (IMAGES.x_test, IMAGES.y_test))
    one_epoch = small(epochs=1)
    assert run(one_epoch)[0] == run(one_epoch, images=other)[0]
    assert run(small(epochs=2))[0] != run(small(epochs=2), images=other)[0]


# ---------------------------------------------------------------- regrowth from outside


SEEN = []


@pytest.fixture(scope="module")
def watching():
    """A strategy that picks by gradient times activations, and notes what it saw."""
    with loading(Origin("plug-in", "tests", "0" * 64)):

        @regrowth("by_gradient_of_test_training", needs=("gradient", "activations"))
        def by_gradient(layer, count, rng):
            gradient = layer.gradient()
            inputs, outputs = layer.activations()
            SEEN.append((layer.index, gradient.copy(), inputs.copy(), outputs.copy()))
            score = np.abs(gradient) * np.abs(inputs).mean(axis=1)
            score.flat[layer.positions] = -1
            return np.argsort(-score, axis=None, kind="stable")[:count]

    yield "by_gradient_of_test_training"
    forget("tests")


def test_a_strategy_sees_gradient_and_activations_alike_in_both_engines(watching):
    seen = {}
    histories = {}
    for engine in ENGINES:
        SEEN.clear()
        settings = small(regrow=watching, epochs=4, method="accset")
        histories[engine], _, _ = run(settings, engine=engine)
        seen[engine] = list(SEEN)
    assert [index for index, *_ in seen["masked"]] == [0, 1] * 3
    for one, other in zip(seen["masked"], seen["sparse"], strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert_alike(histories["sparse"], histories["masked"])


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_strategy_sees_is_the_last_batch(watching, engine):
    """The gradient of the batch's loss by every position, active or not; inputs as they came."""
    SEEN.clear()
    settings = small(regrow=watching, epochs=2, dropout=0.0)
    run(settings, engine=engine)
    (_, gradient, inputs, _), (_, _, hidden, outputs) = SEEN
    order = reference.stream(SEED, "order", 1).permutation(60)
    x, _ = reference.standardised(IMAGES, np.arange(60))
    last = x[order[48:56]].reshape(8, -1).T
    np.testing.assert_allclose(inputs, last, rtol=1e-5, atol=1e-6)
    assert hidden.shape == (14, 8)
    assert outputs.shape == (11, 8)
    network = reference.initial_network(settings, SEED, IMAGES)
    velocity = {}
    for start in range(0, 56, 8):
        chosen = order[start : start + 8]
        reference.step(settings, network, velocity, x[chosen], IMAGES.y_train[chosen], [1.0, 1.0])
    layer = network.layers[0]
    # What the mask hides of the gradient is the product of the same errors and inputs.
    visible = layer.mask != 0
    np.testing.assert_allclose(
        gradient[visible], layer.gradients["weight"][visible], rtol=1e-3, atol=1e-6
    )
    assert np.abs(gradient[~visible]).max() > 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_strategy_from_outside_resumes_bit_for_bit(watching, engine):
    settings = small(regrow=watching, epochs=4)
    expected, _, kept = run(settings, engine=engine)
    for checkpoint in kept:
        trained = train(settings, SEED, IMAGES, engine=engine, checkpoint=checkpoint)
        assert measures(trained.history) == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_a_strategy_that_misbehaves_is_named(engine):
    with loading(Origin("plug-in", "tests of mistakes", "0" * 64)):

        @regrowth("too_few_of_test_training")
        def too_few(layer, count, rng):
            return np.arange(0)

    with pytest.raises(UserError, match="'too_few_of_test_training' in layer 1"):
        train(small(regrow="too_few_of_test_training"), SEED, IMAGES, engine=engine)
    forget("tests of mistakes")


# ---------------------------------------------------------------- updates between steps


BY_STEP = {
    "rigl": {"method": "rigl", "schedule": {"every_steps": {"n": 3, "until": 0.75}}},
    "rigl, momentum goes on": {
        **{"method": "rigl", "schedule": {"every_steps": {"n": 3}}, "reset_momentum": False},
    },
    "set every four steps": {"method": "set", "schedule": {"every_steps": {"n": 4}}},
    "adam": {
        **{"method": "rigl", "schedule": {"every_steps": {"n": 3}}, "optimizer": "adam"},
        **{"learning_rate": 0.003, "reset_momentum": False, "weight_decay": 0.01},
    },
    "adamw": {
        **{"method": "set", "optimizer": "adamw", "learning_rate": 0.003},
        **{"reset_momentum": False, "weight_decay": 0.01},
    },
    "nesterov": {"nesterov": True, "weight_decay": 0.001, "reset_momentum": False},
    "a learning-rate curve": {
        "learning_rate": {"curve": "cosine", "start": 0.05, "warmup": 0.1},
        "reset_momentum": False,
    },
}


@pytest.mark.parametrize("case", BY_STEP)
def test_both_engines_train_alike(case):
    settings = small(**BY_STEP[case])
    masked, sparse = (run(settings, engine=engine)[0] for engine in ENGINES)
    assert_alike(sparse, masked)
    assert masked[0]["updates"] > 0
    assert masked[0]["regrown"] > 0


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", BY_STEP)
def test_what_updates_between_steps_resumes_bit_for_bit(case, engine):
    settings = small(**BY_STEP[case])
    expected, whole, kept = run(settings, engine=engine)
    for checkpoint in kept[::2]:
        trained = train(settings, SEED, IMAGES, engine=engine, checkpoint=checkpoint)
        assert measures(trained.history) == expected
        assert trained.degrees == whole.degrees


def test_updates_between_steps_are_counted():
    """Seven steps an epoch, 49 in all: updates after 3, 6, ..., 36, the last at 0.75 of 49."""
    history, _, _ = run(small(**BY_STEP["rigl"]))
    assert [record["updates"] for record in history] == [2, 2, 3, 2, 2, 1, 0]
    assert all(record["pruned"] == record["regrown"] for record in history)
    assert all(record["connections"] == history[0]["connections"] for record in history)
    zetas = [record["zeta"] for record in history if record["updates"]]
    assert zetas == sorted(zetas, reverse=True)
    assert history[-1]["zeta"] is None


@pytest.mark.parametrize("engine", ENGINES)
def test_layers_are_watched_only_before_an_update_that_needs_it(engine, monkeypatch):
    watched = []
    differentiate = Training._differentiate  # by steps, and by updates that take their place

    def noted(self, *given, watch, **named):
        watched.append(watch)
        return differentiate(self, *given, watch=watch, **named)

    monkeypatch.setattr(Training, "_differentiate", noted)
    run(small(**BY_STEP["rigl"], epochs=1), engine=engine)
    assert watched == [False, False, True, False, False, False, False]  # 0.75 of 7 steps is 5.25
    watched.clear()
    run(small(epochs=2), engine=engine)
    assert not any(watched)


KILLED = """
import os, signal, sys
from pathlib import Path
from suite.training.state import Training
from suite.training.train import train
from tests.test_training import BY_STEP, IMAGES, SEED, small

steps, step = 0, Training._differentiate

def deadly(self, *given, **named):
    global steps
    steps += 1
    if steps == 26:  # the fifth of epoch 4: after one of its updates, before another
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, *given, **named)

Training._differentiate = deadly
case, engine, file = sys.argv[1:]
keep = Path(file).write_bytes
train(small(**BY_STEP[case]), SEED, IMAGES, engine=engine, keep=keep, keep_every=0)
"""


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("case", ["rigl, momentum goes on", "adam"])
def test_a_run_killed_between_two_updates_of_an_epoch_ends_the_same(case, engine, tmp_path):
    file = tmp_path / "checkpoint"
    killed = subprocess.run([sys.executable, "-c", KILLED, case, engine, str(file)], check=False)
    assert killed.returncode == -signal.SIGKILL
    expected, _, _ = run(small(**BY_STEP[case]), engine=engine)
    went_on = []
    trained = train(
        small(**BY_STEP[case]),
        SEED,
        IMAGES,
        engine=engine,
        checkpoint=file.read_bytes(),
        on_epoch=went_on.append,
    )
    assert [record["epoch"] for record in went_on] == [4, 5, 6, 7]
    assert measures(trained.history) == expected


ALL_OPTIMISERS = """
import sys
from tests.test_training import ENGINES, run, small
for optimizer in ("sgd", "adam", "adamw"):
    for engine in ENGINES:
        _, _, kept = run(small(optimizer=optimizer, epochs=2), engine=engine)
        run(small(optimizer=optimizer, epochs=2), engine=engine, checkpoint=kept[0])
sys.exit("torch._dynamo" in sys.modules)
"""


@pytest.mark.slow
def test_training_imports_nothing_of_torch_compile():
    """Its machinery takes 160 MB in every worker, and 1.5 s to import."""
    subprocess.run([sys.executable, "-c", ALL_OPTIMISERS], check=True)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_what_the_optimiser_keeps_goes_with_its_connection(engine, optimizer):
    training = Training(small(optimizer=optimizer), SEED, IMAGES, engine=engine)
    training.network.train()
    training.network.draw_dropout_from(reference.stream(SEED, "dropout", 1))
    order, warps = training.order(1)
    training.step(*training.batch(order, warps, 1))
    layer = training.network.layers[0]
    state = training.optimizer.state[layer.weight]
    shaped = [name for name, value in state.items() if value.shape == layer.weight.shape]
    expected = {"sgd": ["momentum_buffer"]}.get(optimizer, ["exp_avg", "exp_avg_sq"])
    assert shaped == expected
    positions, weights = layer.positions, layer.gather(layer.weight)
    before = {name: layer.gather(state[name]) for name in shaped}
    free = np.setdiff1d(np.arange(20 * 14), positions)[:1]
    after = np.sort(np.append(positions[2:], free))
    source = np.where(after == free, -1, np.searchsorted(positions, after))
    carry(layer, Rewired(after, source, np.where(source < 0, 0.5, 0).astype(np.float32)),
          training.optimizer)  # fmt: skip
    stays = source >= 0
    assert layer.positions.tolist() == after.tolist()
    assert layer.gather(layer.weight)[~stays] == [0.5]
    np.testing.assert_array_equal(layer.gather(layer.weight)[stays], weights[2:])
    for name in shaped:
        assert layer.gather(state[name])[~stays] == [0]
        np.testing.assert_array_equal(layer.gather(state[name])[stays], before[name][2:])


def test_the_learning_rate_follows_its_curve_step_by_step(monkeypatch):
    rates = []
    step = Training.step

    def noted(self, x, labels, *, watch=False):
        rates.extend(group["lr"] for group in self.optimizer.param_groups)
        return step(self, x, labels, watch=watch)

    monkeypatch.setattr(Training, "step", noted)
    curve = {"curve": "step", "start": 0.04, "at": [0.5], "factor": 0.1, "warmup": 0.25}
    run(small(learning_rate=curve, epochs=2))
    assert rates[:4] == pytest.approx([0, 0.04 * 2 / 7, 0.04 * 4 / 7, 0.04 * 6 / 7])
    assert rates[4:] == pytest.approx([0.04] * 3 + [0.004] * 7)


# ---------------------------------------------------------------- networks that die


@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_that_loses_its_connections_trains_on_and_is_warned_of_once(engine, caplog):
    """Where accuracy is 1, theta is 0, and nothing returns."""
    labels = np.where(np.arange(60) < 58, 0, IMAGES.y_train)
    easy = image_set("easy", (IMAGES.x_train, labels), (IMAGES.x_test, 0 * IMAGES.y_test))
    settings = small(method="accset", zeta=0.9)
    trained = train(settings, SEED, easy, engine=engine)
    assert [record["theta"] for record in trained.history[:-1]] == [0.0] * 6
    assert sum(trained.history[-1]["connections"]) < 20
    assert sum(record["regrown"] for record in trained.history) == 0
    warned = [(warning.layer, warning.left == 0) for warning in trained.warnings]
    assert 0 < len(warned) == len(set(warned)) == len(caplog.messages)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_network_without_connections_trains_and_says_so(engine, caplog):
    trained = train(small(epsilon=1e-9, epochs=2), SEED, IMAGES, engine=engine)
    assert trained.history[-1]["connections"] == [0, 0]
    assert [warning.layer for warning in trained.warnings] == [1]
    assert caplog.messages == [trained.warnings[0].sentence]


def test_a_shut_gate_leaves_the_step_that_an_update_would_have_taken(monkeypatch):
    """An update in the place of a step: where it does not take place, the step does."""
    settings = small(
        method="rigl",
        learning_rate=0.6,
        gate={"pauses": {"metric": "val_accuracy", "window": 1}},
        schedule={"every_steps": {"n": 2, "instead": True}},
    )
    training = Training(settings, SEED, IMAGES)
    looked = []
    look = training.look
    monkeypatch.setattr(training, "look", lambda x, y: looked.append(1) or look(x, y))
    records = [training.epoch() for _ in range(settings.epochs)]
    assert any(record["paused"] for record in records)
    assert len(looked) == sum(record["updates"] for record in records) > 0


def test_a_target_that_no_update_can_reach_is_refused():
    """The threshold would double until it prunes everything."""
    rate = {"adaptive_threshold": {"target": 60}}
    total = sum(
        Training(
            small(method="dsr", rate={"adaptive_threshold": {"target": 1}}), SEED, IMAGES
        ).initial
    )
    assert 0.9 * 60 < total < 0.9 * 600
    Training(small(method="dsr", rate=rate), SEED, IMAGES)
    with pytest.raises(UserError, match=rf"target: .* 600 connections, .* has {total};"):
        Training(small(method="dsr"), SEED, IMAGES)
