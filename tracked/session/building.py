"""Making a session: from settings to a journal and a shipper."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .. import speech
from ..context import RunRef
from ..errors import BackendUnavailable
from ..journal.folder import Folder
from ..journal.writer import JournalFile
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
    before_flush: list[Callable[[], None]] = field(default_factory=list)
    """What has to be written before all that was written is awaited; each is called once."""

    @property
    def experiment(self) -> str:
        """Name of the experiment that runs open in."""
        return self.settings.experiment or DEFAULT_EXPERIMENT

    @property
    def is_mlflow(self) -> bool:
        """Whether the store is one that MLflow itself can reach."""
        return not is_for_tests(self.uri)

    @property
    def templates(self) -> Path:
        """Folder of ready sqlite databases."""
        return self.home / TEMPLATES

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
        while self.before_flush:
            self.before_flush.pop()()
        journal = self.journal.path
        size = journal.stat().st_size
        if waiting.acknowledged(journal) >= size:
            return True
        self.serve()
        limit = self.settings.exit_timeout if timeout is None else timeout
        return waiting.wait(lambda: waiting.acknowledged(journal) >= size, self.folder, limit, self.serve)

    def remote(self, ref: RunRef) -> RemoteRun:
        """Where this run lives in the store; waits until the shipper has made it.

        Raises:
            BackendUnavailable: the store does not answer; the run is kept and made later.
        """
        if ref.run_id:
            return RemoteRun(ref.run_id, ref.experiment)
        self.serve()
        limit = self.settings.exit_timeout
        if not waiting.wait(lambda: self.ids.get(ref.run) is not None, self.folder, limit, self.serve):
            why = self.status().error or f"no answer in {limit:.0f} s"
            raise BackendUnavailable(
                f"{self.shown_uri} has not made the run yet ({why}); it is kept and made later"
            )
        return self.ids.get(ref.run) or RemoteRun("", "")

    def status(self) -> status.Status:
        """What the shipper does."""
        return status.read_status(self.folder.status)

    def finish(self) -> None:
        """The end of the process: await delivery for a bounded time, and say what is kept."""
        if self.journal.was_used:
            if not self.flush():
                speech.warn_once(_kept(self))
            self.crew.dismiss()


def _kept(session: Session) -> str:
    told = session.status()
    why = f" ({told.error})" if told.error else ""
    left = session.journal.path.stat().st_size - waiting.acknowledged(session.journal.path)
    return (
        f"{left} bytes of records are kept in {session.folder.path} and not yet in {session.shown_uri}{why}; "
        "the shipper goes on with them, and `tracked sync` sends them now"
    )


def build(configured: Mapping[str, Any], ml_client: Any = None, *, fallback_to_local: bool = True) -> Session:
    """The session that these values, set by code, and all other settings give; nothing is changed by it.

    Raises:
        ConfigError: a value or a file is wrong.
        BackendUnavailable: the workspace of ``ml_client`` cannot be read, and must be.
        OSError: the journal folder cannot be made.
    """
    environ = dict(os.environ)
    root = sources.project_root(sources.working_folder())
    settings = load(configured, environ, root)
    target = _target(configured, ml_client, settings, root, fallback_to_local=fallback_to_local)
    if target.hint:
        speech.warn_once(target.hint)
    settings = replace(settings, origins={**settings.origins, "tracking_uri": target.origin})
    home = place.home(settings.home)
    return on_folder(place.folder_for(home, target.uri, environ), target.uri, home, settings)


def on_folder(folder: Folder, uri: str, home: Path, settings: Settings) -> Session:
    """The session that writes to this journal folder."""
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


def load(configured: Mapping[str, Any], environ: Mapping[str, str], root: Path) -> Settings:
    """All layers merged, strongest first; unknown names are told once.

    Raises:
        ConfigError: a value or a file is wrong.
    """
    config_dir = configured.get("config_dir")
    files = sources.from_files(Path(config_dir) if config_dir else root)
    variables = sources.from_environment(environ)
    for line in [*unknown(files), *unknown(variables, also=sources.SWITCHES)]:
        speech.warn_once(line)
    code = Layer("setup_mlflow / configure", configured)
    return merge([code, variables, files, sources.from_mlflow_environment(environ)])


def at_folder(folder: str, like: Session) -> Session:
    """A session beside ``like``, for a journal folder that another process named.

    Raises:
        ConfigError: the folder does not say which store it is for.
    """
    there = Folder(Path(folder))
    return on_folder(there, place.uri_of(there), like.home, like.settings)
