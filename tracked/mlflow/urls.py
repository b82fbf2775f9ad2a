"""How to see a run: a link where the store has one, else the command that shows it.  MLflow is not loaded."""

from __future__ import annotations

import re
import shlex
from urllib.parse import quote, urlsplit, urlunsplit

_VIEW = "workflowType=machine_learning"
"""Without it, MLflow 3 shows a run among the evaluations of its GenAI view."""

_REMOTE = ("databricks", "databricks-uc", "uc", "azureml")
"""Stores whose UI has addresses of its own."""
_WORKSPACE = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)"
    r"/providers/Microsoft\.MachineLearningServices/workspaces/(?P<workspace>[^/?]+)",
    re.IGNORECASE,
)


def run_url(uri: str, experiment_id: str, run_id: str) -> str:
    """The address of the run's page, or for a store without a server the command to type; no credentials in it."""
    scheme = uri.partition(":")[0].lower()
    if scheme in ("http", "https"):
        return page_url(uri, experiment_id, run_id)
    if scheme == "azureml" and (workspace := _WORKSPACE.search(uri)):
        return f"https://ml.azure.com/runs/{quote(run_id)}?wsid={_wsid(workspace)}"
    if scheme in _REMOTE:
        return f"run {run_id} of experiment {experiment_id} in {public(uri)}"
    return ui_command(uri)


def store_url(uri: str) -> str:
    """How to see a store, where no run of it is known: the address of its experiments, or the command to type."""
    scheme = uri.partition(":")[0].lower()
    if scheme in ("http", "https"):
        return page_url(uri)
    return "" if scheme in _REMOTE else ui_command(uri)


def page_url(server: str, experiment_id: str = "", run_id: str = "") -> str:
    """The page of a run on a server, without one the list of an experiment's runs, without that all experiments."""
    page = f"/{quote(experiment_id, '')}/runs" if experiment_id else ""
    page += f"/{quote(run_id, '')}" if experiment_id and run_id else ""
    return f"{public(server).rstrip('/')}/#/experiments{page}?{_VIEW}"


def ui_command(uri: str) -> str:
    """The command that opens MLflow's UI on a store without a server; a password in it stays out."""
    return f"mlflow ui --backend-store-uri {shlex.quote(public(uri))}"


def public(uri: str) -> str:
    """The URI as it may be shown: without user, password, query and fragment; a path is left as it is."""
    parts = urlsplit(uri)
    if not parts.netloc:
        return uri.partition("?")[0]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _wsid(workspace: re.Match[str]) -> str:
    return (
        f"/subscriptions/{workspace['subscription']}/resourcegroups/{workspace['group']}"
        f"/workspaces/{workspace['workspace']}"
    )
