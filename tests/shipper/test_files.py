from __future__ import annotations

import pytest

from tests.journals import NOW, RUN, aside, by_local_id, deliver, journal, opened
from tracked.errors import BackendUnavailable, Refused
from tracked.journal.acks import Ack, read_ack, write_ack
from tracked.journal.folder import ack_of
from tracked.records import Artifact, Closed, Metrics
from tracked.shipper.delivery import Delivery
from tracked.shipper.status import read_status
from tracked.shipper.tail import Tail
from tracked.testing import MemoryBackend


class Store(MemoryBackend):
    """Remembers what was sent to it, and never takes what is called bad."""

    def __init__(self):
        super().__init__()
        self.calls = []

    @property
    def of_files(self):
        return [call for call in self.calls if call not in ("data", "close")]

    def upload(self, run_id, files, alive=lambda: None):
        good = [file for file in files if "bad" not in file.name]
        self.calls.append([file.name for file in files])
        super().upload(run_id, good, alive)
        return {file.name: "no bad ones" for file in files if file not in good}

    def log(self, *batch):
        self.calls.append("data")
        super().log(*batch)

    def remove(self, run_id, name):
        self.calls.append(f"remove {name}")
        super().remove(run_id, name)

    def close(self, *end):
        self.calls.append("close")
        super().close(*end)


@pytest.fixture
def backend():
    return Store()


def kept(folder, name, **files):
    """The record of a folder, or of one file called ``""``."""
    stored, path = folder.new_snapshot(name, "1-1-x")
    for inner, content in files.items():
        target = path / inner
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
    return Artifact(RUN, name, stored, sum(map(len, files.values())))


def one(folder, name, content):
    stored, path = folder.new_snapshot(name.rpartition("/")[2], "1-1-x")
    path.write_text(content)
    return Artifact(RUN, name, stored, len(content))


def test_the_files_of_a_stretch_go_together_and_data_does_not_wait(folder, backend):
    """One call for all files of a run, after what is quick and before the end of the run."""
    records = [
        opened(),
        kept(folder, "m", a="1", b="2"),
        Metrics(RUN, NOW, 0, {"x": 1.0}),
        one(folder, "c", "3"),
    ]
    journal(folder, [*records, Closed(RUN, NOW, "FINISHED")])
    run = by_local_id(deliver(folder, backend))[RUN]
    assert {"m/a": b"1", "m/b": b"2", "c": b"3"} == run.artifacts
    assert ["data", ["m/a", "m/b", "c"], "close"] == backend.calls
    assert [] == list(folder.files.iterdir())


def test_of_one_name_only_the_last_is_sent(folder, backend):
    """What is overwritten before it was sent costs no transfer, and its copy goes too."""
    journal(folder, [opened(), *(one(folder, "last.pt", str(n)) for n in range(5))])
    assert {"last.pt": b"4"} == by_local_id(deliver(folder, backend))[RUN].artifacts
    assert [["last.pt"]] == backend.of_files
    assert [] == list(folder.files.iterdir())


def test_what_is_removed_before_it_was_sent_is_never_sent(folder, backend):
    """A checkpoint that a policy has let go of in an outage does not travel; what is in a folder goes with it."""
    records = [
        opened(),
        *(one(folder, f"step-{n}/w", str(n)) for n in (1, 10, 2)),
        Artifact(RUN, "step-1", "", -1),
        Artifact(RUN, "step-2", "", -1),
        one(folder, "step-2/w", "again"),
    ]
    journal(folder, records)
    assert {"step-10/w": b"10", "step-2/w": b"again"} == by_local_id(deliver(folder, backend))[RUN].artifacts
    assert [["step-10/w", "step-2/w"], "remove step-1"] == backend.of_files


