"""Tuning: which runs are trained and which sample wins, whatever happens meanwhile."""

from __future__ import annotations

import dataclasses
import random
import re
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from suite.datasets.digits import digits
from suite.errors import RunsFailedError, UserError
from suite.execution.attempt import attempt
from suite.execution.tuning import tune
from suite.reporting import write
from suite.reporting.appearance import looks
from suite.reporting.section import Material
from suite.reporting.sections import tuning as tuning_section
from suite.reporting.table2 import table2
from suite.reporting.tuning_figures import share
from suite.settings import Settings
from suite.store.exported import export, import_file
from suite.store.known import known_runs
from suite.store.status import look
from suite.store.store import RunStore
from suite.store.table import collect, read
from suite.store.tuned import import_sampled, progress, sampled, standing
from suite.study import load_study
from suite.study.chains import kept_epochs, with_earlier
from suite.study.document import as_yaml
from suite.study.halving import climb
from suite.study.runs import Run
from suite.study.search import read_range
from suite.study.winners import written_cells

STUDY = """
name: tuned
seeds: {{root: 1, count: 2}}
defaults: {{dataset: digits, hidden: [16, 12], epsilon: 3, augment: false, epochs: 4,
  batch_size: 100, train_samples: 400}}
cells: [{{method: set}}, {{method: static}}]
comparisons: {{baseline: {{method: static}}}}
tune:
  search: {{learning_rate: {rates}, zeta: [0.1, 0.5]}}
  algorithm: {algorithm}
  samples: {samples}
  halving: {{from: 1, by: 2}}
  validation: 0.25
"""


@pytest.fixture(scope="module")
def images():
    return digits()


@pytest.fixture
def study(tmp_path):
    def study(samples=4, rates="{log: [0.01, 0.5]}", algorithm="sobol"):
        path = tmp_path / "tuned.yaml"
        path.write_text(STUDY.format(samples=samples, rates=rates, algorithm=algorithm))
        return load_study(path)

    return study


def trainer(store, images, execution, order=list, trained=None):
    """Return what trains the runs of a rung here, in an order of one's own."""

    def train(runs, until):
        for run in order(runs):
            if trained is not None:
                trained.append((run.key, until[run.key]))
            assert attempt(run, images, store, execution, until=until[run.key]) != "stopped"
        return True

    return train


def tuned(study, store, images, **how):
    data = {"digits": images.fingerprint}
    return tune(study, store, data, trainer(store, images, study.file.execution, **how))


def opened(folder):
    store = RunStore(folder)
    store.stand()
    return store


def choice(study):
    return {label: of.winner for label, of in study.tuned.items()}


def timeless(history):
    return [{**record, "seconds": 0} for record in history]


def test_the_winner_becomes_the_setting_of_a_plain_cell(study, store, images):
    found = tuned(study(), store, images)
    data = images.fingerprint
    for cell in found.cells:
        of = found.tuned[cell.label]
        values = of.tuning.samples[of.winner]
        plain = Settings(
            method=cell.settings.method,
            dataset="digits",
            hidden=[16, 12],
            epsilon=3,
            augment=False,
            epochs=4,
            batch_size=100,
            train_samples=400,
            **values,
        )
        assert cell.settings.validation == "test"
        assert Run(cell.label, cell.settings, 1, data).key == Run("x", plain, 1, data).key
    last = found.tuned["set"].rungs[-1]
    assert found.tuned["set"].winner in last.samples
    assert len(last.samples) == 1


FEW = [("sobol", 4), pytest.param("optuna", 12, marks=pytest.mark.ray)]
"""Samples by algorithm: of one that learns more than one batch."""


