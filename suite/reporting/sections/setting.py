"""The settings that decide the results, and where the results come from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from suite.datasets.sources import title as source_title
from suite.methods import flat
from suite.methods.parts import KINDS, TITLES
from suite.reporting.numbers import count, listing
from suite.reporting.section import Grid, Material, Section, Td, head, number, words
from suite.reporting.sections.results import papers_settings, part_text, plain
from suite.settings import Settings
from suite.store.table import Results
from suite.wording import span

_VERSIONS = ("suite", "python", "torch", "numpy", "numba", "ray")
_MACHINE = ("host", "system", "cpu", "cores", "engine", "threads", "gpu", "commit", "dirty")
_ALIKE = (*_VERSIONS, "engine", "gpu", "commit", "cpu", "host")
"""Runs that differ in one of these get a warning."""


def section(material: Material) -> Section:
    """Return settings, data, validation, engine and provenance."""
    results = material.results
    blocks: list[str | Grid] = [_about(results), _settings(results)]
    records = [run.record for run in results.runs if run.record is not None]
    origins = [dict(record.get("provenance", {})) for record in records]
    if origins:
        blocks += [_contents(records), _provenance(origins)]
    title = "Settings and provenance"
    return Section("settings", title, tuple(blocks), tuple(_warnings(origins, records)))


def _about(results: Results) -> str:
    cells = results.study.cells
    settings = [cell.settings for cell in cells]
    datasets = list(dict.fromkeys(source_title(s.dataset) for s in settings))
    seeds = results.study.seeds
    paired = results.study.file.comparisons.design == "paired"
    how = (
        "so cells are compared in pairs"
        if paired
        else "but the study compares its cells as independent samples (Welch)"
    )
    sentences = [
        f"{count(len(cells), 'cell')} over {count(len(seeds), 'seed')} "
        f"({span(seeds)}) on {listing(datasets)}; every cell has the same seeds, and a "
        f"seed fixes topology, weights, data order and augmentation, {how}."
    ]
    fractions = [s.validation for s in settings if s.validation != "test"]
    if fractions:
        shares = listing(f"{100 * float(f):g} %" for f in dict.fromkeys(fractions))
        sentences.append(
            f"Methods read signals of {shares} of the training data, held out; the test set is "
            "used for reporting only."
        )
    if len(fractions) < len(settings):
        who = "Some methods read" if fractions else "Methods read"
        sentences.append(
            f"{who} signals of the test set, as in the paper: validation and test values are the "
            "same, and test accuracies are optimistic for methods that read them."
        )
    return " ".join(sentences)


def _contents(records: list[Mapping[str, Any]]) -> str:
    """Return a sentence with each data set's fingerprint, and how its files were read."""
    known = {(str(record.get("dataset")), str(record.get("fingerprint"))) for record in records}
    listed = listing(f"{name} {fingerprint[:16]}" for name, fingerprint in sorted(known))
    notes = [note for record in records for note in record.get("data", {}).get("notes", ())]
    sentences = [f"Fingerprints of the data that the runs were given: {listed}."]
    return " ".join([*sentences, *dict.fromkeys(notes)])


def _settings(results: Results) -> Grid:
    """Return every setting that decides a result, and the parts of the recipes."""
    cells = results.study.cells
    usual = papers_settings(cells)
    rows = []
    for name in Settings.model_fields:
        if name in _PARTS or not any(_decides(name, cell.settings) for cell in cells):
            continue
        values = [
            _plain(name, getattr(c.settings, name)) for c in cells if _decides(name, c.settings)
        ]
        published = "" if name == "method" else _plain(name, getattr(usual, name))
        rows.append(_setting(name, values, published, _MEANING.get(name, "")))
    for kind, title in TITLES.items():
        answers = [
            answer for c in cells for answer in c.settings.recipe.in_use if answer.kind == kind
        ]
        if answers:
            published = "" if kind in _OF_A_METHOD else part_text(usual.recipe.answer(kind))
            meaning = "; ".join(
                dict.fromkeys(answer.part.summary.rstrip(".") for answer in answers)
            )
            rows.append(_setting(title, [*map(part_text, answers)], published, meaning))
    caption = (
        "Every setting that decides a result, then the parts of the methods. The third column is "
        "the paper's value (Table 1) or, where the paper gives none, that of the SET authors' "
        "code; it is marked where this study differs."
    )
    heads = head("Setting", "This study", "Paper", "Meaning", names=(0, 1, 2, 3))
    return Grid("settings-grid", caption, heads, tuple(rows))


_PARTS = {*KINDS, *flat.NAMES, flat.PARTS}
"""The settings that make the recipe."""
_OF_A_METHOD = ("gate", "budget", "regrow")
"""The parts in which the paper's methods differ from each other."""


def _decides(name: str, settings: Settings) -> bool:
    return name in settings.deciding() or name in ("method", "dataset")


def _setting(name: str, values: list[str], published: str, meaning: str) -> tuple[Td, ...]:
    values = list(dict.fromkeys(values))
    return (
        words(name),
        words("; ".join(values)),
        words(published, mark="" if values == [published] else "open"),
        words(meaning.rstrip(".")),
    )


_MEANING = {
    name: (field.description or "").rstrip(".") for name, field in Settings.model_fields.items()
}


def _plain(name: str, value: Any) -> str:
    if name == "dataset":
        return source_title(value) if hasattr(value, "model_dump") else str(value)
    return "all" if value is None else plain(value)


def _provenance(origins: list[dict[str, Any]]) -> Grid:
    names = [
        name for name in (*_VERSIONS, *_MACHINE) if any(o.get(name) is not None for o in origins)
    ]
    kinds = Counter(tuple(_said(origin, name) for name in names) for origin in origins)
    rows = [
        (*(words(value) for value in values), number(n, f"{n:,}"))
        for values, n in sorted(kinds.items())
    ]
    caption = "Finished runs by the machine and the versions that they were computed with."
    heads = head(*names, "Runs", names=range(len(names)))
    return Grid("provenance-grid", caption, heads, tuple(rows))


def _said(origin: Mapping[str, Any], name: str) -> str:
    value = origin.get(name)
    value = "" if value is None else value
    if name == "commit":
        return str(value)[:10] or "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "gpu":
        return str(value) or "none"
    return str(value) or "–"


def _warnings(origins: list[dict[str, Any]], records: list[Mapping[str, Any]]) -> list[str]:
    found = []
    for name in _ALIKE:
        values = Counter(_said(origin, name) for origin in origins)
        if len(values) > 1:
            listed = listing(f"{value} ({count(n, 'run')})" for value, n in sorted(values.items()))
            found.append(f"Runs differ in {_NAMES.get(name, name)}: {listed}.")
    if dirty := sum(bool(origin.get("dirty")) for origin in origins):
        found.append(
            f"{count(dirty, 'run was', 'runs were')} computed with changes that are in no commit."
        )
    contents: dict[str, set[str]] = {}
    for record in records:
        contents.setdefault(str(record.get("dataset")), set()).add(str(record.get("fingerprint")))
    found += [
        f"{dataset} had {len(prints)} different contents among these runs."
        for dataset, prints in contents.items()
        if len(prints) > 1
    ]
    return found


_NAMES = {
    "cpu": "CPU",
    "gpu": "GPU",
    "suite": "the suite's version",
    "commit": "the suite's commit",
} | {name: f"the version of {name}" for name in _VERSIONS[1:]}
