"""A sweep in Ray's workers is the sweep that it would be here."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.carrying.trees import QUIET
from tests.scripts import PATIENCE, Store, await_
from tracked import tags as t

pytestmark = pytest.mark.slow
pytest.importorskip("ray", reason="`make test-all` installs Ray")

SOURCE = Path(__file__).with_name("ray_program.py")
OWN = (
    t.LOCAL_ID,
    t.PROCESS,
    t.HEARTBEAT,
    t.PROVENANCE,
    t.MLFLOW_PARENT,
    t.MLFLOW_NOTE,
    t.BEST_TRIAL_RUN_ID,
    t.MLFLOW_SOURCE_NAME,
    f"{t.SEARCH}workers",
)
"""Tags that tell a run from every other one, and where it was made."""
OF_THIS_RUN = re.compile(rb'(?<=<p class="facts">)[^<]*?(?=\xc2\xb7)|records://[^ <]+|of run [0-9a-f]{32}')
"""The same in its report: how long it took, its store, its id."""


class Place:
    """A folder in which the program is run, and the runs that it leaves."""

    def __init__(self, folder):
        folder.mkdir()
        self.store = Store(folder)
        shutil.copy(SOURCE, folder / "program.py")
        self.environ = {
            **os.environ,
            **QUIET,
            "HOME": str(folder),
            "TRACKED_HOME": str(folder / "home"),
            "TRACKED_LINGER": "1",
            "TRACKED_TRACKING_URI": self.store.uri,
        }

    def start(self, **options):
        """The program at work."""
        command = [sys.executable, "program.py", json.dumps(options)]
        return subprocess.Popen(
            command,
            cwd=self.store.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def told(self, **options):
        """What the program has found."""
        program = self.start(**options)
        out, err = program.communicate(timeout=400)
        assert program.returncode == 0, err
        return json.loads(out.splitlines()[-1])

    def runs(self, stage=None):
        """All runs, or those of a stage, by name."""
        found = [run for run in self.store.runs if stage in (None, run.tags.get(t.STAGE))]
        return sorted(found, key=lambda run: run.name)

    def tree(self):
        """The root with all that is below."""
        runs = self.store.runs
        (root,) = [run for run in runs if t.MLFLOW_PARENT not in run.tags]
        return branch(root, runs)


def branch(run, runs):
    """What is the same in two runs of one kind, and in those below them."""
    below = [other for other in runs if other.tags.get(t.MLFLOW_PARENT) == run.run_id]
    return {
        "name": run.name,
        "status": run.status,
        "params": run.params,
        "tags": {key: value for key, value in run.tags.items() if key not in OWN},
        "points": sorted((p.key, p.step, p.value) for p in run.points),
        "artifacts": {
            k: OF_THIS_RUN.sub(b"", v) for k, v in run.artifacts.items() if not k.startswith("provenance/")
        },
        "below": sorted((branch(other, runs) for other in below), key=lambda one: one["name"]),
    }


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Both engines, with one trial at a time: then what one trial teaches is known to the next."""
    folder = tmp_path_factory.mktemp("engines")
    made = {}
    for engine in ("optuna", "ray"):
        place = Place(folder / engine)
        made[engine] = place, place.told(engine=engine)
        await_(lambda place=place: len(place.runs()) == 17 and not unfinished(place), "delivery")
    return made


def unfinished(place):
    """The runs that are still open."""
    return [run for run in place.runs() if run.status == "RUNNING"]


def test_what_is_found_is_the_same(places):
    """The same trials with the same values, some of them stopped early, and the same best."""
    optuna, rays = places["optuna"][1], places["ray"][1]
    assert {"complete", "pruned"} == {trial[3] for trial in rays["trials"]}
    assert optuna == rays


def test_the_process_is_left_as_it_was(places):
    """Handlers of signals, settings in the environment, folder, random state and logging are the user's."""
    assert {"optuna": [], "ray": []} == {engine: told["changed"] for engine, (_, told) in places.items()}


def test_a_tuple_of_the_objectives_has_their_names():
    """As here: each number stands under its objective, and not under its place."""
    from tracked.kinds.objective import Objective
    from tracked.kinds.ray_trials import CARRIER, HEARD, LAST, VALUES, Remote

    remote = Remote(Objective(lambda: (1.0, 2.0), (), {}), ("acc", "loss"), False, {})
    told = remote({CARRIER: {}, VALUES: {}}, None)
    assert {"acc": 1.0, "loss": 2.0} == told[HEARD] == told[LAST]


def test_the_tree_is_the_same(places):
    """Names, states, params, tags, every point and artifact, of the sweep, its trials and their trainings."""
    optuna, rays = places["optuna"][0].tree(), places["ray"][0].tree()
    assert optuna == rays


