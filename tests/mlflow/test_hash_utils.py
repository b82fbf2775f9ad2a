import pytest

from tracked import tags as t
from tracked.errors import BackendUnavailable, RunNotFound
from tracked.mlflow.hash_utils import get_or_compute_study_key_hash, get_or_compute_trial_key_hash

CONFIGS = {"data_config": {"d": 1}, "hpo_config": {"h": 1}, "train_config": {}, "backbone": "distilbert"}


def tagged(**tags):
    """A store with one run that has these tags."""
    return lambda run_id: {key.replace("__", "."): value for key, value in tags.items()}


def missing(error):
    """A store that cannot give the run."""

    def read(run_id):
        raise error

    return read


def test_a_study_hash_that_is_given_wins():
    """Neither the run nor the configurations are looked at."""
    assert "given" == get_or_compute_study_key_hash(
        "given", "run", **CONFIGS, read_tags=missing(AssertionError())
    )


@pytest.mark.parametrize("key", t.reading_order(t.STUDY_KEY_HASH))
def test_the_tag_of_the_run_comes_next(key):
    """The run that is named knows its hash, under our key or one of the former system's."""
    read = tagged(**{key.replace(".", "__"): "tag"})
    assert "tag" == get_or_compute_study_key_hash(hpo_parent_run_id="run", **CONFIGS, read_tags=read)


@pytest.mark.parametrize("read", [None, tagged(), missing(RunNotFound()), missing(BackendUnavailable())])
def test_a_study_hash_is_computed_at_last(read, tmp_path):
    """Where no run tells it, the configurations do, and always the same, wherever they come from."""
    found = get_or_compute_study_key_hash(None, "run", **CONFIGS, config_dir=tmp_path, read_tags=read)
    assert 64 == len(found)
    assert found == get_or_compute_study_key_hash(**CONFIGS)
    assert found != get_or_compute_study_key_hash(**{**CONFIGS, "backbone": "bert"})


@pytest.mark.parametrize("part", list(CONFIGS))
def test_without_one_part_there_is_no_study_hash(part):
    """Nothing is made up for a part that is not known; an empty configuration is known."""
    assert get_or_compute_study_key_hash(**{**CONFIGS, part: None}) is None


def test_trial_hashes_fall_back_in_the_same_order():
    """Given, then the tag, then computed from the study's hash and the hyperparameters."""
    study = get_or_compute_study_key_hash(**CONFIGS)
    read = tagged(code__trial_key_hash="tag")
    assert "given" == get_or_compute_trial_key_hash("given", "run", study, {"lr": 1}, read_tags=read)
    assert "tag" == get_or_compute_trial_key_hash(None, "run", study, {"lr": 1}, read_tags=read)
    computed = get_or_compute_trial_key_hash(study_key_hash=study, hyperparameters={"lr": 1}, config_dir=".")
    assert 64 == len(computed)
    assert computed == get_or_compute_trial_key_hash(study_key_hash=study, hyperparameters={"lr": 1.0})
    assert get_or_compute_trial_key_hash(hyperparameters={"lr": 1}) is None
    assert get_or_compute_trial_key_hash(study_key_hash=study) is None
