"""The format of study files: the models that they are checked against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticKnownError

from suite.measures import Outcome

CellName = str | dict[str, Any]
"""A cell as people name it: dynset[metric=loss], or {method: dynset, metric: loss}."""
Keep = Literal["nothing", "network"]
"""What of a run stays besides its results."""


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
    """Where runs can be followed from outside, through Ray's callbacks; at most an epoch a second.

    Trackers hold a copy to look at; the store holds the results.
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
    """auto means sparse on a CPU and masked on a GPU."""
    cpu: Annotated[float, Field(gt=0)] = 1
    """Cores per run, and threads; the masked engine rounds differently with another number."""
    gpu: Annotated[float, Field(ge=0)] = 0
    """GPUs per run; runs with a fraction share one."""
    retries: Annotated[int, Field(ge=0)] = 3
    """How often a crashed run is tried again."""
    checkpoint_seconds: Annotated[float, Field(ge=0)] = 30
    """Longest time between two checkpoints, in seconds; 0 means after every epoch."""
    keep: Keep = "nothing"
    """What of a run stays besides its results: network keeps the trained network."""
    track: Track = Track()
    """Trackers to follow the runs in."""

    @property
    def chosen_engine(self) -> Literal["masked", "sparse"]:
        """The engine that runs are trained with, whatever `auto` means."""
        if self.engine == "auto":
            return "masked" if self.gpu > 0 else "sparse"
        return self.engine

    @property
    def device(self) -> Literal["cpu", "cuda"]:
        """PyTorch's name of the device that runs are trained on."""
        return "cuda" if self.gpu > 0 else "cpu"

    def at_once(self, cores: float, gpus: float) -> int:
        """Return how many runs go on at once on this many cores and GPUs, at least 1."""
        room = cores / self.cpu
        return max(1, int(min(room, gpus / self.gpu) if self.gpu else room))

    @property
    def threads(self) -> int:
        """Threads that a run computes with."""
        return max(1, int(self.cpu))

    @model_validator(mode="after")
    def _sparse_on_the_cpu(self) -> Self:
        if self.engine == "sparse" and self.gpu > 0:
            raise ValueError("the sparse engine runs on the CPU; leave out gpu.")
        return self


class LastEpochs(_Model):
    """The mean of the last k epochs."""

    last: Annotated[int, Field(ge=1)]
    """How many epochs."""


class Comparisons(_Model):
    """The declared family of comparisons, for which Holm's method corrects."""

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
    """Cells share their seeds, so comparisons are paired by default."""
    inference: Literal["fixed", "anytime"] = "fixed"
    """fixed: the seeds are set before any result is seen. anytime: look after every seed, and stop
    once it is decided; count is then the largest number of seeds."""
    correction: Literal["holm"] = "holm"
    """The correction for the number of comparisons in the family."""
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
    """How the cells compare with the others; saves: by the share `paper` of the other's value."""
    one_to_one: bool = False
    """Compare the first with the first, the second with the second, and so on."""
    margin: Annotated[float, Field(gt=0)] | None = None
    """Smaller differences do not count, for equivalent and saves (0.02 by default)."""
    paper: float | None = None
    """The paper's value of the difference or saving; by default that of its Table 2."""


class Claim(_Model):
    """A sentence that the study can support or contradict."""

    sentence: str
    """The claim as a reader would put it."""
    parts: tuple[ClaimPart, ...] = Field(min_length=1, strict=False)
    """All must hold for the claim to be supported."""
    source: str = ""
    """Where the claim is made, e.g. section 5.1."""


class ReferenceEpoch(_Model):
    """What another implementation recorded of one epoch."""

    epoch: Annotated[int, Field(ge=1)]
    """Which epoch."""
    train_loss: float | None = None
    """As seen during training."""
    val_loss: float | None = None
    """Of the evaluated network."""
    val_accuracy: Annotated[float, Field(ge=0, le=1)] | None = None
    """Of the evaluated network, 0 to 1."""
    test_loss: float | None = None
    """Of the evaluated network."""
    test_accuracy: Annotated[float, Field(ge=0, le=1)] | None = None
    """Of the evaluated network, 0 to 1."""
    connections: float | None = None
    """Of the evaluated network."""


