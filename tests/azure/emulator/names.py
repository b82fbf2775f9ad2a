"""What the emulated part of Azure is called, and the tokens that it gives."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
GROUP, WORKSPACE = "rg-test", "ws-test"
TENANT = "22222222-2222-2222-2222-222222222222"
CLIENT_ID, CLIENT_SECRET = "33333333-3333-3333-3333-333333333333", "the-secret-of-nobody"
LOGIN, MANAGEMENT = "login.microsoftonline.com", "management.azure.com"
REGION, ACCOUNT = "eastus", "emulatedstorage"
API = f"{REGION}.api.azureml.ms"
BLOBS = ".blob.core.windows.net"
PROVIDER = "Microsoft.MachineLearningServices"
SCOPE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/{PROVIDER}/workspaces/{WORKSPACE}"
TRACKING_URI = f"azureml://{API}/mlflow/v2.0{SCOPE}"
OTHER = "ws-other"
"""Another name of the same workspace: the two share all that they have, and the log tells which was asked."""
OTHER_URI = TRACKING_URI.replace(WORKSPACE, OTHER)
STORAGE = f"https://{ACCOUNT}{BLOBS}"
SAS = "sv=2024-01-01&sr=b&sig=x"
CONTROL = "/_emulator/"
"""Paths below it, asked of the proxy itself, are the tests' own."""


def token(life: float = 3600, **claims: Any) -> str:
    """A bearer token that lives so many seconds; nobody has signed it."""
    about = {
        "aud": f"https://{MANAGEMENT}",
        "tid": TENANT,
        "oid": "0",
        "exp": int(time.time() + life),
        **claims,
    }
    return f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{encoded(about)}.unsigned"


def expiry(bearer: str) -> float:
    """When this token ends, in seconds since the epoch; 0 for what is none."""
    try:
        middle = bearer.split(".")[1]
        return float(json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))["exp"])
    except (IndexError, ValueError, KeyError, TypeError):
        return 0.0


def encoded(value: Any) -> str:
    """JSON in the alphabet of tokens."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
