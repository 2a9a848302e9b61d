"""A run's network at its start."""

from __future__ import annotations

import itertools
import math

from suite.datasets.dataset import DataSet
from suite.errors import UserError
from suite.methods.probe import Probe
from suite.methods.update import initial_topology
from suite.randomness import stream
from suite.settings import Settings
from suite.sparse import mlp
from suite.training.earlier import Earlier, set_dense_weights, set_weights, views
from suite.training.handover import DENSITY
from suite.training.noise import make_noisy


def build(
    settings: Settings,
    seed: int,
    images: DataSet,
    engine: mlp.Engine,
    device: str,
    earlier: Earlier | None = None,
    look: Probe | None = None,
) -> mlp.MLP:
    """Return a run's network at its start.

    Args:
        settings: What to compute.
        seed: The run's seed.
        images: The data.
        engine: "masked" or "sparse".
        device: For the masked engine.
        earlier: What a chained run starts from.
        look: What an initial topology may ask of the data.

    Raises:
        UserError: If the run starts from an earlier one's network, and none is given.
    """
    recipe = settings.recipe
    sizes = (images.features, *settings.hidden)
    classes = len(images.classes)
    layers = (*sizes, classes) if recipe.sparse_output else sizes
    shapes = [(n_out, n_in) for n_in, n_out in itertools.pairwise(layers)]
    rngs = [stream(seed, "topology", layer=index) for index in range(len(shapes))]
    chained = recipe.chained
    if chained and earlier is None:
        raise UserError(
            f'the initial topology "{recipe.initial.name}" starts from the network of an earlier '
            "run, which suite run trains first."
        )
    asked = views(earlier, sizes) if chained and earlier else look
    fresh = chained and recipe.initial.options["weights"] == "fresh"
    shrinks = recipe.evolves and "layers" in recipe.budget.part.needs
    network = mlp.build(
        sizes,
        classes,
        seed=seed,
        topology=initial_topology(recipe, shapes, rngs, asked),
        activation=settings.activation,
        negative_slope=settings.negative_slope,
        dropout=settings.dropout,
        engine=engine,
        device=device,
        draw=recipe.initial.options["round"] if fresh else 0,
        draw_weights=settings.initial_weights.draw,
        masked_from=DENSITY if chained or shrinks else math.inf,
    )
    if chained and earlier:
        set_weights(settings, network, earlier, seed)
    elif "probe" in recipe.initial.part.needs and recipe.initial.options.get("weights") == "kept":
        set_dense_weights(settings, network, seed)
    if settings.noise is not None:
        make_noisy(network, settings.noise, seed, device)
    return network
