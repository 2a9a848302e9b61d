"""`suite methods`: what it lists, and recipes that can be pasted into a study."""

from __future__ import annotations

import json

import pytest
import yaml

from suite.methods.catalogue import as_defaults, as_yaml, entries, range_of
from suite.methods.library import available
from suite.methods.parts import KINDS, QUESTIONS
from suite.methods.presets import METHODS
from suite.methods.recipe import contradictions, resolve
from suite.settings import Settings
from tests.command import suite


@pytest.mark.parametrize("method", METHODS)
def test_a_printed_recipe_is_the_method(method):
    written = yaml.safe_load(as_yaml(method))
    assert written.pop("method") == method
    settings = METHODS[method].settings
    assert {name: written.pop(name) for name in settings} == settings
    assert list(written) == list(KINDS)
    given = {}
    for kind, answer in written.items():
        ((name, options),) = answer.items() if isinstance(answer, dict) else [(answer, {})]
        given[kind] = {"name": name, "options": options}
    assert resolve("set", given) == resolve(method)


@pytest.mark.parametrize("method", METHODS)
def test_every_number_of_a_method_has_a_source(method):
    preset = METHODS[method]
    options = {f"{kind}.{name}" for kind, a in preset.parts.items() for name in a.options}
    assert [where for where in options if not preset.origin(*where.split("."))] == []
    unused = {where for where in preset.origins if where not in options | set(KINDS)}
    assert unused == set()
    assert as_yaml(method).count("; source: ") == len(options)


@pytest.mark.parametrize("method", METHODS)
def test_the_authors_settings_are_defaults_of_a_study(method):
    written = yaml.safe_load(as_defaults(method)) or {"defaults": {}}
    stated = METHODS[method].training
    assert written["defaults"] == {name: value for name, (value, _) in stated.items()}
    assert all(where for _, where in stated.values())
    chosen = Settings(method=method, **written["defaults"])
    assert chosen.recipe.schedule == resolve(method).schedule
    assert Settings(**{"method": method} | written["defaults"] | {"epochs": 7}).epochs == 7
    assert Settings(method=method).epochs == Settings().epochs  # no cell gets them by itself


def test_the_command_prints_the_authors_settings():
    code, shown, _ = suite("methods", "rigl", "--defaults")
    assert (code, shown) == (0, as_defaults("rigl"))
    code, shown, _ = suite("methods", "rigl", "--defaults", "--json")
    (momentum,) = (row for row in json.loads(shown) if row["setting"] == "momentum")
    assert momentum["value"] == 0.9
    code, _, said = suite("methods", "--defaults")
    assert code == 2
    assert "suite methods rigl --defaults" in said


def test_every_option_has_default_range_and_description():
    for kind in KINDS:
        for part in available(kind):
            for option in part.options.values():
                assert not option.required, (kind, part.name, option.name)
                assert range_of(part, option), (kind, part.name, option.name)
                assert option.description.endswith("."), (kind, part.name, option.name)
            assert part.check({}) == part.defaults


def test_every_part_says_what_it_is_and_where_it_was_published():
    listed = entries()
    assert {entry.setting for entry in listed} == {"method", *KINDS}
    assert [e.name for e in listed if not e.source or not e.summary.endswith(".")] == []
    assert [e.name for e in listed if e.setting == "method"] == list(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_a_method_contradicts_nothing(method):
    assert contradictions(resolve(method)) == []


def test_the_command_prints_a_recipe():
    code, shown, _ = suite("methods", "rigl")
    assert code == 0
    assert shown == as_yaml("rigl")
    assert "n: 100  # a whole number at least 1; default 100; Steps" in shown


def test_the_command_lists_parts_by_kind():
    code, shown, _ = suite("methods", "--json")
    listed = json.loads(shown)
    assert code == 0
    assert {"setting": "regrow", "name": "gradient"}.items() <= next(
        entry for entry in listed if entry["name"] == "gradient"
    ).items()


def test_a_recipe_as_json():
    code, shown, _ = suite("methods", "rigl", "--json")
    parts = {part["kind"]: part for part in json.loads(shown)}
    assert code == 0
    assert parts["schedule"]["question"] == QUESTIONS["schedule"]
    (n, until, *_) = parts["schedule"]["options"]
    assert (n["name"], n["value"], n["default"]) == ("n", 100, 100)
    assert (until["value"], until["default"]) == (0.75, 1.0)
    assert until["range"] == "a number above 0 and at most 1"


def test_an_unknown_method_is_refused_with_the_nearest():
    code, _, said = suite("methods", "rgl")
    assert code == 2
    assert 'there is no method "rgl"; did you mean "rigl"?' in said
