"""What a call tells of the arguments that it was made with."""

from __future__ import annotations

import json
import math

import pytest

from tracked import tags as t
from tracked import track, tracked_training
from tracked.testing import captured


@pytest.fixture(autouse=True)
def _told(monkeypatch):
    monkeypatch.setenv("TRACKED_PROVENANCE", "1")


@tracked_training
def learn(value, random_state=None):
    """Is given something."""


@pytest.mark.parametrize("value", [0.1, math.nan, 2**80, None, True, "x", [1, [2]], {"a": (1, 2)}], ids=str)
def test_arguments_are_json_that_says_the_type(value):
    """Whatever JSON or Python's own names of numbers can say is told exactly."""
    with captured() as runs:
        learn(value)
        told = json.loads(runs["learn"].tags[t.ARGUMENTS])["value"]
    expected = {"a": {"$tuple": [1, 2]}} if isinstance(value, dict) else value
    assert repr(expected) == repr(told)


def test_a_seed_is_a_tag():
    """By any of its usual names."""
    with captured() as runs:
        learn(1, random_state=7)
        assert "7" == runs["learn"].tags[t.SEED]


def test_a_secret_of_a_run_around_is_not_told():
    """A text that an outer call was given as a secret is masked inside, and so is not built again."""

    @tracked_training
    def outer(password):
        learn(f"as {password}")

    with captured() as runs:
        outer("correct-horse")
        tags = [run.tags[t.ARGUMENTS] for run in runs.runs]
    assert 2 == len(tags)
    assert not any("correct-horse" in text for text in tags)


def test_nothing_of_it_where_it_is_switched_off(monkeypatch):
    """No arguments, no seed, no commit, no data."""
    monkeypatch.setenv("TRACKED_PROVENANCE", "0")
    with captured() as runs:
        learn([1.0], random_state=1)
        assert {} == {k: v for k, v in runs["learn"].tags.items() if k in (t.ARGUMENTS, t.SEED, t.GIT_COMMIT)}


def test_a_block_tells_the_commit_only():
    """What is no call has no arguments."""
    with captured() as runs:
        with track.run("block"):
            pass
        assert t.ARGUMENTS not in runs["block"].tags
