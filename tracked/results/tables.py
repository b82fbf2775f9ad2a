"""Frames as Parquet with a CSV preview, series as metrics."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from io import BytesIO, StringIO
from typing import Any

from .. import speech
from ..measure import numbers_in
from ..shapes import kinds
from .values import Keep, Points

PREVIEW = 1000
_ENDINGS = (".parquet", ".csv")
_NO_PARQUET = (ImportError, ValueError, TypeError, OverflowError, NotImplementedError)
"""pyarrow is missing, or says in one of these ways that it has no type for a column."""


def stem_of(name: str) -> str:
    """The name without the ending of a table."""
    return next((name.removesuffix(ending) for ending in _ENDINGS if name.endswith(ending)), name)


def keep_pandas(frame: Any, name: str, keep: Keep) -> None:
    """Parquet and the first rows as CSV; the whole as CSV where there is no Parquet for it."""
    name, packed = stem_of(name), BytesIO()
    try:
        frame.to_parquet(packed)
    except _NO_PARQUET as error:
        _say_no_parquet(error)
        keep(_csv(frame), f"{name}.csv")
    else:
        keep(packed.getvalue(), f"{name}.parquet")
        keep(_csv(frame.head(PREVIEW)), f"{name}.preview.csv")


def _csv(frame: Any) -> bytes:
    # Rows that are only counted need no column for it.
    counted = type(frame.index).__name__ == "RangeIndex" and frame.index.name is None
    return bytes(frame.to_csv(index=not counted).encode())


def _say_no_parquet(error: Exception) -> None:
    why = "pyarrow is not installed" if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
    speech.warn_once(
        f"a table is kept as CSV only, not as Parquet: {why.splitlines()[0][:200]}",
        about=f"no parquet {type(error).__name__}",
    )


def keep_polars(frame: Any, name: str, keep: Keep) -> None:
    """Parquet, and the first rows as CSV where CSV can hold them."""
    name, packed = stem_of(name), BytesIO()
    frame.write_parquet(packed)
    keep(packed.getvalue(), f"{name}.parquet")
    try:
        preview = frame.head(PREVIEW).write_csv()
    except sys.modules["polars"].exceptions.PolarsError:
        return  # CSV has no lists, structs, bytes and durations: there is no preview of them
    keep(preview.encode(), f"{name}.preview.csv")


def keep_series(series: Any, name: str, keep: Keep) -> None:
    """As a frame of one column."""
    frame = series.to_frame()
    (keep_polars if is_polars(series) else keep_pandas)(frame, name, keep)


def keep_rows(rows: Any, name: str, keep: Keep) -> None:
    """A mapping of columns, or a list of mappings, as CSV.

    Raises:
        TypeError: it is neither.
    """
    if isinstance(rows, Mapping):
        rows = [dict(zip(rows, row, strict=True)) for row in zip(*rows.values(), strict=True)]
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Mapping) for row in rows):
        raise TypeError("a table is a frame, a mapping of columns or a list of mappings")
    text = StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(key for row in rows for key in row)))
    writer.writeheader()
    writer.writerows(rows)
    keep(text.getvalue().encode(), f"{stem_of(name)}.csv")


def is_polars(value: Any) -> bool:
    """Whether it comes from polars."""
    return any(kind.startswith("polars.") for kind in kinds(type(value)))


def is_series(value: Any) -> bool:
    """Whether it is a series of pandas or polars."""
    return not kinds(type(value)).isdisjoint(("pandas.Series", "polars.Series"))


def is_counted(series: Any) -> bool:
    """Whether its rows are numbered, so that it is a history."""
    return is_polars(series) or series.index.inferred_type == "integer"


def points_of(series: Any) -> Points | None:
    """Steps and values of a numbered series of numbers; None if it holds anything else."""
    numbers = numbers_in(series.to_list())
    if numbers is None:
        return None
    steps = range(len(numbers)) if is_polars(series) else map(int, series.index)
    return list(zip(steps, numbers, strict=True))
