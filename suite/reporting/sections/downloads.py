"""Every file of the report, and how to cite paper and study."""

from __future__ import annotations

from suite import paper
from suite.reporting import tex
from suite.reporting.section import Links, Material, Section
from suite.store.exported import export
from suite.study import Study
from suite.version import __version__
from suite.wording import span

TIDY = "tidy.parquet"
CITATION = "citation.bib"


def section(material: Material) -> Section:
    """Write the tidy table and the citations, and list all files."""
    out, results = material.out, material.results
    export(results, out / TIDY)
    (out / CITATION).write_text(citation(results.study), encoding="utf-8")
    files = (
        *material.files,
        (
            "The tidy table: one row per run and epoch, with each run's settings and provenance",
            ((TIDY, "Parquet"),),
        ),
        ("Citations: the paper and this study", ((CITATION, "BibTeX"),)),
    )
    return Section("downloads", "Downloads", (Links(files),))


def citation(study: Study) -> str:
    """Return the paper and the study as BibTeX."""
    return (
        f"{paper.BIBTEX}\n"
        f"@misc{{{study.name},\n"
        f"  title        = {{{{{tex.escape(study.title)}}}}},\n"
        f"  howpublished = {{Study file {tex.escape(study.path.name)}, "
        f"suite {__version__}}},\n"
        f"  note         = {{Seed{'s' * (len(study.seeds) > 1)} {span(study.seeds)}}},\n"
        "}\n"
    )
