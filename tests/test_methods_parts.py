"""Parts: what can be registered, options, recipes, and answers that are refused."""

from __future__ import annotations

import importlib.util
import pickle
import random
from typing import Annotated, Literal

import numpy as np
import pytest
from pydantic import Field, ValidationError

from suite.errors import UserError
from suite.methods import parts
from suite.methods.budgets import Budgeted
from suite.methods.layer import LayerView
from suite.methods.moment import Moment
from suite.methods.parts import find, loading, part
from suite.methods.recipe import contradictions, resolve
from suite.methods.update import due, initial_topology, update
from tests.plugins import load_plugin

pytestmark = pytest.mark.usefixtures("registered")

MOMENT = Moment(update=1, step=10, steps=100, epoch=1, epochs=10)


def layers(count=2):
    weights = np.arange(1, 7, dtype=np.float32)
    return [LayerView(i, (3, 4), np.arange(0, 12, 2), weights, 0 * weights) for i in range(count)]


def streams(purpose, layer):
    return np.random.default_rng(layer)


def updated(kind, function, **how):
    """Update two layers of 6 connections, of which one goes, by SET with one part replaced."""
    part(kind, "odd", **how)(function)
    recipe = resolve("set", {kind: {"name": "odd"}})
    return update(recipe, layers(), MOMENT, [6, 6], streams)


WRONG = [
    ("gate", lambda moment: 1, {}, "Gate 'odd' returned 1 instead of True"),
    ("gate", lambda moment: None, {}, "returned None"),
    ("gate", lambda moment: moment.history("val_los") != (), {}, 'did you mean "val_loss"'),
    ("rate", lambda moment: 1.5, {}, "Prune rate 'odd' returned 1.5, which is not between 0 and 1"),
    ("rate", lambda moment: -0.1, {}, "-0.1"),
    ("rate", lambda moment: float("nan"), {}, "nan, which is not between"),
    ("rate", lambda moment: "much", {}, "'much' instead of a number"),
    ("prune", lambda layer, zeta: np.ones(5, bool), {},
     "Prune rule 'odd' in layer 1 returned a mask of 5 for 6"),
    ("prune", lambda layer, zeta: layer.positions, {}, "int64 instead of a mask"),
    ("prune", lambda layers, zeta: [np.ones(6, bool)], {"scope": "network"}, "a list of 2 masks"),
    ("prune", lambda layers, zeta: [np.ones(6, bool), np.ones(4, bool)], {"scope": "network"},
     "for layer 2 a mask of 4 for 6"),
    ("budget", lambda moment, initial, kept: initial - kept, {}, "instead of Budgeted(counts)"),
    ("budget", lambda moment, initial, kept: Budgeted(kept - initial), {},
     "Budget 'odd' returned -1 for layer 1"),
    ("budget", lambda moment, initial, kept: Budgeted(kept[:1]), {}, "1 counts for 2 layers"),
    ("budget", lambda moment, initial, kept: Budgeted(kept / 2), {}, "float64 instead of integers"),
    ("budget", lambda moment, initial, kept: Budgeted(kept, np.nan), {}, "theta nan"),
    ("budget", lambda moment, initial, kept: Budgeted(kept, surplus=kept + 1), {},
     "a surplus of 6 for layer 1, which has 5"),
    ("budget", lambda moment, initial, layers: Budgeted(
        0 * initial, surplus=initial // 2, stays=[np.arange(6) < 2] * 2), {"needs": ("layers",)},
     "a surplus of 3 for layer 1, which has 2"),
    ("share", lambda layers, counts: counts + 1, {},
     "Share rule 'odd' returned 4 connections in all where 2"),
    ("share", lambda layers, counts: counts + np.array([9, -9]), {}, "-8 for layer 2"),
    ("regrow", lambda layer, count, rng: layer.positions[:count], {},
     "Regrowth strategy 'odd' in layer 1 returned position 2"),
    ("fill", lambda layer, positions, rng: np.zeros(positions.size + 1), {},
     "Fill 'odd' in layer 1 returned 2 weights for 1"),
    ("fill", lambda layer, positions, rng: np.full(positions.size, np.inf), {}, "not finite"),
    ("fill", lambda layer, positions, rng: ["a"], {}, "instead of numbers"),
    ("rate", lambda moment: 1 / 0, {}, "Prune rate 'odd' raised ZeroDivisionError"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "function", "how", "reason"), WRONG)
def test_a_wrong_answer_is_refused(kind, function, how, reason):
    with pytest.raises(UserError) as refusal:
        updated(kind, function, **how)
    assert reason in str(refusal.value)


def test_a_share_that_fits_no_layer_is_refused():
    def crowd(layers, counts):
        return np.array([counts.sum(), 0])

    part("share", "crowd")(crowd)
    part("budget", "much")(lambda moment, initial, kept: Budgeted(kept))
    recipe = resolve("set", {"share": {"name": "crowd"}, "budget": {"name": "much"}})
    with pytest.raises(UserError, match="10 for layer 1, where 7 positions are inactive"):
        update(recipe, layers(), MOMENT, [6, 6], streams)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ([[0, 2, 1]], "for layer 1 position 1 after 2; they are distinct and ascending"),
        ([[0, 1, 1]], "position 1 after 1"),
        ([[0, 12]], "position 12, outside 0 to 11"),
        ([[-1, 2]], "position -1, outside"),
        ([[0.5]], "float64 instead of integers"),
        ([], "instead of a list of 1 arrays"),
        (None, "None instead of a list"),
        ([3], "int instead of a one-dimensional array"),
    ],
)
def test_a_wrong_start_is_refused(answer, reason):
    part("initial", "odd")(lambda shapes, rngs, probe: answer)
    recipe = resolve("set", {"initial": {"name": "odd"}})
    with pytest.raises(UserError) as refusal:
        initial_topology(recipe, [(3, 4)], [np.random.default_rng(0)])
    assert "Initial topology 'odd' returned" in str(refusal.value)
    assert reason in str(refusal.value)


