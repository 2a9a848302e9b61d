"""How deaths are counted where Tune itself has died."""

import pytest

from suite.cluster.callbacks import try_again
from suite.ending import Ending
from suite.lock import hold
from suite.store import RunStore


class Heard:
    def __init__(self):
        self.told = []

    def retried(self, key, reason):
        self.told.append(("retried", key))

    def ended(self, key, outcome):
        self.told.append((outcome, key))


@pytest.fixture
def store(tmp_path):
    opened = RunStore(tmp_path / "store")
    opened.stand()
    return opened


def test_only_a_run_that_gets_no_farther_fails_of_many_deaths(store):
    heard, deaths = Heard(), {}
    with hold(store, "study") as lock:
        ending = Ending(lock, heard)
        for epoch in range(5):
            store.note_progress("advancing", {"epoch": epoch})
            store.note_progress("stuck", {"epoch": 3})
            ending.running |= {"advancing", "stuck"} - ending.ended
            try_again(RuntimeError("out of memory"), deaths, 3, store, heard, ending)
            assert not ending.running
    assert [told for told, key in heard.told if key == "advancing"] == 5 * ["retried"]
    assert [told for told, key in heard.told if key == "stuck"] == [*3 * ["retried"], "failed"]
    assert ending.ended == {"stuck"}
    assert store.failure("stuck")["reason"] == "out of memory; tried 4 times"
    assert store.failure("advancing") is None
