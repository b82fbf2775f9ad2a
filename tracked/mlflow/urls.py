"""How to see a run: a link where the store has one, else the command that shows it.  MLflow is not loaded."""

from __future__ import annotations

import re
import shlex
from urllib.parse import quote, urlsplit, urlunsplit

_VIEW = "workflowType=machine_learning"
"""Without it, MLflow 3 shows a run among the evaluations of its GenAI view."""

_WORKSPACE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.MachineLearningServices/workspaces/(?P<workspace>[^/?]+)",
    re.IGNORECASE,
)


def run_url(uri: str, experiment_id: str, run_id: str) -> str:
    """The address of the run's page, or for a store without a server the command to type; no credentials in it."""
    scheme = uri.partition(":")[0].lower()
    if scheme in ("http", "https"):
        page = f"experiments/{quote(experiment_id, '')}/runs/{quote(run_id, '')}"
        return f"{_public(uri).rstrip('/')}/#/{page}?{_VIEW}"
    if scheme == "azureml" and (workspace := _WORKSPACE.search(uri)):
        return f"https://ml.azure.com/runs/{quote(run_id)}?wsid={_wsid(workspace)}"
    if scheme in ("databricks", "databricks-uc", "uc", "azureml"):
        return f"run {run_id} of experiment {experiment_id} in {_public(uri)}"
    return ui_command(uri)


def ui_command(uri: str) -> str:
    """The command that opens MLflow's UI on a store without a server; a password in it stays out."""
    return f"mlflow ui --backend-store-uri {shlex.quote(_public(uri))}"


def _public(uri: str) -> str:
    """The URI without user, password, query and fragment; a path is left as it is."""
    parts = urlsplit(uri)
    if not parts.netloc:
        return uri.partition("?")[0]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _wsid(workspace: re.Match[str]) -> str:
    return (
        f"/subscriptions/{workspace['subscription']}/resourcegroups/{workspace['group']}"
        f"/workspaces/{workspace['workspace']}"
    )
