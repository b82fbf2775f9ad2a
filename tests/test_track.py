"""The block face: what each ``track.*`` does inside a run, and outside."""

import asyncio
import contextlib
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.scripts import Store, parent_of, values
from tracked import Kind, track, tracked_training
from tracked import tags as t
from tracked.testing import captured


def points(run, key):
    """Step and value of each point, in the order of logging."""
    return [(p.step, p.value) for p in run.points if p.key == key]


class TestRun:
    def test_a_block_is_a_run(self):
        """Name, kind, params and tags are there; it is current inside and gone after."""
        with captured() as runs:
            with track.run(
                "prepare", kind="training", tags={"team": 7}, rows=1000, model={"depth": 3}
            ) as run:
                assert track.current() is run
                assert "RUNNING" == runs["prepare"].status
            assert track.current() is None
            stored = runs["prepare"]
        assert {"rows": "1000", "model.depth": "3"} == stored.params
        assert ("training", "7", "FINISHED") == (stored.tags[t.STAGE], stored.tags["team"], stored.status)

    def test_a_kind_gives_its_stage_and_tags(self):
        """A ``Kind`` says what its runs are; the block's own tags win."""
        kind = Kind("evaluation", tags={"by": "kind", "team": "kind"})
        with captured() as runs:
            with track.run("e", kind=kind, tags={"team": "block"}):
                pass
            tags = runs["e"].tags
        assert ("evaluation", "kind", "block") == (tags[t.STAGE], tags["by"], tags["team"])

    def test_blocks_nest(self):
        """The block around is the parent; its experiment is inherited unless another is named."""
        with captured() as runs:
            with (
                track.run("outer", experiment="one"),
                track.run("inner"),
                track.run("other", experiment="two"),
            ):
                pass
            inner, other = runs["inner"], runs["other"]
            assert ("outer", "inner") == (parent_of(runs.runs, inner), parent_of(runs.runs, other))
        assert ("one", "two") == (inner.experiment, other.experiment)

    def test_an_exception_fails_the_block_and_goes_on(self):
        """The user's exception leaves the block as the same object."""
        error = ValueError("no")
        with captured() as runs:
            with pytest.raises(ValueError, match="no") as caught, track.run("block"):
                raise error
            assert caught.value is error
            assert ("FAILED", "ValueError") == (runs["block"].status, runs["block"].tags[t.ERROR_TYPE])

    def test_async_with(self):
        """Interleaved ``async with`` blocks are as separate as their tasks."""

        async def one(name):
            async with track.run(name) as run:
                for i in range(3):
                    await asyncio.sleep(0)
                    track.log(x=i)
                assert track.current() is run

        async def both():
            await asyncio.gather(one("a"), one("b"))

        with captured() as runs:
            asyncio.run(both())
            assert [[0.0, 1.0, 2.0]] * 2 == [values(runs[name], "x") for name in "ab"]

    def test_a_block_may_be_left_in_another_context(self):
        """A fixture that is torn down in a context of its own ends the run all the same."""
        with captured() as runs:
            block = track.run("fixture")
            loop = asyncio.new_event_loop()
            with contextlib.closing(loop):
                loop.run_until_complete(block.__aenter__())
                loop.run_until_complete(block.__aexit__(None, None, None))
            assert "FINISHED" == runs["fixture"].status

    def test_one_object_may_open_several_blocks(self):
        """Entered twice, also inside itself, it makes two runs."""
        with captured() as runs:
            block = track.run("again")
            with block, block:
                track.log(x=1)
            outer, inner = runs.runs
        assert ({}, {"x": 1.0}) == (outer.metrics, inner.metrics)
        assert outer.run_id == inner.tags[t.MLFLOW_PARENT]

    @pytest.mark.parametrize(
        "wrong", [{"name": 3}, {"kind": 5}, {"experiment": 5}, {"tags": 5}, {"tags": {1: 2}}, {"name": ""}]
    )
    def test_wrong_values_cost_no_run(self, wrong):
        """A name or tag that is no text is read as well as it can be; what is logged is kept."""
        with captured() as runs:
            with track.run(**{"name": "block", **wrong}):
                track.log(x=1)
            (run,) = runs.runs
        assert ({"x": 1.0}, "FINISHED") == (run.metrics, run.status)


