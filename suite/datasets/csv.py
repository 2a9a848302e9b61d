"""CSV files: a table whose columns are features, and one of them the labels."""

from __future__ import annotations

import csv as text
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
from pyarrow import csv

from suite.datasets import labels, vectors
from suite.datasets.dataset import DataSet
from suite.datasets.files import File, parts, tables
from suite.datasets.parquet import divided
from suite.datasets.sources import CsvSource, title
from suite.errors import UserError

_BLOCK = 32_000_000  # bytes: more than a row of the widest table
_SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


def files(source: CsvSource, places: Iterable[Path]) -> list[File]:
    """Return the training files and then the test files, each sorted by path.

    Raises:
        UserError: A file is missing, or one of the two parts has none.
    """
    name = title(source)
    return parts(name, tables(name, source.csv, places, _SUFFIXES), source.train, source.test)


def read(source: CsvSource, files: Sequence[File], _progress: object = None) -> DataSet:
    """Return the data set of files.

    Raises:
        UserError: A file is not a table, has no label column, a column is not numeric, a value or a
            label is missing, or two files have different columns.
    """
    contents = []
    first: list[str] = []
    for _, path in files:
        table = _table(path)
        label = _label(path, table, source.label)
        features = [name for name in table.column_names if name != label]
        first = first or [*features, label]
        if [*features, label] != first:
            raise UserError(f"{path}: its columns differ from those of {files[0].path}.")
        x = vectors.from_columns(str(path), table, features)
        contents.append((x, labels.as_array(str(path), label, table.column(label))))
    return divided(title(source), source.test, files, contents, None, None)


def _table(path: Path) -> pa.Table:
    """Return a file's columns; without a header they are numbered from 1."""
    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            head = re.split(rb"[\r\n]", stream.read(_BLOCK), maxsplit=1)[0].decode("utf-8-sig")
        if not head.strip():
            raise UserError(f"{path}: is empty, or its first line is.")
        delimiter = max(",;\t", key=_QUOTED.sub("", head).count)
        names = [word.strip() for word in next(text.reader([head], delimiter=delimiter))]
        words = [name for name in names if _is_number(name)]
        named = words in (
            [str(i) for i in range(len(words))],
            [str(i + 1) for i in range(len(words))],
        )
        if named and (len(set(names)) < len(names) or "" in names):
            raise UserError(
                f"{path}: two columns have the same name, or one has no name (perhaps an index); "
                "give each column a name or remove it."
            )
        numbers = [str(i + 1) for i in range(len(names))]
        table = csv.read_csv(
            path,
            csv.ReadOptions(
                block_size=_BLOCK,
                column_names=None if named else numbers,
            ),
            csv.ParseOptions(delimiter=delimiter),
            csv.ConvertOptions(strings_can_be_null=True, quoted_strings_can_be_null=False),
        )
    except UserError:
        raise
    except (pa.ArrowException, OSError, ValueError, EOFError, text.Error) as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise UserError(f"{path}: not a complete CSV file ({reason}).") from None
    if len(table.column_names) < 2 or not table.num_rows:
        raise UserError(
            f"{path}: a table needs at least one row, and two columns separated by , ; or tabs."
        )
    return table


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return "_" not in word  # which Python allows in a number


def _label(path: Path, table: pa.Table, wanted: str | int | None) -> str:
    names = table.column_names
    if wanted is not None:
        if str(wanted) not in names:
            raise UserError(f"{path}: there is no column {wanted} ({', '.join(names[:20])}).")
        return str(wanted)
    found = [name for name in names if name.lower() in labels.USUAL]
    if "label" in found or len(found) == 1:
        return "label" if "label" in found else found[0]
    raise UserError(
        f"{path}: which column has the labels? Give it as label: COLUMN "
        f"(found: {', '.join(names[:20])})."
    )
