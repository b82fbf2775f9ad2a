"""`tracked gc`: what is kept on this machine and wanted by nobody goes, and nothing else."""

import json
import os
import time
from hashlib import sha256

import pytest

from tracked import finished, session
from tracked.identity import to_bytes
from tracked.session import place

OLD = time.time() - 40 * 86400


@pytest.fixture
def result(own):
    """Keeps a result of a run in the current sqlite store; gives its folder."""

    def keep(name, at):
        key = {"call": name}
        run_id = own.add(name, "training")
        local = own._client.get_run(run_id).data.tags["tracked.id"]
        note = {"key": key, "name": name, "experiment": "look", "time": at}
        digest = sha256(to_bytes(key)).hexdigest()
        return finished.keep(session.current(), digest, local, lambda _: note), run_id

    keep.client = own._client
    return keep


def gone(tracked, *options):
    """What goes, and why, by its path."""
    code, printed, _ = tracked("gc", "--json", *options)
    assert 0 == code
    told = [json.loads(line) for line in printed.splitlines()]
    return {one["path"]: (one["what"], one["why"]) for one in told}


def test_only_with_yes_is_anything_removed(tracked, result):
    """Old results are told, and stay, until a person has agreed."""
    old, _ = result("old", OLD)
    new, _ = result("new", time.time())
    code, printed, _ = tracked("gc")
    assert 0 == code
    assert "would go: `tracked gc --yes` removes them" in printed
    assert {str(old): ("result", "it is 40 days old")} == gone(tracked)
    assert old.exists()
    assert {str(old): ("result", "it is 40 days old")} == gone(tracked, "--yes")
    assert (False, False, True) == (old.exists(), old.parent.exists(), new.exists())


def test_how_old_is_said(tracked, result):
    """A longer span keeps it."""
    result("old", OLD)
    assert {} == gone(tracked, "--older", "8w")
    code, _, said = tracked("gc", "--older", "long")
    assert 2 == code
    assert "no span of time" in said


def test_results_of_deleted_runs_go(tracked, result):
    """Whoever deletes a run in MLflow does not want its result given back, whatever its age."""
    new, run_id = result("new", time.time())
    kept, _ = result("kept", time.time())
    result.client.delete_run(run_id)
    assert {str(new): ("result", "its run is deleted")} == gone(tracked, "--yes")
    assert (False, True) == (new.exists(), kept.exists())


def test_a_store_that_does_not_answer_costs_only_what_it_knows(tracked, monkeypatch):
    """Which runs are deleted is not known, which is said; what is old goes by its age all the same."""
    monkeypatch.setenv("TRACKED_TRACKING_URI", "http://127.0.0.1:9")
    note = {"key": {"call": "x"}, "name": "x", "experiment": "look", "time": OLD}
    digest = sha256(to_bytes(note["key"])).hexdigest()
    old = finished.keep(session.current(), digest, "a" * 32, lambda _: note)
    code, printed, said = tracked("gc", "--json")
    assert (0, str(old)) == (code, json.loads(printed)["path"])
    assert "it is not known which runs are deleted" in said


def test_a_damaged_result_goes(tracked, result):
    """It can never be given back."""
    new, _ = result("new", time.time())
    (new / "note.json").write_text("{")
    assert {str(new): ("result", "it is damaged")} == gone(tracked)


def test_copies_and_refusals_that_are_old(tracked):
    """Copies that no journal tells of, and records that the store refused long ago; those of today stay."""
    folder = session.current().folder
    (folder.files / "1-1-gone.0123").mkdir()
    (folder.files / "1-1-gone.0123" / "model.bin").write_bytes(b"x" * 100)
    folder.aside.write_bytes(b"{}")
    assert [("copies", "no journal tells of them")] == list(gone(tracked).values())
    os.utime(folder.aside, (OLD, OLD))
    assert ["refused", "copies"] == [what for what, _ in gone(tracked, "--yes").values()]
    assert ([], False) == (list(folder.files.iterdir()), folder.aside.exists())
    assert "there is nothing to remove\n" == tracked("gc")[1]


def test_files_of_reused_results_that_nobody_uses_go(tracked):
    """By the last time that they were given back or written to; what is used stays, also of the same run."""
    top = place.reused(session.current().home) / ("a" * 32)
    for name, folder_at, file_at in (("old", OLD, OLD), ("given", None, OLD), ("written", OLD, None)):
        (top / name / "model").mkdir(parents=True)
        (top / name / "model" / "w.bin").write_bytes(b"x" * 100)
        for path, at in (
            (top / name / "model" / "w.bin", file_at),
            (top / name / "model", OLD),
            (top / name, folder_at),
        ):
            os.utime(path, at and (at, at))
    assert {str(top / "old"): ("reused", "it was given back 40 days ago")} == gone(tracked, "--yes")
    assert ["given", "written"] == sorted(path.name for path in top.iterdir())


def test_what_cannot_be_removed_is_told_and_1(tracked, result, mocker):
    """The rest goes all the same."""
    old, _ = result("old", OLD)
    refused = session.current().folder.aside
    refused.write_bytes(b"{}")
    os.utime(refused, (OLD, OLD))
    mocker.patch("tracked.cli.gc.shutil.rmtree", side_effect=PermissionError("no"))
    code, _, said = tracked("gc", "--yes")
    assert 1 == code
    assert f"{old} is not removed: no" in said
    assert (True, False) == (old.exists(), refused.exists())
