"""Every code block of docs/methods.md runs, and its tables name what there is."""

from __future__ import annotations

import re

import numpy as np
import pytest
import yaml

from suite.methods import parts
from suite.methods.layer import LayerView
from suite.methods.library import available
from suite.methods.moment import Moment
from suite.methods.presets import METHODS
from suite.methods.recipe import resolve
from suite.methods.update import due, initial_topology, update
from suite.settings import Settings
from tests.documents import ROOT, blocks
from tests.plugins import load_plugin

pytestmark = pytest.mark.usefixtures("registered")

DOCUMENT = "docs/methods.md"
TEXT = (ROOT / DOCUMENT).read_text()


@pytest.fixture
def shown(tmp_path):
    """Load all parts that the page shows, and return a recipe with one of them."""
    for number, code in enumerate(blocks(DOCUMENT, "python")):
        path = tmp_path / f"shown_{number}.py"
        path.write_text(code)
        load_plugin(path)

    def recipe(kind, name, **options):
        return resolve("set", {kind: {"name": name, "options": options}})

    return recipe


def moment(step):
    return Moment(update=step, step=step, steps=1000, epoch=1, epochs=10)


def after(recipe):
    rng = np.random.default_rng(0)
    layers = []
    for index in range(2):
        weights = rng.standard_normal(60).astype(np.float32)
        positions = np.sort(rng.choice(200, 60, replace=False))
        layers.append(LayerView(index, (10, 20), positions, weights, weights))
    return layers, update(recipe, layers, moment(100), [60, 60], lambda *_: rng)


def test_there_is_an_example_of_each_promised_kind():
    found = [re.search(r'@part\("(\w+)"', code)[1] for code in blocks(DOCUMENT, "python")]
    assert found == ["prune", "schedule", "share", "initial", "regrow"]


def test_the_prune_rule(shown):
    before, updated = after(shown("prune", "relative"))
    assert updated.pruned == [18, 18]
    layer, new = before[0], updated.layers[0]
    gone = np.setdiff1d(np.arange(60), new.source)
    sums = np.bincount(layer.positions // 20, np.abs(layer.weights), minlength=10)
    ratio = np.abs(layer.weights) / sums[layer.positions // 20]
    assert ratio[gone].max() < np.delete(ratio, gone).min()


def test_the_schedule(shown):
    recipe = shown("schedule", "doubling", first=50)
    assert [s for s in range(1, 1001) if due(recipe, "step", moment(s))] == [50, 100, 200, 400, 800]


def test_the_share_rule(shown):
    assert after(shown("share", "swap"))[1].regrown == after(shown("share", "own"))[1].regrown[::-1]


def test_the_initial_topology(shown):
    rngs = [np.random.default_rng(0)] * 2
    first, second = initial_topology(shown("initial", "diagonal"), [(4, 8), (3, 3)], rngs)
    assert first.tolist() == [0, 1, 2, 10, 11, 12, 20, 21, 22, 24, 30, 31]
    assert second.size == 9


def test_the_regrowth_strategy(shown):
    before, updated = after(shown("regrow", "quiet_rows"))
    new = updated.layers[0]
    kept = before[0].positions[new.source[new.source >= 0]]
    degree = np.bincount(kept // 20, minlength=10)
    grown = new.positions[new.source < 0] // 20
    assert set(grown) <= set(np.argsort(degree, kind="stable")[:2]) | set(
        np.flatnonzero(degree <= np.sort(degree)[1])
    )


def test_the_cells_are_recipes():
    for text in blocks(DOCUMENT, "yaml"):
        for cell in yaml.safe_load(text):
            assert Settings(**cell).recipe


def test_the_tables_name_what_there_is():
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (`.*`) \|$", TEXT, re.MULTILINE)[:9])
    assert {kind: re.findall(r"`(\w+)`", listed) for kind, listed in rows.items()} == {
        kind: [part.name for part in available(kind) if part.origin.kind == "built-in"]
        for kind in parts.KINDS
    }
    section = TEXT.partition("## Methods by name")[2].partition("`suite methods`")[0]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(METHODS)


def test_the_table_of_methods_names_the_parts_that_differ():
    section = TEXT.partition("## Methods by name")[2].partition("`suite methods`")[0]
    own = resolve("set")
    for name, text in re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.MULTILINE):
        if name == "dynset":
            continue  # it is told from lset
        differ = {
            (answer.kind, answer.name)
            for answer in resolve(name).answers
            if answer.name != own.answer(answer.kind).name
        }
        assert set(re.findall(r"(\w+) `(\w+)`", text)) == differ, name


def test_the_table_of_authors_settings_is_complete():
    section = TEXT.partition("| its authors' settings |")[2].partition("### ")[0]
    shown = {}
    for names, said in re.findall(r"^\| (`.*?`) \| (.*) \|$", section, re.MULTILINE):
        given = yaml.safe_load("\n".join(re.findall(r"`(\w+: .*?)`", said)))
        shown |= dict.fromkeys(re.findall(r"`(\w+)`", names), given)
    assert shown == {
        name: {setting: value for setting, (value, _) in method.training.items()}
        for name, method in METHODS.items()
        if method.training
    }
