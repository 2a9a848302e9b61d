"""What runs warn of: layers that lost their last path, or most of their units."""

from __future__ import annotations

from suite.methods.cut_off import CutOff
from suite.reporting.numbers import count
from suite.store.table import Results

_SHOWN = 8


def warned_of(results: Results) -> list[str]:
    """Return a sentence on each cell with such runs: how many they are, and what the first says.

    A run of which a last path was lost is quoted before one that only lost units.
    """
    sentences = []
    for cell in results.study.cells:
        runs = [run for run in results.runs if run.cell == cell.label and run.record is not None]
        found = [
            (warning.left > 0, run.seed, warning)
            for run in runs
            for given in (run.record or {}).get("warnings", ())
            for warning in [CutOff(*(given[name] for name in CutOff._fields))]
        ]
        if found:
            _, seed, first = min(found)
            affected = len({seed for _, seed, _ in found})
            whose = f"{cell.title}: {affected} of {count(len(runs), 'run')} warn of units cut off"
            sentences.append(f"{whose}, e.g. with seed {seed}: {first.sentence}")
    more = len(sentences) - _SHOWN
    rest = [f"Runs of {count(more, 'further cell')} warn of units cut off."] if more > 0 else []
    return sentences[:_SHOWN] + rest
