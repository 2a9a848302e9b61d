"""Evaluation: losses and accuracies of a network in its present state."""

from __future__ import annotations

import math

import torch
from torch.nn import functional

from suite.datasets.batches import Batches, Part
from suite.sparse import mlp


class DivergedError(Exception):
    """A loss is no longer finite: the run has failed, and would fail again."""


def evaluate(network: mlp.MLP, batches: Batches, *, held_out: bool) -> dict[str, float]:
    """Return val_loss, val_accuracy, test_loss and test_accuracy.

    Args:
        network: The network; it is left in evaluation mode.
        batches: The data.
        held_out: Whether training images were held out to validate; if not, the test images do.

    Raises:
        DivergedError: If a loss is not finite.
    """
    network.eval()
    test_loss, test_accuracy = _loss_and_accuracy(network, batches, "test")
    val_loss, val_accuracy = test_loss, test_accuracy
    if held_out:
        val_loss, val_accuracy = _loss_and_accuracy(network, batches, "validation")
    return {
        "val_loss": finite(val_loss, "validation"),
        "val_accuracy": val_accuracy,
        "test_loss": finite(test_loss, "test"),
        "test_accuracy": test_accuracy,
    }


def finite(loss: float, which: str) -> float:
    """Return a loss.

    Raises:
        DivergedError: If it is not finite.
    """
    if not math.isfinite(loss):
        raise DivergedError(f"the {which} loss is not finite ({loss}); a lower learning_rate helps")
    return loss


def _loss_and_accuracy(network: mlp.MLP, batches: Batches, part: Part) -> tuple[float, float]:
    loss = torch.zeros((), dtype=torch.float64, device=batches.device)
    correct = torch.zeros((), dtype=torch.int64, device=batches.device)
    count = 0
    with torch.inference_mode():
        for pieces, labels in batches.evaluation(part, widest=network.widest):
            logits = torch.cat([network(x) for x in pieces])
            loss += functional.cross_entropy(logits, labels, reduction="sum")
            correct += (logits.argmax(dim=1) == labels).sum()
            count += len(labels)
    return loss.item() / count, correct.item() / count
