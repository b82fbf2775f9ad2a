"""The life of a run: what is said of it, and that nothing of ours stops the user's code."""

import os
import threading

import pytest

from tests.scripts import Store, called
from tracked import tags as t
from tracked import track, tracked_training
from tracked.context import CURRENT
from tracked.endings import ended
from tracked.errors import TrackedError
from tracked.outcome import Outcome
from tracked.plan import RunPlan
from tracked.scope import open_run
from tracked.testing import captured

PROGRAM = """
import sys
from tracked import track, tracked_training

@tracked_training
def inner(x):
    print('user output')
    track.log(loss=x)
    return {'acc': x}

@tracked_training
def outer():
    for x in range(3):
        inner(x)
    with track.run('block'):
        pass
    return {'acc': 0.5}

outer()
"""


@pytest.fixture
def store(tmp_path):
    """A file-backed store."""
    return Store(tmp_path)


class TestSpeech:
    def test_two_lines_for_a_root_and_none_for_children(self, store):
        """Where it goes, and how it ended with what; children and stdout are left alone."""
        done = store.python(PROGRAM)
        begin, end = done.stderr.splitlines()
        assert "outer" in begin
        assert store.uri in begin
        assert "outer" in end
        assert "FINISHED" in end
        assert "acc=0.5" in end
        assert "user output\n" * 3 == done.stdout

    def test_silent_to_the_byte(self, store):
        """TRACKED_SILENT=1 says nothing at all, warnings included, and the runs are there."""
        source = PROGRAM + "track.log(outside=1)\nwith track.run('r'): track.log(bad='x')\n"
        done = store.python(source, TRACKED_SILENT="1")
        assert ("user output\n" * 3, "") == (done.stdout, done.stderr)
        assert "FINISHED" == store["outer"].status

    def test_quiet_leaves_warnings(self, store):
        """TRACKED_VERBOSITY=quiet: no start, no end, but what went wrong."""
        source = PROGRAM + "track.log(outside=1)\n"
        (line,) = store.python(source, TRACKED_VERBOSITY="quiet").stderr.splitlines()
        assert "outside a run" in line

    def test_a_failed_root_says_so(self, store):
        """The last line tells the true end."""
        source = (
            "from tracked import tracked_training\n"
            "@tracked_training\n"
            "def fails(): raise ValueError('no')\n"
            "try: fails()\n"
            "except ValueError: pass\n"
        )
        assert "FAILED" in store.python(source).stderr.splitlines()[-1]

    def test_children_in_other_processes_are_silent_too(self, store):
        """A run that was sent its parent is no root."""
        source = (
            "import os, subprocess, sys\n"
            "from tracked import track\n"
            "if len(sys.argv) > 1:\n"
            "    with track.run('child'): pass\n"
            "else:\n"
            "    with track.run('root'):\n"
            "        track.inject(os.environ)\n"
            "        subprocess.run([sys.executable, __file__, 'child'], check=True)\n"
        )
        lines = store.python(source).stderr.splitlines()
        assert ["root", "root"] == [line.split()[1] for line in lines]

    def test_many_roots_end_in_silence(self, store):
        """A loop of a thousand calls does not flood the terminal: after ten roots one line says so."""
        source = "from tracked import track\nfor i in range(20):\n    with track.run(f'r{i}'): pass\n"
        lines = store.python(source).stderr.splitlines()
        assert 2 * 10 + 1 == len(lines)
        assert "without a word" in lines[-1]
        assert 20 == len(store.runs)

    def test_credentials_of_the_store_are_not_shown(self, store):
        """User, password and query of the URI stay out of every line."""
        uri = "records://user:hunter2@host/store.records?sig=abc"
        done = store.python(PROGRAM, TRACKED_TRACKING_URI=uri)
        assert "host/store.records" in done.stderr
        assert "hunter2" not in done.stderr
        assert "sig=abc" not in done.stderr


class TestBadValues:
    def test_the_rest_is_logged_and_one_warning_names_the_key(self, capsys):
        """Each key that is no number is named once, whatever else goes on."""
        bad = {"word": "text", "none": None, "complex": 1j, "pair": [1, 2], "object": object()}
        with captured() as runs:
            with track.run("r"):
                for i in range(3):
                    track.log({"good": i, **bad, "flag": True})
            run = runs["r"]
        assert {"good": 2.0, "flag": 1.0} == run.metrics
        assert 3 == len([p for p in run.points if p.key == "good"])
        said = [line for line in capsys.readouterr().err.splitlines() if "no number" in line]
        assert [1] * len(bad) == [sum(repr(key) in line for line in said) for key in bad]

    def test_nan_and_infinities_are_numbers(self):
        """They are logged as what they are."""
        with captured() as runs:
            with track.run("r"):
                track.log(a=float("nan"), b=float("inf"), c=-float("inf"))
            metrics = runs["r"].metrics
        assert metrics["a"] != metrics["a"]
        assert (float("inf"), -float("inf")) == (metrics["b"], metrics["c"])

    def test_a_value_whose_code_fails_costs_only_itself(self, capsys):
        """An object that raises when asked for a number is left out."""

        class Broken:
            def __float__(self):
                raise ZeroDivisionError

            item = __float__

        with captured() as runs:
            with track.run("r"):
                track.log(broken=Broken(), good=1)
            assert {"good": 1.0} == runs["r"].metrics
        assert "'broken'" in capsys.readouterr().err


