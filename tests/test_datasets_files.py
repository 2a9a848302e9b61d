"""Image sets from parquet, npz and folders, and the cache that they are decoded into."""

import errno
import io
import json
import os
import resource
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from suite.datasets import cache, decoding
from suite.datasets.known import known_here
from suite.datasets.loading import fingerprint, load
from suite.datasets.sources import FolderSource, NpzSource, ParquetSource
from suite.errors import UserError
from tests.reference import cifar10

NAMES = ["cat", "dog", "emu"]


def make(grey: bool = False, n: int = 30) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Two parts of random images, sorted by class."""
    rng = np.random.default_rng(5)
    shape = (6, 5) if grey else (6, 5, 3)
    return {
        part: (
            rng.integers(0, 256, (count, *shape), dtype=np.uint8),
            np.sort(np.arange(count) % 3),
        )
        for part, count in (("train", n), ("test", 9))
    }


def encode(image: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind)
    return file.getvalue()


def old(*paths: Path) -> None:
    """Let files look as if they had not just been written."""
    for path in paths:
        os.utime(path, (time.time() - 100, time.time() - 100))


def write_parquet(
    path: Path,
    images: list[bytes | None],
    labels: object,
    *,
    names: list[str] | None = NAMES,
    column: str = "image",
    label: str = "label",
    more: dict[str, object] | None = None,
) -> None:
    features = {column: {"_type": "Image"}, label: {"_type": "ClassLabel", "names": names}}
    table = pa.table(
        {
            column: pa.array(
                [{"bytes": data, "path": f"{i}.png"} for i, data in enumerate(images)],
                pa.struct([("bytes", pa.binary()), ("path", pa.string())]),
            ),
            label: pa.array(labels),
            **(more or {}),
        }
    )
    if names is not None:
        information = json.dumps({"info": {"features": features}})
        table = table.replace_schema_metadata({"huggingface": information})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=7)
    old(path)


def parquet(folder: Path, parts: dict, kind: str = "PNG", **options) -> ParquetSource:
    for part, (x, y) in parts.items():
        path = folder / f"{part}-00000-of-00001.parquet"
        write_parquet(path, [encode(image, kind) for image in x], y, **options)
    return ParquetSource(parquet=str(folder / "*.parquet"), name="mine")


def npz(folder: Path, parts: dict, **changed) -> NpzSource:
    arrays = {f"{axis}_{part}": parts[part][i] for part in parts for i, axis in enumerate("xy")}
    np.savez(folder / "mine.npz", **{**arrays, **changed})
    old(folder / "mine.npz")
    return NpzSource(npz=str(folder / "mine.npz"), name="mine")


def folder_of(folder: Path, parts: dict, suffix: str = "png") -> FolderSource:
    for part, (x, y) in parts.items():
        for i, (image, label) in enumerate(zip(x, y, strict=True)):
            path = folder / part / NAMES[label] / f"{i:04}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)
            old(path)
    return FolderSource(folder=str(folder), name="mine")


def check(images, parts) -> None:
    for part, x, y in (
        ("train", images.x_train, images.y_train),
        ("test", images.x_test, images.y_test),
    ):
        np.testing.assert_array_equal(x, parts[part][0].reshape(x.shape))
        np.testing.assert_array_equal(y, parts[part][1])


def one_sentence(says: str, source, data: Path) -> None:
    with pytest.raises(UserError, match=says) as error:
        load(source, data)
    assert len(error.value.sentences) == 1
    assert "\n" not in str(error.value) and str(error.value).endswith(".")
    assert "object at 0x" not in str(error.value) and "pickle" not in str(error.value)
    kept = {path.name for path in data.glob("decoded/*") if path.suffix != ".note"}
    assert kept <= {"decoding.lock"}


@pytest.mark.parametrize("grey", [False, True], ids=["rgb", "grey"])
@pytest.mark.parametrize("write", [parquet, npz, folder_of])
def test_reads_what_was_written_and_tells_it_by_its_content(tmp_path, write, grey):
    parts = make(grey)
    (tmp_path / "a").mkdir()
    source = write(tmp_path / "a", parts)
    images = load(source, tmp_path / "data")
    check(images, parts)
    assert images.shape == (6, 5, 1 if grey else 3) and images.name == "mine"
    assert images.classes == tuple(NAMES) or write is npz

    again = load(source, tmp_path / "data")
    check(again, parts)
    assert again.classes == images.classes
    (tmp_path / "b").mkdir()
    elsewhere = npz(tmp_path / "b", parts)
    assert images.fingerprint == again.fingerprint == fingerprint(elsewhere, tmp_path / "data2")


def test_a_fingerprint_is_known_again_without_decoding(tmp_path, monkeypatch):
    source = parquet(tmp_path / "a", make())
    first = fingerprint(source, tmp_path)
    monkeypatch.setattr("suite.datasets.loading.load", None)
    assert fingerprint(source, tmp_path) == first


@pytest.mark.parametrize("write", [parquet, npz, folder_of])
def test_changed_files_are_read_again_whatever_their_size_and_time(tmp_path, write):
    parts = make()
    (tmp_path / "a").mkdir()
    source = write(tmp_path / "a", parts)
    before = load(source, tmp_path)
    times = {path: path.stat() for path in (tmp_path / "a").rglob("*") if path.is_file()}
    parts["test"][0][0] ^= 1
    write(tmp_path / "a", parts)
    for path, stat in times.items():
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert fingerprint(source, tmp_path) != before.fingerprint
    check(load(source, tmp_path), parts)


@pytest.mark.slow
def test_no_flipped_bit_passes_or_crashes(tmp_path):
    parts, rng = make(n=9), np.random.default_rng(6)
    source = parquet(tmp_path / "a", parts)
    (tmp_path / "b").mkdir()
    archive = npz(tmp_path / "b", parts)
    checked = tmp_path / "a" / "test-00000-of-00001.parquet"
    pq.write_table(pq.read_table(checked), checked, write_page_checksum=True)
    old(checked)
    before = load(source, tmp_path)
    (cached,) = (tmp_path / "decoded").glob("*.npz")
    (note,) = (tmp_path / "decoded").glob("*.note")
    victims = {
        cached: lambda: load(source, tmp_path).fingerprint,
        note: lambda: fingerprint(source, tmp_path),
        tmp_path / "b" / "mine.npz": lambda: load(archive, tmp_path / "data").fingerprint,
        checked: lambda: load(source, tmp_path).fingerprint,
    }
    for victim, look in victims.items():
        whole = victim.read_bytes()
        for byte in rng.integers(0, len(whole), 60):
            flipped = whole[byte] ^ (1 << rng.integers(8))
            victim.write_bytes(whole[:byte] + bytes([flipped]) + whole[byte + 1 :])
            try:
                assert look() == before.fingerprint
            except UserError as error:
                assert victim not in (cached, note) and len(error.sentences) == 1
        victim.write_bytes(whole)
        old(victim)


def test_what_a_killed_process_left_is_replaced(tmp_path):
    parts = make()
    source = parquet(tmp_path / "a", parts)
    load(source, tmp_path)
    (cached,) = (tmp_path / "decoded").glob("*.npz")
    cached.rename(cached.with_suffix(".tmp"))
    cached.with_suffix(".tmp").write_bytes(b"half")
    check(load(source, tmp_path), parts)
    assert cached.exists() and not cached.with_suffix(".tmp").exists()


def test_files_that_change_while_they_are_read_are_refused(tmp_path, monkeypatch):
    source = parquet(tmp_path / "a", make())

    def decode(*arguments):
        with (tmp_path / "a" / "test-00000-of-00001.parquet").open("ab") as file:
            file.write(b"more")
        return whole(*arguments)

    whole = decoding.decode
    monkeypatch.setattr("suite.datasets.decoding.decode", decode)
    one_sentence("its files changed while they were read", source, tmp_path / "data")


def test_moved_files_are_not_decoded_again(tmp_path, monkeypatch):
    parts = make()
    load(parquet(tmp_path / "a", parts), tmp_path)
    monkeypatch.setattr("suite.datasets.decoding.decode", None)
    (tmp_path / "a").rename(tmp_path / "b")
    check(load(ParquetSource(parquet=str(tmp_path / "b")), tmp_path), parts)


@pytest.mark.parametrize("damage", ["truncated", "flipped", "foreign", "other images"])
def test_a_damaged_cache_is_decoded_again(tmp_path, damage):
    parts = make()
    source = parquet(tmp_path / "a", parts)
    load(source, tmp_path)
    (cached,) = (tmp_path / "decoded").glob("*.npz")
    data = cached.read_bytes()
    if damage == "truncated":
        cached.write_bytes(data[: len(data) // 2])
    elif damage == "flipped":
        cached.write_bytes(data[:700] + bytes([data[700] ^ 4]) + data[701:])
    elif damage == "foreign":
        cached.write_text("<html>")
    else:
        with np.load(cached) as archive:
            arrays = dict(archive)
        np.savez(cached, **{**arrays, "x_train": 255 - arrays["x_train"]})
    check(load(source, tmp_path), parts)
    assert cached.read_bytes() == data


@pytest.mark.parametrize(
    ("names", "options"),
    [
        (("train-00000-of-00001", "test-00000-of-00001"), {}),
        (("train", "validation"), {}),
        (("plain/train/0000", "plain/test/0000"), {}),
        (("latest-train", "latest-val"), {}),
        (("train/values", "test/values"), {}),
        (("train/0", "valid/0"), {}),
        (("a", "b"), {"train": "a.*", "test": "b.*"}),
        (("x/train", "y/train"), {"train": "x/*.parquet", "test": "y/*.parquet"}),
    ],
)
def test_parts_are_told_by_file_name_or_named(tmp_path, names, options):
    parts = make()
    for name, (x, y) in zip(names, parts.values(), strict=True):
        write_parquet(tmp_path / f"{name}.parquet", [encode(image) for image in x], y)
    check(load(ParquetSource(parquet=str(tmp_path), **options), tmp_path / "data"), parts)


def test_the_test_files_are_preferred_to_validation_files(tmp_path):
    parts = make()
    source = parquet(tmp_path, parts)
    write_parquet(tmp_path / "validation.parquet", [encode(parts["test"][0][0])], [0])
    check(load(source, tmp_path / "data"), parts)


def test_shards_are_read_in_order(tmp_path):
    parts = make()
    x, y = parts["train"]
    for shard in (0, 1, 2):
        rows = slice(10 * shard, 10 * shard + 10)
        path = tmp_path / f"train-0000{shard}-of-00003.parquet"
        write_parquet(path, [encode(image) for image in x[rows]], y[rows])
    write_parquet(
        tmp_path / "test.parquet", [encode(image) for image in parts["test"][0]], parts["test"][1]
    )
    files = (str(tmp_path / "train-*.parquet"), str(tmp_path / "test.parquet"))
    check(load(ParquetSource(parquet=files), tmp_path / "data"), parts)


def test_relative_paths_are_tried_from_the_study_file_then_in_the_data_folder(tmp_path):
    here, there = make(), make(n=60)
    parquet(tmp_path / "study" / "a", here)
    parquet(tmp_path / "data" / "a", there)
    parquet(tmp_path / "data" / "b", there)
    for pattern, parts in (("a/*.parquet", here), ("b/*.parquet", there), ("b", there)):
        source = ParquetSource(parquet=pattern)
        check(load(source, tmp_path / "data", base=tmp_path / "study"), parts)


def test_jpeg_is_decoded_as_pillow_does(tmp_path):
    parts = make()
    images = load(parquet(tmp_path, parts, kind="JPEG"), tmp_path / "data")
    expected = [np.asarray(Image.open(io.BytesIO(encode(x, "JPEG")))) for x in parts["train"][0]]
    np.testing.assert_array_equal(images.x_train, expected)


def test_grey_images_among_colour_become_colour(tmp_path):
    parts = make()
    x, y = parts["test"]
    parts["test"] = x, y
    parquet(tmp_path, parts)
    grey = [encode(image[:, :, 0]) for image in x[:3]]
    write_parquet(
        tmp_path / "test-00000-of-00001.parquet", grey + [encode(image) for image in x[3:]], y
    )
    images = load(ParquetSource(parquet=str(tmp_path)), tmp_path / "data")
    np.testing.assert_array_equal(images.x_test[:3], np.repeat(x[:3, :, :, :1], 3, axis=3))
    np.testing.assert_array_equal(images.x_test[3:], x[3:])


@pytest.mark.parametrize("first_grey", [True, False])
def test_grey_and_colour_chunks_meet(first_grey):
    grey, colour = (encode(np.full(shape, 9, np.uint8)) for shape in ((2, 3), (2, 3, 3)))
    kinds = [grey, colour] if first_grey else [colour, grey]
    images = [("somewhere", data) for data in kinds for _ in range(500)]
    decoded = decoding.decode(images, "these")
    assert decoded.shape == (1000, 2, 3, 3) and (decoded == 9).all()


@pytest.mark.slow
def test_other_processes_decode_the_same(tmp_path):
    rng = np.random.default_rng(8)
    x = rng.integers(0, 256, (5_200, 2, 2), dtype=np.uint8)
    told = []
    images = [(str(i), encode(image)) for i, image in enumerate(x)]
    decoded = decoding.decode(images, "these", lambda *news: told.append(news))
    np.testing.assert_array_equal(decoded[..., 0], x)
    assert [done for _, done, _ in told] == [*range(500, 5_200, 500), 5_200]
    assert {(what, total) for what, _, total in told} == {("these", 5_200)}
    images[5_100] = ("number 5100", b"nothing")
    with pytest.raises(UserError, match="number 5100: not a whole"):
        decoding.decode(images, "these")


def test_palette_and_transparency_are_read_as_colour():
    image = Image.fromarray(make()["train"][0][0])
    for mode, expected in (("RGBA", image), ("P", image.convert("P").convert("RGB"))):
        file = io.BytesIO()
        image.convert(mode).save(file, "PNG")
        decoded = decoding.decode([("a", file.getvalue())], "these")
        np.testing.assert_array_equal(decoded[0], np.asarray(expected))


def test_the_label_column_is_named_where_there_are_two(tmp_path):
    parts = make()
    more = {"coarse": pa.array(np.zeros(30, int))}
    x, y = parts["train"]
    write_parquet(
        tmp_path / "train.parquet", [encode(i) for i in x], y, label="fine", more=more, names=None
    )
    x, y = parts["test"]
    more = {"coarse": pa.array(np.zeros(9, int))}
    write_parquet(
        tmp_path / "test.parquet", [encode(i) for i in x], y, label="fine", more=more, names=None
    )
    source = ParquetSource(parquet=str(tmp_path))
    one_sentence(r"label: COLUMN \(found: fine, coarse\)", source, tmp_path / "data")
    images = load(source.model_copy(update={"label": "fine"}), tmp_path / "data")
    check(images, parts)
    assert images.classes == ("0", "1", "2")


def test_wrong_parquet_files_get_one_sentence(tmp_path):
    parts = make()
    data = tmp_path / "data"
    train, test = (tmp_path / f"{part}-00000-of-00001.parquet" for part in ("train", "test"))
    source = parquet(tmp_path, parts)
    x = [encode(image) for image in parts["train"][0]]
    y = parts["train"][1]
    whole = train.read_bytes()

    for broken in (whole[:-100], whole[:100], b"", b"<html>404</html>"):
        train.write_bytes(broken)
        one_sentence("train-00000-of-00001.parquet: not a complete parquet file", source, data)
    write_parquet(train, [*x[:17], x[17][:-40], *x[18:]], y)
    one_sentence("parquet, row 17: not a whole image", source, data)
    write_parquet(train, [*x[:17], b"GIF89a", *x[18:]], y)
    one_sentence("parquet, row 17: not a whole image", source, data)
    write_parquet(train, [*x[:3], None, *x[4:]], y)
    one_sentence("parquet, row 3: the image is missing", source, data)
    write_parquet(train, x, [None, *y[1:].tolist()])
    one_sentence("parquet, row 0: the label is missing", source, data)
    write_parquet(train, x, y + 1)
    one_sentence("label 3, which is outside the 3 classes", source, data)
    write_parquet(train, x, [*y[:-1].tolist(), -1])
    one_sentence("label -1, which is outside", source, data)
    write_parquet(train, x, np.minimum(y, 1))
    one_sentence("class 'emu' has no training image", source, data)
    write_parquet(train, x, y * 0.5)
    one_sentence("column label has 0.5", source, data)
    write_parquet(train, x, [2**40, *y[1:].tolist()], names=None)
    write_parquet(test, x[:9], y[:9], names=None)
    one_sentence("class '3' has no training image, though .* up to 1099511627776", source, data)
    write_parquet(train, x, y * 0, names=["cat"])
    one_sentence("two classes or more are needed; found 1", source, data)
    parquet(tmp_path, parts)
    write_parquet(train, x, y, names=["dog", "cat", "emu"])
    one_sentence("its classes differ from those of", source, data)
    write_parquet(train, [*x[:4], encode(np.zeros((6, 7, 3), np.uint8)), *x[5:]], y)
    one_sentence("row 4 is 7x6 pixels but .*row 0 is 5x6; all images must have one", source, data)
    write_parquet(train, [encode(np.zeros((6, 7, 3), np.uint8))] * 30, y)
    one_sentence("test.*row 0 is 5x6 pixels but .*train.*row 0 is 7x6", source, data)
    deep = io.BytesIO()
    Image.fromarray(np.zeros((6, 5), np.uint16)).save(deep, "PNG")
    write_parquet(train, [deep.getvalue()] * 30, y)
    one_sentence("row 0: it has more than 8 bits", source, data)
    write_parquet(train, [], pa.array([], pa.int64()))
    one_sentence("there are no training images", source, data)
    write_parquet(test, [], pa.array([], pa.int64()))
    one_sentence("there are no training images", source, data)
    parquet(tmp_path, parts)
    pq.write_table(pa.table({"image": ["a"], "label": [1]}), train)
    one_sentence("no column has encoded images", source, data)
    write_parquet(train, x, y, label="kind")
    one_sentence("there is no column fine", source.model_copy(update={"label": "fine"}), data)
    train.unlink()
    one_sentence(r"for train\? Give .*or a share .*\(found: test-", source, data)
    test.unlink()
    one_sentence(r"there is no .*\*.parquet", source, data)


def test_wrong_archives_get_one_sentence(tmp_path):
    parts, data = make(), tmp_path / "data"
    path = tmp_path / "mine.npz"
    source = npz(tmp_path, parts)
    whole = path.read_bytes()
    for broken in (whole[:-100], whole[:100], b"", b"<html>404</html>"):
        path.write_bytes(broken)
        one_sentence(r"mine.npz: not a whole npz archive of plain arrays \(not a zip", source, data)
    path.write_bytes(whole[:700] + bytes([whole[700] ^ 4]) + whole[701:])
    one_sentence("mine.npz: not a whole npz archive", source, data)
    np.save(tmp_path / "mine", np.zeros(3))
    (tmp_path / "mine.npy").rename(path)
    one_sentence(r"mine.npz: not a whole npz archive of plain arrays \(not a zip", source, data)
    npz(tmp_path, parts, x_train=np.array([{}, 1], dtype=object))
    one_sentence(r"mine.npz: not a whole .* \(x_train holds Python objects\)", source, data)
    with zipfile.ZipFile(path, "w") as archive:
        for array in ("x_train", "y_train", "x_test", "y_test"):
            archive.writestr(array, "words")
    one_sentence(r"mine.npz: not a whole .* \(x_train is not an array\)", source, data)
    npz(tmp_path, parts, y_train=np.array([2**40, *parts["train"][1][1:]]))
    one_sentence("class '3' has no training image, though .* up to 1099511627776", source, data)
    npz(tmp_path, parts, y_train=parts["train"][1] * 0)
    one_sentence("two classes or more are needed; found 1", source, data)
    np.savez(path, x_train=parts["train"][0], y_train=parts["train"][1])
    one_sentence("array x_test", source, data)
    npz(tmp_path, parts, x_train=parts["train"][0] / 255)
    one_sentence("must be uint8", source, data)
    path.unlink()
    one_sentence("there is no .*mine.npz", source, data)
    one_sentence("is a folder; npz takes a file", NpzSource(npz=str(tmp_path)), data)


def test_wrong_folders_get_one_sentence(tmp_path):
    parts, data, root = make(), tmp_path / "data", tmp_path / "mine"
    source = folder_of(root, parts)
    broken = root / "train" / "dog" / "0012.png"
    whole = broken.read_bytes()
    broken.write_bytes(whole[:-60])
    one_sentence("train/dog/0012.png: not a whole image", source, data)
    broken.write_bytes(whole)
    (root / "test" / "emu").rename(root / "test" / "fox")
    one_sentence("class 'fox' has test images but no training image", source, data)
    (root / "test").rename(root / "unseen")
    one_sentence("there is no image .*test/CLASS", source, data)
    (root / "train").rename(root / "seen")
    one_sentence("there is no image .*train/CLASS", source, data)
    one_sentence("there is no .*nowhere", FolderSource(folder="nowhere"), data)


def test_a_folder_may_call_its_test_part_val_and_hold_jpegs(tmp_path):
    parts = make(grey=True)
    source = folder_of(tmp_path / "mine", parts, suffix="JPG")
    (tmp_path / "mine" / "test").rename(tmp_path / "mine" / "val")
    (tmp_path / "mine" / "train" / "cat" / "notes.txt").write_text("none of our business")
    images = load(source, tmp_path)
    assert len(images.y_test) == 9
    np.testing.assert_array_equal(images.y_train, parts["train"][1])


def test_a_full_disk_leaves_nothing_half_written(tmp_path):
    parts = make(n=600)
    source = parquet(tmp_path / "a", parts)
    data = tmp_path / "data"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))  # a write really stops short
    try:
        one_sentence("the decoded images cannot be kept in .*decoded", source, data)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    check(load(source, data), parts)


def test_no_space_is_said_to_be_no_space(tmp_path, monkeypatch):
    source = parquet(tmp_path / "a", make())

    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(cache.os, "fsync", full)
    one_sentence("No space left on device.*--data", source, tmp_path / "data")


def test_a_data_folder_that_is_a_file_gets_one_sentence(tmp_path):
    source = parquet(tmp_path / "a", make())
    (tmp_path / "data").write_text("")
    with pytest.raises(UserError, match="is a file; the data folder must be a folder"):
        load(source, tmp_path / "data")


@pytest.mark.slow
def test_processes_at_once_decode_once(tmp_path):
    parquet(tmp_path / "a", make(n=900))
    code = (
        "import sys\n"
        "from suite.datasets import decoding, loading\n"
        "from suite.datasets.sources import ParquetSource\n"
        "whole = decoding.decode\n"
        "def decode(*a):\n"
        "    print('decoding', flush=True)\n"
        "    return whole(*a)\n"
        "decoding.decode = decode\n"
        "sys.stdin.readline()\n"
        "print(loading.load(ParquetSource(parquet=sys.argv[1]), sys.argv[2]).fingerprint)\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "a"), str(tmp_path / "data")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [process.communicate("\n")[0].split() for process in processes]
    assert sorted(len(output) for output in outputs) == [1, 2]
    assert len({output[-1] for output in outputs}) == 1
    assert not list((tmp_path / "data" / "decoded").glob("*.tmp"))


def test_what_was_decoded_is_listed(tmp_path):
    load(parquet(tmp_path / "a", make()), tmp_path)
    load(ParquetSource(parquet=str(tmp_path / "a"), name="mine"), tmp_path)
    (entry,) = (entry for entry in known_here(tmp_path) if not entry.source)
    assert entry == ("", "mine", (6, 5, 3), 3, 30, 9, "decoded")
    assert {e.source: e.place for e in known_here(tmp_path)}["cifar10"] == "to download"


def test_what_was_read_under_two_options_is_listed_once(tmp_path):
    source = parquet(tmp_path / "a", make())
    images = load(source, tmp_path)
    named = source.model_copy(update={"label": "label"})
    assert load(named, tmp_path).fingerprint == images.fingerprint
    assert len([entry for entry in known_here(tmp_path) if not entry.source]) == 1


def test_real_files_from_the_hub(tmp_path):
    for part in ("train", "test"):
        table = pq.read_table(next(cifar10.folder().glob(f"{part}-*.parquet")))
        pq.write_table(table.take(list(range(0, len(table), 100))), tmp_path / f"{part}-0.parquet")
    images = load(ParquetSource(parquet=str(tmp_path)), tmp_path)
    assert images.x_train.shape == (500, 32, 32, 3)
    assert images.classes[0] == "airplane" and images.classes[9] == "truck"
    np.testing.assert_array_equal(np.bincount(images.y_test), 10)
    decoded = [
        np.asarray(Image.open(io.BytesIO(row["bytes"]))) for row in table["img"].to_pylist()[::100]
    ]
    np.testing.assert_array_equal(images.x_test, decoded)


# ---------------------------------------------------------------- as users have them


def table_of(path: Path, columns: dict, describe: dict | None = None) -> None:
    table = pa.table(columns)
    if describe is not None:
        information = json.dumps({"info": {"features": describe}})
        table = table.replace_schema_metadata({"huggingface": information})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


def images_with(folder: Path, parts: dict, column, labels, **options) -> ParquetSource:
    """Files whose image column and label column are made by two functions."""
    for part, (x, y) in parts.items():
        columns = {"image": column([encode(image) for image in x]), "label": labels(y)}
        table_of(folder / f"{part}.parquet", columns)
    return ParquetSource(parquet=str(folder), name="mine", **options)


def structs(images: list[bytes], of: pa.DataType | None = None) -> pa.Array:
    kind = pa.struct([("bytes", of or pa.binary()), ("path", pa.string())])
    return pa.array([{"bytes": data, "path": None} for data in images], kind)


@pytest.mark.parametrize(
    "column",
    [
        structs,
        lambda images: structs(images, pa.large_binary()),
        lambda images: pa.array(images, pa.binary()),
        lambda images: pa.array(images, pa.large_binary()),
        lambda images: pa.array(images, pa.binary_view()),
    ],
    ids=["struct", "large struct", "binary", "large binary", "view"],
)
def test_images_are_read_from_any_column_of_bytes(tmp_path, column):
    parts = make()
    check(load(images_with(tmp_path / "a", parts, column, pa.array), tmp_path / "data"), parts)


@pytest.mark.parametrize(
    ("labels", "classes", "noted"),
    [
        (lambda y: pa.array([NAMES[i] for i in y]), NAMES, True),
        (lambda y: pa.array([NAMES[i] for i in y], pa.large_string()), NAMES, True),
        (lambda y: pa.array([NAMES[i] for i in y]).dictionary_encode(), NAMES, True),
        (lambda y: pa.array(y.astype(float)), ["0", "1", "2"], False),
    ],
    ids=["names", "large names", "dictionary", "floats"],
)
def test_labels_may_be_names_and_whole_floats(tmp_path, labels, classes, noted):
    parts = make()
    source = images_with(tmp_path / "a", parts, structs, labels)
    for _ in range(2):  # read, and out of the cache
        images = load(source, tmp_path / "data")
        check(images, parts)
        assert list(images.classes) == classes
        assert any("sorted distinct labels" in note for note in images.notes) == noted


def test_labels_that_are_neither_names_nor_whole_numbers_are_refused(tmp_path):
    source = images_with(tmp_path / "a", make(), structs, lambda y: pa.array(y + 0.5))
    one_sentence("column label has 0.5", source, tmp_path / "data")


def test_of_two_image_columns_the_one_called_image_is_read_or_one_is_named(tmp_path):
    parts = make()
    for part, (x, y) in parts.items():
        columns = {
            "mask": structs([encode(255 - image) for image in x]),
            "photo": structs([encode(image) for image in x]),
            "label": y,
        }
        table_of(tmp_path / "a" / f"{part}.parquet", columns)
        table_of(
            tmp_path / "b" / f"{part}.parquet",
            {"mask": columns["mask"], "image": columns["photo"], "label": y},
        )
    source = ParquetSource(parquet=str(tmp_path / "a"))
    one_sentence(r"image: COLUMN \(found: mask, photo\)", source, tmp_path / "data")
    check(load(source.model_copy(update={"image": "photo"}), tmp_path / "data"), parts)
    wrong = source.model_copy(update={"image": "label"})
    one_sentence("column label does not hold encoded images", wrong, tmp_path / "data2")
    check(load(ParquetSource(parquet=str(tmp_path / "b")), tmp_path / "data"), parts)


def test_folders_behind_links_are_read_and_nothing_twice(tmp_path):
    parts = make()
    images_with(tmp_path / "scratch", parts, structs, pa.array)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "data").symlink_to(tmp_path / "scratch")
    (tmp_path / "a" / "again").symlink_to(tmp_path / "scratch")
    (tmp_path / "scratch" / "loop").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "._train.parquet").write_bytes(b"macOS")
    check(load(ParquetSource(parquet=str(tmp_path / "a")), tmp_path / "data"), parts)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (ParquetSource(parquet="a/**.parquet"), r"\*\*\.parquet is not a whole folder"),
        (ParquetSource(parquet="a", train="."), "'.' is not a pattern"),
        (NpzSource(npz="~nobody-by-this-name/a.npz"), "no home folder"),
        (NpzSource(npz="a" * 300), "cannot be read as a path"),
    ],
)
def test_paths_that_cannot_be_read_get_one_sentence(tmp_path, monkeypatch, source, says):
    monkeypatch.chdir(tmp_path)
    images_with(tmp_path / "a", make(), structs, pa.array)
    one_sentence(says, source, tmp_path / "data")


def test_images_whose_labels_cannot_be_read_are_not_sorted_by_another_column(tmp_path):
    x, y = make()["train"]
    columns = {"image": structs([encode(i) for i in x]), "label": [[int(label)] for label in y]}
    table_of(tmp_path / "all.parquet", columns | {"camera": ["canon", "nikon"] * 15})
    source = ParquetSource(parquet=str(tmp_path / "all.parquet"), test=0.2)
    one_sentence("column label is list.*label: COLUMN", source, tmp_path / "data")
    named = source.model_copy(update={"label": "camera"})
    assert load(named, tmp_path / "data").classes == ("canon", "nikon")


def test_a_share_of_one_file_is_tested_with(tmp_path):
    x, y = make()["train"]
    table_of(tmp_path / "all.parquet", {"image": structs([encode(i) for i in x]), "label": y})
    images = load(ParquetSource(parquet=str(tmp_path), test=0.2), tmp_path / "data")
    test = np.isin(np.arange(30), [4, 9, 14, 19, 24, 29])
    check(images, {"train": (x[~test], y[~test]), "test": (x[test], y[test])})


def test_hidden_files_and_other_files_are_counted_and_not_read(tmp_path):
    parts = make()
    source = folder_of(tmp_path / "a", parts)
    train = tmp_path / "a" / "train"
    for name in (".DS_Store", "cat/._0000.png", "cat/.ipynb_checkpoints/0.png", ".cache/0.png"):
        (train / name).parent.mkdir(exist_ok=True)
        (train / name).write_bytes(encode(parts["train"][0][0]))
    (train / "dog" / "read.me").write_text("hello")
    for _ in range(2):
        images = load(source, tmp_path / "data")
        check(images, parts)
        (note,) = images.notes
        assert "5 files or folders" in note and "4 hidden" in note and "1 not an image" in note


def test_an_image_in_no_class_folder_is_said_to_be_in_none(tmp_path):
    parts = make()
    source = folder_of(tmp_path / "a", parts)
    (tmp_path / "a" / "train" / "0.png").write_bytes(encode(parts["train"][0][0]))
    (note,) = load(source, tmp_path / "data").notes
    assert "(1 in no class folder)" in note


@pytest.mark.parametrize("write", [npz, folder_of])
def test_a_pattern_of_several_is_refused_where_one_is_read(tmp_path, write):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, make())
    source = (
        NpzSource(npz=str(tmp_path / "*" / "mine.npz"))
        if write is npz
        else FolderSource(folder=str(tmp_path / "[ab]"))
    )
    one_sentence("matches 2 files or folders; name one", source, tmp_path / "data")


@pytest.mark.parametrize("part", ["train", "test"])
def test_a_class_folder_without_images_is_refused(tmp_path, part):
    source = folder_of(tmp_path / "a", make())
    (tmp_path / "a" / part / "fox").mkdir()
    one_sentence(f"{part}/fox has no image", source, tmp_path / "data")
    (tmp_path / "a" / part / "fox" / "0.heic").write_bytes(b"")
    one_sentence("0.heic: such images cannot be read; convert", source, tmp_path / "data")


@pytest.mark.parametrize("suffix", ["bmp", "webp", "PNG", "tif", "gif"])
def test_every_usual_suffix_is_read(tmp_path, suffix):
    parts = make(grey=suffix == "gif")
    source = folder_of(tmp_path / "a", parts, suffix)
    images = load(source, tmp_path / "data")
    assert len(images.y_train) == 30
    if suffix not in ("webp", "gif"):
        check(images, parts)


def test_images_are_turned_as_their_exif_says():
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:, :4] = 255
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6  # turn clockwise
    Image.fromarray(picture).save(file, "PNG", exif=exif.tobytes())
    (turned,) = decoding.decode([("a", file.getvalue())], "these")
    np.testing.assert_array_equal(turned, np.rot90(picture, -1))


def test_deep_and_moving_images_are_refused_with_what_to_do():
    deep, moving = io.BytesIO(), io.BytesIO()
    Image.fromarray(np.full((4, 4), 60_000, np.uint16)).save(deep, "PNG")
    frames = [Image.new("L", (4, 4), level) for level in (0, 200)]
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:])
    for data, says in ((deep, "more than 8 bits a channel.*convert"), (moving, "2 frames")):
        with pytest.raises(UserError, match=says):
            decoding.decode([("a", data.getvalue())], "these")
