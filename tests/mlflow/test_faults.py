import pytest
import requests
from mlflow.exceptions import MlflowException, RestException
from mlflow.protos import databricks_pb2 as codes

from tracked.errors import BackendUnavailable, LoginRefused, Refused
from tracked.mlflow.faults import classified, told


def http_error(status):
    """What uploading through MLflow's proxy raises."""
    answer = requests.Response()
    answer.status_code = status
    return requests.HTTPError(f"{status} Error", response=answer)


def local(cause):
    """What MLflow's own database code makes of any exception."""
    error = MlflowException(str(cause), codes.INTERNAL_ERROR)
    error.__cause__ = cause
    return error


def botocore(status):
    """The shape of botocore's ClientError."""
    error = Exception("An error occurred")
    error.response = {"ResponseMetadata": {"HTTPStatusCode": status}}
    return error


AZURE_403 = {"error": {"code": "AuthorizationFailed", "message": "does not have authorization"}}
AZURE_TEXT = (
    "API request to endpoint /api/2.0/mlflow/runs/create failed with error code 401 != 200. Response body: ''"
)

VERDICTS = [
    (Refused, MlflowException("bad", codes.INVALID_PARAMETER_VALUE)),
    (Refused, RestException({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no run"})),
    (Refused, RestException({"error_code": "RESOURCE_ALREADY_EXISTS", "message": "there"})),
    (Refused, MlflowException("(sqlite3.IntegrityError) NOT NULL", codes.BAD_REQUEST)),
    (Refused, MlflowException("API request failed with error code 413 != 200", codes.INTERNAL_ERROR)),
    (Refused, local(OverflowError("Python int too large to convert to SQLite INTEGER"))),
    (Refused, TypeError("builder() got an unexpected keyword argument")),
    (Refused, http_error(400)),
    (LoginRefused, MlflowException("no", codes.UNAUTHENTICATED)),
    (LoginRefused, RestException({"error_code": "PERMISSION_DENIED", "message": "no"})),
    (LoginRefused, RestException(AZURE_403)),
    (LoginRefused, MlflowException(AZURE_TEXT, codes.INTERNAL_ERROR)),
    (LoginRefused, http_error(401)),
    (LoginRefused, botocore(403)),
    (BackendUnavailable, MlflowException("QueuePool limit of size 5 overflow 10 reached", codes.BAD_REQUEST)),
    (BackendUnavailable, MlflowException("database is locked", codes.INTERNAL_ERROR)),
    (BackendUnavailable, MlflowException("database disk image is malformed", codes.BAD_REQUEST)),
    (BackendUnavailable, MlflowException("API request failed with exception refused", codes.INTERNAL_ERROR)),
    (BackendUnavailable, MlflowException("down", codes.TEMPORARILY_UNAVAILABLE)),
    (BackendUnavailable, MlflowException("slow down", codes.REQUEST_LIMIT_EXCEEDED)),
    (BackendUnavailable, MlflowException("<html>404</html>", codes.ENDPOINT_NOT_FOUND)),
    (BackendUnavailable, RestException({"error_code": "502", "message": "proxy"})),
    (BackendUnavailable, local(requests.exceptions.JSONDecodeError("not JSON", "", 0))),
    (BackendUnavailable, requests.ConnectionError("refused")),
    (BackendUnavailable, http_error(503)),
    (BackendUnavailable, botocore(500)),
    (BackendUnavailable, OSError(28, "No space left on device")),
    (BackendUnavailable, KeyError(502)),  # what MLflow 3.0 makes of a code that it does not know
    (BackendUnavailable, ModuleNotFoundError("No module named 'boto3'")),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("verdict", "error"), VERDICTS, ids=lambda x: repr(x)[:60])
def test_each_failure_has_one_meaning(verdict, error):
    """A failure of the store says whether to give the data up, to wait, or to log in again."""
    assert verdict is type(classified(error))


def test_an_error_code_that_mlflow_does_not_know_is_no_crash():
    """A proxy's answer with a code of its own is read as trouble of the store."""
    assert BackendUnavailable is type(classified(RestException({"error_code": "TEAPOT", "message": "?"})))


def test_our_own_exceptions_go_through_unchanged():
    """What is classified already is not classified again, and an interrupt is nobody's failure."""
    first = Refused("as it was")
    with pytest.raises(Refused) as caught, told():
        raise first
    assert first is caught.value
    with pytest.raises(KeyboardInterrupt), told():
        raise KeyboardInterrupt


def test_no_login_is_in_what_is_told():
    """MLflow names the address it asked with the login in it; what is raised does not."""
    error = MlflowException(
        "API request to http://ada:swordfish@host:5000/api/2.0 failed with exception Max retries"
    )
    assert "http://***@host:5000/api/2.0" in str(classified(error))
    assert "swordfish" not in str(classified(error))