@pytest.mark.parametrize(("algorithm", "samples"), FEW)
def test_the_choice_depends_neither_on_the_order_nor_on_a_crash(
    study, tmp_path, images, algorithm, samples
):
    asked = study(samples, algorithm=algorithm)
    one = opened(tmp_path / "one")
    expected = choice(tuned(asked, one, images))
    another = opened(tmp_path / "another")
    shuffled = random.Random(1)

    class KilledError(Exception):
        pass

    def dies(runs):
        for place, run in enumerate(shuffled.sample(list(runs), len(runs))):
            if place == 2 and shuffled.random() < 0.7:
                raise KilledError
            yield run

    for _ in range(50):
        try:
            found = tuned(asked, another, images, order=dies)
            break
        except KilledError:
            continue
    assert choice(found) == expected
    for key in one.keys():  # noqa: SIM118
        records = [store.result(key) or store.so_far(key) for store in (one, another)]
        first, second = (timeless(record["history"]) for record in records)
        assert first == second


SPACES = [
    ("{method: set}", "{zeta: [0.1], batch_size: [40]}"),
    ('{method: set, title: "Ours, with: care"}', "{zeta: [0.2]}"),
    (
        '{method: set, dataset: {csv: "a #1, [b]*.csv", label: y, name: "Iris, all"}}',
        "{zeta: [0.1]}",
    ),
    ("{method: dynset, metric: loss}", "{budget: [all], gate: [open], learning_rate: [0.1]}"),
    ("{method: accset, rule: full}", "{fill: [normal], hidden: [[20, 10]]}"),
    ("{method: accset, rule: full}", "{budget: [performance]}"),
    ("{method: set, regrown_weights: normal}", "{fill: [zeros]}"),
    ("{method: rigl}", "{schedule.n: [3], rate.zeta: [0.2], optimizer: [adam]}"),
    (
        "{method: set, schedule: {every_steps: {n: 2}}}",
        "{schedule.until: [0.5], regrow: [gradient]}",
    ),
]


@pytest.mark.parametrize(("cell", "search"), SPACES)
def test_winners_are_written_as_cells_that_mean_them(tmp_path, cell, search):
    path = tmp_path / "tuned.yaml"
    plain = "name: tuned\ndefaults: {{dataset: digits, epsilon: 2, epochs: 3}}\ncells: [{}]\n"
    path.write_text(plain.format(cell) + f"tune: {{search: {search}, samples: 1}}")
    study = load_study(path)
    (tuning,) = study.tunings
    rungs = climb(tuning.fitting, tuning.epochs, tuning.most, lambda *_: 0.5)
    study = study.with_winners({tuning.cell.label: tuning.winner(rungs)})
    (written,) = written_cells(study).values()
    path.write_text(plain.format(as_yaml(written, quoted=True)))
    again = load_study(path).cells[0]
    assert again.settings.deciding() == study.cells[0].settings.deciding()
    assert again.own_title == study.cells[0].own_title


def test_nothing_is_trained_twice_and_a_survivor_goes_on_from_its_checkpoint(study, store, images):
    trained = []
    tuned(study(), store, images, trained=trained)
    assert len(trained) == len(set(trained))
    again = []
    tuned(study(), store, images, trained=again)
    assert again == []
    finished = [key for key in store.keys() if store.result(key)]  # noqa: SIM118
    assert finished
    assert all(store.result(key)["provenance"]["resumed_after"] == 2 for key in finished)


def test_a_continued_run_is_the_run_that_never_stopped(study, store, tmp_path, images):
    asked = study()
    tuned(asked, store, images)
    data, straight = images.fingerprint, opened(tmp_path / "straight")
    tuning = asked.tunings[0]
    run = next(run for s in tuning.fitting for run in tuning.runs(s, data) if store.result(run.key))
    attempt(run, images, straight, asked.file.execution)
    histories = [timeless(of.result(run.key)["history"]) for of in (store, straight)]
    assert histories[0] == histories[1]


