"""Run seeds until a study's comparisons and claims are decided, and no more.

A round adds the same number of seeds to every cell that is still needed: enough to keep the cores
busy, and to decide something. Then the study is decided anew. The rounds follow from the values
alone: each depends on the seeds that rounds have asked for so far, whatever else is in the store.
So the same rounds come again after a crash, and those that are done take no time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from suite import decisions
from suite.errors import UserError
from suite.store.store import RunStore
from suite.store.table import Results, collect
from suite.study import Study
from suite.study.chains import with_earlier
from suite.study.runs import Run

if TYPE_CHECKING:
    from suite.decisions import Undecided


def check_decidable(study: Study, most: int | None) -> int:
    """Return the most seeds that a study may be run with until it is decided.

    Args:
        study: The study.
        most: The seeds asked for; by default all that it declares.

    Raises:
        UserError: If the study cannot be run until it is decided, or has fewer seeds than that.
    """
    if study.file.comparisons.inference != "anytime":
        raise UserError(
            f"{study.path}: --until-decided needs comparisons: {{inference: anytime}}; with fixed "
            "inference the number of seeds is set before any result is seen."
        )
    if study.runs_untuned:
        raise UserError(
            f"{study.path}: tune.untuned: --until-decided runs only what is compared; leave "
            "untuned out, or run without --until-decided."
        )
    if not (study.pairs or study.claims):
        raise UserError(f"{study.path}: declares neither comparisons nor claims to decide.")
    if most is not None and most > len(study.seeds):
        raise UserError(
            f"--max-seeds {most}: {study.path} has {len(study.seeds)} seeds; raise seeds: count "
            "there."
        )
    return len(study.seeds) if most is None else most


class Rounds:
    """Chooses, again and again, which runs are to be trained next.

    Args:
        study: The study.
        store: Its run store.
        runs: All runs of the study.
        most: The most seeds of a cell.
        told: Called at the start of a round with all of its runs and a sentence.
        fingerprints: Content of the data that the runs are trained on; see `collect`.
    """

    def __init__(
        self,
        study: Study,
        store: RunStore,
        runs: Sequence[Run],
        most: int,
        told: Callable[[Sequence[Run], str], None],
        fingerprints: Mapping[str, str] | None = None,
    ) -> None:
        self._study, self._store, self._most, self._told = study, store, most, told
        self._fingerprints = fingerprints
        self._place = {seed: place for place, seed in enumerate(study.seeds)}
        self._runs = runs
        self._asked = dict.fromkeys((cell.label for cell in study.cells), 0)
        self._known: tuple[int, Results] | None = None

    def __call__(self, left: Sequence[Run], room: int) -> list[Run]:
        """Return the runs of the round that are left, or of the next one; none at the end.

        Args:
            left: The runs of the study without a result that have not failed just now.
            room: How many runs can go on at once.
        """
        while not (due := [run for run in left if self._is_asked(run)]):
            needed = decisions.undecided(self._seen(len(left)))
            if not needed or not self._ask(needed, room):
                return []
        keys = {run.key for run in with_earlier(due)}
        return [run for run in left if run.key in keys]

    def _is_asked(self, run: Run) -> bool:
        return self._place[run.seed] < self._asked.get(run.cell, 0)

    def _seen(self, left: int) -> Results:
        """Return what the rounds so far have come to; nothing is read anew unless a run ended."""
        if self._known is None or self._known[0] != left:
            self._known = left, collect(self._study, self._store, self._fingerprints)
        return decisions.up_to(self._known[1], self._asked)

    def _ask(self, needed: Sequence[Undecided], room: int) -> bool:
        """Ask for one more round; False where no cell may have another seed."""
        labels = {cell.label for open_ in needed for cell in open_.cells}
        before = min(self._asked[label] for label in labels)
        if before >= self._most:
            return False
        to_fill = before + -(-room // len(labels))
        to_decide = min(open_.earliest for open_ in needed)
        now = min(max(to_fill, to_decide), self._most)
        asked_before = dict(self._asked)
        self._asked |= {label: max(now, self._asked[label]) for label in labels}
        new = [
            run
            for run in self._runs
            if self._is_asked(run) and self._place[run.seed] >= asked_before[run.cell]
        ]
        first, last = self._study.seeds[before], self._study.seeds[now - 1]
        self._told(
            new,
            f"seed{f' {first}' if first == last else f's {first} to {last}'} of "
            f"{', '.join(sorted(labels))}: {len(needed)} of "
            f"{len(self._study.pairs) + len(self._study.claims)} comparisons and claims are open",
        )
        return True
