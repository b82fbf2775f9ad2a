"""Tags as the store has them: runs by MLflow's ids, and our summary as a part of the description."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .. import tags as t
from ..notes import placed
from ..ports import Backend
from ..provenance.edges import with_ids
from .batches import Pair


class Wording:
    """Translates the tags of one stretch of a journal.

    Args:
        backend: the store.
        id_of: gives the store's id of a run for ours, and any other text as it is.
    """

    def __init__(self, backend: Backend, id_of: Callable[[str], str]) -> None:
        self._backend, self._id_of = backend, id_of
        self._notes: dict[str, str] = {}
        """Descriptions, by MLflow id, of runs made in this stretch: nobody else could have written any yet."""

    def clear(self) -> None:
        """Begin a stretch, or begin it again."""
        self._notes.clear()

    def is_new(self, run_id: str, note: str) -> None:
        """Know of a run that was just made, with this description."""
        self._notes[run_id] = note

    def of(self, run_id: str, tags: Iterable[Pair]) -> dict[str, str]:
        """These tags as the run with this MLflow id gets them.

        Raises:
            Refused, BackendUnavailable: the store does not tell what description the run has.
        """
        told = {key: self.named(key, value) for key, value in tags}
        ours = told.pop(t.SUMMARY, None)
        if ours is not None:
            there = told.get(t.MLFLOW_NOTE) or self._note(run_id)
            told[t.MLFLOW_NOTE] = placed(ours, there, self._backend.limits.tag_length)
        if run_id in self._notes and t.MLFLOW_NOTE in told:
            self._notes[run_id] = told[t.MLFLOW_NOTE]
        return told

    def _note(self, run_id: str) -> str:
        """The description that the run has in the store."""
        known = self._notes.get(run_id)
        return self._backend.tag(run_id, t.MLFLOW_NOTE) or "" if known is None else known

    def named(self, key: str, value: str) -> str:
        """The value of a tag with the store's ids of the runs that it names."""
        if key == t.INPUT_RUNS:
            return with_ids(value, self._id_of)
        return self._id_of(value) if key in t.NAMES_A_RUN else value
