"""No workspace and no log-in from outside, and Azure's packages as a test wants them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.azure import fakes


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name == "CI" or name.startswith(("AZURE_", "MSI_", "IDENTITY_")):
            monkeypatch.delenv(name)


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Put these in the place of ``azure.identity`` and ``azure.ai.ml``; gives the latter's class of clients."""

    def put(error: Exception | None = None, **errors: Exception) -> Any:
        ml = fakes.ml(error)
        for name in ("azure", "azure.ai"):
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
        monkeypatch.setattr(sys.modules["azure"], "identity", fakes.identity(**errors), raising=False)
        monkeypatch.setitem(sys.modules, "azure.identity", sys.modules["azure"].identity)
        monkeypatch.setitem(sys.modules, "azure.ai.ml", ml)
        return ml.MLClient

    return put