@pytest.mark.parametrize(("algorithm", "samples"), FEW)
def test_damaged_files_are_computed_again_and_the_choice_stays(
    study, store, images, caplog, algorithm, samples
):
    asked = study(samples, algorithm=algorithm)
    found = tuned(asked, store, images)
    tuning = found.tuned["set"].tuning
    runs = [run for s in tuning.fitting for run in tuning.runs(s, images.fingerprint)]
    stopped = next(run.key for run in runs if store.so_far(run.key))
    finished = next(run.key for run in runs if store.result(run.key))
    damaged = [f"runs/{stopped}/so-far.json", f"runs/{finished}/result.json"]
    damaged += [f"tunings/{tuning.key(images.fingerprint)}.json"] if tuning.learns else []
    for name in damaged:
        file = Path(store.place.root, name)
        file.write_bytes(file.read_bytes()[:-9])
    trained = []
    again = tuned(asked, store, images, trained=trained)
    assert choice(again) == choice(found)
    assert again.tuned["set"].tuning == tuning
    assert {key for key, _ in trained} == {stopped, finished}
    said = sorted(message for message in caplog.messages if "computed again" in message)
    assert [message.partition(" in ")[0] for message in said] == sorted(damaged)


@pytest.mark.slow
@pytest.mark.parametrize(("algorithm", "samples"), FEW)
def test_more_samples_only_add(study, store, tmp_path, images, algorithm, samples):
    few, more = [], []
    tuned(study(samples, algorithm=algorithm), store, images, trained=few)
    found = tuned(study(2 * samples, algorithm=algorithm), store, images, trained=more)
    assert not set(few) & set(more)
    assert more
    at_once = tuned(study(2 * samples, algorithm=algorithm), opened(tmp_path / "other"), images)
    for label, of in at_once.tuned.items():
        assert found.tuned[label].tuning.samples == of.tuning.samples
        assert found.tuned[label].winner == of.winner


@pytest.mark.ray
def test_optuna_learns_and_its_samples_outlast_it(study, store, images, monkeypatch):
    asked = study(24, algorithm="optuna")
    found = tuned(asked, store, images)
    for of in found.tuned.values():
        rates = [sample["learning_rate"] for sample in of.tuning.samples]
        values = [-v for v in of.rungs[0].values]
        good = sorted(range(8), key=values.__getitem__)[:2]  # of the first batch, a random one
        near = [min(abs(np.log(rate / rates[it])) for it in good) for rate in rates]
        assert np.mean(near[8:]) < np.mean(near[:8])
    monkeypatch.setitem(sys.modules, "optuna", None)  # not installed
    assert choice(tuned(asked, store, images)) == choice(found)
    with pytest.raises(UserError, match=r"tune: algorithm: .*pip install 'regrowth-suite\[tune\]'"):
        tuned(study(32, algorithm="optuna"), store, images)


@pytest.mark.ray
def test_without_halving_a_winner_waits_for_every_sample_of_an_algorithm_that_learns(
    study, store, images
):
    path = study(12, algorithm="optuna").path
    path.write_text(path.read_text().replace("  halving: {from: 1, by: 2}\n", ""))
    asked, data, rounds = load_study(path), {"digits": images.fingerprint}, []
    store.note_fingerprint("digits", images.fingerprint)
    train = trainer(store, images, asked.file.execution)

    def watched(runs, until):
        known = standing(asked, store, data).values()
        rounds.append([(len(of.tuning.samples), of.winner, of.hopeless) for of in known])
        return train(runs, until)

    found = tune(asked, store, data, watched)
    assert rounds == [2 * [(8, None, False)], 2 * [(12, None, False)]]
    assert all(len(of.tuning.samples) == 12 for of in found.tuned.values())
    assert all(of.winner is not None for of in found.tuned.values())


@pytest.mark.ray
def test_a_list_of_samples_that_is_damaged_is_asked_for_again(study, store, images):
    asked = study(12, algorithm="optuna")
    found, trained = tuned(asked, store, images), []
    for file in (Path(store.location) / "tunings").glob("*.json"):
        file.write_bytes(file.read_bytes()[:-9])
    assert choice(tuned(asked, store, images, trained=trained)) == choice(found)
    assert trained == []


def test_no_test_image_is_looked_at(study, tmp_path, images):
    """Useless test images have other keys, so everything is trained again; the choice stays."""
    rng = np.random.default_rng(0)
    useless = dataclasses.replace(
        images, y_test=rng.permutation(images.y_test), fingerprint="useless"
    )
    choices = [
        choice(tuned(study(), opened(tmp_path / which.fingerprint[:8]), which))
        for which in (images, useless)
    ]
    assert choices[0] == choices[1]


