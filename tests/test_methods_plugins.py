from __future__ import annotations

import hashlib
import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

from suite.errors import UserError
from suite.methods import library, parts
from suite.methods.catalogue import entries
from suite.methods.layer import LayerView
from suite.methods.plugins import Plugin, load, read_plugin
from tests.asking import regrow
from tests.plugins import load_plugin

FIRST_FREE = '''
import numpy as np
from suite.methods import regrowth

@regrowth(source="nowhere")
def first_free(layer, count, rng):
    """The first inactive positions."""
    return np.setdiff1d(np.arange(layer.size), layer.positions)[:count]
'''


pytestmark = pytest.mark.usefixtures("registered")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "my_rules.py"
    path.write_text(FIRST_FREE)
    return path


def fingerprint(name):
    return library.get("regrow", name).origin.fingerprint


def regrown(name):
    weights = np.ones(2, dtype=np.float32)
    layer = LayerView(0, (2, 3), np.array([0, 2]), weights, weights)
    return regrow(name, layer, 2, np.random.default_rng(0)).tolist()


def refusal(code, tmp_path, name="bad.py"):
    path = tmp_path / name
    path.write_text(code)
    before = parts.registered("regrow")
    with pytest.raises(UserError) as error:
        load_plugin(path)
    assert parts.registered("regrow") == before
    return str(error.value).replace(str(path), "FILE")


def test_a_file_is_usable_by_name(file):
    assert load_plugin(file) == ["first_free"]
    assert "first_free" in library.names("regrow")
    assert regrown("first_free") == [1, 3]
    strategy = library.get("regrow", "first_free")
    assert strategy.origin == parts.Origin("plug-in", str(file), fingerprint("first_free"))
    assert fingerprint("first_free") == hashlib.sha256(file.read_bytes()).hexdigest()
    listed = next(entry for entry in entries() if entry.name == "first_free")
    assert (listed.kind, listed.summary) == ("plug-in", "The first inactive positions.")
    assert (listed.source, listed.defined) == ("nowhere", str(file))


def test_a_relative_path_starts_at_the_base(file, tmp_path):
    (tmp_path / "studies").mkdir()
    assert load_plugin("../my_rules.py", tmp_path / "studies") == ["first_free"]
    assert library.get("regrow", "first_free").origin.place == str(file)


def test_loading_twice_runs_once(file):
    file.write_text(FIRST_FREE + "print('running')\n")
    load_plugin(file)
    function = library.get("regrow", "first_free").function
    assert load_plugin(file) == ["first_free"]
    assert library.get("regrow", "first_free").function is function


def test_a_file_that_changed_is_loaded_anew(file):
    load_plugin(file)
    before = fingerprint("first_free")
    file.write_text(FIRST_FREE.replace("[:count]", "[-count:]").replace("def first", "def last"))
    assert load_plugin(file) == ["last_free"]
    assert "first_free" not in library.names("regrow")
    assert regrown("last_free") == [4, 5]
    assert fingerprint("last_free") != before


def test_a_change_that_fails_leaves_the_old_one(file):
    load_plugin(file)
    file.write_text("1 / 0")
    with pytest.raises(UserError, match="division"):
        load_plugin(file)
    assert regrown("first_free") == [1, 3]


def test_what_was_read_runs_in_another_process_without_the_file(file):
    plugin = read_plugin(file)
    file.unlink()
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        assert pool.submit(load, plugin).result() == ["first_free"]
        assert pool.submit(regrown, "first_free").result() == [1, 3]
        assert pool.submit(fingerprint, "first_free").result() == (
            hashlib.sha256(plugin.code).hexdigest()
        )


def test_a_file_may_use_dataclasses_and_pickle(tmp_path):
    code = "import pickle\nfrom dataclasses import dataclass\n" + FIRST_FREE
    code += "@dataclass\nclass Thing:\n    x: 'int' = 1\n\npickle.loads(pickle.dumps(Thing()))\n"
    (tmp_path / "rich.py").write_text(code)
    assert load_plugin(tmp_path / "rich.py") == ["first_free"]


def test_a_file_is_compiled_as_python_would(tmp_path):
    """The suite's own __future__ imports do not reach into it."""
    (tmp_path / "typed.py").write_text(
        FIRST_FREE + "assert first_free.__annotations__ == {}\n"
        "def typed(x: int): ...\nassert typed.__annotations__ == {'x': int}\n"
    )
    assert load_plugin(tmp_path / "typed.py") == ["first_free"]


