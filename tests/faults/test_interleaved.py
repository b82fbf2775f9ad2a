"""Records, deaths, restarts and faults in any order: in the end the store holds what a simple model of it holds."""

from __future__ import annotations

import errno
import hashlib
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tests.faults.steps import BAD, At, Crash, PickyMemory, crash, stepping
from tests.journals import NOW, aside, by_local_id, journal
from tracked import tags as t
from tracked.errors import BackendUnavailable, LoginRefused
from tracked.journal import lines
from tracked.journal.folder import Folder
from tracked.journal.reader import read_window
from tracked.process import this_process
from tracked.records import Artifact, Closed, Metrics, Opened, Params, Record, Tags, to_json
from tracked.shipper.loop import Shipper


@dataclass
class Wanted:
    """What the store has to hold of a run in the end."""

    writer: int
    """Who has opened it, and so ends it."""
    parent: str | None
    status: str = "KILLED"
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: list[tuple[str, float, int, int]] = field(default_factory=list)
    """In the order in which they were written."""
    files: dict[str, str] = field(default_factory=dict)


def unavailable() -> None:
    raise BackendUnavailable("no answer")


def login() -> None:
    raise LoginRefused("who are you?")


def full() -> None:
    raise OSError(errno.ENOSPC, "no space left on device")