def test_it_is_said_who_did_the_work(places):
    """The sweep tells Ray's version beside that of what suggests."""
    place, _ = places["ray"]
    (root,) = place.runs("hpo")
    assert root.tags[f"{t.SEARCH}workers"].startswith("ray ")


def test_several_at_once_with_a_scheduler_of_rays(tmp_path):
    """``ASHAScheduler`` decides by itself; what it stops is pruned, and every trial is there once."""
    place = Place(tmp_path / "asha")
    found = place.told(engine="ray", n_jobs=2, asha=True, sampler="random")
    assert list(range(8)) == [trial[0] for trial in found["trials"]]
    await_(lambda: not unfinished(place), "the ends")
    states = [run.tags[t.TRIAL_STATE] for run in place.runs("hpo_trial")]
    assert [trial[3] for trial in found["trials"]] == states
    assert "complete" in states
    ends = {"complete": "FINISHED", "pruned": "KILLED"}
    below = {run.tags[t.MLFLOW_PARENT]: run.status for run in place.runs("training")}
    assert [ends[state] for state in states] == [below[run.run_id] for run in place.runs("hpo_trial")]


def test_what_a_trial_raises_is_raised_here(tmp_path):
    """The caller gets the very exception, the trial has failed with it, and those before are kept."""
    place = Place(tmp_path / "raises")
    place.environ["FAILS_ABOVE"] = "0.35"
    told = place.told(engine="ray", sampler="random")
    assert told.startswith("LookupError: 0.4")
    await_(lambda: not unfinished(place), "the ends")
    assert {"FAILED"} == {run.status for run in place.runs("hpo")}
    failed = [run for run in place.runs("hpo_trial") if run.status == "FAILED"]
    assert ["LookupError"] == [run.tags[t.ERROR_TYPE] for run in failed]


def test_ctrl_c_between_two_trials_is_no_end(tmp_path):
    """The caller is interrupted, as between two trials here, and the sweep was KILLED."""
    place = Place(tmp_path / "interrupted")
    assert "KeyboardInterrupt: " == place.told(engine="ray", interrupted=True)
    await_(lambda: not unfinished(place), "the ends")
    assert ["KILLED"] == [run.status for run in place.runs("hpo")]


def test_a_worker_that_dies_fails_its_trial(tmp_path):
    """The sweep does not hang: the trial has failed, and the caller is told that its worker is gone."""
    place = Place(tmp_path / "dies")
    place.environ["DIES_ABOVE"] = "0.35"
    assert "lost the worker of trial 0" in place.told(engine="ray", sampler="random")
    await_(lambda: not unfinished(place), "the ends")
    assert ["FAILED", "FAILED"] == [run.status for stage in ("hpo", "hpo_trial") for run in place.runs(stage)]


def test_what_cannot_be_sent_is_said(tmp_path):
    """An argument that cannot be pickled is a ConfigError, and the sweep's run has failed with it."""
    place = Place(tmp_path / "locked")
    assert place.told(engine="ray", locked=True).startswith("ConfigError: the sweep's function, or what")
    await_(lambda: not unfinished(place), "the ends")
    assert ["FAILED"] == [run.status for run in place.runs()]


def test_after_a_kill_it_goes_on(tmp_path):
    """The process of the sweep is killed half-way: called again, the same run gets what was missing of its trials."""
    place = Place(tmp_path / "killed")
    place.environ["SECONDS_A_STEP"] = "0.3"
    options = {"engine": "ray", "storage": f"journal:{tmp_path}/study.log"}
    killed = place.start(**options)
    await_for(lambda: len(ended(place)) >= 2)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    before = {run.run_id for run in ended(place)}
    place.environ["SECONDS_A_STEP"] = "0"
    found = place.told(**options)
    assert list(range(8)) == [trial[0] for trial in found["trials"]]
    await_(lambda: not unfinished(place), "the ends")
    (root,) = place.runs("hpo")
    trials = place.runs("hpo_trial")
    assert "FINISHED" == root.status
    assert [f"trial-{number}" for number in range(8)] == [run.name for run in trials]
    assert before < {run.run_id for run in trials}
    assert {root.run_id} == {run.tags[t.MLFLOW_PARENT] for run in trials}
    assert {"FINISHED"} == {run.status for run in trials}


def ended(place):
    """Trials of which it is known how they ended."""
    try:
        return [run for run in place.runs("hpo_trial") if t.TRIAL_STATE in run.tags]
    except OSError:
        return []


def await_for(done):
    """Wait for what a machine without load does in half a minute."""
    until = time.monotonic() + 8 * PATIENCE
    while not done():
        assert time.monotonic() < until, "two trials"
        time.sleep(0.1)
