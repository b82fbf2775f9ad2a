from __future__ import annotations

import pytest

from tests.journals import (
    NOW,
    OTHER,
    RUN,
    aside,
    by_local_id,
    deliver,
    expected_points,
    journal,
    opened,
    points,
    whole_run,
)
from tracked import tags as t
from tracked.errors import BackendUnavailable, Refused
from tracked.journal import ids, lines
from tracked.journal.acks import read_ack
from tracked.ports import Limits, Point, RemoteRun
from tracked.process import this_process
from tracked.records import Artifact, Closed, Metrics, Params, Tags, to_json
from tracked.shipper.batches import Batch
from tracked.shipper.delivery import Delivery
from tracked.shipper.loop import Shipper
from tracked.testing import MemoryBackend


class Picky(MemoryBackend):
    """Refuses whole batches for one bad member, as MLflow does."""

    def log(self, run_id, points, params, tags):
        if any(point.value == -13 for point in points) or "bad" in params or "bad" in tags:
            raise Refused("13 is unlucky")
        super().log(run_id, points, params, tags)


def store_file(folder, content=b"content", name="w.bin"):
    stored, path = folder.new_snapshot(name)
    path.write_bytes(content)
    return Artifact(RUN, f"model/{name}", stored, len(content))


def test_a_whole_run_arrives(folder):
    """Everything of a run is in the store: name, params, points in order, the last tag, the end."""
    journal(folder, whole_run())
    run = by_local_id(deliver(folder))[RUN]
    assert ("train", {"lr": "0.1"}, "last") == (run.name, run.params, run.tags["state"])
    assert expected_points() == list(run.points)
    assert ("FINISHED", NOW, NOW + 99) == (run.status, run.start_time, run.end_time)


@pytest.mark.parametrize("bad_at", [0, 1, 499, 998, 999])
def test_a_refused_point_costs_only_itself(folder, bad_at):
    """One bad point among a thousand is put aside with its reason; its 999 neighbours are delivered."""
    records = points(count=1000)
    records[bad_at] = Metrics(RUN, NOW + bad_at, bad_at, {"acc": -13.0})
    journal(folder, [opened(), *records])
    run = by_local_id(deliver(folder, Picky()))[RUN]
    assert {*range(1000)} - {bad_at} == {point.step for point in run.points}
    assert [("13 is unlucky", ["batch", RUN, [["acc", "-13.0", NOW + bad_at, bad_at]], [], []])] == aside(
        folder
    )


def test_refused_params_and_tags_cost_only_themselves(folder):
    """A bad param and a bad tag leave the points and the other texts of their batch alone."""
    texts = {"a": "1", "bad": "2", "c": "3"}
    journal(folder, [opened(), *points(), Params(RUN, texts), Tags(RUN, texts)])
    run = by_local_id(deliver(folder, Picky()))[RUN]
    assert {"a": "1", "c": "3"} == run.params
    assert ["1", "3"] == [run.tags["a"], run.tags["c"]]
    assert expected_points() == list(run.points)
    assert [["batch", RUN, [], [["bad", "2"]], []], ["batch", RUN, [], [], [["bad", "2"]]]] == [
        what for _, what in aside(folder)
    ]


def test_what_json_cannot_say_is_put_aside_all_the_same(folder):
    """A refused NaN keeps its value in the file of what was put aside."""

    class Strict(MemoryBackend):
        def log(self, *_):
            raise Refused("no")

    journal(folder, [opened(), Metrics(RUN, NOW, 0, {"loss": "nan"})])
    deliver(folder, Strict())
    assert ("no", ["batch", RUN, [["loss", "nan", NOW, 0]], [], []]) == aside(folder)[0]


def test_the_first_value_of_a_param_stays(folder):
    """A later value is a tag, whether it comes in the same request or in a later one; neighbours are not harmed."""
    records = [opened(), Params(RUN, {"lr": "1"}), Params(RUN, {"lr": "2"}), Closed(RUN, NOW, "FINISHED")]
    journal(folder, [*records, Params(RUN, {"lr": "3", "x": "y"})])
    run = by_local_id(deliver(folder))[RUN]
    assert {"lr": "1", "x": "y"} == run.params
    assert "3" == run.tags["tracked.param_changed.lr"]
    assert [] == aside(folder)


