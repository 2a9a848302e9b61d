"""What a user can mend: errors that are shown as sentences, without a traceback."""

from __future__ import annotations


class UserError(Exception):
    """One or more mistakes that the user can mend.

    The command line prints each sentence on a line of its own and exits with 2.

    Args:
        sentences: Each says what is wrong, where, and what is allowed.
    """

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = sentences
