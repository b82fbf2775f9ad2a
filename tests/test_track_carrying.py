"""Carrying a run to other threads and processes: ``track.bind``, ``track.inject`` and ``track.extract``."""

import asyncio
import contextvars
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.scripts import Store, await_, called, parent_of, values
from tracked import errors, track, tracked_training
from tracked import tags as t
from tracked.context import RunRef
from tracked.testing import captured

STANDS_ALONE = "stands by itself"
BROKEN = ["{", "[]", '{"run": 1}', '{"run": "a", "new": 1}', '{"run": 1, "folder": "", "experiment": ""}']


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

    @pytest.mark.parametrize("broken", ["", *BROKEN])
    def test_a_broken_context_is_none(self, broken, monkeypatch, capsys):
        """A foreign or damaged value in the environment is as good as none; one line says so, if there is one."""
        monkeypatch.setenv("TRACKED_CONTEXT", broken)
        with captured() as runs:
            assert track.current() is None
            with track.run("r"):
                pass
            assert t.MLFLOW_PARENT not in runs["r"].tags
        assert bool(broken) == capsys.readouterr().err.count(
            "TRACKED_CONTEXT in the environment: this is no ref"
        )

    def test_credentials_stay_here(self, tmp_path, monkeypatch):
        """Of the store's address, only what may be shown is written."""
        carrier = {}
        monkeypatch.setenv("TRACKED_TRACKING_URI", f"{Store(tmp_path).uri}?token=hunter2-hunter2")
        with track.run("r"):
            track.inject(carrier)
        assert Store(tmp_path).uri == json.loads(carrier["TRACKED_CONTEXT"])["store"]
        assert "hunter2" not in str(carrier)

    def test_what_is_switched_off_is_not_carried(self):
        """There is no run to be part of."""
        carrier = {}
        with captured(), track.disabled():
            track.inject(carrier)
        assert {} == carrier


def in_threads(*work):
    """Do all of this at once, in a thread each that knows nothing of our context."""
    started = [threading.Thread(target=each) for each in work]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


