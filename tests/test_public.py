"""The public names."""

import inspect
import types

import pytest

import tracked
from tracked import track

NAMES = {
    *(
        "tracked_sweep",
        "tracked_training",
        "tracked_benchmark",
        "tracked_conversion",
        "Kind",
        "decorator_for",
    ),
    *(
        "track",
        "setup_mlflow",
        "create_mlflow_run",
        "create_ml_client_from_config",
        "find_mlflow_runs",
        "get_mlflow_run_url",
    ),
    *("find_mlflow_run", "find_best_mlflow_run", "find_lineage"),
    *("get_or_compute_study_key_hash", "get_or_compute_trial_key_hash"),
    *("MLflowSweepTracker", "MLflowTrainingTracker", "MLflowBenchmarkTracker", "MLflowConversionTracker"),
    *("Param", "Metric", "Artifact", "Ignore", "Secret", "Key"),
    *("configure", "sync", "errors", "testing"),
    "download_artifacts",
    *("load_ipython_extension", "unload_ipython_extension"),
}
"""Of design §4, what exists today."""

BLOCK = {
    *("run", "log", "params", "tag", "note", "artifact", "current", "bind", "inject", "extract"),
    *("figure", "table", "model", "checkpoint"),
    *("disabled", "quiet", "progress"),
}


def test_all_is_what_is_documented():
    """No name comes or goes unnoticed, and each is there."""
    assert set(tracked.__all__) == NAMES
    assert sorted(tracked.__all__) == list(tracked.__all__)
    assert all(hasattr(tracked, name) for name in NAMES)


def test_nothing_else_looks_public():
    """What is not in ``__all__`` is a module of the package, or hidden."""
    others = {name for name in vars(tracked) if not name.startswith("_")} - NAMES - {"annotations"}
    assert {name for name in others if not isinstance(getattr(tracked, name), types.ModuleType)} == set()


def test_the_block_face_has_all_its_verbs():
    """``track.*`` offers what the documentation names."""
    own = {
        n for n, v in vars(track).items() if getattr(v, "__module__", "") == track.__name__ and n[0] != "_"
    }
    assert own - {"P", "R", "T"} == BLOCK


@pytest.mark.parametrize("name", sorted(NAMES))
def test_each_name_explains_itself(name):
    """``help(name)`` begins with a sentence."""
    thing = getattr(tracked, name)
    assert (inspect.getdoc(thing) or "").strip()


@pytest.mark.parametrize("name", sorted(BLOCK))
def test_each_verb_explains_itself(name):
    """So does every verb of ``track``."""
    assert (getattr(track, name).__doc__ or "").strip()


def test_the_errors_are_one_tree():
    """All are a TrackedError, and what Python would call them too."""
    errors = [e for e in vars(tracked.errors).values() if isinstance(e, type) and issubclass(e, Exception)]
    assert all(issubclass(error, tracked.errors.TrackedError) for error in errors)
    assert issubclass(tracked.errors.ConfigError, ValueError)
    assert issubclass(tracked.errors.RunNotFound, LookupError)
