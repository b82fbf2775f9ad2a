"""A finished run gives its stored result back, and the function does not run."""

import asyncio
import json
import math
import os
import time
from dataclasses import dataclass, field
from enum import Enum
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import numpy as np
import pydantic
import pytest

from tracked import announcing, configure, track, tracked_sweep, tracked_training
from tracked import session as sessions
from tracked import tags as t
from tracked.errors import RunExists
from tracked.testing import captured


class Point(NamedTuple):
    x: float
    y: int = 0


class Colour(Enum):
    RED = "r"


@dataclass(frozen=True)
class Score:
    acc: float
    history: list[Point]
    best: Point | None = None
    n: int = field(default=0, init=False)


class Model(pydantic.BaseModel):
    name: str
    score: Score


@attrs.define
class Weights:
    values: np.ndarray
    _bias: float = 0.5


CALLS = []
"""What was called.  A variable of a test would be held by its function, and so count in the key."""
MADE = []
"""What the next call of a ``reusable`` function returns."""


@pytest.fixture(autouse=True)
def _none_called():
    CALLS.clear()


def reusable(result, hint=Any, **options):
    """A decorated function that returns this, or what this returns."""
    MADE[:] = [result]

    def train(lr=0.1):
        CALLS.append(lr)
        made = MADE[0]
        return made() if callable(made) else made

    train.__annotations__["return"] = hint
    return tracked_training(on_existing="reuse", **options)(train)


def same(left, right):
    """Equal in value and type, arrays and NaN included."""
    if isinstance(left, np.ndarray):
        return type(left) is type(right) and left.dtype == right.dtype and np.array_equal(left, right)
    if type(left) is float and math.isnan(left):
        return math.isnan(right)
    if isinstance(left, Weights):
        return same(left.values, right.values) and left._bias == right._bias
    if type(left) in (list, tuple):
        return type(left) is type(right) and len(left) == len(right) and all(map(same, left, right))
    if type(left) is dict:
        return (
            type(right) is dict and left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
        )
    return type(left) is type(right) and left == right


@pytest.mark.parametrize(
    ("result", "hint"),
    [
        (None, Any),
        (True, Any),
        (0.1, float),
        (float("nan"), float),
        (float("-inf"), float),
        (2**70, int),
        ("tëxt \ud800 ☃", str),
        ([1, (2, [3.5, None]), {"a": (1,)}], Any),
        ({1: "one", (2, 3): {"$tuple": [1]}, None: []}, dict),
        ({"$record": 1}, dict),
        (b"\x00\xff" * 100, bytes),
        (np.float32(0.1), Any),
        (np.datetime64("2026-01-01"), Any),
        (np.arange(6, dtype="int16").reshape(2, 3), np.ndarray),
        ([np.zeros(0), {"w": np.array(["a", "bc"])}], Any),
        (Point(0.5, 2), Point),
        (Score(0.9, [Point(1.0)], Point(2.0, 3)), Score),
        ({"a": [Score(0.9, [])]}, dict[str, list[Score]]),
        ((Score(0.9, []), 3, Point(1.0)), tuple[Score, int, Point]),
        (Model(name="svm", score=Score(0.5, [Point(1.0)])), Model | None),
        (Weights(np.ones(3)), Weights),
        ([Colour.RED], list[Colour]),
    ],
    ids=lambda value: str(value)[:20].encode("ascii", "replace").decode(),
)
def test_what_was_returned_comes_back(result, hint):
    """The same value of the same type, by JSON, arrays and the annotation."""
    train = reusable(result, hint)
    with captured() as runs:
        first, second = train(), train()
        assert 1 == len(runs.runs)
        assert "stored" == runs["train"].tags[t.STORED]
    assert [0.1] == CALLS
    assert same(result, first)
    assert same(result, second)