class Reference(_Model):
    """Figures of another implementation, which the report compares with those of the runs."""

    cell: CellName
    """The cell that was computed."""
    source: str
    """Where the figures come from, and over how many seeds."""
    epochs: tuple[ReferenceEpoch, ...] = Field(min_length=1, strict=False)
    """What it recorded."""


class Report(_Model):
    """What the report shows."""

    zoom: Annotated[int, Field(ge=2)] = 100
    """How many of the last epochs the insets of Figures 4 to 6 show."""
    decimal: Literal["point", "comma"] = "point"
    """Decimal sign of table2.tex."""
    references: tuple[Reference, ...] = Field(default=(), strict=False)
    """Figures of other implementations, to compare the runs' with."""


class Halving(_Model):
    """Synchronous successive halving: only the best samples are trained for all epochs."""

    from_: Annotated[int, Field(alias="from", ge=1)]
    """After this many epochs samples are first compared."""
    by: Annotated[int, Field(ge=2)] = 3
    """The best 1/by go on, to by times as many epochs."""


MOST_SAMPLES = 10_000
MOST_SEEDS_OF_SAMPLES = 1_000


class TunedCell(_Model):
    """Ranges of one cell, in place of those of all cells."""

    cell: CellName
    """Which cell."""
    search: dict[str, Any]
    """Ranges by setting, as in tune: search; null: this cell keeps its own value."""


class Tune(_Model):
    """Tuning: every cell gets the same budget on held-out images, and the winner is run."""

    search: Annotated[dict[str, Any], Field(min_length=1)]
    """Ranges by setting (zeta) or part option (rate.zeta): {log: [a, b]}, {uniform: [a, b]},
    {int: [a, b]} or a list of choices. A cell without the setting is not tuned in it."""
    cells: tuple[TunedCell, ...] = Field(default=(), strict=False)
    """Other ranges for single cells."""
    samples: Annotated[int, Field(ge=1, le=MOST_SAMPLES)]
    """How many samples of each cell; raising it only adds samples."""
    halving: Halving | None = None
    """Stop the worse samples early; by default all are trained for all epochs."""
    algorithm: Literal["sobol", "random", "optuna"] = "sobol"
    """How samples are drawn: sobol, a scrambled Sobol sequence, fills the space evenly; optuna
    learns from the samples before, in batches of 8 (pip install 'regrowth-suite[tune]')."""
    seeds: Annotated[int, Field(ge=1, le=MOST_SEEDS_OF_SAMPLES)] = 1
    """Seeds of each sample; none of them is a seed of the study."""
    validation: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training images held out, where the cell itself holds out none."""
    measure: Literal["val_accuracy", "val_loss"] = "val_accuracy"
    """The measure of the held-out images by which samples are compared."""
    untuned: bool = False
    """Also run the tuned cells with their own settings over the seeds; the report shows both."""


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
    """Short and stable; also the name of the report's folder."""
    title: str = ""
    """The title for readers."""
    seeds: Seeds = Seeds()
    defaults: dict[str, Any] = {}
    """Settings of every cell, unless the cell sets them itself."""
    cells: Annotated[list[dict[str, Any]], Field(min_length=1)]
    """Settings of each cell, and its `title` in reports; lists under `grid` are multiplied out."""
    tune: Tune | None = None
    """Tune each cell before it is run over the seeds."""
    execution: Execution = Execution()
    comparisons: Comparisons = Comparisons()
    claims: tuple[Claim, ...] = Field(default=(), strict=False)
    """Sentences to be decided."""
    report: Report = Report()
    plugins: tuple[str, ...] = Field(default=(), strict=False)
    """Files or modules that define parts, e.g. regrowth strategies."""

    @field_validator("schema_", mode="before")
    @classmethod
    def _is_a_number(cls, version: Any) -> Any:
        if isinstance(version, bool):  # true equals 1
            raise PydanticKnownError("literal_error", {"expected": "1"})
        return version
