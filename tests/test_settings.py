"""Settings, and the keys of runs: what enters them and what does not."""

from __future__ import annotations

import pickle

import pytest
from pydantic import ValidationError

from suite.errors import UserError
from suite.methods.parts import forget
from suite.settings import Settings, too_dense
from suite.study.runs import Run
from tests.plugins import load_plugin


def key(seed=2022, fingerprint="data", **settings):
    return Run("label", Settings(**settings), seed, fingerprint).key


def test_the_defaults_are_the_papers():
    assert Settings().model_dump() == {
        "method": "set",
        "metric": None,
        "dataset": "cifar10",
        "validation": "test",
        "standardise": "pixel",
        "train_samples": None,
        "hidden": (4000, 1000, 4000),
        "activation": "leaky_relu",
        "negative_slope": 0.3,
        "dropout": 0.3,
        "augment": True,
        "epsilon": 20.0,
        "epochs": 1000,
        "batch_size": 100,
        "learning_rate": 0.01,
        "momentum": 0.9,
        "reset_momentum": True,
        "prune": "set",
        "zeta": 0.3,
        "regrow": "random",
        "neighbourhood": "block",
        "regrown_weights": "zeros",
        "rule": "full",
        "gate": "open",
        "k": 0.0,
        "window": 3,
        "overshoot": False,
        "optimizer": "sgd",
        "nesterov": False,
        "weight_decay": 0.0,
        "initial": "erdos_renyi",
        "schedule": "every_epoch",
        "rate": "constant",
        "budget": "all",
        "share": "own",
        "fill": "zeros",
        "part_options": {},
        "noise": None,
        "initial_weights": {
            **{"scale": 1.0, "fan": "mean", "counts": "positions", "distribution": "uniform"}
        },
    }


@pytest.mark.parametrize(
    ("method", "rule", "gate", "metric"),
    [
        ("set", "full", "open", None),
        ("accset", "performance", "open", "val_accuracy"),
        ("lset", "performance", "open", "loss"),
        ("dynset", "performance", "pauses", "loss"),
        ("static", "full", "open", None),
        ("dense", "full", "open", None),
    ],
)
def test_a_method_fills_in_its_composition(method, rule, gate, metric):
    settings = Settings(method=method)
    assert (settings.rule, settings.gate, settings.metric) == (rule, gate, metric)


def test_a_composition_of_ones_own():
    settings = Settings(method="set", gate="pauses", metric="val_loss")
    assert (settings.rule, settings.gate, settings.metric) == ("full", "pauses", "val_loss")
    assert Settings(method="accset", rule="full").metric is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "sett"},
        {"regrow": "nowhere"},
        {"prune": "everything"},
        {"epochs": True},
        {"epochs": 10.0},
        {"dropout": False},
        {"zeta": float("nan")},
        {"augment": 1},
        {"hidden": ()},
        {"unknown": 1},
        {"method": "static", "rule": "performance", "metric": "loss"},
    ],
    ids=str,
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ValidationError):
        Settings(**wrong)


def test_settings_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        Settings().epochs = 3


@pytest.mark.parametrize(("n_in", "n_out"), [(64, 10), (3072, 4000), (7, 3)])
def test_the_largest_epsilon_that_is_named_fits(n_in, n_out):
    sentence = too_dense(1e6, n_in, n_out)
    named = float(sentence.rpartition(" ")[2].rstrip("."))
    assert too_dense(named, n_in, n_out) == ""
    assert too_dense(named + 0.01, n_in, n_out) != ""
    assert f"{n_in}-{n_out}" in sentence


# ---------------------------------------------------------------- keys


GOLDEN = {
    "set": {},
    "accset": {"method": "accset"},
    "dynset": {"method": "dynset", "metric": "val_loss"},
    "dense": {"method": "dense", "hidden": (30, 20)},
    "one_neighbour": {"regrow": "one_neighbour", "dataset": "digits", "hidden": (100,)},
}
KEYS = {
    "set": "0aa52c496d24dde7",
    "accset": "669cfe4ac8737192",
    "dynset": "d4df420e3fe9dfd1",
    "dense": "c195b5d45da2f719",
    "one_neighbour": "996501c55e37560b",
}


