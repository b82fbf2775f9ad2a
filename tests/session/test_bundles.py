from __future__ import annotations

from pathlib import Path

import pytest

from tests.journals import (
    ELSEWHERE,
    NOW,
    OTHER,
    RUN,
    by_local_id,
    deliver,
    expected_points,
    journal,
    opened,
    points,
    whole_run,
)
from tests.stores import all_runs
from tracked import session
from tracked import tags as t
from tracked.errors import BackendUnavailable, BundleError, ConfigError
from tracked.journal import lines
from tracked.journal.folder import Folder
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.client import client_for
from tracked.process import this_process
from tracked.records import Artifact, to_json
from tracked.session import place, process, syncing
from tracked.session.bundles import export, import_
from tracked.session.kept import undelivered
from tracked.shipper.loop import Shipper
from tracked.testing import FileBackend


class Machine:
    """A home of its own; the store is the same for all."""

    def __init__(self, path, uri, monkeypatch):
        self.path, self.uri, self.monkeypatch = path, uri, monkeypatch
        path.mkdir()

    def __enter__(self):
        self.monkeypatch.setenv("TRACKED_HOME", str(self.path))
        self.monkeypatch.setenv("TRACKED_TRACKING_URI", self.uri)
        session.reset()
        return session.current().folder

    def __exit__(self, *_):
        session.reset()


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store.records"


@pytest.fixture
def machine(tmp_path, store, monkeypatch):
    def make(name, uri=None):
        return Machine(tmp_path / name, uri or f"records://{store}", monkeypatch)

    return make


@pytest.fixture
def bundle(tmp_path):
    return tmp_path / "bundle.tar"


def with_artifact(folder, run=RUN, name="1-1-one"):
    """A whole run with a file, by a process that is dead."""
    folder.made()
    stored, path = folder.new_snapshot("model.bin", name)
    path.write_bytes(b"weights")
    artifact = Artifact(run, "model.bin", stored, 7)
    return journal(folder, [*whole_run(run)[:-1], artifact, whole_run(run)[-1]], name=name)


def delivered(bundle, **options):
    """Import, and deliver what is here then; gives how many journals were new."""
    placed = list(import_(bundle, **options))
    for one in placed:
        if one.folder:
            assert "" == syncing.sync_one(session.current(), Folder(Path(one.folder))).problem
    return [one.journals for one in placed]


def the_run(store):
    """The one run of the store."""
    (run,) = by_local_id(FileBackend(store)).values()
    return run


def is_whole(run):
    assert expected_points() == list(run.points)
    assert ("FINISHED", NOW + 99) == (run.status, run.end_time)
    assert {"lr": "0.1"} == run.params
    assert "last" == run.tags["state"]
    assert {"model.bin": b"weights"} == run.artifacts
    return True


def write_on(path, records):
    """The writer goes on."""
    with path.open("ab") as file:
        file.writelines(lines.encode(to_json(record)) for record in records)


def test_a_run_is_carried_whole_and_arrives_once(machine, bundle, store):
    """From a machine without network to one that has it: everything of the run, and nothing twice."""
    with machine("a") as folder:
        with_artifact(folder)
        (packed,) = export(bundle)
        assert (1, f"records://{store}") == (packed.journals, packed.store)
    assert not store.exists()
    with machine("b") as folder:
        assert [1] == delivered(bundle)
        assert is_whole(the_run(store))
        assert [] == [path for there in place.folders(folder.path.parents[1]) for path in there.journals()]


def test_importing_again_changes_nothing(machine, bundle, store):
    """A bundle that was imported is known, before its delivery, after it, and with another login."""
    with machine("a") as folder:
        with_artifact(folder)
        export(bundle)
    with machine("b"):
        assert [1] == [placed.journals for placed in import_(bundle)]
        assert [0] == delivered(bundle)
        content = store.read_bytes()
        assert [0] == delivered(bundle)
        assert content == store.read_bytes()
    assert is_whole(the_run(store))


def test_what_was_delivered_in_part_is_carried_to_its_end(machine, bundle, store):
    """A network that broke in the middle: the run goes on where it stood, as the same run."""
    with machine("a") as folder:
        stored, copy = folder.new_snapshot("model.bin", "1-1-one")
        copy.write_bytes(b"weights")
        path = journal(folder, [*whole_run()[:4], Artifact(RUN, "model.bin", stored, 7)], ELSEWHERE)
        deliver(folder, FileBackend(store))
        assert not copy.exists()
        write_on(path, whole_run()[4:])
        assert 0 < undelivered(folder) < path.stat().st_size
        export(bundle, anyway=True)
    run_id = the_run(store).run_id
    with machine("b"):
        assert [1] == delivered(bundle)
    assert run_id == the_run(store).run_id
    assert is_whole(the_run(store))


