"""Who imports whom: data flows one way, and heavy libraries stay where they are used."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "suite"

FLOORS = [
    {"errors", "files", "measures", "paper", "randomness", "statistics", "version", "wording"},
    {"machine", "kernels", "methods"},
    {"datasets", "sparse"},
    {"settings"},
    {"study", "training"},
    {"store"},
    {"decisions"},
    {"execution"},
    {"reporting"},
    {"bench"},
    {"cli"},
]
"""Each room imports only from floors below its own."""

ORDER = [room for floor in FLOORS for room in sorted(floor)]

ONLY = {
    **{room: set() for room in sorted(FLOORS[0])},
    "kernels": set(),  # knows no network
    "methods": {"errors"},  # knows no network
    "sparse": {"kernels", "randomness"},  # knows no method
    "training": {
        "datasets",
        "errors",
        "kernels",
        "methods",
        "randomness",
        "settings",
        "sparse",
    },  # knows neither Ray nor study files
}

AT_HOME = {
    "torch": {"bench", "datasets", "kernels", "sparse", "training"},
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
    return {part(module) for module in PARTS[name] if module.split(".")[0] == "suite"} - {name}


def test_every_part_has_its_place():
    assert set(PARTS) == set(ORDER)


def test_the_drawing_shows_the_floors():
    text = (PACKAGE.parent / "docs/architecture.md").read_text()
    drawing = text.partition("## Floors")[2].split("```")[1]
    drawn = [{w for w in re.findall(r"\w+", line) if w in ORDER} for line in drawing.splitlines()]
    assert [rooms for rooms in drawn if rooms] == FLOORS[::-1]


@pytest.mark.parametrize("path", PACKAGE.rglob("*.py"), ids=lambda path: path.stem)
def test_modules_are_small(path):
    assert len(path.read_text().splitlines()) <= 400


@pytest.mark.parametrize("name", ORDER)
def test_data_flows_one_way(name):
    floor = next(number for number, rooms in enumerate(FLOORS) if name in rooms)
    above = inside(name) - set().union(*FLOORS[:floor])
    assert not above, f"{name} imports {above}"


@pytest.mark.parametrize("name", ONLY)
def test_the_parts_that_meet_only_in_training_know_nothing_of_each_other(name):
    assert inside(name) <= ONLY[name]


def test_ray_is_imported_in_one_place():
    users = {
        path.relative_to(PACKAGE).parent.as_posix()
        for path in PACKAGE.rglob("*.py")
        if any(module.split(".")[0] == "ray" for module in imports(path))
    }
    assert users == {"execution/ray"}


@pytest.mark.parametrize("library", AT_HOME)
def test_libraries_are_imported_where_they_are_used(library):
    users = {
        name for name, found in PARTS.items() if any(m.split(".")[0] == library for m in found)
    }
    assert users <= AT_HOME[library]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import suite", ["numpy", "pydantic", "torch"]),
        ("import suite.cli", ["numpy", "pydantic", "pandas", "torch", "ray"]),
        ("import suite.study", ["pandas", "torch", "ray", "scipy", "matplotlib"]),
        ("import suite.statistics", ["torch", "statsmodels.api", "matplotlib"]),
        ("import suite.reporting, suite.decisions", ["torch", "ray", "numba"]),
        # what drives a study: 450 MB, and seconds at each start
        (
            "import suite.execution.ray, suite.training.fits; from suite import kernels; "
            "from suite.execution import drive; kernels.compile_kernels('sparse')",
            ["torch", "sklearn"],
        ),
    ],
)
def test_imports_stay_light(statement, absent):
    code = f"{statement}; import sys; print([m for m in {absent!r} if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
