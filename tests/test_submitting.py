"""Calls as jobs, as far as that goes without Azure: the YAML, what it refuses, what the job's process does."""

from __future__ import annotations

import inspect
import json
import shlex
import subprocess
import sys
from types import ModuleType, SimpleNamespace

import pytest
import yaml

import tracked
from tracked import session as sessions
from tracked import submitting, tracked_sweep, tracked_training
from tracked import tags as t
from tracked.asking import Asked
from tracked.azure import entry, submitted
from tracked.azure.spaces import search_space, values_of
from tracked.azure.work import SUBMITTED, Search, Where, Work, command_line, sweep_job
from tracked.elsewhere import Job
from tracked.errors import BackendUnavailable, ConfigError, LoginRefused, MetricNotFound
from tracked.records import Opened
from tracked.session.sources import SWITCHES
from tracked.testing import MemoryBackend
from tracked.testing.capturing import captured_by
from tracked.typed import Tracked

WHERE = {"environment": "azureml:env:1", "compute": "cpu", "dry_run": True}
SCOPE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
URI = f"azureml://eastus.api.azureml.ms/mlflow/v2.0{SCOPE}"
SPACE = {"lr": ("loguniform", 1e-4, 1e-1), "opt": ["adam", "sgd"], "layers": ("int", 1, 3)}


@tracked_training
def train(lr: float, data: str = "", names: tuple = ()):
    return {"acc": 1 - lr}


@tracked_sweep(space={"lr": [0.5, 0.25]}, sampler="grid", maximize="inner")
def inner_search(lr: float):
    return {"inner": lr}


@tracked_sweep(space=SPACE, n_trials=7, n_jobs=2, maximize="acc", seed=3, pruner="median", timeout=60)
def search(lr: float, opt: str, layers: int, epochs: int = 2):
    if epochs == 9:
        return {"acc": inner_search().best.value}
    if epochs:
        return {"acc": 1 - lr * layers}
    return None


@pytest.fixture(autouse=True)
def store():
    store = MemoryBackend()
    with captured_by(store):
        yield store


def test_a_call_is_a_command_job():
    """The YAML names the function, its arguments and its code; its keys are tags, and in the environment."""
    made = yaml.safe_load(train.submit(**WHERE, inputs={"lr": 0.1, "names": ["a"]}))
    assert ("command", "azureml:cpu", "azureml:env:1") == (made["type"], made["compute"], made["environment"])
    _, *words = shlex.split(made["command"])
    assert f"{train.__module__}:train" in words
    assert {"lr": 0.1, "names": ["a"]} == json.loads(words[words.index("--args-json") + 1])
    key = train.key(0.1, names=["a"])
    assert key == made["tags"][t.CALL_KEY]
    assert key == json.loads(made["environment_variables"]["TRACKED_SUBMITTED"])[t.CALL_KEY]


def test_a_sweep_is_a_sweep_job():
    """Space, goal, limits, seed and pruner become Azure's; the study's key is a tag."""
    made = yaml.safe_load(search.submit(**WHERE, inputs={"epochs": 3}))
    assert {"type": "random", "seed": 3} == made["sampling_algorithm"]
    assert {"goal": "maximize", "primary_metric": "acc"} == made["objective"]
    assert {"max_total_trials": 7, "max_concurrent_trials": 2, "timeout": 60} == made["limits"]
    assert "median_stopping" == made["early_termination"]["type"]
    assert {"type": "choice", "values": ["adam", "sgd"]} == made["search_space"]["opt"]
    assert '--trial "lr=${{search_space.lr}}"' in made["trial"]["command"]
    assert 64 == len(made["tags"][t.STUDY_KEY_HASH])


@pytest.mark.parametrize(
    ("name", "value"), [("lr", float("nan")), ("names", (1, 2)), ("data", object()), ("names", {1: 2})]
)
def test_an_argument_that_json_changes_is_refused(name, value):
    """What would arrive as something else is named, and nothing is sent."""
    with pytest.raises(ConfigError, match=name):
        train.submit(**WHERE, inputs={"lr": 0.1, name: value})


def test_a_call_that_does_not_fit_is_refused():
    """A missing argument, or no environment, is found here and not on the machine."""
    with pytest.raises(TypeError):
        train.submit(**WHERE, inputs={"data": "x"})
    with pytest.raises(ConfigError, match="environment"):
        train.submit(inputs={"lr": 0.1}, dry_run=True)


def test_a_function_that_cannot_be_imported_is_refused():
    """A function made inside another one cannot be found by a job."""

    @tracked_training
    def inner(lr: float):
        pass

    with pytest.raises(ConfigError, match="imported"):
        inner.submit(**WHERE, inputs={"lr": 0.1})