@pytest.mark.parametrize("first", ["a", "b"])
def test_what_both_sides_deliver_is_there_once(machine, bundle, store, first):
    """The network comes back behind the person who carries the bundle: whoever is first makes the run."""
    with machine("a") as folder:
        with_artifact(folder)
        export(bundle)
        if first == "a":
            deliver(folder, FileBackend(store))
    with machine("b"):
        delivered(bundle)
    if first == "b":
        deliver(folder, FileBackend(store))
    assert is_whole(the_run(store))


def test_a_shipper_that_lives_on_here_finds_what_was_made_there(machine, bundle, store):
    """It had never tried to make the run, and still must not make it a second time."""
    with machine("a") as folder:
        path = journal(folder, [], ELSEWHERE)
        shipper = Shipper(folder, lambda: FileBackend(store))
        shipper.round()
        write_on(path, whole_run())
        export(bundle, anyway=True)
    with machine("b"):
        delivered(bundle)
    shipper = _with_fresh_backend(shipper, store)
    shipper.round()
    assert expected_points() == list(the_run(store).points)


def _with_fresh_backend(shipper, store):
    # A file-backed store is read when it is made; another process has written since.
    shipper._delivery.backend = FileBackend(store)
    return shipper


@pytest.mark.parametrize("writer", [this_process(), ELSEWHERE], ids=["lives", "cannot be seen"])
def test_what_is_still_written_is_not_taken_unasked(machine, bundle, writer):
    """Half a run is carried only by whoever wants that."""
    with machine("a") as folder:
        journal(folder, [opened(), *points()], writer)
        with pytest.raises(BundleError, match="--anyway"):
            export(bundle)
        assert not bundle.exists()
        assert not folder.exported.exists()


def test_half_a_run_becomes_whole_with_the_next_bundle(machine, bundle, store, tmp_path):
    """Taken as it is, a run counts as dead; the bundle of the whole one puts that right, and an older one nothing."""
    with machine("a") as folder:
        path = journal(folder, whole_run()[:5], ELSEWHERE)
        export(bundle, anyway=True)
        write_on(path, whole_run()[5:])
        export(tmp_path / "later.tar", anyway=True)
    with machine("b"):
        assert [1] == delivered(bundle)
        assert "KILLED" == the_run(store).status
        assert [1] == delivered(tmp_path / "later.tar")
        assert [0] == delivered(bundle)
    run = the_run(store)
    assert expected_points() == list(run.points)
    assert ("FINISHED", "last") == (run.status, run.tags["state"])


def test_an_older_bundle_that_comes_late_is_left_out(machine, bundle, store, tmp_path):
    """What is known at greater length is known: an old tag never overwrites a new one."""
    with machine("a") as folder:
        path = journal(folder, whole_run()[:-2], ELSEWHERE)
        export(bundle, anyway=True)
        write_on(path, whole_run()[-2:])
        export(tmp_path / "later.tar", anyway=True)
    with machine("b"):
        assert [1] == delivered(tmp_path / "later.tar")
        assert [0] == delivered(bundle)
    assert ("FINISHED", "last") == (the_run(store).status, the_run(store).tags["state"])


def test_several_journals_are_told_apart(machine, bundle, store, tmp_path):
    """Of two bundles that overlap, what both hold is placed once."""
    with machine("a") as folder:
        with_artifact(folder)
        export(bundle)
        with_artifact(folder, OTHER, "2-2-two")
        export(tmp_path / "both.tar")
    with machine("b"):
        assert [1] == delivered(bundle)
        assert [1] == delivered(tmp_path / "both.tar")
        assert [0] == delivered(tmp_path / "both.tar")
    found = by_local_id(FileBackend(store))
    assert {RUN, OTHER} == set(found)
    assert all(map(is_whole, found.values()))


def test_a_machine_does_not_import_what_it_holds(machine, bundle):
    """Back where it came from, a bundle brings nothing."""
    with machine("a") as folder:
        path = with_artifact(folder)
        export(bundle)
        assert [0] == [placed.journals for placed in import_(bundle)]
        assert [path] == folder.journals()


