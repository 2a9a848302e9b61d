"""One attempt at a run, and a store in trouble under it."""

from __future__ import annotations

import errno
import importlib.metadata
from pathlib import Path

import pytest

from suite.datasets.digits import digits
from suite.execution import attempt as attempts
from suite.execution.attempt import attempt
from suite.files import Place
from suite.machine import provenance
from suite.methods import parts
from suite.settings import Settings
from suite.store.store import RunStore
from suite.study.file import Execution
from suite.study.runs import Run
from suite.training.train import Stopped

EXECUTION = Execution(engine="masked", checkpoint_seconds=0)
SETTINGS = Settings(
    dataset="digits",
    hidden=(16, 12),
    epsilon=3,
    augment=False,
    epochs=3,
    batch_size=100,
    train_samples=300,
)
RUN = Run("set", SETTINGS, 1, "digits")


@pytest.fixture(scope="module")
def images():
    return digits()


@pytest.fixture(scope="module")
def expected(images, tmp_path_factory):
    store = RunStore(tmp_path_factory.mktemp("expected"))
    assert attempt(RUN, images, store, EXECUTION) == "done"
    return history(store)


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setattr(attempts, "PATIENCE", 0.3)
    opened = RunStore(tmp_path / "store")
    opened.stand()
    return opened


def history(store):
    return [{**record, "seconds": 0} for record in store.result(RUN.key)["history"]]


def die_in(epoch):
    def on_epoch(record):
        if record["epoch"] == epoch:
            raise RuntimeError("the worker dies")

    return on_epoch


def test_a_run_ends_in_a_result_a_log_and_a_last_note(images, store, expected):
    assert attempt(RUN, images, store, EXECUTION, driver="token") == "done"
    assert history(store) == expected
    assert store.states([RUN.key]) == {RUN.key: "done"}
    assert store.result(RUN.key)["provenance"]["resumed_after"] == 0
    (log,) = store.logs(RUN.key)
    assert "epoch 3: training loss" in log
    assert store.progress(RUN.key)["epoch"] == 3
    assert store.progress(RUN.key)["driver"] == "token"


def test_provenance_is_that_of_the_beginning(images, store, monkeypatch):
    def upgrade(_):
        monkeypatch.setattr(importlib.metadata, "version", lambda package: "upgraded")

    installed = importlib.metadata.version("torch")
    provenance.cache_clear()
    assert attempt(RUN, images, store, EXECUTION, upgrade) == "done"
    assert store.result(RUN.key)["provenance"]["torch"] == installed
    assert importlib.metadata.version("torch") == "upgraded"


def test_what_cannot_be_recorded_is_not_trained(images, store, monkeypatch):
    def missing(package):
        raise importlib.metadata.PackageNotFoundError(package)

    provenance.cache_clear()
    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        attempt(RUN, images, store, EXECUTION, die_in(1))


def test_what_is_done_is_not_run_again(images, store):
    attempt(RUN, images, store, EXECUTION)
    assert attempt(RUN, images, store, EXECUTION, die_in(1)) == "done"


def test_an_attempt_goes_on_where_the_last_one_died(images, store, expected):
    with pytest.raises(RuntimeError, match="dies"):
        attempt(RUN, images, store, EXECUTION, die_in(2))
    assert store.states([RUN.key]) == {RUN.key: "partial"}
    assert "RuntimeError: the worker dies" in store.logs(RUN.key)[0]
    assert attempt(RUN, images, store, EXECUTION, die_in(1)) == "done"
    assert history(store) == expected
    assert store.result(RUN.key)["provenance"]["resumed_after"] == 1


