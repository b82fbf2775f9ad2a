"""Where journals lie: one folder for each store and set of credentials, named without telling either."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import filelock
import orjson
import platformdirs

from ..errors import ConfigError
from ..journal import disk
from ..journal.folder import Folder
from ..redact import MASK, redact_url

_CREDENTIALS = ("MLFLOW_TRACKING_", "AZURE_", "TRACKED_AZURE_CREDENTIAL", "AWS_", "GOOGLE_", "DATABRICKS_")
_NO_CREDENTIALS = ("MLFLOW_TRACKING_URI",)
_JOB, _OF_A_JOB = "AZUREML_RUN_ID", "MLFLOW_TRACKING_TOKEN"
_SURVIVES = "AZURE_ML_OUTPUT_tracked"
"""Where Azure ML has put the output ``tracked`` of a job, if it has one: storage that outlives the machine."""
_BY_ENVIRONMENT = ("databricks", "databricks-uc", "uc")
"""Schemes whose host is in the environment, or in a file of the person's."""


def home(setting: str = "") -> Path:
    """The folder of all that ``tracked`` keeps: the setting, else a job's output, else the user's state folder."""
    setting = setting or os.environ.get(_SURVIVES, "")
    return Path(setting).expanduser().absolute() if setting else Path(platformdirs.user_state_dir("tracked"))


def reused(home: Path) -> Path:
    """Where files lie that were fetched to be given back: a folder a run, and in it one for each content."""
    return home / "reused"


def folder_for(home: Path, uri: str, environ: Mapping[str, str]) -> Folder:
    """The journal folder for this store and the credentials in this environment, made if it is new.

    The name is a keyed hash of both: no secret is written down, and none can be tried out on the name.
    """
    given = {k: v for k, v in environ.items() if k.startswith(_CREDENTIALS) and k not in _NO_CREDENTIALS}
    if environ.get(_JOB) and _OF_A_JOB in given:
        # A job of Azure ML that is started again goes on in the same folder, and has another token then.
        given[_OF_A_JOB] = environ[_JOB]
    folder = folder_called(home, json.dumps([uri, sorted(given.items())])).made()
    if not folder.target.exists():
        disk.replace(folder.target, target(home, uri))
    return folder


def target(home: Path, uri: str) -> bytes:
    """What a journal folder says of its store."""
    return orjson.dumps({"uri": without_credentials(uri), "store": _mark(home, uri)})


def uri_of(folder: Folder) -> str:
    """The store of this folder, as far as it was written down: without credentials.

    Raises:
        ConfigError: nobody has written it down.
    """
    try:
        return str(orjson.loads(folder.target.read_bytes())["uri"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{folder.path} does not say which store it is for") from error


def is_for(folder: Folder, home: Path, uri: str) -> bool:
    """Whether the journals of this folder are for the store behind this URI, whatever the credentials."""
    mark = _mark(home, uri)
    with suppress(OSError, ValueError, KeyError, TypeError):
        return bool(mark) and mark == orjson.loads(folder.target.read_bytes())["store"]
    return False


def _mark(home: Path, uri: str) -> str:
    """The store without credentials, as a keyed hash: what is left of a query may still be nobody's business.

    Empty where the URI alone does not say which store it is.
    """
    if uri.partition(":")[0] in _BY_ENVIRONMENT:
        return ""
    return _hashed(home, redact_url(uri).replace(f"{MASK}@", "", 1))


def folders(home: Path) -> list[Folder]:
    """Every journal folder."""
    return [Folder(path) for path in sorted((home / "stores").glob("*")) if path.is_dir()]


def without_credentials(uri: str) -> str:
    """The URI as it may be shown: no user, password or query."""
    return redact_url(uri).replace(f"{MASK}@", "", 1).partition("?")[0]


def folder_called(home: Path, told: str) -> Folder:
    """The journal folder that is named by a keyed hash of this text; it need not be there."""
    return Folder(home / "stores" / _hashed(home, told))


def _hashed(home: Path, told: str) -> str:
    return hmac.new(_secret(home), told.encode(), hashlib.sha256).hexdigest()[:20]


def _secret(home: Path) -> bytes:
    path = home / "key"
    if not path.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Several processes may start at once, and all of them must have the same key.
        with filelock.FileLock(home / "key.lock"):
            if not path.exists():
                disk.replace(path, secrets.token_bytes(32), durable=True)
    return path.read_bytes()
