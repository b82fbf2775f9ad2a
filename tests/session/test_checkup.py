from __future__ import annotations

import os
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.journals import DEAD, OTHER, RUN, by_local_id, journal, opened, points, whole_run
from tests.servers import free_port
from tracked import session
from tracked import tags as t
from tracked.errors import BackendUnavailable, LoginRefused
from tracked.journal import lines
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.client import client_for
from tracked.process import as_text, this_process
from tracked.records import Metrics, to_json
from tracked.session import checkup, findings, folders, place, process
from tracked.session.checkup import bounded
from tracked.shipper import status
from tracked.testing import FileBackend


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKED_TRACKING_URI", f"records://{tmp_path}/store.records")
    return tmp_path / "store.records"


def look(about=None):
    """What is found, or what is found about one thing."""
    return [finding for finding in checkup.checkup() if about in (None, finding.about)]


def the(about):
    """The one finding about this."""
    (finding,) = look(about)
    return finding


def test_where_all_is_well_all_is_ok(store):
    """A fresh home and a store that answers give no work to anybody."""
    found = look()
    assert {findings.OK} == {finding.level for finding in found}
    assert ["versions", "store", "reach", "disk", "journal"] == [finding.about for finding in found]
    assert not any(finding.cure or finding.fix for finding in found)


def test_the_store_is_told_without_its_password_and_with_its_origin(store, monkeypatch):
    """Who set the store is said; the password in it never is."""
    monkeypatch.setenv("TRACKED_TRACKING_URI", "postgresql://me:hunter2@db.invalid/x")
    (told,) = checkup.store(session.current())
    assert "postgresql://db.invalid/x (TRACKED_*)" in told.what
    assert "hunter2" not in told.what


def test_a_setting_that_cannot_be_is_told_and_the_rest_is_looked_at(store, monkeypatch):
    """One wrong value does not end the visit."""
    monkeypatch.setenv("TRACKED_EXIT_TIMEOUT", "soon")
    assert "exit_timeout" in the("settings").what
    session.reset()
    assert look("disk")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (BackendUnavailable("connection refused"), "does not answer: connection refused"),
        (LoginRefused("401"), "does not let us in: 401"),
    ],
)
def test_a_store_that_is_down_and_one_that_refuses_are_told_apart(store, mocker, error, told):
    """The two need different cures."""
    mocker.patch("tracked.session.checkup.stale_runs", side_effect=error)
    finding = the("reach")
    assert findings.ERROR == finding.level
    assert told in finding.what
    assert ("MLFLOW_TRACKING_TOKEN" in finding.cure) is isinstance(error, LoginRefused)


def test_a_store_that_never_answers_is_not_waited_for(store, mocker):
    """The probe is bounded, whatever the store does."""
    never = threading.Event()
    mocker.patch("tracked.session.checkup.stale_runs", never.wait)
    began = time.monotonic()
    with pytest.raises(BackendUnavailable, match="no answer in 0 s"):
        bounded(never.wait, 0.2)
    (finding,) = checkup.reach(session.current(), 0.2)
    assert findings.ERROR == finding.level
    assert time.monotonic() - began < 5
    never.set()


def test_a_database_that_is_not_there_yet_is_not_made_by_looking(tmp_path, monkeypatch):
    """Before the first run there is nothing to ask, and a look changes nothing."""
    monkeypatch.setenv("TRACKED_TRACKING_URI", f"sqlite:///{tmp_path}/none.db")
    (finding,) = checkup.reach(session.current(), 5)
    assert findings.OK == finding.level
    assert not (tmp_path / "none.db").exists()


def test_runs_that_nobody_runs_are_ended(store):
    """What died where nobody saw it is found in the store, and the fix ends it."""
    backend = FileBackend(store)
    whose = {t.HOST: DEAD["host"], t.PROCESS: as_text(DEAD)}
    run_id = backend.create(opened(tags=whose), None).run_id
    os.close(backend._fd)
    finding = the("stale")
    assert "1 run RUNNING" in finding.what
    assert "train: its process" in finding.what
    assert "" == finding.fix()
    assert "KILLED" == FileBackend(store).status(run_id)
    assert [] == look("stale")