def test_a_file_and_a_folder_come_back(tmp_path):
    """A returned path is given back where its content is as it was; changed content is not taken for it."""
    (tmp_path / "out").mkdir()

    def made():
        (tmp_path / "out" / "a.bin").write_bytes(b"a" * 10)
        return {"file": tmp_path / "out" / "a.bin", "folder": tmp_path / "out", "none": Path("no/such")}

    train = reusable(made)
    with captured():
        first = train()
        assert first == train()
        (tmp_path / "out" / "a.bin").write_bytes(b"b" * 10)
        train()
    assert [0.1, 0.1] == CALLS


@pytest.mark.parametrize(
    ("result", "hint", "why"),
    [
        (object, Any, "what is of type object does not come back from a file"),
        (lambda: {"f": [lambda: 1]}, Any, "what is of type function does not come back"),
        (
            lambda: Score(1.0, []),
            Any,
            "Score comes back only where the annotation of the result names that class",
        ),
        (lambda: np.array([object()]), Any, "holds objects, and nothing is pickled"),
        (lambda: {"api_token": "x" * 20}, Any, "'api_token' is a secret"),
        (lambda: f"it is {os.environ['MY_PASSWORD']}", Any, "a text in it holds a secret"),
    ],
)
def test_what_would_not_come_back_is_said_and_not_reused(result, hint, why, monkeypatch, capfd):
    """The tag of the run says why, one line says it once, and the function runs each time."""
    monkeypatch.setenv("MY_PASSWORD", "correct horse battery")
    train = reusable(result, hint)
    with captured() as runs:
        for _ in range(3):
            train()
        stored = [run.tags[t.STORED] for run in runs.runs]
        assert not any("correct horse" in str(vars(run)) for run in runs.runs)
    assert [0.1] * 3 == CALLS
    assert all(why in text for text in stored)
    assert 1 == capfd.readouterr().err.count("cannot be reused")


def test_other_work_runs():
    """Other arguments, another experiment, and a run that failed are no finished work."""

    @tracked_training(on_existing="reuse")
    def train(lr):
        CALLS.append(lr)
        if lr == 3 and CALLS.count(3) == 1:
            raise ValueError("once")
        return lr

    with captured():
        assert [1, 2, 1] == [train(1), train(2), train(1)]
        with pytest.raises(ValueError, match="once"):
            train(3)
        assert 3 == train(3) == train(3)
        with track.run("elsewhere", experiment="other"):
            train(1)
    assert [1, 2, 3, 3, 1] == CALLS


def test_new_is_the_default_and_stores_nothing():
    """Without ``on_existing`` each call runs and nothing is written for it."""

    @tracked_training
    def train():
        CALLS.append(1)
        return 1

    with captured() as runs:
        train()
        train()
        assert 2 == len(runs.runs)
        assert not any(t.STORED in run.tags or run.artifacts for run in runs.runs)
        assert not (sessions.current().folder.path / "results").exists()


def test_a_run_around_tells_what_was_reused():
    """Inside another run nothing is said; that run has a tag with the id of the one that was reused."""
    train = reusable(1)
    with captured() as runs:
        train()
        first = runs["train"].run_id
        with track.run("pipeline"):
            train()
        told = {k: v for k, v in runs["pipeline"].tags.items() if k.startswith(t.REUSED)}
    assert {f"{t.REUSED}train-{train.key()[:6]}": first} == told


def test_a_reused_call_at_the_root_is_said_in_one_line(capfd, monkeypatch):
    """The line tells which run it was, how old, and how to run it all the same."""
    monkeypatch.setattr(announcing, "_ROOTS", count())
    train = reusable(1)
    with captured():
        train()
        capfd.readouterr()
        train()
        said = capfd.readouterr().err
    assert (
        f"tracked: train reused run train-{train.key()[:6]} (finished 0 s ago); TRACKED_RERUN=1 runs it again\n"
        == said
    )


