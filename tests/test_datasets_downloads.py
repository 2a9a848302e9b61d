"""torchvision's downloaders, against small archives served on loopback."""

import errno
import gzip
import hashlib
import http.server
import io
import os
import pickle
import shutil
import struct
import subprocess
import sys
import tarfile
import threading
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from suite.datasets import downloads
from suite.datasets.known import EXTRACTED, data_folder, known_here
from suite.datasets.loading import fingerprint, load
from suite.datasets.sources import KNOWN
from suite.errors import UserError

NAMES = ["cifar10", "cifar100", "mnist", "fashion_mnist"]
TRAIN, TEST = 200, 100


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        super().do_GET()


def _torchvisions(name: str):
    """Return torchvision's class of a set. Importing it takes seconds: not for all tests."""
    import torchvision.datasets

    return getattr(torchvision.datasets, downloads._CLASSES[name])


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A server of the files in its `folder`, which notes what it is `asked` for."""
    folder = tmp_path / "served"
    folder.mkdir()
    monkeypatch.setenv("no_proxy", "*")
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(_Quiet, directory=str(folder))
    )
    server.folder, server.asked = folder, []
    server.url = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _md5(data: bytes) -> str:
    return hashlib.md5(data).hexdigest()


def _idx(array: np.ndarray) -> bytes:
    """An array of bytes in the format of the MNIST files."""
    head = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(head + array.tobytes())


class Offered(NamedTuple):
    name: str
    kind: type
    parts: list[tuple[np.ndarray, np.ndarray]]


@pytest.fixture(params=NAMES)
def offered(request, served, monkeypatch):
    """A set of 200 and 100 random images, on the server that torchvision now looks at."""
    name = request.param
    known = KNOWN[name]._replace(images=(TRAIN, TEST))
    monkeypatch.setitem(KNOWN, name, known)
    monkeypatch.setattr(downloads, "PACKAGED", {})
    kind = _torchvisions(name)
    rng = np.random.default_rng(9)
    parts = [
        (
            rng.integers(0, 256, (count, *known.shape), dtype=np.uint8),
            np.arange(count) % known.classes,
        )
        for count in (TRAIN, TEST)
    ]
    if "cifar" in name:
        archive = io.BytesIO()
        lists: dict[str, list] = {"train_list": [], "test_list": []}
        label = "labels" if name == "cifar10" else "fine_labels"
        with tarfile.open(fileobj=archive, mode="w:gz") as tar:
            entries = [
                (member, {"data": x.transpose(0, 3, 1, 2).reshape(len(x), -1), label: y.tolist()})
                for member, (x, y) in zip(("data", "test"), parts, strict=True)
            ]
            names = [f"class {i}" for i in range(known.classes)]
            for member, content in [*entries, ("meta", {kind.meta["key"]: names})]:
                data = pickle.dumps(content)
                information = tarfile.TarInfo(f"{kind.base_folder}/{member}")
                information.size = len(data)
                tar.addfile(information, io.BytesIO(data))
                if member == "meta":
                    meta = {**kind.meta, "filename": "meta", "md5": _md5(data)}
                    monkeypatch.setattr(kind, "meta", meta)
                else:
                    which = "train_list" if member == "data" else "test_list"
                    lists[which].append([member, _md5(data)])
        (served.folder / kind.filename).write_bytes(archive.getvalue())
        monkeypatch.setattr(kind, "tgz_md5", _md5(archive.getvalue()))
        monkeypatch.setattr(kind, "url", served.url + kind.filename)
        for which, members in lists.items():
            monkeypatch.setattr(kind, which, members)
    else:
        arrays = [array for x, y in parts for array in (x[..., 0], y.astype(np.uint8))]
        resources = []
        for (file, _), array in zip(kind.resources, arrays, strict=True):
            data = _idx(array)
            (served.folder / file).write_bytes(data)
            resources.append((file, _md5(data)))
        monkeypatch.setattr(kind, "resources", resources)
        contents = tuple(_md5(gzip.decompress(_idx(array))) for array in arrays)
        monkeypatch.setitem(KNOWN, name, known._replace(contents=contents))
        monkeypatch.setattr(kind, "mirrors", [served.url])
    return Offered(name, kind, parts)


def _check(images, parts):
    (x, y), (x_test, y_test) = parts
    np.testing.assert_array_equal(images.x_train, x)
    np.testing.assert_array_equal(images.y_train, y)
    np.testing.assert_array_equal(images.x_test, x_test)
    np.testing.assert_array_equal(images.y_test, y_test)


def _one_sentence(says, name, data):
    with pytest.raises(UserError, match=says) as error:
        load(name, data)
    assert len(error.value.sentences) == 1 and "\n" not in str(error.value)


def _left(data: Path) -> list[str]:
    """What lies in a data folder, but for the lock."""
    return [str(path) for path in data.rglob("*") if path.suffix != ".lock"]


def test_checksums_are_torchvisions():
    for name in NAMES:
        kind = _torchvisions(name)
        archives = [md5 for _, md5 in getattr(kind, "resources", [])]
        assert list(KNOWN[name].checksums) == (archives or [kind.tgz_md5])


def test_extracted_where_torchvision_does(tmp_path):
    for name in NAMES:
        kind = _torchvisions(name)
        if hasattr(kind, "base_folder"):
            assert EXTRACTED[name] == kind.base_folder
        else:
            assert EXTRACTED[name] == f"{kind.__name__}/raw"


def test_downloads_once_with_progress(offered, served, tmp_path, capfd):
    name, parts = offered.name, offered.parts
    data = tmp_path / "data"
    images = load(name, data)
    _check(images, parts)
    assert images.name == KNOWN[name].title
    assert images.fingerprint == KNOWN[name].fingerprint == fingerprint(name, data)
    assert "100" in capfd.readouterr().err
    asked = len(served.asked)
    _check(load(name, data), parts)
    assert len(served.asked) == asked > 0
    assert {entry.source: entry.place for entry in known_here(data)}[name] == "here"


def test_archives_put_by_hand_need_no_network(offered, served, tmp_path):
    name, parts = offered.name, offered.parts
    folder = tmp_path if "cifar" in name else tmp_path / EXTRACTED[name]
    folder.mkdir(parents=True, exist_ok=True)
    for archive in served.folder.iterdir():
        shutil.move(archive, folder)
    _check(load(name, tmp_path), parts)
    assert not served.asked


def test_no_network_says_what_to_put_where(offered, served, tmp_path, monkeypatch):
    name = offered.name
    monkeypatch.setattr(downloads, "_PATIENCE", 2.0)
    served.shutdown()
    served.server_close()
    archive = "-python.tar.gz" if "cifar" in name else "train-images-idx3-ubyte.gz"
    data = tmp_path / "data"
    _one_sentence(f"cannot be downloaded; put .*{archive}.* into {data}.*--data", name, data)
    assert not _left(data)


def test_a_missing_page_is_no_network_either(offered, served, tmp_path):
    name = offered.name
    for path in served.folder.iterdir():
        path.unlink()
    _one_sentence("cannot be downloaded; put", name, tmp_path / "data")


def test_a_wrong_checksum_is_said_and_nothing_stays(offered, served, tmp_path):
    name = offered.name
    for path in served.folder.iterdir():
        path.write_bytes(path.read_bytes()[:-9])
    data = tmp_path / "data"
    _one_sentence("checksum that torchvision expects; put", name, data)
    assert not _left(data)


def test_a_truncated_download_is_downloaded_again(offered, served, tmp_path):
    name, parts = offered.name, offered.parts
    folder = tmp_path if "cifar" in name else tmp_path / EXTRACTED[name]
    folder.mkdir(parents=True, exist_ok=True)
    for archive in served.folder.iterdir():
        (folder / archive.name).write_bytes(archive.read_bytes()[:50])
    _check(load(name, tmp_path), parts)


@pytest.mark.parametrize("offered", ["mnist"], indirect=True)
def test_foreign_files_get_one_sentence(offered, tmp_path):
    name, parts = offered.name, offered.parts
    load(name, tmp_path)
    raw = tmp_path / EXTRACTED[name] / "train-images-idx3-ubyte"
    for broken in (raw.read_bytes()[:-100], b"", b"<html>"):
        raw.write_bytes(broken)
        _one_sentence("MNIST/raw are incomplete", name, tmp_path)
    raw.write_bytes(gzip.decompress(_idx(parts[1][0][..., 0])))  # the test images
    _one_sentence("MNIST", name, tmp_path)
    shutil.rmtree(raw.parent)
    _check(load(name, tmp_path), parts)


@pytest.mark.parametrize("offered", ["mnist", "cifar10"], indirect=True)
def test_a_full_disk_leaves_nothing(offered, tmp_path, monkeypatch):
    name, parts = offered.name, offered.parts
    data = tmp_path / "data"

    def full(archive, *_):
        (data / EXTRACTED[name]).mkdir(parents=True, exist_ok=True)
        (data / EXTRACTED[name] / "half").write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr("torchvision.datasets.utils.extract_archive", full)
        _one_sentence("cannot be kept in .*No space left on device.*--data", name, data)
    assert not _left(data)
    _check(load(name, data), parts)


@pytest.mark.slow
@pytest.mark.parametrize("offered", ["cifar10"], indirect=True)
def test_two_processes_at_once_download_once(offered, served, tmp_path):
    kind, parts = offered.kind, offered.parts
    patch = {
        attribute: getattr(kind, attribute)
        for attribute in ("url", "tgz_md5", "train_list", "test_list", "meta")
    }
    code = (
        "import sys, torchvision.datasets\n"
        "from suite.datasets.loading import load\n"
        "from suite.datasets.sources import KNOWN\n"
        f"KNOWN['cifar10'] = KNOWN['cifar10']._replace(images=({TRAIN}, {TEST}))\n"
        f"for key, value in {patch!r}.items():\n"
        "    setattr(torchvision.datasets.CIFAR10, key, value)\n"
        "print('ready', flush=True)\n"
        "sys.stdin.readline()\n"
        "print(load('cifar10', sys.argv[1]).x_train.sum())\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout.readline() == "ready\n"
        other.stdin.write("\n")
        other.stdin.flush()
        _check(load("cifar10", tmp_path), parts)
        assert int(other.stdout.readline()) == parts[0][0].sum()
    assert len(served.asked) == 2  # torchvision asks first whether it is sent elsewhere


def test_the_data_folder_is_chosen_told_or_the_platforms(tmp_path, monkeypatch):
    monkeypatch.setenv("SUITE_DATA", str(tmp_path / "a"))
    assert data_folder(tmp_path / "b") == tmp_path / "b"
    assert data_folder() == tmp_path / "a"
    monkeypatch.delenv("SUITE_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert data_folder().name == "data" and data_folder().parent.name == "regrowth-suite"


def test_all_known_sets_are_listed(tmp_path):
    entries = known_here(tmp_path / "nothing")
    assert [entry.source for entry in entries] == list(KNOWN)
    places = {entry.source: entry.place for entry in entries}
    for name in ("digits", "breast_cancer", "wine"):
        assert places.pop(name) == "embedded"
    assert set(places.values()) <= {"to download", "/usr/share/datasets/fashion-mnist"}


@pytest.mark.parametrize("offered", ["fashion_mnist"], indirect=True)
def test_files_of_a_package_are_read_and_it_is_said(offered, served, tmp_path, monkeypatch):
    package = tmp_path / "package"
    package.mkdir()
    for archive in served.folder.iterdir():
        content = gzip.decompress(archive.read_bytes())
        (package / archive.name).write_bytes(gzip.compress(content, 1))  # another checksum
    monkeypatch.setattr(downloads, "PACKAGED", {"fashion_mnist": package})
    images = load("fashion_mnist", tmp_path / "data")
    _check(images, offered.parts)
    assert str(package) in images.notes[0] and not served.asked
    shutil.copytree(package, tmp_path / "data" / EXTRACTED["fashion_mnist"])
    images = load("fashion_mnist", tmp_path / "data")
    _check(images, offered.parts)
    assert "in the data folder" in images.notes[0]
    assert str(tmp_path) not in images.notes[0], "records keep no path of one machine"


@pytest.mark.parametrize("offered", ["fashion_mnist"], indirect=True)
@pytest.mark.parametrize("compressed", [True, False])
def test_other_images_in_the_same_files_are_refused(offered, tmp_path, compressed):
    raw = tmp_path / EXTRACTED["fashion_mnist"]
    raw.mkdir(parents=True)
    for (name, _), (x, y) in zip(offered.kind.resources[::2], offered.parts, strict=True):
        for file, array in (
            (name, 255 - x[..., 0]),
            (name.replace("images-idx3", "labels-idx1"), y),
        ):
            data = _idx(array.astype(np.uint8))
            path = raw / file if compressed else (raw / file).with_suffix("")
            path.write_bytes(data if compressed else gzip.decompress(data))
    _one_sentence("FashionMNIST/raw are incomplete", "fashion_mnist", tmp_path)


def test_without_a_home_the_data_folder_is_asked_for(monkeypatch):
    for name in ("SUITE_DATA", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _: {}["nobody"])
    with pytest.raises(UserError, match="--data FOLDER or SUITE_DATA"):
        data_folder()
    with pytest.raises(UserError, match="no home folder"):
        data_folder("~nobody-by-this-name/data")