def test_a_real_store_is_reached_and_cleared_of_runs_that_nobody_runs(tmp_path, monkeypatch, templates):
    """The same on MLflow's own sqlite store, which answers in time."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("TRACKED_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)  # put back whatever the probe sets it to
    whose = {t.HOST: DEAD["host"], t.PROCESS: as_text(DEAD)}
    run_id = MlflowBackend(uri, templates).create(opened(tags=whose), None).run_id
    reach, stale = checkup.reach(session.current(), 120)
    assert (findings.OK, "stale") == (reach.level, stale.about)
    assert "" == stale.fix()
    assert "KILLED" == client_for(uri).get_run(run_id).info.status
    assert [findings.OK] == [finding.level for finding in checkup.reach(session.current(), 120)]


def test_what_is_not_delivered_is_counted_and_delivered(store):
    """Bytes, records and age are told; the fix delivers."""
    folder = session.current().folder
    path = journal(folder, whole_run())
    begun = time.time() - 7200
    path.rename(path.with_name(f"{int(begun * 1000):013d}-1-one.journal"))
    finding = the("journal")
    assert findings.WARN == finding.level
    assert f"{len(whole_run())} records" in finding.what
    assert "the oldest for 2 h" in finding.what
    assert "" == finding.fix()
    assert [RUN] == list(by_local_id(FileBackend(store)))
    assert findings.OK == the("journal").level


def test_a_part_that_is_delivered_is_not_counted(store):
    """Only what is left counts, once the store has a part."""
    folder = session.current().folder
    path = journal(folder, [opened(), *points()], this_process())
    finding = the("journal")
    assert "6 records" in finding.what
    assert "" == finding.fix()
    with path.open("ab") as file:
        file.write(lines.encode(to_json(Metrics(RUN, 1, 9, {"acc": 1.0}))))
    assert "1 record (" in the("journal").what


def test_a_fix_that_does_not_help_says_why(store, mocker):
    """A store that is down cannot be delivered to: the reason comes back, and nothing is lost."""
    journal(session.current().folder, whole_run())
    finding = the("journal")
    mocker.patch("tracked.session.syncing.impatient_backend_for", side_effect=BackendUnavailable("down"))
    assert "down" == finding.fix()
    assert session.current().folder.journals()


def test_a_shipper_at_work_is_no_trouble(store):
    """What is on its way needs nobody; who delivers, and what it does, is told."""
    folder = session.current().folder
    journal(folder, whole_run())
    with process.lock_of(folder):
        status.Teller(folder.status).tell(status.SHIPPING)
        assert findings.OK == the("journal").level
        assert f"process {os.getpid()} delivers" in the("shipper").what
        assert findings.OK == the("shipper").level


def test_a_shipper_that_waits_is_told_with_its_reason(store):
    """A shipper that cannot deliver does not make undelivered records harmless."""
    folder = session.current().folder
    journal(folder, whole_run())
    with process.lock_of(folder):
        status.Teller(folder.status).tell(status.WAITING, "connection refused")
        finding = the("journal")
        assert findings.WARN == finding.level
        assert "connection refused" in finding.what


def test_a_shipper_without_a_sign_of_life_is_told(store, mocker):
    """Who says nothing is named by its pid, and ended only if it really hangs."""
    folder = session.current().folder
    with process.lock_of(folder):
        mocker.patch("tracked.shipper.status.time.time", return_value=time.time() - 600)
        teller = status.Teller(folder.status)
        teller.tell(status.SHIPPING)
        mocker.stopall()
        finding = the("shipper")
    assert findings.WARN == finding.level
    assert f"kill {os.getpid()}" in finding.cure
    mocker.patch("tracked.session.folders._WATCHED", 0.3)
    assert "only be slow" in finding.fix()
    hung = mocker.patch("tracked.session.folders.Overseer.end_if_hung", return_value=True)
    assert "" == finding.fix()
    assert hung.called


def test_what_the_store_refused_is_told_by_reason(store):
    """Refused records are counted by reason, and stay until a person has read them."""
    folder = session.current().folder
    journal(folder, [*points("e" * 32), *points("f" * 32)])
    for finding in look("journal"):
        assert "" == finding.fix()
    finding = the("refused")
    assert "its run is unknown or was refused (2)" in finding.what
    assert str(folder.aside) in finding.cure
    assert finding.fix is None
    assert findings.WARN == finding.level


def test_copies_that_no_journal_tells_of_are_removed(store):
    """A crash between copy and record leaves a copy, which goes; those of a journal, or put aside, stay."""
    folder = session.current().folder
    path = journal(folder, whole_run())
    for owner in ("1-1-gone", path.stem):
        _, place_ = folder.new_snapshot("model.bin", owner)
        place_.write_bytes(b"x")
    finding = the("copies")
    assert "" == finding.fix()
    assert [path.stem] == [kept.name.partition(".")[0] for kept in folder.files.iterdir()]
    assert [] == look("copies")


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_folder_that_others_can_read_is_closed(store):
    """What people log is for them only."""
    folder = session.current().folder
    folder.path.chmod(0o755)
    assert "" == the("access").fix()
    assert 0o700 == folder.path.stat().st_mode & 0o777
    assert [] == look("access")


def test_every_folder_is_looked_at(store, home, tmp_path):
    """Journals for another store are told with that store."""
    journal(place.folder_for(home, f"records://{tmp_path}/other", {}), whole_run(OTHER))
    told = look("journal")
    assert 2 == len(told)
    assert any(f"records://{tmp_path}/other" in finding.what for finding in told)


@pytest.mark.parametrize(
    ("free", "level"), [(1 << 40, findings.OK), (1 << 29, findings.WARN), (1 << 20, findings.ERROR)]
)
def test_a_disk_that_is_nearly_full_is_told(store, mocker, free, level):
    """Before nothing can be kept any more, it is said."""
    usage = mocker.Mock(free=free)
    mocker.patch("tracked.session.checkup.shutil.disk_usage", return_value=usage)
    assert level == the("disk").level


@pytest.mark.parametrize(
    ("ahead", "level", "told"),
    [(0, findings.OK, "agrees"), (-300, findings.WARN, "ahead of"), (300, findings.WARN, "behind")],
)
def test_clocks_that_differ_are_told(ahead, level, told):
    """The clock of the server is asked, without any login, even where it refuses to answer."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            seen.append(dict(self.headers))
            self.send_response_only(401)
            self.send_header("Date", formatdate(time.time() + ahead, usegmt=True))
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        (finding,) = checkup.clock(f"http://me:hunter2@127.0.0.1:{server.server_port}")
        thread.join()
    assert level == finding.level
    assert told in finding.what
    assert "Authorization" not in seen[0]


