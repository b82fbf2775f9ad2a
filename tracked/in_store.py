"""What only the store knows of a run: whoever asks waits until the run is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .context import RunRef
from .errors import TrackedError

if TYPE_CHECKING:
    from .session.building import Session


class InStore:
    """A run as its store has it."""

    ref: RunRef
    session: Session | None

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
