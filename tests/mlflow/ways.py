"""Fixtures that modules about reading have in common: a store that is filled once, and both ways to what is in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tracked.mlflow import narrow


def embedded(fill: Callable[..., Any]) -> Any:
    """What ``fill`` gives for a sqlite store of the module."""

    @pytest.fixture(scope="module")
    def filled(tmp_path_factory, templates):
        return fill(f"sqlite:///{tmp_path_factory.mktemp('embedded')}/mlflow.db", templates)

    return filled


def both(name: str, otherwise: str) -> Any:
    """By this function of ``narrow``, and in the other way where it has no answer."""

    @pytest.fixture(params=["directly", otherwise])
    def way(request, mocker):
        if request.param != "directly":
            mocker.patch.object(narrow, name, return_value=None)

    return way