class Interleaved(RuleBasedStateMachine):
    """Writers are files that are written by hand, so that they can die while the test lives."""

    runs = Bundle("runs")
    writers = Bundle("writers")

    def __init__(self) -> None:
        super().__init__()
        self.stack = tempfile.TemporaryDirectory()
        self.folder = Folder(Path(self.stack.name) / "journals").made()
        self.backend = PickyMemory()
        self.wanted: dict[str, Wanted] = {}
        self.aside: set[tuple[str, int]] = set()
        self.paths: list[Path] = []
        self.dead: set[int] = set()
        self.clock = NOW
        self.patches = [
            mock.patch("tracked.shipper.tail.is_alive", lambda writer: writer.get("number") not in self.dead),
            mock.patch("tracked.journal.disk.sync_to_disk"),
        ]
        for patch in self.patches:
            patch.start()
        self.restart()

    @initialize(size=st.sampled_from([150, 1000, 1 << 20]))
    def stretches(self, size: int) -> None:
        """How much is delivered at once."""
        self.patches.append(mock.patch("tracked.shipper.tail.read_window", partial(read_window, size=size)))
        self.patches[-1].start()

    @initialize(target=writers)
    def first_writer(self) -> int:
        return self.begin_writing()

    @rule(target=writers)
    def fork(self) -> int:
        """Another process writes, into the runs of others too."""
        return self.begin_writing()

    def begin_writing(self) -> int:
        number = len(self.paths)
        name = f"{number:013d}-1-{number:08x}"
        self.paths.append(journal(self.folder, [], {**this_process(), "number": number}, name))
        return number

    def write(self, writer: int, record: Record) -> bool:
        """Whether the record is acknowledged: the dead write nothing."""
        if writer in self.dead:
            return False
        with self.paths[writer].open("ab") as file:
            file.write(lines.encode(to_json(record)))
        self.clock += 1
        return True

    @rule(target=runs, writer=writers, above=st.none() | runs)
    def open(self, writer: int, above: str | None) -> str:
        run = f"{len(self.wanted):032x}"
        above = above if above in self.wanted else None
        if self.write(writer, Opened(run, self.clock, "train", "Default", parent=above)):
            self.wanted[run] = Wanted(writer, above)
        return run

    @rule(writer=writers, run=runs, values=st.lists(st.sampled_from([0.5, 1.0, "nan", "inf"]), max_size=3))
    def log(self, writer: int, run: str, values: list) -> None:
        named = {f"m{writer}.{i}": value for i, value in enumerate(values)}
        time = self.clock
        if run in self.wanted and self.write(writer, Metrics(run, time, time - NOW, named)):
            self.wanted[run].points += [(k, float(v), time, time - NOW) for k, v in named.items()]

    @rule(writer=writers, run=runs)
    def log_badly(self, writer: int, run: str) -> None:
        """What the store refuses costs itself only."""
        time = self.clock
        if run in self.wanted and self.write(writer, Metrics(run, time, 0, {BAD: 1.0, f"m{writer}.0": 2.0})):
            self.aside.add((run, time))
            self.wanted[run].points.append((f"m{writer}.0", 2.0, time, 0))

    @rule(writer=writers, run=runs, value=st.integers(1, 3))
    def param(self, writer: int, run: str, value: int) -> None:
        """The first value stays; of what two processes write at once nobody can tell the order."""
        key = f"p{writer}"
        if run in self.wanted and self.write(writer, Params(run, {key: str(value)})):
            first = self.wanted[run].params.setdefault(key, str(value))
            if first != str(value):
                self.wanted[run].tags[t.param_changed(key)] = str(value)

    @rule(writer=writers, run=runs, value=st.integers(1, 9))
    def tag(self, writer: int, run: str, value: int) -> None:
        """The last value wins."""
        if run in self.wanted and self.write(writer, Tags(run, {f"t{writer}": str(value)})):
            self.wanted[run].tags[f"t{writer}"] = str(value)

    @rule(writer=writers, run=runs, name=st.sampled_from(["a", "b/c"]), content=st.binary(max_size=4))
    def keep(self, writer: int, run: str, name: str, content: bytes) -> None:
        name = f"{writer}/{name}"
        if run not in self.wanted or writer in self.dead:
            return
        stored, path = self.folder.new_snapshot(name.rpartition("/")[2], self.paths[writer].stem)
        path.write_bytes(content)
        self.write(writer, Artifact(run, name, stored, len(content)))
        self.wanted[run].files[name] = hashlib.sha256(content).hexdigest()

    @rule(writer=writers, run=runs, name=st.sampled_from(["a", "b"]))
    def take_away(self, writer: int, run: str, name: str) -> None:
        name = f"{writer}/{name}"
        if run in self.wanted and self.write(writer, Artifact(run, name, "", -1)):
            files = self.wanted[run].files
            self.wanted[run].files = {
                n: f for n, f in files.items() if n != name and not n.startswith(f"{name}/")
            }

    @rule(run=runs, status=st.sampled_from(["FINISHED", "FAILED"]))
    def close(self, run: str, status: str) -> None:
        wanted = self.wanted.get(run)
        if (
            wanted
            and wanted.status == "KILLED"
            and self.write(wanted.writer, Closed(run, self.clock, status))
        ):
            wanted.status = status

    @rule(writer=writers, cut=st.integers(1, 60))
    def tear(self, writer: int, cut: int) -> None:
        """Half a record, which is not acknowledged: on a full disk the next one follows it."""
        if writer not in self.dead:
            with self.paths[writer].open("ab") as file:
                file.write(lines.encode(to_json(Tags("f" * 32, {"torn": "x" * 60})))[:cut])

    @rule(writer=writers)
    def die(self, writer: int) -> None:
        self.dead.add(writer)

    @rule()
    def restart(self) -> None:
        """Another shipper, which knows what is on the disk."""
        self.shipper = Shipper(self.folder, lambda: self.backend)

    @rule(
        act=st.sampled_from([crash, unavailable, login, full]),
        at=st.integers(0, 25),
        rounds=st.integers(1, 3),
    )
    def ship(self, act, at: int, rounds: int) -> None:
        """The shipper works for a while, and something happens to it on its way."""
        try:
            with stepping(self.backend, At(act, at)):
                for _ in range(rounds):
                    self.shipper.round()
        except Crash:
            self.restart()

    @invariant()
    def nothing_is_there_that_was_not_written(self) -> None:
        for run, stored in by_local_id(self.backend).items():
            assert {tuple(point) for point in stored.points if point.value == point.value} <= {
                *self.wanted[run].points
            }

    def teardown(self) -> None:
        """All writers die, one shipper delivers the rest, and the store is looked at."""
        try:
            self.dead.update(range(len(self.paths)))
            self.restart()
            self.shipper.drain()
            self.check()
        finally:
            for patch in self.patches:
                patch.stop()
            self.stack.cleanup()

    def check(self) -> None:
        runs = by_local_id(self.backend)
        ids = {stored.run_id: run for run, stored in runs.items()}
        assert runs.keys() == self.wanted.keys()
        for run, wanted in self.wanted.items():
            stored = runs[run]
            assert wanted.status == stored.status
            assert wanted.parent == ids.get(stored.tags.get(t.MLFLOW_PARENT))
            assert wanted.params == stored.params
            ours = {
                k: v for k, v in stored.tags.items() if (k[0] == "t" and k[1:].isdigit()) or "changed" in k
            }
            assert wanted.tags == ours
            assert wanted.files == {n: hashlib.sha256(c).hexdigest() for n, c in stored.artifacts.items()}
            assert by_key(wanted.points) == by_key(stored.points)
        refused = {(what[1], what[2][0][2]) for _, what in aside(self.folder) if what[0] == "batch"}
        assert self.aside == refused
        assert [] == self.folder.journals() == list(self.folder.files.iterdir())


def by_key(points) -> dict[str, list[str]]:
    """The points of each key, of which one process alone is the writer, in their order."""
    found: dict[str, list[str]] = {}
    for key, *point in points:
        found.setdefault(key, []).append(repr(point))
    return found


@pytest.mark.parametrize("examples", [100, pytest.param(2000, marks=pytest.mark.slow)])
def test_any_order_of_records_faults_and_deaths_ends_as_written(examples):
    """However records, forks, torn lines, deaths, crashes and outages follow each other, nothing is lost or doubled."""
    run_state_machine_as_test(
        Interleaved,
        settings=settings(max_examples=examples, stateful_step_count=40, deadline=None, database=None),
    )
