"""The former system's ``mlflow.yaml``, ``tags.yaml`` and ``naming.yaml``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tracked
from tracked import tracked_conversion, tracked_sweep, tracked_training
from tracked.errors import ConfigError
from tracked.session import current
from tracked.session.sources import load
from tracked.switches import switches
from tracked.testing import captured

MLFLOW = """
azure_ml:
  enabled: false
  workspace_name: resume-ner-ws
local:
tracking:
  training:
    enabled: true
    log_checkpoint: false
  conversion:
    enabled: false
naming:
  project_name: ner
  tags: {max_length: 64, sanitize: true}
  run_name:
    max_length: 100
    shorten_fingerprints: true
    auto_increment: {enabled: false, format: "{base}.{version}"}
index: {enabled: false, max_entries: 1000}
run_finder: {strict_mode_default: true}
"""
TAGS = """
schema_version: 1
grouping:
  study_key_hash: "team.study"
process:
  stage: code.stage
"""
NAMING = """
schema_version: 1
run_names:
  hpo_sweep:
    pattern: "{env}_{model}_hpo_study-{study_hash}{semantic_suffix}{version}"
  hpo_trial:
    pattern: "{env}_{model}_t{trial_number}{version}"
    components: {trial_number: {zero_pad: 2}}
  final_training:
    pattern: "{env}_{model}_spec-{spec_hash}"
validate: {max_length: 256, forbidden_chars: ["/"]}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A folder of the former system's files."""
    folder = tmp_path / "config"
    folder.mkdir()
    for name, text in (("mlflow", MLFLOW), ("tags", TAGS), ("naming", NAMING)):
        (folder / f"{name}.yaml").write_text(text)
    return folder


def test_its_files_do_what_they_said(config, capfd):
    """Switches, names, tags, lengths and project of the files are those of the runs."""
    tracked.configure(config_dir=config)

    @tracked_training
    def train(backbone, study_key_hash):
        tracked.track.checkpoint(b"c")
        tracked.track.tag(long="x" * 100)

    @tracked_conversion
    def convert():
        return 5

    @tracked_sweep(n_trials=1, maximize="acc")
    def sweep(trial, backbone, study_key_hash):
        return {"acc": 1}

    with captured() as runs:
        train("m/1", "ab" * 32)
        sweep("m", study_key_hash="ab" * 32)
        assert 5 == convert()
        names = [run.name for run in runs.runs]
        run = runs.runs[0]
    assert [
        f"local_m_1_spec-{run.tags['tracked.call_key'][:8]}",
        "local_m_hpo_study-abababab",
        "local_m_t00",
    ] == names
    assert ("training", "ab" * 32, "ner") == tuple(
        run.tags[k] for k in ("code.stage", "team.study", "project")
    )
    assert 64 == len(run.tags["long"])
    assert not [name for name in run.artifacts if name.startswith("checkpoints")]
    said = capfd.readouterr().err
    assert ["{version} is left out", "{semantic_suffix} is left out"] == [
        text
        for text in ("{version} is left out", "{semantic_suffix} is left out", "mlflow.yaml")
        if text in said
    ]


def test_every_value_knows_its_file(config):
    """Whoever wonders why a kind is not tracked is told the path."""
    tracked.configure(config_dir=config)
    origins = current().settings.origins
    expected = {
        "project": "mlflow.yaml",
        "switches.training.log_checkpoint": "mlflow.yaml",
        "tags.tracked.study_key_hash": "tags.yaml",
        "name_template.hpo": "naming.yaml",
    }
    assert {key: str(config / name) for key, name in expected.items()} == {
        key: origins[key] for key in expected
    }


def test_tracked_toml_beside_them_wins(config):
    """Whoever migrates overrides key by key."""
    (config / "tracked.toml").write_text('project = "own"\n[training]\nlog_checkpoint = true\n')
    tracked.configure(config_dir=config)
    settings = current().settings
    assert ("own", True, False) == (
        settings.project,
        switches(settings, "training").log_checkpoint,
        switches(settings, "conversion").enabled,
    )


def test_they_are_read_from_a_named_folder_only(config, monkeypatch):
    """Files that merely lie about, in the project or beside it, are nobody's configuration."""
    monkeypatch.chdir(config)
    (config / "pyproject.toml").touch()
    assert {} == current().settings.switches
    assert "" == current().settings.project


