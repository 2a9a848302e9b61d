"""A YAML file as plain values that know their line.

Safe by construction: only mappings, lists, text, numbers, true, false and null are read, in the
notation of YAML 1.2 (1e-3 is a number, yes is a word, 010 is ten). Tags, merge keys, repeated
keys and alias bombs are refused, and every mistake that is found later can be reported
with the line of its value.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from suite.errors import UserError, nearby
from suite.study.notation import notation_mistake

Where = tuple[str | int, ...]
"""The path to a value: keys and list indices from the top, e.g. ("cells", 2, "zeta")."""

MOST_BYTES = 2_000_000
MOST_VALUES = 50_000
"""More than any study needs; aliases that multiply to more values are a mistake."""

_WORDS = {"": None, "~": None, "null": None, "Null": None, "NULL": None} | {
    word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,100}")
_NUMBER = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)")
_NOT_A_NUMBER = re.compile(r"\.(nan|NaN|NAN)")
_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")}


@dataclass(frozen=True)
class Document:
    """The values of one YAML file and their lines.

    Attributes:
        path: The file, as the user named it.
        value: Plain Python values.
        lines: Line (from 1) of each value, and of each mapping key, by the path to it.
        mistakes: What is wrong with the notation itself: lines and sentences.
        unread: Paths to values that were not read; the mistakes name them.
    """

    path: Path
    value: Any
    lines: dict[Where, int] = field(repr=False)
    mistakes: list[tuple[int, str]]
    unread: set[Where]

    def place(self, where: Where) -> str:
        """Return "file:line: way.to[0].it" for the value or its nearest parent that has a line."""
        return f"{self.path}:{self.line(where)}: {spell(where)}".rstrip(": ")

    def line(self, where: Where) -> int:
        """Return the line of a value, or else of its nearest parent that has one."""
        ways = (where[:length] for length in range(len(where), -1, -1))
        return next(self.lines[way] for way in ways if way in self.lines)

    def existing(self, where: Where) -> Where:
        """Return the longest existing part of a path, if steps after the first may be left out.

        The paths of pydantic also name alternatives. Where such a name is also that of a field,
        the path that ends like the one asked for is the right one.
        """
        ways = [way for way in (where[:1],) if way in self.lines]
        for step in where[1:]:
            further = [(*way, step) for way in ways if (*way, step) in self.lines]
            if isinstance(step, int) and not further:
                break
            ways = further + (ways if isinstance(step, str) else [])
        return max(ways, key=lambda way: (way[-1:] == where[-1:], len(way)), default=())

    def get(self, *where: str | int) -> Any:
        """Return the value at a path, or None if the file has no such path."""
        value = self.value
        for step in where:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value

    def entries(self, *where: str | int) -> list[Where]:
        """Return the paths to the entries of a list; none if the file has no list there."""
        entries = self.get(*where)
        count = len(entries) if isinstance(entries, list) else 0
        return [(*where, number) for number in range(count)]


def spell(where: Where) -> str:
    """Return a path as text, e.g. cells[2].zeta."""
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in where)
    return "".join(parts).removeprefix(".")


def as_yaml(value: Any, *, quoted: bool = False) -> str:
    """Return a value on one line, as a study file would write it.

    Args:
        value: Plain values.
        quoted: Whether a text is put in quotes where a study file needs them. The labels of cells,
            which name random streams, have none.
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return repr(value).replace("inf", ".inf").replace("nan", ".nan")
        return "-0.0" if repr(value) == "-0.0" else repr(value).removesuffix(".0")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(as_yaml(item, quoted=quoted) for item in value) + "]"
    if isinstance(value, Mapping):
        items = (f"{name}: {as_yaml(item, quoted=quoted)}" for name, item in value.items())
        return "{" + ", ".join(items) + "}"
    if isinstance(value, str) and quoted and not _is_plain(value):
        return json.dumps(value, ensure_ascii=not value.isprintable())
    return str(value)


def _is_plain(text: str) -> bool:
    """Whether a study file reads a text without quotes as it is, also within a list."""
    try:
        return bool(read_value(f"[{text}]") == [text])
    except ValueError:
        return False


def read_value(text: str) -> Any:
    """Read one value as a study file writes it, e.g. 1e-3, or [200, 100].

    Raises:
        ValueError: If the text is not such a value.
    """
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
        reading = _Reading(Path())
        value = None if node is None else reading.value(node, ())
    except (yaml.YAMLError, RecursionError, UserError) as error:
        raise ValueError(f"{text!r} is not YAML") from error
    if reading.mistakes:
        raise ValueError(f"{text!r} is not plain YAML")
    return value


