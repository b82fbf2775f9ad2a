"""One way to say which run is meant, for every command."""

import json

import pytest

from tests.cli.looked_at import HOSTILE

pytestmark = pytest.mark.usefixtures("looked_at")


@pytest.fixture
def meant(looked_at, tracked):
    """The run that a reference leads to, by its name in the store."""
    names = {run_id: name for name, run_id in looked_at.ids.items()}

    def find(reference):
        code, printed, said = tracked("show", reference, "--json")
        assert 0 == code, said
        return names[json.loads(printed)["run_id"]]

    return find


def test_ids_names_and_keys_lead_to_a_run(looked_at, meant):
    """MLflow's id or its beginning, ours, the exact name, the beginning of the key of a call, a trial or a study."""
    fast = looked_at.ids["fast"]
    assert ["fast"] * 3 == [meant(fast), meant(fast[:8]), meant("fast")]
    assert "fast" == meant(f"{2:032x}")  # the local id
    assert "trial-1" == meant("11ace0")
    assert "sweep" == meant("5eed5eed")  # which is the study of its trials too
    assert HOSTILE == meant(HOSTILE)


def test_a_name_that_reads_like_a_key_is_a_name(own, tracked):
    """What a run is called is stronger than what the key of another begins with."""
    own.add("keyed", "training", CALL_KEY="c0ffee" + "0" * 58)
    called = own.add("c0ffee", "training")
    assert called == json.loads(tracked("show", "c0ffee", "--json")[1])["run_id"]


def test_at_last_is_the_newest_run_at_a_root(own, tracked):
    """Not the last trial of a sweep, which began later."""
    sweep = own.add("sweep", "hpo")
    own.add("trial-0", "hpo_trial", "sweep")
    assert sweep == json.loads(tracked("show", "@last", "--json")[1])["run_id"]


def test_at_last_looks_in_the_experiment_of_the_settings(meant, monkeypatch):
    """And in all where none is set."""
    assert "twin 1.0" == meant("@last")
    monkeypatch.setenv("TRACKED_EXPERIMENT", "other")
    assert HOSTILE == meant("@last")


def test_at_best_goes_the_way_that_is_said_or_recorded(meant, tracked):
    """A sweep's objective has a direction; a sweep itself, which repeats its best trial, is not the best."""
    assert "trial-0" == meant("@best:f1")
    assert "trial-1" == meant("@best:f1:min")
    assert "twin 1.0" == meant("@best:loss:min")


def test_a_direction_that_nobody_recorded_is_said(tracked):
    """The largest is taken, and nobody is left to find out."""
    code, _, said = tracked("show", "@best:loss")
    assert 0 == code
    assert "Note: the largest loss is taken for the best" in said


def test_what_could_be_several_is_listed_and_3(looked_at, tracked):
    """Nothing is guessed: the person sees enough of each to choose."""
    code, printed, said = tracked("show", "twin")
    assert (3, "") == (code, printed)
    assert "'twin' could be any of 2 runs" in said
    for name in ("twin 1.0", "twin nan"):
        assert f"  {looked_at.ids[name][:12]}  twin  training  FINISHED  2 h ago\n" in said


@pytest.mark.parametrize(
    ("reference", "near"),
    [("trial-0x", "trial-0"), ("swee", "sweep"), ("slwo", "slow"), ("qqqq", "tracked runs")],
)
def test_what_is_not_there_is_told_with_the_nearest_and_3(tracked, reference, near):
    """A slip of the finger is shown what was probably meant."""
    code, printed, said = tracked("show", reference)
    assert (3, "") == (code, printed)
    assert f"there is no run {reference!r}" in said
    assert near in said


def test_a_reference_that_is_none_is_1(tracked, looked_at):
    """With what there is instead."""
    code, _, said = tracked("show", "@lst")
    assert (1, "Error: '@lst' is no reference; did you mean '@last'?\n") == (code, said)


@pytest.mark.parametrize("command", ["show", "explain", "lineage", "rerun", "verify", "best", "tail", "ui"])
def test_every_command_reads_references_alike(looked_at, tracked, command):
    """What is ambiguous for one is so for all."""
    code, printed, said = tracked(command, "twin")
    assert (3, "") == (code, printed)
    assert "could be any of 2 runs" in said


@pytest.mark.parametrize("command", ["compare", "diff"])
def test_commands_of_two_runs_do_too(looked_at, tracked, command):
    """Whichever of the two it is."""
    code, _, said = tracked(command, "fast", "twin")
    assert 3 == code
    assert "could be any of 2 runs" in said


def test_a_store_that_is_not_there_yet_is_not_made_by_looking(tracked, tmp_path, monkeypatch):
    """Somebody who looks in the wrong folder leaves nothing behind."""
    monkeypatch.setenv("TRACKED_TRACKING_URI", f"sqlite:///{tmp_path}/none/mlflow.db")
    code, _, said = tracked("runs")
    assert 3 == code
    assert "there are no runs yet" in said
    assert not (tmp_path / "none").exists()


def test_a_store_for_tests_is_none_to_look_at(tracked, store, monkeypatch):
    """It says where to look instead."""
    monkeypatch.setenv("TRACKED_TRACKING_URI", f"records://{store}")
    code, _, said = tracked("show", "@last")
    assert 1 == code
    assert "tracked.testing" in said


def test_a_server_that_is_down_is_4(tracked, monkeypatch):
    """A script tells it from a run that is missing."""
    monkeypatch.setenv("TRACKED_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    code, _, said = tracked("show", "@last")
    assert 4 == code
    assert "127.0.0.1:9" in said
