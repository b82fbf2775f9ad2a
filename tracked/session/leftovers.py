"""Runs that died where nobody saw it: found in the store and ended by hand, for ``tracked doctor``."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from ..errors import Refused
from ..ports import Backend
from ..shipper.stale import Stale, end_dead, find_stale
from . import current
from .backends import impatient_backend_for


def stale_runs() -> list[Stale]:
    """The runs of the current store, in all its experiments, that are running and whose process is gone.

    Raises:
        ConfigError: the settings are wrong.
        BackendUnavailable: the store does not answer.
    """
    session = current()
    backend = impatient_backend_for(session.uri, session.home)
    return list(find_stale(backend, None, session.folder))


def end_stale_runs(found: Iterable[Stale]) -> list[Stale]:
    """End these runs as KILLED, with the reason; gives those that still had to be ended.

    Raises:
        ConfigError: the settings are wrong.
        BackendUnavailable: the store does not answer.
    """
    session = current()
    backend = impatient_backend_for(session.uri, session.home)
    return [stale for stale in found if _is_ended_now(backend, stale)]


def _is_ended_now(backend: Backend, stale: Stale) -> bool:
    with suppress(Refused):  # deleted meanwhile
        return end_dead(backend, stale.run_id, stale.time, stale.reason)
    return False