ODD = [
    (
        "mlflow",
        "tracking: {training: {enabeld: true}}",
        "training has no switch 'enabeld'; did you mean 'enabled'",
    ),
    ("mlflow", "traking: {training: {enabled: true}}", "no setting 'traking.training.enabled'"),
    ("mlflow", "naming: {projct_name: x}", "did you mean 'naming.project_name'"),
    ("mlflow", "naming: {run_name: {auto_increment: {enabled: true}}}", "names have no counter"),
    ("mlflow", "naming: {run_name: {shorten_fingerprints: false}}", "first 8 digits"),
    ("mlflow", "naming: {tags: {sanitize: false}}", "made to fit"),
    ("mlflow", "index: {enabled: true}", "no index beside the store"),
    ("mlflow", "run_finder: {strict_mode_default: false}", "never by being the newest"),
    ("mlflow", "azure_ml: {enabled: true, workspace_name: ws}", "give setup_mlflow its ml_client"),
    ("tags", "refit: {of_trial_run_id: x}", "refit.of_trial_run_id have no effect"),
    ("naming", "run_name: {}", "did you mean 'run_names'"),
]


@pytest.mark.parametrize(("file", "text", "said"), ODD, ids=lambda value: str(value)[:30])
def test_no_key_is_dead_in_silence(file, text, said, tmp_path, capfd):
    """A key that is unknown, or cannot be followed, is told once with the file."""
    (tmp_path / f"{file}.yaml").write_text(text)
    tracked.setup_mlflow(config_dir=tmp_path)
    tracked.setup_mlflow("another", config_dir=tmp_path)
    (line,) = [line for line in capfd.readouterr().err.splitlines() if said in line]
    assert f"{file}.yaml" in line


BAD = [
    ("mlflow", "a: [", "cannot be read as YAML"),
    ("mlflow", "- a", "holds no mapping, but list"),
    ("mlflow", "x: !!python/object/apply:os.getcwd []", "cannot be read as YAML"),
    ("mlflow", "tracking: {training: {enabled: perhaps}}", "true or false"),
    ("mlflow", "naming: {tags: {max_length: long}}", "tag_max_length must be a int"),
    ("naming", "run_names: 5", "no mapping of kinds"),
    ("naming", "run_names: {hpo_sweep: {pattern: '{studdy_hash}'}}", "did you mean 'study"),
    ("naming", "run_names: {hpo_sweep: {pattern: 5}}", "is a text"),
    ("tags", "process: {stage: 5}", "is a text"),
]


@pytest.mark.parametrize(("file", "text", "said"), BAD, ids=lambda value: str(value)[:30])
def test_a_mistake_is_an_error_for_who_set_it_up_and_costs_nothing_else(
    file, text, said, tmp_path, capfd, monkeypatch
):
    """``setup_mlflow`` raises, naming the file; a decorated call says it once, leaves it out and is tracked."""
    (tmp_path / f"{file}.yaml").write_text(text)
    (tmp_path / "tracked.toml").write_text('experiment = "fine"')
    with pytest.raises(ConfigError, match=rf"{file}\.yaml.*{said}"):
        tracked.setup_mlflow(config_dir=tmp_path)
    tracked.session.reset()
    monkeypatch.setenv("TRACKED_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("TRACKED_TRACKING_URI", "memory:here")
    capfd.readouterr()

    @tracked_training
    def train():
        return 0.5

    assert 0.5 == train() == train()
    assert "fine" == current().experiment
    (line,) = [line for line in capfd.readouterr().err.splitlines() if said in line]
    assert f"{file}.yaml" in line


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    """A slip in ``config_dir`` does not quietly mean no configuration."""
    with pytest.raises(ConfigError, match="there is no folder"):
        tracked.setup_mlflow(config_dir=tmp_path / "confg")


def test_yaml_is_loaded_only_where_there_is_such_a_file(tmp_path):
    """Neither ``import tracked`` nor a folder without such files pays for the parser."""
    (tmp_path / "tracked.toml").touch()
    code = (
        "import sys, tracked; from pathlib import Path; from tracked.session.sources import load\n"
        f"load({{'config_dir': {str(tmp_path)!r}}}, {{}}, Path('.'))\n"
        "sys.exit('yaml' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_settings_of_a_folder_need_no_session(config):
    """A reader of the files alone gets what a session would."""
    assert "ner" == load({"config_dir": config}, {}, Path.cwd()).project


def test_nothing_in_a_file_is_run(tmp_path):
    """A file of YAML is data: no tag of it makes an object."""
    (tmp_path / "tags.yaml").write_text("x: !!python/object/apply:os.system ['touch ran']")
    with pytest.raises(ConfigError, match="cannot be read"):
        tracked.setup_mlflow(config_dir=tmp_path)
    assert not Path("ran").exists()
