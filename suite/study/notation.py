"""What is wrong with the notation of a YAML file, in the words of someone who writes one."""

from __future__ import annotations

import re

import yaml

_OTHER_COLUMN = "begins in another column than the lines it belongs to"

_WORDS = (
    (r"found character '\\t' that cannot", "a tab where only spaces are allowed"),
    (r"found character '(.)' that cannot", "text that begins with {0} needs quotes"),
    (r"could not find expected ':'", "a key has no colon, or no space after it"),
    (r"sequence entries are not", "a list with dashes begins on a line of its own"),
    (r"mapping keys are not", 'text that begins with "? " needs quotes'),
    (r"<block end>.* '<block mapping start>'", _OTHER_COLUMN),
    (r"<block end>.* '<block sequence start>'", _OTHER_COLUMN),
    (r"<block end>.* '(\?|-)'", "keys and entries of a list are mixed in one column"),
    (r"<block end>.* '([]}},])'", "there is one {0} too many; put text that has it in quotes"),
    (r"<block end>", "something follows a value that ends before; put all of it in quotes"),
    (r"<document start>", "what is written before has ended; a file has one mapping"),
    (r"found another document", "it has more than one document"),
    (
        r"expected ',' or '(.)'",
        "a comma is missing, or the {0} that closes the bracket of line {line}",
    ),
    (r"expected the node content.* '(.+)'", "a value is missing before {0}"),
    (r"unexpected (end of stream|document separator)", "the quote that opens here is not closed"),
    (r"undefined alias '(.+)'", "nothing is called &{0}; text that begins with * needs quotes"),
    (r"second occurrence", "a name after & appears twice (first on line {line})"),
    (r"alphabetic or numeric", "text that begins with &, * or % needs quotes"),
    (r"('.'|URI|a digit.*), but found|handle|YAML", "text that begins with ! or % needs quotes"),
    (
        r"unknown escape character '(.+)'",
        "\\{0} is not a valid escape; write \\\\, or use single quotes",
    ),
    (r"of (\d+) hexadecimal numbers", "an escape needs {0} hexadecimal digits here"),
    (r"indentation indicator|a line break", "text after | or > begins on the next line"),
)
"""Patterns of PyYAML's words, and ours; {line} is the line where what is wrong began."""

_CONTENT = re.compile(r"[\s-]*(?P<text>[^\s#].*)")
"""A line that has something besides dashes and a comment."""

_AT_THE_START = ("could not find expected ':'", "unexpected")
"""Problems that PyYAML notices long after the line that has them."""


def notation_mistake(text: str, error: yaml.MarkedYAMLError) -> tuple[int, str]:
    """Return the line (from 1) of a mistake in YAML's notation, and what it is.

    Args:
        text: The file.
        error: What PyYAML found.
    """
    problem = error.problem or "it ends too early"
    noticed = error.problem_mark or error.context_mark
    began = error.context_mark or noticed
    mark = began if any(words in problem for words in _AT_THE_START) else noticed
    line = mark.line + 1 if mark else 1
    if "mapping values are not allowed" in problem and mark:
        return _second_colon(text.splitlines(), line, mark.column)
    for pattern, words in _WORDS:
        if found := re.search(pattern, problem):
            start = began.line + 1 if began else line
            named = (name.replace("<stream end>", "the end") for name in found.groups() if name)
            return line, words.format(*named, line=start)
    return line, problem


def _second_colon(lines: list[str], line: int, column: int) -> tuple[int, str]:
    """Return why a colon cannot stand at its place, and the line (from 1) that is wrong."""
    here = lines[line - 1]
    if re.search(r":\s", here[:column]):
        return line, "one colon too many; put text with a colon in quotes"
    above = next((n for n in range(line - 1, 0, -1) if _CONTENT.match(lines[n - 1])), line)
    before = _CONTENT.match(lines[above - 1])
    if before and not re.search(r":(\s|$)", before["text"]):
        return above, "a key has no colon, or no space after it"
    return line, "begins deeper than the line above, which has its value already"
