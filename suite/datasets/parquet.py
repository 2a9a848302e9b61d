"""Parquet files: images in the layout of the Hugging Face Hub, or a table of features.

A column holds the encoded images (bytes, or a struct with a field `bytes`), another the labels;
the schema's metadata, under `huggingface`, defines what the columns mean and how the classes are
called. Files without images are tables: every column but the labels is a feature.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from suite.datasets import labels, vectors
from suite.datasets.dataset import DataSet
from suite.datasets.decoding import Encoded, Progress, data_set
from suite.datasets.files import File, parts, tables
from suite.datasets.sources import ParquetSource, title
from suite.errors import UserError

_BATCH = 50  # rows: no more encoded images at once than Arrow can address


class _Layout(NamedTuple):
    """What the columns of a file are.

    Attributes:
        image: The images' column, None in a table of features.
        label: The labels' column.
        classes: The classes' names, if the file gives them.
        features: The other columns of a table.
    """

    image: str | None
    label: str
    classes: list[str] | None
    features: list[str]


def files(source: ParquetSource, places: Iterable[Path]) -> list[File]:
    """Return the training files and then the test files, each sorted by path.

    Raises:
        UserError: A file is missing, or one of the two parts has none.
    """
    name = title(source)
    paths = tables(name, source.parquet, places, [".parquet"])
    return parts(name, paths, source.train, source.test)


def read(source: ParquetSource, files: Sequence[File], progress: Progress | None = None) -> DataSet:
    """Return the data set of files.

    Raises:
        UserError: A file is truncated or not a parquet file, has no image or label column, lacks an
            image, a value or a label, or two files disagree on what their columns are.
    """
    name = title(source)
    layouts = [_layout(path, source) for _, path in files]
    first = layouts[0]
    known = next((layout.classes for layout in layouts if layout.classes), None)
    for (_, path), layout in zip(files, layouts, strict=True):
        if layout.classes is not None and layout.classes != known:
            raise UserError(f"{path}: its classes differ from those of {files[0].path}.")
        if (layout.image is None, layout.features) != (first.image is None, first.features):
            raise UserError(f"{path}: its columns differ from those of {files[0].path}.")
    read_one = _read_rows if first.image is None else _read_images
    contents = [read_one(path, layout) for (_, path), layout in zip(files, layouts, strict=True)]
    return divided(name, source.test, files, contents, known, progress)


def divided(
    name: str,
    test: str | float | None,
    files: Sequence[File],
    contents: Sequence[tuple[np.ndarray, np.ndarray]],
    known: Sequence[str] | None,
    progress: Progress | None,
) -> DataSet:
    """Number the labels of all files, split off the test rows, and build one data set.

    Args:
        name: The data set's.
        test: The share of the rows to test with; otherwise separate files are for testing.
        files: The files.
        contents: Of each file the feature vectors, float32 (n, features), or the encoded images,
            objects (n,); and the labels as `labels.as_array` gives them.
        known: The classes' names where the labels are their places.
        progress: Called with the progress of decoding.
    """
    of_part: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {"train": [], "test": []}
    for (role, _), (x, y) in zip(files, contents, strict=True):
        if role in of_part:
            of_part[role].append((x, y))
    if isinstance(test, float):
        x = np.concatenate([x for x, _ in contents])
        y = labels.joined(name, [y for _, y in contents])
        chosen = vectors.hold_out(y, test)
        of_part = {"train": [(x[~chosen], y[~chosen])], "test": [(x[chosen], y[chosen])]}
    x_train, x_test = (np.concatenate([x for x, _ in of_part[part]]) for part in of_part)
    found = labels.numbered(
        name,
        [y for _, y in of_part["train"]],
        [y for _, y in of_part["test"]],
        known,
        any_numbers=x_train.ndim == 2,
    )
    notes: tuple[str, ...] = (found.note,) if found.note else ()
    if isinstance(test, float):
        notes += (f"{name}: {100 * test:g} % of the rows of each class, evenly spread, test.",)
    if x_train.ndim == 2:
        train, tested = (x_train, found.train), (x_test, found.test)
        return vectors.feature_set(name, train, tested, found.classes, notes=notes)
    every = Encoded([*x_train, *x_test], found.train, found.test, found.classes, notes)
    return data_set(name, every, progress)


@contextmanager
def _whole(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a parquet file; report what is wrong with it in one sentence."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            yield file
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise UserError(f"{path}: not a complete parquet file ({reason}).") from None


def _layout(path: Path, source: ParquetSource) -> _Layout:
    with _whole(path) as file:
        schema = file.schema_arrow
        if twice := [name for name, often in Counter(schema.names).items() if often > 1]:
            raise UserError(f"{path}: two columns are called {twice[0]}.")
        features = _described(schema)
        index = _pandas_index(schema)
        image = _image_column(path, file, features, source.image)
    others = [name for name in schema.names if name not in {image, *index}]
    label = _label_column(path, schema, features, others, source.label, image is None)
    rest = [] if image else [name for name in others if name != label]
    if image is None and not any(vectors.is_numeric(schema.field(name).type) for name in rest):
        raise UserError(
            f"{path}: no column has encoded images (bytes, or a struct with a field bytes), and "
            "none has numbers as features."
        )
    return _Layout(image, label, features.get(label, {}).get("names"), rest)


def _read_images(path: Path, layout: _Layout) -> tuple[np.ndarray, np.ndarray]:
    assert layout.image is not None
    images: list[tuple[str, bytes]] = []
    chunks = []
    with _whole(path) as file:
        for batch in file.iter_batches(_BATCH, columns=[layout.image, layout.label]):
            column = batch.column(layout.image)
            if pa.types.is_struct(column.type):
                column = pc.struct_field(column, "bytes")
            for data in column.to_pylist():
                if data is None:
                    raise UserError(f"{path}, row {len(images)}: the image is missing.")
                images.append((f"{path}, row {len(images)}", data))
            chunks.append(batch.column(layout.label))
        kind = file.schema_arrow.field(layout.label).type
    encoded = np.empty(len(images), dtype=object)
    encoded[:] = images
    return encoded, labels.as_array(str(path), layout.label, pa.chunked_array(chunks, kind))


def _read_rows(path: Path, layout: _Layout) -> tuple[np.ndarray, np.ndarray]:
    with _whole(path) as file:
        table = file.read(columns=[*layout.features, layout.label])
    x = vectors.from_columns(str(path), table, layout.features)
    return x, labels.as_array(str(path), layout.label, table.column(layout.label))


def _described(schema: pa.Schema) -> dict[str, dict]:
    """Return the metadata of each column from the schema."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        return {name: value for name, value in features.items() if isinstance(value, dict)}
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


