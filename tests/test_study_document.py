"""Reading YAML: plain values, each with its line."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.study.document import as_yaml, read_document, read_value, spell

TEXT = """\
# a comment
name: x
cells:
  - {method: set}
  - method: lset
    grid:
      zeta: [0.1,
             0.2]
shared: &a
  k: 1
again: *a
"""


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(TEXT)
    return read_document(path)


def test_values(document):
    assert document.value == {
        "name": "x",
        "cells": [{"method": "set"}, {"method": "lset", "grid": {"zeta": [0.1, 0.2]}}],
        "shared": {"k": 1},
        "again": {"k": 1},
    }
    assert document.mistakes == []


@pytest.mark.parametrize(
    ("where", "line"),
    [
        (("name",), 2),
        (("cells",), 3),
        (("cells", 0), 4),
        (("cells", 0, "method"), 4),
        (("cells", 1), 5),
        (("cells", 1, "grid", "zeta"), 7),
        (("cells", 1, "grid", "zeta", 1), 8),
        (("shared", "k"), 10),
        (("again",), 11),
        (("again", "k"), 10),
        (("cells", 1, "zeta"), 5),
        (("nowhere",), 2),
    ],
)
def test_lines(document, where, line):
    assert document.place(where) == f"{document.path}:{line}: {spell(where)}"


def test_the_whole_file_has_a_place(document):
    assert document.place(()) == f"{document.path}:2"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("cells", 1, "grid", "zeta", 1), ("cells", 1, "grid", "zeta", 1)),
        (("cells", 0, "tag", "method", "str"), ("cells", 0, "method")),
        (("cells", 1, "grid", "grid", "missing"), ("cells", 1, "grid")),
        (("shared", "cells", 0), ("shared",)),
        (("nowhere", "k"), ()),
    ],
)
def test_what_exists_of_a_way(document, asked, found):
    assert document.existing(asked) == found


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("-.5", -0.5),
        ("3.", 3.0),
        ("+7", 7),
        ("010", 10),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("0x10", "0x10"),
        ("yes", "yes"),
        ("off", "off"),
        ("true", True),
        ("False", False),
        ("tRUE", "tRUE"),
        ("null", None),
        ("~", None),
        ("", None),
        ("'1'", "1"),
        ('"true"', "true"),
        ("2020-01-01", "2020-01-01"),
        ("[1, [a, 2.5]]", [1, ["a", 2.5]]),
        ("{npz: a.npz}", {"npz": "a.npz"}),
        ("-.INF", -math.inf),
        ("1e999", math.inf),
        ("9" * 101, 1e101),
        ("set", "set"),
    ],
)
def test_one_value(text, value):
    read = read_value(text)
    assert read == value
    assert type(read) is type(value)


def test_not_a_number_is_a_number():
    assert math.isnan(read_value(".nan"))


@pytest.mark.parametrize(
    "text", ["[", "{a", "!tag x", "a: b: c", "{a: 1, a: 2}", "*x", "&a [*a]", "[" * 1200]
)
def test_what_is_no_value(text):
    with pytest.raises(ValueError):
        read_value(text)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats()
    | st.sampled_from(["set", "val_loss", "a.npz"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["npz", "name", "k"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(plain)
def test_what_is_written_is_read_again(value):
    # A whole float is written without its point, as people write it, and equals what is read.
    assert repr(read_value(as_yaml(value))).replace(".0", "") == repr(value).replace(".0", "")


def test_a_character_that_json_writes_as_two_escapes_is_one(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text('title: "sparse \\ud83d\\ude00"\n"\\ud83d\\ude00": 1\n')
    document = read_document(path)
    assert document.value == {"title": "sparse \U0001f600", "\U0001f600": 1}
    assert document.mistakes == []


@pytest.mark.parametrize("half", ["\\ud83d", "\\ude00", "\\ude00\\ud83d"])
def test_half_a_character_is_a_mistake_with_its_line(half, tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(f'name: x\ntitle: "sparse {half}"\n')
    document = read_document(path)
    ((line, mistake),) = document.mistakes
    assert line == 2
    assert mistake.startswith(f"{path}:2: title: ")
    assert half[:6] in mistake
    document.value["title"].encode()


def test_a_negative_zero_stays_one():
    assert repr(read_value(as_yaml(-0.0))) == "-0.0"
