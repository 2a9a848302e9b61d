"""How a worker makes sure that it sees the driver's store; tests/cluster does it on real nodes."""

from dataclasses import replace

import pytest

from suite.execution.ray import trial
from suite.execution.stopping import StrangerError
from suite.settings import Settings
from suite.store.lock import hold
from suite.study.file import Execution
from suite.study.runs import Run
from tests.plugins import load_plugin

OWN = """
from suite import draw_outside, part

@part("regrow")
def own(layer, count, rng):
    return draw_outside(layer.positions, layer.size, count, rng)
"""


def job(store, lock):
    return trial.Job(
        {}, {}, store.location, Execution(), (), "study", lock.token, 0.0, None, "far", 0.2
    )


def test_a_part_of_other_code_than_the_drivers_is_refused(store, registered, tmp_path):
    file = tmp_path / "own.py"
    file.write_text(OWN)
    load_plugin(file)
    runs = [Run("set", Settings(dataset="digits", augment=False, regrow="own"), 1, "x")]
    with hold(store, "study") as lock:
        sent = replace(job(store, lock), code=trial.code_of(runs))
    trial._check_code(runs[0], sent)
    file.write_text(f"{OWN}# edited\n")
    load_plugin(file)
    with pytest.raises(StrangerError, match="has other code of regrow own than the driver on far"):
        trial._check_code(runs[0], sent)


def test_the_drivers_store_is_seen(store):
    with hold(store, "study") as lock:
        seen, wanted = trial._seen_store(job(store, lock))
    assert (seen.location, wanted) == (store.location, "go on")


def test_a_store_without_the_drivers_sign_is_another(store):
    with hold(store, "other") as lock, pytest.raises(StrangerError, match="not see the same store"):
        trial._seen_store(job(store, lock))


def test_a_store_that_is_not_there_is_another(store, tmp_path):
    with hold(store, "study") as lock:
        there = job(store, lock)
        (tmp_path / "store").rename(tmp_path / "elsewhere")
        with pytest.raises(StrangerError, match="does not see the same store"):
            trial._seen_store(there)


def test_a_store_that_cannot_be_read_is_said_to_be_and_why(store, monkeypatch):
    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    with hold(store, "study") as lock:
        monkeypatch.setattr(trial, "order", refused)
        with pytest.raises(StrangerError, match=r"cannot read the store at .*Permission denied"):
            trial._seen_store(job(store, lock))


def test_a_store_in_trouble_for_a_while_is_waited_for(store, monkeypatch):
    troubles = iter([OSError("away"), OSError("away")])
    order = trial.order

    def troubled(*arguments, **options):
        for trouble in troubles:
            raise trouble
        return order(*arguments, **options)

    with hold(store, "study") as lock:
        monkeypatch.setattr(trial, "order", troubled)
        assert trial._seen_store(job(store, lock))[1] == "go on"


def test_a_displaced_driver_that_writes_itself_back_orders_nothing(store):
    with hold(store, "study"):
        theirs = store.driver("study")
        with hold(store, "study", takeover=True) as lock:
            here = replace(job(store, lock), displaced=lock.displaced)
            assert trial._order(store, here) == "go on"
            store.note_driver("study", theirs)
            assert trial._order(store, here) == "unknown"
