"""Parts from outside the suite: a study's own files, and installed packages.

A study names files and modules in its `plugins:` list. The process that reads the study calls
`read_plugin` and `load` for each; what `read_plugin` returned, the code included, is sent to the
workers, which call `load` too. So every worker runs the code that the run's key was made from,
even where the file is missing or has changed since.

Installed packages announce modules in the entry-point group `suite.parts`; those written for
version 0.1.0 in `suite.regrowth`.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import os
import sys
import traceback
import types
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from suite.errors import UserError
from suite.methods import (  # noqa: F401  registers the built-in names first
    budgets,
    fills,
    gates,
    initial,
    layer,
    positions,
    prune,
    rates,
    regrow,
    schedules,
    shares,
)
from suite.methods.parts import Origin, all_registered, forget, loading

GROUPS = ("suite.parts", "suite.regrowth")

# Plug-in files of version 0.1.0 import from `suite.evolution`. Their content is part of the keys of
# their runs, so that nobody can change such an import: it has to keep working, on workers too.
sys.modules.setdefault("suite.evolution", sys.modules["suite.methods"])
for _module in (layer, positions, regrow):
    sys.modules.setdefault(f"suite.evolution.{_module.__name__.rpartition('.')[2]}", _module)

_fingerprints: dict[str, str] = {}  # of the files that are loaded, by path
_broken: dict[str, str] | None = None  # entry points that failed and why, once they were tried


@dataclass(frozen=True)
class Plugin:
    """A plug-in that can be loaded in any process.

    Attributes:
        where: The file's absolute path, or a dotted module name.
        code: The file's content; None for a module, which every process imports for itself.
    """

    where: str
    code: bytes | None = None


def read_plugin(where: str | Path, base: Path | None = None) -> Plugin:
    """Read a plug-in without running it.

    Args:
        where: A path that ends in .py, or the dotted name of an importable module, or package,
            that defines parts. A file stands alone: it cannot import other files of its folder.
        base: The folder that a relative path starts from, the working directory if None.

    Raises:
        UserError: If the file cannot be read.
    """
    if not str(where).endswith(".py"):
        return Plugin(str(where))
    try:
        path = Path(base or "", Path(where).expanduser()).resolve()
        return Plugin(str(path), path.read_bytes())
    except OSError as error:
        raise UserError(f"Plug-in {path} cannot be read: {error.strerror}.") from error
    except (RuntimeError, ValueError) as error:  # a home of nobody; a character that no path has
        raise UserError(f"Plug-in {where} cannot be read: {error}.") from error


def load(plugin: Plugin) -> list[str]:
    """Run a plug-in and register its parts; again and unchanged, do nothing.

    Returns:
        The names of the plug-in's parts.

    Raises:
        UserError: If its code fails, registers no part, or uses a name that is taken. Nothing
            is registered then.
    """
    with redirect_stdout(sys.stderr):  # what it prints is no part of a document on standard output
        return _load(plugin)


def _load(plugin: Plugin) -> list[str]:
    discover()
    if plugin.code is None:
        return _load_module(plugin.where)
    fingerprint = hashlib.sha256(plugin.code).hexdigest()
    if _fingerprints.get(plugin.where) != fingerprint:
        with loading(Origin("plug-in", plugin.where, fingerprint)):
            forget(plugin.where)
            _execute(plugin.where, plugin.code)
            if not _names_from(plugin.where):
                raise UserError(f"Plug-in {plugin.where} registers no part.")
        _fingerprints[plugin.where] = fingerprint
    return _names_from(plugin.where)


def discover() -> dict[str, str]:
    """Load the parts of installed packages, once a process.

    One that fails harms no study that does without it.

    Returns:
        The entry points that failed, and why.
    """
    global _broken
    if _broken is None:
        _broken = {}
        entries = [e for g in GROUPS for e in importlib.metadata.entry_points(group=g)]
        for entry in sorted(entries):
            package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
            try:
                with loading(Origin("entry point", package)):
                    entry.load()
            except UserError as error:
                _broken[entry.name] = str(error)
            except (Exception, SystemExit) as error:
                _broken[entry.name] = f"{package}: {type(error).__name__}: {error}"
    return dict(_broken)


def _load_module(name: str) -> list[str]:
    try:
        with loading(None):
            importlib.import_module(name)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        raise UserError(
            f"Plug-in '{name}' is neither a path that ends in .py nor a module that can be "
            f"imported: {type(error).__name__}: {error}."
        ) from error
    modules = [(p.name, p.function.__module__) for p in all_registered()]
    names = [key for key, at in modules if at == name or at.startswith(f"{name}.")]
    if not names:
        raise UserError(f"Plug-in '{name}' registers no part.")
    return names


def _execute(path: str, code: bytes) -> None:
    """Run a file's code as a module that pickle and inspect can find."""
    name = f"suite_plugin_{Path(path).stem}_{hashlib.sha256(os.fsencode(path)).hexdigest()[:8]}"
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    try:
        exec(compile(code, path, "exec", dont_inherit=True), module.__dict__)
    except UserError:
        raise
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UserError(f"Plug-in {path} fails{_line(error, path)}: {reason}.") from error


def _line(error: BaseException, path: str) -> str:
    """Say at which line of the file at `path` an error arose, if at any."""
    if isinstance(error, SyntaxError):
        return f" at line {error.lineno}"
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    return f" at line {lines[-1]}" if lines else ""


def _names_from(place: str) -> list[str]:
    return [p.name for p in all_registered() if p.origin.place == place]
