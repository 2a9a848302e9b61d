"""Call a part, and check its answer before it is used.

A part of a plug-in is watched while it runs: what it prints goes to the log, and drawing from a
generator that no seed sets is refused, because the run could not be repeated.
"""

from __future__ import annotations

import contextlib
import io
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from suite.errors import UserError
from suite.methods.budgets import Budgeted
from suite.methods.layer import LayerView
from suite.methods.parts import TITLES, Part
from suite.methods.positions import find_sorted

_T = TypeVar("_T")


def ask(
    part: Part,
    options: dict[str, Any],
    *arguments: Any,
    check: Callable[[Any], Any],
    layer: int | None = None,
) -> Any:
    """Call a part and return its answer, checked.

    Args:
        part: The part.
        options: All its options.
        arguments: What a part of its kind is called with.
        check: Returns the answer in the type that is worked with; a ValueError says what the part
            returned instead.
        layer: Index of the layer that the part is asked about, from 0; None for the network.

    Raises:
        UserError: If the part raises an error or gives a wrong answer, as it would again; the
            sentence names the part, the layer and the reason.
        MemoryError: As the part raises it: another time there may be room.
    """
    where = f"{TITLES[part.kind]} '{part.name}'"
    if layer is not None:
        where += f" in layer {layer + 1}"
    watched = contextlib.nullcontext() if part.origin.kind == "built-in" else _watched(where)
    try:
        with watched:
            answer = part.function(*arguments, **options)
    except MemoryError:
        raise
    except _UnseededError as unseeded:
        raise UserError(f"{where} {unseeded}") from None
    except (Exception, SystemExit) as error:
        words = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise UserError(f"{where} raised {words.rstrip('.: ')}.") from error
    try:
        return check(answer)
    except ValueError as wrong:
        raise UserError(f"{where} returned {wrong}.") from None


class _UnseededError(Exception):
    """A part has drawn from a generator that no seed sets."""


@contextlib.contextmanager
def _watched(where: str) -> Iterator[None]:
    """Say who prints what is printed inside; refuse draws from generators that no seed sets."""
    ours, pythons, torchs = _numpys_state(), random.getstate(), _torchs_state()
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            yield
    finally:
        for line in printed.getvalue().splitlines():
            print(f"{where} printed: {line}")
    for now, before, whose in (
        (_numpys_state(), ours, "numpy's"),
        (random.getstate(), pythons, "Python's"),
        (_torchs_state(), torchs, "torch's"),
    ):
        if now != before:
            raise _UnseededError(
                f"draws from {whose} global random generator, which no seed sets, so the run could "
                "not be repeated; draw from the generator that the part is given."
            )


def _numpys_state() -> tuple[bytes, int]:
    _, key, position, *_ = np.random.get_state(legacy=True)  # noqa: NPY002  to see whether it moves
    return np.asarray(key).tobytes(), int(position)


def _torchs_state() -> bytes:
    torch = sys.modules.get("torch")  # which methods do not need; what has not loaded draws nothing
    return torch.get_rng_state().numpy().tobytes() if torch else b""


def boolean(answer: Any) -> bool:
    """Check the answer of a schedule or gate."""
    if not isinstance(answer, bool | np.bool_):
        raise ValueError(f"{_shown(answer)} instead of True or False")
    return bool(answer)


def rate(answer: Any) -> float:
    """Check the answer of a prune rate."""
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.integer | np.floating):
        raise ValueError(f"{_shown(answer)} instead of a number")
    if not 0 <= answer <= 1:
        raise ValueError(f"{answer}, which is not between 0 and 1")
    return float(answer)


def mask(answer: Any, connections: int) -> NDArray[np.bool_]:
    """Check the answer of a prune rule about a layer with this many connections."""
    given = _array(answer, "what stays")
    if given.dtype.kind != "b":
        raise ValueError(f"{given.dtype} instead of a mask of True and False")
    if given.size != connections:
        raise ValueError(f"a mask of {given.size} for {connections} connections")
    return given.copy()  # a part may use its memory again for the next layer


def masks(answer: Any, connections: Sequence[int]) -> list[NDArray[np.bool_]]:
    """Check the answer of a prune rule about the whole network."""
    return _each(answer, len(connections), "masks", lambda at, given: mask(given, connections[at]))


def budgeted(answer: Any, kept: NDArray[np.int64]) -> Budgeted:
    """Check the answer of a budget."""
    if not isinstance(answer, Budgeted):
        raise ValueError(f"{_shown(answer)} instead of Budgeted(counts)")
    stays = None if answer.stays is None else masks(answer.stays, kept.tolist())
    left = kept if stays is None else np.array([mask.sum() for mask in stays], dtype=np.int64)
    surplus = answer.surplus
    if surplus is not None:
        surplus = counts(surplus, kept.size)
        if (surplus > left).any():
            at = int(np.argmax(surplus > left))
            raise ValueError(
                f"a surplus of {surplus[at]} for layer {at + 1}, which has {left[at]} connections"
            )
    theta = answer.theta
    if theta is not None and not isinstance(theta, int | float | np.integer | np.floating):
        raise ValueError(f"the theta {_shown(theta)} instead of a number")
    if theta is not None and not np.isfinite(theta):
        raise ValueError(f"the theta {theta}, which is not finite")
    plain = None if theta is None else float(theta)  # a checkpoint holds no numbers of numpy's
    return Budgeted(counts(answer.counts, kept.size), plain, surplus, stays)


