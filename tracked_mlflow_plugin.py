"""What MLflow loads of ``tracked`` by itself, in every process that imports MLflow and has ``tracked`` installed.

So it stands beside the package and not in it, and imports nothing before a durable store is really wanted.
"""

from typing import Any


def tracking_store(store_uri: str, artifact_uri: Any = None) -> Any:  # noqa: ARG001 - MLflow calls it so
    """MLflow's tracking store for a ``tracked+...`` URI."""
    from tracked.session.durable import tracking_store as store

    return store(store_uri)


def registry_store(store_uri: str, tracking_uri: Any = None) -> Any:  # noqa: ARG001 - as above
    """MLflow's model registry for such a URI."""
    from tracked.session.durable import registry_store as store

    return store(store_uri)


def artifact_repository(artifact_uri: str, tracking_uri: Any = None, registry_uri: Any = None) -> Any:  # noqa: ARG001
    """What opens the files of a run of such a store."""
    from tracked.session.durable import artifact_repository as repository

    return repository(artifact_uri, tracking_uri)
