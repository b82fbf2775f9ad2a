"""Tracking switched off as a whole."""

import pytest

from tests.scripts import Store
from tracked import track, tracked_benchmark, tracked_conversion, tracked_sweep, tracked_training
from tracked.errors import ConfigError
from tracked.testing import captured


@pytest.fixture(autouse=True)
def _off(monkeypatch):
    monkeypatch.setenv("TRACKED_DISABLED", "1")


def train(lr):
    """A plain function."""
    track.log(acc=lr)
    return lr


@pytest.mark.parametrize(
    "decorator", [tracked_training, tracked_benchmark, tracked_conversion, tracked_sweep]
)
def test_a_decorator_returns_the_function_itself(decorator):
    """Nothing is wrapped: bare or with options, the very object comes back."""
    assert decorator(train) is train
    assert decorator(name="x")(train) is train


def test_a_wrong_option_is_still_wrong():
    """A program that works switched off works switched on."""
    with pytest.raises(ConfigError, match="did you mean 'name'"):
        tracked_training(nam="x")


@pytest.mark.parametrize(
    ("value", "is_off"), [("1", True), ("true", True), ("0", False), ("false", False), ("", False)]
)
def test_what_switches_it_off(value, is_off, monkeypatch):
    """Anything but 0, false and nothing."""
    monkeypatch.setenv("TRACKED_DISABLED", value)
    assert is_off == (tracked_training(train) is train)


def test_blocks_and_functions_decorated_before_record_nothing(monkeypatch):
    """A notebook that switches off later has no further runs."""
    monkeypatch.delenv("TRACKED_DISABLED")
    decorated = tracked_training(train)
    monkeypatch.setenv("TRACKED_DISABLED", "1")
    with captured() as runs:
        with track.run("block"):
            assert 0.5 == decorated(0.5)
        assert [] == runs.runs


def test_a_sweep_still_sweeps():
    """The function cannot be called without a trial, so its loop stays; nothing of it is recorded."""
    with captured() as runs:
        best = tracked_sweep(n_trials=3, maximize="acc", seed=1)(
            lambda trial: {"acc": trial.suggest_int("x", 1, 9)}
        )()
        assert 3 == len(best.trials)
        assert best.best.values == (max(trial.value for trial in best.trials),)
        assert [] == runs.runs


def test_a_program_runs_in_silence_and_leaves_nothing(tmp_path):
    """No line, no file, no store, no process."""
    store = Store(tmp_path)
    home = tmp_path / "home of its own"
    done = store.python(
        "from tracked import track, tracked_training\n"
        "@tracked_training\n"
        "def train(lr): track.log(acc=lr); return lr\n"
        "assert train(0.5) == 0.5\n"
        "with track.run('block'): track.artifact(b'x', 'x')\n",
        TRACKED_HOME=str(home),
    )
    assert ("", "") == (done.stdout, done.stderr)
    assert not home.exists()
    assert not store.path.exists()
