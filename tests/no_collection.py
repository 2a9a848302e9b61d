"""A fixture for tests that decide thousands of families."""

import gc

import pytest


@pytest.fixture(autouse=True, scope="module")
def no_collection():
    """Let statsmodels not collect garbage: it does so in every call of Holm's correction."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "collect", lambda *_: 0)
        yield