def test_data_comes_along_by_name():
    """Data is an input of the job, whose path the function gets; here it counts by the path that it is named by."""
    data = {"type": "uri_folder", "path": "azureml:corpus:1"}
    made = yaml.safe_load(train.submit(**WHERE, inputs={"lr": 0.1, "data": data}))
    assert {"data": data} == made["inputs"]
    assert made["command"].endswith('--input "data=${{inputs.data}}"')
    assert train.key(0.1, data="azureml:corpus:1") == made["tags"][t.CALL_KEY]


def test_no_argument_means_anything_to_a_shell():
    """Quotes, dollars, placeholders and line breaks come through bash as they were."""
    nasty = {"a": 'it\'s $HOME `id` "x" ${{inputs.y}} \\ \n é'}
    line = command_line(Work("m:f", nasty, "", "", ""))
    assert "${{" not in line
    echoed = subprocess.run(
        ["bash", "-c", line.replace("python -m tracked.azure.entry", 'printf "%s"', 1)],
        capture_output=True,
        check=True,
    )
    assert nasty == json.loads(echoed.stdout.decode().removeprefix("m:f--args-json"))


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"type": "float", "low": 0, "high": 1}, {"type": "uniform", "min_value": 0, "max_value": 1}),
        (
            {"type": "float", "low": 0, "high": 1, "step": 0.1},
            {"type": "quniform", "min_value": 0, "max_value": 1, "q": 0.1},
        ),
        (
            {"type": "float", "low": 1, "high": 1, "log": True},
            {"type": "loguniform", "min_value": 0, "max_value": 0},
        ),
        ({"type": "int", "low": 2, "high": 8, "step": 3}, {"type": "choice", "values": [2, 5, 8]}),
        (
            {"type": "int", "low": 0, "high": 10**6},
            {"type": "quniform", "min_value": 0, "max_value": 10**6, "q": 1},
        ),
        ({"type": "normal", "mu": 0, "sigma": 1}, {"type": "normal", "mu": 0, "sigma": 1}),
        ({"type": "normal", "mu": 0, "sigma": 1, "log": True}, {"type": "lognormal", "mu": 0, "sigma": 1}),
        (
            {"type": "float", "low": 0.25, "high": 1, "step": 0.5},
            {"type": "choice", "values": [0.25, 0.75]},
        ),
        ([1, "a"], {"type": "choice", "values": [1, "a"]}),
        (7, {"type": "choice", "values": [7]}),
    ],
)
def test_spaces_are_said_as_azure_says_them(form, expected):
    """Each canonical form is the distribution of Azure ML that means the same."""
    assert {"x": expected} == search_space({"x": form})


@pytest.mark.parametrize(
    "form",
    [
        {"type": "int", "low": 1, "high": 10**6, "step": 2},
        ["plain", "$HOME"],
        ['a "word"'],
        {"type": "choice", "values": ["a\\b"]},
    ],
)
def test_a_space_that_would_arrive_as_another_is_refused(form):
    """Azure ML's grid begins at 0, and a choice goes through a shell: what either would change is named."""
    with pytest.raises(ConfigError, match="'x'"):
        search_space({"x": form})


def test_values_come_back_as_the_space_means_them():
    """A trial gets texts: whole numbers, choices of any type and floats are what they were; strangers are refused."""
    form = {"n": {"type": "int", "low": 1, "high": 9}, "c": [1, "1x", True, None], "lr": {"type": "float"}}
    assert {"n": 3, "c": True, "lr": 0.5} == values_of({"n": "3.0", "c": "true", "lr": "0.5"}, form)
    for wrong in ({"c": "2"}, {"z": "1"}):
        with pytest.raises(ConfigError):
            values_of(wrong, form)


@pytest.mark.parametrize(
    "changes", [{"sampler": "nsga2"}, {"sampler": "grid"}, {"pruner": "hyperband"}, {"sampler": "tpe"}]
)
def test_what_azure_cannot_search_is_refused(changes):
    """A sampler or pruner that Azure ML lacks, or that does not suit the space, is named before anything is sent."""
    form = {"lr": {"type": "float", "low": 1e-3, "high": 1, "log": True}}
    with pytest.raises(ConfigError):
        sweep_job(Work("m:f", {}, "", "", ""), Where("", "e"), Search(form, "acc", "maximize", **changes))


def test_a_policy_of_azures_own_is_taken_as_it_is():
    """Whatever Azure ML has for stopping trials early can be given as its YAML has it."""
    policy = {"type": "bandit", "slack_factor": 0.1}
    made = yaml.safe_load(search.submit(**WHERE, early_termination=policy, resources={"instance_count": 1}))
    assert (policy, {"instance_count": 1}) == (made["early_termination"], made["resources"])


