from __future__ import annotations

import json

import pytest

from tests.journals import OTHER, RUN, by_local_id, journal, whole_run
from tracked import session
from tracked.errors import BackendUnavailable
from tracked.session import place
from tracked.testing import FileBackend


@pytest.fixture
def bundle(tmp_path):
    return tmp_path / "bundle.tar"


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """From here on, another machine: a home of its own."""

    def move():
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.setenv("TRACKED_HOME", str(tmp_path / "elsewhere"))
        session.reset()

    return move


def test_a_run_goes_from_one_machine_to_the_store_of_another(tracked, store, bundle, elsewhere):
    """Two commands, each 0, and the run is in the store; the second import says that nothing is new."""
    journal(session.current().folder, whole_run())
    code, printed, _ = tracked("export", "-o", bundle)
    assert 0 == code
    assert "1 journals" in printed
    elsewhere()
    code, printed, _ = tracked("import", bundle)
    assert 0 == code
    assert "bytes of records delivered" in printed
    assert [RUN] == list(by_local_id(FileBackend(store)))
    code, printed, _ = tracked("import", bundle)
    assert 0 == code
    assert "nothing is new" in printed


def test_all_folders_or_those_that_are_named(tracked, home, bundle, tmp_path):
    """`--all` takes whatever has journals; a folder can be named."""
    journal(session.current().folder, whole_run())
    other = place.folder_for(home, "records:///other", {})
    journal(other, whole_run(OTHER))
    place.folder_for(home, "records:///empty", {})
    _, printed, _ = tracked("export", "--all", "--json", "-o", bundle)
    assert 2 == len(printed.splitlines())
    _, printed, _ = tracked("export", other.path, "--json", "-o", tmp_path / "one.tar")
    assert "records:///other" == json.loads(printed)["store"]


def test_a_store_that_is_down_keeps_what_was_imported_and_is_4(tracked, bundle, elsewhere, mocker):
    """Nothing is lost by importing too early."""
    journal(session.current().folder, whole_run())
    tracked("export", "-o", bundle)
    elsewhere()
    mocker.patch("tracked.session.syncing.impatient_backend_for", side_effect=BackendUnavailable("down"))
    code, printed, _ = tracked("import", bundle, "--json")
    assert (4, "down") == (code, json.loads(printed)["problem"])
    mocker.stopall()
    assert 0 == tracked("sync")[0]


@pytest.mark.parametrize(
    "arguments", [["import", "none.tar"], ["import", "/dev/null"], ["export", "-o", "x.tar"]]
)
def test_what_cannot_be_done_is_said_and_1(tracked, arguments):
    """No bundle, no tar, nothing to carry: one line each."""
    code, printed, said = tracked(*arguments)
    assert (1, "") == (code, printed)
    assert 1 == len(said.splitlines())


def test_a_bundle_that_is_not_there_is_named(tracked, bundle):
    """The import ends with 1, and says which file is missing in words, without a number of the system."""
    code, _, told = tracked("import", bundle)
    assert (1, f"Error: {bundle}: No such file or directory\n") == (code, told)
