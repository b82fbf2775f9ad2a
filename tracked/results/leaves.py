"""Single values of a result, each to its place: a metric, a history, a tag, a file, or ``result.json``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ..foreign import answer
from ..markers import Artifact, Marker, Metric, has
from ..measure import number_of, numbers_in, unwrapped
from ..params import safe_key, shorten
from ..params.keys import unused
from ..params.texts import Texts, plain_scalar
from ..redact import secret_values
from . import models
from .arrays import is_array, keep_array, keep_numbers
from .families import figure_keeper, table_keeper
from .paths import exists, holds_everything, keep_path
from .rest import is_plain
from .tables import is_series, keep_series, points_of
from .values import RESULT, Keeper, Part, Points, Result, tag_of

Said = tuple[Marker, ...]

MAX_METRICS = 1000
"""More from one return goes to ``result.json``."""
MAX_POINTS = 10_000
"""A longer list is a file and no history."""
_MAX_TEXT = 5000
_ATOMS = frozenset({bool, int, float, str})


class Leaves:
    """Takes values in, one by one."""

    def __init__(self, monitor: str | None, *, model: bool) -> None:
        self.result = Result()
        self._monitor, self._with_models = monitor or RESULT, model
        self._taken: set[str] = set()

    @cached_property
    def _texts(self) -> Texts:
        return Texts(secret_values(os.environ))

    def leaf(self, at: str, value: Any, said: Said) -> None:
        """Take in what stands at the place ``at`` and is not read any further."""
        cls = type(value)
        if has(said, Artifact) and isinstance(value, str | os.PathLike):
            self._path(at, Path(value), said)
        elif cls in _ATOMS:
            self._plain(at, value, said)
        elif keeper := figure_keeper(cls) or table_keeper(cls):
            self._part(at, value, keeper, said)
        elif is_series(value):
            self._points(at, points_of(value), value, keep_series, said)
        elif isinstance(value, Path):
            self._path(at, value, said)
        elif models.is_model(value):
            self._model(at, value, said)
        else:
            self._plain(at, value, said)

    def _plain(self, at: str, value: Any, said: Said) -> None:
        single = unwrapped(value)
        if isinstance(single, bool | str):
            self.text(at, str(plain_scalar(single)))
        elif (number := number_of(single)) is not None:
            self._number(at, number, said)
        elif numbers := _numbers(value):
            self._points(at, list(enumerate(numbers)), numbers, keep_numbers, said)
        elif is_array(value):
            self._part(at, value, keep_array, said)
        elif is_plain(value):
            self.result.rest[self._claim(at or RESULT)] = value
        else:
            self.unknown(at, value)

    def text(self, at: str, text: str) -> None:
        """A tag; a long one is cut, and whole in ``result.json``."""
        key = self._claim(at or RESULT)
        text = str(self._texts.of(text))
        self.result.tags[tag_of(key)] = shorten(text, _MAX_TEXT)
        if len(text) > _MAX_TEXT:
            self.result.rest[key] = text

    def unknown(self, at: str, value: Any, why: str = "") -> None:
        """Something that cannot be logged: its type is."""
        self.result.cannot_keep(self._claim(at or RESULT), value, why)

    def _number(self, at: str, number: float, said: Said) -> None:
        key = self._claim(self._metric(at, said))
        (self.result.rest if self._is_full() else self.result.metrics)[key] = number

    def _points(self, at: str, points: Points | None, value: Any, keeper: Keeper, said: Said) -> None:
        if points is None or len(points) > MAX_POINTS:
            self._part(at, value, keeper, said)
            return
        key = self._claim(self._metric(at, said))
        if self._is_full():
            self.result.rest[key] = [number for _, number in points]
        else:
            self.result.histories[key] = points

    def _is_full(self) -> bool:
        result = self.result
        if len(result.metrics) + len(result.histories) < MAX_METRICS:
            return False
        result.remarks["metrics of one result"] = (
            f"more than {MAX_METRICS} metrics were returned: the others are in the artifact result.json"
        )
        return True

    def _part(self, at: str, value: Any, keeper: Keeper, said: Said) -> None:
        key = self._claim(at or RESULT)
        self.result.parts.append(Part(value, keeper, _called(said) or safe_key(key), key))

    def _path(self, at: str, path: Path, said: Said) -> None:
        if not exists(path):
            self.text(at, path.as_posix())
        elif holds_everything(path):
            self.text(at, path.as_posix())
            self.result.remarks[f"result path {path}"] = (
                f"the returned path {str(path)!r} holds the whole working or home folder and is not kept as an "
                "artifact: return the file or folder that is meant"
            )
        else:
            name = _called(said) or (path.name if path.name not in ("", "..") else path.resolve().name)
            self.result.parts.append(Part(path, keep_path, name, self._claim(at or RESULT)))

    def _model(self, at: str, model: Any, said: Said) -> None:
        key = self._claim(at or RESULT)
        self.result.tags.update({f"{tag_of(key)}.{k}": v for k, v in models.about(model).items()})
        if self._with_models or has(said, Artifact):
            name = _called(said) or (safe_key(key) if at else "model")
            self.result.parts.append(Part(model, models.keep_model, name, key))

    def _metric(self, at: str, said: Said) -> str:
        """The name of a number: what its marker says, in the place where it stands."""
        name = next((marker.name for marker in said if isinstance(marker, Metric)), None)
        if not at:
            return self._monitor if self._monitor != RESULT else name or RESULT
        above = at.rpartition("/")[0]
        return at if name is None else f"{above}/{name}" if above else name

    def _claim(self, key: str) -> str:
        """The key, or with a suffix: two results of one name do not cover each other."""
        own = unused(key, self._taken)
        self._taken.add(own)
        if own != key:
            self.result.remarks["results of one name"] = (
                f"two returned values are called {key!r}: the second is logged as {own!r}"
            )
        return own


def _called(said: Said) -> str | None:
    """The name that an ``Artifact`` marker gives."""
    return next((marker.name for marker in said if isinstance(marker, Artifact)), None)


def _numbers(value: Any) -> Sequence[float] | None:
    """A list, or an array of one dimension, of numbers alone."""
    if is_array(value):
        # A tensor whose device is gone fails in its library's way.
        value = answer(lambda: value.tolist() if len(value.shape) == 1 else None, None)
    return numbers_in(value) if isinstance(value, list | tuple) else None
