"""The life of one run: the only place where a run begins and ends."""

from __future__ import annotations

import getpass
import os
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from itertools import count
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Any

from . import session as sessions
from . import speech
from . import tags as t
from .context import CURRENT, HasRef, RunRef, has_begun, has_ended, is_disabled
from .errors import TrackedError
from .guard import guard
from .measure import number_of
from .outcome import Outcome
from .parents import Parent, parent_of
from .plan import RunPlan
from .process import this_process
from .records import Closed, Metrics, Opened, Params, Tags
from .series import Series

if TYPE_CHECKING:
    from .session.building import Session

TALKATIVE = 10
"""Root runs of one process that are spoken of."""
_ROOTS = count()
_FLOATS = frozenset({float})


class Run:
    """An open run: what is logged here is in a file before the call returns.

    No method raises because of tracking: what cannot be recorded is said once, and the code goes on.
    """

    def __init__(self, plan: RunPlan, ref: RunRef, outer: HasRef | None, session: Session | None) -> None:
        self.plan, self.ref, self.outer = plan, ref, outer
        self.session = session
        """None if tracking is off or could not begin: then everything here does nothing."""
        self.started = time.monotonic()
        self.is_root = outer is None
        """Whether it stands under no other run: then it is spoken of."""
        self.number = 0
        """How many runs without a run around them were opened before, in this process."""
        self._series = Series()
        self._latest = 0
        self._lock = threading.Lock()
        self.closed: Outcome | None = None

    @property
    def last(self) -> dict[str, float]:
        """The last value of each metric."""
        return self._series.last

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.plan.name

    @property
    def is_off(self) -> bool:
        """Whether nothing is recorded here."""
        return self.session is None

    @property
    def id(self) -> str:
        """MLflow's id of the run; waits until the run is there.

        Raises:
            BackendUnavailable: the store does not answer; the run is kept and made later.
        """
        return self._tracked().remote(self.ref).run_id

    @property
    def url(self) -> str:
        """Where to see the run: an address, or for a local store the command that shows it; waits like ``id``."""
        from .mlflow.urls import run_url  # noqa: PLC0415 - only who asks pays

        remote = self._tracked().remote(self.ref)
        return run_url(self._tracked().uri, remote.experiment_id, remote.run_id)

    @property
    def info(self) -> Any:
        """MLflow's ``RunInfo``, read from the store after delivering what was logged."""
        return self._read().info

    @property
    def data(self) -> Any:
        """MLflow's ``RunData``, read from the store after delivering what was logged."""
        return self._read().data

    def _read(self) -> Any:
        from .mlflow.finder import get_run  # noqa: PLC0415 - loads MLflow: only who asks pays

        session = self._tracked()
        session.flush()
        return get_run(session.uri, self.id)

    def _tracked(self) -> Session:
        if self.session is None:
            raise TrackedError("this run is not tracked: tracking is off or could not begin")
        return self.session

    def log(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """Log numbers measured now, at ``step`` or at the next step of each key."""
        with guard:
            # This is the hot path: a loop that logs floats pays for nothing else.
            plain = _FLOATS.issuperset(map(type, values.values()))
            numbers = dict(values) if plain else self._numbers(values)
            if not numbers or self.session is None:
                return
            if step is not None and type(step) is not int:
                step = self._whole(step)
            with self._lock:
                steps, comes_again = self._series.place(numbers, step)
                now = time_ns() // 1_000_000
                if comes_again and now <= self._latest:
                    # MLflow calls the largest of equal points the latest: a later call must have a later time.
                    now = self._latest + 1
                if now > self._latest:  # noqa: PLR1730 - half the price of max()
                    self._latest = now
                self.session.journal.write(Metrics(self.ref.run, now, steps, numbers))

    def _numbers(self, values: Mapping[str, Any]) -> dict[str, float]:
        numbers: dict[str, float] = {}
        for key, value in values.items():
            number = number_of(value)
            if number is None:
                self._refuse(key, value)
            else:
                numbers[str(key)] = number
        return numbers

    def _whole(self, step: Any) -> int | None:
        try:
            return int(step)
        except (TypeError, ValueError):
            speech.warn_once(f"step {step!r} in run {self.name} is no whole number: the next step is taken")
            return None

    def _refuse(self, key: Any, value: Any) -> None:
        speech.warn_once(
            f"metric {key!r} of run {self.name} is no number but {type(value).__name__}; it is left out, the rest "
            "is logged",
            about=f"metric {key!r} {type(value).__name__}",
        )

    def params(self, values: Mapping[str, Any]) -> None:
        """Log inputs; nested ones are flattened."""
        from .params import params_of  # noqa: PLC0415
        from .redact import secret_values  # noqa: PLC0415

        with guard:
            flat = params_of(values, secrets=secret_values(os.environ))
            self._write(Params(self.ref.run, dict(flat.values)))

    def tag(self, values: Mapping[str, Any]) -> None:
        """Set labels; a later one of the same name wins."""
        with guard:
            self._write(Tags(self.ref.run, {str(k): str(v) for k, v in values.items()}))

    def artifact(self, content: Path | str | bytes, name: str | None = None, *, move: bool = False) -> None:
        """Keep a file, a folder or bytes with the run, as it is now: later changes do not show.

        Args:
            content: a path, or the bytes themselves (then ``name`` is needed).
            name: path among the run's artifacts, ``/`` between folders; by default the file's own name.
            move: give the file away instead of copying it.
        """
        from .journal import snapshot  # noqa: PLC0415 - what copies files is loaded where one is copied

        with guard:
            if self.session is not None:
                for record in snapshot.taken(self.session.folder, self.ref.run, content, name, move=move):
                    self.session.write(record)

    def _write(self, record: Params | Tags | Closed | Opened) -> None:
        if self.session is not None:
            self.session.write(record)

    def close(self, outcome: Outcome) -> None:
        """End the run; only the first end counts."""
        with guard:
            if self.closed is not None or self.session is None:
                return
            self.closed = outcome
            has_ended(self)
            if outcome.tags:
                self._write(Tags(self.ref.run, outcome.tags))
            self._write(Closed(self.ref.run, time_ns() // 1_000_000, outcome.status))
            self.session.serve()
            _announce_end(self, outcome)

    def __repr__(self) -> str:
        state = self.closed.status.lower() if self.closed else "running"
        metrics = "".join(f", {key}={value:.4g}" for key, value in list(self.last.items())[:3])
        return f"Run({self.name}, {state}{metrics}, id={self.ref.run[:8]})"


def open_run(plan: RunPlan) -> Run:
    """Begin a run; whatever fails, there is a run object, and the user's code goes on."""
    outer = CURRENT.get()
    if not (is_disabled() or (isinstance(outer, Run) and outer.is_off)):
        with guard:
            run = _opened(plan)
            _announce(run)
            return run
    return untracked(plan)


def untracked(plan: RunPlan) -> Run:
    """A run object that records nothing, and neither do the runs inside it."""
    return Run(
        plan, RunRef(os.urandom(16).hex(), "", "", plan.stage, hashes=plan.hashes), CURRENT.get(), None
    )


def _announce(run: Run) -> None:
    if run.session is None or not run.is_root:
        return
    run.number = next(_ROOTS)
    if run.number < TALKATIVE:
        stage = f"{run.ref.stage} " if run.ref.stage else ""
        speech.say(f"{stage}{run.name} -> {run.session.shown_uri} (experiment {run.ref.experiment})")
    elif run.number == TALKATIVE:
        speech.say(
            f"{run.name} and what follows is tracked without a word (TRACKED_VERBOSITY=verbose tells all)"
        )


def _announce_end(run: Run, outcome: Outcome) -> None:
    if run.session is not None and run.is_root and run.number < TALKATIVE:
        seconds = time.monotonic() - run.started
        metrics = "".join(f" {key}={value:.4g}" for key, value in list(run.last.items())[:4])
        speech.say(f"{run.name} {outcome.status} in {seconds:.1f} s{metrics}{_where(run.session, run.ref)}")


def _where(session: Session, ref: RunRef) -> str:
    """Where to look: what is known without waiting for it."""
    from .mlflow.urls import run_url  # noqa: PLC0415

    remote = session.ids.get(ref.run)
    return f" | {run_url(session.uri, remote.experiment_id, remote.run_id)}" if remote else ""


def _opened(plan: RunPlan) -> Run:
    session = sessions.current()
    sessions.follow_mlflow(session)
    parent = parent_of(plan.parent, session)
    ref = RunRef(
        os.urandom(16).hex(),
        str(session.folder.path),
        plan.experiment or parent.experiment or session.experiment,
        plan.stage,
        hashes={**parent.hashes, **plan.hashes},
    )
    opened = _first_record(plan, ref, parent)
    session.write(opened)
    if opened.attach:
        # That run was there before: what a new one is born with is written to it now.
        session.write(Tags(ref.run, opened.tags))
    run = Run(plan, ref, parent.outer, session)
    run.is_root = parent.is_none
    has_begun(run)
    if plan.params:
        session.write(Params(ref.run, plan.params))
    if plan.whole_params:
        run.artifact(_json(plan.whole_params), "params.json")
    session.serve()
    return run


def _first_record(plan: RunPlan, ref: RunRef, parent: Parent) -> Opened:
    return Opened(
        ref.run,
        time_ns() // 1_000_000,
        plan.name,
        ref.experiment,
        parent.run,
        parent.run_id,
        parent.attach,
        {
            **_origin(),
            **({t.STAGE: plan.stage} if plan.stage else {}),
            **plan.tags,
            **ref.hashes,
            t.LOCAL_ID: ref.run,
        },
        plan.inherit,
    )


def _origin() -> dict[str, str]:
    process = this_process()
    return {
        t.HOST: str(process["host"]),
        t.PROCESS: f"{process['pid']}:{process['started']:.0f}",
        **_source(),
    }


@cache
def _source() -> dict[str, str]:
    source = {t.MLFLOW_SOURCE_NAME: sys.argv[0] or "python", t.MLFLOW_SOURCE_TYPE: "LOCAL"}
    # In some containers the user has no name.
    with suppress(KeyError, OSError, ImportError):
        source[t.MLFLOW_USER] = getpass.getuser()
    return source


def _json(values: Mapping[str, str]) -> bytes:
    import orjson  # noqa: PLC0415

    return orjson.dumps(values, option=orjson.OPT_INDENT_2)
