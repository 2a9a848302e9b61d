"""Chains: runs that start from the network which an earlier run has trained.

A ticket of round 3 starts from a run of round 2, that one from a run of round 1, and that from a
dense training. What such a run starts from follows from its own settings, so its key says it too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from suite.settings import MADE_INTO_PARTS, Settings
from suite.study.runs import Run

_OF_A_CHAIN = re.compile(r", (round \d+|dense training)$")


class Start(NamedTuple):
    """A network that a run starts from.

    Attributes:
        run: The run that trains it.
        epoch: The epoch after which it is kept.
    """

    run: Run
    epoch: int


def _never(_: Start) -> bool:
    return False


def starts(run: Run) -> list[Start]:
    """Return the networks that a run starts from: none for most.

    The first is the network that is pruned. Where weights go back to those of an epoch of the dense
    training, the second is the network after that epoch.
    """
    if not run.settings.recipe.chained:
        return []
    options = run.settings.recipe.initial.options
    before = _earlier(run, options["round"] - 1)
    found = [Start(before, before.settings.epochs)]
    if options["weights"] == "rewound" and options["rewind"] > 0:
        found.append(Start(_earlier(run, 0), options["rewind"]))
    return found


def with_earlier(runs: Sequence[Run], is_kept: Callable[[Start], bool] = _never) -> list[Run]:
    """Return distinct runs with all those that they start from, each after what it starts from.

    Args:
        runs: The runs.
        is_kept: Whether a network that a run starts from is there already, so that the run that
            trains it need not be.
    """
    if not any(run.settings.recipe.chained for run in runs):
        return list(runs)  # at once, of however many
    given = {run.key: run for run in runs}  # keeps the names that a study gives
    found: dict[str, Run] = {}

    def add(run: Run) -> None:
        for start in starts(run):
            key = start.run.key
            if key not in found and (key in given or not is_kept(start)):
                add(given.get(key, start.run))
        found[run.key] = run

    for key, run in given.items():
        if key not in found:
            add(run)
    return list(found.values())


def kept_epochs(runs: Iterable[Run]) -> dict[str, set[int]]:
    """Return, by key, the epochs after which runs keep their network for others of these runs.

    The last network of a round is always kept, unless it is a control: another may follow one day.
    """
    kept: dict[str, set[int]] = {}
    for run in runs:
        if _may_go_on(run.settings):
            kept.setdefault(run.key, set()).add(run.settings.epochs)
        for start in starts(run):
            kept.setdefault(start.run.key, set()).add(start.epoch)
    return kept


def _may_go_on(settings: Settings) -> bool:
    options = settings.recipe.initial.options
    return settings.recipe.chained and options["mask"] == "pruned" and options["weights"] != "fresh"


def _earlier(run: Run, round_: int) -> Run:
    """Return an earlier round of a chained run; round 0 is the dense training."""
    settings, options = run.settings, dict(run.settings.recipe.initial.options)
    given: dict[str, Any] = {
        name: getattr(settings, name)
        for name in Settings.model_fields
        if name not in MADE_INTO_PARTS or name == "dataset"
    }
    if "augment" not in settings.model_fields_set:
        del given["augment"]  # given, it would be refused where the data are feature vectors
    for name in ("epochs", "learning_rate"):
        if (of_earlier := options.pop(name)) is not None:
            given[name] = of_earlier
    if round_ == 0:
        given["method"] = "dense"
    else:
        trained = options["weights"] == "trained"
        chain = {"round": round_, "mask": "pruned", "weights": "trained" if trained else "rewound"}
        given |= {
            "method": "ticket",
            "initial": {run.settings.recipe.initial.name: options | chain},
        }
    cell = _OF_A_CHAIN.sub("", run.cell)
    name = f"{cell}, {f'round {round_}' if round_ else 'dense training'}"
    return replace(run, cell=name, settings=Settings(**given))
