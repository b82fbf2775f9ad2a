import asyncio
import contextvars
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from uuid import uuid4

import mlflow
import pytest
from mlflow.tracking import fluent
from mlflow.tracking.context.registry import _run_context_provider_registry as registry
from mlflow.tracking.context.registry import resolve_tags
from sklearn.linear_model import LogisticRegression

from tracked.context import CURRENT, HasRef, RunRef, current_is
from tracked.mlflow import guests
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.following import follow
from tracked.mlflow.parent import TrackedParent
from tracked.ports import RemoteRun
from tracked.records import Opened

NOW = 1_700_000_000_000


@dataclass(frozen=True)
class OpenRun:
    """A tracked run, as far as MLflow's guests see it."""

    ref: RunRef
    outer: HasRef | None = None
    was_joined: bool = False


class World:
    """A store, the tracked runs made in it, and MLflow looking at it."""

    def __init__(self, uri, templates):
        self.backend = MlflowBackend(uri, templates)
        self.client = self.backend.client
        self.remotes: dict[str, RemoteRun] = {}
        self.asked = 0

    def run(self, experiment="ours"):
        """A tracked run inside the one around, not yet current."""
        local = uuid4().hex
        self.remotes[local] = self.backend.create(Opened(local, NOW, "tracked", experiment), None)
        return OpenRun(RunRef(local, "folder", experiment), CURRENT.get())

    def remote(self, ref):
        """What the session gives to MLflow's guests."""
        self.asked += 1
        return self.remotes[ref.run]

    def id(self, run):
        """MLflow's id of a tracked run."""
        return self.remotes[run.ref.run].run_id

    def read(self, run_id):
        """The run as the store has it."""
        return self.client.get_run(run_id)

    def metrics(self, run):
        """The metrics of a tracked run."""
        return self.read(self.id(run)).data.metrics

    def parent(self, run):
        """The parent tag of one of MLflow's own runs."""
        return self.read(run.info.run_id).data.tags.get("mlflow.parentRunId")

    def status(self, run_id):
        """The status of a run."""
        return self.read(run_id).info.status


@pytest.fixture
def world(sqlite_uri, templates, clean_mlflow):
    """Everything in place, and MLflow's stack empty before and after."""
    made = World(sqlite_uri, templates)
    follow(sqlite_uri, None, templates)
    assert guests.install(made.remote) is None
    yield made
    while mlflow.active_run() is not None:
        mlflow.end_run()


def test_raw_logging_lands_in_the_tracked_run(world):
    """``mlflow.log_*`` inside a tracked run goes into it, without a run of its own."""
    run = world.run()
    with current_is(run):
        mlflow.log_metric("inside", 1)
        mlflow.log_param("p", 2)
        assert world.id(run) == mlflow.active_run().info.run_id
    assert ({"inside": 1.0}, {"p": "2"}) == (world.metrics(run), world.read(world.id(run)).data.params)
    assert mlflow.active_run() is None


@pytest.mark.parametrize("nested", [False, True])
def test_start_run_makes_a_child(nested, world):
    """A plain and a nested ``start_run`` become children, in our run's experiment, and end as MLflow ends them."""
    run = world.run("an experiment that is not active")
    with current_is(run):
        with mlflow.start_run(nested=nested) as child:
            mlflow.log_metric("in", 1)
        mlflow.log_metric("out", 2)
    assert ({"in": 1.0}, {"out": 2.0}) == (world.read(child.info.run_id).data.metrics, world.metrics(run))
    assert world.id(run) == world.parent(child)
    assert world.read(world.id(run)).info.experiment_id == child.info.experiment_id
    assert ("FINISHED", "RUNNING") == (world.status(child.info.run_id), world.status(world.id(run)))


