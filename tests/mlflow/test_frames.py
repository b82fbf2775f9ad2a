import math

import mlflow
import pandas as pd
import pytest

from tests.many_runs import EXPERIMENT, fill
from tests.mlflow.ways import both
from tracked.errors import ConfigError, RunNotFound
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.frames import found_facts, frame
from tracked.ports import Point
from tracked.records import Opened

NOW = 1_700_000_000_000


@pytest.fixture(scope="module")
def uri(tmp_path_factory, templates):
    """A sqlite store of 60 runs, and an experiment of runs that lack something."""
    database = tmp_path_factory.mktemp("frames") / "mlflow.db"
    fill(database, 60, templates)
    backend = MlflowBackend(f"sqlite:///{database}", templates)
    for i, numbers in enumerate([{"a": 1.0}, {"b": math.nan, "a": math.inf}, {}]):
        made = backend.create(Opened(f"{i:032x}", NOW + i, f"r{i}", "holes", tags={"n": str(i)}), None)
        backend.log(
            made.run_id, [Point(key, value, NOW, 0) for key, value in numbers.items()], {"p": str(i)}, {}
        )
    return backend.uri


def to_pandas(*asked, **more):
    """The table that these arguments give."""
    return frame(found_facts(*asked, **more))


way = both("facts", "from MLflow's runs")


def test_it_is_the_table_that_mlflow_gives(uri, way, clean_mlflow):
    """The same columns, rows, order and values as those of ``mlflow.search_runs``."""
    mlflow.set_tracking_uri(uri)
    theirs = mlflow.search_runs(experiment_names=[EXPERIMENT], filter_string="metrics.m1 > 10")
    ours = to_pandas(uri, EXPERIMENT, "metrics.m1 > 10")
    assert {"run_name"} == set(ours.columns) - set(theirs.columns)
    assert set(theirs.columns) <= set(ours.columns)
    pd.testing.assert_frame_equal(theirs, ours[theirs.columns], check_dtype=False, check_column_type=False)


def test_what_is_lacking_is_empty(uri, way):
    """A run without a metric, a param or a tag has an empty cell; an infinity is one."""
    table = to_pandas(uri, "holes").set_index("run_name")
    assert ["r2", "r1", "r0"] == list(table.index)
    assert 1.0 == table.loc["r0", "metrics.a"]
    assert math.inf == table.loc["r1", "metrics.a"]
    assert table["metrics.b"].isna().all()
    assert pd.isna(table.loc["r2", "metrics.a"])
    assert "UTC" == str(table["start_time"].dt.tz)


def test_questions_and_limits_hold_for_tables(uri, way):
    """What can be asked of a search can be asked here."""

    def names(**asked):
        return list(to_pandas(uri, EXPERIMENT, **asked)["run_name"])

    assert ["run-59", "run-58"] == names(max_results=2)
    assert ["run-7"] == names(where={"run_name": ["run-7", "run-8"], "stage": ("not", "training")})
    assert ["run-0", "run-1"] == names(order_by=["attributes.start_time ASC"], max_results=2)
    assert [] == names(where={"stage": "nothing"})
    with pytest.raises(ConfigError):
        names(filter_string="metrics.f1 OR")
    with pytest.raises(RunNotFound):
        to_pandas(uri, "nowhere")
