"""``@tracked_conversion``: a model in another format."""

from __future__ import annotations

from typing import Any

from ..decorate import decorator_for
from ..plan import Kind
from .conversion_options import ConversionOptions, read
from .sources import source_run


def _drive(*call: Any) -> Any:
    from .converting import drive  # noqa: PLC0415 - loaded when a conversion runs

    return drive(*call)


CONVERSION = Kind(
    "conversion",
    parents=("training",),
    drive=_drive,
    read=read,
    source=source_run,
    is_described=True,
)
tracked_conversion = decorator_for(CONVERSION, ConversionOptions)