def test_the_active_experiment_is_only_lent(world):
    """After a child of a run in another experiment, MLflow's active experiment is what it was."""
    mlflow.set_experiment("by hand")
    before = fluent._active_experiment_id
    with current_is(world.run("other")):
        with mlflow.start_run():
            assert before == fluent._active_experiment_id
        with pytest.raises(mlflow.MlflowException, match="Description"):
            mlflow.start_run(description="a", tags={"mlflow.note.content": "b"})  # fails half-way
    with mlflow.start_run() as outside:
        pass
    assert (before, before) == (fluent._active_experiment_id, outside.info.experiment_id)


def test_named_runs_and_experiments_win(world):
    """``experiment_id``, ``parent_run_id`` and ``run_id`` mean what they say."""
    run, other = world.run(), world.run("elsewhere")
    with current_is(run):
        with mlflow.start_run(experiment_id="0") as child:
            assert "0" == child.info.experiment_id
        with mlflow.start_run(parent_run_id=world.id(other)) as child:
            pass
        assert world.id(other) == world.parent(child)


def test_end_run_never_ends_ours(world):
    """A stray ``end_run``, also in a loop until nothing is active, leaves the tracked run as it is."""
    run = world.run()
    with current_is(run):
        mlflow.end_run()
        while mlflow.active_run():
            mlflow.end_run()
        mlflow.log_metric("still", 1)
        with mlflow.start_run(run_id=world.id(run)):
            mlflow.log_metric("resumed", 1)
        mlflow.log_metric("after", 1)
    assert "RUNNING" == world.status(world.id(run))
    assert {"still", "resumed", "after"} == set(world.metrics(run))


def test_end_run_ends_what_mlflow_opened(world):
    """Runs that MLflow opened inside end with their status, the innermost first."""
    with current_is(world.run()):
        outer = mlflow.start_run()
        inner = mlflow.start_run(nested=True)
        with pytest.raises(Exception, match=f"{outer.info.run_id} is already active"):
            mlflow.start_run()
        assert outer.info.run_id == world.parent(inner)
        mlflow.end_run("FAILED")
        mlflow.log_metric("x", 1)
        mlflow.end_run()
    assert ("FAILED", "FINISHED") == (world.status(inner.info.run_id), world.status(outer.info.run_id))
    assert {"x": 1.0} == world.read(outer.info.run_id).data.metrics


def test_an_exception_fails_the_child_only(world):
    """A plain run that an exception leaves is FAILED, ours goes on, and the exception is the person's own."""
    run = world.run()
    with current_is(run), pytest.raises(ZeroDivisionError), mlflow.start_run() as child:
        1 / 0  # noqa: B018
    assert ("FAILED", "RUNNING") == (world.status(child.info.run_id), world.status(world.id(run)))


def test_a_plain_run_around_is_seen_and_kept(world):
    """A plain run outside is offered as the parent, hidden while our run is current, and active again after it."""
    assert guests.active_plain_run() is None
    with mlflow.start_run() as plain:
        seen = guests.active_plain_run()
        assert (plain.info.run_id, plain.info.experiment_id, False) == (
            seen.run_id,
            seen.experiment_id,
            seen.owned,
        )
        with current_is(world.run()):
            assert guests.active_plain_run() is None
            with mlflow.start_run() as child:
                assert child.info.run_id == guests.active_plain_run().run_id
            mlflow.end_run()
        assert plain.info.run_id == mlflow.active_run().info.run_id
        mlflow.log_metric("around", 1)
    assert ({"around": 1.0}, "FINISHED") == (
        world.read(plain.info.run_id).data.metrics,
        world.status(plain.info.run_id),
    )


def test_interleaved_coroutines_keep_apart(world):
    """Three coroutines with runs of ours and nested ones of MLflow's: each point is in its own run."""

    async def one(i):
        run = world.run()
        with current_is(run):
            await asyncio.sleep(0.01)
            mlflow.log_metric("mine", i)
            with mlflow.start_run(nested=True) as child:
                await asyncio.sleep(0.01)
                mlflow.log_metric("child", i)
                await asyncio.sleep(0.01 * (3 - i))
            mlflow.log_metric("after", i)
        return run, child

    async def main():
        return await asyncio.gather(*[one(i) for i in range(3)])

    for i, (run, child) in enumerate(asyncio.run(main())):
        assert {"mine": i, "after": i} == world.metrics(run)
        read = world.read(child.info.run_id)
        assert ({"child": i}, "FINISHED") == (read.data.metrics, read.info.status)
        assert world.id(run) == world.parent(child)


