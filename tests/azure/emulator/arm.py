"""The resource manager: the workspace and what is registered in it, in the shapes that the clients read."""

from __future__ import annotations

import uuid
from typing import Any

from . import jobs
from .messages import Answer, Request, missing, refused, told
from .names import (
    ACCOUNT,
    API,
    GROUP,
    LOGIN,
    MANAGEMENT,
    PROVIDER,
    REGION,
    SAS,
    SCOPE,
    STORAGE,
    SUBSCRIPTION,
    TENANT,
    WORKSPACE,
)
from .state import State

_VERSIONED = ("codes", "environments", "models", "data", "components")
CREATED = {"createdAt": "2024-01-01T00:00:00Z", "createdBy": "emulator", "createdByType": "Application"}


def answer(state: State, request: Request) -> Answer:
    """What ``management.azure.com`` says."""
    if not request.path.lower().startswith(SCOPE.lower()):
        return _elsewhere(request.path)
    parts = [part for part in request.path[len(SCOPE) :].split("/") if part]
    if not parts:
        return told(_workspace())
    kind, names = parts[0], parts[1:]
    if kind == "jobs":
        return jobs.answer(state, request, names)
    if kind == "datastores":
        return _datastores(names)
    return _assets(state, request, parts) if kind in _VERSIONED else missing("/".join(parts))


def _elsewhere(path: str) -> Answer:
    parts = path.lower().split("/")
    if SUBSCRIPTION not in parts:
        return refused(404, "SubscriptionNotFound", f"The subscription of {path} could not be found.")
    if GROUP not in parts:
        return refused(404, "ResourceGroupNotFound", "Resource group could not be found.")
    return refused(404, "ResourceNotFound", f"The Resource '{path}' was not found.")


def _datastores(names: list[str]) -> Answer:
    store = {
        "id": f"{SCOPE}/datastores/workspaceblobstore",
        "name": "workspaceblobstore",
        "type": f"{PROVIDER}/workspaces/datastores",
        "systemData": CREATED,
        "properties": {
            "datastoreType": "AzureBlob",
            "isDefault": True,
            "accountName": ACCOUNT,
            "containerName": "azureml-blobstore",
            "endpoint": "core.windows.net",
            "protocol": "https",
            "credentials": {"credentialsType": "None"},
            "properties": {},
            "tags": {},
        },
    }
    if not names:
        return told({"value": [store]})
    if names[-1].lower() == "listsecrets":
        return told({"secretsType": "Sas", "sasToken": SAS})
    return told(store)


def _assets(state: State, request: Request, parts: list[str]) -> Answer:
    """``environments/NAME/versions/VERSION`` and the like; a version can be put, got, listed and uploaded to."""
    path = "/".join(parts)
    if parts[-1].lower() == "startpendingupload":
        return told(_pending(parts))
    if request.method == "PUT":
        kept = {
            "id": f"{SCOPE}/{path}",
            "name": parts[-1],
            "type": f"{PROVIDER}/workspaces/{parts[0]}",
            "systemData": CREATED,
            "properties": request.json()["properties"],
        }
        state.assets[path] = kept
        return told(kept, 201)
    if parts[-1] == "versions":
        return told({"value": [kept for name, kept in state.assets.items() if name.startswith(f"{path}/")]})
    return told(state.assets[path]) if path in state.assets else missing(path)


def _pending(parts: list[str]) -> dict[str, Any]:
    container = f"{STORAGE}/{parts[1].replace('_', '-').lower()[:40]}-{parts[3].lower()[:20]}"
    return {
        "pendingUploadId": str(uuid.uuid4()),
        "pendingUploadType": "TemporaryBlobReference",
        "blobReferenceForConsumption": {
            "blobUri": container,
            "storageAccountArmId": "",
            "credential": {"credentialType": "SAS", "sasUri": f"{container}?{SAS}"},
        },
    }


def _workspace() -> dict[str, Any]:
    group = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
    return {
        "id": SCOPE,
        "name": WORKSPACE,
        "type": f"{PROVIDER}/workspaces",
        "location": REGION,
        "tags": {},
        "etag": None,
        "kind": "Default",
        "identity": {"type": "SystemAssigned", "principalId": "0", "tenantId": TENANT},
        "sku": {"name": "Basic", "tier": "Basic"},
        "systemData": CREATED,
        "properties": {
            "friendlyName": WORKSPACE,
            "description": "",
            "provisioningState": "Succeeded",
            "tenantId": TENANT,
            "workspaceId": "44444444-4444-4444-4444-444444444444",
            "mlFlowTrackingUri": f"azureml://{API}/mlflow/v1.0{SCOPE}",
            "discoveryUrl": f"https://{API}/discovery",
            "hbiWorkspace": False,
            "publicNetworkAccess": "Enabled",
            "storageAccount": f"{group}/providers/Microsoft.Storage/storageAccounts/{ACCOUNT}",
        },
    }


def clouds() -> Answer:
    """What ``/metadata/endpoints`` says: the hosts of the public cloud."""
    return told(
        [
            {
                "name": "AzureCloud",
                "portal": "https://portal.azure.com",
                "authentication": {
                    "loginEndpoint": f"https://{LOGIN}/",
                    "audiences": ["https://management.core.windows.net/", f"https://{MANAGEMENT}/"],
                    "tenant": "common",
                    "identityProvider": "AAD",
                },
                "graph": "https://graph.windows.net/",
                "graphAudience": "https://graph.windows.net/",
                "resourceManager": f"https://{MANAGEMENT}/",
                "suffixes": {
                    "acrLoginServer": "azurecr.io",
                    "azureDataLakeStoreFileSystem": "azuredatalakestore.net",
                    "keyVaultDns": "vault.azure.net",
                    "sqlServerHostname": "database.windows.net",
                    "storage": "core.windows.net",
                },
            }
        ]
    )