class TestWhenNothingWorks:
    def test_an_unwritable_journal_folder_costs_one_line(self, store):
        """The functions run with their results, the process ends well, and one line says what is wrong."""
        home = store.folder / "a file"
        home.write_text("in the way")
        done = store.python(PROGRAM, TRACKED_HOME=str(home / "home"))
        (line,) = done.stderr.splitlines()
        assert "goes on" in line
        assert "user output\n" * 3 == done.stdout

    def test_a_full_disk_costs_one_line(self, store):
        """Writes that fail in the middle lose no result of the user's."""
        source = (
            "import resource, signal\n"
            "from tracked import track, tracked_training\n"
            "@tracked_training\n"
            "def train():\n"
            "    track.log(before=1)\n"
            "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)\n"
            "    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))\n"
            "    for i in range(100): track.log(lost=i)\n"
            "    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))\n"
            "    track.log(after=1)\n"
            "    return {'acc': 0.5}\n"
            "assert train() == {'acc': 0.5}\n"
        )
        done = store.python(source)
        assert 1 == done.stderr.count("goes on")
        run = store["train"]
        assert ("FINISHED", {"before": 1.0, "after": 1.0, "acc": 0.5}) == (run.status, run.metrics)

    def test_a_run_that_could_not_open_is_off_and_so_are_its_children(self, monkeypatch, tmp_path):
        """Everything can be called on it and does nothing; who asks for its id is told why there is none."""
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("TRACKED_HOME", str(tmp_path / "file" / "home"))
        with track.run("off") as run, track.run("inner") as inner:
            track.log(x=1)
            track.params(a=1)
            track.tag(b=1)
            track.artifact(b"x", "x")
        assert (True, True) == (run.is_off, inner.is_off)
        with pytest.raises(TrackedError, match="not tracked"):
            _ = run.id


class TestEnd:
    def test_only_the_first_end_counts(self):
        """A run that has ended stays as it ended."""
        with captured() as runs:
            run = open_run(RunPlan("r"))
            ended(run, ValueError("first"))
            ended(run, None)
            assert "FAILED" == runs["r"].status

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (SystemExit(0), "FINISHED"),
            (SystemExit(), "FINISHED"),
            (SystemExit(1), "FAILED"),
            (SystemExit("text"), "FAILED"),
            (KeyboardInterrupt(), "KILLED"),
            (MemoryError(), "FAILED"),
            (GeneratorExit(), "KILLED"),
        ],
    )
    def test_every_end_is_true(self, error, status):
        """``sys.exit(0)`` is success, Ctrl-C is KILLED, anything else that breaks is FAILED."""

        def ends():
            raise error

        with captured() as runs:
            with pytest.raises(type(error)) as caught:
                tracked_training(ends)()
            assert caught.value is error
            assert status == runs["ends"].status

    def test_the_traceback_is_kept_without_secrets(self, monkeypatch):
        """Type, message and traceback are tags; values of secrets in the environment are not in them."""
        monkeypatch.setenv("MY_API_TOKEN", "hunter2-hunter2")

        def fails():
            raise RuntimeError("cannot log in with hunter2-hunter2")

        with captured() as runs:
            with pytest.raises(RuntimeError, match="hunter2"):
                tracked_training(fails)()
            tags = runs["fails"].tags
        assert "RuntimeError" == tags[t.ERROR_TYPE]
        assert "cannot log in" in tags[t.ERROR_MESSAGE]
        assert "fails" in tags[t.ERROR_TRACEBACK]
        assert "hunter2" not in "".join(tags.values())

    def test_logging_after_the_end_is_kept(self):
        """A thread that is late loses nothing and reopens nothing."""
        with captured() as runs:
            with track.run("r") as run:
                pass
            run.log({"late": 1})
            assert ("FINISHED", {"late": 1.0}) == (runs["r"].status, runs["r"].metrics)


def test_long_params_are_kept_whole():
    """A value that the store would cut lies whole in ``params.json``."""
    text = "x" * 20_000
    with captured() as runs:
        tracked_training(lambda text, lr: None)(text, 0.1)
        run = runs["<lambda>"]
    assert len(run.params["text"]) <= 6000
    assert "0.1" == run.params["lr"]
    assert text.encode() in run.artifacts["params.json"]


def test_where_it_came_from_is_there_from_the_first_moment():
    """Host, process, user and script are tags at creation, when the run still lasts."""
    with captured() as runs, track.run("r"):
        tags = runs["r"].tags
    assert tags[t.PROCESS].startswith(f"{os.getpid()}:")
    assert {t.HOST, t.LOCAL_ID, t.MLFLOW_SOURCE_NAME} <= tags.keys()


def test_eight_threads_each_have_their_own_run():
    """Threads share nothing but the store."""

    @tracked_training
    def lift(x):
        for i in range(20):
            track.log(point=100 * x + i)

    with captured() as runs:
        threads = [threading.Thread(target=lift, args=(x,)) for x in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        lifts = called(runs.runs, "lift")
    assert 8 == len(lifts)
    for run in lifts:
        x = int(run.params["x"])
        assert [100.0 * x + i for i in range(20)] == [p.value for p in run.points]
    assert CURRENT.get() is None


class Meeting(int):
    """The pid of a process in which two threads look at the same time."""

    both = threading.Barrier(2)

    def __eq__(self, other):
        self.both.wait(5.0)
        return int(self) == other

    __hash__ = int.__hash__


def test_two_threads_that_end_a_run_at_once_write_one_end():
    """One of them ends it, as it says; what ends with the run is done once."""
    with captured() as store:
        run, steps = open_run(RunPlan("block", "block")), []
        run.before_close.append(lambda: steps.append(1))
        run.pid = Meeting(os.getpid())
        threads = [threading.Thread(target=run.close, args=(Outcome(s),)) for s in ("FINISHED", "FAILED")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        written = run.session.journal.path.read_text()
        (stored,) = store.runs
    assert (1, [1]) == (written.count('["closed",'), steps)
    assert run.closed.status == stored.status
