"""Assertions in the modules that tests share are told in full."""

import pytest

pytest.register_assert_rewrite("tests.cluster.chaos", "tests.cluster.disturbed")