def test_a_start_without_connections_and_one_that_is_dense():
    part("initial", "odd")(lambda shapes, rngs, probe: [[], None])
    recipe = resolve("set", {"initial": {"name": "odd"}})
    empty, dense = initial_topology(recipe, [(3, 4), (2, 2)], [np.random.default_rng(0)] * 2)
    assert (empty.size, empty.dtype, dense) == (0, np.int64, None)


def test_the_probe_is_for_those_that_need_it():
    seen = []
    part("initial", "curious", needs=("probe",))(
        lambda shapes, rngs, probe: seen.append(probe) or [None]
    )
    part("initial", "plain")(lambda shapes, rngs, probe: seen.append(probe) or [None])
    for name in ("curious", "plain"):
        recipe = resolve("set", {"initial": {"name": name}})
        initial_topology(recipe, [(3, 4)], [np.random.default_rng(0)], probe=len)
    assert seen == [len, None]


def test_a_schedule_that_says_neither_is_refused():
    part("schedule", "odd", at="step")(lambda moment: moment.step % 2)
    recipe = resolve("set", {"schedule": {"name": "odd"}})
    assert not due(recipe, "epoch", MOMENT)
    with pytest.raises(UserError, match="Schedule 'odd' returned 0 instead of True or False"):
        due(recipe, "step", MOMENT)


def test_a_rule_for_the_network_sees_all_layers():
    def smallest_anywhere(layers, zeta):
        return [layer.weights > (3 if layer.index else 1) for layer in layers]

    after = updated("prune", smallest_anywhere, scope="network")
    assert after.pruned == [1, 3]
    assert after.regrown == [1, 3]


def test_a_share_rule_sees_the_layers_before_pruning():
    seen = []

    def curious(layers, counts):
        seen.extend((layer.before.positions.size, layer.dropped().tolist()) for layer in layers)
        return counts[::-1]

    updated("share", curious)
    assert seen == [(6, [0]), (6, [0])]


def draws_from_numpy(layer, count, rng):
    return np.setdiff1d(np.arange(12), layer.positions)[: count + 0 * np.random.randint(9)]  # noqa: NPY002


def draws_from_python(layer, count, rng):
    return np.setdiff1d(np.arange(12), layer.positions)[: count + 0 * random.randrange(9)]


@pytest.mark.parametrize(
    ("slip", "whose"), [(draws_from_numpy, "numpy"), (draws_from_python, "Python")]
)
def test_draws_from_a_generator_without_seed_are_refused(slip, whose):
    with pytest.raises(UserError) as refusal:
        updated("regrow", slip)
    assert f"in layer 1 draws from {whose}'s global random generator" in str(refusal.value)


def test_what_a_part_prints_says_which_part_printed_it(capsys):
    def noisy(layer, zeta):
        print("dropping", layer.index)
        return np.ones(layer.positions.size, dtype=bool)

    updated("prune", noisy)
    assert "Prune rule 'odd' in layer 1 printed: dropping 0\n" in capsys.readouterr().out


@pytest.fixture
def with_options():
    @part("rate", "optional", source="here")
    def optional(
        moment,
        *,
        share: Annotated[float, Field(gt=0, lt=1)] = 0.5,
        number: int = 3,
        which: Literal["one", "two"] = "one",
        anything=None,
    ):
        """First line.

        Args:
            share: A share, which is
                described at length.
            number: A number.

        Returns:
            which: Not an option's description.
        """
        return share

    return parts.registered("rate")["optional"]