def test_a_stopped_attempt_is_no_failure_and_repeats_nothing(images, store, expected):
    seen = []

    def stop(record):
        seen.append(record["epoch"])
        raise Stopped

    rarely = EXECUTION.model_copy(update={"checkpoint_seconds": 3600.0})
    for _ in range(SETTINGS.epochs - 1):
        assert attempt(RUN, images, store, rarely, stop) == "stopped"
    assert store.failure(RUN.key) is None
    assert attempt(RUN, images, store, rarely, stop) == "done"  # its last epoch was under way
    assert seen == list(range(1, SETTINGS.epochs + 1))
    assert history(store) == expected


def test_an_orphan_does_not_put_back_a_run_that_another_attempt_has_brought_farther(images, store):
    """The orphan wakes up after its second epoch; its successor has got to the third."""

    def succeed(record):
        if record["epoch"] == 2:
            store.keep_checkpoint(RUN.key, b"theirs")
            store.note_progress(RUN.key, {"epoch": 3, "host": "elsewhere", "pid": 1})
            raise Stopped

    assert attempt(RUN, images, store, EXECUTION, succeed) == "stopped"
    assert store.checkpoint(RUN.key) == b"theirs"
    assert store.progress(RUN.key)["epoch"] == 3


def test_the_note_of_a_dead_predecessor_holds_back_no_checkpoint(
    images, store, expected, monkeypatch
):
    """It had got to epoch 3; its only checkpoint is damaged, and the first note cannot be put."""
    theirs = {"epoch": 3, "host": "elsewhere", "pid": 1}
    store.note_progress(RUN.key, theirs)
    write, troubles = Place.write, [OSError(errno.ENOSPC, "No space left on device")]

    def troubled(self, name, payload):
        if name.endswith("progress.json") and troubles:
            raise troubles.pop()
        write(self, name, payload)

    def stop(record):
        raise Stopped

    monkeypatch.setattr(Place, "write", troubled)
    assert attempt(RUN, images, store, EXECUTION, stop) == "stopped"
    assert not troubles
    assert store.checkpoint(RUN.key) is not None
    assert attempt(RUN, images, store, EXECUTION) == "done"
    assert store.result(RUN.key)["provenance"]["resumed_after"] == 1
    assert history(store) == expected


def test_what_is_set_aside_before_the_first_epoch_is_told_of(images, store):
    warnings = []
    folder = Path(store.place.root, "runs", RUN.key)
    folder.mkdir(parents=True)
    (folder / "result.json").write_text("{}")
    assert attempt(RUN, images, store, EXECUTION, on_warning=warnings.append) == "done"
    assert [f"runs/{RUN.key}/result.json" in told for told in warnings] == [True]
    assert warnings[0] in store.logs(RUN.key)[0]


def test_a_checkpoint_that_cannot_be_loaded_is_started_anew_from_and_that_is_told(
    images, store, expected
):
    warnings = []
    store.keep_checkpoint(RUN.key, b"of another time")
    assert attempt(RUN, images, store, EXECUTION, on_warning=warnings.append) == "done"
    assert history(store) == expected
    (warning,) = warnings
    assert "checkpoint of another version" in warning
    assert warning in store.logs(RUN.key)[0]


def test_a_damaged_checkpoint_is_told_of(images, store, expected):
    warnings = []
    store.keep_checkpoint(RUN.key, b"sound")
    Path(store.place.path(f"runs/{RUN.key}/checkpoint")).write_bytes(b"foreign")
    assert attempt(RUN, images, store, EXECUTION, on_warning=warnings.append) == "done"
    assert history(store) == expected
    (told,) = warnings
    assert "is damaged or foreign: set aside as aside/" in told
    assert told in store.logs(RUN.key)[0]


def test_a_loss_that_is_not_finite_is_noted_and_forgotten_when_tried_again(images, store):
    settings = SETTINGS.model_copy(update={"learning_rate": 1e30})
    run = Run("set", settings, 1, "digits")
    for _ in range(2):
        assert attempt(run, images, store, EXECUTION) == "failed"
        assert "is not finite" in store.failure(run.key)["reason"]
        assert "Traceback" in store.failure(run.key)["traceback"]
    assert len(store.logs(run.key)) == 2


