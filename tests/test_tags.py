"""The table of tags: one place for their keys, further names, and what is done with long values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow import MlflowClient

import tracked
from tests.stores import all_runs
from tracked import tags as t
from tracked import track, tracked_training
from tracked.errors import ConfigError
from tracked.further_names import fitted
from tracked.lengths import digest
from tracked.testing import captured

LONG = "ä" * 9000


def test_a_fact_is_read_under_ours_then_the_former_then_the_configured_key():
    """The order of keys is fixed, so that two readers never differ; an empty value is none."""
    names = {t.STUDY_KEY_HASH: "my.study"}
    order = t.reading_order(t.STUDY_KEY_HASH, names)
    assert (
        "tracked.study_key_hash",
        "code.study_key_hash",
        "code.grouping.study_key_hash",
        "my.study",
    ) == order
    stored = {key: f"by {key}" for key in order}
    for key in order:
        assert f"by {key}" == t.read(stored, t.STUDY_KEY_HASH, names)
        stored[key] = ""
    assert t.read(stored, t.STUDY_KEY_HASH, names) is None
    assert t.read({"my.study": "x"}, t.STUDY_KEY_HASH) is None


def test_no_key_is_read_as_two_facts():
    """A tag of the former system means one thing here."""
    former = [key for keys in t.READ_AS.values() for key in keys]
    assert len(former) == len(set(former))
    assert not set(former) & t.KEYS


@given(st.dictionaries(st.text(min_size=1), st.text()), st.integers(t.SHORTEST_LIMIT, 200))
def test_no_tag_is_too_long_or_lost(values, limit):
    """Each value fits, and what was cut is given back whole and ends in its own hash."""
    written, long = fitted(values, {}, limit)
    assert values.keys() == written.keys()
    assert all(len(value) <= limit for value in written.values())
    assert values == {**written, **long}
    assert all(written[key].endswith(digest(value)) for key, value in long.items())


def test_a_further_name_stands_beside_ours():
    """Filters on our keys go on to work, whatever else a tag is called; a tag set by hand under that name wins."""
    names = {t.STAGE: "code.stage"}
    assert {"stage": "hpo", "code.stage": "hpo", "x": "y"} == fitted({"stage": "hpo", "x": "y"}, names, 50)[0]
    assert {"stage": "hpo", "code.stage": "mine"} == fitted(
        {"stage": "hpo", "code.stage": "mine"}, names, 50
    )[0]


@pytest.mark.parametrize("key", ["tracked.id", "best_trial_run_id", "tracked.heartbeat"])
def test_what_delivery_goes_by_keeps_its_name(key):
    """A tag that the shipper writes or translates cannot be called otherwise."""
    with pytest.raises(ConfigError, match="no other name"):
        tracked.configure(tags={key: "x"})


@pytest.mark.parametrize("name", [t.STUDY_KEY_HASH, t.LOCAL_ID, "mlflow.runName", " ", 3])
def test_a_further_name_takes_no_other_tags_place(name):
    """What would be read as another tag of ours or of MLflow, or is no name at all, is refused; its own name is not."""
    with pytest.raises(ConfigError, match=r"tag stage cannot be called|the name of tag stage is a text"):
        tracked.configure(tags={"stage": name})
    tracked.configure(tags={"stage": t.STAGE})


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    """MLflow is loaded in this process: to ship here spares a start of it elsewhere."""
    monkeypatch.setenv("TRACKED_SHIPPER", "thread")


@pytest.fixture(params=["sqlite", pytest.param("http", marks=pytest.mark.server)])
def uri(request, tmp_path):
    """A real store."""
    return (
        f"sqlite:///{tmp_path}/mlflow.db"
        if request.param == "sqlite"
        else request.getfixturevalue("server_uri")
    )


def test_further_names_and_long_tags_in_a_real_store(uri, tmp_path):
    """Both keys of a tag are found by MLflow's own filter; a long one ends in a hash under which it is kept whole."""
    tracked.setup_mlflow("tags", tracking_uri=uri)
    tracked.configure(tags={"stage": "my.stage", "study_key_hash": "my.study"}, project="ner")

    @tracked_training(tags={"first": LONG})
    def train(study_key_hash: str):
        track.tag(later=LONG, short="s")

    train("ab" * 32)
    tracked.sync()
    (run,) = all_runs(MlflowClient(uri), "tags").values()
    assert ("training", "training", "ner") == tuple(run.tags[key] for key in ("stage", "my.stage", "project"))
    assert "ab" * 32 == run.tags["my.study"] == run.tags[t.STUDY_KEY_HASH]
    for key in ("first", "later"):
        assert len(run.tags[key]) <= 8000
        name = f"tags/{key}.{run.tags[key].rpartition('sha256:')[2]}.txt"
        assert LONG == run.artifacts[name].decode()
    assert "s" == run.tags["short"]
    (found,) = tracked.find_mlflow_runs("tags", "tags.`my.stage` = 'training'")
    assert found.info.run_id == run.run_id


def test_a_hash_under_a_configured_name_is_read(tmp_path):
    """A run that another program tagged in its own way gives its study to those that name it."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    tracked.setup_mlflow("theirs", tracking_uri=uri)
    with track.run("theirs", tags={"their.study": "cd" * 32}) as run:
        pass
    assert tracked.get_or_compute_study_key_hash(hpo_parent_run_id=run.id) is None
    tracked.configure(tags={"study_key_hash": "their.study"})
    assert "cd" * 32 == tracked.get_or_compute_study_key_hash(hpo_parent_run_id=run.id)


def test_a_hash_that_the_store_may_replace_has_no_further_name():
    """A run that names another shares that one's key: a second name must not tell a key that was computed here."""
    tracked.configure(tags={"study_key_hash": "my.study", "stage": "my.stage"})

    @tracked_training
    def train(hpo_parent_run_id, data_config, hpo_config, train_config, backbone):
        return None

    with captured() as runs:
        with track.run("study", tags={t.STUDY_KEY_HASH: "ab" * 32}) as study:
            pass
        train(study.id, {"a": 1}, {"b": 2}, {"c": 3}, "bert")
        tags = runs["train"].tags
    assert ("ab" * 32, None, "training") == tuple(map(tags.get, (t.STUDY_KEY_HASH, "my.study", "my.stage")))


def test_the_longest_tag_can_be_set():
    """``tag_max_length`` is what the former system's ``tags.max_length`` said it was."""
    tracked.configure(tag_max_length=64)
    with captured() as runs:
        with track.run("r"):
            track.tag(long="x" * 300, short="y" * 64)
        run = runs["r"]
    assert (64, "y" * 64) == (len(run.tags["long"]), run.tags["short"])
    assert b"x" * 300 == run.artifacts[f"tags/long.{digest('x' * 300)}.txt"]
    assert "sha256" not in run.tags[t.LOCAL_ID] + run.tags[t.PROCESS]


def test_a_long_traceback_is_whole_in_its_file():
    """What is written at the end of a run is fitted as well."""
    tracked.configure(tag_max_length=64)
    with captured() as runs:
        with pytest.raises(ValueError, match="boom"), track.run("r"):
            raise ValueError("boom" * 20)
        run = runs["r"]
    (name,) = [name for name in run.artifacts if name.startswith(f"tags/{t.ERROR_MESSAGE}.")]
    assert b"boom" * 20 == run.artifacts[name]
