"""Ending, labelling and re-opening runs by their id: sqlite, and a real server."""

import pytest
from mlflow import MlflowClient

import tracked
from tests.stores import read_run
from tracked import tags as t
from tracked import track
from tracked.errors import RunNotFound
from tracked.lifecycle import (
    ensure_run_terminated,
    reopen_run,
    terminate_run_safe,
    terminate_run_with_tags,
)
from tracked.process import owner
from tracked.runs import create_child_run_core, create_mlflow_run, create_run_safe, get_or_create_experiment


@pytest.fixture
def client(store_uri):
    """The store, set up for us and open to plain MLflow."""
    tracked.configure(shipper="thread")
    tracked.setup_mlflow("life", tracking_uri=store_uri)
    yield MlflowClient(store_uri)
    tracked.sync(60)


@pytest.fixture
def foreign(client):
    """A run that plain MLflow has made and left running."""
    return client.create_run(get_or_create_experiment("life"), run_name="foreign").info.run_id


def status(client, run_id):
    """The state that the store has."""
    assert tracked.sync(60)
    return client.get_run(run_id).info.status


def test_a_running_run_is_ended(client, foreign):
    """Any run of the store is ended as asked, with its tags and an end time."""
    assert terminate_run_safe(foreign, "FAILED", {"why": "no"})
    run = client.get_run(foreign)
    assert ("FAILED", "no") == (run.info.status, run.data.tags["why"])
    assert run.info.end_time >= run.info.start_time


def test_a_run_that_has_ended_keeps_its_state_and_gets_its_tags(client, foreign):
    """The former system dropped the tags of a run that had ended; ours are set, and its end stays what it was."""
    client.set_terminated(foreign, "KILLED")
    assert terminate_run_safe(foreign, tags={"late": 1})
    assert terminate_run_with_tags(foreign, "FINISHED", {"later": "x"})
    assert "KILLED" == status(client, foreign)
    assert {"late": "1", "later": "x"}.items() <= client.get_run(foreign).data.tags.items()
    assert terminate_run_safe(foreign, "FINISHED", check_status=False)
    assert "FINISHED" == status(client, foreign)


def test_it_never_raises(client, capsys):
    """A run that is not there, and an end that is none: False, and a line that says what to do."""
    assert not terminate_run_safe("f" * 32)
    assert not terminate_run_safe("f" * 32, "DONE")
    assert not ensure_run_terminated("f" * 32)
    said = capsys.readouterr().err
    assert "f" * 32 in said
    assert "FINISHED" in said


def test_ensure_ends_what_runs_and_tells_what_ended_otherwise(client, foreign, capsys):
    """It is true only if the run has ended as expected; another end is left as it is."""
    assert ensure_run_terminated(foreign)
    assert ensure_run_terminated(foreign)
    assert not ensure_run_terminated(foreign, "FAILED")
    assert "FINISHED" == status(client, foreign)
    assert "has ended as FINISHED" in capsys.readouterr().err


def test_a_run_of_this_process_is_ended_once(client):
    """What it logged is delivered first, and the end of its block does not end it again."""
    with create_mlflow_run("mine") as run:
        track.log(x=1)
        assert terminate_run_safe(run.id, "FAILED", {"by": "hand"})
        track.log(x=2)
    found = read_run(client, run.id)
    assert ("FAILED", "hand") == (found.status, found.tags["by"])
    assert "FAILED" == status(client, run.id)
    assert [1.0, 2.0] == [
        point.value for point in sorted(read_run(client, run.id).points, key=lambda p: p.step)
    ]


def test_open_runs_are_values_until_somebody_ends_them(client):
    """``create_child_run_core`` and ``create_run_safe`` leave a run open; it is around nothing."""
    parent = create_run_safe(get_or_create_experiment("life"), "parent", {"stage": "hpo"})
    child, run = create_child_run_core(parent, "fold", trial_number=3, fold_idx=1, additional_tags={"k": 2})
    assert track.current() is None
    run.log({"f1": 0.5})
    assert ["RUNNING"] * 2 == [status(client, run_id) for run_id in (parent, child)]
    assert all(terminate_run_safe(run_id) for run_id in (child, parent))
    found = read_run(client, child)
    assert {"f1": 0.5} == found.metrics
    tags = {t.TRIAL_NUMBER: "3", t.FOLD: "1", "k": "2", t.MLFLOW_PARENT: parent, t.STAGE: "hpo_fold"}
    assert tags.items() <= found.tags.items()
    assert "hpo" == read_run(client, parent).tags[t.STAGE]