def test_tasks_of_one_run_keep_apart(world):
    """Tasks that share a tracked run do not nest into each other's plain runs."""
    run = world.run()

    async def one(i):
        with mlflow.start_run() as child:
            await asyncio.sleep(0.01)
            mlflow.log_metric("child", i)
            await asyncio.sleep(0.01 * (3 - i))
        return child

    async def main():
        return await asyncio.gather(*[one(i) for i in range(3)])

    with current_is(run):
        children = asyncio.run(main())
    for i, child in enumerate(children):
        assert {"child": i} == world.read(child.info.run_id).data.metrics
        assert (world.id(run), "FINISHED") == (world.parent(child), world.status(child.info.run_id))


def test_zipped_generators_keep_apart(world):
    """Generators whose run is current while their frame runs neither mix nor leak into the caller."""

    def steps(run):
        def body():
            with mlflow.start_run() as child:
                for i in range(3):
                    mlflow.log_metric("step", i, step=i)
                    yield child

        inner = body()
        while True:
            with current_is(run):
                try:
                    child = next(inner)
                except StopIteration:
                    return
            yield child

    first, second = world.run(), world.run()
    pairs = list(zip(steps(first), steps(second), strict=True))
    assert mlflow.active_run() is None
    for run, child in zip((first, second), pairs[-1], strict=True):
        assert 3 == len(world.client.get_metric_history(child.info.run_id, "step"))
        assert (world.id(run), "FINISHED") == (world.parent(child), world.status(child.info.run_id))


def test_threads_with_a_carried_context_log_into_the_run(world):
    """Eight threads that carry the context log into the run; a thread without it makes no use of it."""
    run, seen = world.run(), []

    def work(i):
        mlflow.log_metric(f"thread{i}", i)
        with mlflow.start_run() as child:
            mlflow.log_metric("own", i)
        seen.append(child)

    with current_is(run):
        threads = [threading.Thread(target=contextvars.copy_context().run, args=(work, i)) for i in range(8)]
        stranger = threading.Thread(target=lambda: seen.append(mlflow.active_run()))
        for thread in [*threads, stranger]:
            thread.start()
        for thread in [*threads, stranger]:
            thread.join()
    assert {f"thread{i}" for i in range(8)} == set(world.metrics(run))
    children = [child for child in seen if child is not None]
    assert 8 == len(children)
    assert {world.id(run)} == {world.parent(child) for child in children}


def test_a_thread_that_used_mlflow_before_goes_on(world):
    """A plain run that was active in a thread before we came in stays active there."""
    fluent._active_run_stack.set([])
    with mlflow.start_run() as plain:
        assert type(fluent._active_run_stack.get()) is list
        assert guests.ensure_installed() is None
        assert plain.info.run_id == mlflow.active_run().info.run_id
        with current_is(world.run()):
            mlflow.log_metric("x", 1)
    assert "FINISHED" == world.status(plain.info.run_id)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_ends_nothing(world):
    """In a forked child MLflow's open run is forgotten, as MLflow does, and the tracked run is still around."""
    run = world.run()
    with current_is(run), mlflow.start_run():
        pid = os.fork()
        if pid == 0:
            stack = fluent._active_run_stack.get()
            os._exit(0 if [world.id(run)] == [entry.info.run_id for entry in stack] else 1)
        assert 0 == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.filterwarnings("ignore")
