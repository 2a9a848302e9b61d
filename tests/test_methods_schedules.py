"""When updates are due: golden cases by hand. None is due where the training ends."""

import pytest

from suite.methods.moment import Moment
from suite.methods.recipe import resolve
from suite.methods.update import due


def after(step, steps=40, epochs=10):
    """The moment after a step; four make an epoch."""
    epoch = -(-step * epochs // steps)
    return Moment(update=step, step=step, steps=steps, epoch=epoch, epochs=epochs)


def due_steps(name, **options):
    recipe = resolve("set", {"schedule": {"name": name, "options": options}})
    return [step for step in range(1, 41) if due(recipe, "step", after(step))]


def due_epochs(name, **options):
    recipe = resolve("set", {"schedule": {"name": name, "options": options}})
    return [epoch for epoch in range(1, 11) if due(recipe, "epoch", after(4 * epoch))]


@pytest.mark.parametrize(
    ("options", "epochs"),
    [
        ({"n": 3}, [3, 6, 9]),
        ({"n": 5}, [5]),
        ({"n": 1}, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ({"n": 2, "until": 0.6}, [2, 4, 6]),
        ({"n": 2, "until": 0.59}, [2, 4]),
        ({"n": 11}, []),
        ({"n": 1, "until": 0.7}, [1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_every_few_epochs(options, epochs):
    assert due_epochs("every_epochs", **options) == epochs
    assert due_steps("every_epochs", **options) == []


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({"n": 10}, [10, 20, 30]),
        ({"n": 10, "until": 0.75}, [10, 20, 30]),
        ({"n": 10, "until": 0.74}, [10, 20]),
        ({"n": 10, "begin": 0.25}, [10, 20, 30]),
        ({"n": 10, "begin": 0.26}, [20, 30]),
        ({"n": 10, "begin": 0.5, "until": 0.6}, [20]),
        ({"n": 4, "doubles_at": (0.25, 0.5)}, [4, 8, 16, 32]),
        ({"n": 41}, []),
    ],
)
def test_every_few_steps(options, steps):
    assert due_steps("every_steps", **options) == steps
    assert due_epochs("every_steps", **options) == []


@pytest.mark.parametrize("share", [0.07, 0.14, 0.28, 0.29, 0.55, 0.56, 0.57, 0.58])
def test_a_share_of_the_training_ends_and_begins_on_its_step(share):
    """share * steps is not the whole number that it stands for: 0.29 * 100 is below 29."""
    step = round(100 * share)
    now, next_ = after(step, 100, 100), after(step + 1, 100, 100)
    until = {"n": 1, "until": share}
    by_epochs = resolve("set", {"schedule": {"name": "every_epochs", "options": until}})
    by_steps = resolve("set", {"schedule": {"name": "every_steps", "options": until}})
    begins = resolve(
        "set", {"schedule": {"name": "every_steps", "options": {"n": 1, "begin": share}}}
    )
    doubles = {"n": 1, "doubles_at": (share,)}
    twice = resolve("set", {"schedule": {"name": "every_steps", "options": doubles}})
    assert due(by_epochs, "epoch", now) and not due(by_epochs, "epoch", next_)
    assert due(by_steps, "step", now) and not due(by_steps, "step", next_)
    assert due(begins, "step", now) and not due(begins, "step", after(step - 1, 100, 100))
    assert due(twice, "step", now) == (step % 2 == 0)


@pytest.mark.parametrize(("at", "step"), [(0.0, 1), (0.5, 20), (0.51, 20), (0.99, 39)])
def test_once(at, step):
    assert due_steps("once", at=at) == [step]
    assert due_epochs("once", at=at) == []


def test_after_every_epoch_or_never():
    assert due_epochs("every_epoch") == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert due_steps("every_epoch") == []
    assert due_epochs("never") == due_steps("never") == []
