"""Which study and trial a call belongs to."""

import pytest

from tracked import tags
from tracked.errors import IdentityError
from tracked.identity import backbone_of, resolve, study_family_key, study_key, trial_key

A, B, C = "a" * 64, "b" * 64, "c" * 64
CONFIGS = {"data_config": {"name": "d"}, "hpo_config": {"k": 1}, "train_config": {"epochs": 1}}
COMPUTED = study_key({"name": "d"}, {"k": 1}, {"epochs": 1}, "bert").hash
FAMILY = study_family_key({"name": "d"}, {"k": 1}, {"epochs": 1}).hash
OUTER = {tags.STUDY_KEY_HASH: A, tags.STUDY_FAMILY_HASH: B, tags.TRIAL_KEY_HASH: C}


def test_nothing_is_known_of_other_calls():
    """A call without study arguments, outside of any run, has no hashes."""
    assert {} == resolve({"lr": 1})
    for missing in CONFIGS:
        assert {} == resolve({**CONFIGS, missing: None, "backbone": "bert"})
    assert {} == resolve({"hyperparameters": {"lr": 1}})


def test_a_given_hash_wins():
    """A hash that is given wins over configs and over the run around."""
    found = resolve({"study_key_hash": B, **CONFIGS, "backbone": "bert"}, OUTER)

    assert B == found[tags.STUDY_KEY_HASH]


def test_configs_win_over_the_run_around():
    """Configs and a model make the study and its family, whatever the run around belongs to."""
    assert {tags.STUDY_KEY_HASH: COMPUTED, tags.STUDY_FAMILY_HASH: FAMILY} == resolve(
        {**CONFIGS, "backbone": "bert"}, OUTER
    )


@pytest.mark.parametrize("name", ["backbone", "model"])
def test_the_model_is_named_by_backbone_or_model(name):
    """Either argument names the model, and backbone comes first."""
    assert COMPUTED == resolve({**CONFIGS, name: "bert"})[tags.STUDY_KEY_HASH]
    assert "bert" == backbone_of({"backbone": "bert", "model": "other"})
    assert backbone_of({"model": object()}) is None


def test_a_model_object_names_no_study():
    """Without a model's name there is a family and no study."""
    assert {tags.STUDY_FAMILY_HASH: FAMILY} == resolve({**CONFIGS, "model": object()})


def test_the_rest_is_inherited():
    """A call that says nothing belongs to the study and trial of the run around."""
    assert OUTER == resolve({"lr": 1}, OUTER)
    assert OUTER == resolve({"study_key_hash": None, "trial_key_hash": "", "hyperparameters": {}}, OUTER)


def test_a_trial_of_another_study_is_not_inherited():
    """A call of another study inherits neither trial nor family."""
    assert {tags.STUDY_KEY_HASH: B} == resolve({"study_key_hash": B}, OUTER)
    assert OUTER == resolve({"study_key_hash": A}, OUTER)


def test_hyperparameters_make_a_trial():
    """Hyperparameters and the study make the trial; a given trial hash wins over them."""
    arguments = {"hyperparameters": {"lr": 1}}

    assert trial_key(A, {"lr": 1}).hash == resolve(arguments, OUTER)[tags.TRIAL_KEY_HASH]
    assert B == resolve({**arguments, "trial_key_hash": B}, OUTER)[tags.TRIAL_KEY_HASH]


@pytest.mark.parametrize("name", ["study_key_hash", "trial_key_hash", "study_family_hash"])
@pytest.mark.parametrize("bad", ["abc", "A" * 64, 5])
def test_a_malformed_hash_is_an_error(name, bad):
    """A given hash that cannot be one is said instead of written."""
    with pytest.raises(IdentityError, match="64 hexadecimal digits"):
        resolve({name: bad})


def test_secrets_do_not_enter():
    """A secret of the environment within a config enters no hash."""
    first = resolve({**CONFIGS, "backbone": "hunter2hunter2"}, secrets=["hunter2hunter2"])

    assert first == resolve({**CONFIGS, "backbone": "correcthorse"}, secrets=["correcthorse"])
