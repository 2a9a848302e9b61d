"""What is measured of a run: one table, from which every other list of measures is derived.

Epoch records, the tidy table, outcomes of comparisons, reference figures, logs, figures and tables
take names, types, defaults, titles, number formats and directions from `MEASURES`. A measure that
did not exist in 0.1.0 has `since` set: records and exported tables without it are read with its
default.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal[
    "test_accuracy",
    "test_loss",
    "val_accuracy",
    "val_loss",
    "train_loss",
    "connections",
    "alpha",
    "beta",
]
"""The measures that comparisons and claims can be about."""

Kind = Literal["whole", "number", "flag"]
Published = Literal["accuracy", "loss", "connections", "alpha", "beta"]
"""The columns of the paper's Table 2."""

MINUS = "−"
MISSING = "–"

FIRST = "0.1.0"
"""The version whose records and tables have every measure without a `since`."""


@dataclass(frozen=True)
class Format:
    """How the numbers of one column are written.

    Attributes:
        decimals: Digits after the decimal point.
        exponent: The column is written in units of 10 to this power.
        grouped: Whether thousands are set off by commas.
    """

    decimals: int
    exponent: int = 0
    grouped: bool = False

    def plain(self, value: float) -> str:
        """Write a number without grouping, ASCII only, e.g. -0.0123; empty if not finite."""
        if not math.isfinite(value):
            return ""
        # Means of accuracies are often halves: they go one way in whatever order they were summed.
        scaled = round(value / 10.0**self.exponent, self.decimals + 6)
        text = f"{scaled:.{self.decimals}f}"
        return text.removeprefix("-") if float(text) == 0 else text

    def text(self, value: float) -> str:
        """Write a number for readers, e.g. −12,345; a dash if not finite."""
        plain = self.plain(value)
        if not plain:
            return MISSING
        sign, digits = (MINUS, plain[1:]) if plain.startswith("-") else ("", plain)
        if self.grouped:
            whole, point, rest = digits.partition(".")
            digits = f"{int(whole):,}{point}{rest}"
        return sign + digits

    def signed(self, value: float) -> str:
        """Write a difference for readers, with its sign."""
        text = self.text(value)
        nothing = text == MISSING or text.startswith(MINUS) or not text.strip("0.,")
        return text if nothing else f"+{text}"


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        name: In epoch records, tables and study files.
        title: In a sentence, e.g. test accuracy.
        kind: whole (a whole number), number or flag.
        default: What a record or table without it is read as; None stands for "not known".
        higher: Whether more is better; None where neither is.
        head: Heading of its column in Table 2; empty where it has none.
        published: Its column in the paper's Table 2, where it has one.
        reference: Whether a study can give another implementation's value of it.
        decimals: Digits after the decimal point.
        since: First version that recorded it.
    """

    name: str
    title: str
    kind: Kind = "number"
    default: Any = None
    higher: bool | None = None
    head: str = ""
    published: Published | None = None
    reference: bool = False
    decimals: int = 4
    since: str = FIRST

    @property
    def derived(self) -> bool:
        """Whether it is computed from others instead of recorded."""
        return self.name in ("alpha", "beta")

    def of(self, table: Any) -> Any:
        """Return its values in a tidy table (or in one record as a mapping of numbers)."""
        if self.name == "alpha":
            return table["test_accuracy"] / table["connections"]
        if self.name == "beta":
            return table["test_loss"] * table["connections"]
        return table[self.name]

    def format(self, values: Iterable[float] = ()) -> Format:
        """Return the number format of a column with these values.

        Accuracies and losses have four decimals as in the paper; alpha three digits in units of
        one power of ten; counts none, and a large beta none.
        """
        finite = [abs(value) for value in values if math.isfinite(value) and value]
        largest = max(finite, default=1.0)
        if self.name == "alpha":
            return Format(3, exponent=math.floor(math.log10(largest)))
        if self.name == "beta":
            return Format(0 if largest >= 1e4 else 1, grouped=True)
        if self.kind == "whole":
            return Format(0, grouped=True)
        return Format(self.decimals)


LABELS = ("study", "key", "cell", "method", "metric", "regrow", "seed", "dataset")
"""The columns of the tidy table that identify the run of a row."""

MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("epoch", "epoch", "whole"),
        Measure("train_loss", "training loss", higher=False, reference=True),
        Measure("val_loss", "validation loss", higher=False, reference=True),
        Measure("val_accuracy", "validation accuracy", higher=True, reference=True),
        Measure(
            *("test_loss", "test loss"),
            higher=False,
            head="Loss",
            published="loss",
            reference=True,
        ),
        Measure(
            *("test_accuracy", "test accuracy"),
            higher=True,
            head="Accuracy",
            published="accuracy",
            reference=True,
        ),
        Measure(
            *("connections", "connections", "whole"),
            higher=False,
            head="Connections",
            published="connections",
            reference=True,
        ),
        Measure("alpha", "alpha", higher=True, head="α", published="alpha"),
        Measure("beta", "beta", higher=False, head="β", published="beta"),
        Measure("theta", "theta"),
        Measure("evolved", "evolved", "flag", False),
        Measure("paused", "paused", "flag", False),
        Measure("updates", "updates", "whole", since="0.2.0"),
        Measure("pruned", "connections pruned", "whole", since="0.2.0"),
        Measure("regrown", "connections regrown", "whole", since="0.2.0"),
        Measure("returned", "connections pruned and regrown at once", "whole", since="0.2.0"),
        Measure("zeta", "zeta", since="0.2.0"),
        Measure(
            *("multiply_adds", "multiply-adds of training", "whole"), higher=False, since="0.2.0"
        ),
        Measure(
            *("inference_multiply_adds", "multiply-adds of one image's inference", "whole"),
            higher=False,
            since="0.2.0",
        ),
        Measure("explored", "share of positions ever active", since="0.2.0"),
        Measure(
            "active_units", "hidden units with connections on both sides", "whole", since="0.2.0"
        ),
        Measure("seconds", "seconds", decimals=2),
    )
}
"""Every measure, in the order of the tidy table's columns."""