def test_a_run_is_gone_on_with(client):
    """It is running during the block, keeps its name, takes what is logged, and ends as the block does."""
    with create_mlflow_run("once") as first:
        track.log(x=1)
    with create_mlflow_run(run_id=first.id, tags={"again": "yes"}, extra=1) as second:
        assert "RUNNING" == status(client, first.id)
        track.log(y=2)
        with track.run("below"):
            pass
    assert second.id == first.id
    found = read_run(client, first.id)
    assert ("once", "FINISHED", {"x": 1.0, "y": 2.0}) == (found.name, found.status, found.metrics)
    assert ("yes", "1") == (found.tags["again"], found.params["extra"])
    (below,) = tracked.find_mlflow_runs("life", "attributes.run_name = 'below'")[:1]
    assert first.id == below.data.tags[t.MLFLOW_PARENT]


def test_a_run_that_somebody_else_made_is_gone_on_with(client, foreign):
    """Whatever made it, its id is enough; an exception goes through unchanged, and is its end."""
    error = ValueError("mine")

    def work():
        with create_mlflow_run(run_id=foreign):
            track.log(x=1)
            raise error

    with pytest.raises(ValueError, match="mine") as caught:
        work()
    assert caught.value is error
    found = read_run(client, foreign)
    assert ("foreign", "FAILED", "ValueError") == (found.name, found.status, found.tags[t.ERROR_TYPE])
    assert {"x": 1.0} == found.metrics


def test_a_run_is_reopened(client, foreign):
    """One that has ended runs again; one that is not there is said not to be."""
    client.set_terminated(foreign, "FAILED")
    reopen_run(foreign)
    assert "RUNNING" == status(client, foreign)
    with pytest.raises(RunNotFound, match="f" * 32):
        reopen_run("f" * 32)


def test_a_run_handed_over_by_the_environment_is_never_ended(client, foreign, monkeypatch):
    """Gone on with by its name it is joined, and whoever started the process ends it; later runs stand under it."""
    monkeypatch.setenv("MLFLOW_RUN_ID", foreign)
    with create_mlflow_run(run_id=foreign) as job:
        track.log(x=1)
    with track.run("later") as later:
        track.log(y=1)
    assert (foreign, "RUNNING") == (job.id, status(client, foreign))
    found = read_run(client, foreign)
    assert ("foreign", {"x": 1.0}) == (found.name, found.metrics)
    assert foreign == read_run(client, later.id).tags[t.MLFLOW_PARENT]


def test_the_first_tracked_run_is_the_one_handed_over(client, foreign, monkeypatch):
    """Without naming it, it is joined too: it takes the data of the first run, and goes on running."""
    monkeypatch.setenv("AZUREML_RUN_ID", foreign)
    with track.run("first") as first:
        track.log(x=1)
    assert (foreign, "RUNNING") == (first.id, status(client, foreign))
    assert terminate_run_safe(foreign)
    assert "FINISHED" == status(client, foreign)


def test_whose_a_continued_run_is_can_be_seen_before_it_runs(client):
    """Whoever looks for runs left behind finds the process that goes on with it, and not the one that is gone."""
    with track.run("first") as first:
        pass
    assert tracked.sync(60)
    client.set_tag(first.id, t.PROCESS, "1:2:b:p:m")
    client.set_tag(first.id, t.HEARTBEAT, "1")
    with create_mlflow_run(run_id=first.id):
        run = client.get_run(first.id)
        assert ("RUNNING", owner()[t.PROCESS]) == (run.info.status, run.data.tags[t.PROCESS])
        assert "none" == run.data.tags[t.HEARTBEAT]
    assert "FINISHED" == status(client, first.id)
