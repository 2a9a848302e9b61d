"""The run store: everything known about every run, by its key.

    runs/KEY/run.json      what the run is
    runs/KEY/checkpoint    its network after some epoch, with the history so far
    runs/KEY/network-EPOCH its network after that epoch, where later runs start from it
    runs/KEY/final-network its network as it was evaluated last, with `keep: network`
    runs/KEY/so-far.json   its history up to the epoch at which tuning has stopped it
    runs/KEY/progress.json how far it is, for who watches
    runs/KEY/result.json   the whole history and its provenance: the run is done
    runs/KEY/failure.json  why it failed, if it did
    runs/KEY/log-*.txt     one log an attempt
    tunings/KEY.json       the samples that an algorithm that learns has given for a cell
    drivers/STUDY.json     the driver of a study: the lock, and its heartbeat
    datasets/*.json        the content that a data set's name meant, for each folder of studies
    gathered/              copies of what finished runs have left (behind a URL)
    aside/                 files that did not check out
    regrowth-suite         the mark of a store

The store is the truth: what is missing is run, what is there is not run again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from suite.errors import UserError, reason
from suite.files import DamagedError, LaterError, Place, Stamp, at_once, open_place
from suite.store import gathered

State = Literal["done", "partial", "missing", "failed"]

DEFAULT_STORE = "results"

SECONDS_UNTIL_SWEPT = 3600.0
"""No writer takes longer for one file: an older unfinished one was left by a killed process."""

_FOLDERS = ("runs", "tunings", "drivers", "datasets")

_log = logging.getLogger(__name__)


class UnusableError(UserError):
    """A store that cannot be used now, but perhaps later."""


class RunStore:
    """A run store in a directory or behind a URL.

    Args:
        location: Path or URL; need not exist yet.

    Raises:
        UserError: If the location is empty, a file, or on a file system that cannot be opened.
        UnusableError: If it cannot be reached now.
    """

    def __init__(self, location: str | Path = DEFAULT_STORE) -> None:
        if not str(location):
            raise UserError("--store is empty: give a folder or a URL.")
        closed = f"--store {location}: cannot be opened"
        try:
            self.place: Place = open_place(location)
            is_file = self.place.local and Path(self.place.root).is_file()
        except OSError as error:
            raise UnusableError(f"{closed} ({reason(error)}).") from None
        except (ValueError, NotImplementedError) as error:
            raise UserError(f"{closed} ({error}).") from None
        self.location = self.place.location
        self._copies: gathered.Copies = {}
        self._tables: set[str] = set()
        if is_file:
            raise UserError(
                f"--store {location}: is a file, but a store is a folder. Make a store of an "
                ".parquet file from suite export with suite import; compare, power and report read "
                "such a file directly."
            )

    def stand(self) -> None:
        """Make the store if it does not exist, remove what killed writers left, and require it.

        From then on a missing store (e.g. a lost mount) is an error, not an empty store.

        Raises:
            OSError: If it cannot be made or read.
        """
        self.place = self.place.stand()
        for folder in _FOLDERS:
            self.place.sweep(folder, SECONDS_UNTIL_SWEPT)

    def insist(self) -> None:
        """Require that the store exists: what a worker does, which never makes one."""
        self.place = self.place.insist()

    def lying(self) -> dict[str, Stamp]:
        """Return the files of all runs, relative to `runs`: one listing for many questions."""
        return self.place.files("runs")

    def states(
        self, keys: Iterable[str], lying: Mapping[str, Stamp] | None = None
    ) -> dict[str, State]:
        """Return what the store holds of each run, going by which files are there."""
        files = self.lying() if lying is None else lying

        def state(key: str) -> State:
            if f"{key}/result.json" in files:
                return "done"
            if f"{key}/failure.json" in files:
                return "failed"
            begun = f"{key}/checkpoint" in files or f"{key}/so-far.json" in files
            return "partial" if begun else "missing"

        return {key: state(key) for key in keys}

    def done(self, key: str) -> bool:
        """Whether a run has a valid result; a damaged one is set aside."""
        return self._checked(f"runs/{key}/result.json") is not None

    def begin(self, key: str, run: dict[str, Any]) -> None:
        """Record what a run is before it starts, and forget an earlier failure."""
        self._write(f"runs/{key}/run.json", run)
        self.place.delete(f"runs/{key}/failure.json")

    def result(self, key: str) -> dict[str, Any] | None:
        """Return a finished run's record: settings, seed, history, degrees, provenance."""
        return self._read(f"runs/{key}/result.json")

    def results(
        self, keys: Iterable[str], lying: Mapping[str, Stamp]
    ) -> list[dict[str, Any] | None]:
        """Return what `result` does for each run, in order, with few requests."""
        return [_value(text) for text in self._contents("result.json", keys, lying)]

    def sound(self, keys: Iterable[str], lying: Mapping[str, Stamp]) -> list[bool]:
        """Return what `done` does for each run, in order, with few requests."""
        return [text is not None for text in self._contents("result.json", keys, lying)]

    def reports(
        self, keys: Iterable[str], lying: Mapping[str, Stamp]
    ) -> list[dict[str, Any] | None]:
        """Return what `progress` does for each run, in order, with few requests."""
        return [_value(text) for text in self._contents("progress.json", keys, lying)]

    def gather(self) -> None:
        """Copy what finished runs have left into tables, where each file costs a request.

        Raises:
            OSError: If the store cannot be used now.
        """
        if self.place.local:
            return
        lying, copies = self.lying(), self._copied()

        def read(names: Iterable[str]) -> list[bytes | None]:
            return at_once(lambda name: self._checked(f"runs/{name}"), names)

        for table in gathered.tables(lying, copies, read):
            self._put(gathered.table_name(table), table)

    def finish(self, key: str, record: dict[str, Any]) -> None:
        """Keep a finished run's record; its checkpoint is no longer needed."""
        self._write(f"runs/{key}/result.json", record)
        for name in ("failure.json", "checkpoint", "so-far.json"):
            self.place.delete(f"runs/{key}/{name}")

    def so_far(self, key: str) -> dict[str, Any] | None:
        """Return the record of a run that was stopped before its last epoch, its history so far."""
        return self._read(f"runs/{key}/so-far.json")

    def keep_so_far(self, key: str, record: dict[str, Any]) -> None:
        """Keep the record of a run that is stopped before its last epoch."""
        self._write(f"runs/{key}/so-far.json", record)

    def samples(self, tuning: str) -> list[list[float]]:
        """Return the samples that were given for a cell, as shares of its ranges, a row each."""
        shares: list[list[float]] = (self._read(f"tunings/{tuning}.json") or {}).get("shares", [])
        return shares

    def keep_samples(self, tuning: str, shares: list[list[float]]) -> None:
        """Keep the samples that were given for a cell."""
        self._write(f"tunings/{tuning}.json", {"shares": shares})

    def checkpoint(self, key: str) -> bytes | None:
        """Return a run's checkpoint, or None if it has no valid one."""
        return self._checked(f"runs/{key}/checkpoint")

    def keep_checkpoint(self, key: str, checkpoint: bytes) -> None:
        """Replace a run's checkpoint."""
        self._put(f"runs/{key}/checkpoint", checkpoint)

    def network(self, key: str, epoch: int) -> bytes | None:
        """Return a run's network after an epoch, or None where none that checks out was kept."""
        return self._checked(f"runs/{key}/network-{epoch}")

    def keep_network(self, key: str, epoch: int, network: bytes) -> None:
        """Keep a run's network after an epoch, for runs that start from it."""
        self._put(f"runs/{key}/network-{epoch}", network)

    def final_network(self, key: str) -> bytes | None:
        """Return a run's network as it was evaluated last, or None where it was not kept."""
        return self._checked(f"runs/{key}/final-network")

    def with_final_network(self) -> set[str]:
        """Return the keys of the runs that have kept their last network."""
        names = (name.rpartition("/") for name in self.place.names("runs"))
        return {key for key, _, file in names if file == "final-network"}

    def keep_final_network(self, key: str, network: bytes) -> None:
        """Keep a run's network as it was evaluated last."""
        self._put(f"runs/{key}/final-network", network)

    def progress(self, key: str) -> dict[str, Any] | None:
        """Return the last progress report of a run, or None."""
        return self._read(f"runs/{key}/progress.json")

    def note_progress(self, key: str, progress: dict[str, Any]) -> None:
        """Report the progress of a run."""
        self._write(f"runs/{key}/progress.json", progress)

    def failure(self, key: str) -> dict[str, Any] | None:
        """Return why a run failed, or None."""
        return self._read(f"runs/{key}/failure.json")

    def fail(self, key: str, failure: dict[str, Any]) -> None:
        """Note why a run failed; the next `suite run` tries it again."""
        self._write(f"runs/{key}/failure.json", failure)

    def keep_log(self, key: str, attempt: str, text: str) -> None:
        """Replace the log of one attempt at a run."""
        self._put(f"runs/{key}/log-{attempt}.txt", text.encode(errors="backslashreplace"))

    def logs(self, key: str) -> list[str]:
        """Return the logs of all attempts at a run, oldest first."""
        names = [n for n in self.place.names(f"runs/{key}") if n.startswith("log-")]
        texts = (self._checked(f"runs/{key}/{name}") for name in names)
        return [text.decode() for text in texts if text is not None]

    def keys(self) -> list[str]:
        """Return the keys of all runs that the store knows of, sorted."""
        return sorted(keys_of(self.lying()))

    def driver(self, study: str) -> dict[str, Any] | None:
        """Return the last report of a study's driver, or None."""
        return self._read(f"drivers/{study}.json")

    def note_driver(self, study: str, driver: dict[str, Any]) -> None:
        """Record the driver of a study."""
        self._write(f"drivers/{study}.json", driver)

    def release_driver(self, study: str) -> None:
        """Remove the record of a study's driver."""
        self.place.delete(f"drivers/{study}.json")

    def fingerprint(self, source: str, folder: str = "") -> str | None:
        """Return the content that a data set's name last meant in studies of a folder.

        Args:
            source: The name as studies write it.
            folder: Where the study file is: a relative path names other files in each folder.
                Empty for what was imported, and for a name that means the same everywhere.

        Returns:
            The fingerprint, or None if it never ran.
        """
        known = self._read(_note_name(source, folder))
        return known["fingerprint"] if known else None

    def contents(self, source: str) -> set[str]:
        """Return every content that a data set's name has meant, in any folder."""
        beginning = _note_name(source).removesuffix(".json").removeprefix("datasets/")
        names = [name for name in self.place.names("datasets") if name.startswith(beginning)]
        notes = (self._read(f"datasets/{name}") for name in names)
        return {note["fingerprint"] for note in notes if note}

    def note_fingerprint(self, source: str, fingerprint: str, folder: str = "") -> None:
        """Record the content that a data set's name means in studies of a folder."""
        if self.fingerprint(source, folder) != fingerprint:
            known = {"source": source, "fingerprint": fingerprint}
            known |= {"folder": folder} if folder else {}
            self._write(_note_name(source, folder), known)

    def _contents(
        self, file: str, keys: Iterable[str], lying: Mapping[str, Stamp]
    ) -> list[bytes | None]:
        """Return a file of each run, in order: a good copy, else the file itself."""
        copies = {} if self.place.local else self._copied()

        def one(key: str) -> bytes | None:
            name = f"{key}/{file}"
            copy = copies.get((name, lying[name])) if name in lying else None
            return self._checked(f"runs/{name}") if copy is None else gathered.content(copy)

        return at_once(one, keys)

    def _copied(self) -> gathered.Copies:
        """Return the copies in all tables; each is read once."""
        new = [name for name in self.place.names(gathered.FOLDER) if name not in self._tables]
        tables = at_once(lambda name: self._checked(f"{gathered.FOLDER}/{name}"), new)
        for name, table in zip(new, tables, strict=True):
            self._tables.add(name)
            self._copies |= {} if table is None else gathered.unpack(table)
        return self._copies

    def _write(self, name: str, value: dict[str, Any]) -> None:
        text = json.dumps(value, allow_nan=False, sort_keys=True, separators=(",", ":"))
        self._put(name, text.encode())

    def _put(self, name: str, payload: bytes) -> None:
        """Write a file; set aside a foreign file or directory that is in its way."""
        while True:
            try:
                return self.place.write(name, payload)
            except DamagedError as error:
                if self._set_aside(str(error)) is not None:
                    raise OSError(f"{error} is in the way of {name}") from None

    def _read(self, name: str) -> dict[str, Any] | None:
        return _value(self._checked(name))

    def _checked(self, name: str) -> bytes | None:
        """Read a file, or set it aside if it is damaged.

        Raises:
            UserError: If a later version of the suite wrote it.
        """
        for again in (False, True, True):  # a writer may just have put a sound one in its place
            try:
                return self.place.read(name)
            except DamagedError:
                error = self._set_aside(name) if again else None
            except LaterError:
                raise UserError(
                    f"{self.location}: a later version of the suite wrote {name}; use that "
                    "version, or another store."
                ) from None
            if error is not None:
                self._warn(name, f"skipped: it cannot be set aside ({error.strerror or error})")
                break
        return None

    def _set_aside(self, name: str) -> OSError | None:
        """Move a damaged file away and log it; if it cannot be moved, return why."""
        taken = set(self.place.names("aside"))
        flat = name.replace("/", "-")
        free = next(f"{flat}.{n}" for n in range(len(taken) + 1) if f"{flat}.{n}" not in taken)
        try:
            self.place.move(name, f"aside/{free}")
        except OSError as error:
            return error
        with suppress(OSError, DamagedError):  # a writer may have been faster than the move
            if self.place.read(name, at=f"aside/{free}") is not None:
                self.place.move(f"aside/{free}", name)
                return None
        self._warn(name, f"set aside as aside/{free}")
        return None

    def _warn(self, name: str, what: str) -> None:
        said = "%s in %s is damaged or foreign: %s. Its content is computed again."
        _log.warning(said, name, self.location, what)


def _value(payload: bytes | None) -> dict[str, Any] | None:
    value: dict[str, Any] | None = None if payload is None else json.loads(payload)
    return value


def keys_of(lying: Iterable[str]) -> set[str]:
    """Return the keys of the runs that files belong to."""
    return {name.partition("/")[0] for name in lying}


@contextmanager
def usable(store: RunStore) -> Iterator[None]:
    """Turn an OSError into one sentence: the store cannot be used now.

    Raises:
        UnusableError: In place of an OSError.
    """
    try:
        yield
    except OSError as error:
        sentence = f"{store.location}: the store cannot be used now ({reason(error)})."
        raise UnusableError(sentence) from error


def _note_name(source: str, folder: str = "") -> str:
    """Return the file that notes the content of a data set's name in one folder."""
    words = [hashlib.sha256(word.encode()).hexdigest()[:16] for word in (source, folder) if word]
    return f"datasets/{'-'.join(words)}.json"
