from __future__ import annotations

import json
import signal
import subprocess
import sys

from tests.journals import OTHER, RUN, by_local_id, journal, whole_run
from tests.scripts import await_
from tracked import session
from tracked.errors import BackendUnavailable
from tracked.session import process
from tracked.testing import FileBackend


def test_what_is_left_is_delivered_and_0(tracked, store):
    """One line a store, with the bytes that went."""
    size = journal(session.current().folder, whole_run()).stat().st_size
    assert (0, f"records://{store}: {size} bytes of records delivered\n", "") == tracked("sync")
    assert [RUN] == list(by_local_id(FileBackend(store)))


def test_a_dry_run_sends_nothing_and_is_0(tracked, store):
    """What would be sent is told, and stays."""
    size = journal(session.current().folder, whole_run()).stat().st_size
    code, printed, _ = tracked("sync", "--dry-run", "--json")
    report = json.loads(printed)
    assert (0, size, size) == (code, report["before"], report["left"])
    assert not store.exists()


def test_what_cannot_be_delivered_is_told_and_4(tracked, mocker):
    """Scripts see that something is left; people see why."""
    journal(session.current().folder, whole_run())
    mocker.patch("tracked.session.syncing.impatient_backend_for", side_effect=BackendUnavailable("down"))
    code, printed, _ = tracked("sync")
    assert 4 == code
    assert "are left: down" in printed


def test_watching_goes_on_until_it_is_told_to_stop(store):
    """It delivers what comes, with nobody at a terminal, and a signal ends it with 0."""
    folder = session.current().folder
    journal(folder, whole_run())
    command = [sys.executable, "-m", "tracked.cli", "sync", "--watch"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE) as watch:
        await_(lambda: not folder.journals(), "the first journal is not delivered")
        journal(folder, whole_run(OTHER))
        await_(lambda: not folder.journals(), "the second journal is not delivered")
        watch.send_signal(signal.SIGTERM)
        _, said = watch.communicate(timeout=60)
    assert (0, b"") == (watch.returncode, said)
    assert {RUN, OTHER} == set(by_local_id(FileBackend(store)))


def test_where_another_serves_watching_is_refused(tracked):
    """One folder has one shipper."""
    with process.lock_of(session.current().folder):
        code, _, said = tracked("sync", "--watch")
    assert 1 == code
    assert "another shipper" in said
