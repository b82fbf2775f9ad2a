from __future__ import annotations

import pytest

from tests.journals import DEAD, opened
from tracked import tags as t
from tracked.process import as_text
from tracked.session import leftovers
from tracked.testing import MemoryBackend


@pytest.fixture
def backend(mocker, tmp_path, monkeypatch):
    """The current store, with a run that was left behind in each of two experiments."""
    monkeypatch.setenv("TRACKED_TRACKING_URI", f"records://{tmp_path}/store.records")
    backend = MemoryBackend()
    mocker.patch("tracked.session.leftovers.impatient_backend_for", return_value=backend)
    whose = {t.HOST: DEAD["host"], t.PROCESS: as_text(DEAD)}
    for number, experiment in enumerate(("one", "another")):
        backend.create(opened(f"{number:032x}", tags=whose)._replace(experiment=experiment), None)
    return backend


def test_a_look_finds_what_was_left_behind_and_changes_nothing(backend):
    """All experiments are looked through, and each run is told with the reason."""
    found = leftovers.stale_runs()
    assert list(backend.runs) == [stale.run_id for stale in found]
    assert all("is gone" in stale.reason for stale in found)
    assert {"RUNNING"} == {run.status for run in backend.runs.values()}


def test_what_was_found_is_ended_once(backend):
    """Each is KILLED with its reason; what has ended, or is gone, meanwhile is left out."""
    found = leftovers.stale_runs()
    gone, left = backend.runs
    del backend.runs[gone]
    assert [left] == [stale.run_id for stale in leftovers.end_stale_runs(found)]
    assert ("KILLED", found[1].reason) == (
        backend.runs[left].status,
        backend.runs[left].tags[t.END_REASON],
    )
    assert [] == leftovers.end_stale_runs(found)
    assert [] == leftovers.stale_runs()
