from __future__ import annotations

import pytest

from tracked.errors import ConfigError
from tracked.session import sources
from tracked.session.sources import load
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


def test_a_switch_of_a_kind_that_is_probably_misspelt_is_told(tmp_path, capsys):
    """Whoever sets it reads what it is for; it counts, since somebody may have added a kind of this name."""
    environ = {"TRACKED_SWITCHES": "train.enabled=false, training.enabled=true, evaluation.enabled=no"}
    settings = load({}, environ, tmp_path)
    (line,) = capsys.readouterr().err.splitlines()
    assert "TRACKED_*: train.enabled is for runs of stage 'train'; did you mean 'training'?" in line
    assert settings.switches["train.enabled"] is False


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


def test_the_experiment_may_be_known_by_its_id(tmp_path):
    """MLflow's two variables mean what MLflow means by them: the name first, else the id."""
    both = {"MLFLOW_EXPERIMENT_ID": "7", "MLFLOW_EXPERIMENT_NAME": "named"}
    assert ["named", "id:7"] == [
        load({}, environ, tmp_path).experiment for environ in (both, {"MLFLOW_EXPERIMENT_ID": "7"})
    ]


def test_the_table_of_a_kind_sets_its_switches_and_its_name(tmp_path):
    """What belongs to a kind stands together, also for one that somebody has added; tables by setting go on to work."""
    (tmp_path / "tracked.toml").write_text(
        'name_template = "{kind}"\n[sweep]\nenabled = false\nname_template = "{study8}"\n'
        "[evaluation]\nlog_artifacts = false\n[switches]\n'training.enabled' = false\n"
    )
    settings = load({}, {}, tmp_path)
    assert {
        "hpo.enabled": False,
        "evaluation.log_artifacts": False,
        "training.enabled": False,
    } == settings.switches
    assert {"": "{kind}", "hpo": "{study8}"} == settings.name_template


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[trainin]\nenabled = false", "there is no setting 'trainin'; did you mean 'training'"),
        ("[training]\nenabld = false", "training has no switch 'enabld'; did you mean 'enabled'"),
        ("[other]\nx = 1", "there is no setting 'other'"),
    ],
)
def test_a_table_that_is_none_is_told(table, said, tmp_path, capsys):
    """A slip in the name of a kind, or of a switch, is said with the nearest."""
    (tmp_path / "tracked.toml").write_text(table)
    assert {} == load({}, {}, tmp_path).switches
    assert said in capsys.readouterr().err


def test_a_folder_named_by_a_variable_is_trusted_as_well(tmp_path):
    """``TRACKED_CONFIG_DIR`` is ``config_dir``, for a container; code that names another wins."""
    for name in ("here", "there", "code"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tracked.toml").write_text(f'experiment = "{name}"')
    environ = {"TRACKED_CONFIG_DIR": str(tmp_path / "there")}
    assert "there" == load({}, environ, tmp_path / "here").experiment
    assert "code" == load({"config_dir": tmp_path / "code"}, environ, tmp_path / "here").experiment


def test_what_cannot_be_read_is_told_to_whoever_wants_to_know(tmp_path):
    """A broken file, a broken value and a folder that is missing each cost themselves only."""
    told = []
    (tmp_path / "tracked.toml").write_text("= x")
    assert (
        "v"
        == load(
            {}, {"TRACKED_EXPERIMENT": "v", "TRACKED_EXIT_TIMEOUT": "x"}, tmp_path, told.append
        ).experiment
    )
    assert "" == load({"config_dir": tmp_path / "none"}, {}, tmp_path, told.append).experiment
    assert ["cannot be read as TOML", "exit_timeout", "there is no folder"] == [
        next(
            text
            for text in ("cannot be read as TOML", "exit_timeout", "there is no folder")
            if text in str(error)
        )
        for error in told
    ]