def test_only_decorated_functions_are_called():
    """What an attacker could name beside them is refused; so is what is no JSON object."""
    for target in ("os:system", "os.path:join", "nonsense", "json:nothing"):
        with pytest.raises(ConfigError):
            entry.main([target])
    with pytest.raises(ConfigError, match="JSON"):
        entry.main([f"{__name__}:train", "--args-json", "[1"])


@pytest.fixture
def job(store, monkeypatch, tmp_path):
    """The process of a job: its run, and a module with the functions."""
    made = store.create(Opened("", 1, "the job", "jobs"), None)
    monkeypatch.setenv("AZUREML_RUN_ID", made.run_id)
    module = ModuleType("work_of_a_job")
    module.train, module.search = train, search
    monkeypatch.setitem(sys.modules, "work_of_a_job", module)
    monkeypatch.delenv(entry.POINT, raising=False)

    def run():
        assert tracked.sync(30)
        return store.runs[made.run_id]

    return run


def test_a_job_makes_the_call(job):
    """The job's run is the call, with the key that it has where it was submitted; the job ends it."""
    entry.main(["work_of_a_job:train", "--args-json", '{"lr": 0.1}', "--input", "data=/mnt/x"])
    run = job()
    assert ("RUNNING", {"acc": 0.9}, "training") == (run.status, run.metrics, run.tags[t.STAGE])
    assert train.key(0.1, data="/mnt/x") == run.tags[t.CALL_KEY]
    assert ("0.1", "/mnt/x") == (run.params["lr"], run.params["data"])


def test_a_call_has_the_keys_that_it_was_submitted_with(job, monkeypatch):
    """Where data lies somewhere else on the machine, the call is the same all the same; another function's are not."""
    keys = {t.FUNCTION: f"{__name__}.train", t.CALL_KEY: "c" * 64, t.STUDY_KEY_HASH: "5" * 64}
    monkeypatch.setenv("TRACKED_SUBMITTED", json.dumps(keys))
    entry.main(["work_of_a_job:train", "--args-json", '{"lr": 0.1}', "--input", "data=/mnt/x"])
    assert ("c" * 64, "5" * 64) == (job().tags[t.CALL_KEY], job().tags[t.STUDY_KEY_HASH])


def test_a_trial_of_a_sweep_job_is_its_run(job, monkeypatch, store):
    """One point is tried, in one run, which has the trial's stage, params, key and the objective by its name."""
    values = ["--trial", "lr=0.01", "--trial", "opt=sgd", "--trial", "layers=2.0"]
    monkeypatch.setenv(entry.POINT, "")
    entry.main(["work_of_a_job:search", *values])
    run = job()
    assert ("hpo_trial", "RUNNING", {"acc": 0.98}) == (run.tags[t.STAGE], run.status, run.metrics)
    assert {"lr": "0.01", "opt": "sgd", "layers": "2", "epochs": "2"}.items() <= run.params.items()
    assert {t.TRIAL_KEY_HASH, t.STUDY_KEY_HASH} <= run.tags.keys()
    assert t.CALL_KEY not in run.tags
    assert 1 == len(store.runs)


def test_what_a_job_is_told_is_no_unknown_setting():
    """Variables that only a job's process has are not taken for settings that somebody has misspelt."""
    told = {entry.POINT, SUBMITTED}
    assert told == {f"TRACKED_{name.upper()}" for name in SWITCHES} & told


def test_a_trial_without_its_objective_fails(job, monkeypatch):
    """Azure would wait for a metric that never comes: the job fails, and says which metric was missing."""
    values = ["--trial", "lr=0.01", "--trial", "opt=sgd", "--trial", "layers=2"]
    monkeypatch.setenv(entry.POINT, "")
    with pytest.raises(MetricNotFound, match="acc"):
        entry.main(["work_of_a_job:search", "--args-json", '{"epochs": 0}', *values])


def test_a_sweep_inside_a_trial_searches_by_itself(job, monkeypatch, store):
    """Only the sweep that was submitted is one trial; another one in it is whole, and its runs stand below."""
    values = ["--trial", "lr=0.01", "--trial", "opt=sgd", "--trial", "layers=2"]
    monkeypatch.setenv(entry.POINT, "")
    entry.main(["work_of_a_job:search", "--args-json", '{"epochs": 9}', *values])
    assert 0.5 == job().metrics["acc"]
    assert ["hpo", "hpo_trial", "hpo_trial", "hpo_trial"] == sorted(
        run.tags[t.STAGE] for run in store.runs.values()
    )