def test_a_sample_that_diverges_loses(study, store, images):
    found = tuned(study(rates="[0.05, 1.0e+30]"), store, images)
    for of in found.tuned.values():
        assert of.tuning.samples[of.winner]["learning_rate"] == 0.05


def test_a_sample_whose_dense_training_diverges_loses_too(tmp_path, store, images):
    text = STUDY.format(samples=4, rates="[0.05, 1.0e+30]", algorithm="sobol")
    for before, now in (
        ("[{method: set}, {method: static}]", "[{method: ticket}, {method: static, epsilon: 3}]"),
        (", zeta: [0.1, 0.5]", ""),
        ("[16, 12], epsilon: 3, ", "[16, 12], "),
    ):
        text = text.replace(before, now)
    (tmp_path / "tuned.yaml").write_text(text)
    asked = load_study(tmp_path / "tuned.yaml")

    def train(runs, until):
        to_run = with_earlier(runs)
        keeps = kept_epochs(to_run)
        for run in to_run:
            up_to = until.get(run.key)
            attempt(
                *(run, images, store, asked.file.execution),
                keeps=keeps.get(run.key, ()),
                until=up_to,
            )
        return True

    found = tune(asked, store, {"digits": images.fingerprint}, train)
    for of in found.tuned.values():
        assert of.tuning.samples[of.winner]["learning_rate"] == 0.05


def test_where_every_sample_diverges_that_is_said(study, store, images):
    with pytest.raises(RunsFailedError, match="no sample of set, static "):
        tuned(study(rates="[2.0e+30, 1.0e+30]"), store, images)


def test_a_run_that_fails_otherwise_ends_the_tuning(study, store, images):
    asked = study()

    def train(runs, until):
        store.fail(runs[0].key, {"reason": "its node has died", "traceback": ""})
        return True

    with pytest.raises(RunsFailedError, match=r"set, sample 1.*its node has died"):
        tune(asked, store, {"digits": images.fingerprint}, train)


def test_results_have_the_winners_settings_and_say_how_they_were_chosen(study, store, images):
    asked = study()
    before = collect(asked, store)
    assert not before.complete
    assert before.frame.empty
    found = tuned(asked, store, images)
    for run in found.runs({"digits": images.fingerprint}):
        attempt(run, images, store, asked.file.execution)
    results = collect(asked, store)
    assert results.complete
    assert [cell.settings for cell in results.study.cells] == [c.settings for c in found.cells]
    assert results.study.pairs[0][0] is results.study.cells[0]
    for run in results.runs:
        of, said = found.tuned[run.cell], run.record["provenance"]["tuning"]
        assert said["study"] == "tuned"
        assert said["values"] == of.tuning.samples[of.winner]
        assert said["values"].items() <= run.record["settings"].items()
        assert (said["sample"], said["samples"]) == (of.winner + 1, 4)
        assert (said["rungs"], said["runs"], said["epochs"]) == ([1, 2, 4], 4, 8)
        (tuning_run,) = of.tuning.runs(of.winner, images.fingerprint)
        of_sample = store.result(tuning_run.key)
        assert said["seeds"] == [of_sample["seed"]]
        assert said["mean"] == of_sample["history"][-1][said["measure"]]
        assert of_sample["provenance"]["tuning"] == {"sample": of.winner + 1}


@pytest.mark.parametrize(("algorithm", "samples"), FEW)
def test_an_import_goes_on_where_the_export_was(study, store, tmp_path, images, algorithm, samples):
    asked, trained = study(samples, "[0.05, 1.0e+30]", algorithm), []
    found = tuned(asked, store, images, trained=trained)
    for run in found.runs({"digits": images.fingerprint}):
        attempt(run, images, store, asked.file.execution)
    export(collect(asked, store), tmp_path / "tuned.parquet")
    other = opened(tmp_path / "other")
    assert import_file(tmp_path / "tuned.parquet", other).added
    again = []
    assert choice(tuned(asked, other, images, trained=again)) == choice(found)
    assert again == []
    assert collect(asked, other).complete


