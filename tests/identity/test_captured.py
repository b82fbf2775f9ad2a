"""Functions of one name: closures are told apart by what they hold, lambdas are weak."""

import functools

import pytest

from tracked import tags as t
from tracked import tracked_sweep, tracked_training
from tracked.testing import captured


def training(value, password="x", verbose=True):
    """A training that is made anew, each time under the same name."""

    @tracked_training
    def train(lr):
        return lr, value, password, verbose

    return train


class Opaque:
    """Nobody can tell what it holds."""

    def __getattr__(self, name):
        raise RuntimeError("not to be asked")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        ("a", "b"),
        ({"lr": 1}, {"lr": 2}),
        ([1], (2,)),
        (training, captured),
        (training(1), training(2)),
    ],
    ids=["numbers", "texts", "mappings", "sequences", "functions", "closures in closures"],
)
def test_what_a_closure_holds_is_in_its_key(one, other):
    """Two closures of one name are the same work only if they hold the same."""
    assert training(one).key(0.1) == training(one).key(0.1) != training(other).key(0.1)
    assert training(one).key(0.1) != training(one).key(0.2)


def test_plumbing_and_secrets_do_not_count():
    """A variable that is held counts by the rules for arguments."""
    assert training(1, "secret", verbose=True).key(0.1) == training(1, "other", verbose=False).key(0.1)


def test_what_cannot_be_told_apart_is_said_to_be_weak():
    """An object without a canonical form is named in the run's tag, and is never asked for anything."""
    with captured() as runs:
        training(Opaque())(0.1)
        training(1)(0.1)
        weak = [run.tags.get(t.WEAK) for run in runs.runs]
    assert ["captured.value", None] == weak
    assert training(Opaque()).key(0.1) == training(Opaque()).key(0.1)


def test_a_lambda_is_weak_and_told_apart_by_its_code():
    """It has no name to be known by: what it does counts, and what it holds."""

    def adding(n):
        return tracked_training(lambda lr: lr + n)

    with captured() as runs:
        tracked_training(lambda lr: lr)(0.1)
        assert "captured.<lambda>" == runs.runs[0].tags[t.WEAK]
    one, other = (tracked_training(fn).key(1) for fn in (lambda lr: lr + 1, lambda lr: lr - 1))
    assert one != other
    assert adding(1).key(1) == adding(1).key(1) != adding(2).key(1)


def test_a_function_that_can_be_imported_counts_by_its_name():
    """A change of what is merely called makes no other work: a closure that a decorator has made, too."""

    def made(wrapped):
        @tracked_training
        @functools.wraps(wrapped)
        def train(*args):
            return wrapped(*args)

        return train

    def changed(n):
        """Called as the real one, and another inside."""
        return -n

    changed.__module__, changed.__qualname__ = called.__module__, called.__qualname__
    assert made(called).key(1) == made(changed).key(1)


def called(n):
    """What is called."""
    return n


def test_a_function_that_calls_itself_is_not_weak():
    """Recursion within a function is nothing that it holds."""

    @tracked_training
    def down(n):
        return down(n - 1) if n else 0

    with captured() as runs:
        down(1)
        assert [None, None] == [run.tags.get(t.WEAK) for run in runs.runs]


def test_a_sweep_without_configs_is_another_study_by_what_it_holds():
    """So are its trials: their keys are made of the study's."""

    def sweep(high):
        @tracked_sweep(n_trials=1, seed=1)
        def search(trial):
            return trial.suggest_float("x", 0, 1) * high

        return search

    with captured() as runs:
        for high in (1, 1, 2):
            sweep(high)()
        keys = [run.tags[t.STUDY_KEY_HASH] for run in runs.runs if run.tags[t.STAGE] == "hpo"]
        trials = {run.tags[t.TRIAL_KEY_HASH] for run in runs.runs if run.tags[t.STAGE] == "hpo_trial"}
    assert keys[0] == keys[1] != keys[2]
    assert 2 == len(trials)
