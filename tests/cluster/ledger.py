"""A plug-in that writes down every epoch that a worker executes, and slows epochs down.

A study that names a copy of it (`watched` makes one) has the same run keys as one that does not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.processes import lives

PLUGIN = """
import os, time
from pathlib import Path
from suite.training import train as training
from suite.methods import regrowth

@regrowth("unused_by_{name}", source="a test")
def unused(layer, count, rng):
    raise AssertionError

_train = training.train

def train(settings, seed, *arguments, on_epoch, **options):
    def follow(record):
        line = f"{{settings.method}} {{seed}} {{record['epoch']}} {{os.getpid()}}\\n"
        with Path({ledger!r}).open("a") as ledger:
            ledger.write(line)
        time.sleep(float(Path({pause!r}).read_text()))
        on_epoch(record)
    return _train(settings, seed, *arguments, on_epoch=follow, **options)

training.train = train
"""


@dataclass(frozen=True)
class Line:
    """One executed epoch of one run, and the process that executed it."""

    run: tuple[str, int]
    epoch: int
    pid: int


@dataclass(frozen=True)
class Ledger:
    path: Path

    def slow_down(self, seconds: float) -> None:
        """Have every epoch from now on take so much longer."""
        waiting = self.path.with_suffix(".new")
        waiting.write_text(str(seconds))
        waiting.replace(self.path.with_suffix(".pause"))

    def lines(self) -> list[Line]:
        if not self.path.exists():
            return []
        words = [line.split() for line in self.path.read_text().splitlines()]
        return [Line((method, int(seed)), int(e), int(pid)) for method, seed, e, pid in words]

    def epochs(self) -> set[tuple[tuple[str, int], int]]:
        """Return each run and epoch that was executed."""
        return {(line.run, line.epoch) for line in self.lines()}

    def pids(self) -> set[int]:
        """Return the worker processes that have executed epochs and still live."""
        return {line.pid for line in self.lines() if lives(line.pid)}

    def last(self, epoch: int) -> int:
        """Return how many runs have executed an epoch."""
        return sum(number == epoch for _, number in self.epochs())

    def repeated(self) -> Counter[tuple[str, int]]:
        """Return how many epochs of each run were executed again."""
        executed = Counter(line.run for line in self.lines())
        return executed - Counter(run for run, _ in self.epochs())

    def attempts(self) -> Counter[tuple[str, int]]:
        """Return how many processes have executed epochs of each run."""
        return Counter(run for run, _ in {(line.run, line.pid) for line in self.lines()})


def watched(study: Path) -> Ledger:
    """Have a study file's runs write a ledger."""
    ledger, pause = study.with_suffix(".ledger"), study.with_suffix(".pause")
    plugin = study.with_suffix(".py")
    plugin.write_text(PLUGIN.format(name=study.stem, ledger=str(ledger), pause=str(pause)))
    study.write_text(f"{study.read_text()}\nplugins: [{plugin.name}]\n")
    made = Ledger(ledger)
    made.slow_down(0.1)
    return made
