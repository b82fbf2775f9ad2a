"""One process calls again what failed in it: the same run goes on."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import pytest

from tests.servers import free_port
from tracked import Metric, track, tracked_training
from tracked import tags as t
from tracked.errors import ConfigError
from tracked.testing import captured


class Flaky:
    """Fails as often as it is told, half way."""

    def __init__(self, failures: int, epochs: int = 4) -> None:
        self.failures, self.epochs = failures, epochs

    def __tracked_key__(self) -> str:
        return "flaky"

    def __call__(self) -> int:
        for epoch in range(self.epochs):
            track.log(acc=float(epoch))
            if epoch == 1 and self.failures:
                self.failures -= 1
                raise RuntimeError("half way")
        return self.epochs


def training(body, **options):
    """A function of this body that resumes."""

    @tracked_training(on_existing="resume", **options)
    def train(lr=0.1):
        return body()

    return train


def test_a_failed_run_goes_on_under_its_id():
    """Called again it is the same run, attempt 2, with its steps counted on and its new end; nothing is there twice."""
    train = training(Flaky(1))
    with captured() as store:
        with pytest.raises(RuntimeError):
            train()
        (before,) = store.runs
        assert before.status == "FAILED"
        assert train() == 4
        (run,) = store.runs
    assert run.run_id == before.run_id
    assert (run.status, run.tags[t.ATTEMPT]) == ("FINISHED", "2")
    assert [(p.step, p.value) for p in run.points if p.key == "acc"] == [
        (0, 0.0),
        (1, 1.0),
        (2, 0.0),
        (3, 1.0),
        (4, 2.0),
        (5, 3.0),
    ]


def test_a_finished_run_gives_its_result():
    """What is done is not done again; a failure before the success is past."""
    calls = []
    train = training(lambda: calls.append(1) or 7, key="lr")
    with captured() as store:
        assert [train(), train()] == [7, 7]
        (run,) = store.runs
    assert len(calls) == 1
    assert t.ATTEMPT not in run.tags


def test_each_failure_is_one_more_attempt():
    """Three attempts are one run, whose tags tell how each of the former ones ended."""
    train = training(Flaky(2))
    with captured() as store:
        for _ in range(2):
            with pytest.raises(RuntimeError):
                train()
        assert train() == 4
        (run,) = store.runs
    assert (run.status, run.tags[t.ATTEMPT]) == ("FINISHED", "3")
    assert all("RuntimeError: half way" in run.tags[f"{t.FORMER}{number}"] for number in (1, 2))
    assert t.ERROR_TYPE not in run.tags
    assert [p.step for p in run.points if p.key == "acc"] == list(range(8))


def test_other_arguments_are_other_work():
    """A failed run is gone on with by a call of the same key only."""
    train = training(Flaky(1))
    with captured() as store:
        with pytest.raises(RuntimeError):
            train(lr=0.1)
        train(lr=0.2)
        assert ["FAILED", "FINISHED"] == [run.status for run in store.runs]


def test_a_changed_param_is_a_tag_and_one_line(capsys):
    """What the key does not count may change: the first value stays the param, and the run goes on."""
    train = training(Flaky(1), ignore="lr")
    with captured() as store:
        with pytest.raises(RuntimeError):
            train(lr=0.1)
        train(lr=0.2)
        (run,) = store.runs
    assert (run.params["lr"], run.tags[t.param_changed("lr")]) == ("0.1", "0.2")
    assert capsys.readouterr().err.count("params are written once") == 1


def test_a_number_among_the_arguments_is_logged_once():
    """What is logged of an argument at the beginning of a run is not logged again by the next attempt."""
    body = Flaky(1)

    @tracked_training(on_existing="resume")
    def train(size: Annotated[int, Metric()] = 3):
        return body()

    with captured() as store:
        with pytest.raises(RuntimeError):
            train()
        train()
        (run,) = store.runs
    assert [p.value for p in run.points if p.key == "size"] == [3.0]


def test_without_a_checkpoint_there_is_nothing_to_go_on_from(capsys):
    """`track.resume_from` is None at a first attempt, outside a run, and where the former attempt kept none."""
    seen = []
    fails = Flaky(1)
    train = training(lambda: (seen.append(track.resume_from), fails())[1], key="lr")
    with captured(), pytest.raises(RuntimeError):
        train()
    assert [None] == seen
    assert track.resume_from is None
    with pytest.raises(AttributeError, match="resume_form"):
        track.resume_form  # noqa: B018
    assert "tracking failed" not in capsys.readouterr().err


def test_a_child_goes_on_in_a_pipeline_that_is_called_again():
    """Both the pipeline and the training in it go on under their ids, and the training is still its child."""
    body = Flaky(1)
    train = training(body)

    @tracked_training(on_existing="resume", key=())
    def pipeline():
        return train()

    with captured() as store:
        with pytest.raises(RuntimeError):
            pipeline()
        assert pipeline() == 4
        runs = store.runs
    assert [("FINISHED", "2")] * 2 == [(run.status, run.tags[t.ATTEMPT]) for run in runs]
    assert runs[1].tags[t.MLFLOW_PARENT] == runs[0].run_id


def test_a_coroutine_function_goes_on():
    """Asked in a thread of its own, the decision is the same."""
    body = Flaky(1)

    @tracked_training(on_existing="resume")
    async def train(lr=0.1):
        return body()

    with captured() as store:
        with pytest.raises(RuntimeError):
            asyncio.run(train())
        assert asyncio.run(train()) == 4
        (run,) = store.runs
    assert (run.status, run.tags[t.ATTEMPT]) == ("FINISHED", "2")


def test_a_generator_function_goes_on():
    """A generator that failed half way goes on as the same run when it is called and stepped again."""
    fails = [True]

    @tracked_training(on_existing="resume", key="lr")
    def train(lr=0.1):
        yield 1
        if fails.pop():
            raise RuntimeError("half way")

    with captured() as store:
        with pytest.raises(RuntimeError):
            list(train())
        fails.append(False)
        assert list(train()) == [1]
        (run,) = store.runs
    assert (run.status, run.tags[t.ATTEMPT]) == ("FINISHED", "2")


def test_an_option_that_cannot_be_is_told_at_decoration():
    """`twin` is for calls that look for others, and is one of three words."""
    with pytest.raises(ConfigError, match="twin is for on_existing"):
        tracked_training(twin="wait")(len)
    with pytest.raises(ConfigError, match="did you mean 'join'"):
        tracked_training(on_existing="resume", twin="jion")(len)


def test_a_store_that_does_not_answer_costs_one_line(capsys, monkeypatch):
    """The call is made, as a new run that is kept, and nothing is waited for beyond the first look."""
    monkeypatch.setenv("TRACKED_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("TRACKED_EXIT_TIMEOUT", "1")
    train = training(lambda: 7, key="lr")
    began = time.monotonic()
    assert train() == 7
    assert time.monotonic() - began < 20
    assert capsys.readouterr().err.count("runs as new") == 1
