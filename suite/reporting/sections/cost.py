"""What the runs cost."""

from __future__ import annotations

from suite.reporting.numbers import count, estimate, listing, seconds_text
from suite.reporting.section import Grid, Material, Section, Td, head, number, words


def section(material: Material) -> Section | None:
    """Return seconds per epoch and core-hours, by cell."""
    results = material.results
    frame = results.frame
    provenance = {
        run.key: (run.record or {}).get("provenance", {})
        for run in results.runs
        if run.state == "done"
    }
    engines = sorted({str(p["engine"]) for p in provenance.values() if "engine" in p})
    per_run = frame.groupby(["cell", "key"], sort=False)["seconds"].agg(["mean", "sum"])
    threads = [provenance.get(key, {}).get("threads", 1) for _, key in per_run.index]
    per_run["core_hours"] = per_run["sum"] * threads / 3600
    rows: list[tuple[Td, ...]] = []
    looks = []
    for cell in results.study.cells:
        if cell.label not in per_run.index.get_level_values("cell"):
            continue
        runs = per_run.loc[cell.label]
        epoch = estimate(runs["mean"])
        spread = f" ± {seconds_text(epoch.half)}" if epoch.n > 1 else ""
        run = float(runs["sum"].mean())
        hours = float(runs["core_hours"].sum())
        rows.append(
            (
                words(cell.title),
                number(epoch.n, str(epoch.n)),
                number(epoch.mean, seconds_text(epoch.mean) + spread),
                number(run, seconds_text(run)),
                number(hours, core_hours(hours)),
            )
        )
        looks.append(material.looks[cell.label])
    total = float(per_run["core_hours"].sum())
    engine = f" with the {listing(engines)} engine{'s'[: len(engines) - 1]}" if engines else ""
    text = (
        f"{count(len(per_run), 'finished run')} took {core_hours(total)} core-hours{engine}. "
        "Other work on the machines may have slowed them down."
    )
    caption = (
        "Time per epoch (training, evaluation and update): mean over runs ± half the 95 % t "
        "interval; time per run: the mean; core-hours: all runs of the cell."
    )
    heads = head("Method", "n", "Epoch", "Run", "Core-hours")
    return Section(
        "cost", "Cost", (text, Grid("cost-grid", caption, heads, tuple(rows), tuple(looks)))
    )


def core_hours(hours: float) -> str:
    """Return core-hours with three digits or more."""
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.3g}"
