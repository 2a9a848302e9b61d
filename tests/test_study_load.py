"""From a study file to a study: defaults, grids, cells that are one, seeds, plug-ins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from suite.errors import UserError
from suite.methods.parts import forget
from suite.methods.recipe import resolve
from suite.settings import Settings
from suite.study import Study, load_study
from suite.study.cells import source_name
from suite.study.chains import with_earlier
from suite.study.schema import study_schema

SHIPPED = sorted((Path(__file__).parents[1] / "studies").glob("*.yaml"))
DATA = {"cifar10": "fingerprint of cifar10", "digits": "fingerprint of digits"}


@pytest.fixture
def load(tmp_path):
    def load(text, name="study.yaml", **options):
        path = tmp_path / name
        path.write_text(text)
        return load_study(path, **options)

    return load


def labels(study):
    return [cell.label for cell in study.cells]


def keys(study):
    return [run.key for run in study.runs(DATA)]


def test_the_smallest_study_is_the_papers_set(load):
    study = load("name: x\ncells: [{method: set}]\n")
    (cell,) = study.cells
    assert cell.settings == Settings()
    assert cell.settings.recipe == resolve("set")
    assert study.seeds == list(range(2022, 2032))
    assert study.title == study.name == "x"
    assert study.path.is_absolute()


def test_an_empty_cell_is_set_too(load):
    assert labels(load("name: x\ncells: [{}]\n")) == ["set"]


def test_a_cell_overrides_a_default(load):
    study = load("name: x\ndefaults: {zeta: 0.2, k: 0.5}\ncells: [{zeta: 0.1}, {method: lset}]\n")
    assert [(c.settings.zeta, c.settings.k) for c in study.cells] == [(0.1, 0.5), (0.2, 0.5)]


def test_a_grid_is_multiplied_out(load):
    study = load(
        "name: x\ncells:\n"
        "  - {epochs: 3, grid: {zeta: [0.1, 0.2], regrow: [random, one_neighbour]}}\n"
    )
    assert labels(study) == [
        "set[epochs=3, zeta=0.1, regrow=random]",
        "set[epochs=3, zeta=0.1, regrow=one_neighbour]",
        "set[epochs=3, zeta=0.2, regrow=random]",
        "set[epochs=3, zeta=0.2, regrow=one_neighbour]",
    ]


def test_a_grid_of_lists(load):
    study = load("name: x\ncells: [{grid: {hidden: [[100, 50], [200]]}}]\n")
    assert [cell.settings.hidden for cell in study.cells] == [(100, 50), (200,)]


def test_a_grid_over_methods_takes_the_metric_where_it_fits(load):
    study = load(
        "name: x\ndefaults: {metric: val_accuracy}\n"
        "cells: [{grid: {method: [set, accset, dynset, static, lset]}}]\n"
    )
    assert [cell.settings.metric for cell in study.cells] == [
        None,
        "val_accuracy",
        "val_accuracy",
        None,
        "loss",
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("{method: set}", "{}"),
        ("{method: set}", "{method: set, regrow: random, zeta: 0.3}"),
        ("{method: set}", "{method: set, k: 0.5, window: 9}"),
        ("{method: accset}", "{method: accset, metric: val_accuracy}"),
        ("{method: dynset}", "{method: dynset, metric: loss}"),
        ("{method: static}", "{method: static, zeta: 0.1}"),
        ("{method: lset}", "{method: dynset, gate: open}"),
        ("{epsilon: 8}", "{epsilon: 8.0}"),
        ("{method: set}", "{method: set, dataset: cifar10}"),
    ],
)
def test_cells_that_are_the_same_setting_are_one(load, one, other):
    assert len(load(f"name: x\ncells: [{one}, {other}]\n").cells) == 1
    assert labels(load(f"name: x\ncells: [{one}, {other}]\n")) == labels(
        load(f"name: x\ncells: [{one}]\n")
    )


def test_cells_on_other_data_are_others(load):
    study = load(
        "name: x\ndefaults: {hidden: [100]}\ncells: [{grid: {dataset: [digits, mnist]}}]\n"
    )
    assert len(study.cells) == 2
    assert [source_name(source) for source in study.sources()] == ["digits", "mnist"]


def test_runs_are_enumerated_seeds_outermost(load):
    study = load("name: x\nseeds: {root: 7, count: 2}\ncells: [{method: set}, {method: lset}]\n")
    assert [(run.seed, run.cell) for run in study.runs(DATA)] == [
        (7, "set"),
        (7, "lset"),
        (8, "set"),
        (8, "lset"),
    ]
    assert len(set(keys(study))) == 4


def test_raising_the_count_appends_seeds(load):
    text = "name: x\nseeds: {{count: {}}}\ncells: [{{method: set}}, {{method: lset}}]\n"
    few, more = load(text.format(3)), load(text.format(5))
    assert keys(more)[:6] == keys(few)
    assert more.seeds == [*few.seeds, 2025, 2026]


def test_adding_a_cell_leaves_the_others_keys(load):
    one = load("name: x\ncells: [{method: set}]\n")
    two = load("name: x\ncells: [{method: lset}, {method: set}]\n")
    assert set(keys(one)) < set(keys(two))


SAME = """\
name: one
defaults: {dataset: digits, hidden: [100, 50], epsilon: 8}
cells: [{method: accset, zeta: 0.2}]
"""


@pytest.mark.parametrize(
    "other",
    [
        SAME.replace("one", "other"),
        "cells: [{zeta: 0.2, method: accset}]\n"
        "defaults: {epsilon: 8, hidden: [100, 50], dataset: digits}\nname: one\n",
        "name: one\ncells:\n"
        "  - {method: accset, zeta: 0.2, dataset: digits, hidden: [100, 50], epsilon: 8}\n",
        SAME + "title: Another title\n",
        SAME + "execution: {engine: masked, cpu: 2, retries: 0, checkpoint_seconds: 1}\n",
        SAME + "comparisons: {outcome: test_loss, alpha: 0.01}\nreport: {zoom: 10}\n",
        SAME.replace("epsilon: 8", "epsilon: 8, k: 0, window: 9, negative_slope: 3e-1"),
    ],
    ids=["name", "order", "no defaults", "title", "execution", "comparisons", "idle"],
)
def test_what_is_no_part_of_a_key(load, other):
    assert keys(load(SAME)) == keys(load(other, "elsewhere.yaml"))


def test_the_data_are_part_of_a_key(load):
    study = load(SAME)
    assert keys(study) != [run.key for run in study.runs({"digits": "other digits"})]


STRATEGY = """\
from suite.methods import regrowth

