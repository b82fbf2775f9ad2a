import pytest

import tracked
from tracked import tags as t
from tracked.errors import BackendUnavailable, ConfigError, RunNotFound
from tracked.hashing import (
    compute_data_fingerprint,
    compute_eval_fingerprint,
    explain,
    get_study_family_hash_from_run,
    get_study_key_hash_from_run,
    get_trial_key_hash_from_run,
)
from tracked.identity import study_key
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.hash_utils import get_or_compute_study_key_hash, get_or_compute_trial_key_hash
from tracked.records import Opened

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


@pytest.mark.parametrize("read", [None, tagged(), missing(RunNotFound("run")), missing(BackendUnavailable())])
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


CONFIGURED = {t.STUDY_KEY_HASH: "team.study"}


@pytest.fixture(scope="module")
def tagged_runs(tmp_path_factory, templates):
    """A real store with runs of ours, of both ages of the former system, and under a configured name."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('hashes')}/mlflow.db"
    backend = MlflowBackend(uri, templates)
    keys = (*t.reading_order(t.STUDY_KEY_HASH, CONFIGURED), t.TRIAL_KEY_HASH, t.STUDY_FAMILY_HASH, "other")
    tags = {key: {key: f"{i:064x}"} for i, key in enumerate(keys)}
    tags["all"] = {key: f"{i:064x}" for i, key in enumerate(keys)}
    made = {
        name: backend.create(Opened(f"{i:032x}", 1, name, "hashes", tags=own), None).run_id
        for i, (name, own) in enumerate(tags.items())
    }
    return uri, keys, made


@pytest.fixture
def runs(tagged_runs):
    """MLflow ids by the tag that the run has, in a set-up that knows the configured name."""
    uri, _, made = tagged_runs
    tracked.setup_mlflow("hashes", tracking_uri=uri)
    tracked.configure(tags=CONFIGURED)
    return made


def test_a_runs_keys_are_read_from_real_runs(runs, tagged_runs):
    """Our tag, the former system's two, then the configured name, in this order; a run without one says nothing."""
    keys = tagged_runs[1]
    for i, key in enumerate(keys[:4]):
        assert f"{i:064x}" == get_study_key_hash_from_run(runs[key])
    assert f"{0:064x}" == get_study_key_hash_from_run(runs["all"])
    assert f"{4:064x}" == get_trial_key_hash_from_run(runs["all"])
    assert f"{5:064x}" == get_study_family_hash_from_run(runs["all"])
    assert get_study_key_hash_from_run(runs["other"]) is None
    with pytest.raises(RunNotFound, match="f" * 32):
        get_study_key_hash_from_run("f" * 32)


def test_the_public_utilities_fall_back_on_real_runs(runs):
    """Given > the tag of the run > computed, also for a run without the tag and for one that is not there."""
    study = tracked.get_or_compute_study_key_hash
    assert f"{3:064x}" == study(hpo_parent_run_id=runs["team.study"], **CONFIGS)
    computed = get_or_compute_study_key_hash(**CONFIGS)
    assert {computed} == {study(hpo_parent_run_id=run, **CONFIGS) for run in (runs["other"], "f" * 32, None)}
    trial = tracked.get_or_compute_trial_key_hash
    assert f"{4:064x}" == trial(trial_run_id=runs[t.TRIAL_KEY_HASH])
    assert 64 == len(trial(None, runs["other"], computed, {"lr": 3e-5, "batch_size": 16}))


DATA = {"name": "resumes", "version": "v1", "splitting": {"random_seed": 1}}


def test_data_are_known_by_their_content_or_else_by_all_that_is_said_of_them():
    """A digest of the content decides alone; without one, each detail counts, however deep."""
    key = compute_data_fingerprint(DATA)
    assert 64 == len(key)
    assert key == compute_data_fingerprint({**DATA, "local_path": "/elsewhere"})
    assert key != compute_data_fingerprint({**DATA, "splitting": {"random_seed": 2}})
    by_content = [compute_data_fingerprint({**more, "content_hash": "abc"}) for more in ({}, DATA)]
    assert by_content[0] == by_content[1] == compute_data_fingerprint({"manifest_hash": "abc"}) != key


def test_an_evaluation_is_known_by_its_config_or_else_by_the_objective():
    """``train.eval``, then ``hpo.evaluation``, then the objective's metric: an empty config is none."""
    hpo = {"objective": {"metric": "macro-f1"}, "evaluation": {"metric": "f1"}}
    of_objective = compute_eval_fingerprint({"eval": {}}, {**hpo, "evaluation": {}})
    assert of_objective == compute_eval_fingerprint({"eval": {"metric": "macro-f1"}})
    of_hpo = compute_eval_fingerprint({}, hpo)
    assert of_objective != of_hpo == compute_eval_fingerprint({"eval": {"metric": "f1"}})
    assert of_hpo != compute_eval_fingerprint({"eval": {"metric": "f1", "evaluator_version": "2"}}, hpo)


def test_the_difference_of_two_keys_is_told():
    """The leaf that differs, from keys or from configs; a hash alone cannot tell."""
    one, two = ({"training": {"epochs": n}} for n in (1, 50))
    keys = [study_key(DATA, {}, config, "bert") for config in (one, two)]
    assert keys[0].hash != keys[1].hash
    assert "train.training.epochs: 1 -> 50" == str(explain(*keys))
    assert "training.epochs: 1 -> 50" == str(explain(one, two))
    assert not explain(keys[0], keys[0].payload)
    with pytest.raises(ConfigError, match="give the keys"):
        explain(keys[0].hash, keys[1].hash)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"training": {"epochs": 1}}, {"training": {"epochs": 50}}, False),
        ({"training": {"learning_rate": 1e-5}}, {"training": {"learning_rate": 2e-5}}, False),
        ({"early_stopping": {"patience": 1}}, {"early_stopping": {"patience": 2}}, False),
        ({"seed": 1}, {"seed": 2}, False),
        ({"batch": 8}, {"batch": 8.0}, True),
        ({"batch": 8}, {"batch": "8"}, False),
        ({"use": True}, {"use": 1}, False),
        ({"init": None}, {"init": "None"}, False),
        ({"init": "None"}, {"init": "none"}, False),
        ({"lr": 2.33e-05}, {"lr": 0.0000233}, True),
        ({"lr": 2.33e-05}, {"lr": 0.0000233000001}, False),
    ],
)
def test_the_defects_of_the_former_hashes_are_gone(one, other, same):
    """What is nested counts, and what is equal, and only that, is the same."""
    keys = [
        get_or_compute_study_key_hash(data_config=DATA, hpo_config={}, train_config=config, backbone="bert")
        for config in (one, other)
    ]
    assert same is (keys[0] == keys[1])


def test_an_empty_train_config_is_a_config():
    """The former system had no key for it."""
    assert get_or_compute_study_key_hash(data_config=DATA, hpo_config={}, train_config={}, backbone="bert")


def test_no_key_comes_from_the_environment(monkeypatch):
    """One study's key cannot leak into the next one."""
    before = get_or_compute_study_key_hash(**CONFIGS)
    monkeypatch.setenv("HPO_STUDY_KEY_HASH", "0" * 64)
    assert before == get_or_compute_study_key_hash(**CONFIGS)
