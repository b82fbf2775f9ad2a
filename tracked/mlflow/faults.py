"""What a failure of the store means: the one place where MLflow's exceptions become ours."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from time import time
from typing import Any

from mlflow.exceptions import ERROR_CODE_TO_HTTP_STATUS, MlflowException

from ..errors import BackendUnavailable, LoginRefused, NameTaken, Refused, TrackedError
from ..redact import redact_text
from . import nested

_TROUBLE = ("QueuePool limit", "database is locked", "is malformed", "is not a database")
"""The store's own trouble, which MLflow reports as a bad request."""

_LATER = frozenset({"ABORTED", "CANCELLED", "ENDPOINT_NOT_FOUND"})
"""The last is a 404 that no MLflow server has written: a proxy, or the wrong address."""

_LOGIN = frozenset({401, 403})
_WAIT = frozenset({408, 425, 429, 499})

_TAKEN = ("Resource Conflict: ArtifactId", "BlobAlreadyExists")
"""Azure's: an artifact is written once."""
_STATUS_IN_TEXT = re.compile(r"failed with error code (\d{3})\b")
_LOGIN_IN_TEXT = re.compile(
    r"\b(?:401 client error|403 client error|unauthori[sz]ed|forbidden|authorizationfailed|autherror"
    r"|authentication ?(?:error|failed|required)|authenticationexception|credentialunavailable\w*"
    r"|token (?:has )?expired|usererror.{0,40}authori[sz]ation)\b",
    re.IGNORECASE,
)


@contextmanager
def told() -> Iterator[None]:
    """Let what the store raises in this block leave it as one of ours.

    Raises:
        Refused: the data will never be taken.
        LoginRefused: the store does not let us in.
        BackendUnavailable: anything that may go through later.
    """
    try:
        yield
    except TrackedError:
        raise
    except Exception as error:  # stores are plugins: each brings exceptions of its own
        raise classified(error) from error


def classified(error: Exception) -> TrackedError:
    """The exception of ours that says what this one means for the data that was to be stored."""
    text = nested.sentence(error) or str(error).strip() or type(error).__name__
    # MLflow names the address that it asked, with the login in it.
    found = _kind(error, text)(redact_text(text[:1000], os.environ))
    if isinstance(found, BackendUnavailable):
        found.after = _asked_to_wait(error)
    return found


def _asked_to_wait(error: BaseException | None) -> float:
    """What ``Retry-After`` says, in seconds: it is written as a number or as a date."""
    headers = getattr(getattr(error, "response", None), "headers", None)
    if not isinstance(headers, Mapping):
        return _asked_to_wait(error.__cause__) if error is not None else 0.0
    told = str(headers.get("Retry-After", "0"))
    with suppress(ValueError, TypeError, OverflowError):
        return max(0.0, float(told) if told.isdigit() else parsedate_to_datetime(told).timestamp() - time())
    return 0.0


def code_of(error: MlflowException) -> str:
    """MLflow's name of the error; an answer whose code MLflow does not know leaves it unset."""
    code = getattr(error, "error_code", None) or getattr(error, "json", {}).get("error_code")
    return str(code or "INTERNAL_ERROR")


def _kind(error: Exception, text: str) -> type[TrackedError]:
    status = _status(error, text)
    if any(sign in text for sign in _TROUBLE) or status in _WAIT:
        return BackendUnavailable
    if any(sign in text for sign in _TAKEN):
        return NameTaken
    if status in _LOGIN:
        return LoginRefused
    if isinstance(error, MlflowException) and code_of(error) in _LATER:
        return BackendUnavailable
    if status is not None and status < 500:
        return Refused
    return _without_a_verdict(error, text)


def _without_a_verdict(error: Exception, text: str) -> type[TrackedError]:
    """An internal error may be the network, a refused log-in in disguise, or data that the driver chokes on."""
    if _LOGIN_IN_TEXT.search(text):
        return LoginRefused
    root = error.__cause__ if isinstance(error, MlflowException) else error
    if isinstance(root, ArithmeticError | TypeError | ValueError):
        return BackendUnavailable if isinstance(root, OSError) else Refused
    return BackendUnavailable


def _status(error: Exception, text: str) -> int | None:
    """The HTTP status, wherever MLflow, requests, Azure's or Amazon's library keeps it."""
    if written := _STATUS_IN_TEXT.search(text):
        return int(written[1])
    if inside := nested.status(error):
        return inside
    if isinstance(error, MlflowException):
        code = code_of(error)
        return int(code) if code.isdigit() else ERROR_CODE_TO_HTTP_STATUS.get(code, 500)
    answer: Any = getattr(error, "response", None)
    if isinstance(answer, Mapping):
        answer = answer.get("ResponseMetadata", {}).get("HTTPStatusCode")
    status = getattr(error, "status_code", None) or getattr(answer, "status_code", answer)
    return status if isinstance(status, int) else None
