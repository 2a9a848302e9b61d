"""Parquet files in the layout that image sets have on the Hugging Face Hub.

A struct column holds the encoded images (its field `bytes`), an integer column the labels, and the
schema's metadata, under `huggingface`, what the columns mean and how the classes are called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from suite.datasets.dataset import DataSet
from suite.datasets.decoding import Encoded, Progress, data_set
from suite.datasets.files import File, find
from suite.datasets.sources import ParquetSource, title
from suite.errors import UserError


def files(source: ParquetSource, places: Iterable[Path]) -> list[File]:
    """Return the training files and then the test files, each sorted by path.

    Raises:
        UserError: There is no file, or none for one of the two.
    """
    name, places = title(source), list(places)
    patterns = [source.parquet] if isinstance(source.parquet, str) else source.parquet
    paths: list[Path] = []
    for pattern in patterns:
        for path in find(name, pattern, places):
            paths += sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    paths = list(dict.fromkeys(paths))
    train = [path for path in paths if _is(path, "train", source.train)]
    rest = [path for path in paths if path not in train]
    test = [path for path in rest if _is(path, "test", source.test)]
    if not test and source.test is None:
        test = [path for path in rest if _is(path, "val", None)]
    for part, found in (("train", train), ("test", test)):
        if not found:
            names = ", ".join(path.name for path in paths[:5]) or "none"
            raise UserError(
                f"{name}: which parquet files are for {part}? Name them with {part}: PATTERN "
                f"(found: {names})."
            )
    return [File("train", path) for path in train] + [File("test", path) for path in test]


def _is(path: Path, part: str, pattern: str | None) -> bool:
    """Whether a file belongs to a part by pattern, else by its name, else by its folder's."""
    if pattern is not None:
        return path.match(pattern)
    for word in (path.name, path.parent.name):
        if found := re.search("(?<![a-z])(train|test|val)", word.lower()):
            return found.group() == part
    return False


def read(source: ParquetSource, files: Sequence[File], progress: Progress | None = None) -> DataSet:
    """Return the decoded images and their labels.

    Raises:
        UserError: A file is truncated or no parquet file, has no image or label column, lacks an
            image or a label, or two files disagree on the classes.
    """
    images: list[tuple[str, bytes | str]] = []
    labels: dict[str, list[np.ndarray]] = {"train": [], "test": []}
    classes: list[str] | None = None
    for role, path in files:
        encoded, numbers, names = _read(path, source.label)
        images += [(f"{path}, row {row}", data) for row, data in enumerate(encoded)]
        labels[role].append(numbers)
        if classes is not None and names is not None and names != classes:
            raise UserError(f"{path}: its classes are not those of {files[0].path}.")
        classes = classes or names
    every = Encoded(
        images, np.concatenate(labels["train"]), np.concatenate(labels["test"]), classes
    )
    return data_set(title(source), every, progress)


def _read(path: Path, label: str | None) -> tuple[list[bytes], np.ndarray, list[str] | None]:
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            features = _features(schema)
            image_column = _image_column(path, schema, features)
            label_column = label or _label_column(path, schema, features)
            if label_column not in schema.names:
                raise UserError(f"{path}: there is no column {label_column}.")
            table = file.read(columns=[image_column, label_column]).combine_chunks()
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise UserError(f"{path}: not a whole parquet file ({reason}).") from None
    images, labels = table.column(image_column), table.column(label_column)
    if pa.types.is_struct(images.type):
        images = pa.chunked_array(
            [chunk.field("bytes") for chunk in images.chunks], images.type.field("bytes").type
        )
    if not pa.types.is_integer(labels.type):
        raise UserError(f"{path}: column {label_column} is {labels.type}; labels are integers.")
    for kind, column in (("image", images), ("label", labels)):
        if column.null_count:
            row = column.is_null().to_pylist().index(True)
            raise UserError(f"{path}, row {row}: the {kind} is missing.")
    names = features.get(label_column, {}).get("names")
    return images.to_pylist(), labels.to_numpy(), names


def _features(schema: pa.Schema) -> dict[str, dict]:
    """Return what the schema's metadata says of each column."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {name: value for name, value in features.items() if isinstance(value, dict)}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


def _image_column(path: Path, schema: pa.Schema, features: dict[str, dict]) -> str:
    for field in schema:
        kind = field.type
        if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
            return field.name
        if features.get(field.name, {}).get("_type") == "Image" and pa.types.is_binary(kind):
            return field.name
    raise UserError(f"{path}: no column has encoded images (a struct with a field bytes).")


def _label_column(path: Path, schema: pa.Schema, features: dict[str, dict]) -> str:
    columns = [name for name in schema.names if features.get(name, {}).get("_type") == "ClassLabel"]
    columns = columns or [field.name for field in schema if pa.types.is_integer(field.type)]
    if "label" in columns:
        return "label"
    if len(columns) != 1:
        found = ", ".join(columns) or "none"
        raise UserError(
            f"{path}: which column has the labels? Name it with label: COLUMN (found: {found})."
        )
    return columns[0]