def test_autolog_logs_into_the_tracked_run(world):
    """scikit-learn's autologging finds the tracked run, fills it, and ends nothing."""
    run = world.run()
    mlflow.sklearn.autolog(log_models=False, log_datasets=False, silent=True)
    try:
        with current_is(run):
            LogisticRegression().fit([[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1])
    finally:
        mlflow.sklearn.autolog(disable=True)
    read = world.read(world.id(run))
    assert ("RUNNING", "LogisticRegression") == (read.info.status, read.data.tags["estimator_name"])
    assert "training_accuracy_score" in read.data.metrics
    assert 1 == len(world.client.search_runs([read.info.experiment_id]))


def test_a_run_without_its_id_says_so_to_the_raw_call(world, monkeypatch):
    """What the session raises when the MLflow id cannot be known reaches the raw call, and nothing else."""

    def unknown(ref):
        raise LookupError("offline")

    run = world.run()
    monkeypatch.setattr(guests._State, "resolve", unknown)
    with current_is(run):
        with pytest.raises(LookupError, match="offline"):
            mlflow.log_metric("x", 1)
        mlflow.end_run()


def test_context_tags_of_other_things_have_no_parent(world):
    """Only a run that starts gets the parent tag, not the description of a data set."""
    with current_is(world.run()):
        assert "mlflow.parentRunId" not in resolve_tags()


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("end_run", lambda: None),
        ("start_run", lambda run_id=None, experiment_id=None: fluent._active_run_stack),
        ("_active_run_stack", []),
        ("_active_experiment_id", None),
        ("ActiveRun", None),
    ],
)
def test_a_changed_mlflow_is_left_alone(name, change, monkeypatch):
    """Where MLflow's private parts are not as expected, the reason is given once and nothing is touched."""
    before = fluent._active_run_stack.default_factory
    for part in ("fluent", "reason", "resolve"):
        monkeypatch.setattr(guests._State, part, None)
    if change is None:
        monkeypatch.delattr(fluent, name)
    else:
        monkeypatch.setattr(fluent, name, change)
    reason = guests.install(lambda ref: None)
    assert "this version of MLflow" in reason
    assert reason == guests.ensure_installed()
    monkeypatch.undo()
    assert before is fluent._active_run_stack.default_factory


def test_the_parent_tag_needs_no_entry_point(world, monkeypatch):
    """The provider of the parent tag is registered with MLflow once, when our stack is put in place."""
    others = [provider for provider in registry if not isinstance(provider, TrackedParent)]
    monkeypatch.setattr(registry, "_registry", others)
    for _ in range(2):
        monkeypatch.setattr(guests._State, "fluent", None)
        assert guests.ensure_installed() is None
    assert 1 == sum(isinstance(provider, TrackedParent) for provider in registry)
    run = world.run()
    with current_is(run), mlflow.start_run() as child:
        pass
    assert world.id(run) == world.parent(child)


def test_a_half_imported_mlflow_is_waited_for(monkeypatch):
    """While MLflow is being imported nothing is done to it."""
    monkeypatch.setattr(guests._State, "fluent", None)
    monkeypatch.setattr(fluent.__spec__, "_initializing", True, raising=False)
    assert guests.ensure_installed() is None
    assert guests._State.fluent is None
    assert guests.active_plain_run() is None


def test_the_hook_does_it_as_soon_as_mlflow_is_there():
    """A later ``import mlflow`` finds the stack in place; a failure of ours in the hook does not break it."""
    code = (
        "from tracked.mlflow import guests\n"
        "guests.install(lambda ref: None)\n"
        "guests.register_hook(lambda: 1 / 0)\n"
        "import mlflow\n"
        "from mlflow.tracking import fluent\n"
        "from mlflow.tracking.context import registry\n"
        "assert type(fluent._active_run_stack.get()).__module__ == 'tracked.mlflow.stack'\n"
        "names = [type(p).__name__ for p in registry._run_context_provider_registry]\n"
        "assert names.count('TrackedParent') == 1, names\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    assert "ZeroDivisionError" in done.stderr
