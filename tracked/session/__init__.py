"""The composition root: from settings to a journal and a shipper; once, lazily, in one place.

All global state of ``tracked`` is here: the one session of this process and what was configured by code.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .. import speech
from ..context import RunRef
from ..errors import BackendUnavailable
from ..guard import guard
from ..journal.folder import Folder
from ..journal.writer import JournalFile
from ..mlflow import guests
from ..mlflow import setup as mlflow_setup
from ..ports import RemoteRun
from ..records import Record
from ..settings import Layer, Settings, merge, unknown
from ..shipper import status
from . import place, sources, waiting
from .backends import TEMPLATES, is_for_tests, is_in_memory
from .crew import Crew

DEFAULT_EXPERIMENT = "Default"


@dataclass(frozen=True)
class Session:
    """Where this process's records go."""

    settings: Settings
    uri: str
    """The store, whole: credentials in it are for the shipper only and never shown."""
    folder: Folder
    journal: JournalFile
    crew: Crew
    ids: waiting.Ids
    home: Path
    joined: set[str] = field(default_factory=set)
    """Runs handed over by the environment that a run of this process already is."""

    @property
    def experiment(self) -> str:
        """Name of the experiment that runs open in."""
        return self.settings.experiment or DEFAULT_EXPERIMENT

    @property
    def shown_uri(self) -> str:
        """The store as it may be shown."""
        return place.without_credentials(self.uri)

    def write(self, record: Record) -> None:
        """Acknowledge a record: when this returns, it is in a file.

        Raises:
            OSError: it is not.
        """
        self.journal.write(record)

    def serve(self) -> None:
        """See that a shipper lives for what was written."""
        self.crew.ensure()

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that this process wrote is delivered, while that makes progress.

        Args:
            timeout: seconds, at most; the ``exit_timeout`` setting if None.
        """
        journal = self.journal.path
        size = journal.stat().st_size
        if waiting.acknowledged(journal) >= size:
            return True
        self.serve()
        limit = self.settings.exit_timeout if timeout is None else timeout
        return waiting.wait(lambda: waiting.acknowledged(journal) >= size, self.folder, limit)

    def remote(self, ref: RunRef) -> RemoteRun:
        """Where this run lives in the store; waits until the shipper has made it.

        Raises:
            BackendUnavailable: the store does not answer; the run is kept and made later.
        """
        if ref.run_id:
            return RemoteRun(ref.run_id, ref.experiment)
        self.serve()
        limit = self.settings.exit_timeout
        if not waiting.wait(lambda: self.ids.get(ref.run) is not None, self.folder, limit):
            why = self.status().error or f"no answer in {limit:.0f} s"
            raise BackendUnavailable(
                f"{self.shown_uri} has not made the run yet ({why}); it is kept and made later"
            )
        return self.ids.get(ref.run) or RemoteRun("", "")

    def status(self) -> status.Status:
        """What the shipper does."""
        return status.read_status(self.folder.status)


_LOCK = threading.RLock()
_CONFIGURED: dict[str, Any] = {}
_SESSION: Session | None = None
_REGISTERED = False
_FOLLOWED: Session | None = None
"""The session that MLflow's own state follows."""


def current() -> Session:
    """The session of this process, made at the first call.

    Raises:
        ConfigError, OSError: it cannot be made; nothing was changed.
    """
    session = _SESSION
    return session if session is not None else _make()


def configure(values: Mapping[str, Any], ml_client: Any = None, *, fallback_to_local: bool = True) -> Session:
    """Set what code sets, and switch to a session with it; what is None stays as it was.

    Raises:
        ConfigError: a name or a value is wrong; then nothing changes.
    """
    global _SESSION  # noqa: PLW0603 - the one place of global state
    with _LOCK:
        merged = _CONFIGURED | {k: v for k, v in values.items() if v is not None}
        if ml_client is None and merged == _CONFIGURED and _SESSION is not None:
            return _SESSION
        session = _build(merged, ml_client, fallback_to_local=fallback_to_local)
        _CONFIGURED.clear()
        _CONFIGURED.update(merged)
        _SESSION = session
        return session


def reset() -> None:
    """Forget the session and what was configured; for tests."""
    global _SESSION, _FOLLOWED  # noqa: PLW0603
    with _LOCK:
        _FOLLOWED = None
        if _SESSION is not None:
            _SESSION.crew.dismiss()
        _SESSION = None
        _CONFIGURED.clear()
        speech.forget()


