"""``tracked ui``: MLflow's UI for the store that runs go to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import click
import psutil

from ..errors import BackendUnavailable
from ..mlflow.urls import page_url, run_url
from .reaching import told
from .reading import id_of, opened
from .references import referred
from .speaking import note, say, say_json

_HOST = "127.0.0.1"
_PATIENCE = 180.0
"""Seconds: on a busy machine MLflow takes minutes to start."""
_STORE = "MLFLOW_BACKEND_STORE_URI"
"""A login in the store's URI would be seen by all among the arguments of a process."""


@click.command()
@click.argument("run", required=False)
@click.option("--port", type=int, help="Where a new server listens; by default at a port that is free.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def ui(*, run: str | None, port: int | None, as_json: bool) -> None:
    """Open MLflow's UI at the right page.

    The address is printed, and served until Ctrl-C.
    RUN is an id or its beginning, a name, the beginning of a key, `@last` or `@best:METRIC`; without one it is the
    list of runs. Where the store is a server, or is served on this machine, only the address is printed.

    Exit codes: 0 the address is printed, and what was served is ended,
    1 it cannot be served, 3 there is no such run, or there are several,
    4 the store, or the server, does not answer.
    """
    with told():
        session = opened()
        facts = referred(run) if run else None
        experiment = str(facts.attributes["experiment_id"]) if facts else _experiment()
        where = experiment, id_of(facts) if facts else ""
        if not _is_server(session.uri) and not _can_be_served(session.uri):
            _tell(run_url(session.uri, *where) if facts else session.shown_uri, as_json=as_json)
            return
        there = _server_of(session.uri)
        if there:
            _tell(page_url(there, *where), as_json=as_json)
            return
        with _stopped_by_sigterm(), _served(session.uri, port or _free_port()) as address:
            _tell(page_url(address, *where), as_json=as_json)
            note("Ctrl-C ends the server")
            _until_stopped()


def _tell(url: str, *, as_json: bool) -> None:
    say_json({"url": url}) if as_json else say(url)
    sys.stdout.flush()


def _experiment() -> str:
    """The id of the experiment of the settings; empty for the list of all, where there is none yet."""
    from ..errors import RunNotFound  # noqa: PLC0415
    from ..mlflow.client import known_experiment  # noqa: PLC0415 - loads MLflow

    session = opened()
    try:
        return str(known_experiment(session.uri, name=session.experiment).experiment_id)
    except RunNotFound:
        return ""


def _server_of(uri: str) -> str:
    """The address of a server of this store: the store itself, or one on this machine; empty if there is none."""
    if _is_server(uri):
        return uri
    return next((address for address in _served_here(uri) if _answers(address)), "")


def _is_server(uri: str) -> bool:
    return uri.startswith(("http:", "https:"))


def _can_be_served(uri: str) -> bool:
    """Whether MLflow's own server can stand before this store; the others have a UI of their own."""
    return uri.partition(":")[0].partition("+")[0] in ("sqlite", "file", "postgresql", "mysql", "mssql")


def _served_here(uri: str) -> Iterator[str]:
    """Addresses of MLflow's servers on this machine that were started for this store."""
    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or []
        if any("mlflow" in argument for argument in arguments) and "--port" in arguments[:-1]:
            port = arguments[arguments.index("--port") + 1]
            if port.isdecimal() and (uri in arguments or _store_of(process) == uri):
                yield f"http://{_HOST}:{port}"


def _store_of(process: psutil.Process) -> str:
    try:
        return str(process.environ().get(_STORE, ""))
    except (psutil.Error, OSError):
        return ""


def _answers(address: str) -> bool:
    try:
        with urlopen(f"{address}/health", timeout=5) as answer:  # noqa: S310 - http on the loopback
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


@contextmanager
def _served(uri: str, port: int) -> Iterator[str]:
    """A server for this store, as long as this block.

    Raises:
        BackendUnavailable: it does not start.
    """
    options = {"--host": _HOST, "--port": str(port), "--workers": "1"}
    command = [sys.executable, "-m", "mlflow", "server", *(word for pair in options.items() for word in pair)]
    with tempfile.TemporaryDirectory(prefix="tracked-", ignore_cleanup_errors=True) as folder:
        log = Path(folder, "server.log")
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                cwd=folder,  # what it writes beside its store is gone with it
                env={**os.environ, _STORE: uri, "MLFLOW_DISABLE_TELEMETRY": "true"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us, and we end it
            )
        try:
            _await(f"http://{_HOST}:{port}", process, log)
            yield f"http://{_HOST}:{port}"
        finally:
            _end(process)


def _await(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE
    while not _answers(address):
        if process.poll() is not None or time.monotonic() > until:
            told_last = log.read_text("utf-8", "replace").strip().rpartition("\n")[2]
            raise BackendUnavailable(f"MLflow's server does not start: {told_last or 'it says nothing'}")
        time.sleep(0.2)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server with its workers: it leads a group of its own."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)


def _until_stopped() -> None:
    """Wait for Ctrl-C."""
    with suppress(KeyboardInterrupt):
        while True:
            time.sleep(3600)


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    """In this block SIGTERM is Ctrl-C: a server must not outlive us."""
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
