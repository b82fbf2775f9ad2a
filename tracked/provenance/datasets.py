"""Arguments that are data: frames and arrays by digest, names and shape, from the key that counted them already."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from ..identity import Key, to_bytes

DIGEST = 32
"""Hex digits: MLflow takes 36."""


def datasets_in(key: Key | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """The name of each argument that is data, and what is known of it: ``type``, ``digest``, ``shape``, ``columns``.

    What does not count in the key, or counts by a rule of the caller's, was not read, and is not told.
    """
    arguments = key.payload.get("arguments") if key else None
    for name, form in arguments.items() if isinstance(arguments, dict) else ():
        if isinstance(form, dict) and (data := _data(form)) is not None:
            yield name, data


def _data(form: Mapping[str, Any]) -> dict[str, Any] | None:
    mark = next(iter(form), "")
    if mark == "$array":
        array = form[mark]
        return _told(form, array.get("digest"), array["dtype"], array["shape"]) if array["shape"] else None
    if mark == "$frame":
        return _frame(form)
    if mark == "$sparse":
        return _told(form, None, "sparse", form[mark][0])
    if mark == "$weak" and form.get("shape"):
        # Too large to be read whole: the digest of a sample stands for it.
        columns = _columns(form) if "names" in form else None
        return _told(form, form.get("sample"), form.get("dtype", form[mark]), form["shape"], columns)
    return None


def _frame(form: Mapping[str, Any]) -> dict[str, Any]:
    frame = form["$frame"]
    if "columns" in frame:  # polars tells each by itself
        columns = [column["$series"][:2] for column in frame["columns"]]
        return _told(form, None, frame["type"], [_height(frame["columns"]), len(columns)], columns)
    return _told(form, frame["digest"], frame["type"], frame["shape"], _columns(frame))


def _height(columns: list[Any]) -> int:
    return _length(columns[0]["$series"][2]) if columns else 0


def _length(values: Any) -> int:
    if isinstance(values, list):
        return len(values)
    (kind, told), *_ = values.items()
    return int(told["shape"][0] if kind == "$array" else told[0])


def _columns(frame: Mapping[str, Any]) -> list[list[str]]:
    return [[str(name), dtype] for name, dtype in zip(frame["names"], frame["dtypes"], strict=True)]


def _told(
    form: Any, digest: str | None, kind: str, shape: list[int], columns: list[list[str]] | None = None
) -> dict[str, Any]:
    digest = digest or hashlib.sha256(to_bytes(form)).hexdigest()
    return {
        "type": kind,
        "digest": digest[:DIGEST],
        "shape": shape,
        **({"columns": columns} if columns else {}),
    }