def test_an_import_keeps_this_stores_samples_where_another_has_others(store):
    ours, longer = [[0.1]] * 8 + [[0.2]] * 8, [[0.1]] * 8 + [[0.9]] * 16
    store.keep_samples("a" * 16, ours)
    for theirs, conflicting in ((longer, ["a" * 16]), (ours[:4], []), (ours, [])):
        assert import_sampled({"a" * 16: {"shares": theirs}}, store) == conflicting
        assert store.samples("a" * 16) == ours
    assert import_sampled({"a" * 16: {"shares": [*ours, [0.3]]}}, store) == []
    assert store.samples("a" * 16) == [*ours, [0.3]]


def test_an_import_keeps_this_stores_unfinished_run_where_another_went_elsewhere(
    study, store, images
):
    asked = study()
    tuned(asked, store, images)
    data = {"digits": images.fingerprint}
    known = sampled(standing(asked, store, data), store, data)
    key, record = next((k, of) for k, of in known.items() if len(of["history"]) == 1)
    other = {**record, "history": [{**record["history"][0], "val_loss": 9.0}] * 2}
    assert import_sampled({key: other}, store) == [key]
    assert store.so_far(key) == record
    assert import_sampled({key: {**record, "history": record["history"] * 2}}, store) == []
    assert len(store.so_far(key)["history"]) == 2


@pytest.mark.parametrize(
    ("sampled", "words"),
    [
        ([], "by their keys"),
        ({"../../x": {}}, "by their keys"),
        ({"0123456789abcdef": 3}, "0123456789abcdef"),
        ({"0123456789abcdef": {"history": [{"epoch": 1}]}}, "0123456789abcdef"),
        ({"0123456789abcdef": {"shares": [["a"]]}}, "0123456789abcdef"),
    ],
)
def test_an_import_of_damaged_samples_is_refused(study, store, tmp_path, sampled, words):
    nothing = collect(study(), store)
    file = tmp_path / "tuned.parquet"
    export(dataclasses.replace(nothing, sampled=sampled or [3]), file)
    with pytest.raises(UserError, match=words) as raised:
        import_file(file, store)
    assert str(raised.value).startswith(str(file))


@pytest.mark.slow
def test_the_report_has_budget_winner_and_samples(study, store, tmp_path, images):
    asked = study()
    found = tuned(asked, store, images)
    for run in found.runs({"digits": images.fingerprint}):
        attempt(run, images, store, asked.file.execution)
    page = write(collect(asked, store), tmp_path / "report").index.read_text()
    assert 'id="tuning"' in page
    assert "Untuned" not in page
    of = found.tuned["set"]
    assert f"zeta {of.tuning.samples[of.winner]['zeta']:g}" in page
    rows = pd.read_csv(tmp_path / "report" / "tuning-samples.csv")
    assert list(rows.groupby("epoch").size()) == [8, 4, 2]
    best = pd.read_csv(tmp_path / "report" / "tuning-best.csv")
    assert list(best.groupby("cell").size()) == [4, 4]
    for label, of_cell in best.groupby("cell"):
        first = rows[(rows["cell"] == label) & (rows["epoch"] == 1)]["val_accuracy"]
        assert of_cell["mean"].iloc[0] == pytest.approx(first.mean())
        assert of_cell["mean"].is_monotonic_increasing
        assert (of_cell["high"] <= first.max()).all()
    for stem in ("tuning-samples", "tuning-best"):
        assert f'aria-labelledby="{stem}-title' in page
    for colour in set(re.findall(r"var\((--h-\w+)\)", page)):
        assert f"{colour}:" in page  # else it would not be seen
    assert rows[rows["winner"]].groupby("cell")["sample"].nunique().tolist() == [1, 1]


