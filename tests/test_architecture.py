"""Who imports whom: data flows one way, and heavy libraries stay where they are used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "suite"

ORDER = [
    *("errors", "randomness", "spelling", "paper", "files", "cores", "compiling"),
    *("evolution", "statistics", "sparse", "augment"),
    *("datasets", "settings", "study", "checkpoint", "training"),
    *("provenance", "store", "tidy", "lock", "attempt", "ending", "progress", "status"),
    *("hypotheses", "reporting", "estimate", "printing"),
    *("cluster", "driver", "bench", "cli"),
]
"""Each part imports only parts that stand before it."""

ONLY = {
    "evolution": {"errors"},  # knows no network
    "sparse": {"compiling", "randomness"},  # knows no method
    "statistics": set(),  # arrays in, numbers out
    "training": {
        "augment",
        "checkpoint",
        "datasets",
        "errors",
        "evolution",
        "randomness",
        "settings",
        "sparse",
    },  # knows neither Ray nor study files
}

AT_HOME = {
    "ray": {"cluster"},
    "torch": {"bench", "checkpoint", "datasets", "sparse", "training"},
    "typer": {"cli"},
    "matplotlib": {"reporting"},
    "statsmodels": {"statistics"},
}
"""Libraries that are imported in these parts alone."""


def part(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module == "suite":
            found |= {f"suite.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


PARTS: dict[str, set[str]] = {}
for file in PACKAGE.rglob("*.py"):
    relative = file.relative_to(PACKAGE).with_suffix("").parts
    PARTS.setdefault(relative[0], set()).update(imports(file))
del PARTS["__init__"]  # the public functions: they import what they call


def inside(name: str) -> set[str]:
    found = {part(module) for module in PARTS[name] if module.startswith("suite.")}
    return found - {name, "__version__"}


def test_every_part_has_its_place():
    assert set(PARTS) == set(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_data_flows_one_way(name):
    later = inside(name) - set(ORDER[: ORDER.index(name)])
    assert not later, f"{name} imports {later}"


@pytest.mark.parametrize("name", ONLY)
def test_the_parts_that_meet_only_in_training_know_nothing_of_each_other(name):
    assert inside(name) <= ONLY[name]


@pytest.mark.parametrize("library", AT_HOME)
def test_libraries_are_imported_where_they_are_used(library):
    users = {
        name for name, found in PARTS.items() if any(m.split(".")[0] == library for m in found)
    }
    assert users <= AT_HOME[library]


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import suite", ["numpy", "pydantic", "torch"]),
        ("import suite.cli", ["numpy", "pydantic", "pandas", "torch", "ray"]),
        ("import suite.study", ["pandas", "torch", "ray", "scipy", "matplotlib"]),
        ("import suite.statistics", ["torch", "statsmodels.api", "matplotlib"]),
        ("import suite.reporting, suite.hypotheses", ["torch", "ray", "numba"]),
    ],
)
def test_imports_stay_light(statement, absent):
    code = f"{statement}; import sys; print([m for m in {absent!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
