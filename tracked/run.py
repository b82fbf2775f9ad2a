"""An open run: what can be logged into it, and what can be asked of it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from time import monotonic, time_ns
from typing import TYPE_CHECKING, Any

from . import announcing
from . import tags as t
from .attempts import NOTHING_BEFORE
from .context import HasRef, RunRef, around, has_ended, open_runs
from .describing import Story, last_tags
from .guard import each_once, guard
from .hiding import Hidden
from .in_store import InStore
from .inputs import Inputs, flat_params, whole_text
from .lengths import digest
from .outcome import Outcome
from .picking import Patterns
from .plan import RunPlan
from .process import after_fork
from .readings import read_numbers, read_step
from .records import Closed, Metrics, Params, Steps, Tags
from .series import Series, storable
from .switches import ALL_ON, Switches, switches

if TYPE_CHECKING:
    from .curves import Curves
    from .session.building import Session


class Run(InStore):
    """An open run: what is logged here is in a file before the call returns.

    No method raises because of tracking: what cannot be recorded is said once, and the code goes on.
    """

    def __init__(self, plan: RunPlan, ref: RunRef, outer: HasRef | None, session: Session | None) -> None:
        self.plan, self.ref, self.outer = plan, ref, outer
        self.session = session
        """None if tracking is off or could not begin: then everything here does nothing."""
        self.pid, self.started = os.getpid(), monotonic()
        self.was_joined = False
        """Whether another process has opened it."""
        self.is_root = outer is None
        """Whether it stands under no other run: then it is spoken of."""
        self.number = 0
        """How many runs without a run around them were opened before, in this process."""
        self.hidden: Hidden = outer.hidden if isinstance(outer, Run) else Hidden()
        self.story: Story = Story(outer.story if isinstance(outer, Run) else None)
        self.hidden.add(plan.secrets)
        self.name = self.hidden.value(plan.name)
        before = plan.former or NOTHING_BEFORE
        self.inputs = Inputs(before.params)
        self.heard_by: Callable[[Mapping[str, float], Steps], None] | None = getattr(outer, "heard_by", None)
        """Who is told what is logged here and in the runs inside: the trial of a sweep."""
        self.curves: Curves | None = None
        """The course of its metrics, where somebody looks at it."""
        self.before_close: list[Callable[[], None]] = []
        """What ends with this run: called once, before it is closed."""
        self.crowd = announcing.Crowd()
        self.checkpoints: list[Any] = []
        self._series, self._latest = Series(before.steps), 0
        self._lock, self._end = threading.Lock(), threading.Lock()
        self.closed: Outcome | None = None
        self._ended: float | None = None

    @property
    def seconds(self) -> float:
        """How long it has taken, until now or its end."""
        return (monotonic() if self._ended is None else self._ended) - self.started

    @property
    def last(self) -> dict[str, float]:
        """The last value of each metric."""
        return self._series.last

    @property
    def switches(self) -> Switches:
        """What is recorded of runs of this kind."""
        return ALL_ON if self.session is None else switches(self.session.settings, self.ref.stage)

    @property
    def is_resumed(self) -> bool:
        """Whether it goes on with what an attempt before has left."""
        return self.plan.former is not None and self.plan.former.attempt > 1

    @property
    def is_off(self) -> bool:
        """Whether nothing is recorded here."""
        return self.session is None

    def log(self, values: Mapping[str, Any], step: int | None = None) -> None:
        """Log numbers measured now, at ``step`` or at the next step of each key."""
        with guard:
            # This is the hot path: each word here is paid for at each step.
            numbers = read_numbers(values, self.name)
            if not numbers:
                return
            if step is not None and type(step) is not int:
                step = read_step(step, self.name)
            if self.session is None:
                self._only_heard(numbers, step)
                return
            with self._lock:
                steps, comes_again = self._series.place(numbers, step)
                now = time_ns() // 1_000_000
                if comes_again and now <= self._latest:
                    # MLflow calls the largest of equal points the latest: a later call must have a later time.
                    now = self._latest + 1
                if now > self._latest:  # noqa: PLR1730 - half the price of max()
                    self._latest = now
                kept = (steps, numbers) if self._series.is_plain else storable(steps, numbers)
                self.session.journal.write(Metrics(self.ref.run, now, *kept))
            if self.heard_by is not None:
                self.heard_by(numbers, steps)

    def _only_heard(self, numbers: dict[str, float], step: int | None) -> None:
        """Without tracking a sweep still finds its best."""
        if self.heard_by is not None:
            with self._lock:
                steps, _ = self._series.place(numbers, step)
            self.heard_by(numbers, steps)

    def has_elsewhere(self, last: Mapping[str, float]) -> None:
        """Know of the last values that another process has logged into this run; they are not logged again."""
        with self._lock:
            self._series.take_in(last)

    def params(self, values: Mapping[str, Any]) -> None:
        """Log inputs; nested ones are flattened."""
        with guard:
            flat = flat_params(values, self.hidden)
            self.take(flat.values, flat.long)

    def begin_with(self, plan: RunPlan) -> None:
        """Write what the run was given."""
        with guard:
            self.take(plan.params, plan.whole_params)
        for name, content in plan.inputs.items():
            self.artifact(content, name)
        if plan.metrics and not self.is_resumed:
            self.log(plan.metrics)

    def take(self, values: Mapping[str, str], long: Mapping[str, str]) -> None:
        """Write flat texts, and those that had to be cut whole beside them; of each param the first value stays."""
        new, changed, whole = self.inputs.take(values, long)
        if new:
            self._write(Params(self.ref.run, new))
        if whole:
            self._stow(whole_text(whole), self.inputs.file(joined=self.was_joined))
        if changed:
            self._write(Tags(self.ref.run, {t.param_changed(key): text for key, text in changed.items()}))
            announcing.changed(self.name, changed)

    def tag(self, values: Mapping[str, Any]) -> None:
        """Set labels; a later one of the same name wins."""
        with guard:
            self._write(Tags(self.ref.run, self.hidden.tags(values)))

    def note(self, text: str) -> None:
        """Describe it, in Markdown; where it belongs to somebody else, below their description."""
        self.tag(self.story.noted(text))

    def artifact(
        self,
        content: Path | str | bytes,
        name: str | None = None,
        *,
        move: bool = False,
        include: Patterns = (),
        exclude: Patterns = (),
    ) -> None:
        """Keep a file, a folder or bytes with the run, as it is now: see ``track.artifact``."""
        with guard:
            if self.switches.log_artifacts:
                self._stow(content, name, move=move, include=include, exclude=exclude)

    def _stow(self, content: Path | str | bytes, name: str | None, **which: Any) -> None:
        from .stowing import stow  # noqa: PLC0415 - what copies files is loaded where one is copied

        if self.session is not None and (kept := stow(self.session, self.ref.run, content, name, **which)):
            self.story.keeps(kept)

    def keep_whole(self, tags: Mapping[str, str]) -> None:
        """Keep the texts of tags that had to be cut, under the hash that stands at the end of each."""
        for key, text in tags.items():
            self._stow(text.encode(errors="backslashreplace"), f"tags/{key}.{digest(text)}.txt")

    def _write(self, record: Params | Tags | Closed) -> None:
        if self.session is None:
            return
        if isinstance(record, Tags):
            record, long = self.session.fitted(record)
            self.story.tag_names.update(record.values)
            self.keep_whole(long)
        self.session.write(record)

    def close(self, outcome: Outcome) -> None:
        """End the run; only the first end counts."""
        with guard:
            if self.session is None or not self._is_to_end():
                return
            try:
                self._wind_up(outcome)
            finally:
                # Also when that failed or was interrupted: nobody would end the run later.
                has_ended(self)
                self.closed, self._ended = outcome, monotonic()
                self._write(Closed(self.ref.run, time_ns() // 1_000_000, outcome.status))
            self.session.serve()
            announcing.overflows(self)
            announcing.ended(self, outcome)

    def _is_to_end(self) -> bool:
        """Whether the caller is to end it: the first one, and no forked child that leaves its parent's block."""
        return self.closed is None and self.pid == os.getpid() and self._end.acquire(blocking=False)

    def _wind_up(self, outcome: Outcome) -> None:
        self.closed = outcome  # what ends with this run may ask how it ended
        each_once(self.before_close)
        if tags := last_tags(self, outcome):
            self._write(Tags(self.ref.run, tags))

    def _renew_locks(self) -> None:
        """Go on in a forked child: whoever held these locks is not there to let them go."""
        self._lock, self.inputs.lock, self.story.lock = (threading.Lock() for _ in range(3))

    def _repr_html_(self) -> str:
        from .cards import of_run  # noqa: PLC0415 - only a notebook asks

        return of_run(self)

    def __repr__(self) -> str:
        state = self.closed.status.lower() if self.closed else "running"
        metrics = "".join(f", {key}={value:.4g}" for key, value in list(self.last.items())[:3])
        return f"Run({self.name}, {state}{metrics}, id={self.ref.run[:8]})"


@after_fork
def _forked() -> None:
    for run in (*open_runs(), *around()):
        if isinstance(run, Run):
            run._renew_locks()  # noqa: SLF001 - nobody else is to call it