def test_a_param_written_in_another_way_is_no_other_value(folder):
    """7.0 after 7 is neither a conflict nor put aside."""
    journal(
        folder, [opened(), Params(RUN, {"k": "7", "lr": "1e-05"}), Params(RUN, {"k": "7.0", "lr": "0.00001"})]
    )
    run = by_local_id(deliver(folder))[RUN]
    assert {"k": "7", "lr": "1e-05"} == run.params
    assert [] == aside(folder) == [key for key in run.tags if "param_changed" in key]


def test_a_refusal_does_not_tell_credentials(folder, monkeypatch):
    """The reason of what is put aside is kept without the credentials that the store was asked with."""

    class Talkative(MemoryBackend):
        def log(self, *_):
            raise Refused("https://me:hunter2@host said no to topsecret-of-the-environment")

    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "topsecret-of-the-environment")
    journal(folder, [opened(), Tags(RUN, {"a": "b"})])
    deliver(folder, Talkative())
    assert {"https://***@host said no to ***"} == {reason for reason, _ in aside(folder)}


def test_a_refused_run_costs_only_itself(folder):
    """A run that the store will not have is put aside with all that is in it; the next run is delivered."""

    class NoTraining(MemoryBackend):
        def create(self, opened, parent_id):
            if opened.name == "bad":
                raise Refused("no such name")
            return super().create(opened, parent_id)

    journal(folder, [opened(OTHER, "bad"), *points(OTHER), *whole_run()])
    assert [RUN] == list(by_local_id(deliver(folder, NoTraining())))
    assert ["no such name", "its run is unknown or was refused"] == [reason for reason, _ in aside(folder)]


def test_a_retry_does_not_put_aside_twice(folder):
    """What is refused is written down once, however often its neighbours must be sent again."""

    class Late(Picky):
        calls = 0

        def close(self, *arguments):
            Late.calls += 1
            if Late.calls < 4:
                raise BackendUnavailable("later")
            super().close(*arguments)

    journal(folder, [opened(), Metrics(RUN, NOW, 0, {"acc": -13.0}), Closed(RUN, NOW, "FINISHED")])
    shipper = Shipper(folder, Late)
    for _ in range(3):
        with pytest.raises(BackendUnavailable):
            shipper.drain()
    assert [] == aside(folder)
    shipper.drain()
    assert 1 == len(aside(folder))


def test_an_ambiguous_create_is_searched_for(folder, backend, mocker):
    """A run whose creation got no answer is looked for before it is made again; others cost no search."""
    delivery = Delivery(folder, backend)
    find = mocker.spy(backend, "find")
    delivery.send(opened(OTHER))
    assert 0 == find.call_count
    create = mocker.patch.object(backend, "create", side_effect=BackendUnavailable("lost"))
    with pytest.raises(BackendUnavailable):
        delivery.send(opened())
    mocker.stop(create)
    delivery.send(opened())
    assert 1 == find.call_count
    assert {RUN, OTHER} == set(by_local_id(backend))


def test_a_run_that_exists_is_joined_and_never_ended(folder, backend):
    """A run handed over by a platform gets our data, and its end stays the platform's."""
    given = backend.create(opened("c" * 32, "job"), None)
    journal(folder, [opened(attach=given.run_id), *points(), Closed(RUN, NOW, "FINISHED")])
    deliver(folder, backend)
    assert [given.run_id] == list(backend.runs)
    assert ("RUNNING", expected_points()) == (
        backend.runs[given.run_id].status,
        list(backend.runs[given.run_id].points),
    )


def test_a_run_to_join_that_is_not_there_is_made(folder):
    """Data for a run of another store are not lost: they get a run of their own, which we end."""
    journal(folder, [opened(attach="elsewhere"), *points(), Closed(RUN, NOW, "FINISHED")])
    run = by_local_id(deliver(folder))[RUN]
    assert ("FINISHED", expected_points()) == (run.status, list(run.points))


