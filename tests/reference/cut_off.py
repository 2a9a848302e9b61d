"""Units on paths from an input to an output, found by walking along every connection."""

from __future__ import annotations


def on_paths(layers: list[set[tuple[int, int]]], shapes: list[tuple[int, int]]) -> list[set[int]]:
    """Return the units of each hidden layer that lie on a path; all outputs of the last are read.

    Args:
        layers: The connections of each layer, (output, input).
        shapes: (outputs, inputs) of each.
    """
    found: list[set[int]] = [set() for _ in layers]

    def walk(unit: int, path: list[int]) -> None:
        if len(path) == len(layers):
            for units, on_it in zip(found, path, strict=True):
                units.add(on_it)
            return
        for output, input_ in layers[len(path)]:
            if input_ == unit:
                walk(output, [*path, output])

    for unit in range(shapes[0][1]):
        walk(unit, [])
    return found