@pytest.mark.parametrize("name", GOLDEN)
def test_keys_are_what_they_were(name):
    """A change here makes every stored run unknown: raise MEANING if that is meant."""
    assert key(**GOLDEN[name]) == KEYS[name]


PLUGIN = """
from suite.methods import regrowth

@regrowth("lowest_of_test_settings")
def lowest(layer, count, rng, *, window=3, k=0.0):
    "Return the lowest inactive positions."
"""


@pytest.fixture
def plugin(tmp_path):
    path = tmp_path / "lowest.py"
    path.write_text(PLUGIN)
    load_plugin(path)
    yield path
    forget(str(path))


RELEVANT = {
    "method": ({}, "static"),
    "metric": ({"method": "dynset"}, "val_loss"),
    "validation": ({}, 0.1),
    "train_samples": ({}, 1000),
    "hidden": ({}, (4000, 4000, 1000)),
    "activation": ({}, "relu"),
    "negative_slope": ({}, 0.2),
    "dropout": ({}, 0.2),
    "augment": ({}, False),
    "epsilon": ({}, 19),
    "epochs": ({}, 999),
    "batch_size": ({}, 50),
    "learning_rate": ({}, 0.02),
    "momentum": ({}, 0.8),
    "reset_momentum": ({}, False),
    "prune": ({}, "magnitude"),
    "zeta": ({}, 0.2),
    "regrow": ({}, "one_neighbour"),
    "neighbourhood": ({"regrow": "most_neighbours"}, "diagonal"),
    "regrown_weights": ({}, "normal"),
    "rule": ({"gate": "pauses", "metric": "loss"}, "performance"),
    "gate": ({"method": "lset"}, "pauses"),
    "k": ({"method": "accset"}, 0.5),
    "window": ({"method": "dynset"}, 5),
    "overshoot": ({"method": "lset"}, True),
    "optimizer": ({}, "adam"),
    "nesterov": ({}, True),
    "weight_decay": ({}, 1e-4),
    "initial": ({}, {"uniform": {"density": 0.02}}),
    "schedule": ({}, {"every_steps": {"n": 100}}),
    "rate": ({}, "cosine"),
    "budget": ({}, "nothing"),
    "share": ({}, "momentum"),
    "fill": ({}, {"normal": {"sd": 0.2}}),
    "noise": ({"method": "dense"}, {"kind": "variational"}),
    "initial_weights": ({}, {"scale": 2.0}),
    "standardise": ({}, "channel"),
}


def test_every_setting_is_accounted_for():
    # The data set enters a key by its content.
    # Options of parts stand with their parts.
    assert set(RELEVANT) == set(Settings.model_fields) - {"dataset", "part_options"}


@pytest.mark.parametrize("field", RELEVANT)
def test_every_setting_that_matters_changes_the_key(field):
    base, value = RELEVANT[field]
    assert key(**base) != key(**base | {field: value})


@pytest.mark.parametrize(
    ("base", "change"),
    [
        ({}, {"k": 0.5}),
        ({}, {"overshoot": True}),
        ({}, {"window": 5}),
        ({}, {"neighbourhood": "diagonal"}),
        ({}, {"epsilon": 20}),
        ({}, {"rule": "full", "gate": "open"}),
        ({"method": "lset"}, {"window": 5}),
        ({"method": "accset"}, {"metric": "val_accuracy"}),
        ({"method": "accset"}, {"overshoot": True}),
        ({"gate": "pauses", "metric": "loss"}, {"k": 0.5, "overshoot": True}),
        ({"activation": "relu"}, {"negative_slope": 0.1}),
        ({"activation": "srelu"}, {"negative_slope": 0.1}),
        ({"momentum": 0.0}, {"reset_momentum": False}),
        ({"optimizer": "adam"}, {"momentum": 0.5}),
        ({"optimizer": "adamw"}, {"momentum": 0.5}),
        ({"method": "dense"}, {"epsilon": 1e9}),
        *(
            ({"method": method}, change)
            for method in ("static", "dense")
            for change in (
                {"zeta": 0.1},
                {"prune": "magnitude"},
                {"regrow": "one_neighbour"},
                {"neighbourhood": "diagonal"},
                {"regrown_weights": "normal"},
                {"k": 0.5, "window": 9, "overshoot": True},
            )
        ),
        ({"method": "accset", "rule": "full"}, {"method": "set"}),
        ({"method": "dynset", "gate": "open"}, {"method": "lset"}),
    ],
    ids=str,
)
def test_what_cannot_matter_leaves_the_key(base, change):
    assert key(**base) == key(**base | change)


