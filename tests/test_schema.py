"""studies/study.schema.json: in step with the models, and of use to an editor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from suite.methods.presets import METHODS
from suite.settings import Settings
from suite.study.file import StudyFile
from suite.study.schema import schema_text, study_schema

ROOT = Path(__file__).parents[1]
VALIDATOR = jsonschema.Draft202012Validator(study_schema())


def test_the_file_is_in_step_with_the_models():
    written = (ROOT / "studies" / "study.schema.json").read_text()
    assert written == schema_text(), "run: python -m suite.study.schema"


def test_one_command_writes_it(tmp_path):
    (tmp_path / "studies").mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "suite.study.schema"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "studies/study.schema.json\n"
    assert (tmp_path / "studies" / "study.schema.json").read_text() == schema_text()


def test_it_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(study_schema())


def test_every_field_and_setting_is_there_and_explained():
    schema = study_schema()
    fields = {info.alias or name for name, info in StudyFile.model_fields.items()}
    assert set(schema["properties"]) == fields
    settings = set(Settings.model_fields) - {"part_options"}
    assert set(schema["properties"]["defaults"]["properties"]) == settings
    cell = schema["properties"]["cells"]["items"]["properties"]
    assert set(cell) == {*settings, "grid", "title"}
    assert set(cell["grid"]["properties"]) >= {*settings, "rate.zeta", "schedule.n"}
    assert all(setting["description"] for setting in cell.values())
    assert cell["method"]["enum"] == list(METHODS)


def test_nothing_of_this_machine_is_in_it():
    """Strategies of plug-ins and installed packages are not: the file is the same everywhere."""
    names = study_schema()["properties"]["defaults"]["properties"]["regrow"]
    names = names["anyOf"][0]["examples"]
    assert names[:4] == ["random", "one_neighbour", "most_neighbours", "gradient"]


@pytest.mark.parametrize(
    "right",
    [
        {"name": "x", "cells": [{"method": "set"}]},
        {"name": "x", "cells": [{}], "seeds": {"count": 3}},
        {"name": "x", "cells": [{"regrow": "of_my_own"}], "plugins": ["mine.py"]},
        {"name": "x", "cells": [{"dataset": {"parquet": ["a", "b"]}}]},
        {"name": "x", "cells": [{"dataset": {"folder": "a"}, "validation": 0.1}]},
        {"name": "x", "cells": [{"grid": {"hidden": [[1, 2], [3]]}}]},
        {"name": "x", "cells": [{}], "comparisons": {"pairs": [["a", {"method": "set"}]]}},
    ],
    ids=json.dumps,
)
def test_it_accepts(right):
    VALIDATOR.validate(right)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"cells": [{}]}, []),
        ({"name": "x", "cells": []}, ["cells"]),
        ({"name": "a b", "cells": [{}]}, ["name"]),
        ({"name": "x", "cells": [{}], "schema": 2}, ["schema"]),
        ({"name": "x", "cells": [{}], "colour": 1}, []),
        ({"name": "x", "cells": [{"methd": "set"}]}, ["cells", 0]),
        ({"name": "x", "cells": [{"method": "sett"}]}, ["cells", 0, "method"]),
        ({"name": "x", "cells": [{"zeta": 1}]}, ["cells", 0, "zeta"]),
        ({"name": "x", "cells": [{"zeta": [0.1]}]}, ["cells", 0, "zeta"]),
        ({"name": "x", "cells": [{"epochs": 1.5}]}, ["cells", 0, "epochs"]),
        ({"name": "x", "cells": [{"prune": "all"}]}, ["cells", 0, "prune"]),
        ({"name": "x", "cells": [{"grid": {"zeta": []}}]}, ["cells", 0, "grid", "zeta"]),
        ({"name": "x", "cells": [{"grid": {}}]}, ["cells", 0, "grid"]),
        ({"name": "x", "cells": [{"grid": {"zeta": [2]}}]}, ["cells", 0, "grid", "zeta", 0]),
        ({"name": "x", "cells": [{}], "defaults": {"grid": {}}}, ["defaults"]),
        ({"name": "x", "cells": [{}], "seeds": {"count": 0}}, ["seeds", "count"]),
        ({"name": "x", "cells": [{}], "execution": {"gpus": 1}}, ["execution"]),
        ({"name": "x", "cells": [{}], "tune": None}, ["tune"]),
        (
            {"name": "x", "cells": [{}], "comparisons": {"pairs": [["a"]]}},
            ["comparisons", "pairs", 0],
        ),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_it_refuses(wrong, path):
    (error, *_) = sorted(VALIDATOR.iter_errors(wrong), key=lambda error: -len(error.path))
    assert list(error.absolute_path) == path
