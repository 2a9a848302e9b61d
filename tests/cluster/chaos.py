"""Kill at random moments, many times, and compare with an undisturbed study.

python -m tests.cluster.chaos --kills 50 --seed 1

The same seed kills the same kinds of processes after as many epochs; which run that hits is up to
the scheduler.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.cluster.disturbed import EPOCHS, Disturbed
from tests.cluster.processes import Driver, children, command, driving, kill, lives, until

EPOCHS_BETWEEN_KILLS = 5
"""On average."""

EPOCHS_A_KILL = 8
"""What a kill takes of the study, with the epochs until it strikes: 7.2 were measured."""

VICTIMS = {"worker": 10, "driver": 5, "interrupt": 2, "gcs_server": 2, "raylet": 1}
"""Who dies how often, relative to each other."""


def chaos(folder: Path, kills: int, seed: int, tell: Callable[[str], None] = print) -> None:
    """Run a study to its end through so many kills, and compare.

    Raises:
        AssertionError: If anything differs from an undisturbed study, a finished run was run
            again, or an attempt repeated more than the epoch that its predecessor died in.
    """
    draws = random.Random(seed)
    seeds = 2 + kills * EPOCHS_A_KILL // (2 * EPOCHS)
    study = Disturbed(folder, seeds=seeds, retries=100)
    left = kills
    while len(finished := study.done()) < len(study.expected):
        before = study.executed()
        with driving(*study.arguments, RAY_gcs_rpc_server_reconnect_timeout_s="5") as driver:
            while left:
                victim = _strike(study, driver, draws)
                if victim is None:
                    break
                left -= 1
                tell(f"kill {kills - left}: {victim}, {study.executed()} epochs executed")
                if victim != "worker":
                    break
            until(lambda driver=driver: not lives(driver.pid), "the driver's end")
        again = {line.run for line in study.ledger.lines()[before:]} & finished
        assert not again, f"finished runs were run again: {again}"
    study.check()
    tell(
        f"{kills - left} kills, {len(study.expected)} runs, {study.executed()} epochs executed, "
        f"{study.ledger.repeated().total()} of them again: every history is as undisturbed."
    )
    assert left == 0, f"the study was over before {left} of the kills"


def _strike(study: Disturbed, driver: Driver, draws: random.Random) -> str | None:
    """Wait for a random number of epochs, and kill; None if the study is over before that."""
    victim = draws.choices(list(VICTIMS), list(VICTIMS.values()))[0]
    wanted = study.executed() + draws.randint(1, 2 * EPOCHS_BETWEEN_KILLS - 1)
    until(
        lambda: study.executed() >= wanted or not lives(driver.pid),
        f"epoch {wanted}\n{driver.told}",
    )
    if not lives(driver.pid):
        return None
    if victim == "worker":
        pid = draws.choice(sorted(study.ledger.pids() & set(children(driver.pid))) or [driver.pid])
        if pid == driver.pid:
            victim = "driver"
            driver.kill()
        kill(pid)
    elif victim == "driver":
        driver.kill()
    elif victim == "interrupt":
        driver.interrupt()
    else:
        family = children(driver.pid)
        for pid in family:
            if victim in command(pid).partition(" ")[0]:
                kill(pid)
        until(lambda: not study.ledger.pids(), "the end of a headless cluster's workers")
    return victim


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that nothing is left behind
    with tempfile.TemporaryDirectory(prefix="suite-chaos-") as folder:
        chaos(Path(folder), arguments.kills, arguments.seed)


if __name__ == "__main__":
    main()
