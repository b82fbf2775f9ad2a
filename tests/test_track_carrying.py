"""Carrying a run to other threads and processes: ``track.bind`` and ``track.inject``."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.scripts import Store, await_, called, parent_of, values
from tracked import tags as t
from tracked import track, tracked_training
from tracked.testing import captured


class TestBind:
    def test_a_thread(self):
        """A thread has no run of its own; a bound function logs where it was bound."""
        with captured() as runs:
            with track.run("r"):
                for target in (track.bind(track.log), track.log):
                    thread = threading.Thread(target=target, kwargs={"x": 1})
                    thread.start()
                    thread.join()
            assert [1.0] == values(runs["r"], "x")

    def test_a_decorated_function_in_threads(self):
        """Its runs are children of the run in which it was bound."""

        @tracked_training
        def lift(x):
            track.log(x=x)

        with captured() as runs:
            with track.run("gym"), ThreadPoolExecutor(4) as pool:
                list(pool.map(track.bind(lift), range(8)))
            lifts = called(runs.runs, "lift")
            assert ["gym"] * 8 == [parent_of(runs.runs, run) for run in lifts]
            assert all([float(run.params["x"])] == values(run, "x") for run in lifts)

    def test_it_looks_like_the_function(self):
        """Name and docstring stay."""
        assert ("log", track.log.__doc__) == (track.bind(track.log).__name__, track.bind(track.log).__doc__)

    def test_a_coroutine_function(self):
        """Awaited in another thread's loop, it logs where it was bound."""

        async def work(x):
            await asyncio.sleep(0)
            track.log(x=x)
            return x

        with captured() as runs:
            with track.run("r"):
                bound = track.bind(work)
            with ThreadPoolExecutor(1) as pool:
                assert 7 == pool.submit(lambda: asyncio.run(bound(7))).result()
            assert [7.0] == values(runs["r"], "x")

    def test_processes(self, tmp_path):
        """Bound functions log into the run from workers, counting their steps there, and never end it."""
        store = Store(tmp_path)
        store.python(
            "import multiprocessing\n"
            "from tracked import track, tracked_training\n"
            "@tracked_training\n"
            "def train(x): track.log(x=x)\n"
            "def log(x): track.log({f'worker {x}': x}); track.log({f'worker {x}': x + 1})\n"
            "if __name__ == '__main__':\n"
            "    with multiprocessing.get_context('spawn').Pool(1) as pool, track.run('r'):\n"
            "        pool.map(track.bind(log), [1, 2])\n"
            "        pool.map(track.bind(train), [3])\n"
            "        track.log(main=1)\n"
            "        pool.close(); pool.join()\n"
        )
        await_(lambda: len(store["r"].points) == 5 and called(store.runs, "train"), "delivery")
        run = store["r"]
        assert [[1.0, 2.0], [2.0, 3.0]] == [values(run, f"worker {x}") for x in (1, 2)]
        assert "FINISHED" == run.status
        await_(lambda: store["train"].status == "FINISHED", "the child's end")
        assert ("r", [3.0]) == (parent_of(store.runs, store["train"]), values(store["train"], "x"))

    def test_workers_follow_a_run_that_was_set_up_by_code(self, tmp_path):
        """A set-up in the program's main part is not known to its workers: their runs go to the store of the run
        they came from all the same.
        """
        store, elsewhere = Store(tmp_path), Store(tmp_path / "elsewhere")
        store.python(
            "import multiprocessing, sys, tracked\n"
            "from tracked import track, tracked_training\n"
            "@tracked_training\n"
            "def train(x): track.log(x=x)\n"
            "if __name__ == '__main__':\n"
            "    tracked.setup_mlflow('there', tracking_uri=sys.argv[1])\n"
            "    with multiprocessing.get_context('spawn').Pool(1) as pool, track.run('r'):\n"
            "        pool.map(train, [1]); pool.map(track.bind(train), [2])\n"
            "        pool.close(); pool.join()\n",
            elsewhere.uri,
        )
        await_(lambda: 3 == len([run for run in elsewhere.runs if run.status == "FINISHED"]), "delivery")
        trainings = called(elsewhere.runs, "train")
        assert ["r", "r"] == [parent_of(elsewhere.runs, run) for run in trainings]
        assert ["there"] * 2 == [run.experiment for run in trainings]
        assert not store.path.exists()


CHILD = """
from tracked import track, tracked_training
@tracked_training
def train(x):
    track.log(x=x)
track.log(from_child=1)
track.tag(child='yes')
train(2)
train(3)
assert track.current() is not None
"""


class TestInject:
    def test_a_subprocess_joins_the_run(self, tmp_path, monkeypatch):
        """With TRACKED_CONTEXT a program logs into the run that started it, and its own runs are children."""
        store = Store(tmp_path)
        store.python(
            "import os, subprocess, sys\n"
            "from tracked import track\n"
            "with track.run('launcher'):\n"
            "    environ = dict(os.environ)\n"
            "    track.inject(environ)\n"
            f"    subprocess.run([sys.executable, '-c', {CHILD!r}], env=environ, check=True)\n"
            "    track.log(mine=1)\n"
        )
        await_(lambda: 3 == len([run for run in store.runs if run.status == "FINISHED"]), "delivery")
        launcher = store["launcher"]
        assert {"mine": 1.0, "from_child": 1.0} == launcher.metrics
        assert "yes" == launcher.tags["child"]
        assert ["launcher"] * 2 == [parent_of(store.runs, run) for run in called(store.runs, "train")]

    def test_what_is_injected_is_small_json_without_secrets(self, monkeypatch):
        """It may travel in headers and logs."""
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "hunter2-hunter2")
        carrier = {}
        track.inject(carrier)
        assert {} == carrier
        with captured(), track.run("r", password="hunter2-hunter2"):
            track.inject(carrier)
        assert ["TRACKED_CONTEXT"] == list(carrier)
        assert "run" in json.loads(carrier["TRACKED_CONTEXT"])
        assert len(carrier["TRACKED_CONTEXT"]) < 1000
        assert "hunter2" not in carrier["TRACKED_CONTEXT"]

    @pytest.mark.parametrize("broken", ["", "{", "[]", '{"run": 1}', '{"run": "a", "new": 1}'])
    def test_a_broken_context_is_none(self, broken, monkeypatch):
        """A foreign or damaged value in the environment is as good as none."""
        monkeypatch.setenv("TRACKED_CONTEXT", broken)
        with captured() as runs:
            assert track.current() is None
            with track.run("r"):
                pass
            assert t.MLFLOW_PARENT not in runs["r"].tags