@contextmanager
def switched_to(uri: str) -> Iterator[Session]:
    """Another store inside this block; for tests."""
    global _SESSION  # noqa: PLW0603
    before = _SESSION
    session = _SESSION = _build({**_CONFIGURED, "tracking_uri": uri})
    try:
        yield session
    finally:
        session.flush()
        session.crew.dismiss()
        _SESSION = before


def _make() -> Session:
    global _SESSION  # noqa: PLW0603
    with _LOCK:
        if _SESSION is None:
            _SESSION = _build(_CONFIGURED)
        return _SESSION


def _build(
    configured: Mapping[str, Any], ml_client: Any = None, *, fallback_to_local: bool = True
) -> Session:
    environ = dict(os.environ)
    root = sources.project_root(Path.cwd())
    settings = load(configured, environ, root)
    target = _target(configured, ml_client, settings, root, fallback_to_local=fallback_to_local)
    if target.hint:
        speech.warn_once(target.hint)
    settings = replace(settings, origins={**settings.origins, "tracking_uri": target.origin})
    home = place.home(settings.home)
    _register()
    return _on(place.folder_for(home, target.uri, environ), target.uri, home, settings)


def _on(folder: Folder, uri: str, home: Path, settings: Settings) -> Session:
    in_process = settings.shipper == "thread" or is_in_memory(uri)
    crew = Crew(folder, uri, home, in_process=in_process)
    return Session(settings, uri, folder, JournalFile(folder), crew, waiting.Ids(folder), home)


def _target(
    configured: Mapping[str, Any], ml_client: Any, settings: Settings, root: Path, *, fallback_to_local: bool
) -> mlflow_setup.Target:
    if is_for_tests(settings.tracking_uri):
        return mlflow_setup.Target(settings.tracking_uri, settings.origins["tracking_uri"])
    explicit = configured.get("tracking_uri")
    try:
        return mlflow_setup.resolve_uri(explicit, ml_client, settings.tracking_uri, root=root)
    except BackendUnavailable as error:
        if not fallback_to_local:
            raise
        speech.warn_once(f"{error}; runs go to the local store")
        return mlflow_setup.resolve_uri(root=root, environ={})


def for_folder(folder: str) -> Session:
    """The session for a journal folder that another process named: this process's own, or one beside it.

    Raises:
        ConfigError, OSError: it cannot be made.
    """
    session = current()
    if str(session.folder.path) == folder:
        return session
    there = Folder(Path(folder))
    return _on(there, place.uri_of(there), place.home(session.settings.home), session.settings)


def follow_mlflow(session: Session) -> None:
    """Where MLflow is loaded, or gets loaded, its own calls go to the same store and into the same runs."""
    global _FOLLOWED  # noqa: PLW0603
    if _FOLLOWED is session:
        reason = guests.ensure_installed()
    else:
        _FOLLOWED = session
        guests.register_hook(
            lambda: mlflow_setup.follow(session.uri, session.experiment, session.home / TEMPLATES)
        )
        reason = guests.install(_remote)
    if reason:
        speech.warn_once(reason)


def plain_mlflow_run() -> RemoteRun | None:
    """The run that MLflow's own API holds open around this code, if any."""
    return guests.active_plain_run()


def _remote(ref: RunRef) -> RemoteRun:
    return for_folder(ref.folder).remote(ref)


def load(configured: Mapping[str, Any], environ: Mapping[str, str], root: Path) -> Settings:
    """All layers merged, strongest first; unknown names are told once.

    Raises:
        ConfigError: a value or a file is wrong.
    """
    config_dir = configured.get("config_dir")
    files = sources.from_files(Path(config_dir) if config_dir else root)
    for line in unknown(files):
        speech.warn_once(line)
    code = Layer("setup_mlflow / configure", configured)
    return merge([code, sources.from_environment(environ), files, sources.from_mlflow_environment(environ)])


def _register() -> None:
    global _REGISTERED  # noqa: PLW0603
    if not _REGISTERED:
        _REGISTERED = True
        atexit.register(_at_exit)


def _at_exit() -> None:
    """Await delivery for a bounded time, and say what is kept."""
    session = _SESSION
    if session is None or not session.journal.was_used:
        return
    with guard:
        if not session.flush():
            speech.warn_once(_kept(session))
        session.crew.dismiss()


def _kept(session: Session) -> str:
    told = session.status()
    why = f" ({told.error})" if told.error else ""
    left = session.journal.path.stat().st_size - waiting.acknowledged(session.journal.path)
    return (
        f"{left} bytes of records are kept in {session.folder.path} and not yet in {session.shown_uri}{why}; "
        "the shipper goes on with them, and `tracked sync` sends them now"
    )
