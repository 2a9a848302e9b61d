"""A wrong study file: every mistake at once, each with its line, its field and what is allowed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from suite.errors import UserError
from suite.study import load_study
from suite.study.document import read_document
from suite.study.mistakes import Mistakes

RIGHT = "name: x\ncells: [{method: set}]\n"
RULES = {
    # ---- fields that do not exist, at every level
    "an unknown field": (
        RIGHT + "colour: red\n",
        (3, "colour", '"colour"', "defaults", "execution"),
    ),
    "misspelt fields": (
        "nam: x\ncell: [{method: set}]\n",
        (1, "nam", '"nam"', '"name"'),
        (2, "cell", '"cell"', '"cells"'),
    ),
    "a field that is missing beside one that is unknown": (
        "title: x\ncolour: red\ncells: [{method: set}]\n",
        (1, "", '"name"', "63"),
        (2, "colour", '"colour"'),
    ),
    "misspelt seeds": (
        RIGHT + "seeds:\n  roots: 1\n  cont: 3\n",
        (4, "seeds.roots", '"roots"', '"root"'),
        (5, "seeds.cont", '"cont"', '"count"'),
    ),
    "misspelt execution": (
        RIGHT + "execution:\n  engin: auto\n",
        (4, "execution.engin", '"engin"', '"engine"'),
    ),
    "misspelt comparisons": (
        RIGHT + "comparisons:\n  outcom: test_loss\n  measure: {lst: 3}\n",
        (4, "comparisons.outcom", '"outcom"', '"outcome"'),
        (5, "comparisons.measure.lst", '"lst"', '"last"'),
    ),
    "options of parts out of range, those with a flat name too": (
        "name: x\ndefaults: {initial: {erdos_renyi: {epsilon: -3}}}\ncells:\n"
        "  - {method: set, rate: {cosine: {zeta: 3}}}\n"
        "  - {method: set, rate: {cosine: {end: 2}}}\n"
        "  - {method: set, grid: {rate.zeta: [0.1, 3]}}\n"
        "  - {method: accset, budget: {performance: {k: much}}}\n"
        "  - {method: set, regrow: {one_neighbour: {neighbourhood: diag}}}\n",
        (2, "defaults.initial.erdos_renyi.epsilon", "above 0", "-3"),
        (4, "cells[0].rate.cosine.zeta", "below 1", "3"),
        (5, "cells[1].rate.cosine.end", "below 1", "2"),
        (6, "cells[2].grid.rate.zeta[1]", "below 1", "3"),
        (7, "cells[3].budget.performance.k", "below 1", '"much"'),
        (8, "cells[4].regrow.one_neighbour.neighbourhood", '"diag"', '"diagonal"'),
    ),
    "options of parts, where they are written": (
        "name: x\ncells:\n  - method: set\n    rate:\n      cosine:\n        zeta: 0.3\n"
        "        foo: 1\n  - {method: set, budget: {stairs: {to: [[0.5, x]]}}}\n"
        "  - {method: set, budget: {stairs: {to: 3}}}\n"
        "  - {method: set, grid: {rate.zet: [0.1, 0.2]}}\n",
        (7, "cells[0].rate.cosine.foo", '"cosine"', '"foo"', "zeta, end, until"),
        (8, "cells[1].budget.stairs.to[0][1]", "above 0", '"x"'),
        (9, "cells[2].budget.stairs.to", "a list of 2", "3."),
        (10, "cells[3].grid.rate.zet", "no prune rate", '"zet"', '"zeta"?'),
    ),
    "wrong defaults and wrong cells": (
        "name: x\ndefaults: {epochs: -3, datset: digits}\ncells: {method: set}\n",
        (2, "defaults.epochs", "1", "-3"),
        (2, "defaults.datset", '"dataset"'),
        (3, "cells", "a list", "a dash"),
    ),
    "a space or a bracket that is missing": (
        "name: x\ndefaults:\n  epochs:3\nplugins: a.py\nexecution: {cpu:2}\n"
        "cells: [set, {hidden: 100}]\n",
        (2, "defaults", "epochs: 3", "space"),
        (4, "plugins", "[a.py]"),
        (5, "execution.cpu:2", "cpu: 2", "space"),
        (6, "cells[0]", "{method: set}"),
    ),
    "a dash without a space": (
        "name: x\ncells:\n  -method: set\n",
        (2, "cells", "a list", "space after a dash"),
    ),
    "a list of which one entry is too short": (
        "name: x\ncells: [{method: set, budget: {stairs: {to: [[0.5, 0.2], [0.1]]}}}]\n",
        (2, "cells[0].budget.stairs.to[1]", "a list of 2", "a list of 1"),
    ),
    "no entry of the list that is meant": (
        "name: x\ncells: 3\nclaims: a\n",
        (2, "cells", "a mapping, not 3."),
        (3, "claims", 'not "a".'),
    ),
    "text with a colon that is no key": (
        "name: x\ncells: [{dataset: 's3://b/x.npz'}]\nseeds:{count: 3}\n",
        (2, "cells[0].dataset", '"s3://b/x.npz".'),
        (3, "seeds:{count", "the colon of seeds"),
    ),
    "values within values of ranges": (
        "name: x\ncells: [{method: set, regrow: gradient_sampled}]\ntune:\n  samples: 4\n"
        "  search:\n    initial_weights: [{distribution: x}]\n"
        "    learning_rate: [{curve: cosin, start: 1}, {curve: cosine, strt: 1}]\n"
        "    hidden: [[100, x]]\n    regrow.power: [1, -2]\n"
        "    activation: {uniform: [0, 1]}\n",
        (6, "tune.search.initial_weights[0].distribution", "uniform", "normal", '"x"'),
        (7, "tune.search.learning_rate[0].curve", "cosine", '"cosin"'),
        (7, "tune.search.learning_rate[1]", '"start"'),
        (8, "tune.search.hidden[0][1]", "a whole number", '"x"'),
        (9, "tune.search.regrow.power[1]", "from 0 to 4, not -2."),
        (10, "tune.search.activation", "choices"),
    ),
    "values of ranges, where they are written": (
        "name: x\ncells: [{method: set, rate: cosine}, {method: lset}, {method: accset}]\n"
        "tune:\n  samples: 5\n  search:\n    rate.end: {uniform: [0.1, 2]}\n"
        "    optimizer: [sgd, adm]\n    regrow: [random, rnd]\n  cells:\n"
        "    - {cell: lset, search: {zeta: {log: [0.2, 3]}}}\n"
        '    - {cell: accset, search: {batch_size: {log: [1, 10]}, epsilon: [3, "4"]}}\n',
        (6, "tune.search.rate.end.uniform[1]", "below 1", "2"),
        (7, "tune.search.optimizer[1]", '"adm"', '"adam"'),
        (8, "tune.search.regrow[1]", '"rnd"', '"random"'),
        (10, "tune.cells[0].search.zeta.log[1]", "below 1", "3"),
        (11, "tune.cells[1].search.batch_size", "whole numbers", "int"),
        (11, "tune.cells[1].search.epsilon[1]", "above 0", '"4"', "quotes"),
    ),
    "mappings that name no part, no noise and no data": (
        "name: x\ncells:\n  - {method: set, regrow: {random: {}, gradient: {}}}\n"
        "  - {method: l0, noise: {kind: gauss}}\n  - {method: set, dataset: {parket: x}}\n"
        "  - {method: set, epochs: 99999999999999999999}\n",
        (3, "cells[0].regrow", "one name", "options", "{random: ..., gradient: ...}"),
        (4, "cells[1].noise", "{kind: hard_concrete}", "{kind: variational}"),
        (5, "cells[2].dataset", "{parket: ...}", '"parquet"'),
        (6, "cells[3].epochs", "1000000000"),
    ),
    "a threshold that is to remove a number of connections": (
        "name: x\ncells:\n  - {method: dsr, budget: {cubic: {density: 0.1}}}\n"
        "  - {method: set, prune: threshold, budget: {stairs: {to: [[0.5, 0.1]]}}}\n",
        (3, "cells[0].budget", '"cubic"', '"threshold"', '"magnitude"'),
        (4, "cells[1].budget", '"stairs"', '"threshold"'),
    ),
    "a title that another cell has, whichever comes first": (
        "name: x\ncells:\n  - {method: set, title: AccSET}\n  - {method: accset}\n"
        "  - {method: static, title: A}\n  - {method: lset, title: A}\n",
        (3, "cells[0].title", '"AccSET"'),
        (6, "cells[3].title", '"A"'),
    ),
    "parts that end before they begin": (
        "name: x\ncells:\n"
        "  - {method: set, rate: {inverse_power: {begin: 0.5, until: 0.2}}}\n"
        "  - method: rigl\n    schedule: {every_steps: {begin: 0.75}}\n"
        "  - {method: gmp, grid: {budget.end: [0.5, 0.01]}}\n",
        (3, "cells[0].rate", '"inverse_power"', "until", "0.2", "above begin", "0.5"),
        (5, "cells[1].schedule", '"every_steps"', "until", "0.75", "above begin", "0.75"),
        (6, "cells[2].grid.budget.end[1]", '"cubic"', "end", "0.01", "above start", "0.0166667"),
    ),
    "an unknown cell of a reference": (
        RIGHT + "report:\n  references:\n    - cell: lset\n      source: theirs\n"
        "      epochs: [{epoch: 1, val_los: 2.3}]\n",
        (5, "report.references[0].cell", '"lset"', '"set"'),
        (7, "report.references[0].epochs[0].val_los", '"val_los"', '"val_loss"'),
    ),
    "misspelt claims": (
        RIGHT + "claims:\n  - sentense: a\n    parts:\n"
        "      - {cell: [set], against: [set], direction: higher}\n",
        (4, "claims[0].sentense", '"sentense"', '"sentence"'),
        (6, "claims[0].parts[0].cell", '"cell"', '"cells"'),
    ),
    "misspelt report": (
        RIGHT + "report: {zom: 3}\n",
        (3, "report.zom", '"zom"', '"zoom"'),
    ),
    "misspelt settings": (
        "name: x\ndefaults:\n  lerning_rate: 0.1\n  method: set\ncells:\n  - {methd: set}\n"
        "  - grid:\n      zetaa: [0.1, 0.2]\n",
        (3, "defaults.lerning_rate", '"lerning_rate"', '"learning_rate"'),
        (6, "cells[0].methd", '"methd"', '"method"'),
        (8, "cells[1].grid.zetaa", '"zetaa"', '"zeta"'),
    ),
    "misspelt data set": (
        "name: x\ncells:\n  - dataset: {folder: a, nme: b}\n  - dataset: {parqet: a}\n",
        (3, "cells[0].dataset.nme", '"nme"', '"name"'),
        (
            4,
            "cells[1].dataset",
            "digits",
            "mnist",
            "{parquet: ...}",
            "{csv: ...}",
            "{npz: ...}",
            "{folder: ...}",
            "{parqet: ...}",
        ),
    ),
    "two sources at once": (
        "name: x\ncells:\n  - dataset: {npz: a, folder: b}\n"
        "  - dataset: {folder: a, parquet: b, npz: c, train: d}\n  - dataset: {npz: a, train: b}\n",
        (3, "cells[0].dataset.folder", "npz"),
        (4, "cells[1].dataset.folder", "parquet"),
        (4, "cells[1].dataset.npz", "parquet"),
        (5, "cells[2].dataset.train", '"train"', "npz"),
    ),
    "empty sources": (
        "name: x\ncells:\n  - dataset: {npz: ''}\n  - dataset: {folder: ''}\n"
        "  - dataset: {parquet: ''}\n  - dataset: {parquet: []}\n  - dataset: {parquet: [a, '']}\n",
        (3, "cells[0].dataset.npz", '""'),
        (4, "cells[1].dataset.folder", '""'),
        (5, "cells[2].dataset.parquet", "1", '""'),
        (6, "cells[3].dataset.parquet", "1"),
        (7, "cells[4].dataset.parquet[1]", '""'),
    ),
    "a grid in the defaults": (
        "name: x\ndefaults:\n  grid: {zeta: [0.1, 0.2]}\ncells: [{method: set}, {method: lset}]\n"
        "comparisons: {baseline: 'set[zeta=0.1]', pairs: [[set, accset]]}\n",
        (3, "defaults.grid", "grid", "defaults"),
        (5, "comparisons.pairs[0][1]", '"accset"'),
    ),
    # ---- names that do not exist
    "misspelt names": (
        "name: x\ncells:\n  - method: sett\n  - regrow: one_neighbor\n  - prune: magnitud\n"
        "  - {dataset: cifar_10}\n  - activation: rely\n  - {method: dynset, metric: val_los}\n",
        (3, "cells[0].method", '"sett"', '"set"'),
        (4, "cells[1].regrow", '"one_neighbor"', '"one_neighbour"'),
        (5, "cells[2].prune", '"magnitud"', '"magnitude"'),
        (
            6,
            "cells[3].dataset",
            "digits",
            "mnist",
            "{parquet: ...}",
            "{csv: ...}",
            "{npz: ...}",
            "{folder: ...}",
            '"cifar_10"',
            '"cifar10"',
        ),
        (7, "cells[4].activation", "leaky_relu", "relu", '"rely"', '"relu"'),
        (8, "cells[5].metric", "val_loss", "val_accuracy", '"val_los"', '"val_loss"'),
    ),
    "a name like no other": (
        "name: x\ncells: [{method: frobnicate}]\n",
        (2, "cells[0].method", '"frobnicate"', "accset", "lset"),
    ),
    # ---- types and ranges
    "wrong types": (
        "name: x\ndefaults:\n  epochs: 1.5\n  batch_size: 1e2\n  zeta: big\n  augment: 1\n"
        "  hidden: 100\n  dropout: true\n  window: yes\n  epsilon: '20'\ncells: [{method: set}]\n",
        (3, "defaults.epochs", "1", "1.5"),
        (4, "defaults.batch_size", "1", "100.0"),
        (5, "defaults.zeta", "0", "1", '"big"'),
        (6, "defaults.augment", "false", "1"),
        (7, "defaults.hidden", "1", "1", "100"),
        (8, "defaults.dropout", "0", "1"),
        (9, "defaults.window", "1", '"yes"'),
        (10, "defaults.epsilon", "0", '"20"', "quotes"),
    ),
    "out of range": (
        "name: x\ndefaults:\n  epochs: -3\n  batch_size: 0\n  zeta: 1\n  dropout: 1.0\n"
        "  momentum: -0.1\n  learning_rate: 0\n  k: 1\n  validation: 1\n  train_samples: 0\n"
        "  negative_slope: -1\n  hidden: [100, 0]\ncells: [{method: set}, {hidden: []}]\n",
        (3, "defaults.epochs", "1", "3"),
        (4, "defaults.batch_size", "1", "0"),
        (5, "defaults.zeta", "0", "1", "1"),
        (6, "defaults.dropout", "0", "1", "1.0"),
        (7, "defaults.momentum", "0", "1", "-0.1"),
        (8, "defaults.learning_rate", "0", "{curve: ..., start: ...}", "0"),
        (9, "defaults.k", "1", "1", "1"),
        (10, "defaults.validation", "0", "1", "1"),
        (11, "defaults.train_samples", "1", "0"),
        (12, "defaults.negative_slope", "0", "1"),
        (13, "defaults.hidden[1]", "1", "0"),
        (14, "cells[1].hidden", "1", "1"),
    ),
    "not finite": (
        "name: x\ncells:\n  - zeta: .nan\n  - learning_rate: .inf\n  - k: -.Inf\n"
        "  - negative_slope: 1e999\n",
        (3, "cells[0].zeta", "0", "1", ".nan"),
        (4, "cells[1].learning_rate", "0", "{curve: ..., start: ...}", ".inf"),
        (5, "cells[2].k", "1", "1", ".inf"),
        (6, "cells[3].negative_slope", "0", ".inf"),
    ),
    "long values are cut, and stay on one line": (
        "name: x\ncells:\n  - zeta: |\n      several\n      lines\n"
        f"  - zeta: {'long' * 50}\n  - zeta: '&a [*a]'\n"
        "  - zeta: {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6}\n",
        (3, "cells[0].zeta", "0", "1", '"several lines"'),
        (
            6,
            "cells[1].zeta",
            "0",
            "1",
            '"longlonglonglonglonglonglonglonglonglonglonglonglonglonglong..."',
        ),
        (7, "cells[2].zeta", "0", "1", '"&a [*a]"'),
        (8, "cells[3].zeta", "0", "1", "{a: ..., b: ..., c: ..., d: ..., e: ...}"),
    ),
    "empty values": (
        "name: x\ntitle:\ncells:\n  - zeta:\n  -\n",
        (2, "title"),
        (4, "cells[0].zeta", "0", "1"),
        (5, "cells[1]"),
    ),
    "a wrong default that every cell overrides": (
        "name: x\ndefaults: {zeta: 3, regrow: one_neighbor}\n"
        "cells: [{zeta: 0.2, regrow: random}]\n",
        (2, "defaults.zeta", "0", "1", "3"),
        (2, "defaults.regrow", '"one_neighbor"', '"one_neighbour"'),
    ),
    "one wrong default in many cells is said once": (
        "name: x\ndefaults:\n  zeta: 3\ncells: [{method: set}, {method: accset}]\n",
        (3, "defaults.zeta", "0", "1", "3"),
    ),
    "wrong top-level values": (
        "schema: 2\nname: a b\ntitle: 3\nseeds: 3\nreport: {zoom: 1, decimal: dot}\n"
        "cells: {method: set}\nclaims: {sentence: a}\nplugins: mine.py\n",
        (1, "schema", "1", "2"),
        (2, "name", "63", '"a b"'),
        (3, "title", "3", "quotes"),
        (4, "seeds", "3"),
        (5, "report.zoom", "2", "1"),
        (5, "report.decimal", '"dot"'),
        (6, "cells", "1", "{method: ...}"),
        (7, "claims", "{sentence: ..., parts: ...}", "{sentence: ...}"),
        (8, "plugins", '"mine.py"'),
    ),
    "true is not one": (
        RIGHT + "schema: true\n",
        (3, "schema", "1", "true"),
    ),
    "wrong seeds": (
        RIGHT + "seeds:\n  root: -1\n  count: true\nexecution: {cpu: [1, 2]}\n",
        (4, "seeds.root", "0", "4294967296", "1"),
        (5, "seeds.count", "1"),
        (6, "execution.cpu", "0", "2"),
    ),
    "wrong execution": (
        RIGHT + "execution:\n  engine: fast\n  cpu: 0\n  gpu: -1\n  retries: 1.5\n"
        "  checkpoint_seconds: soon\n",
        (4, "execution.engine", '"fast"'),
        (5, "execution.cpu", "0", "0"),
        (6, "execution.gpu", "0", "1"),
        (7, "execution.retries", "0", "1.5"),
        (8, "execution.checkpoint_seconds", "0", '"soon"'),
    ),
    "the sparse engine on a GPU": (
        RIGHT + "execution: {engine: sparse, gpu: 1}\n",
        (3, "execution", "engine"),
    ),
    "the sparse engine on a GPU, among other mistakes": (
        RIGHT + "execution: {engine: sparse, gpu: 1, cpus: 3}\nreport: {zoom: 0}\n",
        (3, "execution.cpus", '"cpus"', '"cpu"'),
        (3, "execution", "engine"),
        (4, "report.zoom", "2", "0"),
    ),
    "wrong comparisons": (
        RIGHT + "comparisons:\n  outcome: accuracy\n  measure: lats\n  baseline: 3\n"
        "  pairs: [set, [set], [set, set, set]]\n  design: pairs\n  correction: bonferroni\n"
        "  alpha: 2\n  equivalence_margin: 0\n",
        (4, "comparisons.outcome", "test_accuracy", "test_loss", '"accuracy"', '"val_accuracy"'),
        (5, "comparisons.measure", "{last: ...}", '"lats"', '"last"'),
        (6, "comparisons.baseline", "3", "quotes"),
        (7, "comparisons.pairs[0]", "2", '"set"'),
        (7, "comparisons.pairs[1]", "2", "1"),
        (7, "comparisons.pairs[2]", "2", "3"),
        (8, "comparisons.design", '"pairs"', '"paired"'),
        (9, "comparisons.correction", '"bonferroni"'),
        (10, "comparisons.alpha", "0", "1", "2"),
        (11, "comparisons.equivalence_margin", "0", "0"),
    ),
    "what is wrong inside one alternative": (
        RIGHT + "comparisons: {measure: {last: 0}, pairs: [[set, set], [[set], 3]]}\n",
        (3, "comparisons.measure.last", "1", "0"),
        (3, "comparisons.pairs[1][0]", "1"),
        (3, "comparisons.pairs[1][1]", "3", "quotes"),
        (3, "comparisons.pairs[0]"),
    ),
    "wrong claims": (
        RIGHT + "claims:\n  - sentence: a\n    parts:\n"
        "      - {cells: [], against: set, direction: up, margin: -1, paper: true}\n"
        "  - {sentence: b, parts: []}\n",
        (6, "claims[0].parts[0].cells", "1"),
        (6, "claims[0].parts[0].against", "1", '"set"'),
        (6, "claims[0].parts[0].direction", '"up"'),
        (6, "claims[0].parts[0].margin", "0", "1"),
        (6, "claims[0].parts[0].paper"),
        (7, "claims[1].parts", "1", "{cells: ..., against: ..., direction: ...}"),
    ),
    # ---- grids
    "grids": (
        "name: x\ncells:\n  - grid: {}\n  - grid:\n  - {grid: [1, 2]}\n  - grid: {zeta: 0.1}\n"
        "  - grid: {regrow: []}\n  - {zeta: 0.1, grid: {zeta: [0.2, 0.3]}}\n"
        "  - grid:\n      zeta:\n        - 0.2\n        - 2\n",
        (3, "cells[0].grid", "lists"),
        (4, "cells[1].grid", "lists"),
        (5, "cells[2].grid", "lists"),
        (6, "cells[3].grid.zeta", "1"),
        (7, "cells[4].grid.regrow", "1"),
        (8, "cells[5].grid.zeta"),
        (12, "cells[6].grid.zeta[1]", "0", "1", "2"),
    ),
    "a list is a value outside a grid": (
        "name: x\ncells:\n  - zeta: [0.1, 0.2]\n  - method: [set, lset]\n",
        (3, "cells[0].zeta", "0", "1", "2", "lists", "grid"),
        (4, "cells[1].method", "accset", "lset", "2", "lists", "grid"),
    ),
    "no cells": (
        "name: x\ncells: []\n",
        (2, "cells", "1"),
    ),
    # ---- contradictions
    "metrics that a method cannot use": (
        "name: x\ncells:\n  - {method: set, metric: loss}\n  - {method: accset, metric: loss}\n"
        "  - method: lset\n    metric: val_accuracy\n  - {method: dense, metric: loss}\n"
        "  - {method: set, rule: performance}\n  - {method: static, gate: pauses}\n",
        (3, "cells[0].metric"),
        (4, "cells[1].metric", "accset", "val_accuracy"),
        (6, "cells[2].metric", "lset", "val_accuracy"),
        (7, "cells[3].metric"),
        (8, "cells[4]", "performance", "val_loss"),
        (9, "cells[5].gate"),
    ),
    "metrics that the options of a part replace": (
        "name: x\ncells:\n"
        "  - {method: lset, metric: loss, budget: {performance: {metric: val_accuracy}}}\n"
        "  - {method: lset, metric: loss, budget: {performance: {metric: val_loss}}}\n",
        (3, "cells[0].metric", "val_accuracy", "loss or val_loss"),
        (4, "cells[1].metric", "no part reads loss", "val_loss"),
    ),
    "ranges beside another mistake": (
        "name: x\ncells: [{method: set}, {method: lset}]\ncomparisons: {baseline: st}\n"
        "tune:\n  samples: 4\n  search: {zeta: {uniform: [0.1, 7]}}\n",
        (3, "comparisons.baseline", '"st"'),
        (6, "tune.search.zeta.uniform[1]", "below 1", "7"),
    ),
    "references that nothing can be compared with": (
        RIGHT + "report:\n  references:\n    - cell: set\n      source: theirs\n      epochs:\n"
        "        - {epoch: 1, val_accuracy: 98}\n        - {epoch: 1001, val_loss: 2.3}\n",
        (8, "report.references[0].epochs[0].val_accuracy", "to 1", "98"),
        (9, "report.references[0].epochs[1].epoch", "1000 epochs", "1001"),
    ),
    "a column that is no number": (
        "name: x\ncells: [{dataset: {csv: a.csv, label: true}}]\n",
        (2, "cells[0].dataset.label", "true"),
    ),
    "denser than dense": (
        "name: x\ndefaults: {dataset: digits}\ncells:\n  - {epsilon: 200, hidden: [50]}\n"
        "  - hidden: [10]\n",
        (4, "cells[0].epsilon", "epsilon", "200", "64", "50", "28.07"),
        (5, "cells[1]", "epsilon", "20", "64", "10", "8.648"),
    ),
    "more images than there are": (
        "name: x\ndefaults: {dataset: digits, hidden: [100]}\ncells:\n"
        "  - train_samples: 1443\n  - {train_samples: 99, batch_size: 100}\n"
        "  - validation: 0.95\n    batch_size: 73\n  - {batch_size: 1442}\n",
        (4, "cells[0].train_samples", "digits", "1,442", "1,443"),
        (5, "cells[1].batch_size", "100", "99"),
        (7, "cells[2].batch_size", "73", "72"),
    ),
    "a fraction that holds out none": (
        "name: x\ndefaults: {dataset: digits, hidden: [100]}\ncells:\n  - validation: 1e-7\n"
        "  - {validation: 0.004, train_samples: 100}\n  - {validation: 0.01, train_samples: 101}\n"
        "  - {dataset: mnist, validation: 8e-6}\n  - {dataset: {npz: a}, validation: 1e-7}\n"
        "  - train_samples: 100\n    validation: 1e-3\n    batch_size: 101\n",
        (4, "cells[0].validation", "1e-07", "1,442"),
        (5, "cells[1].validation", "0.004", "100"),
        (7, "cells[3].validation", "8e-06", "60,000"),
        (10, "cells[5].validation", "0.001", "100"),
        (11, "cells[5].batch_size", "101", "100"),
    ),
    "wrong values beside a contradiction": (
        "name: x\ncells:\n  - {method: set, metric: loss, zeta: 3}\n"
        "  - {hidden: [10, 10], epochs: 0}\n",
        (3, "cells[0].zeta", "0", "1", "3"),
        (3, "cells[0].metric"),
        (4, "cells[1].epochs", "1", "0"),
        (4, "cells[1]", "epsilon", "20", "3072", "10", "9.967"),
    ),
    "no contradiction is made up from what is wrong": (
        "name: x\ncells:\n  - {method: 3, metric: loss}\n  - {rule: ful, metric: loss}\n"
        "  - {hidden: 5000, epsilon: 2000}\n",
        (3, "cells[0].method", "accset", "lset", "3"),
        (4, "cells[1].rule", "performance", '"ful"', '"full"'),
        (5, "cells[2].hidden", "1", "1", "5000"),
    ),
    # ---- comparisons and claims that name cells
    "unknown cells": (
        "name: x\nseeds: {count: 0}\ncells: [{method: set}, {method: accset}]\ncomparisons:\n"
        "  baseline: sett\n  pairs:\n    - [accset, 'set[zeta=0.1]']\n    - [lset, {methd: set}]\n"
        "claims:\n  - sentence: a\n    parts:\n      - cells: [accset]\n        against:\n"
        "          - static\n        direction: higher\n",
        (2, "seeds.count", "1", "0"),
        (5, "comparisons.baseline", '"sett"', '"set"'),
        (7, "comparisons.pairs[0][1]", '"set[zeta=0.1]"', "accset"),
        (8, "comparisons.pairs[1][0]", '"lset"', '"set"'),
        (8, "comparisons.pairs[1][1]", '"methd"', '"method"'),
        (14, "claims[0].parts[0].against[0]", '"static"', "accset"),
    ),
    "ambiguous cells": (
        "name: x\ncells: [{method: set, grid: {zeta: [0.1, 0.2]}}]\ncomparisons: {baseline: set}\n",
        (3, "comparisons.baseline", '"set"', "zeta", "0.1", "zeta", "0.2"),
    ),
    "names that are none": (
        RIGHT + "comparisons:\n  pairs:\n    - ['set[zeta', 'set[zeta={]']\n"
        "    - ['', 'set[zet=3]']\n",
        (5, "comparisons.pairs[0][0]", '"set[zeta"', "dynset"),
        (5, "comparisons.pairs[0][1]", '"set[zeta={]"', "dynset"),
        (6, "comparisons.pairs[1][0]", '""', "dynset"),
        (6, "comparisons.pairs[1][1]", '"zet"', '"zeta"'),
    ),
    "a wrong cell leaves open what names mean": (
        "name: x\ncells: [{method: accset, zeta: 3}, lset]\n"
        "comparisons: {baseline: accset, pairs: [[accset, lset]]}\n",
        (2, "cells[1]", '"lset"'),
        (2, "cells[0].zeta", "0", "1", "3"),
    ),
    "declared in vain": (
        "name: x\ncells: [{method: set, epochs: 5}, {method: lset, epochs: 9}]\ncomparisons:\n"
        "  pairs: [[set, set]]\n  measure: {last: 7}\nclaims:\n  - sentence: a\n    parts:\n"
        "      - {cells: [set], against: [lset], direction: saves}\n"
        "      - {cells: [set], against: [lset], direction: equivalent, outcome: test_loss}\n"
        "      - {cells: [set], against: [set], direction: higher}\n"
        "      - {cells: [set, lset], against: [set], direction: higher, one_to_one: true}\n",
        (4, "comparisons.pairs[0]", "epochs", "5"),
        (5, "comparisons.measure.last", "set[epochs=5]", "5", "7"),
        (9, "claims[0].parts[0]", "0.36"),
        (10, "claims[0].parts[1]", "test_loss"),
        (11, "claims[0].parts[2]"),
        (12, "claims[0].parts[3]", "one_to_one"),
    ),
    "names are looked up whatever is wrong beside them": (
        "name: x\ncells: [{method: set}, {method: accset}]\ncomparisons:\n"
        "  baseline: {method: foo}\n  equivalence_margin: -1\n"
        "  pairs:\n    - [accset]\n    - [lset, {zetta: 1}]\n"
        "claims:\n  - sentence: a\n    parts:\n"
        "      - {cells: [set], against: [accsett], direction: up}\n"
        "      - {cells: [3, set], against: [set], direction: higher, one_to_one: true}\n"
        "      - {cells: [set], against: [accset], direction: saves, margin: no}\n"
        "      - {cells: [set], against: [set], direction: higher, margin: no}\n"
        "  - {sentense: b, parts: [{cells: [set], against: [bar], direction: lower}]}\n",
        (4, "comparisons.baseline", '"{method: foo}"', "accset"),
        (5, "comparisons.equivalence_margin", "0", "1"),
        (7, "comparisons.pairs[0]", "2", "1"),
        (8, "comparisons.pairs[1][0]", '"lset"', '"set"'),
        (8, "comparisons.pairs[1][1]", '"zetta"', '"zeta"'),
        (12, "claims[0].parts[0].direction", '"up"'),
        (12, "claims[0].parts[0].against[0]", '"accsett"', '"accset"'),
        (13, "claims[0].parts[1].cells[0]", "3", "quotes"),
        (13, "claims[0].parts[1]", "one_to_one"),
        (14, "claims[0].parts[2].margin", "0", '"no"'),
        (14, "claims[0].parts[2]", "0.36"),
        (15, "claims[0].parts[3].margin", "0", '"no"'),
        (15, "claims[0].parts[3]"),
        (16, "claims[1].sentense", '"sentense"', '"sentence"'),
        (16, "claims[1].parts[0].against[0]", '"bar"', "accset"),
    ),
    "a margin that is wrong is not called missing": (
        RIGHT + "comparisons: {equivalence_margin: -1}\nclaims:\n  - sentence: a\n    parts:\n"
        "      - {cells: [set], against: [set], direction: equivalent, margin: 0}\n"
        "      - {cells: [set], against: ['set[zeta=0.3]'], direction: equivalent}\n",
        (3, "comparisons.equivalence_margin", "0", "1"),
        (7, "claims[0].parts[0].margin", "0", "0"),
        (7, "claims[0].parts[0]"),
        (8, "claims[0].parts[1]"),
    ),
    "an outcome that is wrong may be any": (
        RIGHT + "comparisons: {equivalence_margin: 0.1, outcome: test_los}\nclaims:\n"
        "  - sentence: a\n    parts:\n      - cells: [set]\n        against: [set]\n"
        "        direction: equivalent\n        outcome: test_loss\n",
        (3, "comparisons.outcome", "test_accuracy", "test_loss", '"test_los"', '"test_loss"'),
        (7, "claims[0].parts[0]"),
    ),
    "a value beside the grid as well may be either": (
        "name: x\ncells: [{method: accset, zeta: 0.1, grid: {zeta: [0.2, 0.3]}}]\n"
        "comparisons: {baseline: 'accset[zeta=0.2]', pairs: [['accset[zeta=0.1]', lset]]}\n",
        (2, "cells[0].grid.zeta"),
        (3, "comparisons.pairs[0][1]", '"lset"'),
    ),
    "what a wrong cell cannot be": (
        "name: x\ndefaults: {epsilon: 10}\ncells:\n  - {method: accset, zeta: 3}\n  - set\n"
        "comparisons:\n  baseline: {method: foo}\n  pairs:\n    - [accset, 'lset[k=7]']\n"
        "    - ['accset[zeta=0.1]', lset]\n    - ['set[epsilon=10]', 'set[epsilon=10]']\n",
        (4, "cells[0].zeta", "0", "1", "3"),
        (5, "cells[1]", '"set"'),
        (7, "comparisons.baseline", '"{method: foo}"'),
        (9, "comparisons.pairs[0][1]", '"lset[k=7]"'),
    ),
    "names beside a wrong cell": (
        "name: x\ndefaults: {hidden: [200]}\ncells:\n  - {method: accset, zeta: 3}\n"
        "  - {method: set, epochs: 5}\n  - {method: dynset, epsilon: -2}\n"
        "comparisons:\n  baseline: lset\n  measure: {last: 7}\n  pairs:\n"
        "    - [accset, 'accset[zeta=0.1]']\n    - [set, 'set[hidden=[200]]']\n"
        "    - ['accset[hidden=[200], epochs=1000]', 'accset[hidden=[100]]']\n"
        "    - ['dynset[epsilon=2]', 'dynset[zeta=0.1]']\n    - [dynset, 'dynset[metric=loss]']\n",
        (4, "cells[0].zeta", "0", "1", "3"),
        (6, "cells[2].epsilon", "0", "2"),
        (8, "comparisons.baseline", '"lset"', "epochs", "5"),
        (9, "comparisons.measure.last", "set[epochs=5]", "5", "7"),
        (12, "comparisons.pairs[1]", "epochs", "5"),
        (13, "comparisons.pairs[2][1]", '"accset[hidden=[100]]"', "epochs", "5"),
        (14, "comparisons.pairs[3][1]", '"dynset[zeta=0.1]"', "epochs", "5"),
    ),
    "the title of a wrong cell, and one that is no name": (
        "name: x\ncells:\n  - {method: set, regrow: gradiant, title: G}\n"
        "  - {method: set, title: 'set [ours'}\n"
        "comparisons: {baseline: 'set [ours', pairs: [[G, 'set [ours'], [H, G]]}\n",
        (3, "cells[0].regrow", '"gradiant"', '"gradient"'),
        (5, "comparisons.pairs[1][0]", '"H"'),
    ),
    "two spellings of one setting": (
        "name: x\ndefaults: {epochs: 9}\ncells:\n"
        "  - {method: set, fill: normal, regrown_weights: zeros}\n"
        "  - {method: set, rule: full, budget: nothing}\n",
        (4, "cells[0].regrown_weights", "zeros", "normal", "keep one"),
        (5, "cells[1].rule", "full", "nothing", "keep one"),
    ),
    "a block with nothing in it": (
        RIGHT + "tune:\nexecution:\n",
        (3, "tune", "samples", "not empty."),
        (4, "execution", "a mapping, not empty."),
    ),
    "a margin of a direction": (
        RIGHT + "claims:\n  - sentence: a\n    parts:\n"
        "      - {cells: [set], against: [lset], direction: higher, margin: 0.1}\n",
        (6, "claims[0].parts[0].against[0]", '"lset"'),
        (6, "claims[0].parts[0].margin", "higher", "leave it out"),
    ),
    "names beside a contradiction": (
        "name: x\ncells: [{method: set, metric: loss, epochs: 5}]\n"
        "comparisons: {baseline: lset, pairs: [['set[epochs=5]', 'set[epochs=6]']]}\n",
        (2, "cells[0].metric"),
        (3, "comparisons.pairs[0][1]", '"set[epochs=6]"'),
    ),
    "names beside a grid or setting that is none": (
        "name: x\ncells:\n  - {method: lset, grid: {zetta: [0.1, 0.2]}}\n"
        "  - {method: accset, zetta: 0.1}\n  - {method: dynset, grid: {zeta: 0.1}}\n"
        "comparisons:\n  baseline: set\n"
        "  pairs: [['lset[zeta=0.1]', 'accset[zeta=0.1]'], ['dynset[zeta=0.1]', lset]]\n",
        (3, "cells[0].grid.zetta", '"zetta"', '"zeta"'),
        (4, "cells[1].zetta", '"zetta"', '"zeta"'),
        (5, "cells[2].grid.zeta", "1"),
        (7, "comparisons.baseline", '"set"'),
    ),
    "names beside too many runs": (
        RIGHT
        + "seeds: {count: 100000}\ncomparisons: {baseline: {zetta: 3}, pairs: [[set, foo]]}\n",
        (2, "cells", "1", "100,000", "100,000", "--yes"),
        (4, "comparisons.baseline", '"zetta"', '"zeta"'),
        (4, "comparisons.pairs[0][1]", '"foo"'),
    ),
    # ---- too many runs
    "100,000 runs by accident": (
        RIGHT + "seeds: {count: 100000}\n",
        (2, "cells", "1", "100,000", "100,000", "--yes"),
    ),
    "more runs than could be listed": (
        RIGHT + "seeds: {count: 100000000000000000000}\n",
        (
            2,
            "cells",
            "1",
            "100,000,000,000,000,000,000",
            "100,000,000,000,000,000,000",
            "1,000,000",
        ),
    ),
    # ---- YAML
    "keys that stand twice": (
        "name: x\nname: y\ncells:\n  - method: set\n    zeta: 3\n    method: lset\n",
        (2, "name", "twice", "1"),
        (5, "cells[0].zeta", "0", "1", "3"),
        (6, "cells[0].method", "twice", "4"),
    ),
    "keys that are no words": (
        RIGHT + "? [a]\n: 4\n",
        (3, ""),
    ),
    "keys that are numbers": (
        "name: x\ncells: [{method: set}]\n3: 4\n",
        (3, "", "3", '"3"', "defaults", "execution"),
    ),
    "merge keys": (
        "name: x\ndefaults: &shared {epochs: 3}\ncells:\n  - <<: *shared\n    method: set\n",
        (4, "cells[0].<<", "defaults"),
    ),
    "tags": (
        "name: x\ntitle: !!python/name:os.system x\ncells: [!wild {method: set}]\n",
        (2, "title", "!!python/name:os.system"),
        (3, "cells[0]", "!wild"),
    ),
    "a tagged value is one mistake": (
        "name: x\ndefaults: {zeta: !!python/name:os.system x, epochs: !!str 3}\n"
        "cells: [{method: !wild lset, k: 7}]\ncomparisons: {baseline: !name zet}\n",
        (2, "defaults.zeta", "!!python"),
        (3, "cells[0].method"),
        (3, "cells[0].k", "1", "1", "7"),
        (4, "comparisons.baseline"),
    ),
    "an alias inside itself": (
        "name: x\ncells: &a [*a]\n",
        (2, "cells[0]", "alias"),
    ),
    "brackets": ("name: [x\ncells: }\n", (2, "")),
    "a colon": (
        "name: a: b\n",
        (1, "", "quotes"),
    ),
    "a tab": ("name: x\ncells:\n\t- {}\n", (3, "", "tab")),
    "two documents": (
        RIGHT + "---\nname: y\n",
        (3, ""),
    ),
    "an alias of nothing": ("name: *x\n", (1, "")),
    "a control character": (
        "name: x\ntitle: \0\n",
        (2, "", "U+0000"),
    ),
}


def sentences(path):
    with pytest.raises(UserError) as caught:
        load_study(path)
    return list(caught.value.sentences)


def named_in_order(sentence, names):
    """Whether a sentence has all names, one after the other."""
    return re.search(".*?".join(map(re.escape, names)), sentence, re.DOTALL) is not None


@pytest.mark.parametrize("rule", RULES)
def test_every_mistake_has_its_line_its_field_and_a_suggestion(rule, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text, *expected = RULES[rule]
    (tmp_path / "study.yaml").write_text(text)
    found = sentences("study.yaml")
    assert len(found) == len(expected), found
    for sentence, (line, field, *names) in zip(found, expected, strict=True):
        place = f"study.yaml:{line}: {field}: " if field else f"study.yaml:{line}: "
        assert sentence.startswith(place)
        assert named_in_order(sentence.removeprefix(place), names), (sentence, names)
        assert sentence[-1] in ".?" and "\n" not in sentence
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]


def test_sentences_say_what_is_wrong_and_what_is_allowed(tmp_path):
    """The few sentences that are kept to the letter: one of each kind."""
    path = tmp_path / "study.yaml"
    path.write_text("name: x\nnam: y\ncells: [{method: sett}, {zeta: 3}]\n")
    assert sentences(path) == [
        f'{path}:2: nam: there is no "nam" here; did you mean "name"?',
        f'{path}:3: cells[0].method: there is no method "sett"; did you mean "set"?',
        f"{path}:3: cells[1].zeta: must be a number above 0 and below 1, not 3.",
    ]


BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "empty"),
        (b"# nothing but a comment\n", "empty"),
        (b"- a\n- b\n", "name and cells"),
        (b"hello\n", "name and cells"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "UTF-8"),
        (b"[" * 1200, "too deeply"),
        (b"x" * 2_000_001, "2,000,000 bytes"),
        (BOMB.encode(), "50,000 values"),
    ],
    ids=["empty", "comment", "list", "text", "binary", "deep", "large", "bomb"],
)
def test_what_is_no_study_at_all(content, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_bytes(content)
    (sentence,) = sentences("study.yaml")
    assert sentence.startswith("study.yaml: ")
    assert expected in sentence


def test_a_missing_file_and_its_likely_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(RIGHT)
    for path, named in (("studi.yaml", "study.yaml?"), ("no/where.yaml", "no such file")):
        (sentence,) = sentences(path)
        assert sentence.startswith(f"{path}: ")
        assert named in sentence
    assert sentences("study")[0].endswith("did you mean study.yaml?")
    assert "?" not in sentences("opts.yaml")[0]  # only the ending is the same
    (tmp_path / "study.yaml").unlink()
    assert "?" not in sentences("studi.yaml")[0]


def test_files_that_cannot_be_read(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    through = tmp_path / "file/study.yaml"
    assert sentences(tmp_path)[0].startswith(f"{tmp_path}: is a folder")
    assert sentences(through)[0].startswith(f"{through}: cannot be read")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert "Permission denied" in sentences("study.yaml")[0]


def test_a_huge_grid_is_counted_and_not_expanded(tmp_path):
    path = tmp_path / "study.yaml"
    values = ", ".join(str(n) for n in range(1, 1001))
    names = ("epochs", "batch_size", "window", "train_samples")
    grid = ", ".join(f"{name}: [{values}]" for name in names)
    path.write_text(f"name: x\nseeds: {{count: 1}}\ncells: [{{grid: {{{grid}}}}}]\nwrong: 1\n")
    many, unknown = sentences(path)
    assert many.startswith(f"{path}:3: cells: 1,000,000,000,000 cells")
    assert named_in_order(many, ["1,000,000,000,000 runs", "at most 1,000,000."])
    assert unknown.startswith(f"{path}:4: wrong: ")
    with pytest.raises(UserError, match="at most 1,000,000"):
        load_study(path, many=True)


def test_many_runs_that_are_meant(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(RIGHT + "seeds: {count: 100000}\n")
    assert len(load_study(path, many=True).seeds) == 100_000


PLUGINS = {
    "nothing.py": ["{path}", "No such file"],
    "wrong.py": ["{path}", "line 1", "SyntaxError"],
    "fails.py": ["{path}", "line 2", "ZeroDivisionError"],
    "empty.py": ["{path}"],
    "taken.py": ["'random'", "{path}"],
    "exits.py": ["{path}", "line 2", "SystemExit: 3"],
}


def test_plugins_that_fail(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.py").write_text("def\n")
    (tmp_path / "fails.py").write_text("x = 0\n1 / x\n")
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "exits.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "taken.py").write_text(
        "from suite.methods import regrowth\n"
        "@regrowth('random')\ndef again(layer, count, rng):\n    return []\n"
    )
    lines = "".join(f"  - {name}\n" for name in PLUGINS)
    (tmp_path / "study.yaml").write_text(
        f"name: x\nplugins:\n{lines}"
        "defaults: {budget: of_a_plugin, share: {of_a_plugin: {a: 1}}}\n"
        "cells: [{regrow: of_a_plugin}, {rate: {of_a_plugin: {b: 1}}, metric: loss},\n"
        "  {budget: all, fill: of_a_plugin, grid: {prune: [of_a_plugin], fill.c: [1]}}]\n"
        "comparisons: {baseline: 'set[regrow=of_a_plugin]'}\n"
    )
    found = sentences("study.yaml")
    assert len(found) == len(PLUGINS), "what the plug-ins would have registered is not known"
    for number, (name, expected) in enumerate(PLUGINS.items()):
        place = f"study.yaml:{number + 3}: plugins[{number}]: "
        assert found[number].startswith(place)
        names = [part.format(path=tmp_path / name) for part in expected]
        assert named_in_order(found[number], names)


def test_a_mistake_is_reported_once_and_in_the_order_of_the_lines(tmp_path):
    path = tmp_path / "a:9.yaml"  # a file's name may look like a line number
    path.write_text("name: x\nname: y\ncells: []\ntitle: z\n")
    mistakes = Mistakes(read_document(path))
    mistakes.note(("title",), "is wrong.")
    mistakes.note(("cells", 0, "zeta"), "is wrong.")
    mistakes.note(("title",), "is wrong.")
    places = [sentence.removeprefix(f"{path}:").split()[:2] for sentence in mistakes.sentences]
    assert places == [["2:", "name:"], ["3:", "cells[0].zeta:"], ["4:", "title:"]]