def test_options_are_read_off_the_function(with_options):
    found = with_options.options
    assert list(found) == ["share", "number", "which", "anything"]
    assert found["share"].description == "A share, which is described at length."
    assert found["which"].description == ""
    assert with_options.summary == "First line."
    assert with_options.check({"share": 0.25}) == {
        "share": 0.25, "number": 3, "which": "one", "anything": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "where"),
    [({"share": 1.5}, "share"), ({"number": 1.5}, "number"), ({"which": "three"}, "which"),
     ({"shar": 0.5}, "shar"), ({"share": "0.5"}, "share"), ({"share": float("nan")}, "share")],
)  # fmt: skip
def test_an_option_that_does_not_fit_is_named(with_options, options, where):
    with pytest.raises(ValidationError) as refusal:
        with_options.check(options)
    assert refusal.value.errors()[0]["loc"] == (where,)


def test_an_option_without_default_must_be_given():
    part("gate", "strict")(_gate)
    with pytest.raises(ValidationError, match="limit"):
        resolve("set", {"gate": {"name": "strict"}})
    given = resolve("set", {"gate": {"name": "strict", "options": {"limit": 2}}})
    assert given.gate.changed == {"limit": 2}


def _gate(moment, *, limit: int):
    return True


def test_a_recipe_is_known_by_its_values():
    one = resolve("set", {"rate": {"options": {"zeta": 0.2}}})
    same = resolve(
        "static", {"schedule": {"name": "every_epoch"}, "rate": {"options": {"zeta": 0.2}}}
    )
    assert one == same
    assert hash(one) == hash(same)
    assert one != resolve("set")
    assert pickle.loads(pickle.dumps(one)) == one


def test_options_of_the_method_stay_where_its_own_part_is_named():
    assert resolve("rigl", {"rate": {"name": "cosine", "options": {"zeta": 0.2}}}).rate.options == {
        "zeta": 0.2, "end": 0.0, "until": 0.75,
    }  # fmt: skip
    assert resolve("rigl", {"rate": {"name": "linear"}}).rate.options["until"] == 1.0


def test_what_a_recipe_says_of_itself():
    dynset, static, dense, rigl = map(resolve, ("dynset", "static", "dense", "rigl"))
    assert (dynset.signals, rigl.signals) == (["loss"], [])
    assert (dynset.evolves, static.evolves, dense.sparse, static.sparse) == (
        True,
        False,
        False,
        True,
    )
    assert rigl.needs == {"gradient"}
    assert rigl.schedule.part.at == "step"


def test_parts_that_do_not_fit_together():
    ((kind, sentence),) = contradictions(resolve("rigl", {"schedule": {"name": "never"}}))
    assert kind == "regrow"
    assert '"gradient"' in sentence
    assert '"never"' in sentence
    ((kind, _),) = contradictions(resolve("set", {"initial": {"name": "dense"}}))
    assert kind == "budget"


def test_a_shut_gate_updates_nothing():
    rising = {"loss": [1.0, 2.0, 3.0, 4.0, 5.0]}
    moment = Moment(update=5, step=50, steps=100, epoch=5, epochs=10, signals=rising)
    assert update(resolve("dynset"), layers(), moment, [6, 6], streams) is None
    assert update(resolve("lset"), layers(), moment, [6, 6], streams) is not None


def test_all_that_lacks_returns_before_the_first_epoch_is_evaluated():
    after = update(resolve("lset"), layers(), MOMENT, [6, 6], streams)
    assert after.theta == 1.0


@pytest.mark.parametrize(
    ("register", "reason"),
    [
        (lambda: part("hue"), "@part(KIND)"),
        (lambda: part(_gate), "@part(KIND)"),
        (lambda: part("gate", _gate), "parentheses"),
        (lambda: part("gate", "a")(lambda: True), "must take (moment)"),
        (lambda: part("gate", "a", at="never")(_gate), "at='never'"),
        (lambda: part("gate", "a", scope="city")(_gate), "scope='city'"),
        (lambda: part("gate", "open")(_gate), "has the name of the built-in gate"),
    ],
)
def test_what_cannot_be_registered(register, reason):
    with pytest.raises(UserError) as refusal:
        register()
    assert reason in str(refusal.value)


OLD = '''
import numpy as np
from suite.evolution import regrowth
from suite.evolution.layer import LayerView
from suite.evolution.positions import draw_outside
from suite.evolution.regrow import regrowth as the_same

assert the_same is regrowth and LayerView

@regrowth("old", source="somewhere", needs=("gradient",))
def old(layer, count, rng, *, learning_rate, neighbourhood="block", k: "no such type" = 0.0):
    """Return something."""
    return draw_outside(layer.positions, layer.size, count, rng)
'''


