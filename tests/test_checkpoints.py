from __future__ import annotations

import json

import pytest

from tracked import track
from tracked.checkpoints import Kept, Policy
from tracked.errors import ConfigError
from tracked.testing import captured


def kept(*values):
    return [Kept(f"checkpoints/step-{step}", step, value) for step, value in enumerate(values)]


@pytest.mark.parametrize(
    ("options", "values", "stay"),
    [
        ({}, [1, 2, 3], [0, 1, 2]),
        ({"keep_last": 1}, [1, 2, 3], [2]),
        ({"keep_last": 9}, [1, 2, 3], [0, 1, 2]),
        ({"keep_best": 1}, [1, 3, 2], [1]),
        ({"keep_best": 1, "mode": "min"}, [2, 1, 3], [1]),
        ({"keep_best": 1, "keep_last": 2}, [9, 1, 2, 3], [0, 2, 3]),
        ({"keep_best": 2}, [None, float("nan"), 1, 1, 1], [2, 3]),
        ({"keep_best": 1}, [None, None], []),
        ({"keep_best": 1, "keep_last": 1}, [float("nan"), float("inf"), 0.0], [1, 2]),
    ],
)
def test_a_policy_keeps_the_best_and_the_last(options, values, stay):
    """Both together; of equal ones the first is the best; what is not measured is never the best."""
    gone = {k.step for k in Policy("acc", **options).unwanted(kept(*values))}
    assert stay == [step for step in range(len(values)) if step not in gone]


@pytest.mark.parametrize(
    "wrong",
    [
        {"mode": "maximum"},
        {"keep_best": 0},
        {"keep_last": -1},
        {"keep_last": True},
        {"keep_last": 1.5},
        {"keep_best": 1, "monitor": None},
    ],
)
def test_a_policy_that_cannot_be_is_told(wrong):
    """The error names the option."""
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Policy(**{"monitor": "acc"} | wrong)


def test_only_what_the_policy_wants_stays():
    """In the store there are the best and the last, each with its seal; the journal holds no more."""
    with captured() as runs:
        with track.run("r"):
            for step, acc in enumerate([0.1, 0.9, 0.2, 0.3]):
                track.log(acc=acc)
                track.checkpoint(b"%d" % step, step=step, monitor="acc", keep_best=1, keep_last=1)
        files = runs["r"].artifacts
    assert {
        f"checkpoints/step-{n}/{f}" for n in (1, 3) for f in ("checkpoint.bin", "checkpoint.json")
    } == set(files)
    assert {"step": 1, "monitor": "acc", "value": 0.9} == json.loads(
        files["checkpoints/step-1/checkpoint.json"]
    )


def test_a_policy_numbers_what_has_no_step():
    """Checkpoints that are to be chosen from need places of their own."""
    with captured() as runs:
        with track.run("r"):
            for content in (b"a", b"b", b"c"):
                track.checkpoint(content, keep_last=2)
        files = runs["r"].artifacts
    assert (b"b", b"c") == (
        files["checkpoints/step-1/checkpoint.bin"],
        files["checkpoints/step-2/checkpoint.bin"],
    )
    assert 4 == len(files)


def test_a_folder_is_a_checkpoint(tmp_path):
    """All files of it lie below the step, under the folder's name."""
    (tmp_path / "model" / "deep").mkdir(parents=True)
    (tmp_path / "model" / "deep" / "w").write_text("w")
    with captured() as runs:
        with track.run("r"):
            track.checkpoint(tmp_path / "model", step=7)
        assert {"checkpoints/step-7/model/deep/w", "checkpoints/step-7/checkpoint.json"} == set(
            runs["r"].artifacts
        )


@pytest.mark.parametrize("content", ["gone.pt", object()])
def test_what_cannot_be_kept_has_no_seal(content, capsys):
    """A checkpoint that is none is said, and nothing says that there is one."""
    with captured() as runs:
        with track.run("r"):
            track.checkpoint(content, step=1)
        assert {} == runs["r"].artifacts
    assert "tracked:" in capsys.readouterr().err


def test_a_wrong_policy_costs_the_checkpoint_only(capsys):
    """The training goes on, and it is said what is wrong."""
    with captured() as runs:
        with track.run("r"):
            track.checkpoint(b"x", keep_best=1)
            track.log(x=1.0)
        assert ({"x": 1.0}, {}) == (runs["r"].metrics, runs["r"].artifacts)
    assert "monitor" in capsys.readouterr().err


def test_a_switch_turns_checkpoints_off(monkeypatch):
    """Where the configuration says so, none is kept; other artifacts are."""
    monkeypatch.setenv("TRACKED_SWITCHES", "training.log_checkpoint=false")
    with captured() as runs:
        with track.run("r", kind="training"):
            track.checkpoint(b"x", step=1)
            track.artifact(b"x", "x")
        assert {"x"} == set(runs["r"].artifacts)
