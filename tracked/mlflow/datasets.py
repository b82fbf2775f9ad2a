"""Data that a run was given, as MLflow's dataset inputs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

from .. import tags as t
from ..errors import BackendUnavailable, Refused
from .faults import told

_TYPES = {
    "bool": "boolean",
    "boolean": "boolean",
    "int8": "integer",
    "int16": "integer",
    "int32": "integer",
    "uint8": "integer",
    "uint16": "integer",
    "int64": "long",
    "uint32": "long",
    "float32": "float",
    "float64": "double",
    "datetime64": "datetime",
    "datetime": "datetime",
    "date": "datetime",
    "object": "string",
    "string": "string",
    "str": "string",
    "utf8": "string",
    "category": "string",
}
"""MLflow's name of each type of column; others are its ``binary``."""
_MOST_COLUMNS = 5000
"""A longer schema would pass MLflow's limit of 1 MB."""


def taken(client: MlflowClient, run_id: str, tags: Mapping[str, str]) -> dict[str, str]:
    """Store what these tags tell of data; the tags that remain: all others, and where the store has no inputs, all.

    Raises:
        BackendUnavailable: the store does not answer.
    """
    data = {key: value for key, value in tags.items() if key.startswith(t.INPUT)}
    if not data:
        return dict(tags)
    try:
        inputs = [_input(key.removeprefix(t.INPUT), json.loads(value)) for key, value in data.items()]
        with told():
            client.log_inputs(run_id, inputs)
    except BackendUnavailable as error:
        if getattr(error.__cause__, "error_code", "") != "ENDPOINT_NOT_FOUND":
            raise
        return dict(tags)
    except (Refused, ValueError, LookupError, TypeError, AttributeError):
        # An older store, or another's; or a tag that was cut.
        return dict(tags)
    return {key: value for key, value in tags.items() if key not in data}


def _input(name: str, data: Mapping[str, Any]) -> DatasetInput:
    shape = data["shape"]
    source = json.dumps({"tags": {"argument": name, "type": data["type"]}})
    profile = {"num_rows": shape[0], "num_elements": math.prod(shape)}
    dataset = Dataset(name, data["digest"], "code", source, json.dumps(_schema(data)), json.dumps(profile))
    return DatasetInput(dataset, [InputTag(MLFLOW_DATASET_CONTEXT, name)])


def _schema(data: Mapping[str, Any]) -> dict[str, Any]:
    """What MLflow's page of a dataset shows."""
    if "columns" in data:
        return {"mlflow_colspec": list(_columns(data["columns"][:_MOST_COLUMNS]))}
    spec = {"type": "tensor", "tensor-spec": {"dtype": data["type"], "shape": [-1, *data["shape"][1:]]}}
    return {"mlflow_tensorspec": {"features": json.dumps([spec]), "targets": None}}


def _columns(columns: list[list[str]]) -> Iterator[dict[str, Any]]:
    for name, dtype in columns:
        kind = dtype.lower().partition("[")[0].partition("(")[0]
        yield {"type": _TYPES.get(kind, "binary"), "name": name, "required": True}
