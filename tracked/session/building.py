"""Making a session: from settings to a journal and a shipper."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from .. import speech
from .. import tags as t
from ..context import RunRef
from ..errors import BackendUnavailable
from ..further_names import fitted
from ..guard import each_once
from ..journal.folder import Folder
from ..journal.writer import JournalFile
from ..limits import Limits, limits_of
from ..mlflow import aliases
from ..mlflow import setup as mlflow_setup
from ..ports import RemoteRun
from ..records import Opened, Record, Tags
from ..settings import Settings, Wrong, raise_
from ..shipper import status
from . import gathering, place, sources, targets, waiting, workspaces
from .backends import TEMPLATES, is_for_tests, is_in_memory
from .crew import Crew
from .kept import what_is_kept

DEFAULT_EXPERIMENT = "Default"
R = TypeVar("R", Opened, Tags)


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
    origins: gathering.Origins = field(default_factory=gathering.Origins)
    before_flush: list[Callable[[], None]] = field(default_factory=list)
    """What has to be written before all that was written is awaited; each is called once."""

    @property
    def experiment(self) -> str:
        """Name of the experiment that runs open in."""
        return self.settings.experiment or DEFAULT_EXPERIMENT

    @cached_property
    def limits(self) -> Limits:
        """What the store takes."""
        return limits_of(self.uri)

    @cached_property
    def platform(self) -> str:
        """What kind of machine this is, as ``{env}`` in names tells it."""
        return mlflow_setup.detect_platform(os.environ)

    @property
    def is_mlflow(self) -> bool:
        """Whether the store is one that MLflow itself can reach."""
        return not is_for_tests(self.uri)

    @property
    def is_durable(self) -> bool:
        """Whether MLflow's own calls are kept in the journal too."""
        return self.settings.durable and self.is_mlflow

    def alias(self, ref: RunRef) -> RemoteRun:
        """The run as the durable store knows it at once, whatever ids it gets later."""
        if ref.run_id:
            return RemoteRun(ref.run_id, ref.experiment)
        return RemoteRun(ref.run, aliases.experiment_alias(ref.experiment), aliases.ARTIFACTS + ref.run)

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
        self.journal.revive()
        self.journal.write(record)

    def fitted(self, record: R) -> tuple[R, dict[str, str]]:
        """The record with its tags as the store takes them, and the whole texts of those that had to be cut."""
        names, limit = self.settings.tags, self.limits.tag_length
        limit = min(limit, self.settings.tag_max_length or limit)
        if isinstance(record, Tags):
            values, long = fitted(record.values, names, limit)
            return record if values is record.values else record._replace(values=values), long
        if record.inherit:
            # The named run's hashes take the place of these; only the store knows them.
            names = {key: name for key, name in names.items() if key not in t.HASHES}
        values, long = fitted(record.tags, names, limit)
        return record if values is record.tags else record._replace(tags=values), long

    def serve(self) -> None:
        """See that a shipper lives for what was written."""
        self.crew.ensure()

    def teller(self, run: str) -> str:
        """The local id of the run that tells where this one, at the root, comes from; empty if none is to."""
        # No other process reaches a store that is in this one.
        gathers = self.settings.provenance and not is_in_memory(self.uri)
        return self.origins.teller(run) if gathers else ""

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that this process wrote is delivered, while that makes progress.

        Args:
            timeout: seconds, at most; the ``exit_timeout`` setting if None.
        """
        each_once(self.before_flush)
        is_delivered = waiting.delivery_of(self.journal.path)
        if is_delivered():
            return True
        self.serve()
        limit = self.settings.exit_timeout if timeout is None else timeout
        return waiting.wait(is_delivered, self.folder, limit, self.serve)

    def remote(self, ref: RunRef) -> RemoteRun:
        """Where this run lives in the store; waits until the shipper has made it.

        Raises:
            BackendUnavailable: the store does not answer; the run is kept and made later.
        """
        if ref.run_id:
            return RemoteRun(ref.run_id, ref.experiment)
        self.serve()
        limit = self.settings.exit_timeout
        waiting.wait(lambda: self.ids.is_settled(ref.run), self.folder, limit, self.serve)
        if (made := self.ids.get(ref.run)) is not None:
            return made
        if refusal := self.ids.refusal(ref.run):
            raise BackendUnavailable(f"{self.shown_uri} has refused the run: {refusal}")
        why = waiting.why(self.folder) or f"no answer in {limit:.0f} s"
        raise BackendUnavailable(
            f"{self.shown_uri} has not made the run yet ({why}); it is kept and made later"
        )

    def status(self) -> status.Status:
        """What the shipper does."""
        return status.read_status(self.folder.status)

    def finish(self) -> None:
        """The end of the process: await delivery for a bounded time, and say what is kept."""
        if self.journal.was_used:
            delivered = False
            with suppress(KeyboardInterrupt):  # a person who will not wait: what is kept is kept
                delivered = self.flush()
            if not delivered:
                speech.warn_once(what_is_kept(self.folder, self.journal.owner, self.shown_uri))
            self.crew.dismiss()


def build(
    configured: Mapping[str, Any],
    ml_client: Any = None,
    *,
    fallback_to_local: bool = True,
    wrong: Wrong = raise_,
) -> Session:
    """The session that these values, set by code, and all other settings give; nothing is changed by it.

    Args:
        configured: what code has set.
        ml_client: as in ``setup_mlflow``.
        fallback_to_local: as in ``setup_mlflow``.
        wrong: told of each value that cannot be; if it does not raise, what is weaker counts.

    Raises:
        ConfigError: a value or a file is wrong.
        BackendUnavailable: the workspace of ``ml_client`` cannot be read, and must be.
        OSError: the journal folder cannot be made.
    """
    environ = dict(os.environ)
    root = sources.project_root(sources.working_folder())
    settings = sources.load(configured, environ, root, wrong)
    speech.speak(settings.verbosity, settings.origins["verbosity"] == sources.CODE)
    choice = configured, ml_client, settings, root
    target = targets.chosen(*choice, fallback_to_local=fallback_to_local, wrong=wrong)
    targets.say_of(target, settings)
    settings = replace(settings, origins={**settings.origins, "tracking_uri": target.origin})
    if settings.durable and not is_for_tests(target.uri):
        aliases.durable_uri(target.uri)
    home = place.home(settings.home)
    is_bound_here = workspaces.take(target.uri, ml_client if target.origin == "ml_client" else None)
    if is_bound_here:
        speech.warn_once(
            "the credential of ml_client lives in this process alone, so a thread of it delivers; "
            "tracked.create_ml_client_from_config makes a client that a process of its own can deliver for"
        )
        settings = replace(settings, shipper="thread")
    return on_folder(place.folder_for(home, target.uri, os.environ), target.uri, home, settings)


def on_folder(folder: Folder, uri: str, home: Path, settings: Settings) -> Session:
    """The session that writes to this journal folder."""
    in_process = settings.shipper == "thread" or is_in_memory(uri)
    crew = Crew(folder, uri, home, in_process=in_process)
    return Session(
        settings,
        uri,
        folder,
        JournalFile(folder, settings.journal_max_bytes),
        crew,
        waiting.Ids(folder),
        home,
    )


def at_folder(folder: str, like: Session) -> Session:
    """A session beside ``like``, for a journal folder that another process named.

    Raises:
        ConfigError: the folder does not say which store it is for.
    """
    there = Folder(Path(folder))
    uri = place.uri_of(there)
    workspaces.take(uri)
    return on_folder(there, uri, like.home, like.settings)
