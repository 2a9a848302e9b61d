"""Section 3: the declared comparisons and claims, with their verdicts."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd

from suite import decisions, paper
from suite.decisions import SEVERAL_STATEMENTS, Claimed, Compared, Statement
from suite.reporting.drawing import inline, save, style, write_csv
from suite.reporting.figures import Shown
from suite.reporting.forest import Difference, draw_forest
from suite.reporting.numbers import (
    MISSING,
    Format,
    count,
    format_for,
    listing,
    percent,
    superscript,
)
from suite.reporting.rank_diagram import draw_ranks
from suite.reporting.section import Block, Grid, Material, Section, Td, head, number, words

if TYPE_CHECKING:
    from suite.statistics import Ranking
    from suite.study import Comparisons

_MANY = 3
"""A remark on so many comparisons stands above their table, once."""
_MARKS = {
    "supported": "good",
    "contradicted": "bad",
    "better": "good",
    "worse": "bad",
    "equivalent": "good",
    "unattainable": "open",
    "inconclusive": "open",
}


def section(material: Material) -> Section | None:
    """Return the verdicts; None where the study declares neither comparisons nor claims."""
    blocks = _ranking(material)
    if not (material.claims or material.comparisons or blocks):
        return None
    if material.claims:
        declared = material.results.study.file.comparisons
        blocks = [_claims(material.claims), _statements(material.claims, declared), *blocks]
    if material.comparisons:
        for remark, n in _remarks(material.comparisons)[1].items():
            blocks.append(f"Of {n} comparisons below: {remark}")
        blocks += [_show(material), _comparisons(material)]
    return Section("claims", "Claims and comparisons", tuple(blocks))


def _claims(claims: list[Claimed]) -> Grid:
    rows = []
    for place, row in enumerate(claims, start=1):
        found = row.found
        rows.append(
            (
                words(f"{place}. {row.claim.sentence}", small=row.claim.source),
                words(found.verdict, mark=_MARKS[found.verdict]),
                p_value(math.nan if found.verdict == "unattainable" else found.p_adjusted),
                words(found.reason),
            )
        )
    caption = (
        "A claim is supported if each of its statements below is shown, contradicted if the "
        f"opposite of one is; by the {claims[0].measure}. {SEVERAL_STATEMENTS} p is Holm-corrected "
        "over the claims. Unattainable: with these seeds no exact test could reach the needed p: "
        "none is given."
    )
    heads = head("Claim", "Verdict", "p", "Why", names=(0, 1, 3))
    return Grid("claims-grid", caption, heads, tuple(rows))


def _statements(claims: list[Claimed], declared: Comparisons) -> Grid:
    level = _level(declared)
    rows = [
        (
            words(f"{place}. {statement.sentence}"),
            number(statement.found.n, str(statement.found.n)),
            *_found(statement),
            p_value(statement.found.p_for),
        )
        for place, row in enumerate(claims, start=1)
        for statement in row.statements
    ]
    caption = (
        "Every statement of the claims: the mean difference (or the mean share saved) over n seeds "
        f"with its t interval at {level}, the paper's value where it has one (Table 2: CIFAR-10, "
        f"{paper.EPOCHS:,} epochs), and the p of the statement before correction; – where no exact "
        "test could reach the needed p, so that none counts."
    )
    heads = head("Statement", "n", "Difference", f"{level} interval", "Paper", "p")
    return Grid("statements-grid", caption, heads, tuple(rows))


def _found(statement: Statement) -> tuple[Td, Td, Td]:
    found = statement.found
    published = math.nan if statement.paper is None else statement.paper
    if statement.direction == "saves":
        texts = [
            percent(value) if math.isfinite(value) else MISSING
            for value in (found.estimate, found.low, found.high, published)
        ]
    else:
        form = format_of(statement.outcome, found.estimate)
        values = (found.estimate, found.low, found.high)
        texts = [amount(form, value) for value in (*values, published)]
    interval = f"{texts[1]} to {texts[2]}" if math.isfinite(found.low) else MISSING
    mark = "" if found.agrees or not math.isfinite(found.estimate) else "bad"
    return (
        number(found.estimate, texts[0], mark=mark),
        number(found.low, interval),
        number(published, texts[3]),
    )


def _comparisons(material: Material) -> Grid:
    compared = material.comparisons
    declared = material.results.study.file.comparisons
    with_margin = declared.equivalence_margin is not None
    remarks, shared = _remarks(compared)
    rows = []
    for row, remark in zip(compared, remarks, strict=True):
        found = row.found
        form = format_of(row.outcome, found.difference)
        ends = f"{amount(form, found.low)} to {amount(form, found.high)}"
        rows.append(
            (
                words(
                    f"{row.cell.title} against {row.against.title}",
                    small="" if remark in shared else remark,
                ),
                words(found.verdict, mark=_MARKS[found.verdict]),
                number(found.n, str(found.n)),
                number(
                    found.mean_a,
                    _unsigned(row.outcome, found.mean_a),
                    small=_unsigned(row.outcome, found.mean_b),
                ),
                number(
                    found.difference,
                    amount(form, found.difference),
                    small=ends if math.isfinite(found.low) else "",
                ),
                number(found.hedges_g, _short(found.hedges_g)),
                p_value(
                    found.p_adjusted,
                    small=f"t {_p(found.p_t)}; exact {_p(found.p_exact)}"
                    + (f"; TOST {_p(found.p_equivalence_adjusted)}" if with_margin else ""),
                ),
                number(found.correlation, _short(found.correlation)),
                number(found.detectable, amount(form, found.detectable).removeprefix("+")),
            )
        )
    caption = (
        f"Declared comparisons in {row.outcome.replace('_', ' ')} ({row.measure}): n pairs of runs "
        f"(or runs a cell), both means, the mean difference with its t interval at "
        f"{_level(declared)}, Hedges' g, the t test's p after Holm's correction over this table "
        "and before, the exact sign-flip test's p, the correlation over seeds that pairing relies "
        "on, and the smallest true difference that these runs would detect with 80 % power. "
        "Unattainable: the exact test cannot reach the needed p with so few pairs that differ; a "
        "small p of the t test or of TOST rests on normality alone there, and does not count."
    )
    if with_margin:
        caption += (
            f" Equivalent: within {declared.equivalence_margin:g} of zero, by two one-sided tests "
            "(TOST) whose p is Holm-corrected among its like."
        )
    titles = ("Comparison", "Verdict", "n", "Means", "Difference", "g", "p")
    heads = head(*titles, "Correlation", "Detectable", names=(0, 1))
    looks = tuple(material.looks[row.cell.label] for row in compared)
    return Grid("comparisons-grid", caption, heads, tuple(rows), looks)


def _remarks(compared: list[Compared]) -> tuple[list[str], dict[str, int]]:
    """Return what a reader must know beyond the figures of each, and the remarks of many."""
    remarks = []
    for row in compared:
        found = row.found
        identical = found.n and found.ties == found.n
        explained = found.verdict in ("unattainable", "equivalent") or identical
        note = f"{found.note[:1].upper()}{found.note[1:]}." if found.note else ""
        remarks.append(" ".join(filter(None, [found.reason if explained else "", note])))
    counts = Counter(filter(None, remarks))
    return remarks, {remark: n for remark, n in counts.items() if n >= _MANY}


def _ranking(material: Material) -> list[Block]:
    """Return the cells' mean ranks, where the study has several blocks to rank them over."""
    found = decisions.ranking(material.results)
    if found.blocks < 2:
        return []
    rows = [
        (words(str(label)), number(float(rank), f"{rank:.2f}"))
        for label, rank in found.ranks.items()
    ]
    outcome = material.results.study.file.comparisons.outcome.replace("_", " ")
    caption = f"Mean ranks in {outcome} over {found.blocks} data sets or settings; 1 is best."
    shown: list[Block] = [found.reason]
    if not found.p_values.empty:
        shown.append(_show_ranks(material, found, f"Mean ranks in {outcome}"))
    return [*shown, Grid("ranks-grid", caption, head("Cell", "Mean rank"), tuple(rows))]


