"""The client of a workspace, made from what is configured and asked once whether it works."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import speech
from ..errors import BackendUnavailable
from ..patience import bounded

if TYPE_CHECKING:
    from azure.ai.ml import MLClient

    from .config import AzureConfig


def create_ml_client_from_config(
    config: Any = None,
    *,
    credential: Any = None,
    config_dir: str | Path | None = None,
    subscription_id: str | None = None,
    resource_group: str | None = None,
    workspace_name: str | None = None,
    env_file: bool | str | Path = False,
    timeout: float = 60.0,
) -> MLClient | None:
    """The ``azure.ai.ml.MLClient`` of a workspace, for ``setup_mlflow(ml_client=...)``.

    Each value by itself comes from the first that has it: the arguments > ``config`` as a mapping or an object > the
    files of ``config`` or ``config_dir`` > ``AZURE_SUBSCRIPTION_ID``, ``AZURE_RESOURCE_GROUP``,
    ``AZUREML_WORKSPACE_NAME`` (in a job, its ``AZUREML_ARM_*``) > ``env_file`` > where nothing was named, the nearest
    ``tracked.toml`` or ``config.json`` upwards.

    Args:
        config: a mapping, an ``AzureConfig``, or the path of a file or folder: ``tracked.toml`` with a table
            ``[azure]``, ``mlflow.yaml`` and ``infrastructure.yaml``, Azure's ``config.json``.
        credential: one of azure-identity.  By default the first that gives a token: a service principal of the
            environment, a workload's or a managed identity, `az login`, and only where a person is present a
            browser or a code to type in.
        config_dir: a folder of such files, beside ``config``.
        subscription_id: the subscription.
        resource_group: name of the resource group.
        workspace_name: name of the workspace.
        env_file: a file of ``NAME=value`` lines, or True for a ``config.env`` or ``.env`` that lies beside.
        timeout: seconds that Azure is given to answer the one question whether the workspace is there.

    Returns:
        The client; None if the configuration says ``enabled: false``.

    Raises:
        ConfigError: a value is missing, a file cannot be read, or a package is missing or too old.
        LoginRefused: Azure does not let us in; the message says which log-in was tried and what to do.
        BackendUnavailable: there is no such workspace for this account, or Azure does not answer in time.
    """
    from .config import resolve  # noqa: PLC0415 - keeps `import tracked` quick

    given = {
        "subscription_id": subscription_id,
        "resource_group": resource_group,
        "workspace_name": workspace_name,
    }
    wanted = resolve(config, given=given, config_dir=config_dir, env_file=env_file)
    if not wanted.is_enabled:
        return None
    speech.whisper(f"Azure ML: {wanted.config.told}")
    from .credentials import Chosen, choose  # noqa: PLC0415

    chosen = (
        choose(wanted.environ, tenant_id=wanted.config.tenant_id, env_file=wanted.env_file)
        if credential is None
        else Chosen(credential, "")
    )
    return _probed(wanted.config, chosen.credential, chosen.reference, timeout)


def _probed(config: AzureConfig, credential: Any, reference: str, timeout: float) -> MLClient:
    from . import bind  # noqa: PLC0415
    from .troubles import explaining  # noqa: PLC0415

    # Else the plugin asks for the list of all clouds as soon as it hears of the workspace.
    bind.settle_cloud()
    with explaining(config):
        client = _made(config, credential)
        try:
            bounded(lambda: client.workspaces.get(config.workspace_name), timeout)
        except BackendUnavailable as error:
            raise BackendUnavailable(f"Azure has not told of {config.told}: {error}") from error
    if reference:
        bind.refer(client, reference)
    return client


def _made(config: AzureConfig, credential: Any) -> MLClient:
    from azure.ai.ml import MLClient  # noqa: PLC0415 - takes seconds

    return MLClient(
        credential,
        subscription_id=config.subscription_id,
        resource_group_name=config.resource_group,
        workspace_name=config.workspace_name,
    )
