"""The rule of each type, found once per type.  The table of all rules is in ``canonical.py``."""

from __future__ import annotations

import enum
import functools
import re
import types
from collections import deque
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from ..naming import qualified_name
from ..redact import is_secret_type
from ..shapes import field_markers, kinds, mapping_reader, once_per_type, plain_omegaconf, record_reader
from . import code, contents
from .jcs import to_bytes

if TYPE_CHECKING:
    from .walk import Walk

Rule = Callable[["Walk", Any], Any]


@once_per_type
def rule_for(cls: type) -> Rule:
    """The rule for values of exactly this class."""
    if is_secret_type(cls):
        return _secret
    if hasattr(cls, "__tracked_key__"):
        return _own_key
    if issubclass(cls, enum.Enum):
        return _enum
    named = next((rule for name, rule in _BY_NAME.items() if name in kinds(cls)), None)
    return named or _structural(cls) or _weak


def _structural(cls: type) -> Rule | None:
    """By what values can do: fields, entries, items, and then the standard library's types."""
    if mapping_reader(cls):
        return _mapping
    if record_reader(cls):
        return _record
    standard = next((rule for base, rule in _BY_BASE if issubclass(cls, base)), None)
    if standard or not (hasattr(cls, "get_params") and hasattr(cls, "set_params")):
        return standard
    return _estimator


def _weak(walk: Walk, value: Any) -> Any:
    """Anything else; what wraps a function (``wrapt``, ``lru_cache``) is that function."""
    wrapped = getattr(value, "__wrapped__", None)
    return walk(wrapped) if callable(wrapped) else walk.weak(value)


def _secret(_walk: Walk, _value: Any) -> Any:
    return {"$secret": True}


def _own_key(walk: Walk, value: Any) -> Any:
    return {"$type": qualified_name(type(value)), "key": walk(value.__tracked_key__())}


def _enum(walk: Walk, value: Any) -> Any:
    """By name, because ``auto()`` numbers shift when a member is put in between; a flag may have no name."""
    if issubclass(type(value), str | int):
        return walk(value.value)
    return {
        "$enum": [
            qualified_name(type(value)),
            walk(value.value) if isinstance(value, enum.Flag) else value.name,
        ]
    }


def _mapping(walk: Walk, value: Any) -> Any:
    read = mapping_reader(type(value))
    return walk.mapping(read(value)) if read else walk.weak(value)


def _record(walk: Walk, value: Any) -> Any:
    cls = type(value)
    read = record_reader(cls)
    return walk.mapping(read(value), field_markers(cls), qualified_name(cls)) if read else walk.weak(value)


def _estimator(walk: Walk, value: Any) -> Any:
    return walk.mapping(value.get_params(deep=False), type_name=qualified_name(type(value)))


def _list(walk: Walk, value: Any) -> Any:
    return contents.long_list(value) or walk.array(value)


def _set(walk: Walk, value: Any) -> Any:
    return {"$set": sorted(walk.array(value), key=to_bytes)}


def _datetime(_walk: Walk, value: datetime) -> Any:
    """One moment is one key in whatever zone it is given."""
    aware = value.utcoffset() is not None
    return {"$datetime": (value.astimezone(timezone.utc) if aware else value).isoformat()}


def _pattern(_walk: Walk, value: re.Pattern[Any]) -> Any:
    pattern = value.pattern if isinstance(value.pattern, str) else value.pattern.hex()
    return {"$pattern": [pattern, int(value.flags)]}


def _named(wrapper: str, of: Callable[[Any], Any]) -> Rule:
    """The rule that gives what ``of`` says about the value, under the wrapper."""
    return lambda walk, value: {wrapper: walk(of(value))}


_BY_NAME: dict[str, Rule] = {
    "decimal.Decimal": _named("$decimal", lambda v: str(v.normalize())),
    "fractions.Fraction": _named("$fraction", str),
    "uuid.UUID": _named("$uuid", str),
    "zoneinfo.ZoneInfo": _named("$zone", str),
    "numpy.datetime64": _named("$datetime64", lambda v: [str(v.dtype), str(v)]),
    "numpy.timedelta64": _named("$datetime64", lambda v: [str(v.dtype), str(v)]),
    "numpy.generic": contents.numpy_scalar,
    "numpy.dtype": _named("$dtype", str),
    "numpy.MaskedArray": _named("$masked", lambda v: [v.filled(0), v.mask]),
    "numpy.ndarray": contents.numpy_array,
    "pandas.DataFrame": contents.pandas_frame,
    "pandas.Series": contents.pandas_frame,
    "pandas.Index": contents.pandas_frame,
    "polars.DataFrame": contents.polars_frame,
    "polars.Series": contents.polars_series,
    "scipy.sparray": contents.scipy_sparse,
    "scipy.spmatrix": contents.scipy_sparse,
    "torch.Module": contents.torch_module,
    "torch.Tensor": contents.torch_tensor,
    "torch.dtype": _named("$dtype", str),
    "torch.device": _named("$device", str),
    "omegaconf.ListConfig": lambda walk, value: walk(plain_omegaconf(value)),
    "optuna.BaseDistribution": lambda walk, v: {
        "$type": qualified_name(type(v)),
        **walk.mapping(v._asdict()),
    },
}
"""By ``package.Name`` of the class or a base; the first that fits, so the narrower stands first."""

_BY_BASE: tuple[tuple[Any, Rule], ...] = (
    (PurePath, contents.path),
    (str, lambda walk, value: walk(str.__str__(value))),
    (int, lambda walk, value: walk(int(value))),
    (float, lambda walk, value: walk(float(value))),
    ((list, tuple, deque), _list),
    ((set, frozenset), _set),
    ((bytes, bytearray, memoryview), contents.binary),
    (datetime, _datetime),
    (date, _named("$date", date.isoformat)),
    (time, _named("$time", time.isoformat)),
    (timedelta, _named("$timedelta", lambda v: v // timedelta(microseconds=1))),
    (timezone, _named("$zone", str)),
    (complex, _named("$complex", lambda v: [v.real, v.imag])),
    (range, _named("$range", lambda v: [v.start, v.stop, v.step])),
    (slice, _named("$slice", lambda v: [v.start, v.stop, v.step])),
    (re.Pattern, _pattern),
    (type(...), lambda _walk, _value: {"$ellipsis": True}),
    (type, _named("$class", qualified_name)),
    (types.ModuleType, _named("$module", lambda v: v.__name__)),
    (types.FunctionType, code.function),
    (types.CodeType, code.code),
    (types.MethodType, code.method),
    (types.BuiltinFunctionType, code.builtin),
    (functools.partial, code.partial),
)
"""By base class, the narrower first."""
