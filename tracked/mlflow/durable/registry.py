"""The model registry of a durable store: that of the real one, with its own ids in the calls."""

from __future__ import annotations

from typing import Any

from mlflow import MlflowClient
from mlflow.tracking._model_registry.utils import _get_store

from .keeper import Keeper
from .passing import Passing
from .runs import Runs


class DurableRegistry:
    """Nothing of it is written to the journal: versions are numbered by the server."""

    def __init__(self, keeper: Keeper, runs: Runs) -> None:
        self._passing = Passing(keeper, runs, _registry)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._passing.get(name)


def _registry(client: MlflowClient) -> Any:
    return _get_store(client.tracking_uri, client.tracking_uri)  # type: ignore[no-untyped-call]