class TestInside:
    def test_three_calls_deep(self):
        """Logging needs no run in the hand."""

        def deep():
            track.log(loss=0.25)

        def between():
            deep()

        with captured() as runs:
            tracked_training(between)()
            assert {"loss": 0.25} == runs["between"].metrics

    def test_params(self):
        """Nested values are flattened; positional mapping and names go together."""
        with captured() as runs:
            with track.run("r"):
                track.params({"a b": 1}, c={"d": None, "e": [1, 2]})
            assert {"a b": "1", "c.d": "None", "c.e": "[1,2]"} == runs["r"].params

    def test_tag_and_note(self):
        """A later tag wins; a note is what MLflow's UI shows as the description."""
        with captured() as runs:
            with track.run("r"):
                track.tag({"x": 1}, y=True)
                track.tag(x=2)
                track.note("# Title")
            tags = runs["r"].tags
        assert ("2", "True", "# Title") == (tags["x"], tags["y"], tags["mlflow.note.content"])

    def test_artifacts_are_kept_as_they_were(self, tmp_path):
        """Bytes, a file and a folder; later edits do not show."""
        folder = tmp_path / "model"
        (folder / "deep").mkdir(parents=True)
        (folder / "deep" / "w.bin").write_bytes(b"\x00\xff")
        file = tmp_path / "notes.txt"
        file.write_text("before")
        with captured() as runs:
            with track.run("r"):
                track.artifact(b"bytes", "a/b.bin")
                track.artifact(file)
                track.artifact(str(folder), "model")
                file.write_text("after")
            assert {
                "a/b.bin": b"bytes",
                "notes.txt": b"before",
                "model/deep/w.bin": b"\x00\xff",
            } == runs["r"].artifacts

    def test_move_gives_the_file_away(self, tmp_path):
        """``move=True`` spares the copy: the file is gone and kept."""
        file = tmp_path / "big.bin"
        file.write_bytes(b"big")
        with captured() as runs:
            with track.run("r"):
                track.artifact(file, move=True)
            assert not file.exists()
            assert {"big.bin": b"big"} == runs["r"].artifacts

    @pytest.mark.parametrize("wrong", [("no such file",), (b"no name",), (3,), (None,)])
    def test_an_artifact_that_is_none_is_said_once(self, wrong, capsys):
        """The code goes on, one line says why, the rest is logged."""
        with captured() as runs:
            with track.run("r"):
                for _ in range(2):
                    track.artifact(*wrong)
                track.log(x=1)
            assert ({"x": 1.0}, {}) == (runs["r"].metrics, runs["r"].artifacts)
        assert 1 == capsys.readouterr().err.count("goes on")

    @pytest.mark.parametrize("verb", ["log", "params", "tag"])
    @pytest.mark.parametrize("wrong", [5, "text", [("a", 1)]])
    def test_what_is_no_mapping_never_raises(self, verb, wrong):
        """A wrong argument is our warning, not the user's crash."""
        with captured() as runs:
            with track.run("r"):
                getattr(track, verb)(wrong)
                track.log(x=1)
            assert "FINISHED" == runs["r"].status
            assert {"x": 1.0} == runs["r"].metrics

    def test_progress_gives_the_same_items(self):
        """Where nobody can see a bar, there is none, and the items come one by one."""
        assert [0, 1, 2] == list(track.progress(range(3)))
        lazy = track.progress(iter(lambda: 7, 8), total=2, desc="endless")
        assert [7, 7] == [next(lazy), next(lazy)]


class TestOutside:
    CALLS = (
        lambda: track.log(acc=0.5),
        lambda: track.params(a=1),
        lambda: track.tag(a=1),
        lambda: track.note("x"),
        lambda: track.artifact(b"x", "x"),
    )

    def test_it_does_nothing_and_hints_once(self, capsys):
        """No run is opened, nothing is raised, and one line says what to do."""
        with captured() as runs:
            for call in self.CALLS * 2:
                call()
            assert [] == runs.runs
        out, err = capsys.readouterr()
        assert "" == out
        assert 1 == err.count("\n")
        assert "outside a run" in err

    def test_nothing_is_current(self):
        """``track.current()`` is None, and ``bind`` gives a function that just works."""
        assert track.current() is None
        assert 3 == track.bind(abs)(-3)

    def test_switched_off_there_is_no_hint(self, monkeypatch, capsys):
        """With TRACKED_DISABLED=1 nobody has to be told."""
        monkeypatch.setenv("TRACKED_DISABLED", "1")
        for call in self.CALLS:
            call()
        assert ("", "") == capsys.readouterr()