RECORDED = tuple(name for name, measure in MEASURES.items() if not measure.derived)
"""What an epoch's record holds; `connections` is a list there, one number a layer."""

REFERENCES = tuple(name for name, measure in MEASURES.items() if measure.reference)
"""What a study can give another implementation's figures of."""

TABLE2: tuple[Outcome, ...] = ("test_accuracy", "test_loss", "connections", "alpha", "beta")
"""The columns of Table 2, in the paper's order."""

LAYERS = "connections_"
"""The tidy table has a column connections_1, connections_2, ... for each sparse layer."""

_BEFORE_LAYERS = RECORDED[: RECORDED.index("connections") + 1]


def columns(layers: Iterable[str] = ()) -> list[str]:
    """Return the columns of the tidy table in order, including those of the layers."""
    by_number = sorted(layers, key=lambda name: int(name.removeprefix(LAYERS)))
    rest = RECORDED[len(_BEFORE_LAYERS) :]
    return [*LABELS, *_BEFORE_LAYERS, *by_number, *rest]


def layers_of(names: Iterable[Any]) -> list[str]:
    """Return the columns that give the connections of one layer."""
    return [
        name
        for name in map(str, names)
        if name.startswith(LAYERS) and name.removeprefix(LAYERS).isdecimal()
    ]


def describe(record: Mapping[str, Any]) -> str:
    """Return an epoch's record as one line of a run's log."""
    shown = ", ".join(
        f"{MEASURES[name].title} {MEASURES[name].format().text(record[name])}"
        for name in ("train_loss", "test_accuracy")
    )
    connections = MEASURES["connections"].format().text(sum(record["connections"]))
    seconds = MEASURES["seconds"].format().text(record["seconds"])
    return f"epoch {record['epoch']}: {shown}, {connections} connections, {seconds} s"


def plain(value: Any) -> Any:
    """Return values as JSON has them: a number that is not finite becomes None."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value


def percent(share: float, decimals: int = 1) -> str:
    """Write a share as a percentage, e.g. 36.3 %, with a no-break space; a dash if not finite."""
    text = Format(decimals).text(100 * share)
    return text if text == MISSING else f"{text}\u00a0%"


def superscript(exponent: int) -> str:
    """Write an exponent in superscript digits, e.g. ⁻⁶."""
    return str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
