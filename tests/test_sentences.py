"""Tests assert lines, fields, suggestions and figures; few sentences are kept to the letter."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

TESTS = Path(__file__).parent
MOST = 10


def texts(path: Path) -> Iterator[str]:
    """Yield the strings of a module that are no docstrings; {} stands for what is filled in."""
    tree = ast.parse(path.read_text())
    inside = {id(part) for node in ast.walk(tree) for part in _parts(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if _is_fixed(part) else "{}" for part in node.values)
        elif _is_fixed(node) and id(node) not in inside:
            yield str(node.value)


def _is_fixed(node: ast.AST) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant)


def _parts(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.JoinedStr):
        return node.values
    return [node.value] if isinstance(node, ast.Expr) else []


def is_sentence(text: str) -> bool:
    """Whether a text is one line of five words or more that ends in a full stop."""
    words = re.findall(r"[A-Za-z]{2,}", text)
    return len(words) >= 5 and text.endswith(".") and "\n" not in text


def test_at_most_ten_sentences_are_kept_whole():
    kept = {t for path in TESTS.rglob("test_*.py") for t in texts(path) if is_sentence(t)}
    assert len(kept) <= MOST, sorted(kept)


def test_what_counts_as_a_sentence():
    assert is_sentence("study.yaml:3: zeta: must be a number above 0.")
    assert not is_sentence("must be a number above 0")
    assert not is_sentence("name: x\ncells: [{method: set}, {method: lset}].")
