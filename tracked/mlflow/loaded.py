"""Looking at an MLflow that may or may not be in this process, without loading it."""

from __future__ import annotations

import sys
from typing import Any


def module(name: str) -> Any:
    """The module, if it is loaded and its import has come to its end; else None."""
    found = sys.modules.get(name)
    half_way = getattr(getattr(found, "__spec__", None), "_initializing", False)
    return None if half_way else found


def fluent() -> Any:
    """``mlflow.tracking.fluent``, where MLflow keeps the active run and experiment; None if it is not loaded."""
    return module("mlflow.tracking.fluent")
