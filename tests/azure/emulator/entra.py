"""Microsoft Entra: discovery, and tokens for who knows the secret, or types in the code."""

from __future__ import annotations

from urllib.parse import parse_qs

from .messages import Answer, Request, missing, told
from .names import CLIENT_SECRET, LOGIN, TENANT, encoded, token
from .state import State

_BASE = f"https://{LOGIN}/{TENANT}"
USER_CODE, _DEVICE_CODE = "F2KQ8WZXN", "a-code-that-only-the-program-knows"
PERSON = "somebody@example.com"
DEVICE_PAGE = "https://microsoft.com/devicelogin"
_ALIASES = [LOGIN, "login.windows.net", "login.microsoft.com", "sts.windows.net"]


def answer(state: State, request: Request) -> Answer:
    """What ``login.microsoftonline.com`` says."""
    if request.path.endswith("/.well-known/openid-configuration"):
        return told(
            {
                "issuer": f"{_BASE}/v2.0",
                "authorization_endpoint": f"{_BASE}/oauth2/v2.0/authorize",
                "token_endpoint": f"{_BASE}/oauth2/v2.0/token",
                "device_authorization_endpoint": f"{_BASE}/oauth2/v2.0/devicecode",
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
    if request.path.endswith("/devicecode"):
        return _code()
    return _token(state, request) if request.path.endswith("/token") else missing(request.path)


def _code() -> Answer:
    about = {"user_code": USER_CODE, "device_code": _DEVICE_CODE, "verification_uri": DEVICE_PAGE}
    return told({**about, "expires_in": 900, "interval": 1, "message": f"open {DEVICE_PAGE}"})


def _token(state: State, request: Request) -> Answer:
    given = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
    if given.get("device_code", _DEVICE_CODE) != _DEVICE_CODE:
        return told({"error": "bad_verification_code", "error_description": "AADSTS70019: no such code"}, 400)
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
            **(
                _of_a_person(given["client_id"]) if "device_code" in given or "refresh_token" in given else {}
            ),
        }
    )


def _of_a_person(client: str) -> dict[str, str]:
    """What a client learns of a person who has logged in, and how it gets the next token without asking."""
    known = {"aud": client, "sub": "somebody", "iss": f"{_BASE}/v2.0", "preferred_username": PERSON}
    who = encoded({"uid": "somebody", "utid": TENANT})
    return {"id_token": token(**known), "client_info": who, "refresh_token": "refresh", "scope": "openid"}
