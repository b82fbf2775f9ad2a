"""The composition root: one session for this process, made at the first call.

All global state of ``tracked`` is here.  What a session is made of is imported when one is made.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .. import speech
from ..context import RunRef
from ..guard import guard
from ..later import Later
from ..process import after_fork
from ..switches import Switches, off
from ..switches import switches as switches_of

if TYPE_CHECKING:
    from ..mlflow import guests
    from ..mlflow.inside import Answer
    from ..ports import RemoteRun
    from .building import Session
else:
    guests = Later(globals(), "guests", "tracked.mlflow.guests")

_LOCK = threading.RLock()
_CONFIGURED: dict[str, Any] = {}
_CLIENT: Any = None
"""The Azure ML client that was given; a URI that is given after it goes before it."""
_SESSION: Session | None = None
_FOLLOWED: Session | None = None
"""The session that MLflow's own state follows."""
_BESIDE: dict[str, Session] = {}
"""Sessions of durable stores that MLflow was pointed at, and that are not this process's own."""
_ELSEWHERE: dict[str, Session] = {}
"""Sessions of journal folders that runs which travelled here belong to."""


def current() -> Session:
    """The session of this process, made at the first call.

    Raises:
        ConfigError, OSError: it cannot be made; nothing was changed.
    """
    session = _SESSION
    return session if session is not None else _make()


def _make() -> Session:
    global _SESSION  # noqa: PLW0603 - the one place of global state
    with _LOCK:
        if _SESSION is None:
            from .sources import leave_out  # noqa: PLC0415 - keeps `import tracked` quick

            # Nobody asked for it by name: what is set wrong is said, and the rest counts.
            _SESSION = _build(_CONFIGURED, _CLIENT, wrong=leave_out)
        return _SESSION


def switches(stage: str) -> Switches:
    """What is recorded of runs of this stage.

    Raises:
        ConfigError, OSError: there is no session, and none can be made.
    """
    return switches_of(current().settings, stage)


def switched_off() -> list[str]:
    """The stages whose runs are switched off, if a session has been made by now."""
    return [] if _SESSION is None else off(_SESSION.settings)


def _build(configured: Mapping[str, Any], ml_client: Any = None, **how: Any) -> Session:
    from .building import build  # noqa: PLC0415 - keeps `import tracked` quick

    atexit.unregister(_at_exit)
    atexit.register(_at_exit)
    return build(configured, ml_client, **how)


def configure(values: Mapping[str, Any], ml_client: Any = None, *, fallback_to_local: bool = True) -> Session:
    """Set what code sets, and switch to a session with it; what is None stays as it was.

    Raises:
        ConfigError: a name or a value is wrong; then nothing changes.
    """
    global _SESSION, _CLIENT
    with _LOCK:
        merged = _CONFIGURED | {k: v for k, v in values.items() if v is not None}
        client = _CLIENT if ml_client is None else ml_client
        if ml_client is not None and values.get("tracking_uri") is None:
            # A URI that was set before would win: the one that is given last says where runs go.
            merged.pop("tracking_uri", None)
        if client is _CLIENT and merged == _CONFIGURED and _SESSION is not None:
            return _SESSION
        session = _build(merged, client, fallback_to_local=fallback_to_local)
        _CONFIGURED.clear()
        _CONFIGURED.update(merged)
        _SESSION, _CLIENT = session, client
        return session


def reset() -> None:
    """Forget the session and what was configured; for tests."""
    global _SESSION, _FOLLOWED, _CLIENT  # noqa: PLW0603
    with _LOCK:
        _FOLLOWED = _CLIENT = None
        for session in _all():
            session.crew.dismiss()
        _SESSION = None
        _BESIDE.clear()
        _ELSEWHERE.clear()
        _CONFIGURED.clear()
        speech.forget()


