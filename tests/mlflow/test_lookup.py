import pytest

from tracked import tags as t
from tracked.errors import BackendUnavailable, ConfigError, RunNotFound
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.client import client_for
from tracked.mlflow.finder import EVERYWHERE, search
from tracked.mlflow.lookup import STRATEGIES, find_one, find_trial
from tracked.records import Opened

NOW = 1_700_000_000_000
KEY, OTHER, TRIAL = "a" * 64, "b" * 64, "c0ffee12" * 8

RUNS = [
    ("sweep", {t.STAGE: "hpo", t.STUDY_KEY_HASH: KEY, "owner": 'it\'s "me"'}),
    ("trial-0", {t.STAGE: "hpo_trial", t.STUDY_KEY_HASH: KEY, t.TRIAL_KEY_HASH: TRIAL, t.TRIAL_NUMBER: "0"}),
    ("trial-1", {t.STAGE: "hpo_trial", t.STUDY_KEY_HASH: KEY, "code.trial_id": "trial_1_20260101"}),
    ("train", {t.STAGE: "training", t.CALL_KEY: OTHER}),
    ("train", {t.STAGE: "training", t.CALL_KEY: OTHER}),
    ("former", {"code.stage": "hpo", "code.grouping.study_key_hash": OTHER, "code.run_key_hash": KEY}),
]


def fill(uri, templates=None):
    """Six runs in one experiment and one in another; their ids by number."""
    backend = MlflowBackend(uri, templates)
    opened = [Opened(f"{i:032x}", NOW + i, name, "look", tags=tags) for i, (name, tags) in enumerate(RUNS)]
    opened.append(Opened("f" * 32, NOW, "elsewhere", "other"))
    made = [backend.create(record, None).run_id for record in opened]
    backend.close(made[3], "FAILED", NOW + 9)
    return uri, made


@pytest.fixture(scope="module")
def sqlite_store(tmp_path_factory, templates):
    """A sqlite store, and the ids of its runs."""
    return fill(f"sqlite:///{tmp_path_factory.mktemp('lookup')}/mlflow.db", templates)


@pytest.mark.parametrize(
    ("marks", "number", "strategy"),
    [
        ({"local_id": f"{1:032x}"}, 1, "local_id"),
        ({"trial_key_hash": TRIAL}, 1, "trial_key_hash"),
        ({"study_key_hash": OTHER}, 5, "study_key_hash"),
        ({"run_key_hash": KEY}, 5, "run_key_hash"),
        ({"tags": {"owner": 'it\'s "me"'}}, 0, "tags"),
        ({"run_name": "sweep"}, 0, "run_name"),
        ({"call_key": OTHER, "run_name": "sweep"}, 0, "run_name"),
        ({"call_key": KEY, "trial_key_hash": TRIAL, "run_name": "sweep"}, 1, "trial_key_hash"),
    ],
)
def test_the_first_mark_that_fits_one_run_leads_to_it(sqlite_store, marks, number, strategy):
    """In a fixed order; what fits none or several is passed over, and what was tried is reported."""
    uri, made = sqlite_store
    report = find_one(uri, "look", marks)
    assert (made[number], strategy, True) == (report.run_id, report.strategy_used, report.found)
    assert report.error is None
    tried = [name for name in STRATEGIES if name in marks]
    assert tuple(tried[: tried.index(strategy) + 1]) == report.strategies_attempted
    assert "found" == report.attempts[-1].outcome


def test_a_run_is_found_by_its_id(sqlite_store):
    """Its experiment has to be the one that was named."""
    uri, made = sqlite_store
    assert made[2] == find_one(uri, "look", {"run_id": made[2]}).run_id
    assert made[6] == find_one(uri, EVERYWHERE, {"run_id": made[6]}).run_id
    assert made[6] == find_one(uri, ["look", "other"], {"run_id": made[6]}).run_id
    with pytest.raises(RunNotFound, match="of another experiment"):
        find_one(uri, "look", {"run_id": made[6]})


def test_no_run_of_another_experiment_is_taken(sqlite_store):
    """A run with the right mark elsewhere, and a newer one without it here, are not what was looked for."""
    uri, _ = sqlite_store
    for marks in ({"run_name": "elsewhere"}, {"local_id": "f" * 32}):
        assert not find_one(uri, "look", marks, strict=False).found


