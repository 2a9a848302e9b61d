"""The code blocks of README.md and docs/, for tests that run what is shown there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENTS = (ROOT / "README.md", ROOT / "reports" / "README.md", *sorted(ROOT.glob("docs/*.md")))


def blocks(document: str, language: str) -> list[str]:
    """Return the fenced blocks of a language in a document, named by its path in the repository."""
    text = (ROOT / document).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def block(document: str, language: str, holding: str) -> str:
    """Return the one fenced block that holds a text."""
    (found,) = (text for text in blocks(document, language) if holding in text)
    return found
