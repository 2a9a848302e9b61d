"""The data of a study: their content, and their images; mistakes with their place in its file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from suite.errors import UserError
from suite.study import Study
from suite.study.cells import source_name
from suite.study.runs import Run

if TYPE_CHECKING:
    from suite.datasets.dataset import DataSet

_T = TypeVar("_T")
Remark = Callable[[str, int, int], None]
"""Called while images are read: with the data set's name, how many are read, and of how many."""


def fingerprints(study: Study, data_dir: Path, progress: Remark | None = None) -> dict[str, str]:
    """Return the content of each of a study's data sets, by its name.

    Raises:
        UserError: If a data set cannot be had.
    """
    from suite.datasets.loading import fingerprint

    return _of_each(study, study.sources(), fingerprint, data_dir, progress)


def images_of(
    study: Study, sources: Sequence[Any], data_dir: Path, progress: Remark | None = None
) -> dict[str, DataSet]:
    """Return data sets of a study, by their names.

    Raises:
        UserError: If one of them cannot be had.
    """
    from suite.datasets.loading import load

    return _of_each(study, sources, load, data_dir, progress)


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


def _of_each(
    study: Study,
    sources: Sequence[Any],
    read: Callable[..., _T],
    data_dir: Path,
    progress: Remark | None,
) -> dict[str, _T]:
    """Return what is read of each data set, by its name; a mistake with files has their place."""
    found = {}
    for source in sources:
        try:
            known = read(source, data_dir, base=study.path.parent, progress=progress)
        except UserError as error:
            if isinstance(source, str):
                raise
            place = study.data_place(source)
            raise UserError(*(f"{place}: {sentence}" for sentence in error.sentences)) from None
        found[source_name(source)] = known
    return found
