"""Cells, and the names that people give them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from suite import paper
from suite.errors import MOST_NAMES, UserError, suggestion
from suite.methods import flat
from suite.methods.presets import METHODS
from suite.settings import WRITABLE, Settings
from suite.study.document import as_yaml, read_value
from suite.study.file import CellName


@dataclass(frozen=True)
class Cell:
    """One configuration without a seed.

    Attributes:
        label: As people name it, e.g. dynset[metric=loss].
        title: As reports name it, e.g. DynSET f(loss).
        brief: As they name it where its data set is clear.
        settings: What is computed.
        given: What it sets itself, as written.
        own_title: The title that it gives itself.
        place: Where its file has it, e.g. "study.yaml:5: cells[2]".
        data_place: Where its file names its data, as "study.yaml:3: defaults.dataset".
    """

    label: str
    title: str
    brief: str
    settings: Settings
    given: Mapping[str, Any] = field(default_factory=dict, compare=False)
    own_title: str | None = field(default=None, compare=False)
    place: str = field(default="", compare=False)
    data_place: str = field(default="", compare=False)


def source_name(source: Any) -> str:
    """Return a data set's source as text: what the user wrote."""
    if isinstance(source, str):
        return source
    return source.model_dump_json(exclude_none=True)


def find_cell(cells: Sequence[Cell], name: CellName) -> Cell:
    """Return the one cell that a name means; see `Study.cell`."""
    for titled in (
        [cell for cell in cells if cell.title == name],
        [cell for cell in cells if cell.brief == name],
        [cell for cell in cells if cell.label == name],
    ):
        if len(titled) == 1:
            return titled[0]
    wanted = named_settings(name)
    label = cell_label(wanted) if "method" in wanted else name
    fitting = [cell for cell in cells if _fits(cell.settings, wanted)]
    exact = [cell for cell in cells if cell.label in (label, name)]
    if len(exact) == 1:
        return exact[0]
    if len(fitting) == 1:
        return fitting[0]
    spelt = name if isinstance(name, str) else as_yaml(name)
    if fitting:
        labels = ", ".join(cell.label for cell in fitting[:MOST_NAMES])
        raise UserError(f'"{spelt}" may mean any of {labels}; be more specific.')
    known = suggestion(spelt, [cell.label for cell in cells])
    raise UserError(f'there is no cell "{spelt}"{known}')


def cell_label(settings: Mapping[str, Any]) -> str:
    """Return the label of a cell: its method, and what it sets beyond that.

    A metric is left out where the method has no other: accset, but dynset[metric=loss].
    """
    method = settings.get("method", "set")
    implied = {"method"} | ({"metric"} if _only_metric(settings) else set())
    rest = ", ".join(
        f"{name}={as_yaml(settings[name])}"
        for name in Settings.model_fields
        if name in settings and name not in implied
    )
    return f"{method}[{rest}]" if rest else str(method)


def _only_metric(settings: Mapping[str, Any]) -> bool:
    method = METHODS.get(str(settings.get("method", "set")))
    return method is not None and method.metrics == (settings.get("metric"),)


def named_settings(name: CellName) -> dict[str, Any]:
    """Return the settings that a cell name gives: a mapping, or text like method[name=value].

    Raises:
        UserError: If a text is not of that form, or names a setting that does not exist.
    """
    if isinstance(name, str):
        return _parse(name)
    for setting in name:
        _check_setting(str(setting))
    return dict(name)


def _check_setting(name: str) -> None:
    if name not in WRITABLE:
        raise UserError(f'there is no setting "{name}"{suggestion(name, WRITABLE)}')


def _parse(text: str) -> dict[str, Any]:
    malformed = UserError(f'"{text}" is not a cell name; one looks like dynset[metric=loss].')
    method, bracket, rest = text.strip().partition("[")
    wanted: dict[str, Any] = {"method": method.strip()}
    if not method or (bracket and not rest.endswith("]")):
        raise malformed
    for item in filter(None, (part.strip() for part in _split_outside_brackets(rest[:-1]))):
        name, equals, value = item.partition("=")
        if not equals:
            raise malformed
        _check_setting(name.strip())
        try:
            wanted[name.strip()] = read_value(value)
        except ValueError:
            raise malformed from None
    return wanted


def _split_outside_brackets(text: str) -> list[str]:
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def _fits(settings: Settings, wanted: Mapping[str, Any]) -> bool:
    has = settings.model_dump(mode="json", exclude_none=True)
    given = flat.spread(wanted)
    options = given.pop(flat.PARTS, {})
    return all(_is(getattr(settings, name), has.get(name), given[name]) for name in given) and all(
        settings.recipe.answer(kind).options.get(option) == value
        for kind, of_part in options.items()
        for option, value in of_part.items()
    )


def _is(value: Any, dumped: Any, wanted: Any) -> bool:
    """Return whether a setting has a value as a study writes it, where defaults may be left out."""
    if isinstance(value, BaseModel) and isinstance(wanted, Mapping):
        with suppress(ValidationError):
            return type(value).model_validate(wanted) == value
    return bool(dumped == wanted)


def published_row(cell: Cell) -> paper.Row | None:
    """Return the row of the paper's Table 2 that a cell restates, or None."""
    settings = cell.settings
    own = settings.preset.parts
    replaced = {
        answer.kind for answer in settings.recipe.answers if own[answer.kind].name != answer.name
    }
    if replaced - {"regrow", "fill"}:
        return None
    of_paper = Settings(method=settings.method, metric=settings.metric).recipe
    if (settings.recipe.budget, settings.recipe.gate) != (of_paper.budget, of_paper.gate):
        return None
    if settings.activation != Settings().activation:
        return None
    return paper.row_of(settings.method, settings.metric, settings.regrow)


def restates_regrowth_figures(cells: Sequence[Cell]) -> bool:
    """Whether cells restate the paper's Figures 2 and 3, for which it prints no numbers."""
    return any(
        cell.settings.method in paper.REGROWTH_METHODS
        and cell.settings.regrow in paper.NEIGHBOUR_STRATEGIES
        for cell in cells
    ) and all(cell.settings.epochs == paper.REGROWTH_EPOCHS for cell in cells)
