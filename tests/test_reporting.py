"""What a report reads from runs."""

import pytest

from tracked import tags as t
from tracked.mlflow.columns import Facts
from tracked.reporting import _tried


@pytest.mark.parametrize(
    ("metrics", "values"), [({"acc": 0.9, "ms": 3.0}, [0.9, 3.0]), ({"acc": 0.9}, [0.9]), ({"ms": 3.0}, [])]
)
def test_an_objective_that_is_missing_is_not_told_by_another_one(metrics, values):
    """A trial that was pruned before it had the first objective has none, whatever else it logged."""
    run = Facts({"status": "FINISHED"}, {t.TRIAL_STATE: "pruned"}, {"lr": "0.1"}, metrics)
    tried = _tried(4, run, ["acc", "ms"])
    assert (4, "pruned", values, {"lr": 0.1}) == (tried.number, tried.state, list(tried.values), tried.params)
