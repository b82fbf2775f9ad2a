"""Microsoft Entra: discovery, and tokens for who knows the secret."""

from __future__ import annotations

from urllib.parse import parse_qs

from .messages import Answer, Request, missing, told
from .names import CLIENT_SECRET, LOGIN, TENANT, token
from .state import State

_BASE = f"https://{LOGIN}/{TENANT}"
_ALIASES = [LOGIN, "login.windows.net", "login.microsoft.com", "sts.windows.net"]


def answer(state: State, request: Request) -> Answer:
    """What ``login.microsoftonline.com`` says."""
    if request.path.endswith("/.well-known/openid-configuration"):
        return told(
            {
                "issuer": f"{_BASE}/v2.0",
                "authorization_endpoint": f"{_BASE}/oauth2/v2.0/authorize",
                "token_endpoint": f"{_BASE}/oauth2/v2.0/token",
            }
        )
    if request.path.endswith("/discovery/instance"):
        known = {"preferred_network": LOGIN, "preferred_cache": "login.windows.net", "aliases": _ALIASES}
        return told(
            {
                "tenant_discovery_endpoint": f"{_BASE}/v2.0/.well-known/openid-configuration",
                "metadata": [known],
            }
        )
    return _token(state, request) if request.path.endswith("/token") else missing(request.path)


def _token(state: State, request: Request) -> Answer:
    given = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
    if "client_secret" in given and given["client_secret"] != CLIENT_SECRET:
        why = f"AADSTS7000215: Invalid client secret provided for app '{given.get('client_id')}'."
        return told({"error": "invalid_client", "error_codes": [7000215], "error_description": why}, 401)
    life = int(state.options.token_life)
    return told(
        {
            "token_type": "Bearer",
            "expires_in": life,
            "ext_expires_in": life,
            # Two tokens differ, so that the log tells which one was used.
            "access_token": token(life, appid=given.get("client_id", ""), number=len(state.seen)),
        }
    )
