"""Where journals lie: one folder for each store and set of credentials, named without telling either."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import platformdirs

from ..errors import ConfigError
from ..journal.folder import Folder

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
    told = orjson.dumps([uri, sorted(given.items())])
    name = hmac.new(_secret(home), told, hashlib.sha256).hexdigest()[:20]
    folder = Folder(home / "stores" / name).made()
    if not folder.target.exists():
        folder.target.write_bytes(orjson.dumps({"uri": without_credentials(uri)}))
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
    parts = urlsplit(uri)
    if not parts.username and not parts.password and not parts.query:
        return uri
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()


def _secret(home: Path) -> bytes:
    path = home / "key"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    try:
        os.write(fd, secrets.token_bytes(32))
    finally:
        os.close(fd)
    return path.read_bytes()
