"""`tracked best`: the best run of a sweep, and the call that makes it again."""

import json

import pytest

from tracked.cli.best import call_text
from tracked.mlflow.columns import Facts

BEST = """\
trial-0  <run 01>  f1=0.9
  lr = 0.1
  depth = 3
the call, of jobs:
  train(lr=0.1, depth=3, name='x')
again: tracked rerun <run 02>
"""


def test_the_best_trial_and_a_call_to_copy(shown):
    """By the sweep's own objective; the call is the one inside the trial."""
    assert BEST == shown("best", "sweep")


def test_by_another_way(shown):
    """The smallest."""
    assert shown("best", "sweep", "--metric", "f1:min").startswith("trial-1  <run 03>  f1=0.4\n")


def test_as_json(tracked, looked_at):
    """With the call."""
    told = json.loads(tracked("best", "sweep", "--json")[1])
    expected = (looked_at.ids["trial-0"], "f1", True, "train(lr=0.1, depth=3, name='x')")
    assert expected == (told["run_id"], told["metric"], told["largest"], told["call"])


def test_a_metric_that_no_trial_has_is_3(tracked, looked_at):
    """It is named."""
    code, _, said = tracked("best", "sweep", "--metric", "f2:max")
    assert 3 == code
    assert "'f2'" in said


def test_what_is_no_sweep_needs_a_metric(tracked, looked_at):
    """Which number is the best is not guessed."""
    code, _, said = tracked("best", "trial-0")
    assert 1 == code
    assert "give --metric" in said


def called(tags, params=None):
    """The call of a run with these tags and params."""
    return call_text(Facts({}, tags, params or {}, {}))


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        ('{"x": [1, "a"], "y": {"k": true}, "z": null}', "f(x=[1, 'a'], y={'k': True}, z=None)"),
        ('{"path": {"$path": "/x"}}', "f(path=...)"),
        ('{"s": "a\'b\\u001b"}', 'f(s="a\'b\\x1b")'),
    ],
)
def test_arguments_are_written_as_python_has_them(arguments, call):
    """What has no way to be written is an ellipsis; nothing is evaluated."""
    assert call == called({"tracked.function": "m.f", "tracked.arguments": arguments})


def test_without_recorded_arguments_the_params_stand_in():
    """Numbers as numbers, the rest as texts."""
    params = {"n": "3", "lr": "1e-3", "name": "nan", "on": "True", "text": "a b"}
    assert "f(n=3, lr=1e-3, name='nan', on=True, text='a b')" == called({"tracked.function": "m.f"}, params)


def test_what_is_no_call_has_none():
    """A block has no function."""
    assert called({}) is None