def read_document(path: Path) -> Document:
    """Read a YAML file.

    Args:
        path: The file.

    Returns:
        Its values with their lines, and mistakes of notation that leave the rest readable: keys
        that appear twice or are not words, tags, and merge keys.

    Raises:
        UserError: If the file is missing or unreadable, is not YAML, or unfolds through aliases to
            more than `MOST_VALUES` values.
    """
    text = _read_text(path)
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
        if root is None:
            raise UserError(f"{path}: is empty.")
        reading = _Reading(path)
        value = reading.value(root, ())
    except yaml.MarkedYAMLError as error:
        number, problem = notation_mistake(text, error)
        raise UserError(f"{path}:{number}: is not YAML: {problem}.") from None
    except yaml.reader.ReaderError as error:
        number = text.count("\n", 0, error.position) + 1
        problem = f"the character U+{error.character:04X} is not allowed"
        raise UserError(f"{path}:{number}: is not YAML: {problem}.") from None
    except RecursionError:
        raise UserError(f"{path}: is nested too deeply.") from None
    return Document(path, value, reading.lines, reading.mistakes, reading.unread)


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise UserError(f"{path}: has more than {MOST_BYTES:,} bytes; a study has fewer.")
        return content.decode("utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: there is no such file{nearby(path, '*.y*ml')}") from None
    except IsADirectoryError:
        raise UserError(f"{path}: is a folder; give a study file in it.") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: is not a text file in UTF-8.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read: {reason}.") from None


class _Reading:
    """One walk from YAML nodes to values, noting lines and mistakes on the way."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: dict[Where, int] = {}
        self.mistakes: list[tuple[int, str]] = []
        self.unread: set[Where] = set()
        self._open: set[int] = set()

    def value(self, node: yaml.Node, where: Where) -> Any:
        self.lines.setdefault(where, node.start_mark.line + 1)
        if len(self.lines) > MOST_VALUES:
            raise UserError(
                f"{self.path}: has more than {MOST_VALUES:,} values, including those of its "
                "aliases; a study has fewer."
            )
        if id(node) in self._open:
            line = node.start_mark.line + 1
            raise UserError(f"{self.path}:{line}: {spell(where)}: this alias contains itself.")
        if node.tag not in _PLAIN_TAGS:
            tag = node.tag.replace("tag:yaml.org,2002:", "!!")
            self._note(node, where, f"the tag {tag} is not supported; write a plain value.")
            self.unread.add(where)
        if isinstance(node, yaml.ScalarNode):
            return self._whole(node, where, _scalar(node))
        self._open.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            result: Any = [self.value(item, (*where, i)) for i, item in enumerate(node.value)]
        else:
            result = dict(self._items(node, where))
        self._open.discard(id(node))
        return result

    def _items(self, node: yaml.Node, where: Where) -> Iterator[tuple[str, Any]]:
        seen: dict[str, int] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._note(key_node, where, "a key must be a word, not a list or mapping.")
                continue
            key, line = str(key_node.value), key_node.start_mark.line + 1
            key = self._whole(key_node, where, key)
            here = (*where, key)
            if key == "<<":
                self._note(
                    key_node,
                    here,
                    "merge keys are not supported; put what the cells share in defaults.",
                )
            elif key in seen:
                self._note(
                    key_node, here, f"appears twice (first on line {seen[key]}); keep one of them."
                )
            else:
                seen[key] = self.lines[here] = line
                yield key, self.value(value_node, here)

    def _whole(self, node: yaml.Node, where: Where, value: Any) -> Any:
        """Join characters that JSON writes as two escapes; note one whose other half is missing."""
        if not isinstance(value, str) or value.isascii():
            return value
        try:
            return value.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            half = next(letter for letter in value if "\ud800" <= letter <= "\udfff")
            self._note(node, where, f"\\u{ord(half):04x} is half a character; write both halves.")
            self.unread.add(where)
            return value.encode("utf-8", "replace").decode("utf-8")

    def _note(self, node: yaml.Node, where: Where, sentence: str) -> None:
        way = f"{spell(where)}: " if where else ""
        line = node.start_mark.line + 1
        self.mistakes.append((line, f"{self.path}:{line}: {way}{sentence}"))


def _scalar(node: yaml.ScalarNode) -> Any:
    """Return the value of a plain or quoted word in YAML 1.2's core schema."""
    text: str = node.value
    if node.style is not None:  # in quotes, or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text):
        return float(text.lower().replace(".inf", "inf"))
    if _NOT_A_NUMBER.fullmatch(text):
        return math.nan
    return text
