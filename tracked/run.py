"""An open run: what can be logged into it, and what can be asked of it."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from time import time_ns
from typing import TYPE_CHECKING, Any

from . import announcing, speech
from .context import HasRef, RunRef, has_ended
from .errors import TrackedError
from .guard import guard
from .measure import number_of
from .outcome import Outcome
from .plan import RunPlan
from .records import Closed, Metrics, Params, Tags
from .series import Series

if TYPE_CHECKING:
    from .params import FlatParams
    from .session.building import Session

_FLOATS = frozenset({float})


class Run:
    """An open run: what is logged here is in a file before the call returns.

    No method raises because of tracking: what cannot be recorded is said once, and the code goes on.
    """

    def __init__(self, plan: RunPlan, ref: RunRef, outer: HasRef | None, session: Session | None) -> None:
        self.plan, self.ref, self.outer = plan, ref, outer
        self.session = session
        """None if tracking is off or could not begin: then everything here does nothing."""
        self.pid = os.getpid()
        self.was_joined = False
        """Whether another process has opened it."""
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
        with guard:
            self._write(Params(self.ref.run, flat_params(values).values))

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

    def _write(self, record: Params | Tags | Closed) -> None:
        if self.session is not None:
            self.session.write(record)

    def close(self, outcome: Outcome) -> None:
        """End the run; only the first end counts."""
        with guard:
            # A forked child may leave the block in which it was forked: the run is its parent's to end.
            if self.closed is not None or self.session is None or self.pid != os.getpid():
                return
            self.closed = outcome
            has_ended(self)
            if outcome.tags:
                self._write(Tags(self.ref.run, outcome.tags))
            self._write(Closed(self.ref.run, time_ns() // 1_000_000, outcome.status))
            self.session.serve()
            announcing.ended(self, outcome)

    def __repr__(self) -> str:
        state = self.closed.status.lower() if self.closed else "running"
        metrics = "".join(f", {key}={value:.4g}" for key, value in list(self.last.items())[:3])
        return f"Run({self.name}, {state}{metrics}, id={self.ref.run[:8]})"


def flat_params(values: Mapping[str, Any]) -> FlatParams:
    """Inputs as flat texts, with the secrets of the environment taken out."""
    from .params import params_of  # noqa: PLC0415 - loaded with the first call, not with `import tracked`
    from .redact import secret_values  # noqa: PLC0415 - as above

    return params_of(values, secrets=secret_values(os.environ))