def test_a_damaged_checkpoint_is_set_aside_and_the_run_starts_anew(images, store, expected):
    with pytest.raises(RuntimeError, match="dies"):
        attempt(RUN, images, store, EXECUTION, die_in(3))
    path = store.place.path(f"runs/{RUN.key}/checkpoint")
    with open(path, "r+b") as file:  # noqa: PTH123
        file.seek(500)
        file.write(b"\xff\x00\xff")
    assert attempt(RUN, images, store, EXECUTION) == "done"
    assert history(store) == expected
    assert store.place.names("aside") == [f"runs-{RUN.key}-checkpoint.0"]


def test_a_full_disk_costs_checkpoints_but_no_run_that_ends_after_it(
    images, store, expected, monkeypatch
):
    write, full = Place.write, [True]

    def filled(self, name, payload):
        if full[0] and not name.endswith("run.json"):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, name, payload)

    def free_at_the_end(record):
        full[0] = record["epoch"] < SETTINGS.epochs

    monkeypatch.setattr(Place, "write", filled)
    assert attempt(RUN, images, store, EXECUTION, free_at_the_end) == "done"
    assert history(store) == expected
    assert (
        "the store cannot be used now: [Errno 28] No space left on device" in store.logs(RUN.key)[0]
    )


def test_a_disk_that_stays_full_ends_the_attempt(images, store, monkeypatch):
    def full(self, name, payload):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Place, "write", full)
    with pytest.raises(OSError, match="No space left"):
        attempt(RUN, images, store, EXECUTION)


def test_a_store_that_comes_back_is_waited_for(images, store, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(attempts, "PATIENCE", 60.0)

    def go_and_come_back(record):
        if record["epoch"] == 1:
            (tmp_path / "store").rename(tmp_path / "gone")
        if record["epoch"] == 3:
            (tmp_path / "gone").rename(tmp_path / "store")

    assert attempt(RUN, images, store, EXECUTION, go_and_come_back) == "done"
    assert history(store) == expected


def test_a_strategy_that_raises_fails_the_run_at_once(images, store, monkeypatch):
    monkeypatch.setattr(parts, "_parts", dict(parts._parts))

    @parts.regrowth("raises")
    def raises(layer, count, rng):
        raise ValueError("no positions today")

    settings = Settings.model_validate(SETTINGS.model_dump() | {"regrow": "raises"})
    run = Run("set[regrow=raises]", settings, 1, "digits")
    assert attempt(run, images, store, EXECUTION) == "failed"
    failure = store.failure(run.key)
    assert "Regrowth strategy 'raises' in layer 1 raised ValueError" in failure["reason"]
    assert "no positions today" in failure["traceback"]


def test_a_note_that_cannot_be_read_costs_no_run(images, store, expected, monkeypatch):
    read = Place.read

    def refused(self, name):
        if name.endswith("progress.json"):
            raise PermissionError(13, "Permission denied")
        return read(self, name)

    monkeypatch.setattr(Place, "read", refused)
    assert attempt(RUN, images, store, EXECUTION) == "done"
    assert history(store) == expected
    assert "the store cannot be used now: [Errno 13] Permission denied" in store.logs(RUN.key)[0]


def test_what_a_plug_in_prints_is_in_the_runs_log(images, store, capsys):
    def noisy(record):
        print(f"[bold] epoch {record['epoch']}", "twice", sep="\n", flush=True)
        if record["epoch"] == 3:
            print("a line without an end", end="")

    assert attempt(RUN, images, store, EXECUTION, noisy) == "done"
    (log,) = store.logs(RUN.key)
    assert [log.count(f" [bold] epoch {epoch}\n") for epoch in (1, 2, 3)] == [1, 1, 1]
    assert log.count(" twice\n") == 3
    assert log.count(" a line without an end\n") == 1
    assert capsys.readouterr().out == ""