def test_not_found_says_all_that_was_tried(sqlite_store):
    """The error names what was looked for, where, what came of it and what to do; it carries the report."""
    uri, made = sqlite_store
    marks = {"run_id": "0" * 32, "call_key": OTHER, "tags": {"owner": "you"}}
    with pytest.raises(RunNotFound) as caught:
        find_one(uri, "look", marks)
    text = str(caught.value)
    for part in (
        uri,
        "'look'",
        "0000: there is no such run",
        f"2 runs have it ({made[4]}, {made[3]})",
        "status=",
    ):
        assert part.replace("0000:", "00':") in text
    assert ("run_id", "call_key", "tags") == caught.value.report.strategies_attempted
    report = find_one(uri, "look", marks, strict=False)
    assert (False, None, None) == (report.found, report.run_id, report.strategy_used)
    assert text == report.error


def test_of_several_the_rest_decides(sqlite_store):
    """What holds besides narrows each mark, the id too."""
    uri, made = sqlite_store
    finished = {"attributes.status": "FAILED"}
    assert made[3] == find_one(uri, "look", {"call_key": OTHER}, where=finished).run_id
    assert made[0] == find_one(uri, "look", {"study_key_hash": KEY}, where={"stage": "hpo"}).run_id
    with pytest.raises(RunNotFound, match="the rest does not hold"):
        find_one(uri, "look", {"run_id": made[4]}, where=finished)


@pytest.mark.parametrize(
    ("trial_id", "number"), [(TRIAL, 1), (f"trial-{TRIAL[:8]}", 1), ("trial_1_20260101", 2), ("trial-1", 2)]
)
def test_a_trial_is_found_by_any_of_its_ids(sqlite_store, trial_id, number):
    """By its key, the beginning of it, the former system's tag, and its name."""
    uri, made = sqlite_store
    assert made[number] == find_trial(uri, "look", trial_id).run_id


def test_a_trial_that_is_not_there(sqlite_store):
    """It is an error, or a report, and never some other trial."""
    uri, made = sqlite_store
    with pytest.raises(RunNotFound, match="trial-deadbeef"):
        find_trial(uri, "look", "trial-deadbeef")
    assert not find_trial(uri, "look", "trial-", strict=False).found
    assert "run_id" == find_trial(uri, "look", made[1]).strategy_used


@pytest.mark.parametrize(
    ("marks", "told"),
    [
        ({}, "nothing is known"),
        ({"run_id": None}, "nothing is known"),
        ({"runid": "x"}, "did you mean 'run_id'"),
        ({"tags": "x"}, "mapping"),
        ({"tags": {}}, "mapping"),
    ],
)
def test_a_mark_has_to_be_one(sqlite_store, marks, told):
    """A slip is told before the store is asked."""
    with pytest.raises(ConfigError, match=told):
        find_one(sqlite_store[0], "look", marks)


def test_an_experiment_that_is_not_there(sqlite_store):
    """It is named, with the nearest."""
    with pytest.raises(RunNotFound, match="did you mean 'look'"):
        find_one(sqlite_store[0], "lok", {"run_name": "x"})


def test_a_dead_store_is_not_an_empty_one(monkeypatch):
    """Not to be able to ask is no reason to say that there is no such run."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(BackendUnavailable):
        find_one("http://127.0.0.1:9", "look", {"run_id": "0" * 32}, strict=False)


@pytest.mark.server
def test_over_a_server_too(server_uri):
    """The same marks lead to the same runs."""
    uri, made = fill(server_uri)
    assert made[1] == find_one(uri, "look", {"trial_key_hash": TRIAL}).run_id
    assert made[0] == find_one(uri, "look", {"tags": {"owner": 'it\'s "me"'}}).run_id
    assert made[1] == find_trial(uri, "look", f"trial-{TRIAL[:8]}").run_id
    assert not find_one(uri, "look", {"run_id": made[6]}, strict=False).found


def test_a_lookup_asks_the_store_twice(sqlite_store, mocker):
    """As by hand: once for the experiment, once for the run."""
    uri, _ = sqlite_store
    client = type(client_for(uri))
    spies = [mocker.spy(client, name) for name in ("get_experiment_by_name", "search_runs", "get_run")]
    find_one(uri, "look", {"local_id": f"{1:032x}"})
    assert [1, 1, 0] == [spy.call_count for spy in spies]
    assert 6 == len(search(uri, "look"))