def _show_ranks(material: Material, found: Ranking, title: str) -> Shown:
    ranks = found.ranks.rename_axis("cell").reset_index(name="rank")
    write_csv(ranks, material.out / "ranks.csv")
    with style("ranks"):
        picture = save(draw_ranks(found), "ranks", material.out)
    caption = (
        f"Cells at their mean rank over n = {found.blocks} data sets or settings. A bar joins "
        "cells that are not shown to differ (Nemenyi's test); the critical difference is "
        f"{found.critical_difference:.2f}."
    )
    description = "; ".join(f"{cell}: {rank:.2f}" for cell, rank in found.ranks.items())
    return material.add_figure(
        Shown("ranks", "", title, caption, inline(picture, title, description))
    )


def _show(material: Material) -> Shown:
    compared = material.comparisons
    data = pd.DataFrame([row.row() for row in compared])
    write_csv(data, material.out / "comparisons.csv")
    against = {row.against.label for row in compared}
    lines = [
        Difference(
            row.cell.title
            if len(against) == 1
            else f"{row.cell.title} against {row.against.title}",
            row.found.difference,
            row.found.low,
            row.found.high,
            material.looks[row.cell.label],
        )
        for row in compared
    ]
    first = compared[0]
    outcome = first.outcome.replace("_", " ")
    title = f"Differences in {outcome}"
    if len(against) == 1:
        title += f" from {first.against.title}"
    margin = material.results.study.file.comparisons.equivalence_margin
    with style("comparisons"):
        figure = draw_forest(lines, f"Difference in {outcome}", margin)
        picture = save(figure, "comparisons", material.out)
    counts = sorted({row.found.n for row in compared})
    n = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    level = _level(material.results.study.file.comparisons)
    caption = (
        f"Points are mean differences over n = {n} pairs of runs, bars their {level} t intervals."
    )
    if first.found.design == "independent":
        caption = caption.replace("pairs of runs", "runs a cell")
    if margin is not None:
        caption += f" Shaded: the declared equivalence margin, ±{margin:g}."
    description = "; ".join(
        f"{row.cell.title} against {row.against.title}: "
        f"{amount(format_of(row.outcome, row.found.difference), row.found.difference)}, "
        f"{row.found.verdict}"
        for row in compared
    )
    wide = inline(picture, title, description)
    return material.add_figure(Shown("comparisons", "", title, caption, wide))


