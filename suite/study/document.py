"""A YAML file as plain values that know their line.

Safe loading only (no objects), duplicate keys and alias bombs are refused, and every mistake that
is found later can be given the line where its value stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from suite.errors import UserError

Where = tuple[str | int, ...]
"""The way to a value: keys and list indices from the top, e.g. ("cells", 2, "zeta")."""

MOST_VALUES = 50_000
"""More values than any hand-written study has; aliases that multiply to more are a mistake."""


class _Loader(yaml.SafeLoader):
    """The safe loader, reading 1e-3 as a number (YAML 1.2), as people mean it."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(
        r"^[-+]?(?:[0-9][0-9_]*)?\.?[0-9_]+[eE][-+]?[0-9]+$"
        r"|^[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?$"
        r"|^[-+]?\.[0-9][0-9_]*$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$"
    ),
    list("-+0123456789."),
)


@dataclass(frozen=True)
class Document:
    """The values of one YAML file and the lines they stand on.

    Attributes:
        path: The file, as the user named it.
        value: Plain Python values.
        lines: Line (from 1) of each value, and of each mapping key, by the way to it.
    """

    path: Path
    value: Any
    lines: dict[Where, int] = field(repr=False)

    def place(self, where: Where) -> str:
        """Return "file:line: way.to[0].it" for the value or its nearest parent that has a line."""
        known = next(where[:n] for n in range(len(where), -1, -1) if where[:n] in self.lines)
        return f"{self.path}:{self.lines[known]}: {spell(where)}".rstrip(": ")


def spell(where: Where) -> str:
    """Return a way as people write it, e.g. cells[2].zeta."""
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in where)
    return "".join(parts).removeprefix(".")


def read_document(path: Path) -> Document:
    """Read a YAML file.

    Args:
        path: The file.

    Returns:
        Its values with their lines.

    Raises:
        UserError: If the file is missing or unreadable, is no YAML, repeats a key, or unfolds
            through aliases to more than `MOST_VALUES` values.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file{_nearby(path)}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not a text file (UTF-8), so no study.") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from None
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise UserError(f"{path}{line}: is not YAML: {error.problem}.") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: is not YAML: {' '.join(str(error).split())}.") from None
    except RecursionError:
        raise UserError(f"{path}: is nested too deeply to be a study.") from None
    if root is None:
        raise UserError(f"{path}: is empty.")
    reading = _Reading(path)
    value = reading.value(root, ())
    if reading.mistakes:
        raise UserError(*reading.mistakes)
    return Document(path, value, reading.lines)


class _Reading:
    """One walk from YAML nodes to values, noting lines and mistakes on the way."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[Where, int] = {}
        self.mistakes: list[str] = []
        self._scalars = _Loader("")
        self._open: set[int] = set()

    def value(self, node: yaml.Node, where: Where) -> Any:
        self.lines.setdefault(where, node.start_mark.line + 1)
        if len(self.lines) > MOST_VALUES:
            raise UserError(
                f"{self.path}: unfolds to more than {MOST_VALUES:,} values through its aliases; "
                "write out what is meant."
            )
        if id(node) in self._open:
            raise UserError(f"{self.path}:{node.start_mark.line + 1}: an alias contains itself.")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, where)
        self._open.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            result: Any = [self.value(item, (*where, i)) for i, item in enumerate(node.value)]
        else:
            result = dict(self._items(node, where))
        self._open.discard(id(node))
        return result

    def _scalar(self, node: yaml.ScalarNode, where: Where) -> Any:
        try:
            return self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            reason = getattr(error, "problem", None) or error
            self.mistakes.append(f"{self._line(node)}: {spell(where)}: {reason}.")
            return None

    def _items(self, node: yaml.Node, where: Where) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            line = key_node.start_mark.line + 1
            if key is None:
                self.mistakes.append(f"{self._line(key_node)}: a key must be a word, not a list.")
            elif key in seen:
                self.mistakes.append(
                    f"{self._line(key_node)}: {spell((*where, key))}: stands twice "
                    f"(first on line {seen[key]}); keep one."
                )
            else:
                seen[key] = line
                self.lines[(*where, key)] = line
                yield key, self.value(value_node, (*where, key))

    def _line(self, node: yaml.Node) -> str:
        return f"{self.path}:{node.start_mark.line + 1}"


def _nearby(path: Path) -> str:
    from suite.spelling import nearest

    folder = path.parent
    names = [p.name for p in folder.glob("*.y*ml")] if folder.is_dir() else []
    guess = nearest(path.name, names)
    return f"; did you mean {folder / guess}?" if guess else "."
