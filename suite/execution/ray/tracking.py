"""Trackers that a study asks for: TensorBoard, MLflow, Weights & Biases; Ray's own callbacks.

What a tracker holds is a copy for people to look at while runs go on. The store is the truth, so
a tracker that fails ends the tracking, never a run.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from suite.errors import UserError
from suite.study.file import Track

_NEEDS = {"tensorboard": "tensorboardX", "mlflow": "mlflow", "wandb": "wandb"}

LONGEST_NAME = 200
"""Bytes of a folder's name; most file systems allow 255."""

_HOOKS = (
    "on_trial_start",
    "on_trial_restore",
    "on_trial_result",
    "on_trial_recover",
    "on_trial_error",
    "on_trial_complete",
    "on_experiment_end",
)


def check_installed(track: Track) -> None:
    """Refuse trackers whose libraries are not installed.

    Raises:
        UserError: For the first of them.
    """
    for field, library in _NEEDS.items():
        if getattr(track, field) is not None and importlib.util.find_spec(library) is None:
            raise UserError(
                f"execution: track: {field}: {library} is not installed here "
                "(pip install 'regrowth-suite[track]')."
            )


def trackers(track: Track, study: str, warn: Callable[[str], None]) -> list[Any]:
    """Return Tune callbacks for the trackers that a study asks for.

    Args:
        track: Which, and where.
        study: The study's name: MLflow's experiment, W&B's group, a folder for TensorBoard.
        warn: Called once for each tracker that fails while runs go on.

    Raises:
        UserError: When Tune sets up a tracker that cannot be used.
    """
    return [_harmless(field, made, warn) for field, made in _made(track, study)]


def _made(track: Track, study: str) -> Iterator[tuple[str, Any]]:
    if track.tensorboard is not None:
        yield "tensorboard", _tensorboard(Path(track.tensorboard).absolute() / study)
    if track.mlflow is not None:
        from ray.air.integrations.mlflow import MLflowLoggerCallback

        yield "mlflow", MLflowLoggerCallback(tracking_uri=track.mlflow, experiment_name=study)
    if track.wandb is not None:
        yield "wandb", _wandb(track.wandb, study)


def _tensorboard(folder: Path) -> Any:
    from ray.tune.logger import TBXLoggerCallback
    from tensorboardX import SummaryWriter

    class KeptEvents(TBXLoggerCallback):
        """Ray writes events into its scratch folder; these are to stay, a folder a run."""

        def log_trial_start(self, trial: Any) -> None:
            if trial in self._trial_writer:
                self._trial_writer[trial].close()
            self._trial_writer[trial] = SummaryWriter(
                str(folder / run_folder(str(trial), trial.config["run"]["key"])), flush_secs=30
            )
            self._trial_result[trial] = {}

    return KeptEvents()


def run_folder(name: str, key: str) -> str:
    """Return the name of a run's folder: no path, and no longer than file systems allow."""
    most = LONGEST_NAME - len(key) - 1
    flat = name.replace("/", "_").encode()[:most].decode(errors="ignore")
    return f"{flat} {key}"


def _wandb(project: str, study: str) -> Any:
    from ray.air.integrations.wandb import WandbLoggerCallback, _WandbLoggingActor

    class Flushing(_WandbLoggingActor):
        """Ray kills it once `run` returns; what W&B has not written by then would be lost."""

        def run(self) -> None:
            super().run()
            self._wandb.teardown()

    class Flushed(WandbLoggerCallback):
        _logger_actor_cls = Flushing

    return Flushed(project=project, group=study, dir=str(Path.cwd()))


def _harmless(field: str, tracker: Any, warn: Callable[[str], None]) -> Any:
    """Wrap a tracker so that its failure is reported once and ends nothing but itself."""
    from ray import tune

    class Harmless(tune.Callback):
        def __init__(self) -> None:
            self._sound = True

        def setup(self, *arguments: Any, **information: Any) -> None:
            try:
                tracker.setup(*arguments, **information)
            except Exception as error:
                raise UserError(
                    f"execution: track: {field}: cannot be used: {_first_line(error)}"
                ) from error

        def _pass_on(self, hook: str, **information: Any) -> None:
            if not self._sound:
                return
            try:
                getattr(tracker, hook)(**information)
            except Exception as error:
                self._sound = False
                warn(f"{field} tracking ended: {_first_line(error)}")

        def __reduce__(self) -> Any:
            return tune.Callback, ()  # Tune pickles its callbacks; a connection cannot be

    def passes(hook: str) -> Callable[..., None]:
        return lambda self, **information: self._pass_on(hook, **information)

    for hook in _HOOKS:
        setattr(Harmless, hook, passes(hook))
    return Harmless()


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