def format_of(outcome: str, value: float) -> Format:
    """Return how an amount of an outcome is written."""
    return format_for(outcome.rpartition("_")[2], [value])


def amount(form: Format, value: float) -> str:
    """Write a difference with its sign, and its power of ten if it has one."""
    text = form.signed(value)
    return f"{text} × 10{superscript(form.exponent)}" if form.exponent and text != MISSING else text


def _unsigned(outcome: str, value: float) -> str:
    form = format_of(outcome, value)
    text = form.text(value)
    return f"{text} × 10{superscript(form.exponent)}" if form.exponent and text != MISSING else text


def _level(declared: Comparisons) -> str:
    return f"{100 * (1 - declared.alpha):g}\u00a0%"


def p_value(p: float, small: str = "") -> Td:
    """Return a p-value's cell, e.g. 0.0123 or < 0.0001."""
    return number(p, _p(p), small=small)


def _p(p: float) -> str:
    if not math.isfinite(p):
        return MISSING
    return "< 0.0001" if p < 0.0001 else f"{p:.4f}"


def _short(value: float) -> str:
    return Format(2).text(value)


def tally(claims: list[Claimed], compared: list[Compared]) -> str:
    """Say how many claims or, where none are declared, comparisons came out how; or nothing."""
    verdicts: list[str] = [row.found.verdict for row in claims]
    verdicts = verdicts or [row.found.verdict for row in compared]
    kind = "claim" if claims else "declared comparison"
    counts = [(verdicts.count(verdict), verdict) for verdict in _MARKS if verdict in verdicts]
    if not counts:
        return ""
    if counts == [(len(verdicts), "unattainable")]:
        n = max(
            [part.n for row in claims for part in row.found.parts]
            or [row.found.n for row in compared]
        )
        seeds = f" with {count(n, 'seed')}" if n else ""
        return f"No {kind} can be decided{seeds}: no exact test could reach the needed p."
    if len(verdicts) == 1:
        return f"The one {kind} is {verdicts[0]}."
    first, *rest = counts
    verb = "is" if first[0] == 1 else "are"
    listed = listing([f"{first[0]} {verb} {first[1]}", *(f"{n} {word}" for n, word in rest)])
    return f"Of the {len(verdicts)} {kind}s, {listed}."
