"""Where journals lie: one folder for each store and set of credentials, named without telling either."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from pathlib import Path

import filelock
import orjson
import platformdirs

from ..errors import ConfigError
from ..journal import disk
from ..journal.folder import Folder
from ..redact import MASK, redact_url

_CREDENTIALS = ("MLFLOW_TRACKING_", "AZURE_", "AWS_", "GOOGLE_", "DATABRICKS_")
_NO_CREDENTIALS = ("MLFLOW_TRACKING_URI",)


def home(setting: str = "") -> Path:
    """The folder of everything that ``tracked`` keeps: the setting, else the user's state folder."""
    return Path(setting).expanduser().absolute() if setting else Path(platformdirs.user_state_dir("tracked"))


def folder_for(home: Path, uri: str, environ: Mapping[str, str]) -> Folder:
    """The journal folder for this store and the credentials in this environment, made if it is new.

    The name is a keyed hash of both: no secret is written down, and none can be tried out on the name.
    """
    given = {k: v for k, v in environ.items() if k.startswith(_CREDENTIALS) and k not in _NO_CREDENTIALS}
    told = json.dumps([uri, sorted(given.items())])
    name = hmac.new(_secret(home), told.encode(), hashlib.sha256).hexdigest()[:20]
    folder = Folder(home / "stores" / name).made()
    if not folder.target.exists():
        disk.replace(folder.target, orjson.dumps({"uri": without_credentials(uri)}))
    return folder


def uri_of(folder: Folder) -> str:
    """The store of this folder, as far as it was written down: without credentials.

    Raises:
        ConfigError: nobody has written it down.
    """
    try:
        return str(orjson.loads(folder.target.read_bytes())["uri"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{folder.path} does not say which store it is for") from error


def folders(home: Path) -> list[Folder]:
    """Every journal folder."""
    return [Folder(path) for path in sorted((home / "stores").glob("*")) if path.is_dir()]


def without_credentials(uri: str) -> str:
    """The URI as it may be shown: no user, password or query."""
    return redact_url(uri).replace(f"{MASK}@", "", 1).partition("?")[0]


def _secret(home: Path) -> bytes:
    path = home / "key"
    if not path.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Several processes may start at once, and all of them must have the same key.
        with filelock.FileLock(home / "key.lock"):
            if not path.exists():
                disk.replace(path, secrets.token_bytes(32), durable=True)
    return path.read_bytes()
