"""The data of a study: their content, and their images; mistakes with their place in its file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from suite.errors import UserError
from suite.study import Study
from suite.study.cells import source_name
from suite.study.runs import Run

if TYPE_CHECKING:
    from suite.datasets.dataset import DataSet

Remark = Callable[[str, int, int], None]
"""Told while images are read: of which data set, how many, and of how many."""


def fingerprints(study: Study, data_dir: Path, progress: Remark | None = None) -> dict[str, str]:
    """Return the content of each of a study's data sets, by its name.

    Raises:
        UserError: If a data set cannot be had.
    """
    from suite.datasets.loading import fingerprint

    found = {}
    for source in study.sources():
        with _placed(study, source):
            found[source_name(source)] = fingerprint(
                source, data_dir, base=study.path.parent, progress=progress
            )
    return found


def images_of(
    study: Study, sources: Sequence[Any], data_dir: Path, progress: Remark | None = None
) -> dict[str, DataSet]:
    """Return data sets of a study, by their names.

    Raises:
        UserError: If one of them cannot be had.
    """
    from suite.datasets.loading import load

    images = {}
    for source in sources:
        with _placed(study, source):
            images[source_name(source)] = load(
                source, data_dir, base=study.path.parent, progress=progress
            )
    return images


def fitting_images(
    study: Study, runs: Sequence[Run], data_dir: Path, progress: Remark | None = None
) -> dict[str, DataSet]:
    """Return the data sets that runs need, by their names.

    Raises:
        UserError: If a data set cannot be had or is not the one of the runs, or a cell does not fit
            its data.
    """
    from suite.training.fits import check_fits

    needed = {source_name(run.settings.dataset): run.settings.dataset for run in runs}
    images = images_of(study, list(needed.values()), data_dir, progress)
    keyed = {source_name(run.settings.dataset): run.fingerprint for run in runs}
    mistakes = [
        f"{images[name].name}: its files changed while they were read; try again."
        for name, fingerprint in keyed.items()
        if images[name].fingerprint != fingerprint
    ]
    for cell in study.cells:
        if (image_set := images.get(source_name(cell.settings.dataset))) is not None:
            try:
                check_fits(cell.settings, image_set)
            except UserError as error:
                mistakes.append(f"{cell.place}: {cell.label}: {error}")
    if mistakes:
        raise UserError(*mistakes)
    return images


@contextmanager
def _placed(study: Study, source: Any) -> Iterator[None]:
    """Say of mistakes with a data set from files where the study names it."""
    try:
        yield
    except UserError as error:
        if isinstance(source, str):
            raise
        place = study.data_place(source)
        raise UserError(*(f"{place}: {sentence}" for sentence in error.sentences)) from None
