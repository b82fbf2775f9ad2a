from __future__ import annotations

import os
import threading

import pytest

from tests.journals import ELSEWHERE, OTHER, RUN, by_local_id, expected_points, journal, points, whole_run
from tests.scripts import await_
from tracked import session
from tracked.errors import BackendUnavailable
from tracked.journal.reader import read_window
from tracked.process import this_process
from tracked.records import Opened
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


@pytest.fixture
def login(monkeypatch):
    """The login of the environment, for the current store."""
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "now")


def left_by_others(home, store, **environ):
    """A journal folder for this store that was written with another login."""
    folder = place.folder_for(home, f"records://{store}", environ or {"MLFLOW_TRACKING_TOKEN": "before"})
    journal(folder, whole_run(OTHER))
    return folder


def test_what_another_login_left_is_delivered_with_the_present_one(store, home, login, backend, mocker):
    """A login that was refused is not written down: the next one for the same store delivers what it left."""
    left_by_others(home, store)
    asked = mocker.spy(syncing, "impatient_backend_for")
    assert [0, 0] == [report.left for report in syncing.sync_all()]
    assert [OTHER] == list(by_local_id(backend))
    assert {f"records://{store}"} == {call.args[0] for call in asked.call_args_list}


def test_a_login_is_shown_to_its_own_store_only(store, home, login, tmp_path, mocker):
    """Journals for another server are delivered without the login of the environment, which is there again then."""
    seen = {}

    def made(uri, _):
        seen[uri] = os.environ.get("MLFLOW_TRACKING_TOKEN")
        raise BackendUnavailable("401")

    mocker.patch("tracked.session.syncing.impatient_backend_for", made)
    left_by_others(home, store)
    journal(place.folder_for(home, "records:///other", {}), whole_run(OTHER))
    problems = {report.store: report.problem for report in syncing.sync_all()}
    assert {f"records://{store}": "now", "records:///other": None} == seen
    assert "MLFLOW_TRACKING_URI" in problems["records:///other"]
    assert "now" == os.environ["MLFLOW_TRACKING_TOKEN"]


def test_the_next_shipper_delivers_what_another_login_left(store, home, login):
    """A script that starts with a good login brings what was refused before, without anybody's doing."""
    folder = left_by_others(home, store)
    session.current().serve()
    await_(lambda: not folder.journals(), "nobody took the journals over")
    assert [OTHER] == list(by_local_id(FileBackend(store)))


NOT_OURS = {
    "another store": lambda home, store: left_by_others(home, f"{store}.other"),
    "its writer lives": lambda home, store: journal(
        left_by_others(home, store), whole_run(RUN), this_process(), name="2-2-two"
    ),
    "its writer may live elsewhere": lambda home, store: journal(
        left_by_others(home, store), whole_run(RUN), ELSEWHERE, name="2-2-two"
    ),
    "it does not say its store": lambda home, store: left_by_others(home, store).target.unlink(),
    "it says nonsense": lambda home, store: left_by_others(home, store).target.write_text("[]"),
}


@pytest.mark.parametrize("kind", NOT_OURS)
def test_a_folder_that_is_somebody_elses_is_left_alone(store, home, kind):
    """What still has an owner, or is for another store, is not taken over."""
    NOT_OURS[kind](home, store)
    process.adopt(session.current().folder, f"records://{store}", home)
    assert [OTHER] == [
        record.run
        for folder in place.folders(home)
        for path in folder.journals()
        for _, record in read_window(path, 0, ended=True).records
        if isinstance(record, Opened) and record.run == OTHER
    ]
    assert not store.exists() or not FileBackend(store).runs


def test_a_folder_that_is_served_is_left_alone(store, home):
    """Whoever serves it goes on with it."""
    folder = left_by_others(home, store)
    with process.lock_of(folder):
        process.adopt(session.current().folder, f"records://{store}", home)
    assert folder.journals()


def test_a_store_that_only_the_environment_names_is_never_the_same(home):
    """Two workspaces are both called databricks."""
    folder = place.folder_for(home, "databricks", {"DATABRICKS_HOST": "one"})
    assert not place.is_for(folder, home, "databricks")
    other = place.folder_for(home, "postgresql://u:p@db/x?schema=a", {})
    assert place.is_for(other, home, "postgresql://v:q@db/x?schema=a")
    assert not place.is_for(other, home, "postgresql://u:p@db/x?schema=b")