def test_a_child_names_its_parent_as_the_store_does(folder):
    """The tree is made of the store's ids: of our runs by their local id, of others by the id given."""
    journal(folder, [opened(), opened(OTHER, parent=RUN), opened("c" * 32, parent_id="foreign")])
    runs = by_local_id(deliver(folder))
    assert runs[RUN].run_id == runs[OTHER].tags[t.MLFLOW_PARENT]
    assert "foreign" == runs["c" * 32].tags[t.MLFLOW_PARENT]


def test_a_tag_that_names_a_run_names_it_as_the_store_does(folder):
    """The best trial on a sweep is a link that works, not our local id."""
    journal(
        folder, [opened(), opened(OTHER, parent=RUN), Tags(RUN, {t.BEST_TRIAL_RUN_ID: OTHER, "note": OTHER})]
    )
    runs = by_local_id(deliver(folder))
    assert runs[OTHER].run_id == runs[RUN].tags[t.BEST_TRIAL_RUN_ID]
    assert OTHER == runs[RUN].tags["note"]


def test_ids_are_remembered(folder, backend):
    """Where each run lives is known to the next shipper, and to whoever asks for a run's id."""
    Delivery(folder, backend).send(opened())
    (run_id,) = backend.runs
    assert {RUN: RemoteRun(run_id, "Default")} == Delivery(folder, backend).runs


def test_a_run_that_is_known_costs_nothing_when_it_is_sent_again(folder, backend, mocker):
    """After an outage a stretch is sent again: the runs in it are neither made nor searched for twice."""
    delivery = Delivery(folder, backend)
    create, find = mocker.spy(backend, "create"), mocker.spy(backend, "find")
    for _ in range(3):
        delivery.send(opened())
    assert (1, 0) == (create.call_count, find.call_count)


def test_an_id_that_could_not_be_kept_is_kept_later(folder, backend, mocker):
    """A full disk at the wrong moment does not make the run unknown for good, nor twofold."""
    delivery = Delivery(folder, backend)
    mocker.patch("tracked.journal.disk.append", side_effect=OSError("full"))
    with pytest.raises(OSError, match="full"):
        delivery.send(opened())
    mocker.stopall()
    delivery.send(opened())
    assert [RUN] == list(by_local_id(backend)) == list(Delivery(folder, backend).runs)


def test_an_artifact_arrives_and_its_copy_goes(folder):
    """The copy is there until the store has the file, and not longer."""
    record = store_file(folder)
    journal(folder, [opened(), record])
    assert {"model/w.bin": b"content"} == by_local_id(deliver(folder))[RUN].artifacts
    assert [] == list(folder.files.iterdir())


def test_copies_are_freed_only_after_the_acknowledgement(folder, backend, mocker):
    """Until it is on the disk that a stretch is delivered, its files can be sent again."""
    record = store_file(folder)
    journal(folder, [opened(), record])
    mocker.patch("tracked.shipper.tail.write_ack", side_effect=OSError("full"))
    with pytest.raises(OSError, match="full"):
        deliver(folder, backend)
    assert folder.stored(record.stored).exists()
    mocker.stopall()
    deliver(folder, backend)
    assert not folder.stored(record.stored).exists()
    assert [] == aside(folder)


def test_a_journal_does_not_free_the_copies_of_another(folder):
    """One journal's acknowledgement says nothing about files of another that was interrupted."""

    class Late(MemoryBackend):
        late = True

        def close(self, run_id, *rest):
            if self.late and self.runs[run_id].tags[t.LOCAL_ID] == RUN:
                raise BackendUnavailable("later")
            super().close(run_id, *rest)

    record = store_file(folder)
    journal(folder, [opened(), record, Closed(RUN, NOW, "FINISHED")], name="1-1-a")
    journal(folder, whole_run(OTHER), name="2-2-b")
    backend = Late()
    with pytest.raises(BackendUnavailable):
        deliver(folder, backend)
    assert "FINISHED" == by_local_id(backend)[OTHER].status
    assert folder.stored(record.stored).exists()
    backend.late = False
    deliver(folder, backend)
    assert [] == aside(folder)


