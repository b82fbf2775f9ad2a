"""Rounds of real processes that are killed with -9 while the store comes and goes; then everything is counted.

    python -m tests.faults.rounds [ROUNDS] [--seed SEED]      # 1000 rounds, as `make faults`

A round: up to three writers, one shipper and a store in a file, that is down while a switch file is there.  Writers
and shippers are killed at any moment.  Then one shipper delivers the rest.  The seed of a round gives its plan; what
the machine makes of it differs from one time to the next.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tracked import tags as t
from tracked.errors import BackendUnavailable
from tracked.journal import snapshot
from tracked.journal.folder import Folder
from tracked.journal.writer import JournalFile
from tracked.records import Closed, Metrics, Opened, Params, Tags
from tracked.session import process
from tracked.shipper.loop import Shipper
from tracked.testing import FileBackend

POINTS, FILE_AT = 400, 50
EVENTS = 8


class Switched(FileBackend):
    """A store that does not answer while a file is there; what it was told a moment before may have arrived."""

    def _checked(self) -> None:
        if self.path.with_suffix(".down").exists():
            raise BackendUnavailable("down")

    def create(self, *args):
        self._checked()
        made = super().create(*args)
        self._checked()
        return made

    def log(self, *args):
        self._checked()
        super().log(*args)
        self._checked()

    def upload(self, *args):
        self._checked()
        done = super().upload(*args)
        self._checked()
        return done

    def close(self, *args):
        self._checked()
        super().close(*args)
        self._checked()


@dataclass
class Round:
    """The places and the processes of one round."""

    top: Path
    chance: random.Random
    shipper: int = 0
    writers: dict[str, int] = field(default_factory=dict)
    """Run and process."""
    done: Counter = field(default_factory=Counter)

    @property
    def folder(self) -> Folder:
        return Folder(self.top / "stores" / "one")

    @property
    def store(self) -> Path:
        return self.top / "store.records"

    @property
    def switch(self) -> Path:
        return self.store.with_suffix(".down")

    def play(self) -> None:
        """All that happens until everybody is gone."""
        for number in range(self.chance.randint(1, 3)):
            run = f"{number:032x}"
            self.writers[run] = forked(lambda run=run: write(self.folder, run, self.top / run))
            self.done["writers"] += 1
        self.begin_shipping()
        for _ in range(EVENTS):
            time.sleep(self.chance.random() * 0.03)
            self.chance.choice([self.kill_shipper, self.kill_writer, self.turn_switch])()
        for pid in self.writers.values():
            ended(pid, kill=self.chance.random() < 0.5)
        ended(self.shipper, kill=True)
        self.switch.unlink(missing_ok=True)

    def begin_shipping(self) -> None:
        self.shipper = forked(lambda: ship(self.folder, self.store))

    def kill_shipper(self) -> None:
        ended(self.shipper, kill=True)
        self.done["shippers killed"] += 1
        self.begin_shipping()

    def kill_writer(self) -> None:
        if self.writers:
            os.kill(self.chance.choice([*self.writers.values()]), signal.SIGKILL)
            self.done["kills of writers"] += 1

    def turn_switch(self) -> None:
        if self.switch.exists():
            self.switch.unlink()
        else:
            self.switch.touch()
            self.done["outages"] += 1

    def count(self) -> None:
        """Deliver the rest, and count what was acknowledged and is not there, and what is there twice."""
        backend = FileBackend(self.store)
        try:
            Shipper(self.folder, lambda: backend).drain()
        finally:
            os.close(backend._fd)
        runs = FileBackend(self.store)
        os.close(runs._fd)
        names = Counter(run.tags[t.LOCAL_ID] for run in runs.runs.values())
        self.done["doubled"] += sum(names.values()) - len(names)
        stored = {run.tags[t.LOCAL_ID]: run for run in runs.runs.values()}
        for run in self.writers:
            self.compare(stored.get(run), acknowledged(self.top / run))
        aside = self.folder.aside
        self.done["lost"] += len(self.folder.journals()) + (aside.exists() and not self.is_torn_only(aside))

    @staticmethod
    def is_torn_only(aside: Path) -> bool:
        """Whether nothing is aside but the ends that kill -9 tore off."""
        return b'"what":[' not in aside.read_bytes()

    def compare(self, run, count: int) -> None:
        """A run that has told so many records acknowledged."""
        self.done["acknowledged"] += count
        if count == 0:
            return
        if run is None:
            self.done["lost"] += count
            return
        steps = Counter(point.step for point in run.points)
        wanted = max(0, min(count - 2, POINTS))
        self.done["lost"] += len({*range(wanted)} - {*steps})
        self.done["doubled"] += sum(steps.values()) - len(steps)
        self.done["lost"] += count > 1 and run.params != {"lr": "0.1"}
        self.done["lost"] += wanted > 0 and int(run.tags.get("state", -1)) < wanted - 1 - (wanted - 1) % 10
        content = hashlib.sha256(run.artifacts.get("w.bin", b"")).digest()
        self.done["lost"] += wanted > FILE_AT and content != hashlib.sha256(bytes(1000)).digest()
        self.done["lost"] += (
            run.status != ("FINISHED" if count == POINTS + 3 else "KILLED") and count != POINTS + 2
        )


def write(folder: Folder, run: str, told: Path) -> None:
    """Open a run, log into it, close it; tell of each record once it is acknowledged."""
    journal = JournalFile(folder)
    fd = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def acknowledge(record) -> None:
        journal.write(record)
        os.write(fd, b".")

    now = int(time.time() * 1000)
    acknowledge(Opened(run, now, "train", "Default"))
    acknowledge(Params(run, {"lr": "0.1"}))
    for step in range(POINTS):
        if step % 10 == 0:
            journal.write(Tags(run, {"state": str(step)}))
        if step == FILE_AT:
            for artifact in snapshot.taken(
                snapshot.Shelf(folder, journal.path.stem), run, bytes(1000), "w.bin"
            ):
                journal.write(artifact)
        acknowledge(Metrics(run, now + step, step, {"acc": step / 8}))
        time.sleep(0.0001)
    acknowledge(Closed(run, now + POINTS, "FINISHED"))


def acknowledged(told: Path) -> int:
    return told.stat().st_size if told.exists() else 0


def ship(folder: Folder, store: Path) -> None:
    """Be the shipper until killed."""
    os.environ[process.LINGER] = "inf"
    folder.made()
    process.serve(folder, "", store.parent, threading.Event(), backend=lambda *_: Switched(store))


def forked(work: Callable[[], object]) -> int:
    """A process of its own that does this."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid


def ended(pid: int, *, kill: bool) -> None:
    """Wait for the end of a process."""
    if kill:
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def main() -> int:
    """Play the rounds and print what came of them; 1 if anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", type=int, nargs="?", default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--seconds", type=float, default=float("inf"), help="begin no round after so many")
    given = parser.parse_args()
    print(f"seeds {given.seed} to {given.seed + given.rounds - 1}", flush=True)
    total, begun = Counter(), time.monotonic()
    for seed in range(given.seed, given.seed + given.rounds):
        if time.monotonic() - begun > given.seconds:
            break
        with tempfile.TemporaryDirectory() as top:
            one = Round(Path(top), random.Random(seed))
            one.play()
            one.count()
        total += one.done + Counter(rounds=1)
        if one.done["lost"] or one.done["doubled"]:
            print(f"seed {seed}: {dict(one.done)}", flush=True)
    total["seconds"] = round(time.monotonic() - begun)
    for name in (
        "rounds",
        "writers",
        "kills of writers",
        "shippers killed",
        "outages",
        "acknowledged",
        "lost",
        "doubled",
        "seconds",
    ):
        print(f"{name:<17}{total[name]:>10,}")
    return int(bool(total["lost"] or total["doubled"]))


if __name__ == "__main__":
    sys.exit(main())