class TestThreadsWithoutContext:
    @staticmethod
    def together(n):
        """A decorated function, n calls of which are under way at once."""
        barrier = threading.Barrier(n)

        @tracked_training
        def train(x, study_key_hash=None):
            barrier.wait(10)
            track.log(x=x)
            barrier.wait(10)

        return train

    def test_calls_at_once_are_siblings(self, capsys):
        """A call is no child of the one before in the pool, but of the run that all are part of; it is tagged."""
        train = self.together(4)
        with captured() as runs:
            with track.run("outer"), track.run("root"):
                in_threads(*(lambda x=x: train(x) for x in range(4)))
            trained = called(runs.runs, "train")
            assert ["root"] * 4 == [parent_of(runs.runs, run) for run in trained]
            assert all([float(run.params["x"])] == values(run, "x") for run in trained)
            assert {"true"} == {run.tags[t.PARENT_GUESSED] for run in trained}
            assert t.PARENT_GUESSED not in runs["root"].tags
        assert STANDS_ALONE not in capsys.readouterr().err

    def test_what_is_inside_is_known(self):
        """Only the first run in the thread is guessed; what that calls is its child."""
        inner = tracked_training(lambda: None)
        outer = tracked_training(name="outer")(lambda: [inner()])
        with captured() as runs:
            with track.run("root"):
                in_threads(outer)
            (run,) = called(runs.runs, "<lambda>")
            assert ("root", "outer") == (parent_of(runs.runs, runs["outer"]), parent_of(runs.runs, run))
            assert t.PARENT_GUESSED not in run.tags

    def test_a_block_too(self):
        """``track.run`` finds the same run above."""

        def block():
            with track.run("block"):
                pass

        with captured() as runs:
            with track.run("root"):
                in_threads(block)
            assert "root" == parent_of(runs.runs, runs["block"])

    def test_the_study_is_inherited(self):
        """The key is that of the same call on the main thread."""
        train = tracked_training(lambda x: x)
        above = tracked_training(name="above")(lambda study_key_hash, call: call())
        with captured() as runs:
            above("a" * 64, lambda: train(1))
            above("a" * 64, lambda: in_threads(lambda: train(1)))
            here, there = called(runs.runs, "<lambda>")
        assert here.tags[t.CALL_KEY] == there.tags[t.CALL_KEY]
        assert "a" * 64 == there.tags[t.STUDY_KEY_HASH]

    def test_calls_that_are_one_run(self):
        """``per_call="aggregate"`` makes one run of the calls of all threads, which ends with the run above."""
        score = tracked_training(per_call="aggregate")(lambda x: {"y": x})
        with captured() as runs:
            for name in ("first", "second"):
                with track.run(name):
                    in_threads(*(lambda x=x: score(x) for x in range(4)))
            scores = called(runs.runs, "<lambda>")
            assert ["first", "second"] == [parent_of(runs.runs, run) for run in scores]
            assert [[0.0, 1.0, 2.0, 3.0]] * 2 == [sorted(values(run, "y")) for run in scores]

    def test_of_several_tasks_it_is_what_they_have_in_common(self):
        """Whichever of them has asked, it is part of that."""
        train = self.together(2)

        async def task():
            async with track.run("task"):
                await asyncio.sleep(0)  # both are open by then
                await asyncio.get_running_loop().run_in_executor(None, train, 1)

        async def main():
            async with track.run("root"):
                await asyncio.gather(task(), task())

        with captured() as runs:
            asyncio.run(main())
            assert ["root"] * 2 == [parent_of(runs.runs, run) for run in called(runs.runs, "train")]

    def test_where_there_is_no_telling_it_stands_alone_and_that_is_said(self, capsys):
        """Two trees are open: no parent is better than a wrong one; one line names the cure."""
        train = self.together(2)
        with captured() as runs:
            blocks = [(contextvars.Context(), track.run(name)) for name in ("one", "two")]
            for context, block in blocks:
                context.run(block.__enter__)
            in_threads(lambda: train(1), lambda: train(2))
            for context, block in blocks:
                context.run(block.__exit__, None, None, None)
            assert [None] * 2 == [parent_of(runs.runs, run) for run in called(runs.runs, "train")]
        said = capsys.readouterr().err
        assert 1 == said.count(STANDS_ALONE)
        assert "track.bind" in said

    def test_where_nothing_is_open_nothing_is_guessed(self, capsys):
        """A thread that outlives the run is not part of it, and a thread's own run is a root like any other."""
        train = tracked_training(lambda x: x)
        with captured() as runs:
            with track.run("over"):
                pass
            in_threads(lambda: train(1))
            (run,) = called(runs.runs, "<lambda>")
            assert (None, None) == (parent_of(runs.runs, run), run.tags.get(t.PARENT_GUESSED))
        assert STANDS_ALONE not in capsys.readouterr().err

    def test_the_run_of_this_process_goes_before_the_one_in_the_environment(self, monkeypatch):
        """That one is above the run that is open here."""
        ref = RunRef("0" * 32, "", "there", run_id="above-us")
        monkeypatch.setenv("TRACKED_CONTEXT", json.dumps(ref.to_dict()))
        with captured() as runs:
            with track.run("root"):
                in_threads(tracked_training(lambda: None))
            (run,) = called(runs.runs, "<lambda>")
            assert ("root", "above-us") == (parent_of(runs.runs, run), runs["root"].tags[t.MLFLOW_PARENT])

    def test_logging_is_not_guessed(self, capsys):
        """A number in the wrong run is worse than none: the hint says how to carry the run."""
        with captured() as runs:
            with track.run("root"):
                in_threads(lambda: track.log(x=1))
            assert {} == runs["root"].metrics
        assert "track.bind(function)" in capsys.readouterr().err


SENDER = """
import sys
from tracked import track
carrier = {}
with track.run('sender') as run:
    if 'known' in sys.argv:
        run.id
    track.inject(carrier)
print(carrier['TRACKED_CONTEXT'])
"""

RECEIVER = """
import sys
from tracked import track, tracked_training
@tracked_training
def train(x):
    track.log(x=x)
with track.extract({'Tracked-Context': sys.argv[1]}) as run:
    track.log(received=1)
    track.log(received=2)
    train(2)
assert track.current() is None
"""

BY_ENVIRONMENT = RECEIVER.partition("with ")[0] + "track.log(received=1); track.log(received=2); train(2)"


