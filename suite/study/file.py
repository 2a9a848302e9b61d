"""What a study file may say: the models that it is checked against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from suite.measures import Outcome

CellName = str | dict[str, Any]
"""A cell as people name it: dynset[metric=loss], or {method: dynset, metric: loss}."""


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Seeds(_Model):
    """The seeds of every cell: root, root + 1, ... so raising the count appends seeds."""

    root: Annotated[int, Field(ge=0, lt=2**32)] = 2022
    """The first seed, 0 or more. Studies are independent only if none of their seeds is the same:
    roots 2022 and 2032 are, for ten seeds each; 2022 and 2023 share nine of them."""
    count: Annotated[int, Field(ge=1)] = 10
    """How many seeds every cell is run with, 1 or more."""

    def __iter__(self) -> Iterator[int]:  # type: ignore[override]
        return iter(range(self.root, self.root + self.count))


class Track(_Model):
    """Where runs are followed from outside, through Ray's own callbacks; at most an epoch a second.

    A copy for people to look at; the store holds the results.
    """

    tensorboard: str | None = None
    """Folder for TensorBoard's event files, below the current one unless absolute."""
    mlflow: str | None = None
    """Tracking URI of MLflow, e.g. http://HOST:5000; the study is the experiment."""
    wandb: str | None = None
    """Project of Weights & Biases; the study is the group."""


class Execution(_Model):
    """How runs are executed; nothing here enters a run's key."""

    engine: Literal["auto", "masked", "sparse"] = "auto"
    """auto takes sparse on a CPU and masked on a GPU."""
    cpu: Annotated[float, Field(gt=0)] = 1
    """Cores a run, and threads: the masked engine rounds otherwise with another number."""
    gpu: Annotated[float, Field(ge=0)] = 0
    """GPUs a run; fractions share one."""
    retries: Annotated[int, Field(ge=0)] = 3
    """How often a run that crashed is tried again."""
    checkpoint_seconds: Annotated[float, Field(ge=0)] = 30
    """At most so long between checkpoints, in seconds; 0 means after every epoch."""
    track: Track = Track()
    """Trackers to follow the runs in."""

    @model_validator(mode="after")
    def _sparse_on_the_cpu(self) -> Self:
        if self.engine == "sparse" and self.gpu > 0:
            raise ValueError("the sparse engine computes on the CPU; leave gpu out.")
        return self


class LastEpochs(_Model):
    """The mean of the last k epochs."""

    last: Annotated[int, Field(ge=1)]
    """How many epochs."""


class Comparisons(_Model):
    """The declared family of comparisons: what Holm's correction counts."""

    outcome: Outcome = "test_accuracy"
    """What is compared."""
    measure: Literal["last", "best"] | LastEpochs = "last"
    """The last epoch, the mean of the last k, or the best by validation."""
    baseline: CellName | None = None
    """Every other cell is compared with this one."""
    pairs: tuple[Annotated[tuple[CellName, CellName], Field(strict=False)], ...] = Field(
        default=(), strict=False
    )
    """Further pairs: [cell, the cell it is compared with]."""
    design: Literal["paired", "independent"] = "paired"
    """Seeds are shared, so comparisons are paired unless said otherwise."""
    inference: Literal["fixed", "anytime"] = "fixed"
    """fixed: the seeds are set before any result is seen. anytime: look after every seed, and stop
    where it is decided; count is then the most seeds."""
    correction: Literal["holm"] = "holm"
    """For the number of comparisons in the family."""
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Family-wise error rate, of false differences and of false equivalences separately."""
    equivalence_margin: Annotated[float, Field(gt=0)] | None = None
    """Differences within this much of zero, in the outcome's unit, do not matter."""

    @model_validator(mode="after")
    def _anytime_compares_pairs(self) -> Self:
        if self.inference == "anytime" and self.design == "independent":
            raise ValueError("anytime inference compares pairs; leave design out.")
        return self


class ClaimPart(_Model):
    """One statement about one outcome: each of `cells` against each of `against`."""

    outcome: Outcome = "test_accuracy"
    """What the statement is about."""
    cells: tuple[CellName, ...] = Field(min_length=1, strict=False)
    """The cells that the statement is about."""
    against: tuple[CellName, ...] = Field(min_length=1, strict=False)
    """The cells they are compared with; paired one to one if `one_to_one`."""
    direction: Literal["higher", "lower", "equivalent", "saves"]
    """How the cells stand to the others; saves: by the share `paper`, of the other's value."""
    one_to_one: bool = False
    """Compare the first with the first, the second with the second, and so on."""
    margin: Annotated[float, Field(gt=0)] | None = None
    """For equivalent and saves, what is still the same; by default equivalence_margin, and 0.02."""
    paper: float | None = None
    """The paper's value of the difference or saving; where left out, what its Table 2 says."""


class Claim(_Model):
    """A sentence that the study can support or contradict."""

    sentence: str
    """As a reader would say it."""
    parts: tuple[ClaimPart, ...] = Field(min_length=1, strict=False)
    """All must hold for the claim to be supported."""
    source: str = ""
    """Where the claim stands, e.g. section 5.1."""


class ReferenceEpoch(_Model):
    """What another implementation recorded of one epoch."""

    epoch: Annotated[int, Field(ge=1)]
    """Which epoch."""
    train_loss: float | None = None
    """As seen during training."""
    val_loss: float | None = None
    """Of the evaluated network."""
    val_accuracy: float | None = None
    """Of the evaluated network, 0 to 1."""
    test_loss: float | None = None
    """Of the evaluated network."""
    test_accuracy: float | None = None
    """Of the evaluated network, 0 to 1."""
    connections: float | None = None
    """Of the evaluated network."""


class Reference(_Model):
    """Figures of another implementation, which the report puts beside the runs'."""

    cell: CellName
    """The cell that was computed."""
    source: str
    """Where the figures come from, and over how many seeds."""
    epochs: tuple[ReferenceEpoch, ...] = Field(min_length=1, strict=False)
    """What it recorded."""


class Report(_Model):
    """What the report shows."""

    zoom: Annotated[int, Field(ge=2)] = 100
    """The insets of Figures 4 to 6 show so many last epochs."""
    decimal: Literal["point", "comma"] = "point"
    """Decimal sign of table2.tex."""
    references: tuple[Reference, ...] = Field(default=(), strict=False)
    """Figures of other implementations, to compare the runs' with."""


class StudyFile(_Model):
    """A study as its file writes it; cells still unexpanded."""

    schema_: Literal[1] = Field(default=1, alias="schema")
    """Version of this schema."""
    name: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
            json_schema_extra={
                "patternErrorMessage": "a letter or digit, then at most 63 letters, digits, dots, "
                "dashes and underscores"
            },
        ),
    ]
    """Short and stable; names the report's folder."""
    title: str = ""
    """For readers."""
    seeds: Seeds = Seeds()
    defaults: dict[str, Any] = {}
    """Settings of every cell that does not say otherwise."""
    cells: Annotated[list[dict[str, Any]], Field(min_length=1)]
    """Settings of each cell; lists under `grid` are multiplied out."""
    execution: Execution = Execution()
    comparisons: Comparisons = Comparisons()
    claims: tuple[Claim, ...] = Field(default=(), strict=False)
    """Sentences to decide."""
    report: Report = Report()
    plugins: tuple[str, ...] = Field(default=(), strict=False)
    """Files or modules that register regrowth strategies."""