@regrowth("of_test_study_load")
def lowest(layer, count, rng):
    "Return something."
    return {}
"""


def test_a_plugin_beside_the_study(load, tmp_path):
    (tmp_path / "strategies").mkdir()
    file = tmp_path / "strategies" / "mine.py"
    text = (
        "name: x\nplugins: [strategies/mine.py]\n"
        "cells: [{regrow: of_test_study_load}, {method: static, regrow: of_test_study_load}]\n"
    )
    file.write_text(STRATEGY.format("[]"))
    before = load(text)
    assert labels(before) == [
        "set[regrow=of_test_study_load]",
        "static[regrow=of_test_study_load]",
    ]
    assert before.cells[0].title == "SET, of test study load"
    assert [plugin.where for plugin in before.plugins] == [str(file)]
    keys_before = keys(before)
    file.write_text(STRATEGY.format("None"))
    keys_after = keys(load(text))
    changed = [one != other for one, other in zip(keys_before, keys_after, strict=True)]
    assert changed == [True, False] * len(before.seeds), "static runs do without the plug-in"
    forget(str(file))


@pytest.mark.parametrize("where", ["~nosuchuser/mine.py", "mi\\0ne.py"])
def test_a_plugin_that_no_path_leads_to_is_a_mistake_with_its_line(load, where):
    with pytest.raises(UserError, match=r":2: plugins\[0\]: "):
        load(f'name: x\nplugins: ["{where}"]\ncells: [{{}}]\n')


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_shipped_studies(path):
    study = load_study(path)
    assert study.name == path.stem
    assert path.read_text().startswith("# yaml-language-server: $schema=study.schema.json\n")
    jsonschema.validate(yaml.safe_load(path.read_text()), study_schema())


def test_reading_a_study_imports_nothing_heavy():
    code = (
        "import sys; from suite.study import load_study; load_study(sys.argv[1]);"
        "heavy = {'torch', 'ray', 'numba', 'pandas', 'matplotlib', 'scipy', 'sklearn'};"
        "print(heavy & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(SHIPPED[0])], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


# ---------------------------------------------------------------- whatever the file holds


WORDS = [
    *("name", "title", "seeds", "root", "count", "defaults", "cells", "grid", "execution"),
    *("comparisons", "baseline", "pairs", "measure", "last", "claims", "sentence", "parts"),
    *("against", "direction", "saves", "equivalent", "paper", "report", "zoom", "plugins"),
    *("schema", "method", "metric", "dataset", "npz", "hidden", "zeta", "epsilon", "epochs"),
    *("rule", "gate", "regrow", "set", "accset", "dynset", "dense", "digits", "loss"),
    *("set[zeta=0.1]", "set[", "x", "<<", "", "random", "performance", "pauses", "one_to_one"),
]
values = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, -1, 2, 3, 10**30, 0.1, 1.0, float("nan"), float("inf")])
    | st.sampled_from(WORDS)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=4)
    ),
    max_leaves=12,
)
RICH = Path(__file__).with_name("studies") / "rich.yaml"
whole = yaml.safe_load(RICH.read_text())


def ways(value, way=()):
    yield way
    for step, inner in (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    ):
        yield from ways(inner, (*way, step))


def replaced(value, way, other):
    if not way:
        return other
    copied = value.copy()
    copied[way[0]] = replaced(copied[way[0]], way[1:], other)
    return copied


def study_or_error(path, text):
    path.write_text(text, encoding="utf-8", errors="replace")
    try:
        study = load_study(path)
    except UserError as error:
        assert error.sentences
        assert all(sentence.startswith(str(path)) for sentence in error.sentences)
        assert len({*error.sentences}) == len(error.sentences)
        return None
    assert isinstance(study, Study)
    assert len({cell.label for cell in study.cells}) == len(study.cells)
    return study


ANY_FILE = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def test_the_rich_study_is_right(tmp_path):
    assert study_or_error(tmp_path / "study.yaml", RICH.read_text()) is not None


@pytest.mark.slow
@ANY_FILE
@given(st.sampled_from([*ways(whole)]), values)
@example(("cells", 0, "method"), ["set"])
@example(("comparisons", "baseline"), "set[zeta={]")
@example(("cells", 3), {"": None})
def test_a_study_with_any_value_anywhere(tmp_path, way, other):
    mangled = replaced(whole, way, other)
    study = study_or_error(tmp_path / "study.yaml", yaml.safe_dump(mangled, allow_unicode=True))
    if study is not None:
        assert not [*jsonschema.Draft202012Validator(SCHEMA).iter_errors(mangled)]


SCHEMA = study_schema()


@pytest.mark.slow
@ANY_FILE
@given(st.data())
def test_a_study_with_any_text_anywhere(tmp_path, data):
    text = RICH.read_text()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    piece = data.draw(
        st.text(max_size=6)
        | st.text(alphabet="[]{}:,-&*!|>'\"%@`#?\t\n <", max_size=6)
        | st.sampled_from(WORDS)
    )
    study_or_error(tmp_path / "study.yaml", text[:start] + piece + text[end:])


@ANY_FILE
@given(st.binary(max_size=60))
def test_any_bytes(tmp_path, content):
    path = tmp_path / "study.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError):
        load_study(path)


def test_options_of_parts_are_multiplied_out(load):
    cells = load(
        "name: x\ncells:\n"
        "  - {method: rigl, grid: {rate.zeta: [0.1, 0.2], schedule.n: [50, 100]}}\n"
        "  - {method: set, rate: linear, grid: {rate.end: [0.0, 0.1]}}\n"
    ).cells
    recipes = [cell.settings.recipe for cell in cells]
    assert [(r.rate.options["zeta"], r.schedule.options["n"]) for r in recipes[:4]] == [
        (0.1, 50),
        (0.1, 100),
        (0.2, 50),
        (0.2, 100),
    ]
    assert [(r.rate.name, r.rate.options["end"]) for r in recipes[4:]] == [
        ("linear", 0.0),
        ("linear", 0.1),
    ]
    assert len({cell.title for cell in cells}) == 6


@pytest.mark.parametrize(
    ("defaults", "cell", "rates"),
    [
        (
            "rate: {cosine: {zeta: 0.4, end: 0.1}}",
            "{method: set, grid: {rate.zeta: [0.1, 0.2]}}",
            [("cosine", 0.1, 0.1), ("cosine", 0.2, 0.1)],
        ),
        ("method: rigl", "{grid: {rate.zeta: [0.1]}}", [("cosine", 0.1, 0.0)]),
        (
            "epochs: 5",
            "{method: set, grid: {rate.zeta: [0.1, 0.2], rate: [linear, {cosine: {end: 0.1}}]}}",
            [("linear", 0.1, 0), ("cosine", 0.1, 0.1), ("linear", 0.2, 0), ("cosine", 0.2, 0.1)],
        ),
    ],
)
def test_a_grid_sets_an_option_of_the_part_that_the_cell_has(load, defaults, cell, rates):
    """Be it from the defaults, of the method, or from the same grid, in any order."""
    found = load(f"name: x\ndefaults: {{{defaults}}}\ncells: [{cell}]\n").cells
    answers = [cell.settings.recipe.rate for cell in found]
    assert [(it.name, it.options["zeta"], it.options["end"]) for it in answers] == rates


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("rate: {cosine: {zeta: 0.05}}, grid: {rate.zeta: [0.6]}", "is set both here and in the"),
        ("rate: 5, grid: {rate.zeta: [0.1]}", "cells[0].rate"),
        ("rate: [1], grid: {rate.zeta: [0.1]}", "cells[0].rate"),
        ("rate: {linear: null, cosine: null}, grid: {rate.zeta: [0.1]}", "cells[0].rate"),
        ("rate: {cosine: 5}, grid: {rate.zeta: [0.1]}", "cells[0].rate"),
        ("grid: {rate: [{cosine: 5}], rate.zeta: [0.1]}", "cells[0].grid.rate"),
        ("grid: {rate: [{cosine: {zeta: 0.3}}, linear], rate.zeta: [0.1]}", "and in grid.rate"),
    ],
)
def test_an_option_in_a_grid_hides_no_mistake_of_its_part(load, cell, says):
    with pytest.raises(UserError) as caught:
        load(f"name: x\ncells:\n  - {{method: set, {cell}}}\n")
    assert "study.yaml:3: " in str(caught.value) and says in str(caught.value)


def test_a_cell_is_found_by_its_parts(load):
    study = load(
        "name: x\ncells:\n"
        "  - {method: set}\n"
        "  - {method: rigl}\n"
        "  - {method: rigl, schedule: {every_steps: {n: 50}}}\n"
    )
    assert study.cell({"method": "rigl", "schedule": {"every_steps": {"n": 50}}}) is study.cells[2]
    assert study.cell("rigl[schedule={every_steps: {n: 50}}]") is study.cells[2]
    assert study.cell("rigl") is study.cells[1]


def test_a_cell_may_have_a_title_and_be_named_by_it(tmp_path):
    cells = "[{method: set, zeta: 0.2, title: Careful SET}, {method: static}]"
    path = tmp_path / "titled.yaml"
    path.write_text(f"name: titled\ncells: {cells}\n")
    titled = load_study(path)
    assert titled.cells[0].title == "Careful SET" and titled.cells[0].label == "set[zeta=0.2]"
    assert titled.cell("Careful SET") is titled.cells[0]
    path.write_text("name: titled\ncells: [{method: set, zeta: 0.2}, {method: static}]\n")
    images = {"cifar10": "0" * 16}
    assert [r.key for r in load_study(path).runs(images)] == [r.key for r in titled.runs(images)]


@pytest.mark.parametrize(
    ("cells", "line", "says"),
    [
        ("- {method: set, title: }", 3, "1 to 60 characters"),
        ("- {method: set, title: 7}", 3, "1 to 60 characters"),
        (f"- {{method: set, title: {'long ' * 13}}}", 3, "1 to 60 characters"),
        ("- {title: A, grid: {zeta: [0.1, 0.2]}}", 3, "a grid makes several"),
        ("- {method: set, title: A}\n- {method: static, title: A}", 4, '"A" is the title'),
        ("- {method: static, titel: A}", 3, 'did you mean "title"'),
        ("- {method: set}\n- {method: rigl, title: set}", 4, '"set" is the name'),
        ("- {method: set, title: A}\n- {method: set, title: B}", 4, 'the same as "A"'),
    ],
)
def test_titles_that_name_no_single_cell(tmp_path, cells, line, says):
    path = tmp_path / "titled.yaml"
    path.write_text(f"name: titled\ncells:\n{cells}\n")
    with pytest.raises(UserError) as caught:
        load_study(path)
    assert f"titled.yaml:{line}: " in str(caught.value) and says in str(caught.value)


def test_a_cell_that_is_there_again_may_give_the_title(load):
    cells = "[{method: set}, {method: set, title: Ours}, {method: static}]"
    study = load(f"name: x\ncells: {cells}\n")
    assert [cell.title for cell in study.cells] == ["Ours", "Static sparse training"]
    assert study.cell("Ours") is study.cell("set")


@pytest.mark.parametrize(
    ("tune", "says"),
    [
        ("samples: 2, seeds: 900", "10 runs, and tuning makes up to 18,000 more"),
        ("samples: 2, seeds: 3000000000", "tune.seeds: must be a whole number from 1 to 1000"),
        ("samples: 2000", "10 runs, and tuning makes up to 20,000 more; if you mean this many"),
    ],
)
def test_the_runs_of_tuning_count_as_well(load, tune, says):
    text = (
        "name: x\nseeds: {count: 1}\ndefaults: {epochs: 2}\n"
        "cells: [{method: set, grid: {epsilon: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}}]\n"
        f"tune: {{search: {{zeta: [0.1, 0.2]}}, {tune}}}\n"
    )
    with pytest.raises(UserError) as caught:
        load(text)
    assert says in str(caught.value)
    if "seeds: 3" not in tune:
        assert len(load(text, many=True).tunings) == 10


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("seeds: {count: 1000000000000}\ncells: [{}]\n", "1 cell with 1,000,000,000,000 seeds"),
        (
            "seeds: {count: 9000}\ncells: [{}]\n"
            "tune: {search: {zeta: [0.1, 0.2]}, samples: 1, untuned: true}\n",
            "tuning makes up to 9,001 more",
        ),
    ],
)
def test_every_run_counts_towards_the_most(load, text, says):
    with pytest.raises(UserError) as caught:
        load(f"name: x\n{text}")
    assert says in str(caught.value)


def test_a_chain_of_any_length_that_is_allowed_can_be_made(load):
    cells = "[{method: ticket, initial: {ticket: {round: 100}}}]"
    (run,) = load(f"name: x\nseeds: {{count: 1}}\ncells: {cells}\n").runs(DATA)
    assert len(with_earlier([run])) == 101