@contextmanager
def switched_to(
    uri: str, adapted: Callable[[Session], Session] = lambda session: session
) -> Iterator[Session]:
    """Another store inside this block, whatever is set up there; for tests.

    Args:
        uri: the store.
        adapted: makes of the session the one that is used.
    """
    from .targets import confined_to  # noqa: PLC0415 - keeps `import tracked` quick

    global _SESSION  # noqa: PLW0603
    before, configured = _SESSION, dict(_CONFIGURED)
    with confined_to(uri):
        session = _SESSION = adapted(_build({**_CONFIGURED, "tracking_uri": uri}))
        try:
            yield session
        finally:
            for used in (session, current()):
                used.flush()
                used.crew.dismiss()
            _SESSION = before
            _CONFIGURED.clear()
            _CONFIGURED.update(configured)


def for_folder(folder: str) -> Session:
    """The session for a journal folder that another process named: this process's own, or one beside it.

    Raises:
        ConfigError, OSError: it cannot be made.
    """
    session = current()
    if str(session.folder.path) == folder:
        return session
    there = _ELSEWHERE.get(folder)
    if there is None or there.settings is not session.settings:
        from .building import at_folder  # noqa: PLC0415

        there = _ELSEWHERE[folder] = at_folder(folder, session)  # one for all calls: each has a journal open
    return there


def for_uri(uri: str) -> Session:
    """The session whose store this is: this process's own, or one beside it.

    Raises:
        ConfigError, OSError: it cannot be made.
    """
    session = current()
    if session.uri == uri:
        return session
    with _LOCK:
        if uri not in _BESIDE:
            _BESIDE[uri] = _build({**_CONFIGURED, "tracking_uri": uri})
        return _BESIDE[uri]


def follow_mlflow(session: Session) -> None:
    """Where MLflow is loaded, or gets loaded, its own calls go to the same store and into the same runs."""
    global _FOLLOWED  # noqa: PLW0603
    if _FOLLOWED is session:
        reason = guests.ensure_installed()
    else:
        from . import workspaces  # noqa: PLC0415

        _FOLLOWED = session
        workspaces.leave(session.uri)
        guests.register_hook(lambda: _follow(session))
        reason = guests.install(_remote, _adopt)
    if reason:
        speech.warn_once(reason)


def _follow(session: Session) -> None:
    from ..mlflow import setup  # noqa: PLC0415

    if session is _FOLLOWED and session.is_mlflow:
        # A name that nobody chose must not take the place of one that the person gave MLflow.
        experiment = session.settings.experiment or None
        setup.follow(session.uri, experiment, session.templates, durable=session.is_durable)


def plain_mlflow_run() -> RemoteRun | None:
    """The run that MLflow's own API holds open around this code, if any."""
    return guests.active_plain_run()


def _remote(ref: RunRef) -> RemoteRun:
    session = for_folder(ref.folder)
    return session.alias(ref) if session.is_durable else session.remote(ref)


def _adopt(ref: RunRef, uri: str, run_id: str, experiment: str) -> Answer:
    from ..mlflow.aliases import durable_uri  # noqa: PLC0415 - MLflow is in use by now
    from ..mlflow.inside import Answer  # noqa: PLC0415
    from .adopting import adopted  # noqa: PLC0415

    session = for_folder(ref.folder)
    if session.is_durable:
        return Answer(is_ours=uri == durable_uri(session.uri))
    is_ours = uri == session.uri
    return Answer(is_ours, adopted(session, run_id, experiment) if is_ours else None)


def _all() -> list[Session]:
    return list(filter(None, (_SESSION, *_BESIDE.values(), *_ELSEWHERE.values())))


def _at_exit() -> None:
    for session in _all():
        with guard:
            session.finish()


@after_fork
def _forked() -> None:
    """Locks may have been held by threads that the child does not have."""
    global _LOCK  # noqa: PLW0603 - replaced where nobody can hold it
    _LOCK = threading.RLock()
    for session in _all():
        session.crew.forked()
