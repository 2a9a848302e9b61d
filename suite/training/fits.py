"""Whether a cell and its data fit each other; without torch, for those who train nothing."""

from __future__ import annotations

from collections.abc import Sequence

from suite.datasets.dataset import DataSet
from suite.datasets.splits import split
from suite.errors import UserError
from suite.methods.recipe import Recipe
from suite.settings import Settings, too_dense


def check_fits(settings: Settings, images: DataSet) -> None:
    """Check what can only be checked with the data.

    Raises:
        UserError: If a layer would be denser than dense, an epoch would have no batch, or feature
            vectors are to be warped.
    """
    if images.kind == "features" and settings.augment and "augment" in settings.model_fields_set:
        raise UserError(
            f"augment: {images.name} has feature vectors, which cannot be warped; leave it out."
        )
    sentence = too_dense(settings.epsilon, images.features, settings.hidden[0])
    if sentence and settings.recipe.initial.name == "erdos_renyi":
        raise UserError(sentence)
    count = len(split(images, settings.validation, settings.train_samples, 0).train)
    if settings.batch_size > count:
        raise UserError(
            f"batch_size {settings.batch_size} is more than the {count} training images of "
            f"{images.name}."
        )


def check_target(recipe: Recipe, connections: Sequence[int]) -> None:
    """Check that a network has the connections that each of its updates is to prune.

    Args:
        recipe: The method.
        connections: Of each layer at the start.

    Raises:
        UserError: If an adaptive threshold could only grow, until it prunes everything.
    """
    rate, total = recipe.rate, sum(connections)
    if rate.name != "adaptive_threshold":
        return
    target, tolerance = rate.options["target"], rate.options["tolerance"]
    if (1 - tolerance) * target > total:
        raise UserError(
            f"rate.adaptive_threshold.target: every update is to prune {target} connections, and "
            f"the network has {total}; give a smaller target."
        )
