from __future__ import annotations

import threading

import pytest

from tests.journals import OTHER, RUN, by_local_id, expected_points, journal, points, whole_run
from tracked import session
from tracked.errors import BackendUnavailable
from tracked.session import place, process, syncing
from tracked.testing import FileBackend, MemoryBackend


@pytest.fixture
def store(tmp_path, monkeypatch):
    uri = f"records://{tmp_path}/store.records"
    monkeypatch.setenv("TRACKED_TRACKING_URI", uri)
    return tmp_path / "store.records"


@pytest.fixture
def backend(mocker):
    backend = MemoryBackend()
    mocker.patch("tracked.session.syncing.impatient_backend_for", return_value=backend)
    return backend


def test_everything_that_is_left_is_delivered(store):
    """What lies in the journals of the current store is in the store afterwards, and the report says so."""
    path = journal(session.current().folder, whole_run())
    size = path.stat().st_size
    (report,) = syncing.sync_all()
    assert (size, 0, 0, "") == (report.before, report.left, report.aside, report.problem)
    assert expected_points() == list(by_local_id(FileBackend(store))[RUN].points)


def test_folders_of_other_stores_are_delivered_too(store, tmp_path, home):
    """Journals for a store that is not the current one go where their folder says."""
    other = f"records://{tmp_path}/other.records"
    journal(place.folder_for(home, other, {}), whole_run(OTHER))
    journal(session.current().folder, whole_run())
    assert {other, f"records://{store}"} == {report.store for report in syncing.sync_all()}
    assert [[RUN], [OTHER]] == [
        list(by_local_id(FileBackend(path))) for path in (store, tmp_path / "other.records")
    ]


def test_a_look_changes_nothing(store):
    """A dry run says what is left and sends nothing."""
    path = journal(session.current().folder, whole_run())
    (report,) = syncing.sync_all(dry_run=True)
    assert (path.stat().st_size,) * 2 == (report.before, report.left)
    assert path.exists()
    assert not store.exists()


def test_a_store_that_is_down_is_told_and_loses_nothing(store, backend, mocker):
    """The report says why something is left; the next sync delivers it."""
    journal(session.current().folder, whole_run())
    mocker.patch.object(backend, "create", side_effect=BackendUnavailable("connection refused"))
    (report,) = syncing.sync_all()
    assert report.left == report.before > 0
    assert "connection refused" == report.problem
    mocker.stop(backend.create)
    (report,) = syncing.sync_all()
    assert 0 == report.left
    assert expected_points() == list(by_local_id(backend)[RUN].points)


def test_a_folder_that_cannot_be_delivered_does_not_stop_the_others(store, backend, home):
    """A journal folder that does not say its store is reported with the reason, and the rest is delivered."""
    lost = place.folder_for(home, "records:///lost", {})
    journal(lost, whole_run(OTHER))
    lost.target.unlink()
    journal(session.current().folder, whole_run())
    reports = {report.folder: report for report in syncing.sync_all()}
    assert 2 == len(reports)
    assert "does not say" in reports[str(lost.path)].problem
    assert reports[str(lost.path)].left > 0
    assert [RUN] == list(by_local_id(backend))


def test_what_the_store_refuses_is_counted(store, backend):
    """Records that were put aside are not left and not silent."""
    journal(session.current().folder, points("f" * 32))
    (report,) = syncing.sync_all()
    assert (0, 1) == (report.left, report.aside)


def test_a_shipper_at_work_is_waited_for(store, mocker):
    """Where another process serves the folder, it delivers: the report says if it is not done in time."""
    folder = session.current().folder
    path = journal(folder, whole_run())
    with process.lock_of(folder):
        (report,) = syncing.sync_all(timeout=0.1)
        assert "not done yet" in report.problem
        assert report.left == path.stat().st_size
        threading.Timer(0.3, path.unlink).start()
        (report,) = syncing.sync_all(timeout=10)
    assert (0, "") == (report.left, report.problem)


def test_watching_delivers_until_it_is_stopped(store, monkeypatch):
    """``tracked sync --watch`` stays, whatever there is to do, and leaves when it is told to."""
    monkeypatch.setenv("TRACKED_LINGER", "0")
    folder = session.current().folder
    journal(folder, whole_run())
    stop = threading.Event()
    thread = threading.Thread(target=syncing.watch, args=(stop,))
    thread.start()
    thread.join(1.0)
    assert thread.is_alive()
    journal(folder, whole_run(OTHER))
    thread.join(1.0)
    assert thread.is_alive()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert {RUN, OTHER} == set(by_local_id(FileBackend(store)))
