"""The seal of a checkpoint, ``checkpoint.json``: what it was measured at and what belongs to it, written last.

As it is recorded it tells ``step``, ``monitor`` and ``value``.  Before it is sent, the digests of the files beside
it are added: so it names exactly what it was written for, and half of a checkpoint, or one that is half overwritten,
has no seal that fits.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from ...errors import Refused
from ...ports import SEAL, File
from . import manifest
from .manifest import Entry
from .repository import Repository

_TOLD = {"step", "monitor", "value"}
_INNER = re.compile(r"step-\d+/")


class Checkpoint(NamedTuple):
    """A complete checkpoint among a run's artifacts."""

    path: str
    """Its folder there."""
    step: int | None
    monitor: str | None
    """Name of the metric that it was measured by."""
    value: float | None
    files: Mapping[str, Entry]
    """What belongs to it, by path below ``path``."""
    time: int
    """When it was sealed, in milliseconds since the epoch."""


def is_seal(name: str) -> bool:
    """Whether a file of this name says that a folder is whole."""
    return name.rpartition("/")[2] == SEAL


def with_digests(file: File, known: Mapping[str, Entry], refused: Collection[str], target: Path) -> File:
    """The seal with the digests of what it seals; a file that only shares the name is given back as it is.

    Raises:
        Refused: what it seals is not all there.
    """
    told = _told(file.source.read_bytes())
    if told is None or told.keys() != _TOLD:
        return file
    place = file.name.removesuffix(SEAL)
    inside = {n.removeprefix(place): e for n, e in known.items() if _belongs(n, place) and not e.is_gone}
    lost = [name for name in refused if _belongs(name, place)]
    if lost or not inside:
        raise Refused(f"the checkpoint is not whole: {', '.join(lost) or 'its files'} did not arrive")
    told["files"] = {inner: {"size": e.size, "sha256": e.sha256} for inner, e in sorted(inside.items())}
    target.write_text(json.dumps(told), encoding="utf-8")
    return File(file.name, target)


def _belongs(name: str, place: str) -> bool:
    inner = name.removeprefix(place)
    return name.startswith(place) and not is_seal(name) and not _INNER.match(inner)


def _told(content: bytes) -> dict[str, Any] | None:
    try:
        told = json.loads(content)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None


def complete(repository: Repository, known: Mapping[str, Entry]) -> list[Checkpoint]:
    """The checkpoints whose seal fits what the manifests tell of their files, the oldest first."""
    sealed = sorted((e.time, n) for n, e in known.items() if is_seal(n) and not e.is_gone)
    found = (_checked(repository.read(name), name, known) for _, name in sealed)
    return [checkpoint for checkpoint in found if checkpoint is not None]


def _checked(content: bytes, name: str, known: Mapping[str, Entry]) -> Checkpoint | None:
    """What the seal tells, if it is the one that the manifest tells of, and so are its files."""
    if known[name].sha256 != sha256(content).hexdigest():
        return None
    told, place = _told(content), name.removesuffix(SEAL)
    try:
        files = {inner: manifest.entry_of(fields) for inner, fields in (told or {})["files"].items()}
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    if (
        told is None
        or not files
        or not all(e.is_same(known.get(place + inner)) for inner, e in files.items())
    ):
        return None
    step, value = _whole(told.get("step")), _number(told.get("value"))
    return Checkpoint(place.rstrip("/"), step, told.get("monitor"), value, files, known[name].time)


def _whole(value: Any) -> int | None:
    return value if type(value) is int else None


def _number(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) and not math.isnan(value) else None


def last(found: Collection[Checkpoint]) -> Checkpoint | None:
    """The one of the highest step; without steps, the one that was sealed last."""
    return max(found, key=_place, default=None)


def latest_first(found: Collection[Checkpoint]) -> list[Checkpoint]:
    """In the order in which one goes on from them."""
    return sorted(found, key=_place, reverse=True)


def _place(checkpoint: Checkpoint) -> tuple[int, int]:
    return -1 if checkpoint.step is None else checkpoint.step, checkpoint.time


def best(found: Collection[Checkpoint], mode: str) -> Checkpoint | None:
    """The one of the largest (``max``) or smallest (``min``) value; of equal ones the first."""
    measured = [c for c in found if c.value is not None]
    sign = 1 if mode == "max" else -1
    return max(measured, key=lambda c: (sign * (c.value or 0.0), -c.time), default=None)
