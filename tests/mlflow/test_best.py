import math

import pytest

from tests.many_runs import EXPERIMENT, fill, value
from tracked.errors import ConfigError, RunNotFound
from tracked.mlflow import best, narrow
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.best import best_of, find_best
from tracked.mlflow.client import client_for
from tracked.mlflow.columns import LARGEST
from tracked.mlflow.finder import place_of, search
from tracked.ports import Point
from tracked.records import Opened

NOW = 1_300_000_000_000
LOSSES = [3.0, math.nan, -2.0, math.inf, -2.0, 3.0, None, 0.0, -0.0]


def few(uri, templates=None):
    """Runs ``r0``, ``r1``... with these losses; each later one began a second earlier."""
    backend = MlflowBackend(uri, templates)
    for i, loss in enumerate(LOSSES):
        tags = {"half": "first" if i < 3 else "second", "note": f'it\'s "{i}"'}
        made = backend.create(Opened(f"{i:032x}", NOW - 1000 * i, f"r{i}", "few", tags=tags), None)
        backend.log(made.run_id, [] if loss is None else [Point("loss", loss, NOW, 0)], {}, {})
    return uri


@pytest.fixture(scope="module")
def few_uri(tmp_path_factory, templates):
    """A sqlite store of a few runs."""
    return few(f"sqlite:///{tmp_path_factory.mktemp('best')}/mlflow.db", templates)


@pytest.fixture(scope="module")
def many_uri(tmp_path_factory, templates):
    """A sqlite store of 300 runs."""
    database = tmp_path_factory.mktemp("best") / "many.db"
    fill(database, 300, templates)
    return f"sqlite:///{database}"


@pytest.fixture(params=["directly", "by asking for better ones"])
def way(request, mocker):
    """Both ways to the best: one column of the database, and rounds of MLflow's search."""
    if request.param != "directly":
        mocker.patch.object(narrow, "ranked", return_value=None)
    return request.param


ANSWERS = [
    ({"maximize": "loss"}, "r3"),
    ({"minimize": "metrics.loss"}, "r4"),
    ({"minimize": "loss", "filter_string": "tags.half = 'first'"}, "r2"),
    ({"maximize": "loss", "filter_string": "metrics.loss < 100"}, "r5"),
    ({"maximize": "loss", "where": {"metrics.loss": ("<=", 0)}}, "r8"),
    ({"maximize": "loss", "where": {"note": ['it\'s "0"', 'it\'s "1"', 'it\'s "7"']}}, "r0"),
    ({"minimize": "loss", "where": {"note": ("not", 'it\'s "4"')}}, "r2"),
    ({"maximize": "loss", "where": [{"half": "first"}, {"run_name": "r7"}]}, "r0"),
]


@pytest.mark.parametrize(("asked", "name"), ANSWERS, ids=repr)
def test_the_best_is_the_best(few_uri, way, asked, name):
    """NaN never wins, infinities count as what they are, and of equals the one that began first wins."""
    assert name == find_best(few_uri, "few", **asked).info.run_name


@pytest.mark.server
def test_over_a_server_too(server_uri):
    """The same best comes from a server."""
    few(server_uri)
    for asked, name in ANSWERS:
        assert name == find_best(server_uri, "few", **asked).info.run_name


@pytest.mark.parametrize("asked", [{"maximize": "acc"}, {"maximize": "loss", "where": {"half": "third"}}])
def test_no_best_is_an_error(few_uri, way, asked):
    """Where no run has a number, it says so, with the metric, the question and the place."""
    with pytest.raises(RunNotFound, match=rf"'few' of .*metric '{asked['maximize']}'"):
        find_best(few_uri, "few", **asked)


def test_a_run_with_nan_alone_is_no_best(few_uri, way):
    """NaN does not win for want of others."""
    with pytest.raises(RunNotFound):
        find_best(few_uri, "few", maximize="loss", where={"run_name": ["r1", "r6"]})


@pytest.mark.parametrize("goal", [{}, {"maximize": "a", "minimize": "a"}])
def test_a_goal_is_one_metric(few_uri, goal):
    """Neither none nor two."""
    with pytest.raises(ConfigError, match="exactly one"):
        find_best(few_uri, "few", **goal)


def test_a_malformed_filter_is_told(few_uri, way):
    """As in a search."""
    with pytest.raises(ConfigError, match="f1 OR"):
        find_best(few_uri, "few", "metrics.f1 OR", maximize="loss")


