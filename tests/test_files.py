"""Whole files with a checksum: damage is seen, writing is all or nothing."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from suite.files import MARK, DamagedError, open_place, patiently

PAYLOAD = bytes(range(256)) * 20


@pytest.fixture
def place(tmp_path):
    return open_place(tmp_path / "store").stand()


def test_what_was_written_is_read(place):
    place.write("a/b", PAYLOAD)
    place.write("a/empty", b"")
    assert place.read("a/b") == PAYLOAD
    assert place.read("a/empty") == b""
    assert place.read("a/c") is None
    assert place.names() == ["a/b", "a/empty"]


def test_a_file_url_and_a_relative_path_name_the_same_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    open_place("store").stand().write("a", PAYLOAD)
    assert open_place(f"file://{tmp_path}/store").read("a") == PAYLOAD
    assert Path(open_place("store").location).is_absolute()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:40],
        lambda content: content[:-1],
        lambda content: content + b" ",
        lambda content: content[:1000] + bytes([content[1000] ^ 4]) + content[1001:],
        lambda content: content[:20] + bytes([content[20] ^ 1]) + content[21:],
        lambda content: b'{"some": "json"}\n',
        lambda content: b"\x89PNG\r\n\x1a\n\x00" * 50,
    ],
    ids=["empty", "header", "truncated", "longer", "flipped", "sum", "foreign", "binary"],
)
def test_damage_is_seen(place, damage):
    place.write("a", PAYLOAD)
    path = Path(place.path("a"))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DamagedError):
        place.read("a")


def test_a_file_under_another_name_is_foreign(place):
    place.write("runs/1/checkpoint", PAYLOAD)
    Path(place.path("runs/2")).mkdir()
    content = Path(place.path("runs/1/checkpoint")).read_bytes()
    Path(place.path("runs/2/checkpoint")).write_bytes(content)
    with pytest.raises(DamagedError):
        place.read("runs/2/checkpoint")


def test_a_directory_in_place_of_a_file_is_foreign(place):
    Path(place.path("a")).mkdir()
    with pytest.raises(DamagedError):
        place.read("a")


@pytest.mark.parametrize("step", ["write", "fsync", "rename"])
def test_a_full_disk_leaves_the_old_file(place, monkeypatch, step):
    place.write("a", b"old")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    if step == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    elif step == "rename":
        monkeypatch.setattr(Path, "replace", full)
    else:
        monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OSError, match="No space"):
        place.write("a", b"new")
    monkeypatch.undo()
    assert place.read("a") == b"old"
    assert sorted(os.listdir(place.root)) == ["a", MARK]  # nothing unfinished  # noqa: PTH208


def test_concurrent_writers_and_a_reader_only_ever_see_whole_files(place):
    payloads = [bytes([number]) * 50_000 for number in range(4)]
    place.write("a", payloads[0])
    stop, seen = threading.Event(), set()

    def write(payload):
        for _ in range(30):
            place.write("a", payload)

    def read():
        while not stop.is_set():
            seen.add(place.read("a"))
            place.names()

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(payload,)) for payload in payloads]
    reader.start()
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    stop.set()
    reader.join()
    assert seen <= set(payloads)
    assert place.names() == ["a"]


def test_only_old_unfinished_files_are_swept(place):
    place.write("a/b", PAYLOAD)
    old, young = f".b.{'0' * 32}", f".b.{'1' * 32}"
    for name, age in [(old, 5000), (young, 10), (".gitignore", 5000), (".b.old", 5000)]:
        path = Path(place.path(f"a/{name}"))
        path.write_bytes(b"half")
        written = path.stat().st_mtime - age
        os.utime(path, (written, written))
    assert place.names("a") == ["b"]
    place.sweep("a", 3600)
    left = {path.name for path in Path(place.path("a")).iterdir()}
    assert left == {"b", young, ".gitignore", ".b.old"}


def test_a_place_that_has_gone_is_an_error_and_is_not_made_anew(place, tmp_path):
    place.write("a", PAYLOAD)
    Path(place.root).rename(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="is not there"):
        place.read("a")
    with pytest.raises(OSError, match="is not there"):
        place.names()
    with pytest.raises(OSError, match="is not there"):
        place.write("a", b"new")
    assert not Path(place.root).exists()
    (tmp_path / "elsewhere").rename(place.root)
    assert place.read("a") == PAYLOAD


def test_an_empty_directory_in_the_place_of_a_mount_is_not_the_place(place, tmp_path):
    place.write("a", PAYLOAD)
    Path(place.root).rename(tmp_path / "elsewhere")
    Path(place.root).mkdir()
    for action in (lambda: place.read("a"), place.names, lambda: place.write("a", b"new")):
        with pytest.raises(OSError, match="is not there"):
            action()
    assert list(Path(place.root).iterdir()) == []


def test_a_place_need_not_exist_to_be_read(tmp_path):
    place = open_place(tmp_path / "none")
    assert place.read("a") is None
    assert place.names() == []
    assert not (tmp_path / "none").exists()


def test_moving_and_deleting_what_is_gone_does_nothing(place):
    place.move("a", "b")
    place.delete("a")
    assert place.names() == []


def test_patience_outlasts_trouble_and_ends():
    tries = []

    def troubled():
        tries.append(1)
        if len(tries) < 3:
            raise OSError("for a while")
        return "done"

    assert patiently(troubled, 60) == "done"

    def hopeless():
        tries.append(1)
        raise OSError("for ever")

    del tries[:]
    with pytest.raises(OSError, match="for ever"):
        patiently(hopeless, 0.5)
    assert len(tries) > 1


def test_a_file_url_is_read_as_urls_are(tmp_path):
    for url in (f"file://{tmp_path}/my%20store", f"file://localhost{tmp_path}/my%20store"):
        assert open_place(url).root == f"{tmp_path}/my store"
    with pytest.raises(ValueError, match="elsewhere"):
        open_place("file://elsewhere/store")
    with pytest.raises(ValueError, match="no home folder"):
        open_place("~nobody-by-this-name/store")