def test_imported_by_hand_and_named_by_a_study(file, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    assert load_plugin("my_rules") == ["first_free"]
    assert load_plugin("my_rules") == ["first_free"]
    assert library.get("regrow", "first_free").origin.place == "my_rules"
    assert fingerprint("first_free") == hashlib.sha256(file.read_bytes()).hexdigest()
    assert load_plugin(file) == ["first_free"]
    assert library.get("regrow", "first_free").origin.place == str(file)


def test_a_package_may_define_strategies_in_its_modules(tmp_path, monkeypatch):
    package = tmp_path / "rules_package"
    package.mkdir()
    (package / "__init__.py").write_text("from rules_package import greedy")
    (package / "greedy.py").write_text(FIRST_FREE)
    monkeypatch.syspath_prepend(tmp_path)
    assert load_plugin("rules_package") == ["first_free"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("x = 1\nx +\n", "Plug-in FILE fails at line 2: SyntaxError: invalid syntax"),
        ("x = 1\nx / 0\n", "FILE fails at line 2: ZeroDivisionError"),
        ("import no_such_thing_at_all", "ModuleNotFoundError: No module named 'no_such_thing"),
        ("raise SystemExit(3)", "FILE fails at line 1: SystemExit: 3"),
        ("x = 1\n", "FILE registers no part"),
        ("\0", "Plug-in FILE fails"),
        (FIRST_FREE.replace("first_free", "random"), "'random' of FILE has the name of the built"),
        (FIRST_FREE + FIRST_FREE.replace("_free(", "(").replace("(source", "('first_free', source"),
         "'first_free' of FILE has the name of the plug-in regrowth strategy of FILE"),
        (FIRST_FREE + "1 / 0", "division by zero"),
        (FIRST_FREE.replace(", rng", ""), "must take (layer, count, rng)"),
        (FIRST_FREE.replace('"nowhere"', "3"), "'first_free' of FILE has source=3; it is text"),
    ],
)  # fmt: skip
def test_a_file_that_is_refused(code, expected, tmp_path):
    assert expected in refusal(code, tmp_path)


def test_two_files_cannot_share_a_name(file, tmp_path):
    load_plugin(file)
    refused = refusal(FIRST_FREE + "# another\n", tmp_path)
    assert "'first_free' of FILE" in refused and f"of {file}" in refused


def test_a_missing_file(tmp_path):
    with pytest.raises(UserError, match=r"Plug-in .*none\.py cannot be read: No such file"):
        load_plugin("none.py", tmp_path)


@pytest.mark.parametrize("name", ["no_such_module_at_all", "json", "..", "a b", "rules.txt"])
def test_a_module_that_is_none(name):
    with pytest.raises(UserError, match=f"Plug-in '{name}'"):
        load(Plugin(name))


def install(folder, name, code, value=None, group="suite.parts"):
    """Lay out what pip leaves behind of a package with one entry point."""
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {value or name}\n")


@pytest.mark.parametrize("group", ["suite.parts", "suite.regrowth"])
def test_an_installed_package_is_found(tmp_path, monkeypatch, group):
    install(tmp_path, "installed_rules", FIRST_FREE, group=group)
    monkeypatch.syspath_prepend(tmp_path)
    assert regrown("first_free") == [1, 3]
    assert "first_free" in library.names("regrow")
    digest = hashlib.sha256((tmp_path / "installed_rules.py").read_bytes()).hexdigest()
    origin = parts.Origin("entry point", "installed_rules 1.2", digest)
    assert library.get("regrow", "first_free").origin == origin


def test_a_broken_package_harms_nobody_and_is_named(tmp_path, monkeypatch):
    install(tmp_path, "broken_rules", FIRST_FREE + "1 / 0")
    install(tmp_path, "clashing_rules", FIRST_FREE.replace("first_free", "random"))
    monkeypatch.syspath_prepend(tmp_path)
    assert library.names("regrow")[:3] == ["random", "one_neighbour", "most_neighbours"]
    assert regrown("random")
    with pytest.raises(UserError) as error:
        library.get("regrow", "first_free")
    sentence = str(error.value)
    assert "entry point 'broken_rules' failed: broken_rules 1.2: ZeroDivisionError" in sentence
    assert "'random' of clashing_rules 1.2 has the name of the built-in" in sentence


def test_a_plugin_cannot_take_an_installed_name(file, tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    install(folder, "installed_rules", FIRST_FREE + "# another\n")
    monkeypatch.syspath_prepend(folder)
    with pytest.raises(UserError, match="of the entry point regrowth strategy of installed_rules"):
        load_plugin(file)


def test_the_decorator_costs_no_numpy():
    code = "import sys, suite.methods; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_everything_built_in_has_a_source():
    assert {entry.setting for entry in entries()} == {"method", *parts.KINDS}
    assert [entry.name for entry in entries() if not entry.source] == []


def test_a_topology_from_an_earlier_run_has_the_options_of_a_chain(tmp_path):
    (tmp_path / "again.py").write_text(
        "from suite import part\n\n\n"
        '@part("initial", needs=("earlier",))\n'
        "def again(shapes, rngs, earlier, *, round: int = 1):\n"
        '    """Again."""\n'
    )
    with pytest.raises(UserError, match=r"lacks the options \['mask', 'weights', 'rewind'"):
        load_plugin(tmp_path / "again.py")


def test_what_a_file_prints_is_not_on_standard_output(file, capsys):
    file.write_text("print('hello')\n" + FIRST_FREE)
    load_plugin(file)
    assert capsys.readouterr() == ("", "hello\n")
