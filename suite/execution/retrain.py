"""Train a finished run again for the network that it did not keep."""

from __future__ import annotations

from pathlib import Path

from suite.errors import UserError
from suite.execution.attempt import attempt
from suite.execution.data import images_of
from suite.store.store import RunStore
from suite.study import Study
from suite.study.runs import Run
from suite.training.device import gpu


def retrain(study: Study, run: Run, store: RunStore, data_dir: Path) -> None:
    """Train a finished run again, in this process, and keep its network in the store.

    The seed decides every draw, so the same machine gives the same network, bit for bit. The run's
    result stays as it is.

    Args:
        study: The study.
        run: One of its runs, which is done.
        store: The run store.
        data_dir: Where downloaded data sets are.

    Raises:
        UserError: If the data cannot be had or have changed, a GPU is missing, or the training ends
            differently.
    """
    record = store.result(run.key) or {}
    (images,) = images_of(study, [run.settings.dataset], data_dir).values()
    if images.fingerprint != run.fingerprint:
        raise UserError(f"{images.name}: its files are not those that the run was trained on.")
    before = record.get("provenance", {})
    given = {
        "engine": before.get("engine", study.file.execution.engine),
        "cpu": before.get("threads", study.file.execution.cpu),
        "gpu": float(before["gpu"] is not None) if "gpu" in before else study.file.execution.gpu,
    }
    if given["gpu"] and gpu() is None:
        on = before.get("gpu") or "a GPU"
        raise UserError(f"{run.cell}, seed {run.seed}: was trained on {on}; this machine has none.")
    execution = study.file.execution.model_copy(update={**given, "keep": "network"})
    stale = store.final_network(run.key)  # of another result, or it would have been taken
    attempt(run, images, store, execution, again=True)
    if store.final_network(run.key) in (None, stale):
        raise UserError(
            f"{run.cell}, seed {run.seed}: trained again on this machine, it ended differently "
            f"than on {before.get('host', 'the first')} ({before.get('cpu', 'another CPU')}), so "
            "this is not its network."
        )