def test_the_order_of_settings_leaves_the_key():
    given = {"zeta": 0.2, "epochs": 5, "hidden": (10, 20)}
    assert key(**given, epsilon=1) == key(epsilon=1, **dict(reversed(given.items())))


def test_the_dataset_enters_by_its_content_alone():
    assert key(dataset="digits", hidden=(100,)) == key(dataset="mnist", hidden=(100,))
    assert key(fingerprint="data") != key(fingerprint="other data")


def test_the_cell_s_name_leaves_the_key():
    one, other = (Run(label, Settings(), 1, "data") for label in ("set", "anything"))
    assert one.key == other.key


def test_the_seed_enters():
    assert len({key(seed=seed) for seed in range(50)}) == 50


def test_a_key_is_sixteen_hexadecimal_digits():
    assert len(key()) == 16
    assert set(key()) <= set("0123456789abcdef")


def test_the_code_of_a_plugin_enters(plugin):
    settings = Settings(regrow="lowest_of_test_settings")
    before = Run("", settings, 1, "data").key
    plugin.write_text(PLUGIN + "    return None\n")
    assert Run("", settings, 1, "data").key == before  # what is loaded counts, not the file
    load_plugin(plugin)
    after = Run("", settings, 1, "data").key
    assert after != before
    plugin.write_text(PLUGIN)
    load_plugin(plugin)
    assert Run("", settings, 1, "data").key == before


def test_a_plugin_that_never_evolves_anything_leaves_the_key(plugin):
    assert key(method="static") == key(method="static", regrow="lowest_of_test_settings")


def test_settings_that_a_plugin_reads_enter(plugin):
    base = {"method": "set", "regrow": "lowest_of_test_settings"}
    assert key(**base) != key(**base, window=5)
    assert key(**base) != key(**base, k=0.5)
    assert key(**base) == key(**base, overshoot=True)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("*, zetta", 'needs the option "zetta", .*; did you mean "zeta"?'),
        ("*, zeta, method", 'needs the option "method"'),
    ],
)
def test_a_strategy_that_needs_what_is_no_setting_is_refused(options, says, tmp_path):
    path = tmp_path / "needy.py"
    path.write_text(PLUGIN.replace("*, window=3, k=0.0", options).replace("lowest_of", "needy_of"))
    load_plugin(path)
    try:
        with pytest.raises(ValidationError, match=f'strategy "needy_of_test_settings" {says}'):
            Settings(regrow="needy_of_test_settings")
    finally:
        forget(str(path))


def test_an_unknown_strategy_has_no_key():
    settings = Settings().model_copy(update={"regrow": "gone"})
    with pytest.raises(UserError, match="gone"):
        _ = Run("", settings, 1, "data").key


# ---------------------------------------------------------------- recipes


