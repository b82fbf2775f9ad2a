"""Setting MLflow up: one function is the single source of truth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import session as sessions
from .errors import ConfigError
from .settings import Layer, unknown


def setup_mlflow(
    experiment_name: str | None = None,
    ml_client: Any = None,
    tracking_uri: str | None = None,
    fallback_to_local: bool = True,  # noqa: FBT001, FBT002 - the seed's signature
    *,
    config_dir: str | Path | None = None,
    exit_timeout: float | None = None,
    durable: bool | None = None,
) -> str:
    """Decide where runs go, for decorated functions, ``track`` and MLflow's own calls alike.

    No line of code needs to call this: the first tracked call does.  The same arguments again cost nothing,
    others switch.  Order: ``tracking_uri`` > ``ml_client`` > configuration > ``MLFLOW_TRACKING_URI`` > the URI
    that a loaded MLflow has > ``sqlite:///<project root>/mlflow.db``.  The store is not contacted here.

    Args:
        experiment_name: experiment of the runs to come; made when the first of them is delivered.
        ml_client: an Azure ML client whose workspace is the store.
        tracking_uri: any URI of MLflow; ``file:./mlruns`` becomes sqlite in that folder unless it holds data of
            the old file store.
        fallback_to_local: use the local store where the workspace of ``ml_client`` cannot be used.
        config_dir: folder of ``tracked.toml``, or of the former system's ``mlflow.yaml``, ``tags.yaml`` and
            ``naming.yaml``; then nothing is read from anywhere else.
        exit_timeout: seconds that the end of the process may wait for delivery.
        durable: whether MLflow's own calls are kept in the journal too: they cost microseconds, work while the
            server is down, and wait for nobody.

    Returns:
        The effective URI, without credentials.

    Raises:
        ConfigError: an argument or a configuration file is wrong; nothing has changed.
    """
    if experiment_name is not None and not str(experiment_name).strip():
        raise ConfigError("experiment_name is empty")
    session = sessions.configure(
        {
            "experiment": experiment_name,
            "tracking_uri": tracking_uri,
            "config_dir": str(config_dir) if config_dir is not None else None,
            "exit_timeout": exit_timeout,
            "durable": durable,
        },
        ml_client,
        fallback_to_local=fallback_to_local,
    )
    sessions.follow_mlflow(session)
    return session.shown_uri


def configure(**values: Any) -> None:
    """Set any setting by name, for this process: those of ``tracked.settings.Settings``.

        tracked.configure(verbosity="quiet", switches={"training": {"log_checkpoint": False}})

    What is not named, or None, stays as it was; a table takes the place of the one that was set before.

    Raises:
        ConfigError: there is no such setting, or it cannot have this value; nothing has changed.
    """
    for mistake in unknown(Layer("configure", values)):
        raise ConfigError(mistake)
    if "config_dir" in values and values["config_dir"] is not None:
        values["config_dir"] = str(values["config_dir"])
    sessions.configure(values)


def sync(timeout: float = 600.0) -> bool:
    """Wait until all that this process wrote is in the store.

    Args:
        timeout: seconds, at most.

    Returns:
        Whether it is.  If not, it is kept, and the shipper goes on.
    """
    session = sessions.current()
    return not session.journal.was_used or session.flush(timeout)