def test_rerun_runs_everything(monkeypatch):
    """``TRACKED_RERUN=1`` makes every call, and its result is the one that is reused from then on."""
    values = iter((1, 2, 3))
    train = reusable(lambda: next(values))
    with captured():
        assert 1 == train() == train()
    monkeypatch.setenv("TRACKED_RERUN", "1")
    with captured():
        assert [2, 3] == [train(), train()]
        configure(rerun=False)
        assert 3 == train()


def test_an_expired_run_is_not_reused(capfd):
    """``expires=`` is how old a finished run may be."""
    train = reusable(1, expires="1s")
    with captured():
        train()
        train()
        assert 1 == len(CALLS)
        time.sleep(1.1)
        train()
    assert 2 == len(CALLS)
    assert "expires='1s'" in capfd.readouterr().err


def test_a_weak_key_is_never_reused(capfd):
    """Two objects that cannot be told apart may be different: the function runs, and what to do is said once."""

    class Opaque:
        """Has no rule."""

    @tracked_training(on_existing="reuse")
    def train(model):
        CALLS.append(model)

    with captured():
        train(Opaque())
        train(Opaque())
    assert 2 == len(CALLS)
    assert 1 == capfd.readouterr().err.count(
        "train runs, and is not reused: what model holds cannot be read in full"
    )


def test_a_method_is_reused_by_what_its_object_is():
    """A dataclass tells what its method's work is."""

    @dataclass
    class Trainer:
        lr: float

        @tracked_training(on_existing="reuse")
        def train(self, n: int) -> int:
            CALLS.append((self.lr, n))
            return n

    with captured():
        assert 1 == Trainer(0.1).train(1) == Trainer(0.1).train(1)
        Trainer(0.2).train(1)
        assert Trainer(0.1).train.explain(1)
        assert not Trainer(0.1).train.explain(2)
    assert [(0.1, 1), (0.2, 1)] == CALLS


def test_a_coroutine_is_reused():
    """An awaited call that was made before gives its result back, in the middle of others."""

    @tracked_training(on_existing="reuse")
    async def train(n: int) -> dict:
        CALLS.append(n)
        await asyncio.sleep(0)
        return {"n": n}

    async def main():
        await asyncio.gather(*map(train, range(3)))
        return await asyncio.gather(*map(train, range(3)))

    with captured() as runs:
        assert [{"n": n} for n in range(3)] == asyncio.run(main())
        assert 3 == len(runs.runs)
    assert [0, 1, 2] == sorted(CALLS)


def test_a_sweep_is_reused_with_its_trials():
    """Best, trials and front come back, and each trial still knows its run."""

    @tracked_sweep(n_trials=3, maximize="acc", seed=1, on_existing="reuse")
    def sweep(trial, scale=1):
        CALLS.append(trial.number)
        return {"acc": scale * trial.suggest_float("x", 0, 1), "size": 2}

    with captured() as runs:
        first, second = sweep(), sweep()
        assert [0, 1, 2] == CALLS
        assert first.trials == second.trials
        assert first.best == second.best
        assert [first.pareto, first.objectives, first.missing()] == [
            second.pareto,
            second.objectives,
            second.missing(),
        ]
        assert first.run.id == second.run.id == runs["sweep"].run_id
        assert first.best.run.id == second.best.run.id
        assert "finished" in repr(second.run)


def test_a_sweep_of_another_budget_is_not_reused(capfd):
    """Twenty trials are not given back to whoever asks for fifty, and what differs is said."""

    def sweep(trial):
        CALLS.append(trial.number)
        return trial.suggest_float("x", 0, 1)

    with captured():
        for n_trials in (2, 3):
            tracked_sweep(n_trials=n_trials, seed=1, on_existing="reuse")(sweep)()
    assert [0, 1, 0, 1, 2] == CALLS
    assert "other options were asked for: n_trials: 2 -> 3" in capfd.readouterr().err


