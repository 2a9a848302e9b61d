"""Multiply-adds of training and inference, counted from connections instead of timed.

For one image, with f the connections of all layers and the weights of the output layer:

- inference: f;
- a training step, and a look at a fresh batch for an update: 3 f, one f each for the forward pass,
  for the gradient of what enters each layer, and for the gradient of the weights;
- an update: what its parts compute, with n the images that they look at. The gradient costs n for
  each position where it is asked for, but for those that were active, whose gradient the step has
  computed already; so the gradient of every position costs n (d - f), with d the positions and the
  weights of the output layer. Activations of n images cost n for each connection. Their
  likeness costs n for each pair of units.

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


def training(connections: Iterable[int], output: int, images: int) -> int:
    """Return the multiply-adds of one step.

    Args:
        connections: How many active positions each hidden layer has.
        output: How many weights the dense output layer has.
        images: How many the batch has.
    """
    return 3 * images * inference(connections, output)