def test_a_plugin_of_version_0_1_0_loads_unchanged(tmp_path):
    (tmp_path / "old.py").write_text(OLD)
    assert load_plugin(tmp_path / "old.py") == ["old"]
    found = parts.registered("regrow")["old"]
    assert found.by_setting
    assert list(found.options) == ["learning_rate", "neighbourhood", "k"]
    options = {"learning_rate": 0.01}
    recipe = resolve("set", {"regrow": {"name": "old", "options": options}})
    assert update(recipe, layers(), MOMENT, [6, 6], streams).regrown == [1, 1]
    assert recipe.fingerprints == {"regrow": found.origin.fingerprint}


def loaded(tmp_path, code, name="own"):
    path = tmp_path / f"{name}.py"
    path.write_text(f"import numpy as np\nimport torch\nfrom suite import Budgeted, part\n{code}")
    load_plugin(path)
    return path


def test_the_fingerprint_of_a_decorated_part_is_that_of_its_own_file(tmp_path):
    prints = []
    for answer in ("0.1", "0.5"):
        path = tmp_path / "lab.py"
        path.write_text(
            "from __future__ import annotations\nfrom typing import Annotated\nimport torch\n"
            "from pydantic import Field\nfrom suite import part\n\n@part('rate')\n"
            "@torch.no_grad()\n"
            "def lab(moment, *, heat: Annotated[float, Field(gt=0)] = 1.0):\n"
            f"    return {answer}\n"
        )
        spec = importlib.util.spec_from_file_location("lab", path)
        with loading(None):
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
        prints.append(find("rate", "lab").origin.fingerprint)
        del parts._parts["rate", "lab"]
    assert prints[0] != prints[1]


def test_a_prune_rule_may_use_its_memory_again(tmp_path):
    loaded(
        tmp_path,
        """
BUFFER = np.empty(100, bool)
@part("prune")
def buffered(layer, zeta):
    keep = BUFFER[: layer.positions.size]
    keep[:] = np.arange(keep.size) != layer.index
    return keep
""",
    )
    recipe = resolve("set", {"prune": {"name": "buffered"}, "budget": {"name": "nothing"}})
    after = update(recipe, layers(), MOMENT, [6, 6], streams)
    assert [layer.positions.tolist() for layer in after.layers] == [
        [2, 4, 6, 8, 10],
        [0, 4, 6, 8, 10],
    ]


@pytest.mark.parametrize(
    ("kind", "code", "said"),
    [
        (
            "share",
            "def halved(layers, counts):\n    counts //= 2\n    return counts",
            "to be shared",
        ),
        ("gate", "def own(moment):\n    raise SystemExit('x')", "raised SystemExit: x"),
        ("rate", "def own(moment):\n    return float(torch.rand(()))", "draws from torch's global"),
        (
            "budget",
            "def own(moment, initial, kept):\n    return Budgeted(kept * 0, 'half')",
            "the theta 'half' instead of a number",
        ),
        (
            "fill",
            "def own(layer, positions, rng):\n    return np.full(positions.size, 1e300)",
            "a weight that is not finite in float32",
        ),
    ],
)
def test_what_a_part_does_wrongly_is_one_sentence(tmp_path, kind, code, said):
    loaded(tmp_path, f"@part('{kind}')\n{code}\n")
    name = code.split("(")[0].removeprefix("def ")
    recipe = resolve("set", {kind: {"name": name}, "prune": {"name": "magnitude"}})
    with pytest.raises(UserError, match=said) as raised:
        update(recipe, layers(), MOMENT, [6, 6], streams)
    assert len(str(raised.value).splitlines()) == 1


def test_true_is_not_one_in_a_key(tmp_path):
    loaded(
        tmp_path,
        "@part('rate')\ndef own(moment, *, clip: bool | float = 1.0):\n    return 0.1\n",
    )
    made = [resolve("set", {"rate": {"name": "own", "options": of}}) for of in ({}, {"clip": True})]
    assert [recipe.rate.changed for recipe in made] == [{}, {"clip": True}]


def test_two_parts_of_one_name_in_a_file_are_a_mistake(tmp_path):
    once = "@part('rate')\ndef own(moment):\n    return {}\n\n"
    with pytest.raises(UserError, match=r"Prune rate 'own' of .* is defined twice"):
        loaded(tmp_path, once.format(0.1) + once.format(0.5))
    assert find("rate", "own") is None
    loaded(tmp_path, once.format(0.1))
    loaded(tmp_path, once.format(0.5))  # edited
    assert find("rate", "own").function(None) == 0.5
