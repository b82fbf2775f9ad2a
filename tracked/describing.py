"""What an open run remembers for its description, and the description itself, written at its end."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from . import tags as t
from .guard import guard
from .notes import Ended, block, code, summary, values
from .outcome import FINISHED, Outcome
from .records import Artifact

if TYPE_CHECKING:
    from .run import Run

_FILES, _PARTS, _METRICS_OF_A_PART = 15, 12, 3
_FEW = 3
"""Runs of one kind and end state that are told one by one where there are many in all."""


class Story:
    """What is remembered of a run, and is not in its metrics; as much of it as a description holds."""

    def __init__(self, outer: Story | None) -> None:
        self.outer = outer
        """That of the run around it."""
        self.is_wanted = False
        """Whether there is a description of a run that is not a root."""
        self.is_foreign = False
        """Whether the run, and so its description, belongs to somebody else."""
        self.findings: list[str] = []
        """What its kind has to say of it, as Markdown."""
        self.files: dict[str, int] = {}
        self.has_more_files = False
        self.tag_names: set[str] = set()
        """Those of its tags: a store may have room for few."""
        self.reused = 0
        """Calls in it that were spared."""
        self._parts: dict[tuple[str, str], list[str]] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self.lock = threading.Lock()

    def noted(self, text: str) -> dict[str, str]:
        """The tag of a note: the description itself, or a block in that of somebody else."""
        self.is_wanted = True
        return {t.SUMMARY: block(str(text))} if self.is_foreign else {t.MLFLOW_NOTE: text}

    def keeps(self, artifact: Artifact) -> None:
        """An artifact is kept, or is wanted no longer."""
        if artifact.is_removal:
            self.files.pop(artifact.name, None)
        elif artifact.name in self.files or len(self.files) < _FILES:
            self.files[artifact.name] = artifact.size
        else:
            self.has_more_files = True

    def has_part(self, run: Run, outcome: Outcome) -> None:
        """A run inside has ended."""
        kind = run.ref.stage or "run", outcome.status
        with self.lock:
            self._counts[kind] += 1
            lines = self._parts.setdefault(kind, [])
            if len(lines) < _PARTS:
                told = values(dict(list(run.last.items())[:_METRICS_OF_A_PART]))
                lines.append(f"{code(run.name)} {' '.join(kind)}{': ' * bool(told)}{told}")

    @property
    def has_parts(self) -> bool:
        """Whether a run inside has ended."""
        return bool(self._counts)

    @property
    def parts(self) -> Sequence[str]:
        """A line for each run inside; where they are many, those of one kind and end state are counted."""
        with self.lock:
            most = _PARTS if sum(self._counts.values()) <= _PARTS else _FEW
            return [
                line
                for kind, lines in self._parts.items()
                for line in (
                    lines if self._counts[kind] <= most else [f"{self._counts[kind]} times {' '.join(kind)}"]
                )
            ][: 2 * _PARTS]


def last_tags(run: Run, outcome: Outcome) -> Mapping[str, str]:
    """How the run ended, and what its description says where it has one."""
    with guard:
        if run.story.outer is not None:
            run.story.outer.has_part(run, outcome)
        if _is_described(run) and _has_a_tale(run, outcome):
            return {**outcome.tags, t.SUMMARY: run.hidden.prose(summary(_ended(run, outcome)))}
    return outcome.tags


def _is_described(run: Run) -> bool:
    """A run that belongs to somebody else has their description; one of many inside another is told of there."""
    story = run.story
    is_ours = not (story.is_foreign or run.was_joined)
    return is_ours and (run.is_root or run.plan.is_described or story.is_wanted)


def _has_a_tale(run: Run, outcome: Outcome) -> bool:
    """A call that logs nothing and just returns pays for no description either."""
    story = run.story
    return bool(outcome.status != FINISHED or run.last or story.files or story.has_parts or story.findings)


def _ended(run: Run, outcome: Outcome) -> Ended:
    return Ended(
        run.ref.stage or "run",
        outcome.status,
        time.monotonic() - run.started,
        run.plan.tags.get(t.FUNCTION, ""),
        "" if outcome.status == FINISHED else _why(outcome),
        run.story.findings,
        run.last,
        run.story.files,
        run.story.has_more_files,
        run.story.parts,
    )


def _why(outcome: Outcome) -> str:
    told = (outcome.tags.get(key) for key in (t.END_REASON, t.ERROR_TYPE, t.ERROR_MESSAGE))
    return ": ".join(filter(None, told))
