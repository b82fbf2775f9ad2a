"""Azure ML's errors inside MLflow's, in the two forms that its services have."""

from __future__ import annotations

import pytest
from mlflow.exceptions import RestException

from tracked.errors import BackendUnavailable, LoginRefused, Refused
from tracked.mlflow.faults import classified

TRACKING = {
    "Error": {
        "Code": "ValidationError",
        "Message": "A field is over the limit.\nLimit=250",
        "InnerError": None,
    },
    "statusCode": 400,
    "error_code": "INVALID_PARAMETER_VALUE",
}


def gateway(code: str, inner: str = "") -> RestException:
    """An error as the services in front of the tracking service word it; MLflow makes an internal error of it."""
    within = {"code": inner, "innerError": None} if inner else None
    return RestException({"error": {"code": code, "message": "x does not have it", "innerError": within}})


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (RestException(TRACKING), Refused),
        (gateway("ValidationError"), Refused),
        (gateway("AuthorizationFailed"), LoginRefused),
        (gateway("UserError", "AuthenticationFailed"), LoginRefused),
        (gateway("UserError", "Forbidden"), LoginRefused),
        (gateway("UserError"), Refused),
        (gateway("TooManyRequests"), BackendUnavailable),
        (gateway("ServiceError"), BackendUnavailable),
        (gateway("SomethingNew"), BackendUnavailable),
    ],
)
def test_the_inner_error_decides(error: RestException, kind: type[Exception]) -> None:
    """Permanent refusals are not asked again for ever, and what may pass is not given up."""
    assert kind is type(classified(error))


def test_it_is_said_on_one_line_with_what_helps() -> None:
    """The nested text is taken apart, and the role named."""
    said = str(classified(gateway("AuthorizationFailed")))
    assert "Azure ML: AuthorizationFailed: x does not have it" in said
    assert "AzureML Data Scientist" in said
    assert "Azure ML: ValidationError: A field is over the limit. Limit=250" == str(
        classified(RestException(TRACKING))
    )