def test_what_was_sent_is_removed(folder, backend):
    """A removal reaches what an earlier stretch has delivered, after the files that take its place."""
    journal(folder, [opened(), one(folder, "step-1/w", "1")], name="1-1-a")
    deliver(folder, backend)
    journal(folder, [Artifact(RUN, "step-1", "", -1), one(folder, "step-2/w", "2")], name="1-1-b")
    assert {"step-2/w": b"2"} == by_local_id(deliver(folder, backend))[RUN].artifacts
    assert [["step-2/w"], "remove step-1"] == backend.of_files[-2:]


def test_a_refused_file_costs_itself_only_and_its_copy_stays(folder, backend):
    """The others of its folder are there and their copies gone; of it the reason and the bytes are kept."""
    record = kept(folder, "m", a="1", bad="2", c="3")
    journal(folder, [opened(), record])
    assert {"m/a": b"1", "m/c": b"3"} == by_local_id(deliver(folder, backend))[RUN].artifacts
    ((reason, what),) = aside(folder)
    assert ("no bad ones", "m/bad") == (reason, what[2])
    assert b"2" == folder.stored(what[3]).read_bytes()
    assert ["bad"] == [path.name for path in folder.files.rglob("*") if path.is_file()]


def test_a_run_that_is_gone_puts_its_files_aside(folder, backend, mocker):
    """A run deleted in the store costs its files only, and the run is ended as far as may be."""
    mocker.patch.object(backend, "upload", side_effect=Refused("no such run"))
    journal(folder, [opened(), one(folder, "a", "1"), one(folder, "b", "2"), Closed(RUN, NOW, "FINISHED")])
    assert "FINISHED" == by_local_id(deliver(folder, backend))[RUN].status
    assert ["no such run"] * 2 == [reason for reason, _ in aside(folder)]
    assert 2 == len([path for path in folder.files.rglob("*") if path.is_file()])


def test_an_outage_keeps_every_copy_and_sends_all_again(folder, backend, mocker):
    """Until the store has all of a stretch nothing of it counts, and no copy is freed."""
    record = kept(folder, "m", a="1", b="2")
    path = journal(folder, [opened(), record])
    mocker.patch.object(backend, "upload", side_effect=BackendUnavailable("down"))
    with pytest.raises(BackendUnavailable):
        deliver(folder, backend)
    assert (0, True) == (read_ack(path).at, folder.stored(record.stored).is_dir())
    mocker.stopall()
    assert {"m/a": b"1", "m/b": b"2"} == by_local_id(deliver(folder, backend))[RUN].artifacts


def test_a_long_upload_shows_that_the_shipper_lives(folder, backend, mocker):
    """Whoever waits sees it shipping while one large file is sent, and not a shipper that has stalled."""
    seen = []

    def slow(run_id, files, alive):
        alive()
        seen.append(read_status(folder.status).phase)
        return {}

    mocker.patch.object(backend, "upload", slow)
    journal(folder, [opened(), one(folder, "large", "1")])
    deliver(folder, backend)
    assert ["shipping"] == seen


def test_what_a_crash_left_after_the_acknowledgement_goes_at_the_next_start(folder, backend):
    """A shipper that died between the acknowledgement and the freeing leaves nothing for ever."""
    done, waiting = one(folder, "a", "1"), one(folder, "b", "2")
    path = journal(folder, [opened(), done])
    write_ack(path, Ack(path.stat().st_size, (RUN,), (done.stored,)))
    Tail(path, Delivery(folder, backend))
    assert ["b"] == [left.name for left in folder.files.rglob("*") if left.is_file()]
    assert folder.stored(waiting.stored).exists()


def test_copies_of_a_dead_writer_that_no_record_tells_of_go_with_its_journal(folder, backend):
    """A process killed in the middle of a snapshot leaves nothing behind once its journal is delivered."""
    one(folder, "half", "of a file")
    path = journal(folder, [opened(), Closed(RUN, NOW, "FINISHED")], name="1-1-x")
    deliver(folder, backend)
    assert not path.exists()
    assert not ack_of(path).exists()
    assert [] == list(folder.files.iterdir())
