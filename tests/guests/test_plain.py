"""MLflow's own calls in a tracked function: what they leave open, what they end, and where threads put it."""

import contextvars
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import mlflow
import pytest
import sklearn.metrics  # noqa: F401 - MLflow imports it under a lock, and so would wait for a thread that imports
from mlflow import MlflowClient

from tests.guests.conftest import keys
from tracked import tags as t
from tracked import track, tracked_training


def test_what_is_left_open_ends_with_the_function(tree, capsys):
    """A run that ``start_run`` began and nobody ended is FINISHED with ours; one line says so."""

    @tracked_training
    def train():
        mlflow.start_run(run_name="left")
        mlflow.log_metric("inside", 1)

    train()
    run, (left,) = tree.of("train")
    assert ("left", "FINISHED", {"inside"}) == (left.name, left.status, keys(left))
    assert ("FINISHED", set()) == (run.status, keys(run))
    assert 1 == capsys.readouterr().err.count("was still open")


def test_what_is_left_open_fails_with_the_function(tree):
    """Where the function raised, what it left open is FAILED too, however deep."""

    @tracked_training
    def train():
        mlflow.start_run(run_name="outer")
        mlflow.start_run(run_name="inner", nested=True)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train()
    run, (outer,) = tree.of("train")
    (inner,) = [other for other in tree.read() if other.name == "inner"]
    assert ["FAILED"] * 3 == [run.status, outer.status, inner.status]
    assert outer.run_id == inner.tags[t.MLFLOW_PARENT]


def test_a_child_keeps_the_end_that_it_was_given(tree):
    """A child that ended inside stays as it ended: one that failed in a function that went on is FAILED."""

    @tracked_training
    def train():
        with pytest.raises(ValueError, match="in it"), mlflow.start_run():
            raise ValueError("in it")
        mlflow.start_run(run_name="killed")
        mlflow.end_run("KILLED")
        with mlflow.start_run(run_name="resumed") as child:
            pass
        with mlflow.start_run(run_id=child.info.run_id):
            mlflow.log_metric("later", 1)

    train()
    run, children = tree.of("train")
    assert "FINISHED" == run.status
    assert ["FAILED", "FINISHED", "KILLED"] == sorted(child.status for child in children)
    assert [{"later"}] == [keys(child) for child in children if child.name == "resumed"]


def test_a_run_goes_on_under_its_id_whatever_experiment_is_active(tree):
    """A guest that sets an experiment of its own can still go on with a run that it began in ours."""

    @tracked_training
    def train():
        mlflow.set_experiment("of a guest")
        with mlflow.start_run() as child:
            pass
        with mlflow.start_run(run_id=child.info.run_id):
            mlflow.log_metric("later", 1)

    train()
    _, (child,) = tree.of("train")
    assert ("FINISHED", {"later"}) == (child.status, keys(child))


@pytest.mark.parametrize("fails", [False, True])
def test_who_ends_our_run_through_a_client_does_not_end_it(fails, tree, capsys):
    """After ``set_terminated`` on our run all later data arrives, and it ends as the function did."""

    @tracked_training
    def train():
        run_id = mlflow.active_run().info.run_id
        MlflowClient().set_terminated(run_id, "KILLED")
        if tree.durable:
            assert "RUNNING" == MlflowClient().get_run(run_id).info.status
        track.log(ours=1)
        mlflow.log_metric("raw", 1)
        assert run_id == mlflow.active_run().info.run_id
        if fails:
            raise ZeroDivisionError

    if fails:
        with pytest.raises(ZeroDivisionError):
            train()
    else:
        train()
    run = tree.alone("train")
    assert ("FAILED" if fails else "FINISHED", {"ours", "raw"}) == (run.status, keys(run))
    assert tree.durable == ("was told to end the tracked run" in capsys.readouterr().err)


def test_a_log_call_in_a_thread_without_context_makes_a_child(tree, capsys):
    """What MLflow opens in a pool's threads stands under our run, tagged as a guess, and ends with it; said once."""

    @tracked_training
    def train():
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda i: mlflow.log_metric(f"m{i}", i), range(4)))

    train()
    run, strays = tree.of("train")
    assert {"m0", "m1", "m2", "m3"} == {key for stray in strays for key in keys(stray)}
    assert {("FINISHED", "true")} == {(stray.status, stray.tags[t.PARENT_GUESSED]) for stray in strays}
    assert 1 + len(strays) == len(tree.read())
    assert 1 == capsys.readouterr().err.count("in a thread that does not know")
    assert set() == keys(run)


def test_a_pool_that_outlives_the_function_serves_the_next_one(tree):
    """A thread whose stray run ended with one function opens another one in the next."""
    with ThreadPoolExecutor(1) as pool:

        @tracked_training
        def first():
            pool.submit(mlflow.log_metric, "one", 1).result()

        @tracked_training
        def second():
            pool.submit(mlflow.log_metric, "two", 2).result()

        first()
        second()
    for name, key in (("first", "one"), ("second", "two")):
        _, (stray,) = tree.of(name)
        assert {key} == keys(stray)


def test_a_run_that_a_thread_asked_for_is_the_threads_to_end(tree):
    """A ``with start_run()`` in a thread without context may outlive the function, and ends where its block does."""
    begun, go_on = threading.Event(), threading.Event()

    def work():
        with suppress(ZeroDivisionError), mlflow.start_run(run_name="asked for"):
            begun.set()
            go_on.wait(30)
            mlflow.log_metric("late", 1)
            raise ZeroDivisionError

    thread = threading.Thread(target=work)

    @tracked_training
    def train():
        thread.start()
        begun.wait(30)

    train()
    go_on.set()
    thread.join()
    _, (stray,) = tree.of("train")
    assert ("asked for", "FAILED", {"late"}) == (stray.name, stray.status, keys(stray))


def test_a_bound_thread_logs_into_the_run_itself(tree):
    """With ``track.bind`` there is no guess: raw calls in the pool land in the run."""

    @tracked_training
    def train():
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(track.bind(lambda i: mlflow.log_metric(f"m{i}", i)), range(4)))

    train()
    assert {"m0", "m1", "m2", "m3"} == keys(tree.alone("train"))


def test_a_thread_between_two_trees_is_left_to_mlflow(tree):
    """Where two trees are open there is no telling: the run stands alone, and no tree is damaged."""

    def stray():
        with mlflow.start_run(run_name="stray"):
            pass

    @tracked_training
    def train():
        thread = threading.Thread(target=stray)
        thread.start()
        thread.join()

    apart, elsewhere = track.run("apart"), contextvars.Context()
    elsewhere.run(apart.__enter__)
    train()
    elsewhere.run(apart.__exit__, None, None, None)
    run, children = tree.of("train")
    assert ("FINISHED", []) == (run.status, children)


@pytest.mark.filterwarnings("ignore")
def test_evaluate_writes_into_the_run(tree):
    """``mlflow.models.evaluate`` finds our run, and its metrics and tables are there."""
    import pandas as pd

    frame = pd.DataFrame({"y": [0.0, 1.0, 2.0, 3.0], "guess": [0.0, 1.0, 2.0, 4.0]})

    @tracked_training
    def train():
        result = mlflow.models.evaluate(
            data=frame, targets="y", predictions="guess", model_type="regressor", evaluator_config={}
        )
        return {"mae": result.metrics["mean_absolute_error"]}

    assert {"mae": 0.25} == train()
    run = tree.alone("train")
    assert {"mean_absolute_error", "mae"} <= keys(run)
    assert "FINISHED" == run.status
