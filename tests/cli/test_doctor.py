from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.journals import journal, points, whole_run
from tracked import session
from tracked.errors import BackendUnavailable
from tracked.session import place


def found(printed):
    return {line["about"]: line for line in map(json.loads, printed.splitlines())}


def test_it_works_without_a_terminal_in_a_process_of_its_own():
    """All is well: 0, a line for each thing that was looked at, nothing on stderr, no control characters."""
    done = subprocess.run(
        [sys.executable, "-m", "tracked.cli", "doctor"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ,
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert {"ok"} == {line.split()[0] for line in done.stdout.splitlines()}
    assert done.stdout.replace("\n", "").isprintable()


def test_what_is_left_to_do_is_told_with_its_cure_and_5(tracked):
    """A person reads what to do; a script reads the exit code."""
    journal(session.current().folder, whole_run())
    code, printed, _ = tracked("doctor")
    assert 5 == code
    assert "-> deliver them: `tracked sync` (--fix does it)" in printed


def test_fixing_does_it_and_is_content(tracked):
    """What could be done is done and told; then all is well."""
    journal(session.current().folder, whole_run())
    code, printed, _ = tracked("doctor", "--fix")
    assert 0 == code
    assert "fixed  journal" in printed
    assert (0, []) == (tracked("doctor")[0], session.current().folder.journals())


def test_what_cannot_be_fixed_is_left_to_a_person(tracked):
    """Refused records stay, and so does the exit code, until somebody has read them."""
    folder = session.current().folder
    journal(folder, points("f" * 32))
    assert [5, 5] == [tracked("doctor", "--fix")[0] for _ in range(2)]
    folder.aside.unlink()
    assert 0 == tracked("doctor", "--fix")[0]


def test_a_store_that_cannot_be_reached_is_4(tracked, mocker):
    """The store goes before all else: without it little can be done."""
    journal(session.current().folder, whole_run())
    mocker.patch("tracked.session.checkup.stale_runs", side_effect=BackendUnavailable("down"))
    code, printed, _ = tracked("doctor", "--json")
    assert 4 == code
    assert "error" == found(printed)["reach"]["level"]


def test_json_is_one_object_a_finding(tracked):
    """For scripts: the same findings, with whether they can be and were fixed."""
    journal(session.current().folder, whole_run())
    entry = found(tracked("doctor", "--json")[1])["journal"]
    assert {"about", "level", "what", "cure", "fixable", "fixed"} == entry.keys()
    assert (True, False) == (entry["fixable"], entry["fixed"])
    assert found(tracked("doctor", "--json", "--fix")[1])["journal"]["fixed"]


def test_a_fix_that_fails_is_told_and_left(tracked, home):
    """A folder that nobody can deliver is named with the reason."""
    lost = place.folder_for(home, "records:///lost", {})
    journal(lost, whole_run())
    lost.target.unlink()
    code, printed, _ = tracked("doctor", "--fix")
    assert 5 == code
    assert "not fixed" in printed
    assert "does not say which store" in printed


def test_a_home_that_cannot_be_is_1(tracked, monkeypatch, tmp_path):
    """Without a home there is no looking."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("TRACKED_HOME", str(tmp_path / "file"))
    code, _, said = tracked("doctor")
    assert 1 == code
    assert "Error" in said


@pytest.mark.parametrize("arguments", [["doctor", "--nonsense"], ["sync", "--nonsense"], ["nonsense"]])
def test_a_misspelt_command_is_2(tracked, arguments):
    """As with any command line."""
    assert 2 == tracked(*arguments)[0]
