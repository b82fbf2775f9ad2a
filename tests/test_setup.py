"""``setup_mlflow``: one source of truth for where runs go."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from mlflow import MlflowClient

import tracked
from tests.stores import all_runs
from tracked import session, speech
from tracked.errors import ConfigError
from tracked.mlflow.stores import ensure_store
from tracked.settings import NAMES, Settings


def uri_of(folder: Path) -> str:
    """The default store of a folder."""
    return f"sqlite:///{folder}/mlflow.db"


def in_a_process(code: str) -> str:
    """What this code prints in a fresh process."""
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ), check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_default_is_sqlite_at_the_top_of_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever in a project a script is started, its runs go to the same place."""
    root = Path.cwd()
    (root / "pyproject.toml").touch()
    (root / "src" / "deep").mkdir(parents=True)
    monkeypatch.chdir(root / "src" / "deep")
    assert uri_of(root) == tracked.setup_mlflow()


def test_the_order_of_sources_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code beats TRACKED_*, that beats the file, that beats MLFLOW_TRACKING_URI, that beats the default."""
    seen = []
    for give in (
        lambda: None,
        lambda: monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow-env.db"),
        lambda: Path("tracked.toml").write_text(f'tracking_uri = "sqlite:///{tmp_path}/file.db"\n'),
        lambda: monkeypatch.setenv("TRACKED_TRACKING_URI", f"sqlite:///{tmp_path}/tracked-env.db"),
    ):
        give()
        session.reset()
        seen.append(tracked.setup_mlflow())
    session.reset()
    seen.append(tracked.setup_mlflow(tracking_uri=f"sqlite:///{tmp_path}/code.db"))
    names = [Path(uri).name for uri in seen]
    assert ["mlflow.db", "mlflow-env.db", "file.db", "tracked-env.db", "code.db"] == names


def test_every_value_says_where_it_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wonders why runs go somewhere can be told."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    Path("tracked.toml").write_text('experiment = "from-file"\n')
    origins = session.current().settings.origins
    assert "MLFLOW_TRACKING_URI" == origins["tracking_uri"]
    assert origins["experiment"].endswith("tracked.toml")
    assert "default" == origins["exit_timeout"]


def test_a_config_dir_is_trusted_and_nothing_is_inferred(tmp_path: Path) -> None:
    """With ``config_dir`` the project's own files do not count."""
    Path("tracked.toml").write_text('experiment = "of-the-project"\n')
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "tracked.toml").write_text('experiment = "of-the-folder"\n')
    tracked.setup_mlflow(config_dir=tmp_path / "config")
    assert "of-the-folder" == session.current().experiment


def test_the_same_arguments_again_are_the_same_session() -> None:
    """Calling it twice, or from a library too, costs nothing and changes nothing."""
    tracked.setup_mlflow("mine", tracking_uri="records:///tmp/x")
    first = session.current()
    tracked.setup_mlflow("mine", tracking_uri="records:///tmp/x")
    tracked.setup_mlflow()
    assert first is session.current()


def test_other_arguments_switch_and_keep_the_rest(tmp_path: Path) -> None:
    """A new experiment stays in the store that was set; a new store keeps the experiment."""
    tracked.setup_mlflow("one", tracking_uri=f"records://{tmp_path}/a")
    tracked.setup_mlflow("two")
    assert (f"records://{tmp_path}/a", "two") == (session.current().uri, session.current().experiment)
    tracked.setup_mlflow(tracking_uri=f"records://{tmp_path}/b")
    assert (f"records://{tmp_path}/b", "two") == (session.current().uri, session.current().experiment)