def test_error_raises_where_the_work_is_done_or_being_done():
    """``on_existing="error"`` refuses a finished and a live run of the same key, and lets a failed one be repeated."""

    @tracked_training(on_existing="error")
    def train(n):
        CALLS.append(n)
        if n == 1 and len(CALLS) == 1:
            raise ValueError("once")
        if n == 2:
            train(2)

    with captured() as runs:
        with pytest.raises(ValueError, match="once"):
            train(1)
        train(1)
        with pytest.raises(RunExists, match=r"train-.* finished the same work 0 s ago"):
            train(1)
        with pytest.raises(RunExists, match="is at the same work"):
            train(2)
        assert ["FAILED", "FINISHED", "FAILED"] == [run.status for run in runs.runs]


class TestHostile:
    """What lies on the disk is data: it cannot make anything happen."""

    def tampered(self, change, result=None, hint=Any):
        """Store a result, change its note, and call again."""
        train = reusable({"a": 1} if result is None else result, hint)
        with captured():
            train()
            (note,) = (sessions.current().folder.path / "results").glob("*/*/note.json")
            told = json.loads(note.read_text())
            change(told, note.parent)
            note.write_text(json.dumps(told))
            train()
        return list(CALLS)

    @pytest.mark.parametrize(
        "value",
        [
            {"$record": {"a": 1}, "type": "os.system"},
            {"$enum": "x", "type": "os.system"},
            {"$array": "../../x"},
            {"$nothing": 1},
            {"$path": "x", "files": {"../../x": [1, "0"]}},
        ],
    )
    def test_a_value_that_cannot_be(self, value):
        """It is not built; the function runs."""
        assert 2 == len(self.tampered(lambda note, _: note.update(value=value)))

    def test_a_note_of_another_key(self):
        """A note that was copied under another key is not taken for it."""
        assert 2 == len(self.tampered(lambda note, _: note["key"]["arguments"].update(lr=7)))

    def test_a_pickled_array(self):
        """An array that would have to be unpickled is not read."""

        def change(_, folder):
            np.save(folder / "0.npy", np.array([{}]), allow_pickle=True)

        assert 2 == len(self.tampered(change, np.ones(2)))

    def test_a_torn_note(self):
        """A damaged note is no note."""
        train = reusable(1)
        with captured():
            train()
            (note,) = (sessions.current().folder.path / "results").glob("*/*/note.json")
            note.write_bytes(note.read_bytes()[:50])
            assert 1 == train()
        assert 2 == len(CALLS)


class Sealed:
    """An object that tells a secret when it is read."""

    def __array__(self):
        raise OSError("cannot log in: password=swordfish-9X")

    @property
    def __class__(self):
        raise OSError("cannot log in: password=swordfish-9X")


def test_why_a_result_is_not_stored_is_told_without_secrets(tmp_path):
    """What the user's objects say in an exception is not written down as it is."""
    with captured():
        reusable(Sealed)()
        folder = sessions.current().folder.path / "results"
        notes = [path.read_bytes() for path in folder.rglob("note.json")]
    assert notes
    assert not any(b"swordfish" in note for note in notes)


def test_results_of_many_keys_do_not_fill_the_disk(monkeypatch):
    """Of very many calls the results of the last ones are kept here."""
    monkeypatch.setattr("tracked.finished.MOST_KEYS", 3)
    with captured():
        train = reusable(0.5)
        for lr in range(6):
            train(lr)
        results = sessions.current().folder.path / "results"
        assert 3 == len(list(results.iterdir()))
        assert 0.5 == train(5)
    assert list(range(6)) == CALLS


def test_a_run_names_so_many_whose_results_were_given_in_it(monkeypatch):
    """A run in which very many calls are spared has no tag for each, and tells how many they were."""
    monkeypatch.setattr("tracked.reusing.MOST_NAMED", 2)
    with captured() as runs:
        train = reusable(0.5)
        for lr in range(5):
            train(lr)
        with track.run("outer"):
            for lr in range(5):
                train(lr)
        tags = runs["outer"].tags
    assert 2 == sum(key.startswith(t.REUSED) for key in tags)
    assert "5" == tags[t.N_REUSED]
