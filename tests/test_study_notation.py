"""Mistakes in YAML's notation: the line that has them, and words that need no manual of YAML."""

from __future__ import annotations

import pytest

from suite.errors import UserError
from suite.study.document import read_document

CASES = {
    "too deep": ("a:\n  b: 1\n   c: 2\n", 3, "deeper"),
    "too deep in a cell": ("cells:\n  - method: set\n     zeta: 1\n", 3, "deeper"),
    "another column": ("a:\n  b: 1\n c: 2\n", 3, "another column"),
    "a list in another column": ("a:\n- b\n - c\n- d: 1\n   e: 2\n", 5, "deeper"),
    "an entry in another column": ("a:\n  - b: 1\n - c\n", 3, "another column"),
    "a key below a dash": ("a:\n  - b: 1\n  c: 2\n", 3, "one column"),
    "a dash below a key": ("a: 1\n- b\n", 2, "one column"),
    "a dash after a key": ("a: - b\n", 1, "line of its own"),
    "no space after a colon": ("a:b\nc: [1]\n", 1, "no space after it"),
    "no space after a colon inside": ("a:\n  b:1\n  c: 2\n", 2, "no space after it"),
    "no space after a colon below a dash": ("- a:b\n  c: 2\n", 1, "no space after it"),
    "no colon below a dash": ("- a b\n  c: 2\n", 1, "no colon"),
    "two colons": ("a: b: c\n", 1, "quotes"),
    "no colon": ("a: 1\nb\nc: 2\n", 2, "no colon"),
    "no comma": ("a: {b: 1 c: 2}\n", 1, "comma"),
    "an open brace": ("a: 1\nb: {c: 1\nd: 2\n", 3, "} that closes the bracket of line 2"),
    "an open bracket": ("a: [1, 2\nb: 3\n", 2, "] that closes the bracket of line 1"),
    "the wrong bracket": ("a: {b: 1]\n", 1, "}"),
    "a bracket too many": ("a: {b: 1}}\n", 1, "one } too many"),
    "a comma too many": ("a: [1,, 2]\n", 1, "missing before ,"),
    "an open list at the end": ("a: [\n", 2, "missing before the end"),
    "an open quote": ("a: 1\nb: 'c\nd: 2\n", 2, "quote"),
    "a quote in quotes": ("a: 'it's'\n", 1, "quotes"),
    "at": ("a: @b\n", 1, "begins with @ needs quotes"),
    "backtick": ("a: `b`\n", 1, "begins with ` needs quotes"),
    "per cent": ("a: %b\n", 1, "begins with % needs quotes"),
    "exclamation mark": ("a: !<b\n", 1, "begins with ! or %"),
    "asterisk": ("a: *b\n", 1, "begins with * needs quotes"),
    "asterisk and space": ("a: * b\n", 1, "begins with &, * or % needs quotes"),
    "question mark": ("a: ? b\n", 1, "quotes"),
    "an anchor twice": ("a: &x 1\nb: &x 2\n", 2, "twice (first on line 1)"),
    "a tab": ("a:\n\tb: 1\n", 2, "tab"),
    "an escape": ('a: "\\q"\n', 1, "\\q is not a valid escape"),
    "a short escape": ('a: "\\u12"\n', 1, "4 hexadecimal"),
    "a block on the line": ("a: |b\n", 1, "next line"),
    "two mappings": ("{a: 1}\nb: 2\n", 2, "one mapping"),
    "two documents": ("a: 1\n---\nb: 2\n", 2, "more than one document"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_of_notation_has_its_line_and_plain_words(case, tmp_path):
    text, line, words = CASES[case]
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_document(path)
    (sentence,) = caught.value.sentences
    assert sentence.startswith(f"{path}:{line}: is not YAML: ")
    assert words in sentence
    assert not {"expected", "token", "scalar", "block end", "flow"} & set(sentence.split())
    assert sentence.endswith(".")
    assert "\n" not in sentence