def test_the_report_says_which_cells_were_not_tuned(tmp_path, store, images):
    """static has no zeta."""
    path = tmp_path / "tuned.yaml"
    text = STUDY.format(samples=4, rates="[0.05]", algorithm="sobol")
    searched = "search: {learning_rate: [0.05], zeta: [0.1, 0.5]}"
    assert searched in text
    path.write_text(text.replace(searched, "search: {zeta: [0.1, 0.5]}"))
    asked = load_study(path)
    found = tuned(asked, store, images)
    for run in found.runs({"digits": images.fingerprint}):
        attempt(run, images, store, asked.file.execution)
    results = collect(asked, store)
    material = Material(results, table2(results), looks(results.study.cells), tmp_path)
    text = tuning_section.section(material).blocks[0]
    assert text.startswith(
        "Static sparse training has none of the settings that are searched, and its own settings "
        "are used. Every other cell was tuned with the same number of samples"
    )


@pytest.mark.slow
def test_untuned_stands_beside_tuned_where_both_were_run(study, store, tmp_path, images):
    asked, data = study(), {"digits": images.fingerprint}
    found = tuned(asked, store, images)
    for run in [*found.runs(data), *asked.untuned_runs(data)[:2]]:  # both cells, one seed
        attempt(run, images, store, asked.file.execution)
    export(collect(asked, store), tmp_path / "tuned.parquet")
    results = read(asked, tmp_path / "tuned.parquet")
    assert set(results.untuned["cell"]) == {"set", "static"}
    assert set(results.untuned["seed"]) == {1}
    page = write(results, tmp_path / "report").index.read_text()
    grid = page.partition('id="tuning-untuned"')[2].partition("</table>")[0]
    after = results.frame[(results.frame["cell"] == "set") & (results.frame["seed"] == 1)]
    before = results.untuned[results.untuned["cell"] == "set"]
    for frame in (after, before):
        assert f"{frame['test_accuracy'].iloc[-1]:.4f}" in grid


def test_a_study_may_ask_for_untuned_runs(study, store, images, tmp_path):
    path = study().path
    path.write_text(
        path.read_text().replace("validation: 0.25", "validation: 0.25\n  untuned: true")
    )
    asked = load_study(path)
    store.note_fingerprint("digits", images.fingerprint)
    assert [run.cell for run in known_runs(asked, store)][-2:] == [
        "set, untuned",
        "static, untuned",
    ]
    assert len(known_runs(asked, store)) == 8
    assert {cell.cell for cell in look(asked, store).cells} >= {"set, untuned"}
    data = {"digits": images.fingerprint}
    found = tuned(asked, store, images)
    train = trainer(store, images, asked.file.execution)
    train(found.runs(data), {run.key: 4 for run in found.runs(data)})
    assert not collect(asked, store).complete
    untuned = found.untuned_runs(data)
    train(untuned, {run.key: 4 for run in untuned})
    assert collect(asked, store).complete


def test_where_a_value_lies_on_its_axis():
    assert share(read_range({"log": [0.01, 1.0]}), 0.1) == pytest.approx(0.5)
    assert share(read_range({"uniform": [1, 3]}), 1.5) == pytest.approx(0.25)
    assert share(read_range(["a", "b"]), "b") == pytest.approx(0.75)


def test_how_far_tuning_is(study, store, images):
    asked, data = study(), {"digits": images.fingerprint}
    nothing = progress(standing(asked, store, data))
    assert (nothing.ended, nothing.runs, nothing.epochs_done, nothing.winners) == (0, 8, 0, 0)
    assert not look(asked, store).begun
    now = {"time": time.time(), "stopping": False, "seconds_left": 9.0}
    far = {"token": "t", "host": "far", "machine": "far", "pid": 7, "started": 1.0}
    store.note_driver("tuned", far | now)
    assert look(asked, store).seconds_left is None  # 9 s are left of a rung
    tuned(asked, store, images)
    status = look(asked, store)
    assert status.seconds_left == pytest.approx(9.0, abs=5)
    assert status.begun
    assert not status.complete
    done = progress(standing(asked, store, data))
    assert (done.ended, done.winners) == (8, 2)
    assert done.epochs_done == done.epochs == 2 * (4 * 1 + 2 * 1 + 1 * 2)
