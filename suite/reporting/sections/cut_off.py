"""What runs warn of: layers that lost their last path, or most of their units."""

from __future__ import annotations

from suite.methods.cut_off import CutOff
from suite.reporting.numbers import count, in_a_sentence, listing_some
from suite.store.table import Results


def warned_of(results: Results) -> list[str]:
    """Return one sentence on the cells with such runs: how many they are, and the worst.

    The worst is a run of which a last path was lost, else one that lost the most of a layer.
    """
    titles = {cell.label: cell.title for cell in results.study.cells}
    affected: dict[str, set[int]] = {}
    runs: dict[str, int] = {}
    warnings = []
    for run in results.runs:
        if run.record is None:
            continue
        title = titles[run.cell]
        runs[title] = runs.get(title, 0) + 1
        for given in run.record.get("warnings", ()):
            warning = CutOff(*(given[name] for name in CutOff._fields))
            affected.setdefault(title, set()).add(run.seed)
            warnings.append((warning.left / warning.units, title, run.seed, warning.sentence))
    if not warnings:
        return []
    cells = [
        f"{in_a_sentence(title)} ({len(seeds)} of {count(runs[title], 'run')})"
        for title, seeds in affected.items()
    ]
    _, title, seed, sentence = min(warnings)
    return [
        f"Units are cut off in {listing_some(cells, 8)}. For example, in {in_a_sentence(title)} "
        f"with seed {seed}, {sentence}"
    ]
