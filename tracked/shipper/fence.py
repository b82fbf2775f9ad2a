"""Keeping an older attempt out of a run that another one goes on with.

A machine that was cut off, or asleep, wakes up and sends what it still has.  Others have taken it for dead meanwhile:
the run has a tag that says under which local id its attempt of now writes, and this is looked at before anything is
sent into a run that nobody has looked at for a minute.  Nobody is taken for dead so soon.
"""

from __future__ import annotations

import time

from .. import tags as t
from ..ports import Backend, RemoteRun
from ..records import Opened
from .stale import HEARTBEAT


class Fence:
    """What is known of who goes on with the runs of one folder."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._looked: dict[str, float] = {}
        self._passed: dict[str, str] = {}

    def is_ours(self, run: str) -> None:
        """Note that it is known of this run now: it was just made."""
        self._looked[run] = time.time()

    def reason(self, run: str, remote: RemoteRun, *, now: bool = False) -> str:
        """Why nothing may be sent into this run any more; empty if it may be.

        Args:
            run: its local id.
            remote: where it is.
            now: look at it in any case.

        Raises:
            Refused: there is no such run.
            BackendUnavailable: the store does not answer.
        """
        if run in self._passed or not remote.owned:
            return self._passed.get(run, "")
        # The time of day, which goes on while the machine sleeps; where it is set, once is looked too often.
        if now or abs(time.time() - self._looked.get(run, 0.0)) > HEARTBEAT:
            holder = self._backend.holder(remote.run_id)
            self._looked[run] = time.time()
            if holder and holder != run:
                self._passed[run] = f"a newer attempt, {holder[:8]}, goes on with run {remote.run_id}"
        return self._passed.get(run, "")

    def claim(self, opened: Opened, remote: RemoteRun) -> None:
        """Say whose an attempt is, where that was decided elsewhere than in the store; a later one stays.

        Raises:
            Refused, BackendUnavailable: as above.
        """
        if t.ATTEMPT_ID in opened.tags:
            last = self._backend.tag(remote.run_id, t.ATTEMPT) or "1"
            if last.isdecimal() and int(last) < int(opened.tags[t.ATTEMPT]):
                told = (t.ATTEMPT, t.ATTEMPT_ID, t.HOST, t.PROCESS)
                self._backend.log(remote.run_id, (), {}, {key: opened.tags[key] for key in told})
