"""Texts of single values."""

from __future__ import annotations

import enum
import types
from collections.abc import Collection
from datetime import date, time, timedelta
from functools import partial
from pathlib import PurePath
from typing import Any

from ..foreign import answer
from ..naming import qualified_name
from ..redact import MASK, is_secret_type, redact_value
from ..shapes import kinds

_LIBRARIES_OF_ARRAYS = frozenset(
    {
        "cupy",
        "dask",
        "jax",
        "jaxlib",
        "numpy",
        "pandas",
        "polars",
        "pyarrow",
        "scipy",
        "tensorflow",
        "torch",
        "xarray",
    }
)
_OWN_TEXT = (complex, date, range, slice, time, timedelta, type(...))
"""Types whose ``str`` says the value and nothing else."""
_OWN_TEXT_NAMES = frozenset(
    {
        "decimal.Decimal",
        "fractions.Fraction",
        "numpy.dtype",
        "numpy.datetime64",
        "numpy.timedelta64",
        "pandas.Timedelta",
        "torch.dtype",
        "torch.device",
        "uuid.UUID",
    }
)
SCALARS = frozenset({type(None), bool, int, float, str})

_BIG = 10_000
"""Bits above which Python refuses to write an int in decimal."""


def plain_scalar(value: Any) -> Any:
    """None, bool, int, float and str as they are (also from NumPy, an enum, a subclass); others by their text."""
    if value is None or type(value) in (bool, float, str):
        return value
    if isinstance(value, enum.Enum):
        return value.value if isinstance(value, str | int) else value.name
    if isinstance(value, int) and value.bit_length() > _BIG:
        return hex(value)
    plain = next((kind for kind in (bool, int, float, str) if isinstance(value, kind)), None)
    return _other_text(value) if plain is None else plain(value)


def type_text(value: Any) -> str:
    """The qualified name of the value's type; the length too where it has one."""
    return qualified_name(type(value)) + answer(lambda: _length(value), "")


def _length(value: Any) -> str:
    return f"[{len(value)}]" if isinstance(value, bytes | bytearray | list | tuple | set | frozenset) else ""


class Texts:
    """Texts without the given secrets."""

    def __init__(self, secrets: Collection[str]) -> None:
        self._secrets = tuple(secrets)

    def of(self, value: Any) -> Any:
        """The value as JSON has it: None, bool, int, float or a text."""
        plain = plain_scalar(value)
        return _storable(redact_value(plain, self._secrets)) if isinstance(plain, str) else plain


def _storable(text: str) -> str:
    """Without what no database takes: lone surrogates (in odd file names) and NUL."""
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    return text.replace("\0", "\\x00")


def _other_text(value: Any) -> Any:
    names = kinds(type(value))
    if is_secret_type(type(value)):
        return MASK
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, _OWN_TEXT) or names & _OWN_TEXT_NAMES:
        return str(value)
    if isinstance(value, partial):
        return f"partial({_other_text(value.func)})"
    if isinstance(value, type | types.ModuleType) or _is_function(value):
        return qualified_name(value)
    return (
        _array_text(value)
        if {name.split(".")[0] for name in names} & _LIBRARIES_OF_ARRAYS
        else type_text(value)
    )


def _is_function(value: Any) -> bool:
    return isinstance(value, types.FunctionType | types.MethodType | types.BuiltinFunctionType)


def _array_text(value: Any) -> Any:
    """Type, shape and dtype; a single number of NumPy or torch is a number."""
    shape = getattr(value, "shape", None)
    if shape is None:
        return type_text(value)
    if tuple(shape) == () and hasattr(value, "item"):
        item = value.item()
        return str(value) if type(item) is type(value) else plain_scalar(item)
    cls = type(value)
    return f"{cls.__module__.split('.')[0]}.{cls.__name__} shape={tuple(shape)} dtype={_dtype(value)}"


def _dtype(value: Any) -> str:
    """One dtype, or the different ones of a frame."""
    dtypes = getattr(value, "dtypes", None)
    if dtypes is None or hasattr(value, "dtype"):
        return str(getattr(value, "dtype", "unknown"))
    return ",".join(dict.fromkeys(map(str, dtypes)))