def _pandas_index(schema: pa.Schema) -> set[str]:
    """Return the columns that are a pandas index, not data."""
    try:
        index = json.loads((schema.metadata or {})[b"pandas"])["index_columns"]
        return {name for name in index if isinstance(name, str)}
    except (KeyError, ValueError, TypeError, AttributeError):
        return set()


def _image_column(
    path: Path, file: pq.ParquetFile, features: dict[str, dict], wanted: str | None
) -> str | None:
    """Return the column of encoded images: the one named, the only one, or the one called image."""
    schema = file.schema_arrow
    found = [
        field.name
        for field in schema
        if features.get(field.name, {}).get("_type", "Image") == "Image" and _is_bytes(field.type)
    ]
    if wanted is not None:
        if wanted not in found:
            listed = ", ".join(found) or "none"
            raise UserError(
                f"{path}: column {wanted} does not hold encoded images (columns that do: {listed})."
            )
        return wanted
    if len(found) > 1 and "image" not in found:
        raise UserError(
            f"{path}: which column has the images? Give it as image: COLUMN "
            f"(found: {', '.join(found)})."
        )
    return "image" if "image" in found else (found or [None])[0]


def _is_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        place = kind.get_field_index("bytes")
        return place >= 0 and _is_bytes(kind.field(place).type)
    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)
    )


def _label_column(
    path: Path,
    schema: pa.Schema,
    features: dict[str, dict],
    others: Sequence[str],
    wanted: str | None,
    table: bool,
) -> str:
    if wanted is not None:
        if wanted not in schema.names:
            raise UserError(f"{path}: there is no column {wanted}.")
        return wanted
    declared = [name for name in others if features.get(name, {}).get("_type") == "ClassLabel"]
    named = ("label",) if not table else labels.USUAL
    for name in (name for name in others if not declared and name.lower() in named):
        if not labels.can_be(kind := schema.field(name).type):
            raise UserError(
                f"{path}: column {name} is {kind}; labels must be whole numbers or names. If "
                "another column has them, give it as label: COLUMN."
            )
    possible = declared or [name for name in others if labels.can_be(schema.field(name).type)]
    usual = [name for name in possible if name.lower() in labels.USUAL]
    for found in (["label"] if "label" in possible else [], usual if table else [], possible):
        if len(found) == 1:
            return found[0]
    raise UserError(
        f"{path}: which column has the labels? Give it as label: COLUMN "
        f"(found: {', '.join(possible[:20]) or 'none'})."
    )