def test_threads_that_start_at_once_share_one_session() -> None:
    """The first calls of eight threads make one session, one journal folder, one shipper."""
    found = []
    barrier = threading.Barrier(8)

    def first_call() -> None:
        barrier.wait()
        found.append(session.current())

    threads = [threading.Thread(target=first_call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 1 == len(set(map(id, found)))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"tracking_uri": "htpp://server"}, "http"),
        ({"tracking_uri": "localhost:5000"}, "http://localhost:5000"),
        ({"experiment_name": "  "}, "empty"),
        ({"exit_timeout": -1}, "exit_timeout"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(arguments: dict[str, object], said: str) -> None:
    """A wrong argument gets a clear error, and the set-up is what it was."""
    tracked.setup_mlflow("before", tracking_uri="records:///tmp/x")
    before = session.current()
    with pytest.raises(ConfigError, match=said):
        tracked.setup_mlflow(**arguments)  # type: ignore[arg-type]
    assert before is session.current()


def test_an_unknown_setting_is_named_with_its_neighbour() -> None:
    """A slip of the pen in ``configure`` is an error that knows what was meant."""
    with pytest.raises(ConfigError, match="did you mean 'experiment'"):
        tracked.configure(experment="x")


def test_an_unknown_key_of_a_file_is_a_warning(capfd: pytest.CaptureFixture[str]) -> None:
    """A file for a newer version still works; what is not understood is named once."""
    Path("tracked.toml").write_text('tracking_url = "x"\nexperiment = "fine"\n')
    assert "fine" == session.current().experiment
    session.current()
    assert 1 == capfd.readouterr().err.count("did you mean 'tracking_uri'")


def test_no_credentials_come_back() -> None:
    """The URI that is returned, and may be printed, holds no password."""
    shown = tracked.setup_mlflow(tracking_uri="http://someone:secret@127.0.0.1:9")
    assert "http://127.0.0.1:9" == shown


def test_mlflow_follows_whether_it_was_loaded_before_or_comes_later(tmp_path: Path) -> None:
    """MLflow's own calls go to the same store, in whatever order things are imported."""
    uri = f"sqlite:///{tmp_path}/follow.db"
    set_up = f"import tracked; tracked.setup_mlflow('x', tracking_uri={uri!r})"
    for before, after in (("import mlflow", set_up), (set_up, "import mlflow")):
        assert uri == in_a_process(f"{before}\n{after}\nprint(mlflow.get_tracking_uri())").splitlines()[-1]


def test_a_set_up_store_is_ready_for_mlflows_own_calls(tmp_path: Path) -> None:
    """After the set-up, a raw run of MLflow lands in the experiment that was named."""
    code = f"""
        import mlflow, tracked
        tracked.setup_mlflow("named", tracking_uri="sqlite:///{tmp_path}/raw.db")
        with mlflow.start_run() as run:
            mlflow.log_metric("x", 1)
        print(mlflow.get_experiment(run.info.experiment_id).name)
    """
    assert "named" == in_a_process(code).splitlines()[-1]


def test_a_uri_that_mlflow_was_given_is_used() -> None:
    """Whoever has set MLflow up already need not say it again."""
    code = """
        import mlflow, tracked
        mlflow.set_tracking_uri("http://127.0.0.1:9")
        print(tracked.setup_mlflow())
    """
    assert "http://127.0.0.1:9" == in_a_process(code)


def workspace(uri: str) -> SimpleNamespace:
    """An ``MLClient``, as far as the set-up looks at it."""
    got = SimpleNamespace(mlflow_tracking_uri=uri)
    return SimpleNamespace(workspace_name="w", workspaces=SimpleNamespace(get=lambda name: got))


def test_a_client_given_by_code_beats_the_environment(
    tmp_path: Path, here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody hands over is used, whatever variables an image was built with; runs are there."""
    for name in ("MLFLOW_TRACKING_URI", "TRACKED_TRACKING_URI"):
        monkeypatch.setenv(name, f"sqlite:///{tmp_path}/environment.db")
    uri = f"sqlite:///{tmp_path}/client.db"
    assert uri == tracked.setup_mlflow("x", ml_client=workspace(uri))
    with tracked.track.run("r"):
        pass
    assert ["r"] == [run.info.run_name for run in tracked.find_mlflow_runs("x")]
    assert not (tmp_path / "environment.db").exists()


def test_a_client_stays_until_another_store_is_named() -> None:
    """Setting something else keeps the store; of a client and a URI the one that was given last counts."""
    code = """
        import sys, tracked
        from types import SimpleNamespace as S

        def client(name):
            got = S(mlflow_tracking_uri="http://" + name)
            return S(workspace_name="w", workspaces=S(get=lambda _: got))

        said = [tracked.setup_mlflow(ml_client=client("one"))]
        tracked.configure(verbosity="quiet")
        said += [tracked.setup_mlflow("x"), tracked.setup_mlflow(tracking_uri="http://two")]
        said += [tracked.setup_mlflow("y"), tracked.setup_mlflow(ml_client=client("three"))]
        said += [tracked.setup_mlflow("z")]
        assert "mlflow" not in sys.modules  # which would remember the store
        print(*(uri.removeprefix("http://") for uri in said))
    """
    assert "one one two two three three" == in_a_process(code)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow is loaded in this process: to ship here spares a start of it elsewhere."""
    monkeypatch.setenv("TRACKED_SHIPPER", "thread")


@pytest.fixture
def deaf() -> Iterator[str]:
    """The URI of a server that takes connections and never answers."""
    with closing(socket.socket()) as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_deaf_server_does_not_hold_anybody_up(deaf: str) -> None:
    """Set-up, call and end together wait no longer than they may, MLflow loaded or not; the result is right."""
    code = f"""
        import time
        start = time.monotonic()
        import tracked
        tracked.setup_mlflow("x", tracking_uri={deaf!r}, exit_timeout=0.5)
        @tracked.tracked_training
        def train(): return 5
        assert train() == 5
        print(time.monotonic() - start)
    """
    start = time.monotonic()
    took = float(in_a_process(code))
    assert took < 5, took  # an import and a journal; MLflow alone blocks for minutes here
    assert time.monotonic() - start < 15


def test_an_experiment_named_by_its_id_alone(
    tmp_path: Path, here: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``MLFLOW_EXPERIMENT_ID`` is read as MLflow reads it; a name beside it wins; an id that is none loses no run."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    ensure_store(uri)
    number = MlflowClient(uri).create_experiment("theirs")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    for name, value in (("MLFLOW_EXPERIMENT_ID", number), ("MLFLOW_EXPERIMENT_NAME", "named")):
        monkeypatch.setenv(name, value)
        session.reset()
        with tracked.track.run("r"):
            pass
        assert ["r"] == [run.info.run_name for run in tracked.find_mlflow_runs()]
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "999")
    session.reset()
    with tracked.track.run("r"):
        pass
    assert tracked.sync()
    counts = {name: len(all_runs(MlflowClient(uri), name)) for name in ("theirs", "named", "id:999")}
    assert {"theirs": 1, "named": 1, "id:999": 1} == counts


def test_a_mistake_in_a_file_costs_a_decorated_call_nothing(
    here: None, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each mistake is said once, the rest of the file counts, and the run is tracked; set-up raises."""
    Path("tracked.toml").write_text('exit_timeout = "soon"\ntracking_uri = "htpp://x"\nexperiment = "fine"\n')

    @tracked.tracked_training
    def train() -> int:
        return 5

    assert 5 == train() == train()
    assert ["training"] * 2 == [run.data.tags["stage"] for run in tracked.find_mlflow_runs("fine")]
    lines = capfd.readouterr().err.splitlines()
    assert [1, 1] == [sum(text in line for line in lines) for text in ("'soon'", "htpp")]
    with pytest.raises(ConfigError, match=r"tracked\.toml: exit_timeout"):
        tracked.setup_mlflow("other")


def test_every_setting_can_be_set_by_code_and_by_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``configure`` and ``TRACKED_*`` take all of them, tables too, and the object says which it was."""
    values = {
        "tracking_uri": f"records://{tmp_path}/x",
        "experiment": "e",
        "project": "p",
        "config_dir": str(tmp_path),
        "home": str(tmp_path / "home"),
        "exit_timeout": "5",
        "shipper": "thread",
        "verbosity": "quiet",
        "name_template": "{kind}",
        "name_max_length": "100",
        "tags": "stage=my.stage",
        "tag_max_length": "100",
        "switches": "training.enabled=no",
        "artifact_max_bytes": "1000",
        "journal_max_bytes": "1000",
        "azure_workspace": "w",
        "durable": "no",
        "ranks": "all",
        "provenance": "no",
        "rerun": "yes",
    }
    assert list(NAMES) == list(values)
    tracked.configure(**values)
    by_code = session.current().settings
    session.reset()
    for name, value in values.items():
        monkeypatch.setenv(f"TRACKED_{name.upper()}", value)
    by_variable = session.current().settings
    assert replace(by_code, origins={}) == replace(by_variable, origins={})
    assert {"TRACKED_*"} == set(by_variable.origins.values()) - {"configuration"}
    assert replace(by_code, origins={}) != replace(Settings(), origins={})


def test_who_decides_how_much_is_said(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code beats the variable, that beats the file; the variable can change between two lines."""

    def is_heard() -> bool:
        session.current()
        speech.say("a line")
        return "a line" in capfd.readouterr().err

    Path("tracked.toml").write_text('verbosity = "quiet"\n')
    assert not is_heard()
    monkeypatch.setenv("TRACKED_VERBOSITY", "normal")
    assert is_heard()
    tracked.configure(verbosity="quiet")
    assert not is_heard()


def test_a_file_cannot_say_where_files_are(capfd: pytest.CaptureFixture[str]) -> None:
    """``config_dir`` in a file has no effect, and that is said."""
    Path("tracked.toml").write_text('config_dir = "elsewhere"\n')
    assert "" == session.current().settings.config_dir
    assert "config_dir has no effect in a file" in capfd.readouterr().err


def test_a_relative_store_starts_at_its_file(tmp_path: Path) -> None:
    """The folder of the configuration, not the one that code runs in, is meant."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "tracked.toml").write_text('tracking_uri = "sqlite:///runs.db"\n')
    assert f"sqlite:///{tmp_path}/config/runs.db" == tracked.setup_mlflow(config_dir=tmp_path / "config")
