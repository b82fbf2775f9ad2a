import math

import pytest
from mlflow.entities import Metric

from tests.mlflow.ways import both, embedded
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.client import client_for
from tracked.mlflow.curves import curves, means
from tracked.records import Opened

NOW = 1_700_000_000_000
LONG, SHORT, ODD = "long", "short", "odd"
COURSES = {
    LONG: [(step, float(step)) for step in range(100)],
    SHORT: [(0, 1.0), (5, 3.0)],
    ODD: [(0, math.nan), (1, math.inf), (2, 2.0)],
}
"""Steps and values by metric."""


def fill(uri, templates=None):
    """Two runs with these metrics; their ids."""
    backend, client = MlflowBackend(uri, templates), client_for(uri, templates)
    made = [backend.create(Opened(f"{i:032x}", NOW, f"run-{i}", "curves"), None).run_id for i in range(2)]
    for run_id in made:
        points = [Metric(key, v, NOW + step, step) for key, course in COURSES.items() for step, v in course]
        client.log_batch(run_id, points)
    return uri, made


store = embedded(fill)
way = both("curves", "by MLflow")


def test_few_numbers_however_many_points(store, way):
    """Means of equal stretches of the steps; what is no finite number is left out; each run by itself."""
    uri, made = store
    found = curves(uri, {made[0]: [LONG, SHORT, ODD, "none"], made[1]: [SHORT]}, 4)
    assert {LONG: [12.0, 37.0, 62.0, 87.0], SHORT: [1.0, 3.0], ODD: [2.0]} == found[made[0]]
    assert {SHORT: [1.0, 3.0]} == {key: values for key, values in found[made[1]].items() if key == SHORT}
    assert {} == curves(uri, {}, 4)


@pytest.mark.server
def test_over_a_server(server_uri):
    """The same through its REST API."""
    uri, made = fill(server_uri)
    assert [12.0, 37.0, 62.0, 87.0] == curves(uri, {made[0]: [LONG]}, 4)[made[0]][LONG]


def test_a_run_that_is_gone_has_no_course(store, way):
    """It was deleted while others were looked at."""
    assert {} == curves(store[0], {"0" * 32: [LONG]}, 4)


def test_steps_below_zero_and_at_one_place():
    """Nothing is divided by nothing."""
    assert [1.0, 2.0] == means([(-5, 1.0), (-1, 2.0)], 4)
    assert [2.0] == means([(0, 1.0), (0, 3.0)], 4)
    assert [] == means([], 4)
