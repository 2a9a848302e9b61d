"""Text and numbers as LaTeX writes them."""

from __future__ import annotations

import unicodedata
from typing import Literal

Decimal = Literal["point", "comma"]

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",  # BibTeX counts \{
    "}": r"\textbraceright{}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": r"{-}",  # so that -- stays two hyphens
    "\u00a0": "~",
    "\u202f": r"\,",
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "…": r"\textellipsis{}",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "§": r"\S{}",
    "€": r"\texteuro{}",
    "×": r"\ensuremath{\times}",
    "±": r"\ensuremath{\pm}",
    "−": r"\ensuremath{-}",
    "≤": r"\ensuremath{\leq}",
    "≥": r"\ensuremath{\geq}",
    "≠": r"\ensuremath{\neq}",
    "≈": r"\ensuremath{\approx}",
    "→": r"\ensuremath{\rightarrow}",
    "∞": r"\ensuremath{\infty}",
    "ο": "o",
    "Α": "A",
    "Β": "B",
}


def escape(text: str) -> str:
    """Return any text as LaTeX that prints it, whatever characters it has.

    Latin letters with their accents and Greek ones are printed as they are; a character that
    ordinary fonts lack is printed as its code point, e.g. [U+4E2D].
    """
    return "".join(map(_escape_letter, unicodedata.normalize("NFC", text)))


def _escape_letter(letter: str) -> str:
    if letter in _SPECIAL:
        return _SPECIAL[letter]
    if letter.isspace():
        return " "
    if letter.isascii():
        return letter if letter.isprintable() else ""
    if "\u00c0" <= letter <= "\u017e" and letter.isalpha() and letter not in "ĦħĸŦŧŉĿŀ":
        return letter  # Latin-1 and Latin Extended-A, which T1 fonts have
    words = unicodedata.name(letter, "").split()
    if "α" <= letter <= "ω" and words[2:3] == ["LETTER"] and len(words) == 4:
        return rf"\ensuremath{{\{_greek(words[3])}}}"
    if words[:2] == ["GREEK", "CAPITAL"] and len(words) == 4 and words[3] in _CAPITALS:
        return rf"\ensuremath{{\{_greek(words[3]).capitalize()}}}"
    return f"[U+{ord(letter):04X}]"


_CAPITALS = {
    *("GAMMA", "DELTA", "THETA", "LAMDA", "XI", "PI"),
    *("SIGMA", "UPSILON", "PHI", "PSI", "OMEGA"),
}


def _greek(name: str) -> str:
    return {"LAMDA": "lambda"}.get(name, name.lower())


def number(text: str, decimal: Decimal) -> str:
    """Return a number's text for math mode, its thousands set off by thin spaces.

    Args:
        text: As readers see it, e.g. −12,345.6.
        decimal: The decimal sign.
    """
    grouped = text.replace("−", "-").replace(",", r"\,")
    return grouped.replace(".", "{,}") if decimal == "comma" else grouped
