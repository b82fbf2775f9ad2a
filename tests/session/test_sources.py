from __future__ import annotations

import pytest

from tracked.errors import ConfigError
from tracked.session import sources
from tracked.session.building import load
from tracked.settings import Layer


@pytest.mark.parametrize("mark", ["tracked.toml", "pyproject.toml", ".git", "setup.py", "setup.cfg"])
def test_the_project_is_the_nearest_folder_upwards_with_a_mark(tmp_path, mark):
    """A script in a subfolder belongs to the same project as one at the top."""
    deep = tmp_path / "project" / "src" / "deep"
    deep.mkdir(parents=True)
    for place in (tmp_path, tmp_path / "project"):
        (place / mark).mkdir() if mark == ".git" else (place / mark).touch()
    assert [tmp_path / "project"] * 2 == [sources.project_root(p) for p in (deep, tmp_path / "project")]


def test_without_a_mark_the_folder_itself_is_the_project(tmp_path, monkeypatch):
    """Where nothing says project, nothing above is taken for one."""
    monkeypatch.setattr(sources, "_MARKS", ("no such mark",))
    assert tmp_path == sources.project_root(tmp_path)


def test_the_environment_names_settings_in_capitals():
    """``TRACKED_EXIT_TIMEOUT`` is ``exit_timeout``; what is not ours is left out."""
    environ = {
        "TRACKED_EXPERIMENT": "x",
        "TRACKED_EXIT_TIMEOUT": "5",
        "EXPERIMENT": "y",
        "MLFLOW_EXPERIMENT_NAME": "z",
    }
    assert Layer("TRACKED_*", {"experiment": "x", "exit_timeout": "5"}) == sources.from_environment(environ)
    assert {"experiment": "z"} == sources.from_mlflow_environment(environ).values


def test_a_file_of_its_own_wins_over_pyproject(tmp_path):
    """``tracked.toml`` is read if it is there, else ``[tool.tracked]``, else nothing; the origin is the file."""
    assert {} == sources.from_files(tmp_path).values
    (tmp_path / "pyproject.toml").write_text('[tool.tracked]\nexperiment = "shared"\n')
    shared = sources.from_files(tmp_path)
    assert {"experiment": "shared"} == shared.values
    assert str(tmp_path / "pyproject.toml") in shared.origin
    (tmp_path / "tracked.toml").write_text('experiment = "own"\nexit_timeout = 5\n')
    assert Layer(
        str(tmp_path / "tracked.toml"), {"experiment": "own", "exit_timeout": 5}
    ) == sources.from_files(tmp_path)


@pytest.mark.parametrize("content", [b"= x", b"\xff\xfe", b"[tool]\ntracked = 5", b"[tool]\ntracked = []"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    """A broken file is an error with its path, and no stack trace of a parser."""
    (tmp_path / "pyproject.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"pyproject\.toml"):
        sources.from_files(tmp_path)


@pytest.mark.parametrize("content", ["tool = 5", "[tool.other]\nx = 1", "[project]\nname = 'x'"])
def test_a_project_that_says_nothing_of_us_sets_nothing(tmp_path, content):
    """Other people's tables are none of our business, whatever they look like."""
    (tmp_path / "pyproject.toml").write_text(content)
    assert {} == sources.from_files(tmp_path).values


def test_unknown_names_warn_with_the_nearest(tmp_path, capsys):
    """A misspelt setting in a file or a variable is told once, with the right spelling, and stops nothing."""
    (tmp_path / "tracked.toml").write_text('experimnt = "x"\nexit_timeout = 5\n')
    environ = {"TRACKED_EXPERIMNT": "y", "TRACKED_SILENT": "0", "TRACKED_DISABLED": "", "TRACKED_LINGER": "1"}
    for _ in range(2):
        settings = load({}, environ, tmp_path)
    lines = capsys.readouterr().err.splitlines()
    assert 2 == len(lines)
    assert all("'experimnt'; did you mean 'experiment'?" in line for line in lines)
    assert ["tracked.toml" in line for line in lines] == [True, False]
    assert (5.0, "") == (settings.exit_timeout, settings.experiment)


def test_the_order_of_the_layers(tmp_path):
    """Code wins over ``TRACKED_*``, that over files, those over ``MLFLOW_*``; each value knows where it came from."""
    (tmp_path / "tracked.toml").write_text('experiment = "file"\nexit_timeout = 1\n')
    environ = {"TRACKED_EXPERIMENT": "variable", "MLFLOW_EXPERIMENT_NAME": "mlflow"}
    found = [
        load({"experiment": "code"}, environ, tmp_path),
        load({}, environ, tmp_path),
        load({}, {"MLFLOW_EXPERIMENT_NAME": "mlflow"}, tmp_path),
        load({}, {"MLFLOW_EXPERIMENT_NAME": "mlflow"}, tmp_path / "empty"),
    ]
    assert ["code", "variable", "file", "mlflow"] == [settings.experiment for settings in found]
    origins = [settings.origins["experiment"] for settings in found]
    assert ["setup_mlflow / configure", "TRACKED_*", str(tmp_path / "tracked.toml"), "MLFLOW_*"] == origins
    assert "default" == found[3].origins["exit_timeout"]


def test_a_named_folder_is_the_only_one_read(tmp_path):
    """With ``config_dir`` nothing is inferred from where the code runs."""
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tracked.toml").write_text(f'experiment = "{name}"')
    found = load({"config_dir": str(tmp_path / "there")}, {}, tmp_path / "here")
    assert "there" == found.experiment
