"""A real MLflow server on the loopback, for tests that must meet one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

PATIENCE = 180.0
"""Seconds: on a busy machine MLflow takes minutes to start."""


@contextmanager
def mlflow_server(folder: Path, *options: str, port: int | None = None) -> Iterator[str]:
    """A server whose data lie in ``folder``; gives its URI, and ends it by its own process id."""
    artifacts = ("--artifacts-destination", f"{folder}/artifacts")
    with serving(folder, f"sqlite:///{folder}/server.db", *artifacts, *options, port=port) as uri:
        yield uri


@contextmanager
def serving(folder: Path, store: str, *options: str, port: int | None = None) -> Iterator[str]:
    """A server over any store; what it prints goes to ``folder/server.log``."""
    port = port or free_port()
    uri = f"http://127.0.0.1:{port}"
    log = folder / "server.log"
    where = ("--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--backend-store-uri", store)
    environ = {k: v for k, v in os.environ.items() if not k.startswith("MLFLOW_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *where, *options],
            cwd=folder,
            env={
                **environ,
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            },
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _await(uri, process, log)
        yield uri
    finally:
        _end(process)


def free_port() -> int:
    """A port that was free a moment ago."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(uri: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            with urlopen(f"{uri}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"MLflow's server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and its workers: it leads a session, and so a group, of its own."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, sign)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                continue
    try:
        os.killpg(process.pid, signal.SIGKILL)  # workers that outlived their leader
    except ProcessLookupError:
        return
