"""Kinds of run switched off and on by the configuration."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import tracked
from tracked import (
    Kind,
    decorator_for,
    track,
    tracked_benchmark,
    tracked_conversion,
    tracked_sweep,
    tracked_training,
)
from tracked.errors import ConfigError
from tracked.settings import Layer, Settings, merge
from tracked.switches import ALL_ON, Switches, switches
from tracked.testing import captured

BY_STAGE = {
    "training": tracked_training,
    "benchmark": tracked_benchmark,
    "conversion": tracked_conversion,
    "hpo": tracked_sweep,
    "evaluation": decorator_for(Kind("evaluation")),
}


def of(stage: str, **values: bool) -> Switches:
    """The switches of a stage when it is configured so."""
    return switches(merge([Layer("x", {"switches": {stage: values}})]), stage)


def test_all_is_on_by_default():
    """Whoever configures nothing has everything recorded."""
    assert ALL_ON == switches(Settings(), "training") == of("benchmark")
    assert all(vars(ALL_ON).values())


def test_a_switch_is_for_one_kind():
    """What is switched off for one kind is on for the others."""
    settings = merge([Layer("x", {"switches": {"training": {"log_checkpoint": False}}})])
    assert (False, True) == (
        switches(settings, "training").log_checkpoint,
        switches(settings, "benchmark").log_checkpoint,
    )
    assert switches(settings, "training").enabled


def test_without_artifacts_there_are_none_of_any_sort():
    """``log_artifacts = false`` need not be said again for each sort."""
    assert Switches(True, False, False, False, False, False, False) == of("conversion", log_artifacts=False)


@pytest.mark.parametrize("stage", BY_STAGE)
def test_a_kind_that_is_off_has_plain_calls(stage):
    """Of each kind: no run, the function's own result and exception; what it logs goes to the run around it."""
    tracked.configure(switches={stage: {"enabled": False}})

    @BY_STAGE[stage]
    def work(x: int) -> int:
        track.log(seen=x)
        return 10 // x

    with captured() as runs:
        with track.run("around"):
            assert 5 == work(2)
            with pytest.raises(ZeroDivisionError):
                work(0)
        assert 2 == work(5)
        (around,) = runs.runs
        assert [2.0, 0.0] == [point.value for point in around.points]


def test_who_logs_where_a_kind_is_off_is_told_so(capsys):
    """To call it inside a decorated function would be no advice: there it was called."""
    tracked.configure(switches={"training": {"enabled": False}})

    @tracked_training
    def train() -> None:
        track.log(acc=1.0)

    with captured():
        train()
    assert "stage training have no run, since they are switched off" in capsys.readouterr().err


def test_other_kinds_go_on():
    """A training inside a sweep that is switched off is tracked, as one without a sweep is."""
    tracked.configure(switches={"sweep": {"enabled": False}})

    @tracked_training
    def train() -> float:
        return 0.5

    @tracked_sweep
    def sweep() -> float:
        return train()

    with captured() as runs:
        assert 0.5 == sweep()
        (run,) = runs.runs
        assert ("training", None) == (run.tags["stage"], run.tags.get("mlflow.parentRunId"))


def test_coroutines_and_generators_too():
    """What only makes an object that works later is made as it is."""
    tracked.configure(switches={"training": {"enabled": False}})

    @tracked_training
    async def later(x: int) -> int:
        return x

    @tracked_training
    def several(x: int):
        yield x

    with captured() as runs:
        assert (1, [2]) == (asyncio.run(later(1)), list(several(2)))
        assert [] == runs.runs


def test_a_search_still_searches():
    """A sweep cannot be called without its trial: it finds its best, and nothing of it is recorded."""
    tracked.configure(switches={"sweep": {"enabled": False}})

    @tracked_sweep(n_trials=3, maximize="acc", seed=1)
    def sweep(trial):
        return {"acc": trial.suggest_float("x", 0, 1)}

    with captured() as runs:
        found = sweep()
        assert max(trial.value for trial in found.trials) == found.best.value
        assert [] == runs.runs


def test_a_sweep_without_runs_for_its_trials():
    """Trials have a switch of their own: the sweep's run stays, with its best."""
    tracked.configure(switches={"trial": {"enabled": False}})

    @tracked_sweep(n_trials=2, maximize="acc", seed=1)
    def sweep(trial):
        return {"acc": trial.suggest_float("x", 0, 1)}

    with captured() as runs:
        best = sweep().best.value
        (run,) = runs.runs
        assert best == run.metrics["acc"]


def test_a_block_of_a_kind_that_is_off_records_nothing():
    """``track.run`` gives a run all the same, so that the code in the block need not ask."""
    tracked.configure(switches={"training": {"enabled": False}})
    with captured() as runs:
        with track.run("block", kind="training") as run:
            run.log({"x": 1})
            assert run.is_off
        with track.run("other", kind="benchmark"):
            pass
        assert ["other"] == [stored.name for stored in runs.runs]


def test_files_are_not_kept_but_long_params_stay_whole(tmp_path: Path):
    """Without artifacts nothing of the user's is copied; what had to be cut is whole in its file."""
    tracked.configure(switches={"training": {"log_artifacts": False}})
    (tmp_path / "model.bin").write_bytes(b"m")

    @tracked_training
    def train(text: str):
        track.artifact(tmp_path / "model.bin")
        track.checkpoint(b"c", step=1)
        return tmp_path / "model.bin"

    with captured() as runs:
        train("x" * 10_000)
        assert ["params.json"] == [
            name for name in runs["train"].artifacts if not name.startswith(".tracked")
        ]


def test_checkpoints_alone_can_be_switched_off():
    """``log_checkpoint = false`` leaves other files alone."""
    tracked.configure(switches={"training": {"log_checkpoint": False}})

    @tracked_training
    def train():
        track.artifact(b"a", "a.bin")
        track.checkpoint(b"c", step=1)

    with captured() as runs:
        train()
        assert ["a.bin"] == [name for name in runs["train"].artifacts if not name.startswith(".tracked")]


def test_a_file_switches_a_kind_off(monkeypatch: pytest.MonkeyPatch):
    """A table of the project's file is enough, and a variable beats it; each switch knows who set it."""
    Path("pyproject.toml").write_text("[tool.tracked.training]\nenabled = false\nlog_checkpoint = false\n")
    monkeypatch.setenv("TRACKED_SWITCHES", "training.enabled=true")
    settings = tracked.session.current().settings
    assert Switches(log_checkpoint=False) == switches(settings, "training")
    assert "TRACKED_*" == settings.origins["switches.training.enabled"]
    assert settings.origins["switches.training.log_checkpoint"].endswith("pyproject.toml [tool.tracked]")


def test_a_misspelt_switch_is_an_error_where_it_was_asked_for():
    """``configure`` says which switch was meant, and changes nothing."""
    with pytest.raises(ConfigError, match="did you mean 'log_checkpoint'"):
        tracked.configure(switches={"training": {"log_chekpoint": False}})
    assert {} == tracked.session.current().settings.switches