def test_among_many_runs(many_uri, way):
    """The best of hundreds is found among all, also where much of what is asked has to be tested here."""
    top = sorted(range(300), key=value)

    def name(**asked):
        return find_best(many_uri, EXPERIMENT, **asked).info.run_name

    assert f"run-{top[-1]}" == name(maximize="f1")
    assert f"run-{top[0]}" == name(minimize="f1")
    others = [f"run-{i}" for i in top[-40:]]
    assert f"run-{top[-41]}" == name(maximize="f1", where={"run_name": ("not", others)})


def test_few_questions_find_it(many_uri, mocker):
    """Without a database to read, the best of 300 takes a handful of small pages."""
    mocker.patch.object(narrow, "ranked", return_value=None)
    pages = mocker.spy(type(client_for(many_uri)), "search_runs")
    find_best(many_uri, EXPERIMENT, maximize="f1")
    assert len(pages.spy_return_list) <= 6
    assert max(len(page) for page in pages.spy_return_list) <= best._ROUND


def test_many_equals_end_the_search(many_uri, way):
    """Where most runs are equally good, the first of them is found, and those better than them still are."""
    ties = find_best(many_uri, EXPERIMENT, maximize="m1", where={"metrics.m1": 5})
    assert "run-5" == ties.info.run_name


def test_a_plateau(tmp_path, templates, mocker):
    """A page of equals is climbed over if somebody is better, and else the one that began first wins."""
    mocker.patch.object(narrow, "ranked", return_value=None)
    mocker.patch.object(best, "_ROUND", 3)
    backend = MlflowBackend(f"sqlite:///{tmp_path}/mlflow.db", templates)

    def add(i, loss):
        made = backend.create(Opened(f"{i:032x}", NOW - i, f"r{i}", "flat"), None)
        backend.log(made.run_id, [Point("loss", loss, NOW, 0)], {}, {})

    for i in range(8):
        add(i, 1.0)
    pages = mocker.spy(type(client_for(backend.uri)), "search_runs")
    assert "r7" == find_best(backend.uri, "flat", maximize="loss").info.run_name
    assert 4 == pages.call_count
    add(8, 2.0)
    assert "r8" == find_best(backend.uri, "flat", maximize="loss").info.run_name


def test_the_database_is_read_directly(few_uri):
    """The quick way is taken for sqlite, and it is the same set of runs that MLflow's filters give."""
    place = place_of(few_uri, "few")
    for filter_string in (
        *("", "tags.half = 'first'", "metrics.loss != 3", "attributes.run_name LIKE 'r_'", "params.x != 'a'"),
        *(
            "tags.half ILIKE 'FIRST'",
            "tags.half LIKE 'FIRST'",
            "attributes.status = 'RUNNING'",
            "tags.no IS NULL",
        ),
        *("attributes.start_time > 1699999995000 AND metrics.loss >= -2", "tags.half IS NOT NULL"),
    ):
        expected = {r.info.run_id for r in search(few_uri, "few", filter_string) if "loss" in r.data.metrics}
        nan = {r.info.run_id for r in search(few_uri, "few", where={"metrics.loss": math.nan})}
        direct = narrow.ranked(place, [filter_string], "loss", slice(0, 100), largest_first=True)
        assert expected - nan == set(direct or []), filter_string
    assert narrow.ranked(place, ["datasets.name = 'x'"], "loss", slice(0, 1), largest_first=True) is None


def test_the_best_of_a_list(few_uri):
    """The same rules hold for runs at hand; of none, or of none with a number, there is no best."""
    runs = search(few_uri, "few")
    assert "r3" == best_of(runs, "loss").info.run_name
    assert "r4" == best_of(runs, "loss", maximize=False).info.run_name
    assert best_of([run for run in runs if run.info.run_name in ("r1", "r6")], "loss") is None
    assert best_of([], "loss") is None


def test_the_largest_number_is_less_than_infinity(tmp_path, templates):
    """MLflow keeps both as the same number; of runs at hand the tag tells them apart."""
    backend = MlflowBackend(f"sqlite:///{tmp_path}/mlflow.db", templates)
    for i, loss in enumerate([math.inf, LARGEST]):
        made = backend.create(Opened(f"{i:032x}", NOW - i, f"r{i}", "large"), None)
        backend.log(made.run_id, [Point("loss", loss, NOW, 0)], {}, {})
    assert "r0" == best_of(search(backend.uri, "large"), "loss").info.run_name


def test_a_condition_on_another_metric(many_uri, way):
    """The metric that ranks and one that is asked for besides are not mixed up."""
    expected = max((i for i in range(300) if i % 1009 > 200), key=value)
    for asked in ({"filter_string": "metrics.m1 > 200"}, {"where": {"metrics.m1": (">", 200)}}):
        assert f"run-{expected}" == find_best(many_uri, EXPERIMENT, maximize="f1", **asked).info.run_name
