import json

import numpy as np
import pytest

from suite import bench
from suite.bench import engines, growth, history, limit, measures, profile, scheduling, timing
from suite.bench import methods as of_methods
from suite.bench.workload import Bench, synthetic_images
from suite.errors import UserError
from suite.execution import ray as cluster
from suite.kernels import products
from suite.methods.presets import METHODS
from suite.methods.recipe import resolve

SMALL = Bench(synthetic_images(200), hidden=(30, 20, 30), epsilon=2)


def test_sides_take_turns_after_warming_up():
    calls = []
    sides = [lambda: calls.append("a"), lambda: calls.append("b")]
    times = timing.alternate(sides, 2, (1, 2))
    assert times.shape == (2, 2)
    assert "".join(calls) == "ab" + 2 * "abb"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["engines", "halved_epsilon", "evaluation", "update"])
def test_comparisons_give_figures(name):
    figures = bench.MEASURES[name](SMALL, 1)
    assert json.loads(json.dumps(figures)) == figures


@pytest.mark.slow
def test_every_method_is_compared_with_set(monkeypatch):
    monkeypatch.setattr(of_methods, "in_fresh_process", lambda work, *arguments: work(*arguments))
    monkeypatch.setattr(of_methods, "added_memory", lambda *_: 2.0)
    figures = bench.MEASURES["methods"](SMALL, 1)
    assert list(figures) == list(METHODS)
    assert all(found["epoch_ms"] > 0 and found["memory"] == 1 for found in figures.values())
    assert json.loads(json.dumps(figures)) == figures


def test_updates_are_counted_over_a_whole_training():
    assert of_methods.updates_an_epoch(resolve("set")) == 0.95, "none after the last epoch"
    assert of_methods.updates_an_epoch(resolve("static")) == 0
    assert of_methods.updates_an_epoch(resolve("rigl")) == 5 * 0.75


def test_growth_compares_a_connection_of_wider_networks(monkeypatch):
    monkeypatch.setattr(growth, "_added_memory", lambda bench: float(sum(bench.hidden)))
    monkeypatch.setattr(growth, "GREY", (40, 40, 1))
    figures = growth.growth(SMALL, 1, widths=(80, 160))
    assert list(figures) == ["80 units", "160 units"]
    narrow, wide = figures.values()
    assert all(figure > 0 for figure in narrow.values())
    assert wide["connections"] > narrow["connections"] > 0
    assert narrow["memory"] * narrow["connections"] == pytest.approx(1)
    assert json.loads(json.dumps(figures)) == figures
    assert bench.rows({"growth": {"8 units": {"step": 1.5}}}) == [
        ["growth: 8 units: step", "1.50 x", "at most 2"]
    ]


def test_memory_can_be_measured_of_a_method_that_reads_the_gradient():
    assert growth.added_memory((100, 100), 20, "rigl") >= 0


def test_a_table_shows_figures_beside_what_is_wanted():
    figures = {
        "machine": {"cpu": "any"},
        "compiling_ms": 12.0,
        "engines": {"masked_ms": 100.0, "times_faster": 20.0},
        "update": {
            "random": {"update_ms": 1.0, "share_of_epoch": 0.02},
            "gradient": {"update_ms": 2.0, "share_of_epoch": 0.04},
        },
        "methods": {"rigl": {"epoch_ms": 5.0, "time": 1.5}},
        "sparselab": {"missing": "not installed"},
    }
    assert bench.rows(figures) == [
        ["compiling ms", "12.00 ms", ""],
        ["engines: masked ms", "100.00 ms", ""],
        ["engines: times faster", "20.00 x", "at least 45"],
        ["update: random", "2.0 %", "at most 5 %"],
        ["update: gradient", "4.0 %", "at most 3 %"],
        ["methods: rigl: epoch ms", "5.00 ms", ""],
        ["methods: rigl: time", "1.50 x", ""],
        ["sparselab: missing", "not installed", ""],
    ]


