"""Chained runs: tickets that start from the network which an earlier run has trained."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from suite.cli import runs
from suite.datasets.digits import digits
from suite.errors import UserError
from suite.execution.attempt import _earlier, attempt
from suite.methods.parts import part
from suite.settings import Settings
from suite.sparse.layers import MaskedLayer, SparseLayer
from suite.store.status import look
from suite.store.store import RunStore
from suite.study import load_study
from suite.study.chains import kept_epochs, starts, with_earlier
from suite.study.file import Execution
from suite.study.runs import Run
from suite.training.state import Training
from suite.training.train import Stopped, train
from tests.reference import shrinking as reference

EXECUTION = Execution(engine="masked", checkpoint_seconds=0)
COMMON = {
    **{"dataset": "digits", "hidden": (16, 12), "augment": False, "epochs": 3},
    **{"batch_size": 100, "train_samples": 300, "learning_rate": 0.1},
}
DENSE = Settings(method="dense", **COMMON)


def settings(**options):
    own = {name: options.pop(name) for name in ("epochs", "learning_rate") if name in options}
    return Settings(method="ticket", initial={"ticket": options}, **COMMON | own)


def chained(cell="ticket", **options):
    return Run(cell, settings(**options), 1, "digits")


@pytest.fixture(scope="module")
def images():
    return digits()


@pytest.fixture(autouse=True)
def one_thread():
    """Sums are taken in the same order by hand and by a run."""
    torch.set_num_threads(1)


def run_all(runs, images, store, execution=EXECUTION):
    kept = kept_epochs(runs)
    for run in runs:
        assert attempt(run, images, store, execution, keeps=kept.get(run.key, ())) == "done"


def timeless(history):
    return [{**record, "seconds": 0} for record in history]


def drop(record, names):
    return {name: value for name, value in record.items() if name not in names}


def parameters(training):
    return {name: value.detach().clone() for name, value in training.network.named_parameters()}


# ---------------------------------------------------------------- what a run starts from


def test_round_one_starts_from_the_dense_training_that_has_its_settings():
    (start,) = starts(chained())
    assert start.run.key == Run("dense", DENSE, 1, "digits").key
    assert start.run.cell == "ticket, dense training"
    assert start.epoch == 3


def test_every_round_starts_from_the_one_before():
    chain = with_earlier([chained(round=3)])
    assert [run.cell for run in chain] == [
        "ticket, dense training", "ticket, round 1", "ticket, round 2", "ticket"
    ]  # fmt: skip
    assert [run.key for run in chain[1:]] == [chained(round=n).key for n in (1, 2, 3)]


def test_controls_share_the_rounds_before_them():
    controls = [{"weights": "fresh"}, {"mask": "random"}, {"weights": "fresh", "mask": "random"}]
    runs = with_earlier([chained(str(at), round=3, **c) for at, c in enumerate(controls)])
    assert len(runs) == 3 + 3
    assert len({run.key for run in runs}) == 6


def test_weights_that_stay_trained_stay_so_in_every_round():
    (start,) = starts(chained(round=2, weights="trained"))
    assert start.run.key == chained(round=1, weights="trained").key


def test_earlier_rounds_may_last_longer_and_learn_otherwise():
    curve = {"curve": "cosine", "start": 0.2}
    options = {"round": 2, "epochs": 7, "learning_rate": curve, "weights": "fresh"}
    run = Run("b", Settings(method="ticket", initial={"ticket": options}, **COMMON), 1, "digits")
    dense = with_earlier([run])[0]
    assert dense.settings.epochs == 7
    assert dense.settings.learning_rate.start == 0.2
    assert dense.key == Run("d", Settings(**COMMON | {"method": "dense"} | {
        "epochs": 7, "learning_rate": curve}), 1, "digits").key  # fmt: skip


def test_a_rewound_run_needs_the_dense_network_of_its_epoch_too():
    last, rewound = starts(chained(round=2, rewind=2))
    assert (last.run.cell, last.epoch) == ("ticket, round 1", 3)
    assert (rewound.run.cell, rewound.epoch) == ("ticket, dense training", 2)
    kept = kept_epochs(with_earlier([chained(round=2, rewind=2)]))
    assert kept[rewound.run.key] == {2, 3}


def test_what_the_store_keeps_already_is_not_run_again():
    run = chained(round=3)
    assert with_earlier([run], lambda start: True) == [run]
    only = with_earlier([run], lambda start: start.run.cell.endswith("round 1"))
    assert [found.cell for found in only] == ["ticket, round 2", "ticket"]


def test_names_of_a_study_s_own_cells_are_kept():
    runs = with_earlier([chained("third", round=3), chained("first", round=1)])
    assert [run.cell for run in runs] == [
        "first, dense training", "first", "third, round 2", "third"
    ]  # fmt: skip


def test_every_option_is_part_of_the_key():
    options = [
        {}, {"round": 2}, {"share": 0.3}, {"across": "network"}, {"one_more": True},
        {"mask": "random"}, {"weights": "fresh"}, {"rewind": 1},
    ]  # fmt: skip
    assert len({chained(**given).key for given in options}) == len(options)


def test_the_earlier_rounds_of_a_topology_of_one_s_own_are_its_own(registered):
    @part("initial", "halves", needs=("earlier",))
    def halves(
        shapes,
        rngs,
        earlier,
        *,
        round: int = 1,
        mask: str = "pruned",
        weights: str = "rewound",
        rewind: int = 0,
        epochs: int | None = None,
        learning_rate: float | None = None,
        first: bool = True,
    ):
        return [layer.positions[: layer.positions.size // 2] for layer in earlier]

    own = Settings(method="ticket", initial={"halves": {"round": 3, "first": False}}, **COMMON)
    dense, *rounds = (run.settings.recipe for run in with_earlier([Run("own", own, 1, "digits")]))
    assert not dense.chained
    assert [recipe.initial.name for recipe in rounds] == 3 * ["halves"]
    assert [recipe.initial.options["round"] for recipe in rounds] == [1, 2, 3]
    assert not any(recipe.initial.options["first"] for recipe in rounds)


ROUNDS = {"round": st.integers(1, 5), "share": st.sampled_from([0.2, 0.5])}


@pytest.mark.slow
@given(
    st.lists(
        st.fixed_dictionaries(
            ROUNDS | {"weights": st.sampled_from(["rewound", "fresh"]), "rewind": st.integers(0, 3)}
        )
        | st.fixed_dictionaries(ROUNDS | {"weights": st.just("trained")}),
        max_size=6,
    )
)
def test_a_chain_is_in_an_order_in_which_it_can_be_run(options):
    runs = [chained(str(at), **given) for at, given in enumerate(options)]
    distinct = list({run.key: run for run in runs}.values())
    found = with_earlier(distinct)
    keys = [run.key for run in found]
    assert len(set(keys)) == len(keys)
    assert {run.key for run in distinct} <= set(keys)
    kept = kept_epochs(found)
    for at, run in enumerate(found):
        for start in starts(run):
            assert start.run.key in keys[:at]
            assert start.epoch in kept[start.run.key]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"round": 0}, "round"),
        ({"share": 1.0}, "share"),
        ({"rewind": 4}, "rewind"),
        ({"weights": "trained", "mask": "random"}, "random"),
        ({"weights": "trained", "rewind": 1}, "leave rewind out"),
    ],
)
def test_what_makes_no_ticket_is_refused(options, words):
    with pytest.raises(ValidationError, match=words):
        settings(**options)


def test_a_curve_that_is_none_is_refused():
    with pytest.raises(ValidationError, match="learning_rate"):
        Settings(method="ticket", initial={"ticket": {"learning_rate": {"curve": "steep"}}})


# ---------------------------------------------------------------- what it computes


def dense_training(images):
    """Train the dense network, and return its training at the start and at the end."""
    training = Training(DENSE, 1, images)
    before = parameters(training)
    for _ in range(DENSE.epochs):
        training.epoch()
    return before, parameters(training)


def test_a_ticket_is_the_dense_network_s_largest_weights_set_back(images, store):
    """Restated: train, prune by the reference, set back, train again, with plain torch masks."""
    before, after = dense_training(images)
    masks = []
    for index in range(2):
        name = f"layers.{index}.weight"
        columns = after[name].shape[1]
        weights = after[name].flatten().tolist()
        layer = {divmod(at, columns): weight for at, weight in enumerate(weights)}
        (left,) = reference.tickets([layer], 0.2, network=False, one_more=False)
        masks.append(np.array(sorted(row * columns + column for row, column in left)))
    training = Training(DENSE, 1, images)
    for index, layer in enumerate(training.network.layers):
        weights = before[f"layers.{index}.weight"].flatten().numpy()
        layer.rewire(masks[index], weights[masks[index]])
    expected = [training.epoch() for _ in range(DENSE.epochs)]

    run = chained()
    run_all(with_earlier([run]), images, store)
    history = store.result(run.key)["history"]
    of_the_start = {"explored"}  # a training that is given its mask by hand began dense
    assert [drop(record, of_the_start) for record in timeless(history)] == [
        drop(record, of_the_start) for record in timeless(expected)
    ]
    sizes = [64 * 16, 16 * 12]
    assert history[0]["connections"] == [size - round(0.2 * size) for size in sizes]


def test_the_chain_by_hand_is_the_chain(images, store):
    """Two rounds: the second prunes what the first has trained, and goes back as far."""
    run = chained(round=2)
    run_all(with_earlier([run]), images, store)
    counts = [64 * 16, 16 * 12]
    for _ in range(2):
        counts = [count - round(0.2 * count) for count in counts]
    assert store.result(run.key)["history"][0]["connections"] == counts


def start_of(run, images, store):
    """Return the training of a chained run as it starts."""
    run_all(with_earlier([run]), images, store)
    return Training(run.settings, run.seed, images, earlier=_earlier(run, store))


@pytest.mark.parametrize("epoch", [0, 2])
def test_rewound_weights_are_those_of_an_epoch_of_the_dense_training(epoch, images, store):
    training = start_of(chained(round=2, rewind=epoch), images, store)
    dense = Training(DENSE, 1, images)
    for _ in range(epoch):
        dense.epoch()
    there = parameters(dense)
    for index, layer in enumerate(training.network.layers):
        then = there[f"layers.{index}.weight"].flatten()[layer.positions]
        assert torch.equal(torch.from_numpy(layer.gather(layer.weight)), then)
    for name, value in parameters(training).items():
        if not name.endswith("weight") or name.startswith("output"):
            assert torch.equal(value, there[name]), name


def test_trained_weights_are_those_of_the_end(images, store):
    _, after = dense_training(images)
    training = start_of(chained(weights="trained", share=0.9, across="network"), images, store)
    left = sum(layer.connections for layer in training.network.layers)
    assert left == 64 * 16 + 16 * 12 - round(0.9 * (64 * 16 + 16 * 12))
    for index, layer in enumerate(training.network.layers):
        then = after[f"layers.{index}.weight"].flatten()[layer.positions]
        assert torch.equal(torch.from_numpy(layer.gather(layer.weight)), then)
    assert torch.equal(parameters(training)["output.bias"], after["output.bias"])


def test_controls_differ_in_what_they_control(images, store):
    ticket = start_of(chained(), images, store).network
    fresh = start_of(chained(weights="fresh"), images, store).network
    drawn = start_of(chained(mask="random"), images, store).network
    for one, two, three in zip(ticket.layers, fresh.layers, drawn.layers, strict=True):
        assert one.positions.tolist() == two.positions.tolist()
        assert np.isin(two.gather(two.weight), one.gather(one.weight)).mean() < 0.01
        assert three.connections == one.connections
        assert three.positions.tolist() != one.positions.tolist()
    assert not torch.equal(ticket.output.weight, fresh.output.weight)
    before = parameters(Training(DENSE, 1, images))
    for index, layer in enumerate(drawn.layers):
        weights = before[f"layers.{index}.weight"].flatten()[layer.positions]
        assert torch.equal(torch.from_numpy(layer.gather(layer.weight)), weights)


def test_both_engines_train_the_same_ticket(images, store):
    run = chained(round=2)
    run_all(with_earlier([run]), images, store)
    masked = store.result(run.key)["history"]
    elsewhere = RunStore(f"{store.location}-sparse")
    elsewhere.stand()
    run_all(with_earlier([run]), images, elsewhere, Execution(engine="sparse"))
    for one, other in zip(masked, elsewhere.result(run.key)["history"], strict=True):
        assert one["connections"] == other["connections"]
        assert one["train_loss"] == pytest.approx(other["train_loss"], rel=1e-3)


def test_the_sparse_engine_masks_tickets_that_are_nearly_dense(images, store):
    for round_, kind in ((1, MaskedLayer), (5, SparseLayer)):
        run = chained(round=round_)
        run_all(with_earlier([run]), images, store)
        training = Training(run.settings, 1, images, engine="sparse", earlier=_earlier(run, store))
        assert [type(layer) for layer in training.network.layers] == [kind, kind]


# ---------------------------------------------------------------- going on, and what goes wrong


def test_a_chain_resumed_anywhere_ends_bit_for_bit_the_same(images, store, tmp_path):
    runs = with_earlier([chained(round=2, rewind=1)])
    run_all(runs, images, store)
    interrupted = RunStore(tmp_path / "interrupted")
    interrupted.stand()

    def stop(_):
        raise Stopped

    kept = kept_epochs(runs)
    for run in runs:
        outcomes = [
            attempt(run, images, interrupted, EXECUTION, stop, keeps=kept.get(run.key, ()))
            for _ in range(3)
        ]
        assert outcomes == ["stopped", "stopped", "done"]
        one, other = store.result(run.key), interrupted.result(run.key)
        assert timeless(one["history"]) == timeless(other["history"])
        for epoch in kept[run.key]:
            assert store.network(run.key, epoch) == interrupted.network(run.key, epoch)


def test_a_run_that_was_done_before_anything_followed_it_is_trained_once_more(images, store):
    dense, run = with_earlier([chained()])
    assert attempt(dense, images, store, EXECUTION) == "done"
    before = store.result(dense.key)
    assert store.network(dense.key, 3) is None
    run_all([dense, run], images, store)
    assert store.network(dense.key, 3) is not None
    assert store.result(dense.key) == before, "its result stands"
    assert store.checkpoint(dense.key) is None


def test_a_checkpoint_beyond_the_epoch_that_is_kept_is_not_gone_on_from(images, store):
    dense, run = with_earlier([chained(rewind=1)])
    rounds = []

    def stop(record):
        rounds.append(record["epoch"])
        if len(rounds) == 2:
            raise Stopped

    assert attempt(dense, images, store, EXECUTION, stop) == "stopped"
    run_all([dense, run], images, store)
    assert store.result(dense.key)["provenance"]["resumed_after"] == 0


def test_a_run_whose_earlier_one_failed_says_so(images, store):
    dense, run = with_earlier([chained()])
    store.begin(dense.key, {})
    store.fail(dense.key, {"reason": "the training loss is not finite", "traceback": ""})
    assert attempt(run, images, store, EXECUTION) == "failed"
    reason = store.failure(run.key)["reason"]
    assert "ticket, dense training, seed 1, after epoch 3, which failed: the training" in reason


def test_a_run_whose_earlier_network_is_lost_says_so(images, store):
    assert attempt(chained(), images, store, EXECUTION) == "failed"
    assert "is not in the store" in store.failure(chained().key)["reason"]


def test_a_ticket_by_itself_cannot_be_trained(images):
    with pytest.raises(UserError, match="starts from the network of an earlier run"):
        train(settings(), 1, images)


# ---------------------------------------------------------------- in a study

STUDY = """
schema: 1
name: tickets
seeds: {root: 1, count: 2}
defaults: {dataset: digits, hidden: [16, 12], augment: false, epochs: 2, train_samples: 300}
cells:
  - {method: ticket, grid: {initial.round: [1, 3]}}
