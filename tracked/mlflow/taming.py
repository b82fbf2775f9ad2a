"""MLflow's patience, for the process in which the shipper does the waiting.  Nothing here loads MLflow."""

from __future__ import annotations

from collections.abc import MutableMapping


def tame_environment(environ: MutableMapping[str, str], uri: str | None = None) -> None:
    """Make MLflow give up at once: in the shipper's process, which does the waiting itself.

    By default one call to a dead server blocks for four minutes, and a retried ``create_run`` whose answer was
    lost makes a second run.  A time-out that a person has set stays.

    Args:
        environ: the environment of the shipper's process.
        uri: its store.  MLflow 3.0 and Azure's plugin look for artifacts at the global URI, whatever the client's.
    """
    if uri is not None:
        environ["MLFLOW_TRACKING_URI"] = uri
    environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
    environ["MLFLOW_ENABLE_ASYNC_LOGGING"] = "false"
    environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    # What the person's own process tells or does not tell is theirs; ours has nothing to add.
    environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
