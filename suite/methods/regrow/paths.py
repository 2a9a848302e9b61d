"""Regrowth where it closes paths of three connections: the Cannistraci-Hebb rules.

A layer is a graph between its outputs and its inputs. From an output u to an input v that are not
connected, a path u - x - y - v goes by an input x of u and an output y that has both x and v. A
rule counts these paths, each the more, the fewer connections lead away from x and y: x has that to
u, those to outputs that also have v, and others; only the last lead away.

Scores are computed in blocks of rows; the largest arrays otherwise are sparse, with an entry for
every pair of units of one side that share a unit of the other.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from suite.methods import scored
from suite.methods.layer import BLOCK, LayerView
from suite.methods.parts import part

Rule = Literal["ch2", "ch3"]


@part("regrow", source="Zhang et al. 2024, ICLR; 2025, NeurIPS 38 (CHT, CHTs)")
def paths(
    layer: LayerView,
    count: int,
    rng: np.random.Generator,
    *,
    rule: Rule = "ch2",
    form: Literal["nodes", "paths"] = "nodes",
    choice: Literal["drawn", "best"] = "drawn",
) -> NDArray[np.int64]:
    """Candidates that close the most paths of length three, by a Cannistraci-Hebb rule.

    Args:
        rule: Whether connections within the neighbourhood count for a path (ch2), or only those
            that lead away count against it (ch3).
        form: Whether a score is the sum over the units next to u or v (nodes, L3n), or over the
            paths (paths, L3p), which takes longer.
        choice: Whether positions are drawn in proportion to their scores (CHTs), or those with the
            best are taken (CHT).
    """
    scores = (_of_nodes if form == "nodes" else _of_paths)(adjacency(layer), rule)
    if choice == "best":
        return scored.best(layer, scores, count)
    return scored.draw(layer, scores, count, rng)


def adjacency(layer: LayerView) -> Any:
    """Return the active positions as a sparse matrix of ones, (n_out, n_in)."""
    from scipy.sparse import csr_array  # only where a study asks for it

    rows, columns = np.divmod(layer.positions, layer.shape[1])
    ones = np.ones(layer.positions.size, dtype=np.float32)
    return csr_array((ones, (rows, columns)), shape=layer.shape)


def _of_nodes(links: Any, rule: Rule) -> scored.Scores:
    """Return what computes the node form: e(A) A + (e(A.T) A.T).T."""
    turned = links.T.tocsr()
    between_inputs = _weights(turned, turned, rule).T.tocsr()
    if 3 * between_inputs.nnz > between_inputs.shape[0] ** 2:
        between_inputs = between_inputs.toarray()  # no larger then, and several times as fast

    def scores(start: int, stop: int) -> NDArray[np.float32]:
        block = links[start:stop]
        weights = _weights(block, links, rule, start).toarray()
        by_outputs = turned @ np.ascontiguousarray(weights.T)
        by_inputs = block @ between_inputs
        if not isinstance(by_inputs, np.ndarray):
            by_inputs = by_inputs.toarray()
        return by_outputs.T + by_inputs

    return scores


def _weights(some: Any, links: Any, rule: Rule, first: int = 0) -> Any:
    """Return e(u, z) of some units u and all other units z on their side, sparse.

    e = (shared + 1) / (away + 1), or 1 / (away + 1) for ch3, where the two share a unit. z has
    `shared` links to units of u, one to the unit across, and `away` others.
    """
    weights = _shared(some, links, first)
    away = np.maximum(_degrees(links)[weights.indices] - weights.data - 1, 0)
    over = weights.data + 1 if rule == "ch2" else np.float32(1)
    weights.data = (over / (away + 1)).astype(np.float32)
    return weights


def _of_paths(links: Any, rule: Rule) -> scored.Scores:
    """Return what computes the path form.

    A path u - x - y - v counts w(x, v) * w(y, u), w being the root of what `_weights` returns.
    """
    turned = links.T.tocsr()
    of_inputs = _weights(turned, turned, rule)
    of_inputs.data = np.sqrt(of_inputs.data)
    of_inputs = of_inputs.T.tocsr()  # of x by v: the unit that leads away is x

    def rows(start: int, stop: int) -> NDArray[np.float32]:
        block = links[start:stop]
        of_outputs = np.sqrt(_weights(block, links, rule, start).toarray())
        owner = np.repeat(np.arange(stop - start), np.diff(block.indptr))
        first_half = turned[block.indices]  # a row for each connection u - x: the outputs y of x
        owners = np.repeat(owner, np.diff(first_half.indptr))
        first_half.data = of_outputs[owners, first_half.indices]
        each = (first_half @ links).toarray() * of_inputs[block.indices].toarray()
        sums = np.zeros((stop - start, links.shape[1]), dtype=np.float32)
        np.add.at(sums, owner, each)
        return sums

    def scores(start: int, stop: int) -> NDArray[np.float32]:
        fitting = max(1, BLOCK // (links.shape[1] * max(1, int(_degrees(links).max()))))
        parts = [rows(at, min(at + fitting, stop)) for at in range(start, stop, fitting)]
        return np.concatenate(parts)

    return scores


def _shared(some: Any, links: Any, first: int) -> Any:
    """Return how many links each of some units shares with each other one; `first` is the first."""
    shared = (some @ links.T).tocsr()
    own = np.repeat(np.arange(some.shape[0]), np.diff(shared.indptr)) + first
    shared.data[shared.indices == own] = 0
    shared.eliminate_zeros()
    return shared


def _degrees(links: Any) -> NDArray[np.float32]:
    return np.diff(links.indptr).astype(np.float32)
