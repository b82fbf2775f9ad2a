"""``setup_mlflow``: one source of truth for where runs go."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

import tracked
from tracked import session
from tracked.errors import ConfigError


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