def test_a_server_that_is_not_there_has_no_clock():
    """Nothing is said of a clock that cannot be read; that the store is down is said elsewhere."""
    assert [] == list(checkup.clock(f"http://127.0.0.1:{free_port()}"))
    assert [] == list(checkup.clock("sqlite:///x.db"))


def test_a_plugin_that_mlflow_does_not_know_is_told(mocker):
    """Without its entry point durable=True cannot work."""
    assert [findings.OK] == [finding.level for finding in checkup.versions()]
    mocker.patch("tracked.session.checkup.metadata.entry_points", return_value=[])
    assert [findings.OK, findings.WARN] == [finding.level for finding in checkup.versions()]


@pytest.mark.parametrize(
    ("told", "value"),
    [
        ("0 bytes", findings.size(0)),
        ("1023 bytes", findings.size(1023)),
        ("1.0 KiB", findings.size(1024)),
        ("5.0 TiB", findings.size(5 << 40)),
        ("59 s", findings.span(59)),
        ("2 min", findings.span(120)),
        ("47 h", findings.span(47 * 3600)),
        ("3 days", findings.span(72 * 3600)),
        ("1 run", findings.some(1, "run")),
        ("2 runs", findings.some(2, "run")),
    ],
)
def test_numbers_are_told_as_people_say_them(told, value):
    """Units a person would choose."""
    assert told == value


def test_a_file_of_refused_records_that_is_damaged_is_still_told(store):
    """A torn line costs its reason only."""
    folder = session.current().folder
    folder.aside.write_bytes(b"\nrubbish\n")
    assert "? (1)" in next(folders.aside(folder)).what
