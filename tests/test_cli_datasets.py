"""`suite datasets`, and `suite datasets show`."""

from __future__ import annotations

import errno
import os

import pytest
from PIL import Image

from tests.command import suite


def test_the_known_sets_are_listed(tmp_path):
    done = suite("datasets", "--data", tmp_path)
    assert done.code == 0 and str(tmp_path) in done.out
    assert "CIFAR-10" in done.out and "to download" in done.out
    assert "checksums" in done.out


def test_a_sheet_is_drawn(tmp_path):
    out = tmp_path / "digits.png"
    done = suite("datasets", "show", "digits", "--out", out, "--seed", 3)
    assert (done.code, done.out) == (0, f"{out}\n")
    with Image.open(out) as image:
        assert image.format == "PNG"


def test_a_sheet_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    out = tmp_path / "digits.png"
    out.write_bytes(b"the old one")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = suite("datasets", "show", "digits", "--out", out)
    assert done.code == 2
    assert "No space left on device" in done.err
    assert out.read_bytes() == b"the old one"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["show"], "suite datasets show NAME --out FILE.png"),
        (["--out", "a.png"], "--out goes with show"),
        (["list", "digits", "--out", "a.png"], "suite datasets show NAME"),
        (["show", "cifar_10", "--out", "a.png"], 'did you mean "cifar10"?'),
        (["show", "{parquet: [", "--out", "a.png"], "'{parquet: ['"),
        (["show", "{parqet: a}", "--out", "a.png"], "{npz: FILE} or {folder: DIR"),
        (["show", "{npz: a, train: b}", "--out", "a.png"], "{npz: FILE}"),
        (["show", "{npz: none.npz}", "--out", "a.png"], "there is no "),
        (["show", "digits", "--out", "/nonexistent/a.png"], "/nonexistent/a.png: "),
        (["show", "digits", "--out", "a.xyz"], "a.xyz: the sheet is a PNG"),
        (["show", "digits", "--out", "a"], "a: the sheet is a PNG"),
        (["show", "digits", "--out", "/tmp"], "/tmp: the sheet is a PNG"),
        (["show", "digits", "--out", "folder.png"], "folder.png: cannot be written (Is a dir"),
        (["show", "digits", "--out", "a.png", "--seed", -1], "--seed must be 0 or more"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_sentence(arguments, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.png").mkdir()
    done = suite("datasets", *arguments, "--data", tmp_path)
    assert done.code == 2, done.err
    assert says in " ".join(done.err.split()), done.err
    assert "Traceback" not in done.err and done.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["folder.png"]
