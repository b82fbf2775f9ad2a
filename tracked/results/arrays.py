"""Arrays and tensors: a single number, a history, or a file."""

from __future__ import annotations

import json
import sys
from io import BytesIO
from typing import Any

from ..foreign import answer
from .values import Keep

MAX_BYTES = 64 * 2**20
"""A larger array is data: it is kept only where somebody asks for it."""


def is_array(value: Any) -> bool:
    """Whether it is an array or a tensor, whoever made it."""
    if isinstance(value, type):
        return False
    return answer(lambda: isinstance(value.shape, tuple) and callable(value.tolist), otherwise=False)


def keep_array(array: Any, name: str, keep: Keep) -> None:
    """As NumPy's own format, without pickle.

    Raises:
        TypeError: it holds objects, is too large, or NumPy is not loaded.
    """
    numpy = sys.modules.get("numpy")
    for move in ("detach", "cpu"):
        array = getattr(array, move)() if hasattr(array, move) else array
    if numpy is None or getattr(array, "nbytes", 0) > MAX_BYTES:
        raise TypeError(f"an array of {getattr(array, 'nbytes', '?')} bytes is kept by track.artifact only")
    file = BytesIO()
    numpy.save(file, numpy.asarray(array), allow_pickle=False)
    keep(file.getvalue(), f"{name.removesuffix('.npy')}.npy")


def keep_numbers(numbers: list[float], name: str, keep: Keep) -> None:
    """A list that is too long for a history, as JSON; NaN and the infinities by name."""
    plain = [number if abs(number) < float("inf") else str(number) for number in numbers]
    keep(json.dumps(plain).encode(), f"{name}.json")