class TestExtract:
    def test_a_run_that_is_open_here_is_itself(self):
        """A message between threads: steps are counted on, and the block does not end the run."""
        carrier = {}
        with captured() as runs:
            with track.run("root") as root:
                track.log(x=1)
                track.inject(carrier)
                with track.run("other"), track.extract(carrier) as found:
                    assert root is found is track.current()
                    track.log(x=2)
                track.log(x=3)
            assert [1.0, 2.0, 3.0] == values(runs["root"], "x")
            assert 2 == len(runs.runs)

    @pytest.mark.parametrize("carrier", [{}, {"TRACKED_CONTEXT": ""}, {"traceparent": "00"}])
    def test_a_carrier_without_a_run_changes_nothing(self, carrier):
        """The block is where it would be without."""
        with captured(), track.run("root") as root, track.extract(carrier) as found:
            assert (None, root) == (found, track.current())

    @pytest.mark.parametrize("broken", BROKEN)
    def test_a_damaged_one_is_an_error(self, broken):
        """Whoever asks is told, before the block begins."""
        with captured(), pytest.raises(errors.ConfigError, match="no reference of a run"):
            track.extract({"TRACKED_CONTEXT": broken})

    def test_what_is_no_carrier_is_an_error(self):
        """A mapping is wanted."""
        with captured(), pytest.raises(errors.ConfigError, match=r"a mapping.*not str"):
            track.extract("TRACKED_CONTEXT")

    def test_another_store_of_this_machine(self, tmp_path):
        """The block is part of the run where that is, whatever this program is set up for."""
        there, here = Store(tmp_path), Store(tmp_path / "here")
        here.folder.mkdir()
        here.python(RECEIVER, there.python(SENDER).stdout.strip())
        check_received(there)
        assert not here.path.exists()

    @pytest.mark.parametrize("how", ["extract", "environment"])
    def test_another_machine(self, how, tmp_path):
        """In the same store, a run that the store has made by then is known by its MLflow id."""
        store = Store(tmp_path)
        carrier = elsewhere(store.python(SENDER, "known"))
        home = str(tmp_path / "home there")
        if how == "extract":
            store.python(RECEIVER, carrier, TRACKED_HOME=home)
        else:
            store.python(BY_ENVIRONMENT, TRACKED_CONTEXT=carrier, TRACKED_HOME=home)
        check_received(store)

    def test_a_run_that_cannot_be_reached(self, tmp_path, monkeypatch):
        """What is missing is said: the id, or a store in common."""
        store = Store(tmp_path)
        carrier = json.loads(elsewhere(store.python(SENDER, "known")))
        unknown, other = {**carrier, "remote": None}, {**carrier, "store": "http://other"}
        monkeypatch.setenv("TRACKED_TRACKING_URI", store.uri)
        told = [(unknown, "MLflow id was not known"), (other, "http://other.*runs of this process go to")]
        for given, match in told:
            with pytest.raises(errors.ConfigError, match=match):
                track.extract({"TRACKED_CONTEXT": json.dumps(given)})

    def test_in_the_environment_that_is_one_line_and_a_plain_run(self, tmp_path):
        """The program goes on by itself."""
        store = Store(tmp_path)
        carrier = elsewhere(store.python(SENDER)).replace('"remote": "', '"remote": null, "stage": "')
        said = store.python(BY_ENVIRONMENT, TRACKED_CONTEXT=carrier).stderr
        assert 1 == said.count("TRACKED_CONTEXT in the environment: the run")
        assert (None, [2.0]) == (parent_of(store.runs, store["train"]), values(store["train"], "x"))


def elsewhere(sender):
    """The carrier as another machine gets it, which has no such folder."""
    carrier = json.loads(sender.stdout)
    return json.dumps({**carrier, "folder": carrier["folder"] + "-is-elsewhere"})


def check_received(store):
    """What the receiver did stands where it belongs."""
    await_(lambda: 2 == len([run for run in store.runs if run.status == "FINISHED"]), "delivery")
    await_(lambda: values(store["sender"], "received") == [1.0, 2.0], "the points")
    assert ("sender", [2.0]) == (parent_of(store.runs, store["train"]), values(store["train"], "x"))