def counts(answer: Any, layers: int) -> NDArray[np.int64]:
    """Check numbers of connections, one for each layer."""
    given = _array(answer, "counts")
    if given.size != layers:
        raise ValueError(f"{given.size} counts for {layers} layers")
    if given.dtype.kind not in "iu":
        raise ValueError(f"{given.dtype} instead of integers")
    if (given < 0).any():
        at = int(np.argmax(given < 0))
        raise ValueError(f"{given[at]} for layer {at + 1}; a count is 0 or more")
    return given.astype(np.int64)


def shared(
    answer: Any, before: NDArray[np.int64] | None, free: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Check the answer of a share rule.

    Args:
        answer: The answer.
        before: The counts that were to be shared; None where the sum may be another.
        free: How many positions of each layer are inactive.
    """
    given = counts(answer, free.size)
    if before is not None and given.sum() != before.sum():
        raise ValueError(f"{given.sum()} connections in all where {before.sum()} were to be shared")
    if (given > free).any():
        at = int(np.argmax(given > free))
        raise ValueError(f"{given[at]} for layer {at + 1}, where {free[at]} positions are inactive")
    return given


def inactive(answer: Any, layer: LayerView, count: int) -> NDArray[np.int64]:
    """Check the answer of a regrowth strategy, and sort it."""
    given = _array(answer, "positions")
    if given.size != count:
        raise ValueError(f"{given.size} positions where {count} were asked for")
    positions = np.sort(_positions(given, layer.size))
    twice = positions[1:][positions[1:] == positions[:-1]]
    if twice.size:
        raise ValueError(f"position {twice[0]} more than once")
    active = find_sorted(layer.positions, positions)
    if active.size:
        raise ValueError(f"position {layer.positions[active[0]]}, which is active")
    return positions


def inactive_everywhere(
    answer: Any, layers: Sequence[LayerView], count: int
) -> list[NDArray[np.int64]]:
    """Check the answer of a regrowth strategy about the whole network, and sort it."""
    checked = _each(
        answer,
        len(layers),
        "arrays of positions",
        lambda at, given: inactive(given, layers[at], len(_array(given, "positions"))),
    )
    found = sum(positions.size for positions in checked)
    if found != count:
        raise ValueError(f"{found} positions where {count} were asked for")
    return checked


def topologies(answer: Any, shapes: Sequence[tuple[int, int]]) -> list[NDArray[np.int64] | None]:
    """Check the answer of an initial topology."""
    sizes = [n_out * n_in for n_out, n_in in shapes]

    def topology(at: int, given: Any) -> NDArray[np.int64] | None:
        return None if given is None else _ascending(given, sizes[at])

    return _each(answer, len(shapes), "arrays of positions", topology)


def weights(answer: Any, count: int) -> NDArray[np.float32]:
    """Check the answer of a fill."""
    given = _array(answer, "weights")
    if given.size != count:
        raise ValueError(f"{given.size} weights for {count} connections")
    if given.dtype.kind not in "fiu":
        raise ValueError(f"{given.dtype} instead of numbers")
    with np.errstate(over="ignore"):
        single = given.astype(np.float32)
    if not np.isfinite(single).all():
        raise ValueError("a weight that is not finite in float32")
    return single


def _each(answer: Any, count: int, of: str, check: Callable[[int, Any], _T]) -> list[_T]:
    """Check what a list answers about each layer, by its place; a mistake names the layer."""
    if not isinstance(answer, list | tuple) or len(answer) != count:
        raise ValueError(f"{_shown(answer)} instead of a list of {count} {of}")
    checked = []
    for index, given in enumerate(answer):
        try:
            checked.append(check(index, given))
        except ValueError as wrong:
            raise ValueError(f"for layer {index + 1} {wrong}") from None
    return checked


def _ascending(answer: Any, size: int) -> NDArray[np.int64]:
    positions = _positions(_array(answer, "positions"), size)
    fallen = np.flatnonzero(np.diff(positions) <= 0)
    if fallen.size:
        before, after = positions[fallen[0]], positions[fallen[0] + 1]
        raise ValueError(f"position {after} after {before}; they are distinct and ascending")
    return positions


def _positions(given: NDArray, size: int) -> NDArray[np.int64]:
    if given.size == 0:
        return np.empty(0, dtype=np.int64)
    if given.dtype.kind not in "iu":
        raise ValueError(f"{given.dtype} instead of integers")
    outside = given[(given < 0) | (given >= size)]
    if outside.size:
        raise ValueError(f"position {outside[0]}, outside 0 to {size - 1}")
    return given.astype(np.int64)


def _array(answer: Any, of: str) -> NDArray:
    try:
        given = np.asarray(answer)
    except Exception as error:
        raise ValueError(f"no array of {of}: {error}") from error
    if given.ndim != 1:
        shape = f"an array of shape {given.shape}" if given.ndim else type(answer).__name__
        raise ValueError(f"{shape} instead of a one-dimensional array of {of}")
    return given


def _shown(answer: Any) -> str:
    text = repr(answer)
    return text if len(text) <= 60 else type(answer).__name__
