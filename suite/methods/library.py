"""The parts that can be used now: built in, of installed packages, and of loaded plug-ins."""

from __future__ import annotations

from suite.errors import UserError, suggestion
from suite.methods.parts import TITLES, Kind, Part, find, registered
from suite.methods.plugins import discover


def available(kind: Kind) -> list[Part]:
    """Return the parts of a kind, the built-in ones first."""
    discover()
    return list(registered(kind).values())


def names(kind: Kind) -> list[str]:
    """Return the names of the parts of a kind, the built-in ones first."""
    return [part.name for part in available(kind)]


def get(kind: Kind, name: str) -> Part:
    """Return the part of a kind and name.

    Raises:
        UserError: If there is none.
    """
    if (part := find(kind, name)) is not None:
        return part
    broken = discover()
    if (part := find(kind, name)) is not None:
        return part
    failures = "".join(f" The entry point '{e}' failed: {w}." for e, w in broken.items())
    raise UserError(
        f'there is no {TITLES[kind].lower()} "{name}"{suggestion(name, registered(kind))}{failures}'
    )


def check_option(kind: Kind, option: str) -> None:
    """Check that a part of a kind has an option of that name.

    Raises:
        UserError: If none has.
    """
    options = sorted({name for part in available(kind) for name in part.options})
    if option not in options:
        title = TITLES[kind].lower()
        raise UserError(f'no {title} has an option "{option}"{suggestion(option, options)}')
