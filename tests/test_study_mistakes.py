"""A wrong study file: every mistake at once, each with its line, its field and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from suite.errors import UserError
from suite.methods.presets import METHODS
from suite.study import load_study
from suite.study.document import read_document
from suite.study.mistakes import Mistakes

RIGHT = "name: x\ncells: [{method: set}]\n"
NAME = "text (a letter or digit, then at most 63 letters, digits, dots, dashes and underscores)"
DATASETS = (
    "digits, mnist, fashion_mnist, cifar10, cifar100, breast_cancer, wine, {parquet: ...}, "
    "{csv: ...}, {npz: ...} or {folder: ...}"
)
ANY_METHOD = f"{', '.join(list(METHODS)[:-1])} or {list(METHODS)[-1]}"
OUTCOMES = (
    "test_accuracy, test_loss, val_accuracy, val_loss, train_loss, connections, alpha or beta"
)
TOP = "schema, name, title, seeds, defaults, cells, execution, comparisons, claims, report, plugins"

RULES = {
    # ---- fields that do not exist, at every level
    "an unknown field": (
        RIGHT + "colour: red\n",
        f'3: colour: there is no "colour" here; known: {TOP}.',
    ),
    "misspelt fields": (
        "nam: x\ncell: [{method: set}]\n",
        f'1: "name" must be given: {NAME}.',
        '1: "cells" must be given: a list of 1 or more, each a mapping.',
        '1: nam: there is no "nam" here; did you mean "name"?',
        '2: cell: there is no "cell" here; did you mean "cells"?',
    ),
    "misspelt seeds": (
        RIGHT + "seeds:\n  roots: 1\n  cont: 3\n",
        '4: seeds.roots: there is no "roots" here; did you mean "root"?',
        '5: seeds.cont: there is no "cont" here; did you mean "count"?',
    ),
    "misspelt execution": (
        RIGHT + "execution:\n  engin: auto\n",
        '4: execution.engin: there is no "engin" here; did you mean "engine"?',
    ),
    "misspelt comparisons": (
        RIGHT + "comparisons:\n  outcom: test_loss\n  measure: {lst: 3}\n",
        '4: comparisons.outcom: there is no "outcom" here; did you mean "outcome"?',
        '5: comparisons.measure: "last" must be given: a whole number from 1 up.',
        '5: comparisons.measure.lst: there is no "lst" here; did you mean "last"?',
    ),
    "an unknown cell of a reference": (
        RIGHT + "report:\n  references:\n    - cell: lset\n      source: theirs\n"
        "      epochs: [{epoch: 1, val_los: 2.3}]\n",
        '5: report.references[0].cell: there is no cell "lset"; did you mean "set"?',
        '7: report.references[0].epochs[0].val_los: there is no "val_los" here; did you mean '
        '"val_loss"?',
    ),
    "misspelt claims": (
        RIGHT + "claims:\n  - sentense: a\n    parts:\n"
        "      - {cell: [set], against: [set], direction: higher}\n",
        '4: claims[0]: "sentence" must be given: text.',
        '4: claims[0].sentense: there is no "sentense" here; did you mean "sentence"?',
        '6: claims[0].parts[0]: "cells" must be given: a list of 1 or more, each text or a '
        "mapping.",
        '6: claims[0].parts[0].cell: there is no "cell" here; did you mean "cells"?',
    ),
    "misspelt report": (
        RIGHT + "report: {zom: 3}\n",
        '3: report.zom: there is no "zom" here; did you mean "zoom"?',
    ),
    "misspelt settings": (
        "name: x\ndefaults:\n  lerning_rate: 0.1\n  method: set\ncells:\n  - {methd: set}\n"
        "  - grid:\n      zetaa: [0.1, 0.2]\n",
        '3: defaults.lerning_rate: there is no "lerning_rate" here; did you mean "learning_rate"?',
        '6: cells[0].methd: there is no "methd" here; did you mean "method"?',
        '8: cells[1].grid.zetaa: there is no "zetaa" here; did you mean "zeta"?',
    ),
    "misspelt data set": (
        "name: x\ncells:\n  - dataset: {folder: a, nme: b}\n  - dataset: {parqet: a}\n",
        '3: cells[0].dataset.nme: there is no "nme" here; did you mean "name"?',
        f"4: cells[1].dataset: must be {DATASETS}, not {{parqet: ...}}.",
    ),
    "two sources at once": (
        "name: x\ncells:\n  - dataset: {npz: a, folder: b}\n"
        "  - dataset: {folder: a, parquet: b, npz: c, train: d}\n  - dataset: {npz: a, train: b}\n",
        "3: cells[0].dataset.folder: stands beside npz; keep one of them.",
        "4: cells[1].dataset.folder: stands beside parquet; keep one of them.",
        "4: cells[1].dataset.npz: stands beside parquet; keep one of them.",
        '5: cells[2].dataset.train: there is no "train" here; known: name, npz.',
    ),
    "empty sources": (
        "name: x\ncells:\n  - dataset: {npz: ''}\n  - dataset: {folder: ''}\n"
        "  - dataset: {parquet: ''}\n  - dataset: {parquet: []}\n  - dataset: {parquet: [a, '']}\n",
        '3: cells[0].dataset.npz: must be text that is not empty, not "".',
        '4: cells[1].dataset.folder: must be text that is not empty, not "".',
        "5: cells[2].dataset.parquet: must be text that is not empty or a list of 1 or more, each "
        'text that is not empty, not "".',
        "6: cells[3].dataset.parquet: must be text that is not empty or a list of 1 or more, each "
        "text that is not empty, not an empty list.",
        '7: cells[4].dataset.parquet[1]: must be text that is not empty, not "".',
    ),
    "a grid in the defaults": (
        "name: x\ndefaults:\n  grid: {zeta: [0.1, 0.2]}\ncells: [{method: set}, {method: lset}]\n"
        "comparisons: {baseline: 'set[zeta=0.1]', pairs: [[set, accset]]}\n",
        "3: defaults.grid: a grid stands in a cell; defaults have one value each.",
        '5: comparisons.pairs[0][1]: there is no cell "accset".',
    ),
    # ---- names that do not exist
    "misspelt names": (
        "name: x\ncells:\n  - method: sett\n  - regrow: one_neighbor\n  - prune: magnitud\n"
        "  - {dataset: cifar_10}\n  - activation: rely\n  - {method: dynset, metric: val_los}\n",
        '3: cells[0].method: there is no method "sett"; did you mean "set"?',
        '4: cells[1].regrow: there is no regrowth strategy "one_neighbor"; did you mean '
        '"one_neighbour"?',
        '5: cells[2].prune: there is no prune rule "magnitud"; did you mean "magnitude"?',
        f'6: cells[3].dataset: must be {DATASETS}, not "cifar_10"; did you mean "cifar10"?',
        "7: cells[4].activation: must be leaky_relu, relu, srelu or all_relu, "
        'not "rely"; did you mean "relu"?',
        '8: cells[5].metric: must be loss, val_loss or val_accuracy, not "val_los"; did you '
        'mean "val_loss"?',
    ),
    "a name like no other": (
        "name: x\ncells: [{method: frobnicate}]\n",
        f'2: cells[0].method: there is no method "frobnicate"; known: {", ".join(METHODS)}.',
    ),
    # ---- types and ranges
    "wrong types": (
        "name: x\ndefaults:\n  epochs: 1.5\n  batch_size: 1e2\n  zeta: big\n  augment: 1\n"
        "  hidden: 100\n  dropout: true\n  window: yes\n  epsilon: '20'\ncells: [{method: set}]\n",
        "3: defaults.epochs: must be a whole number from 1 up, not 1.5.",
        "4: defaults.batch_size: must be a whole number from 1 up, not 100.0.",
        '5: defaults.zeta: must be a number above 0 and below 1, not "big".',
        "6: defaults.augment: must be true or false, not 1.",
        "7: defaults.hidden: must be a list of 1 or more, each a whole number from 1 up, not 100.",
        "8: defaults.dropout: must be a number from 0 to below 1, not true.",
        '9: defaults.window: must be a whole number from 1 up, not "yes".',
        '10: defaults.epsilon: must be a number above 0, not "20"; leave out the quotes.',
    ),
    "out of range": (
        "name: x\ndefaults:\n  epochs: -3\n  batch_size: 0\n  zeta: 1\n  dropout: 1.0\n"
        "  momentum: -0.1\n  learning_rate: 0\n  k: 1\n  validation: 1\n  train_samples: 0\n"
        "  negative_slope: -1\n  hidden: [100, 0]\ncells: [{method: set}, {hidden: []}]\n",
        "3: defaults.epochs: must be a whole number from 1 up, not -3.",
        "4: defaults.batch_size: must be a whole number from 1 up, not 0.",
        "5: defaults.zeta: must be a number above 0 and below 1, not 1.",
        "6: defaults.dropout: must be a number from 0 to below 1, not 1.0.",
        "7: defaults.momentum: must be a number from 0 to below 1, not -0.1.",
        "8: defaults.learning_rate: must be a number above 0 or {curve: ..., start: ...}, not 0.",
        "9: defaults.k: must be a number above -1 and below 1, not 1.",
        "10: defaults.validation: must be test or a number above 0 and below 1, not 1.",
        "11: defaults.train_samples: must be a whole number from 1 up, not 0.",
        "12: defaults.negative_slope: must be a number from 0 up, not -1.",
        "13: defaults.hidden[1]: must be a whole number from 1 up, not 0.",
        "14: cells[1].hidden: must be a list of 1 or more, each a whole number from 1 up, not an "
        "empty list.",
    ),
    "not finite": (
        "name: x\ncells:\n  - zeta: .nan\n  - learning_rate: .inf\n  - k: -.Inf\n"
        "  - negative_slope: 1e999\n",
        "3: cells[0].zeta: must be a number above 0 and below 1, not .nan.",
        "4: cells[1].learning_rate: must be a number above 0 or {curve: ..., start: ...}, "
        "not .inf.",
        "5: cells[2].k: must be a number above -1 and below 1, not -.inf.",
        "6: cells[3].negative_slope: must be a number from 0 up, not .inf.",
    ),
    "long values are cut, and stay on one line": (
        "name: x\ncells:\n  - zeta: |\n      several\n      lines\n"
        f"  - zeta: {'long' * 50}\n  - zeta: '&a [*a]'\n"
        "  - zeta: {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6}\n",
        '3: cells[0].zeta: must be a number above 0 and below 1, not "several lines".',
        f'6: cells[1].zeta: must be a number above 0 and below 1, not "{"long" * 15}...".',
        '7: cells[2].zeta: must be a number above 0 and below 1, not "&a [*a]".',
        "8: cells[3].zeta: must be a number above 0 and below 1, not {a: ..., b: ..., c: ..., "
        "d: ..., e: ...}.",
    ),
    "empty values": (
        "name: x\ntitle:\ncells:\n  - zeta:\n  -\n",
        "2: title: must be text, not empty.",
        "4: cells[0].zeta: must be a number above 0 and below 1, not empty.",
        "5: cells[1]: must be a mapping, not empty.",
    ),
    "a wrong default that every cell overrides": (
        "name: x\ndefaults: {zeta: 3, regrow: one_neighbor}\n"
        "cells: [{zeta: 0.2, regrow: random}]\n",
        "2: defaults.zeta: must be a number above 0 and below 1, not 3.",
        '2: defaults.regrow: there is no regrowth strategy "one_neighbor"; did you mean '
        '"one_neighbour"?',
    ),
    "one wrong default in many cells is said once": (
        "name: x\ndefaults:\n  zeta: 3\ncells: [{method: set}, {method: accset}]\n",
        "3: defaults.zeta: must be a number above 0 and below 1, not 3.",
    ),
    "wrong top-level values": (
        "schema: 2\nname: a b\ntitle: 3\nseeds: 3\nreport: {zoom: 1, decimal: dot}\n"
        "cells: {method: set}\nclaims: {sentence: a}\nplugins: mine.py\n",
        "1: schema: must be 1, not 2.",
        f'2: name: must be {NAME}, not "a b".',
        "3: title: must be text, not 3; put it in quotes.",
        "4: seeds: must be a mapping, not 3.",
        "5: report.zoom: must be a whole number from 2 up, not 1.",
        '5: report.decimal: must be point or comma, not "dot".',
        "6: cells: must be a list of 1 or more, each a mapping, not {method: ...}.",
        "7: claims: must be a list, each {sentence: ..., parts: ...}, not {sentence: ...}.",
        '8: plugins: must be a list, each text, not "mine.py".',
    ),
    "wrong seeds": (
        RIGHT + "seeds:\n  root: -1\n  count: true\nexecution: {cpu: [1, 2]}\n",
        "4: seeds.root: must be a whole number from 0 to below 4294967296, not -1.",
        "5: seeds.count: must be a whole number from 1 up, not true.",
        "6: execution.cpu: must be a number above 0, not a list of 2.",
    ),
    "wrong execution": (
        RIGHT + "execution:\n  engine: fast\n  cpu: 0\n  gpu: -1\n  retries: 1.5\n"
        "  checkpoint_seconds: soon\n",
        '4: execution.engine: must be auto, masked or sparse, not "fast".',
        "5: execution.cpu: must be a number above 0, not 0.",
        "6: execution.gpu: must be a number from 0 up, not -1.",
        "7: execution.retries: must be a whole number from 0 up, not 1.5.",
        '8: execution.checkpoint_seconds: must be a number from 0 up, not "soon".',
    ),
    "the sparse engine on a GPU": (
        RIGHT + "execution: {engine: sparse, gpu: 1}\n",
        "3: execution: the sparse engine computes on the CPU; leave gpu out.",
    ),
    "the sparse engine on a GPU, among other mistakes": (
        RIGHT + "execution: {engine: sparse, gpu: 1, cpus: 3}\nreport: {zoom: 0}\n",
        '3: execution.cpus: there is no "cpus" here; did you mean "cpu"?',
        "3: execution: the sparse engine computes on the CPU; leave gpu out.",
        "4: report.zoom: must be a whole number from 2 up, not 0.",
    ),
    "wrong comparisons": (
        RIGHT + "comparisons:\n  outcome: accuracy\n  measure: lats\n  baseline: 3\n"
        "  pairs: [set, [set], [set, set, set]]\n  design: pairs\n  correction: bonferroni\n"
        "  alpha: 2\n  equivalence_margin: 0\n",
        f'4: comparisons.outcome: must be {OUTCOMES}, not "accuracy"; did you mean "val_accuracy"?',
        '5: comparisons.measure: must be last, best or {last: ...}, not "lats"; did you mean '
        '"last"?',
        "6: comparisons.baseline: must be text or a mapping, not 3; put it in quotes.",
        '7: comparisons.pairs[0]: must be a list of 2, each text or a mapping, not "set".',
        "7: comparisons.pairs[1]: must be a list of 2, each text or a mapping, not a list of 1.",
        "7: comparisons.pairs[2]: must be a list of 2, each text or a mapping, not a list of 3.",
        '8: comparisons.design: must be paired or independent, not "pairs"; did you mean "paired"?',
        '9: comparisons.correction: must be holm, not "bonferroni".',
        "10: comparisons.alpha: must be a number above 0 and below 1, not 2.",
        "11: comparisons.equivalence_margin: must be a number above 0, not 0.",
    ),
    "what is wrong inside one alternative": (
        RIGHT + "comparisons: {measure: {last: 0}, pairs: [[set, set], [[set], 3]]}\n",
        "3: comparisons.measure.last: must be a whole number from 1 up, not 0.",
        "3: comparisons.pairs[1][0]: must be text or a mapping, not a list of 1.",
        "3: comparisons.pairs[1][1]: must be text or a mapping, not 3; put it in quotes.",
        "3: comparisons.pairs[0]: set is compared with itself.",
    ),
    "wrong claims": (
        RIGHT + "claims:\n  - sentence: a\n    parts:\n"
        "      - {cells: [], against: set, direction: up, margin: -1, paper: true}\n"
        "  - {sentence: b, parts: []}\n",
        "6: claims[0].parts[0].cells: must be a list of 1 or more, each text or a mapping, not an "
        "empty list.",
        "6: claims[0].parts[0].against: must be a list of 1 or more, each text or a mapping, not "
        '"set".',
        '6: claims[0].parts[0].direction: must be higher, lower, equivalent or saves, not "up".',
        "6: claims[0].parts[0].margin: must be a number above 0, not -1.",
        "6: claims[0].parts[0].paper: must be a number, not true.",
        "7: claims[1].parts: must be a list of 1 or more, each {cells: ..., against: ..., "
        "direction: ...}, not an empty list.",
    ),
    # ---- grids
    "grids": (
        "name: x\ncells:\n  - grid: {}\n  - grid:\n  - {grid: [1, 2]}\n  - grid: {zeta: 0.1}\n"
        "  - grid: {regrow: []}\n  - {zeta: 0.1, grid: {zeta: [0.2, 0.3]}}\n"
        "  - grid:\n      zeta:\n        - 0.2\n        - 2\n",
        "3: cells[0].grid: must map one setting or more to lists of values.",
        "4: cells[1].grid: must map one setting or more to lists of values.",
        "5: cells[2].grid: must map one setting or more to lists of values.",
        "6: cells[3].grid.zeta: must be a list of the values to take, 1 or more.",
        "7: cells[4].grid.regrow: must be a list of the values to take, 1 or more.",
        "8: cells[5].grid.zeta: is set both here and in the cell itself; keep one of them.",
        "12: cells[6].grid.zeta[1]: must be a number above 0 and below 1, not 2.",
    ),
    "a list is a value outside a grid": (
        "name: x\ncells:\n  - zeta: [0.1, 0.2]\n  - method: [set, lset]\n",
        "3: cells[0].zeta: must be a number above 0 and below 1, not a list of 2; lists to "
        "multiply out stand under grid.",
        f"4: cells[1].method: must be {ANY_METHOD}, not a list of 2; "
        "lists to multiply out stand under grid.",
    ),
    "no cells": (
        "name: x\ncells: []\n",
        "2: cells: must be a list of 1 or more, each a mapping, not an empty list.",
    ),
    # ---- contradictions
    "metrics that a method cannot use": (
        "name: x\ncells:\n  - {method: set, metric: loss}\n  - {method: accset, metric: loss}\n"
        "  - method: lset\n    metric: val_accuracy\n  - {method: dense, metric: loss}\n"
        "  - {method: set, rule: performance}\n  - {method: static, gate: pauses}\n",
        "3: cells[0].metric: set reads no signal; leave the metric out.",
        "4: cells[1].metric: accset cannot use loss; it takes val_accuracy.",
        "6: cells[2].metric: lset cannot use val_accuracy; it takes loss or val_loss.",
        "7: cells[3].metric: dense reads no signal; leave the metric out.",
        "8: cells[4]: set with the budget performance and the gate open needs a metric: loss or "
        "val_loss or val_accuracy.",
        "9: cells[5].gate: static never updates, so it has neither budget nor gate.",
    ),
    "denser than dense": (
        "name: x\ndefaults: {dataset: digits}\ncells:\n  - {epsilon: 200, hidden: [50]}\n"
        "  - hidden: [10]\n",
        "4: cells[0].epsilon: epsilon 200 would make the layer 64-50 denser than dense; the "
        "largest that fits is 28.07.",
        "5: cells[1]: epsilon 20 would make the layer 64-10 denser than dense; the largest that "
        "fits is 8.648.",
    ),
    "more images than there are": (
        "name: x\ndefaults: {dataset: digits, hidden: [100]}\ncells:\n"
        "  - train_samples: 1443\n  - {train_samples: 99, batch_size: 100}\n"
        "  - validation: 0.95\n    batch_size: 73\n  - {batch_size: 1442}\n",
        "4: cells[0].train_samples: digits has 1,442 training images, not 1,443.",
        "5: cells[1].batch_size: a batch of 100 is more than the 99 images to train on.",
        "7: cells[2].batch_size: a batch of 73 is more than the 72 images to train on.",
    ),
    "a fraction that holds out none": (
        "name: x\ndefaults: {dataset: digits, hidden: [100]}\ncells:\n  - validation: 1e-7\n"
        "  - {validation: 0.004, train_samples: 100}\n  - {validation: 0.01, train_samples: 101}\n"
        "  - {dataset: mnist, validation: 8e-6}\n  - {dataset: {npz: a}, validation: 1e-7}\n"
        "  - train_samples: 100\n    validation: 1e-3\n    batch_size: 101\n",
        "4: cells[0].validation: 1e-07 of 1,442 training images holds out none.",
        "5: cells[1].validation: 0.004 of 100 training images holds out none.",
        "7: cells[3].validation: 8e-06 of 60,000 training images holds out none.",
        "10: cells[5].validation: 0.001 of 100 training images holds out none.",
        "11: cells[5].batch_size: a batch of 101 is more than the 100 images to train on.",
    ),
    "wrong values beside a contradiction": (
        "name: x\ncells:\n  - {method: set, metric: loss, zeta: 3}\n"
        "  - {hidden: [10, 10], epochs: 0}\n",
        "3: cells[0].zeta: must be a number above 0 and below 1, not 3.",
        "3: cells[0].metric: set reads no signal; leave the metric out.",
        "4: cells[1].epochs: must be a whole number from 1 up, not 0.",
        "4: cells[1]: epsilon 20 would make the layer 3072-10 denser than dense; the largest "
        "that fits is 9.967.",
    ),
    "no contradiction is made up from what is wrong": (
        "name: x\ncells:\n  - {method: 3, metric: loss}\n  - {rule: ful, metric: loss}\n"
        "  - {hidden: 5000, epsilon: 2000}\n",
        f"3: cells[0].method: must be {ANY_METHOD}, not 3.",
        '4: cells[1].rule: must be full or performance, not "ful"; did you mean "full"?',
        "5: cells[2].hidden: must be a list of 1 or more, each a whole number from 1 up, not 5000.",
    ),
    # ---- comparisons and claims that name cells
    "unknown cells": (
        "name: x\nseeds: {count: 0}\ncells: [{method: set}, {method: accset}]\ncomparisons:\n"
        "  baseline: sett\n  pairs:\n    - [accset, 'set[zeta=0.1]']\n    - [lset, {methd: set}]\n"
        "claims:\n  - sentence: a\n    parts:\n      - cells: [accset]\n        against:\n"
        "          - static\n        direction: higher\n",
        "2: seeds.count: must be a whole number from 1 up, not 0.",
        '5: comparisons.baseline: there is no cell "sett"; did you mean "set"?',
        '7: comparisons.pairs[0][1]: there is no cell "set[zeta=0.1]"; known: set, accset.',
        '8: comparisons.pairs[1][0]: there is no cell "lset"; did you mean "set"?',
        '8: comparisons.pairs[1][1]: there is no setting "methd"; did you mean "method"?',
        '14: claims[0].parts[0].against[0]: there is no cell "static"; known: set, accset.',
    ),
    "ambiguous cells": (
        "name: x\ncells: [{method: set, grid: {zeta: [0.1, 0.2]}}]\ncomparisons: {baseline: set}\n",
        '3: comparisons.baseline: "set" may be any of set[zeta=0.1], set[zeta=0.2]; say more of '
        "it.",
    ),
    "names that are none": (
        RIGHT + "comparisons:\n  pairs:\n    - ['set[zeta', 'set[zeta={]']\n"
        "    - ['', 'set[zet=3]']\n",
        '5: comparisons.pairs[0][0]: "set[zeta" is not a cell name; one looks like '
        "dynset[metric=loss].",
        '5: comparisons.pairs[0][1]: "set[zeta={]" is not a cell name; one looks like '
        "dynset[metric=loss].",
        '6: comparisons.pairs[1][0]: "" is not a cell name; one looks like dynset[metric=loss].',
        '6: comparisons.pairs[1][1]: there is no setting "zet"; did you mean "zeta"?',
    ),
    "a wrong cell leaves open what names mean": (
        "name: x\ncells: [{method: accset, zeta: 3}, lset]\n"
        "comparisons: {baseline: accset, pairs: [[accset, lset]]}\n",
        '2: cells[1]: must be a mapping, not "lset".',
        "2: cells[0].zeta: must be a number above 0 and below 1, not 3.",
    ),
    "declared in vain": (
        "name: x\ncells: [{method: set, epochs: 5}, {method: lset, epochs: 9}]\ncomparisons:\n"
        "  pairs: [[set, set]]\n  measure: {last: 7}\nclaims:\n  - sentence: a\n    parts:\n"
        "      - {cells: [set], against: [lset], direction: saves}\n"
        "      - {cells: [set], against: [lset], direction: equivalent, outcome: test_loss}\n"
        "      - {cells: [set], against: [set], direction: higher}\n"
        "      - {cells: [set, lset], against: [set], direction: higher, one_to_one: true}\n",
        "4: comparisons.pairs[0]: set[epochs=5] is compared with itself.",
        "5: comparisons.measure.last: 7 epochs are more than the 5 of set[epochs=5].",
        "9: claims[0].parts[0]: saves needs the share that is saved under paper, e.g. 0.36.",
        "10: claims[0].parts[1]: equivalent needs a margin, in the unit of test_loss.",
        "11: claims[0].parts[2]: a cell is compared with itself.",
        "12: claims[0].parts[3]: one_to_one needs as many cells as there are against them.",
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
        '4: comparisons.baseline: there is no cell "{method: foo}"; known: set, accset.',
        "5: comparisons.equivalence_margin: must be a number above 0, not -1.",
        "7: comparisons.pairs[0]: must be a list of 2, each text or a mapping, not a list of 1.",
        '8: comparisons.pairs[1][0]: there is no cell "lset"; did you mean "set"?',
        '8: comparisons.pairs[1][1]: there is no setting "zetta"; did you mean "zeta"?',
        '12: claims[0].parts[0].direction: must be higher, lower, equivalent or saves, not "up".',
        '12: claims[0].parts[0].against[0]: there is no cell "accsett"; did you mean "accset"?',
        "13: claims[0].parts[1].cells[0]: must be text or a mapping, not 3; put it in quotes.",
        "13: claims[0].parts[1]: one_to_one needs as many cells as there are against them.",
        '14: claims[0].parts[2].margin: must be a number above 0, not "no".',
        "14: claims[0].parts[2]: saves needs the share that is saved under paper, e.g. 0.36.",
        '15: claims[0].parts[3].margin: must be a number above 0, not "no".',
        "15: claims[0].parts[3]: a cell is compared with itself.",
        '16: claims[1]: "sentence" must be given: text.',
        '16: claims[1].sentense: there is no "sentense" here; did you mean "sentence"?',
        '16: claims[1].parts[0].against[0]: there is no cell "bar"; known: set, accset.',
    ),
    "a margin that is wrong is not called missing": (
        RIGHT + "comparisons: {equivalence_margin: -1}\nclaims:\n  - sentence: a\n    parts:\n"
        "      - {cells: [set], against: [set], direction: equivalent, margin: 0}\n"
        "      - {cells: [set], against: ['set[zeta=0.3]'], direction: equivalent}\n",
        "3: comparisons.equivalence_margin: must be a number above 0, not -1.",
        "7: claims[0].parts[0].margin: must be a number above 0, not 0.",
        "7: claims[0].parts[0]: a cell is compared with itself.",
        "8: claims[0].parts[1]: a cell is compared with itself.",
    ),
    "an outcome that is wrong may be any": (
        RIGHT + "comparisons: {equivalence_margin: 0.1, outcome: test_los}\nclaims:\n"
        "  - sentence: a\n    parts:\n      - cells: [set]\n        against: [set]\n"
        "        direction: equivalent\n        outcome: test_loss\n",
        f'3: comparisons.outcome: must be {OUTCOMES}, not "test_los"; did you mean "test_loss"?',
        "7: claims[0].parts[0]: a cell is compared with itself.",
    ),
    "a value beside the grid as well may be either": (
        "name: x\ncells: [{method: accset, zeta: 0.1, grid: {zeta: [0.2, 0.3]}}]\n"
        "comparisons: {baseline: 'accset[zeta=0.2]', pairs: [['accset[zeta=0.1]', lset]]}\n",
        "2: cells[0].grid.zeta: is set both here and in the cell itself; keep one of them.",
        '3: comparisons.pairs[0][1]: there is no cell "lset".',
    ),
    "what a wrong cell cannot be": (
        "name: x\ndefaults: {epsilon: 10}\ncells:\n  - {method: accset, zeta: 3}\n  - set\n"
        "comparisons:\n  baseline: {method: foo}\n  pairs:\n    - [accset, 'lset[k=7]']\n"
        "    - ['accset[zeta=0.1]', lset]\n    - ['set[epsilon=10]', 'set[epsilon=10]']\n",
        "4: cells[0].zeta: must be a number above 0 and below 1, not 3.",
        '5: cells[1]: must be a mapping, not "set".',
        '7: comparisons.baseline: there is no cell "{method: foo}".',
        '9: comparisons.pairs[0][1]: there is no cell "lset[k=7]".',
    ),
    "names beside a wrong cell": (
        "name: x\ndefaults: {hidden: [200]}\ncells:\n  - {method: accset, zeta: 3}\n"
        "  - {method: set, epochs: 5}\n  - {method: dynset, epsilon: -2}\n"
        "comparisons:\n  baseline: lset\n  measure: {last: 7}\n  pairs:\n"
        "    - [accset, 'accset[zeta=0.1]']\n    - [set, 'set[hidden=[200]]']\n"
        "    - ['accset[hidden=[200], epochs=1000]', 'accset[hidden=[100]]']\n"
        "    - ['dynset[epsilon=2]', 'dynset[zeta=0.1]']\n    - [dynset, 'dynset[metric=loss]']\n",
        "4: cells[0].zeta: must be a number above 0 and below 1, not 3.",
        "6: cells[2].epsilon: must be a number above 0, not -2.",
        '8: comparisons.baseline: there is no cell "lset"; known: set[epochs=5].',
        "9: comparisons.measure.last: 7 epochs are more than the 5 of set[epochs=5].",
        "12: comparisons.pairs[1]: set[epochs=5] is compared with itself.",
        '13: comparisons.pairs[2][1]: there is no cell "accset[hidden=[100]]"; known: '
        "set[epochs=5].",
        '14: comparisons.pairs[3][1]: there is no cell "dynset[zeta=0.1]"; known: set[epochs=5].',
    ),
    "names beside a contradiction": (
        "name: x\ncells: [{method: set, metric: loss, epochs: 5}]\n"
        "comparisons: {baseline: lset, pairs: [['set[epochs=5]', 'set[epochs=6]']]}\n",
        "2: cells[0].metric: set reads no signal; leave the metric out.",
        '3: comparisons.pairs[0][1]: there is no cell "set[epochs=6]".',
    ),
    "names beside a grid or setting that is none": (
        "name: x\ncells:\n  - {method: lset, grid: {zetta: [0.1, 0.2]}}\n"
        "  - {method: accset, zetta: 0.1}\n  - {method: dynset, grid: {zeta: 0.1}}\n"
        "comparisons:\n  baseline: set\n"
        "  pairs: [['lset[zeta=0.1]', 'accset[zeta=0.1]'], ['dynset[zeta=0.1]', lset]]\n",
        '3: cells[0].grid.zetta: there is no "zetta" here; did you mean "zeta"?',
        '4: cells[1].zetta: there is no "zetta" here; did you mean "zeta"?',
        "5: cells[2].grid.zeta: must be a list of the values to take, 1 or more.",
        '7: comparisons.baseline: there is no cell "set".',
    ),
    "names beside too many runs": (
        RIGHT
        + "seeds: {count: 100000}\ncomparisons: {baseline: {zetta: 3}, pairs: [[set, foo]]}\n",
        "2: cells: 1 cell with 100,000 seeds make 100,000 runs; if you mean this many, add --yes.",
        '4: comparisons.baseline: there is no setting "zetta"; did you mean "zeta"?',
        '4: comparisons.pairs[0][1]: there is no cell "foo".',
    ),
    # ---- too many runs
    "100,000 runs by accident": (
        RIGHT + "seeds: {count: 100000}\n",
        "2: cells: 1 cell with 100,000 seeds make 100,000 runs; if you mean this many, add --yes.",
    ),
    "more runs than could be listed": (
        RIGHT + "seeds: {count: 100000000000000000000}\n",
        "2: cells: 1 cell with 100,000,000,000,000,000,000 seeds make "
        "100,000,000,000,000,000,000 runs; a study has at most 1,000,000.",
    ),
    # ---- YAML
    "keys that stand twice": (
        "name: x\nname: y\ncells:\n  - method: set\n    zeta: 3\n    method: lset\n",
        "2: name: stands twice (first on line 1); keep one of them.",
        "5: cells[0].zeta: must be a number above 0 and below 1, not 3.",
        "6: cells[0].method: stands twice (first on line 4); keep one of them.",
    ),
    "keys that are no words": (
        RIGHT + "? [a]\n: 4\n",
        "3: a key must be a word, not a list or mapping.",
    ),
    "keys that are numbers": (
        "name: x\ncells: [{method: set}]\n3: 4\n",
        f'3: 3: there is no "3" here; known: {TOP}.',
    ),
    "merge keys": (
        "name: x\ndefaults: &shared {epochs: 3}\ncells:\n  - <<: *shared\n    method: set\n",
        "4: cells[0].<<: merge keys are not read; what cells share stands in defaults.",
    ),
    "tags": (
        "name: x\ntitle: !!python/name:os.system x\ncells: [!wild {method: set}]\n",
        "2: title: the tag !!python/name:os.system is not read; write a plain value.",
        "3: cells[0]: the tag !wild is not read; write a plain value.",
    ),
    "a tagged value is one mistake": (
        "name: x\ndefaults: {zeta: !!python/name:os.system x, epochs: !!str 3}\n"
        "cells: [{method: !wild lset, k: 7}]\ncomparisons: {baseline: !name zet}\n",
        "2: defaults.zeta: the tag !!python/name:os.system is not read; write a plain value.",
        "3: cells[0].method: the tag !wild is not read; write a plain value.",
        "3: cells[0].k: must be a number above -1 and below 1, not 7.",
        "4: comparisons.baseline: the tag !name is not read; write a plain value.",
    ),
    "an alias inside itself": (
        "name: x\ncells: &a [*a]\n",
        "2: cells[0]: this alias contains itself.",
    ),
    "brackets": ("name: [x\ncells: }\n", "2: is not YAML: expected ',' or ']', but got ':'."),
    "a colon": (
        "name: a: b\n",
        "1: is not YAML: a colon too many; text with a colon stands in quotes.",
    ),
    "a tab": ("name: x\ncells:\n\t- {}\n", "3: is not YAML: a tab stands where only spaces may."),
    "two documents": (
        RIGHT + "---\nname: y\n",
        "3: is not YAML: it holds more than one document.",
    ),
    "an alias of nothing": ("name: *x\n", "1: is not YAML: found undefined alias 'x'."),
    "a control character": (
        "name: x\ntitle: \0\n",
        "2: is not YAML: the character U+0000 may not stand in it.",
    ),
}


def sentences(path):
    with pytest.raises(UserError) as caught:
        load_study(path)
    return list(caught.value.sentences)


@pytest.mark.parametrize("rule", RULES)
def test_every_mistake_is_a_sentence_with_its_line(rule, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text, *expected = RULES[rule]
    (tmp_path / "study.yaml").write_text(text)
    assert sentences("study.yaml") == [f"study.yaml:{line}" for line in expected]
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]


BOMB = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "study.yaml: is empty."),
        (b"# nothing but a comment\n", "study.yaml: is empty."),
        (b"- a\n- b\n", "study.yaml: is not a study; a study is a mapping with name and cells."),
        (b"hello\n", "study.yaml: is not a study; a study is a mapping with name and cells."),
        (
            b"\x89PNG\r\n\x1a\n\xff\xfe",
            "study.yaml: is not a text file (UTF-8), so it is no study.",
        ),
        (b"[" * 1200, "study.yaml: is nested too deeply to be a study."),
        (
            b"x" * 2_000_001,
            "study.yaml: has more than 2,000,000 bytes, so it is no study.",
        ),
        (
            BOMB.encode(),
            "study.yaml: has more than 50,000 values, those of its aliases counted; no study "
            "needs so many.",
        ),
    ],
    ids=["empty", "comment", "list", "text", "binary", "deep", "large", "bomb"],
)
def test_what_is_no_study_at_all(content, expected, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_bytes(content)
    assert sentences("study.yaml") == [expected]


def test_a_missing_file_and_its_likely_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert sentences("studi.yaml") == ["studi.yaml: there is no such file."]
    (tmp_path / "study.yaml").write_text(RIGHT)
    assert sentences("studi.yaml") == [
        "studi.yaml: there is no such file; did you mean study.yaml?"
    ]
    assert sentences("no/where.yaml") == ["no/where.yaml: there is no such file."]


def test_a_folder_is_no_study(tmp_path):
    assert sentences(tmp_path) == [f"{tmp_path}: is a folder; name a study file in it."]


def test_an_unreadable_file(monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert sentences("study.yaml") == ["study.yaml: cannot be read: Permission denied."]


def test_a_path_through_a_file(tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    assert sentences(path / "study.yaml") == [
        f"{path / 'study.yaml'}: cannot be read: Not a directory."
    ]


def test_a_huge_grid_is_counted_and_not_expanded(tmp_path):
    path = tmp_path / "study.yaml"
    values = ", ".join(str(n) for n in range(1, 1001))
    names = ("epochs", "batch_size", "window", "train_samples")
    grid = ", ".join(f"{name}: [{values}]" for name in names)
    path.write_text(f"name: x\nseeds: {{count: 1}}\ncells: [{{grid: {{{grid}}}}}]\nwrong: 1\n")
    assert sentences(path) == [
        f"{path}:3: cells: 1,000,000,000,000 cells with 1 seed make 1,000,000,000,000 runs; "
        "a study has at most 1,000,000.",
        f'{path}:4: wrong: there is no "wrong" here; known: {TOP}.',
    ]
    with pytest.raises(UserError, match="at most 1,000,000"):
        load_study(path, many=True)


def test_many_runs_that_are_meant(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(RIGHT + "seeds: {count: 100000}\n")
    assert len(load_study(path, many=True).seeds) == 100_000


PLUGINS = {
    "nothing.py": "Plug-in {path} cannot be read: No such file or directory.",
    "wrong.py": "Plug-in {path} fails at line 1: SyntaxError: ",
    "fails.py": "Plug-in {path} fails at line 2: ZeroDivisionError: division by zero.",
    "empty.py": "Plug-in {path} registers no part.",
    "taken.py": "Regrowth strategy 'random' of {path} has the name of ",
    "exits.py": "Plug-in {path} fails at line 2: SystemExit: 3.",
}


def test_plugins_that_fail(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.py").write_text("def\n")
    (tmp_path / "fails.py").write_text("x = 0\n1 / x\n")
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "exits.py").write_text("import sys\nsys.exit(3)\n")
    (tmp_path / "taken.py").write_text(
        "from suite.methods.regrow import regrowth\n"
        "@regrowth('random')\ndef again(layer, count, rng):\n    return []\n"
    )
    lines = "".join(f"  - {name}\n" for name in PLUGINS)
    (tmp_path / "study.yaml").write_text(
        f"name: x\nplugins:\n{lines}cells: [{{regrow: of_a_plugin}}]\n"
    )
    found = sentences("study.yaml")
    assert len(found) == len(PLUGINS), "what the plug-ins would have registered is not known"
    for number, (name, expected) in enumerate(PLUGINS.items()):
        place = f"study.yaml:{number + 3}: plugins[{number}]: "
        assert found[number].startswith(place + expected.format(path=tmp_path / name))


def test_a_mistake_is_reported_once_and_in_the_order_of_the_lines(tmp_path):
    path = tmp_path / "a:9.yaml"  # a file's name may look like a line number
    path.write_text("name: x\nname: y\ncells: []\ntitle: z\n")
    mistakes = Mistakes(read_document(path))
    mistakes.note(("title",), "is wrong.")
    mistakes.note(("cells", 0, "zeta"), "is wrong.")
    mistakes.note(("title",), "is wrong.")
    places = [sentence.removeprefix(f"{path}:").split()[:2] for sentence in mistakes.sentences]
    assert places == [["2:", "name:"], ["3:", "cells[0].zeta:"], ["4:", "title:"]]