class TestSteps:
    def logged(self, *calls):
        """The run in which these arguments of ``track.log`` were logged."""
        with captured() as runs:
            with track.run("r"):
                for values_, step in calls:
                    track.log(values_, step=step)
            return runs["r"]

    def test_each_key_counts_its_own(self):
        """Without a step, the first point of a key is at 0, the next at 1."""
        run = self.logged(({"a": 1}, None), ({"a": 2, "b": 3}, None), ({"b": 4, "a": 5}, None))
        assert [(0, 1.0), (1, 2.0), (2, 5.0)] == points(run, "a")
        assert [(0, 3.0), (1, 4.0)] == points(run, "b")

    def test_counting_goes_on_after_an_explicit_step(self):
        """A step that was named moves the counter; one that was earlier does not move it back."""
        run = self.logged(({"a": 1}, 10), ({"a": 2}, None), ({"a": 3}, 3), ({"a": 4}, None), ({"b": 5}, None))
        assert [(10, 1.0), (11, 2.0), (3, 3.0), (12, 4.0)] == points(run, "a")
        assert [(0, 5.0)] == points(run, "b")

    def test_a_repeated_step_has_later_and_later_times(self):
        """MLflow calls the largest of equal points the latest: the last one logged must be the last in time."""
        run = self.logged(*(({"a": 100 - i, "b": i}, 5) for i in range(50)))
        for key, last in (("a", 51.0), ("b", 49.0)):
            times = [p.time for p in run.points if p.key == key]
            assert 50 == len(set(times))
            assert sorted(times) == times
            assert last == run.metrics[key]

    def test_a_step_before_time_began(self):
        """Negative steps are steps."""
        assert [(-1, 1.0), (0, 2.0)] == points(self.logged(({"a": 1}, -1), ({"a": 2}, None)), "a")

    def test_a_step_may_be_of_numpy(self):
        """Whatever counts as a whole number counts as a step."""
        numpy = pytest.importorskip("numpy")
        run = self.logged(({"a": numpy.float32(1)}, numpy.int64(7)), ({"a": 2}, None), ({"a": 3}, 9.0))
        assert [(7, 1.0), (8, 2.0), (9, 3.0)] == points(run, "a")

    def test_steps_that_are_none_are_told_once(self, capsys):
        """A loop that gives an odd step each time costs no value, and one line and not one for each."""
        with captured() as runs, track.run("r"):
            for step in (float("inf"), float("nan"), "a", "b"):
                track.log(x=1, step=step)
            assert [0, 1, 2, 3] == [step for step, _ in points(runs["r"], "x")]
        assert 1 == capsys.readouterr().err.count("is no whole number")

    def test_a_step_that_is_none_costs_no_value(self, capsys):
        """The values are logged at the next step, and one line names the step."""
        run = self.logged(({"a": 1}, "x"), ({"a": 2}, None))
        assert [1.0, 2.0] == [p.value for p in run.points]
        assert "'x'" in capsys.readouterr().err

    def test_a_key_need_not_be_a_text(self):
        """A number is a name too."""
        assert {"1": 0.5, "x": 0.25} == self.logged(({1: 0.5, "x": 0.25}, None)).metrics

    def test_eight_threads_count_one_key_together(self):
        """No step is given twice and none is left out."""

        def log(worker):
            for i in range(200):
                track.log({"a": worker * 1000 + i, **({"b": 1} if i % 3 else {"c": 1})})

        before = sys.getswitchinterval()
        with captured() as runs:
            sys.setswitchinterval(1e-6)
            with track.run("r"), ThreadPoolExecutor(8) as pool:
                list(pool.map(track.bind(log), range(8)))
            sys.setswitchinterval(before)
            run = runs["r"]
        assert list(range(1600)) == sorted(step for step, _ in points(run, "a"))
        assert 1600 == len({value for _, value in points(run, "a")})


class TestDisabled:
    def test_nothing_inside_is_recorded(self):
        """Decorated functions run, blocks open nothing, and after it all is as before."""

        @tracked_training
        def train(x):
            track.log(x=x)
            return x

        with captured() as runs:
            with track.run("r"):
                with track.disabled():
                    assert 1 == train(1)
                    with track.run("inner") as inner:
                        track.log(y=1)
                        track.artifact(b"x", "x")
                    assert inner.is_off
                track.log(z=1)
            assert ["r"] == [run.name for run in runs.runs]
            assert ({"z": 1.0}, {}) == (runs["r"].metrics, runs["r"].artifacts)


def test_quiet_says_nothing_but_warnings(tmp_path):
    """No start and end lines inside the block; a value that cannot be logged is still named."""
    said = Store(tmp_path).python(
        "from tracked import track\n"
        "with track.quiet():\n"
        "    with track.run('hushed'):\n"
        "        track.log(bad='text')\n"
        "with track.run('loud'): pass\n"
    )
    lines = said.stderr.splitlines()
    assert 3 == len(lines)
    assert "'bad'" in lines[0]
    assert not any("hushed ->" in line for line in lines)
    assert "loud" in lines[1]


def test_a_log_call_costs_microseconds():
    """Ten values cost the loop far less than a millisecond, whatever the store does."""
    with captured(), track.run("r"):
        row = {f"metric {i}": float(i) for i in range(10)}
        track.log(row)
        best = min(_seconds(lambda: [track.log(row) for _ in range(100)]) for _ in range(5)) / 100
    assert best < 0.001


def _seconds(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