class Client:
    """A workspace in which a job goes through these states."""

    subscription_id, resource_group_name, workspace_name = "s", "g", "w"

    def __init__(self, *states, error=None):
        self.jobs = self.workspaces = self
        self.states, self.error, self.sent = list(states), error, []

    def get(self, name):
        if self.error:
            raise self.error
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return SimpleNamespace(status=state, mlflow_tracking_uri="azureml://x")

    def create_or_update(self, job):
        if self.error:
            raise self.error
        self.sent.append(job)
        return SimpleNamespace(name="happy_cat", studio_url="https://ml.azure.com/runs/happy_cat?wsid=x")


@pytest.fixture
def loader(monkeypatch):
    """Azure's `load_job`, which reads YAML."""
    module = ModuleType("azure.ai.ml")
    module.load_job = yaml.safe_load
    monkeypatch.setitem(sys.modules, "azure.ai.ml", module)
    for name in ("azure", "azure.ai"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))


def test_a_submitted_job_stands_for_its_run(loader):
    """What comes back has the run's id, its page, and is taken for the run wherever one is named."""
    client = Client("Queued")
    job = train.submit(client, environment="e", inputs={"lr": 0.1})
    assert ("happy_cat", "QUEUED") == (job.run_id, job.status)
    assert "https://ml.azure.com/runs/happy_cat?wsid=x" == job.url
    assert "happy_cat" == job.ref.run_id
    assert "command" == client.sent[0]["type"]


def test_a_job_is_looked_for_in_the_workspace_that_it_was_sent_to(loader, monkeypatch):
    """Not in that of the set-up, where it is another one."""
    elsewhere = URI.replace("workspaces/w", "workspaces/another")
    for uri, expected in ((URI, URI), (elsewhere, "azureml://x")):
        with monkeypatch.context() as patch:
            patch.setattr(sessions, "current", lambda uri=uri: SimpleNamespace(uri=uri))
            assert expected == submitting.submit(Client("Queued"), {"experiment_name": "e"}).uri


def test_a_job_needs_a_workspace():
    """Without a client the message says what to give; Azure is not asked."""
    with pytest.raises(ConfigError, match="ml_client"):
        train.submit(environment="e", inputs={"lr": 0.1})


def test_waiting_tells_each_change(capfd):
    """A line for each state, and MLflow's word for the end; a bounded wait that is over says that the job goes on."""
    job = Job("n", "", "e", "", Client("Queued", "Running", "Running", "Failed"))
    assert "FAILED" == job.wait(pause=0)
    said = capfd.readouterr().err
    assert [1, 1, 1] == [said.count(f"job n {state}") for state in ("Queued", "Running", "Failed")]
    with pytest.raises(BackendUnavailable, match="goes on"):
        Job("n", "", "e", "", Client("Running")).wait(0, pause=0.01)


class Shaky(Client):
    """One that does not answer now and then."""

    def get(self, name):
        answer = super().get(name)
        if isinstance(answer.status, Exception):
            raise answer.status
        return answer


def test_waiting_outlives_a_network_that_fails(capfd, monkeypatch):
    """What may pass is said and asked again; where nothing is heard for minutes, or nobody is let in, waiting ends."""
    away = ConnectionError("away")
    assert "FINISHED" == Job("n", "", "e", "", Shaky(away, "Running", away, "Completed")).wait(pause=0)
    assert 1 == capfd.readouterr().err.count("is asked for again")
    with pytest.raises(LoginRefused):
        Job("n", "", "e", "", Shaky(RuntimeError("AuthenticationFailed"), "Completed")).wait(pause=0)
    monkeypatch.setattr(submitted, "SILENCE", 0.0)
    with pytest.raises(BackendUnavailable, match="cannot be reached"):
        Job("n", "", "e", "", Shaky(away)).wait(pause=0.01)


def test_what_azure_refuses_is_explained(loader):
    """A failure of the workspace is one of ours."""

    class ClientAuthenticationError(Exception):
        status_code = 403

    with pytest.raises(LoginRefused, match="role"):
        train.submit(Client(error=ClientAuthenticationError("no")), environment="e", inputs={"lr": 0.1})


@pytest.mark.parametrize("name", ["submit", "runs"])
def test_type_checkers_see_the_arguments_that_there_are(name):
    """A protocol has to say once more what a class says; the two do not drift apart."""
    seen, there = (inspect.signature(getattr(cls, name)) for cls in (Tracked, Asked))
    assert list(there.parameters.values()) == list(seen.parameters.values())
