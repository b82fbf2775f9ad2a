"""Processes that call the same sweep, on a storage that they share."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.postgres import postgres
from tests.scripts import Store, await_
from tracked import tags as t

WORKER = Path(__file__).parent / "programs" / "worker.py"


class Crew:
    """Processes that run ``programs/worker.py``.

    Args:
        folder: where they run, and what they share lies.
        storage: of the study.
        n_trials: of all of them together.
    """

    def __init__(self, folder: Path, storage: str, n_trials: int, pause: float = 0.05) -> None:
        self.store = Store(folder)
        self.storage, self.n_trials, self.pause = storage, n_trials, pause
        self.started: list[subprocess.Popen[str]] = []

    def start(self, *, barrier: int = 1, dies_at: int = 0, among: int = 1) -> subprocess.Popen[str]:
        """One more: it waits until so many are ready, and kills itself in its trial ``dies_at``, when ``among`` are."""
        options = map(str, (self.n_trials, barrier, dies_at, among, self.pause))
        process = subprocess.Popen(
            [sys.executable, "-W", "error", str(WORKER), self.storage, *options],
            cwd=self.store.folder,
            env={**os.environ, "TRACKED_TRACKING_URI": self.store.uri},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def results(self) -> list[dict]:
        """What each of them has seen, once all have ended: well, or by their own hand."""
        seen = []
        try:
            for process in self.started:
                out, err = process.communicate(timeout=240)
                assert process.returncode in (0, -signal.SIGKILL), err
                assert "tracking failed" not in err
                seen.append(json.loads(out))
        finally:
            for process in self.started:
                process.kill()  # whatever the others came to, nobody is left waiting
        return seen

    def check(self, seen: list[dict]) -> None:
        """All that holds for any number of processes, one of which has killed itself."""
        dead = [one for one in seen if "died_of" in one]
        alive = [one for one in seen if "died_of" not in one]
        numbers = list(range(self.n_trials))
        for one in alive:
            assert numbers == [number for number, *_ in one["trials"]]
            assert [] == one["missing"]
            assert alive[0] | {"here": 0, "pid": 0} == one | {"here": 0, "pid": 0}
        begun = Counter(number for one in alive for number in one["here"])
        assert {1} == set(begun.values())
        assert {one["died_of"] for one in dead} <= set(begun)
        await_(self.is_delivered, "everything is delivered")
        self.check_runs(alive[0], dead)

    def is_delivered(self) -> bool:
        """Whether no run is open any more."""
        return all(run.status != "RUNNING" for run in self.store.runs)

    def check_runs(self, seen: dict, dead: list[dict]) -> None:
        """One tree: one sweep over all trials, each over its training; the one that was gone on with, too."""
        runs = self.store.runs
        (sweep,) = [run for run in runs if run.tags[t.STAGE] == "hpo"]
        assert ("FINISHED", seen["run"], None) == (sweep.status, sweep.run_id, sweep.tags.get(t.END_REASON))
        trials = [run for run in runs if run.tags[t.STAGE] == "hpo_trial"]
        assert sorted(range(self.n_trials)) == sorted(int(run.tags[t.TRIAL_NUMBER]) for run in trials)
        assert {("FINISHED", sweep.run_id)} == {(run.status, run.tags[t.MLFLOW_PARENT]) for run in trials}
        params = {number: repr(params["x"]) for number, _, params, _ in seen["trials"]}
        assert params == {int(run.tags[t.TRIAL_NUMBER]): run.params["x"] for run in trials}
        attempts = {
            int(run.tags[t.TRIAL_NUMBER]): run.tags[t.ATTEMPT] for run in trials if t.ATTEMPT in run.tags
        }
        assert attempts == {one["died_of"]: "2" for one in dead}
        assert {one["died_of"]: repr(one["x"]) for one in dead}.items() <= params.items()
        trainings = [run for run in runs if run.tags[t.STAGE] == "training"]
        assert {run.run_id for run in trials} == {run.tags[t.MLFLOW_PARENT] for run in trainings}
        assert (seen["best"][4], float(self.n_trials)) == (
            sweep.tags[t.BEST_TRIAL_RUN_ID],
            sweep.metrics["n_complete_trials"],
        )
        assert seen["best"][1] == sweep.metrics["acc"] == max(run.metrics["acc"] for run in trials)


def test_who_comes_later_joins_and_inherits(tmp_path):
    """The first process dies in its second trial: the others, which joined it, end its trial and the sweep's run."""
    crew = Crew(tmp_path, f"journal:{tmp_path}/study.log", 8)
    first = crew.start(dies_at=2, among=3)
    await_(lambda: list(tmp_path.glob("ready-*")), "the first is ready")
    crew.start()
    crew.start()
    seen = crew.results()
    assert -signal.SIGKILL == first.returncode
    crew.check(seen)


@pytest.mark.slow
def test_a_hundred_trials_on_a_journal(tmp_path):
    """Four processes, released together, and one of them killed half way: a hundred trials under one run."""
    hundred(tmp_path, f"journal:{tmp_path}/study.log")


@pytest.mark.slow
def test_a_hundred_trials_on_postgresql(tmp_path):
    """The same on a database."""
    pytest.importorskip("psycopg2")
    with postgres() as address:
        hundred(tmp_path, f"postgresql+psycopg2://{address}")


def hundred(folder: Path, storage: str) -> None:
    """4 x 25 trials."""
    crew = Crew(folder, storage, 100)
    for number in range(4):
        crew.start(barrier=4, dies_at=12 if number == 0 else 0, among=4)
    crew.check(crew.results())