@pytest.mark.parametrize(
    ("flat", "nested"),
    [
        ({"zeta": 0.2}, {"rate": {"constant": {"zeta": 0.2}}}),
        ({"epsilon": 8.0}, {"initial": {"erdos_renyi": {"epsilon": 8.0}}}),
        (
            {"regrow": "most_neighbours", "neighbourhood": "diagonal"},
            {"regrow": {"most_neighbours": {"neighbourhood": "diagonal"}}},
        ),
        ({"prune": "magnitude"}, {"prune": {"magnitude": {}}}),
        ({"prune": "magnitude"}, {"prune": {"magnitude": {"zeros": "go"}}}),
        ({"regrown_weights": "normal"}, {"fill": "normal"}),
        (
            {"rule": "performance", "metric": "loss"},
            {"budget": {"performance": {"metric": "loss"}}},
        ),
        (
            {"gate": "pauses", "metric": "loss", "window": 5},
            {"gate": {"pauses": {"metric": "loss", "window": 5}}},
        ),
        ({"method": "static"}, {"schedule": "never"}),
        ({"method": "dense"}, {"schedule": "never", "initial": "dense"}),
    ],
    ids=str,
)
def test_two_spellings_of_one_recipe_are_one_run(flat, nested):
    assert Settings(**flat).recipe == Settings(**nested).recipe
    assert key(**flat) == key(**nested)


@pytest.mark.parametrize(
    "changed",
    [
        {"prune": {"magnitude": {"zeros": "count"}}},
        {"rate": {"cosine": {"end": 0.1}}},
        {"schedule": {"every_steps": {"n": 50}}},
        {"method": "rigl"},
        {"method": "rigl", "zeta": 0.2},
        {"learning_rate": {"curve": "cosine", "start": 0.1}},
    ],
    ids=str,
)
def test_every_option_that_matters_changes_the_key(changed):
    shorter = {name: value for name, value in changed.items() if name == "method"}
    assert key(**changed) != key()
    assert changed == shorter or key(**changed) != key(**shorter)


def test_a_method_brings_its_own_values():
    rigl = Settings(method="rigl").recipe
    assert (rigl.rate.name, rigl.rate.options["zeta"], rigl.regrow.name) == (
        "cosine",
        0.3,
        "gradient",
    )
    itop = Settings(method="set_itop")
    assert itop.recipe.rate.options["zeta"] == itop.zeta == 0.5
    assert Settings(method="set_itop", zeta=0.4).recipe.rate.options["zeta"] == 0.4


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"rate": "cosin"}, ["cosin", 'did you mean "cosine"']),
        ({"rate": {"cosine": {"zetta": 0.2}}}, ["zetta", "cosine", 'did you mean "zeta"']),
        ({"rate": {"cosine": {"end": 2.0}}}, ["end", "2.0", "less than 1"]),
        ({"schedule": {"every_steps": {"n": 0}}}, ["option n", "greater than or equal to 1"]),
        ({"regrow": "gradient", "schedule": "never"}, ["gradient", "never"]),
        ({"rate": {"cosine": {"zeta": 0.2}}, "zeta": 0.3}, ["zeta", "keep one"]),
        ({"rule": "full", "budget": "nothing"}, ["rule", "keep one"]),
        ({"nesterov": True, "optimizer": "adam"}, ["Nesterov", "sgd"]),
        ({"budget": "performance"}, ["metric"]),
    ],
    ids=str,
)
def test_what_does_not_fit_a_recipe_is_named(wrong, words):
    with pytest.raises(ValidationError) as error:
        Settings(**wrong)
    for word in words:
        assert word in str(error.value)


def test_a_learning_rate_follows_its_curve():
    rate = Settings(learning_rate={"curve": "step", "start": 0.1, "at": [0.5], "warmup": 0.1})
    values = [rate.learning_rate.value(share) for share in (0.0, 0.05, 0.1, 0.49, 0.5, 0.99)]
    assert values == pytest.approx([0, 0.05, 0.1, 0.1, 0.01, 0.01])
    assert str(rate.learning_rate) == "0.1, times 0.1 at 0.5, warm-up 0.1"


def test_equal_settings_are_one_key_of_a_mapping():
    assert len({Settings(), Settings(zeta=0.3), Settings(method="rigl")}) == 2


def test_a_contradiction_reaches_another_process():
    with pytest.raises(ValidationError) as error:
        Settings(method="set", epsilon=1e6)
    wrong = error.value.errors()[0]["ctx"]["error"]
    assert pickle.loads(pickle.dumps(wrong)).found == wrong.found
