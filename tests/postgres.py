"""A PostgreSQL server of its own for a test, where the machine has one installed."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.servers import PATIENCE, free_port


def programs() -> Path | None:
    """The folder of ``initdb`` and ``postgres``; Debian has it beside the path."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in folders if (folder / "pg_isready").exists()), None)


@contextmanager
def postgres() -> Iterator[str]:
    """A server with an empty database; gives ``user@host:port/database``, and ends the server by its own id.

    It listens on the loopback and asks for no password.  Root may not run one: then the system's own user does.
    """
    binaries = programs()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    user = _unprivileged()
    # Not among pytest's folders: those are root's alone, where root runs the tests.
    with TemporaryDirectory(prefix="tracked-postgres-") as name:
        folder, port = Path(name), free_port()
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        data = folder / "data"
        making = _started(user, binaries / "initdb", "-D", data, "-A", "trust", "-U", "tests", "--no-sync")
        assert making.wait(PATIENCE) == 0, "initdb has failed"
        where = ("-p", port, "-h", "127.0.0.1", "-k", folder)
        quick = ("-c", "fsync=off", "-c", "max_connections=200")
        server = _started(user, binaries / "postgres", "-D", data, *where, *quick)
        try:
            _await(binaries / "pg_isready", port, server)
            yield f"tests@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait(PATIENCE)


def _await(pg_isready: Path, port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while subprocess.run([pg_isready, "-q", "-h", "127.0.0.1", "-p", str(port)], check=False).returncode:
        assert server.poll() is None, "PostgreSQL has ended by itself"
        assert time.monotonic() < until, "PostgreSQL did not start"
        time.sleep(0.2)


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom the server runs as; None for who runs the test."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    return names.get("postgres") or names["nobody"]


def _started(user: pwd.struct_passwd | None, *command: object) -> subprocess.Popen[bytes]:
    who: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()} if user else {}
    told = subprocess.DEVNULL
    return subprocess.Popen(
        [str(part) for part in command], cwd="/", stdin=told, stdout=told, stderr=told, **who
    )
