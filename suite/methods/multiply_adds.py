"""Multiply-adds of training and inference, counted from connections instead of timed.

For one image, with f the connections of all layers and the weights of the output layer, and d the
same with every position active:

- inference: f;
- a training step: 3 f, one f each for the forward pass, for the gradient of what enters each
  layer, and for the gradient of the weights;
- a step whose update reads the gradient of every position: 2 f + d;
- a step whose update reads activations of both sides of every position: d more.

Biases, activation functions, the optimiser and the choice of connections are not counted, and
methods that hold dense weights under a mask are charged for the active ones alone: this is what an
implementation without wasted work would need.

Source: Evci et al. 2020 (RigL), the appendix on FLOPs, which counts a multiply-add as two.
"""

from __future__ import annotations

from collections.abc import Iterable


def inference(connections: Iterable[int], output: int) -> int:
    """Return the multiply-adds of one image's forward pass.

    Args:
        connections: How many active positions each hidden layer has.
        output: How many weights the dense output layer has.
    """
    return sum(connections) + output


def training(
    connections: Iterable[int],
    output: int,
    positions: int,
    images: int,
    *,
    gradient: bool = False,
    activations: bool = False,
) -> int:
    """Return the multiply-adds of one step.

    Args:
        connections: How many active positions each hidden layer has.
        output: How many weights the dense output layer has.
        positions: How many positions the hidden layers have together, active or not.
        images: How many the batch has.
        gradient: Whether an update reads the gradient of every position after this step.
        activations: Whether it compares activations for every position.
    """
    sparse, dense = inference(connections, output), positions + output
    return images * (2 * sparse + (dense if gradient else sparse) + activations * dense)
