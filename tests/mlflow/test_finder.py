from uuid import uuid4

import pytest

from tests.many_runs import EXPERIMENT, fill
from tracked.errors import BackendUnavailable, ConfigError, RunNotFound
from tracked.mlflow import finder
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.best import find_best
from tracked.mlflow.client import client_for, known_experiment
from tracked.mlflow.finder import EVERYWHERE, get_run, matching, place_of, search
from tracked.mlflow.lookup import find_one
from tracked.mlflow.queries import asked
from tracked.ports import Point
from tracked.records import Opened

NOW = 1_700_000_000_000


@pytest.fixture(scope="module")
def filled(tmp_path_factory, templates):
    """A store with seven runs, of which the last two are equally old."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('finder')}/mlflow.db"
    backend = MlflowBackend(uri, templates)
    for i in range(7):
        record = Opened(
            f"{i:032x}", NOW + min(i, 5), f"r{i}", "ner", tags={"stage": "hpo" if i % 2 else "training"}
        )
        made = backend.create(record, None)
        backend.log(made.run_id, [Point("f1", i // 3, NOW, 0)], {}, {})
    return uri


def names(runs):
    """Their names, in order."""
    return [run.info.run_name for run in runs]


def test_all_pages_are_read(filled, mocker):
    """However small the store's pages are, all runs come, each once."""
    mocker.patch.object(finder, "_PAGE", 2)
    assert {f"r{i}" for i in range(7)} == set(names(search(filled, "ner")))
    assert 7 == len(search(filled, "ner"))
    assert 3 == len(search(filled, "ner", max_results=3))
    assert [] == search(filled, "ner", max_results=0)


def test_the_order_is_always_the_same(filled):
    """Newest first, and equals of an order newest first too."""
    assert ["r4", "r3", "r2", "r1", "r0"] == names(search(filled, "ner"))[2:]
    assert ["r5", "r4", "r3"] == names(search(filled, "ner", "metrics.f1 = 1", order_by=["metrics.f1 DESC"]))
    assert names(search(filled, "ner")) == names(search(filled, "ner"))


def test_filters_are_mlflows(filled):
    """The seed's filter works as anyone would write it."""
    assert ["r5", "r3"] == names(search(filled, "ner", "tags.stage='hpo' AND metrics.f1 > 0.8"))


def test_an_unknown_experiment_names_the_nearest(filled):
    """A slip in the name is answered with the name that was meant."""
    with pytest.raises(RunNotFound, match="did you mean 'ner'"):
        search(filled, "nerr")


@pytest.mark.parametrize(
    "asked",
    [
        {"filter_string": "tags.stage = hpo"},
        {"filter_string": "tags.stage='a' OR tags.stage='b'"},
        {"order_by": ["f1 DOWN"]},
        {"run_view": "activ"},
    ],
)
def test_what_mlflow_does_not_understand_is_a_mistake_of_the_question(asked, filled):
    """A malformed filter, order or view is a ConfigError that repeats it."""
    with pytest.raises(ConfigError, match=str(*asked.values())[2:6]):
        search(filled, "ner", **asked)


def test_deleted_runs_are_found_where_asked_for(filled):
    """The view says whether deleted runs count."""
    victim = search(filled, "ner", max_results=1)[0].info.run_id
    client_for(filled).delete_run(victim)
    assert [victim] == [run.info.run_id for run in search(filled, "ner", run_view="deleted")]
    assert 7 == len(search(filled, "ner", run_view="all"))
    client_for(filled).restore_run(victim)


def test_a_run_is_read_by_its_id(filled):
    """A known id gives the run, an unknown one says so."""
    run = search(filled, "ner", max_results=1)[0]
    assert run.info.run_id == get_run(filled, run.info.run_id).info.run_id
    with pytest.raises(RunNotFound, match="0000"):
        get_run(filled, "0" * 32)


@pytest.fixture(scope="module")
def other(filled):
    """One run in a second experiment."""
    made = MlflowBackend(filled).create(Opened("f" * 32, NOW + 99, "x", "other", tags={"stage": "hpo"}), None)
    return made.run_id


def test_several_experiments_are_searched_as_one(filled, other):
    """By their names, or all of them; an unknown one among them is an error."""
    assert 8 == len(search(filled, ["ner", "other"]))
    assert ["x", "r5", "r3", "r1"] == names(search(filled, EVERYWHERE, "tags.stage = 'hpo'"))
    assert ["x"] == names(search(filled, ["other"], where={"stage": "hpo"}))
    with pytest.raises(RunNotFound, match="did you mean 'other'"):
        search(filled, ["ner", "othr"])
    assert [] == search(filled, [])


def test_more_than_a_thousand_runs_come_whole(tmp_path, templates):
    """No limit of one page cuts the answer, with a filter, with data, and where most has to be tested here."""
    fill(tmp_path / "many.db", 1203, templates)
    uri = f"sqlite:///{tmp_path}/many.db"
    whole = search(uri, EXPERIMENT)
    assert 1203 == len({run.info.run_id for run in whole}) == len(whole)
    # One in four is a training; the newest comes first.
    where = {"stage": ("not", "hpo_trial"), "run_name": ["run-0", "run-1", "run-2"]}
    assert ["run-0"] == names(search(uri, EXPERIMENT, where=where))
    assert 301 == len(search(uri, EXPERIMENT, where={"stage": "training"}))
    assert ["run-1200", "run-1196"] == names(
        search(uri, EXPERIMENT, where={"stage": "training"}, max_results=2)
    )


def test_runs_that_come_meanwhile_are_no_second_copies(filled, mocker):
    """A new run pushes those of one page to the next: each still comes once."""
    mocker.patch.object(finder, "_PAGE", 2)
    place = place_of(filled, "ner")
    backend = MlflowBackend(filled)
    seen = []
    for i, run in enumerate(matching(place, "", asked(None), size=2)):
        seen.append(run.info.run_id)
        if i == 1:
            late = backend.create(Opened("e" * 32, NOW + 500, "late", "ner"), None).run_id
    client_for(filled).delete_run(late)
    assert 7 == len(seen) == len(set(seen))


def test_a_limit_is_a_number_of_runs(filled):
    """A negative one is a slip."""
    with pytest.raises(ConfigError, match="-1"):
        search(filled, "ner", max_results=-1)


def test_a_dead_server_is_unavailable(monkeypatch):
    """A store that does not answer is not mistaken for an empty one."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(BackendUnavailable):
        search("http://127.0.0.1:9", "ner")
    with pytest.raises(BackendUnavailable):
        get_run("http://127.0.0.1:9", "0" * 32)


@pytest.mark.server
def test_no_login_is_in_what_is_not_found(server_uri):
    """A password in the URI of a store is in no message about it."""
    uri = server_uri.replace("://", "://ada:swordfish@")
    client_for(uri).create_experiment(unique := f"login-{uuid4().hex}")
    questions = [
        lambda: search(uri, f"no-{unique}"),
        lambda: get_run(uri, uuid4().hex),
        lambda: known_experiment(uri, name=f"no-{unique}"),
        lambda: find_best(uri, unique, maximize="acc"),
        lambda: find_one(uri, "*", {"run_name": unique}),
    ]
    for ask in questions:
        with pytest.raises(RunNotFound) as told:
            ask()
        assert "swordfish" not in str(told.value)
