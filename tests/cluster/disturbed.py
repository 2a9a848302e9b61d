"""A small study that something is done to, and what must be true of it afterwards."""

from __future__ import annotations

import numpy as np

from suite.store.store import RunStore
from suite.training.network_file import unpack
from tests.cluster.ledger import Ledger, watched
from tests.cluster.studies import timeless, undisturbed, undisturbed_networks, write_study

EPOCHS = 12


class Disturbed:
    """A small study whose runs are watched, and its store."""

    def __init__(self, folder, store=None, **options):
        options = {"epochs": EPOCHS, "checkpoint_seconds": 0, "keep": "network", **options}
        alone = write_study(folder, **options)
        self.expected, self.networks = undisturbed(alone), undisturbed_networks(alone)
        self.path = write_study(folder, **options)
        self.ledger: Ledger = watched(self.path)
        self.store = store or folder / "store"
        self.arguments = (self.path, "--store", self.store)

    def executed(self):
        return len(self.ledger.lines())

    def results(self):
        store = RunStore(self.store)
        return {key: store.result(key) for key in self.expected}

    def histories(self):
        return {
            key: timeless(result["history"])
            for key, result in self.results().items()
            if result is not None
        }

    def done(self):
        """Return the (method, seed) of each run that is done."""
        results = filter(None, self.results().values())
        return {(result["settings"]["method"], result["seed"]) for result in results}

    def until_executed(self, more, driver):
        before = self.executed()
        driver.until(lambda: self.executed() >= before + more, f"{more} more epochs")

    def check(self):
        """Histories and networks are as if nothing had happened; no attempt repeated two epochs."""
        assert self.histories() == self.expected
        self.check_networks()
        assert len(self.ledger.epochs()) == len(self.expected) * EPOCHS
        attempts = self.ledger.attempts()
        for run, repeated in self.ledger.repeated().items():
            assert repeated <= attempts[run] - 1, self.ledger.lines()

    def check_networks(self):
        """Every run's network was kept, bit for bit, and no file of a killed writer is damaged."""
        store = RunStore(self.store)
        assert not store.place.names("aside")
        for key, expected in self.networks.items():
            found = unpack(store.final_network(key), key).arrays
            assert found.keys() == expected.keys()
            for name, array in expected.items():
                np.testing.assert_array_equal(found[name], array, err_msg=name)