def test_one_measure_can_be_asked_for(monkeypatch):
    monkeypatch.setattr(measures, "MEASURES", {"a": lambda *_: 1, "b": lambda *_: 2})
    figures = bench.run_bench(measures=["b"])
    assert figures["b"] == 2
    assert "a" not in figures


def test_the_profile_names_every_kernel_and_leaves_them_as_they_were():
    before = products.gradients
    figures = profile.profile(SMALL, 1)
    assert set(profile.KERNELS.values()) < set(figures)
    assert all(milliseconds > 0 for milliseconds in figures.values())
    assert products.gradients is before


def test_the_limit_takes_the_same_connections_to_fewer_units():
    figures = limit.limit(SMALL, 1)
    assert figures["products_ms"] > 0 and figures["first_cache_ms"] > 0
    layers = list(SMALL.training("sparse").training.network.layers)
    before = [layer.indices.by_row[1].copy() for layer in layers]
    limit._products(layers, 8, 2)()
    for layer, columns in zip(layers, before, strict=True):
        assert np.array_equal(layer.indices.by_row[1], columns)


def test_a_package_that_is_missing_is_said_to_be(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sparselab", None)
    for measure in (engines.sparselab, engines.sparse_linear):
        assert "not installed" in measure(SMALL, 1)["missing"]


def test_the_share_of_core_time_counts_what_lies_where_every_core_had_runs():
    """Two cores from 1 s (both have a run) to 9 s (the second last end), so 16 core seconds."""
    watch = scheduling.Stopwatch(enough=4)
    watch.starts = {"a": 0.0, "b": 1.0, "c": 4.5, "d": 5.0}
    watch.ends = {"a": 4.0, "b": 5.0, "c": 9.0, "d": 10.0}
    trained = {"a": 4.0, "b": 3.0, "c": 4.5, "d": 4.0}
    inside = 4.0 * 3 / 4 + 3.0 + 4.5 + 4.0 * 4 / 5
    assert scheduling.share(watch, trained, at_once=2) == pytest.approx(inside / 16)


@pytest.mark.parametrize(("ended", "raised"), [(False, KeyboardInterrupt), (True, UserError)])
def test_scheduling_is_not_measured_by_too_few_runs(monkeypatch, ended, raised):
    def execute(runs, *_, store, **__):
        store.fail(runs[0].key, {"reason": "no luck"})
        return ended

    monkeypatch.setattr(cluster, "execute", execute)
    with pytest.raises(raised) as error:
        scheduling.scheduling(SMALL, 1, runs=2)
    assert ended is ("runs failed (no luck)" in str(error.value))


FIGURES = {
    "machine": {"cpu": "this"},
    "engines": {"sparse_ms": 5.0, "times_faster": 40.0},
    "update": {"random": {"share_of_epoch": 0.02}},
}


def changed(sparse_ms, times_faster):
    return {**FIGURES, "engines": {"sparse_ms": sparse_ms, "times_faster": times_faster}}


def test_a_history_says_what_became_worse(tmp_path):
    file = tmp_path / "history.jsonl"
    history.add(file, changed(9.0, 20.0))
    history.add(file, {**FIGURES, "machine": {"cpu": "another"}})
    history.add(file, FIGURES)
    last = history.latest(file, {"cpu": "this"})
    assert last["engines"] == FIGURES["engines"] and last["time"]
    assert list(history.worse(FIGURES, last)) == []
    assert list(history.worse(changed(5.4, 37.0), last)) == []  # less than a tenth
    (slower,) = history.worse(changed(5.6, 44.0), last)
    assert "engines: sparse ms" in slower and "5.6" in slower
    (fewer,) = history.worse(changed(3.0, 35.0), last)
    assert "times faster" in fewer
    file.write_text(2 * (json.dumps(FIGURES, indent=2) + "\n"))  # what --json printed, twice
    assert history.latest(file, {"cpu": "this"}) == FIGURES


def test_a_history_of_version_010_is_compared_with_figures_of_today(tmp_path):
    file = tmp_path / "history.jsonl"
    earlier = {"random": {"evolution_ms": 4.0, "share_of_epoch": 0.01}}
    file.write_text(json.dumps({"machine": {"cpu": "this"}, "evolution": earlier}))
    figures = {"update": {"random": {"update_ms": 6.0, "share_of_epoch": 0.01}}}
    (slower,) = history.verdict(figures, history.latest(file, {"cpu": "this"}))
    assert "update: random: update ms" in slower


def test_figures_are_compared_with_the_last_ones_of_their_measure(tmp_path):
    file = tmp_path / "new" / "history.jsonl"
    history.add(file, FIGURES)
    history.add(file, {"machine": FIGURES["machine"], "compiling_ms": 1.0, "memory": {"a_mb": 1.0}})
    last = history.latest(file, {"cpu": "this"})
    (slower,) = history.verdict(changed(50.0, 40.0), last)
    assert "engines: sparse ms" in slower
    (same,) = history.verdict({**FIGURES, "compiling_ms": 9000.0}, last)
    assert same == "nothing is more than 10 % worse than before."
    (strange,) = history.verdict({"machine": {"cpu": "this"}, "profile": {"SGD": 1.0}}, last)
    assert "nothing to compare" in strange


def test_what_is_no_history_is_refused_and_left_alone(tmp_path):
    file = tmp_path / "file"
    for content in ("", "nothing", "[1]", '{"a": 1}'):
        file.write_text(content)
        with pytest.raises(UserError, match="holds no figures"):
            history.latest(file, {"cpu": "this"})
    with pytest.raises(UserError, match="holds no figures"):
        history.add(file, FIGURES)
    assert file.read_text() == '{"a": 1}'
    with pytest.raises(UserError, match="cannot be read"):
        history.latest(tmp_path / "none", {"cpu": "this"})
    with pytest.raises(UserError, match="cannot be written"):
        history.check(tmp_path)
    file.write_text(json.dumps({**FIGURES, "machine": {"cpu": "another"}}))
    with pytest.raises(UserError, match="another processor"):
        history.latest(file, {"cpu": "this"})


def test_the_help_lists_the_measures():
    from suite.cli.runs import bench as verb

    listed = verb.__doc__.partition("Measures:")[2].replace("\n", " ").rstrip(". ")
    assert [name.strip() for name in listed.split(",")] == list(bench.MEASURES)


def test_what_is_no_text_is_no_history(tmp_path):
    file = tmp_path / "history.jsonl"
    file.write_bytes(b"\xff\xfe\x00")
    for ask in (lambda: history.latest(file, {"cpu": "this"}), lambda: history.check(file)):
        with pytest.raises(UserError, match="holds no figures of suite bench"):
            ask()


def test_a_share_of_the_first_cache_is_neither_better_nor_worse():
    figures = [{"limit": {"first_cache_share": share}} for share in (0.5, 0.9)]
    assert list(history.worse(*figures)) == list(history.worse(*figures[::-1])) == []


@pytest.mark.parametrize(
    ("method", "watched", "trained", "others"),
    [
        ("set", 0, 0, 500),
        ("mest", 1, 1, 499.85),
        ("snfs_window", 10, 10, 490.5),
        ("gse", 0, 0, 500),
        ("rigl", 1, 0, 496.25),
    ],
)
def test_an_update_is_shown_all_batches_that_it_reads(
    method, watched, trained, others, monkeypatch
):
    side = SMALL.training("sparse", method=method)
    taken = []
    step = side.training.step
    monkeypatch.setattr(side.training, "step", lambda *a, **k: taken.append(k) or step(*a, **k))
    side.step()
    assert side.watched == watched
    side.watch()
    assert taken == [{}] + [{"watch": True}] * trained
    assert len(side.training._seen) == watched
    side.update()
    assert not side.training._seen
    assert of_methods._weights(side)[0] == pytest.approx(others)
