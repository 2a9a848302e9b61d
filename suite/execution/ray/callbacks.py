"""Passes on what Tune reports of its trials, and makes Tune stop."""

from __future__ import annotations

import logging
import pickle
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

from suite.execution.stopping import Ending, Watcher
from suite.store.store import RunStore
from suite.wording import count

SECONDS_WITHOUT_ROOM = 60.0
"""A cluster that has run nothing for this long has no room, or is still growing."""

_COLOUR = re.compile(r"\x1b\[\d*m")

_log = logging.getLogger(__name__)


class Death(NamedTuple):
    """How often in a row a run died without progress, and at which epoch."""

    times: int
    epoch: int


def callback(tune: Any, store: RunStore, watcher: Watcher, ending: Ending) -> Any:
    """Pass on to a watcher what Tune reports of its trials, and record failures in the store."""
    busy = time.monotonic()

    class Callback(tune.Callback):
        def on_step_end(self, **_: Any) -> None:
            nonlocal busy
            now = time.monotonic()
            if ending.running:
                busy = now
            elif now - busy > SECONDS_WITHOUT_ROOM:
                busy = now
                watcher.waiting()

        def on_trial_start(self, *, trial: Any, **_: Any) -> None:
            ending.running.add(_key(trial))
            watcher.started(_key(trial))

        def on_trial_result(self, *, trial: Any, result: Any, **_: Any) -> None:
            if "warning" in result:
                watcher.warned(result["warning"])
            elif "outcome" not in result:
                watcher.reached(_key(trial), result["epoch"], result["seconds"])

        def on_trial_recover(self, *, trial: Any, **_: Any) -> None:
            error = _error_of(trial)
            ending.running.discard(_key(trial))
            ending.hear(error)
            if ending.reason is None:
                watcher.retried(_key(trial), _reason(error))

        def on_trial_complete(self, *, trial: Any, **_: Any) -> None:
            last = trial.last_result
            ending.running.discard(_key(trial))
            if (outcome := last.get("outcome", "stopped")) == "stopped":
                ending.hear_stopped(last.get("hostname", "a worker"))
            else:
                ending.ended.add(_key(trial))
            watcher.ended(_key(trial), outcome)
            _forget_measures(trial)

        def on_trial_error(self, *, trial: Any, **_: Any) -> None:
            error = _error_of(trial)
            ending.running.discard(_key(trial))
            ending.ended.add(_key(trial))
            ending.hear(error)
            _give_up(store, watcher, _key(trial), error, trial.num_failures)
            _forget_measures(trial)

        def __reduce__(self) -> Any:
            return tune.Callback, ()  # Tune pickles its callbacks; a watcher cannot be

    return Callback()


def try_again(
    error: Exception,
    deaths: dict[str, Death],
    retries: int,
    store: RunStore,
    watcher: Watcher,
    ending: Ending,
) -> None:
    """Retry the runs that were running when Tune itself died; fail those that died too often.

    All of them die with it, whichever was the cause: deaths count only while a run gets no farther.
    """
    cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
    for key in sorted(ending.running):
        before, epoch = deaths.get(key, Death(0, -1)), _epoch(store, key)
        deaths[key] = Death(1 if epoch > before.epoch else before.times + 1, epoch)
        if deaths[key].times > retries:
            ending.ended.add(key)
            _give_up(store, watcher, key, cause, deaths[key].times)
        else:
            watcher.retried(key, _reason(cause))
    ending.running.clear()


def _epoch(store: RunStore, key: str) -> int:
    """Return the epoch that a run has reported; 0 if that cannot be read."""
    try:
        return int((store.progress(key) or {"epoch": 0})["epoch"])
    except OSError:
        return 0


def _give_up(store: RunStore, watcher: Watcher, key: str, error: Exception, tries: int) -> None:
    """Record in the store that a run failed, and why; report it."""
    reason = f"{_reason(error)}; tried {count(tries, 'time')}"
    try:
        store.fail(key, {"reason": reason, "traceback": _COLOUR.sub("", str(error))})
    except OSError as trouble:
        _log.warning("%s failed (%s), which cannot be recorded: %s", key, reason, trouble)
    watcher.ended(key, "failed")


def _key(trial: Any) -> str:
    key: str = trial.config["run"]["key"]
    return key


def _forget_measures(trial: Any) -> None:
    """Free what Tune computes of a trial's reports and nobody asks for: 50 kB each."""
    trial.metric_analysis.clear()
    trial.metric_n_steps.clear()


def _error_of(trial: Any) -> Exception:
    """Return the error of a trial's last attempt, which Tune keeps in a file."""
    try:
        error: Exception = pickle.loads(Path(trial.pickled_error_file).read_bytes())
    except (OSError, TypeError, pickle.PickleError, AttributeError, ImportError):
        return RuntimeError("unknown")
    return error


def _reason(error: Exception) -> str:
    """Return an error in a few words: Ray wraps a worker's error and describes deaths at length."""
    error = getattr(error, "cause", None) or error
    words = str(error).strip() or type(error).__name__
    if type(error).__name__ == "ActorUnavailableError":
        return "its worker cannot be reached"
    if type(error).__name__ == "OutOfMemoryError":  # 1 worker(s) were killed due to the node ...
        return "its node ran out of memory"
    if "because its " in words:  # The actor is dead because its node has died. Node Id: ...
        return "its " + words.rpartition("because its ")[2].partition(".")[0]
    return words.partition("\n")[0]


def stopper(tune: Any, ending: Ending) -> Any:
    """Make Tune end every trial when the ending decides to."""

    class Stopper(tune.Stopper):
        def __call__(self, *_: Any, **__: Any) -> bool:
            return False

        def stop_all(self) -> bool:
            return ending.now()

        def __reduce__(self) -> Any:
            return tune.stopper.NoopStopper, ()  # Tune pickles it; a lock cannot be

    return Stopper()