"""


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "tickets.yaml"
    path.write_text(STUDY)
    return path


def test_check_counts_the_earlier_runs(study, capsys):
    runs.check(study)
    assert "= 4 runs, and 4 earlier runs" in (capsys.readouterr().out)


def test_plan_and_status_list_the_earlier_runs_while_a_run_is_not_done(study, store, capsys):
    runs.plan(study, store.location, as_json=True)
    listed = json.loads(capsys.readouterr().out)["runs"]
    assert len(listed) == 8
    assert "ticket[initial={ticket: {round: 3}}], round 2" in {run["cell"] for run in listed}
    found = look(load_study(study), store)
    assert (len(found.cells), found.count("runs"), found.complete) == (4, 8, False)
    for run in listed:
        if "round 2" not in run["cell"]:
            store.finish(run["key"], {"history": []})
    assert look(load_study(study), store).complete


def test_an_earlier_run_is_asked_for_no_warps_that_nobody_asked_for():
    """Where the data are feature vectors, `augment` is refused if it is given."""
    given = {name: value for name, value in COMMON.items() if name != "augment"}
    run = Run("ticket", Settings(method="ticket", **given), 1, "digits")
    (start,) = starts(run)
    assert "augment" not in start.run.settings.model_fields_set
    assert "augment" in starts(chained())[0].run.settings.model_fields_set
