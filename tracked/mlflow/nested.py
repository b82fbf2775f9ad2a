"""Errors of Azure ML, which arrive in MLflow's as one text: its own REST errors are nested in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_STATUS = {
    "AuthenticationFailed": 401,
    "Unauthorized": 401,
    "AuthorizationFailed": 403,
    "AuthorizationError": 403,
    "Forbidden": 403,
    "NotFoundError": 404,
    "ResourceNotFound": 404,
    "TooManyRequests": 429,
    "ServiceError": 500,
    "ServiceUnavailable": 503,
    "TransientError": 503,
    "ValidationError": 400,
    "BadRequest": 400,
    "UserError": 400,
}
"""What a code means where the answer does not tell its status; the innermost code that is known counts."""
_CURES = {
    401: "the token is not accepted, it may have expired: log in again",
    403: "the account needs the role 'AzureML Data Scientist' on the workspace",
}


def status(error: BaseException) -> int | None:
    """The HTTP status that Azure ML gave; None for any other error."""
    answer = _answer(error)
    if answer is None:
        return None
    told = _of(answer, "statusCode")
    codes = _codes(_of(answer, "error"))
    known = [_STATUS[code] for code in codes if code in _STATUS]
    return told if isinstance(told, int) and told >= 400 else known[-1] if known else 500


def sentence(error: BaseException) -> str:
    """What Azure ML says, on one line, and what helps; empty for any other error."""
    answer = _answer(error)
    if answer is None:
        return ""
    inner = _of(answer, "error")
    codes = _codes(inner)
    said = f"Azure ML: {codes[-1] if codes else 'error'}: {' '.join(str(_of(inner, 'message')).split())}"
    cure = _CURES.get(status(error) or 0)
    return f"{said} ({cure})" if cure else said


def _answer(error: BaseException) -> Mapping[str, Any] | None:
    told = getattr(error, "json", None)
    return told if isinstance(told, Mapping) and isinstance(_of(told, "error"), Mapping) else None


def _codes(inner: Any) -> list[str]:
    """The codes of an error and of what it holds, the innermost last."""
    found = []
    while isinstance(inner, Mapping):
        found.append(str(_of(inner, "code") or ""))
        inner = _of(inner, "innerError")
    return [code for code in found if code]


def _of(values: Mapping[str, Any], name: str) -> Any:
    """The value of this name, whose first letter is large or small depending on who answers."""
    return values.get(name, values.get(name[0].upper() + name[1:]))
