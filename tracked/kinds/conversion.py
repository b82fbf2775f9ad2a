"""``@tracked_conversion``: a model in another format."""

from __future__ import annotations

from ..decorate import decorator_for
from ..plan import Kind

CONVERSION = Kind("conversion", parents=("training",))
tracked_conversion = decorator_for(CONVERSION)