@pytest.mark.parametrize(
    "stored",
    [
        "../../secret.txt",
        "/etc/hostname",
        "",
        ".",
        "gone/x",
        "a\0b",
        "x" * 5000,
        "\ud800".encode("utf-8", "replace").decode(),
    ],
)
def test_a_hostile_artifact_is_put_aside(folder, tmp_path, stored):
    """A journal that names a file outside the folder, or none that can be, costs itself only; nothing is sent."""
    (tmp_path / "secret.txt").write_text("secret")
    journal(folder, [opened(), Artifact(RUN, "x.txt", stored, 1), *points()])
    run = by_local_id(deliver(folder))[RUN]
    assert ({}, expected_points()) == (run.artifacts, list(run.points))
    assert 1 == len(aside(folder))
    assert (tmp_path / "secret.txt").exists()


def test_limits_of_the_store_are_kept(folder):
    """Requests are cut to what this very store takes."""

    class Small(MemoryBackend):
        limits = Limits(points=7)

        def log(self, run_id, points, *rest):
            assert len(points) <= 7
            super().log(run_id, points, *rest)

    journal(folder, [opened(), *points(count=30)])
    assert expected_points(30) == list(by_local_id(deliver(folder, Small()))[RUN].points)


def test_ending_dead_runs_leaves_refused_ones_alone(folder, backend):
    """A run that was never made is not ended, and nothing is reported a second time."""
    delivery = Delivery(folder, backend)
    delivery.send(opened())
    delivery.give_up(OTHER)
    delivery.close_dead([RUN, OTHER], NOW, "gone")
    delivery.keep_aside()
    run = by_local_id(backend)[RUN]
    assert ("KILLED", NOW, "gone") == (run.status, run.end_time, run.tags[t.END_REASON])
    assert [] == aside(folder)


def test_a_batch_of_an_unknown_run_is_put_aside_whole(folder, backend):
    """Data without a run are kept in one piece."""
    delivery = Delivery(folder, backend)
    delivery.send(Batch(RUN, (Point("a", 1.0, NOW, 0),), (("p", "1"),), (("t", "1"),)))
    delivery.keep_aside()
    assert [["batch", RUN, [["a", "1.0", NOW, 0]], [["p", "1"]], [["t", "1"]]]] == [
        what for _, what in aside(folder)
    ]
    assert 1 == delivery.set_aside


def test_a_refused_run_is_refused_for_the_next_shipper_too(folder, mocker):
    """What the store said of a run is remembered: later records are put aside at once, untried."""

    class Strict(MemoryBackend):
        def create(self, opened, parent_id):
            raise Refused("experiment is deleted")

    path = journal(folder, [opened()], this_process())
    deliver(folder, Strict())
    assert {RUN: ids.Refusal("experiment is deleted")} == ids.read(folder)
    with path.open("ab") as file:
        file.write(lines.encode(to_json(Params(RUN, {"lr": "1"}))))
    backend = MemoryBackend()
    create = mocker.spy(backend, "create")
    # Not by the last call of ``drain``, which gives up what nobody brings.
    Shipper(folder, lambda: backend).round()
    assert read_ack(path).at == path.stat().st_size
    assert 0 == create.call_count
    assert ["experiment is deleted", "its run is unknown or was refused"] == [
        reason for reason, _ in aside(folder)
    ]


@pytest.mark.parametrize("note", [False, True])
def test_the_description_of_a_new_run_is_not_asked_for(folder, backend, mocker, note):
    """Nobody else can have described a run that is made in the same stretch: one request less for each short run."""
    asked = mocker.spy(backend, "tag")
    described = [Tags(RUN, {t.MLFLOW_NOTE: "by hand"})] if note else []
    filler = [Params(RUN, {f"p{i}": "x" for i in range(150)})]
    path = journal(folder, [opened(), *described, *filler, Tags(RUN, {t.SUMMARY: "ours"})], this_process())
    deliver(folder, backend)
    told = by_local_id(backend)[RUN].tags[t.MLFLOW_NOTE]
    assert 0 == asked.call_count
    assert (note, True) == ("by hand" in told, "ours" in told)
    with path.open("ab") as file:
        file.write(lines.encode(to_json(Tags(RUN, {t.SUMMARY: "later"}))))
    backend.log(next(iter(backend.runs)), (), {}, {t.MLFLOW_NOTE: "by a person"})
    deliver(folder, backend)
    assert 1 == asked.call_count
    assert "by a person" in by_local_id(backend)[RUN].tags[t.MLFLOW_NOTE]