def test_a_bundle_for_another_store_is_not_sent_here_unasked(machine, bundle, store, tmp_path):
    """Nothing that a bundle says makes this machine talk to another server, or mixes two stores."""
    other = tmp_path / "other.records"
    with machine("a", f"records://{other}") as folder:
        with_artifact(folder)
        export(bundle)
    with machine("b") as folder:
        with pytest.raises(BundleError, match="--here"):
            list(import_(bundle))
        assert [folder] == place.folders(session.current().home)
        assert [1] == delivered(bundle, here=True)
    assert is_whole(the_run(store))
    assert not other.exists()


def test_of_several_stores_the_current_one_gets_its_own(machine, bundle, store, tmp_path):
    """The rest of the bundle is named, and waits for its own store."""
    with machine("a") as folder:
        with_artifact(folder)
        beside = place.folder_for(session.current().home, "records:///other", {})
        with_artifact(beside, OTHER)
        export(bundle, [folder, beside])
    with machine("b"):
        placed = {one.store: one for one in import_(bundle)}
    assert 1 == placed[f"records://{store}"].journals
    assert "MLFLOW_TRACKING_URI" in placed["records:///other"].problem
    assert "" == placed["records:///other"].folder


def test_a_bundle_that_is_damaged_leaves_nothing(machine, bundle):
    """All of a bundle is placed, or nothing: no folder, no journal, nothing half unpacked."""
    with machine("a") as folder:
        with_artifact(folder)
        export(bundle)
    bundle.write_bytes(bundle.read_bytes()[:2000])
    with machine("b") as folder:
        with pytest.raises(BundleError):
            list(import_(bundle))
        home = session.current().home
        assert [folder] == place.folders(home)
        assert not (home / "incoming").exists()


def test_while_the_store_is_down_what_was_imported_is_kept(machine, bundle, store, mocker):
    """An import without a store is no loss: the next sync, or the next script, delivers."""
    with machine("a") as folder:
        with_artifact(folder)
        export(bundle)
    with machine("b"):
        (placed,) = import_(bundle)
        down = mocker.patch(
            "tracked.session.syncing.impatient_backend_for", side_effect=BackendUnavailable("down")
        )
        assert "down" == syncing.sync_one(session.current(), Folder(Path(placed.folder))).problem
        mocker.stop(down)
        assert [0, 0] == [report.left for report in syncing.sync_all()]
    assert is_whole(the_run(store))


def test_what_was_imported_is_taken_over_by_the_next_shipper(machine, bundle, store):
    """Whoever forgets to sync has the runs all the same."""
    with machine("a") as folder:
        with_artifact(folder)
        export(bundle)
    with machine("b") as folder:
        list(import_(bundle))
        process.adopt(folder, f"records://{store}", session.current().home)
    assert is_whole(the_run(store))


def test_no_secret_is_in_a_bundle(machine, bundle, monkeypatch):
    """A bundle may be sent by mail: neither the login of the URI nor that of the environment is in it."""
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "token-in-the-environment")
    with machine("a", "http://me:hunter2@127.0.0.1:1/x") as folder:
        with_artifact(folder)
        export(bundle)
        key = (session.current().home / "key").read_bytes()
    content = bundle.read_bytes()
    assert [] == [s for s in (b"hunter2", b"token-in-the-environment", key) if s in content]
    assert b"http://127.0.0.1:1/x" in content


def test_where_there_is_nothing_nothing_is_carried(machine, bundle, tmp_path):
    """An empty folder, and a folder that is none, are said."""
    with machine("a") as folder:
        with pytest.raises(BundleError, match="nothing"):
            export(bundle)
        with pytest.raises(ConfigError, match="no journal folder"):
            export(bundle, [Folder(tmp_path / "nowhere")])
        with_artifact(folder)
        folder.target.unlink()
        with pytest.raises(ConfigError, match="does not say"):
            export(bundle)
    assert not bundle.exists()


def test_a_real_store_takes_a_bundle_once(machine, bundle, tmp_path, templates):
    """On MLflow's own sqlite store: imported twice and delivered from both sides, each run and point is there once."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    with machine("a", uri) as folder:
        with_artifact(folder)
        export(bundle)
    with machine("b", uri):
        session.current().templates.symlink_to(templates)
        assert [1] == delivered(bundle)
        assert [0] == delivered(bundle)
    deliver(folder, MlflowBackend(uri, templates))
    (run,) = all_runs(client_for(uri)).values()
    assert sorted(expected_points()) == sorted(run.points)
    assert ("FINISHED", RUN) == (run.status, run.tags[t.LOCAL_ID])
    assert {"model.bin": b"weights"} == run.artifacts
