"""Which versions work together."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tracked.azure import versions

ROOT = Path(__file__).parents[2]
GOOD = {
    "azureml-mlflow": "1.62.0.post6",
    "azure-ai-ml": "1.35.2",
    "mlflow": "3.15.0",
    "marshmallow": "3.26.2",
}


@pytest.fixture
def found(mocker):
    """What is said of these versions."""

    def look(**changed: str) -> list[versions.Mismatch]:
        there = {**GOOD, "mlflow-skinny": "", **{name.replace("_", "-"): v for name, v in changed.items()}}
        there["mlflow-skinny"] = there["mlflow-skinny"] or there["mlflow"]
        mocker.patch.object(versions, "version_of", side_effect=lambda name: there.get(name, ""))
        mocker.patch.object(versions.metadata, "requires", side_effect=_requires)
        return list(versions.mismatches())

    return look


def _requires(name: str) -> list[str]:
    if name == "azureml-mlflow":
        return ["mlflow-skinny<=3.15.0", "azure-identity"]
    return [
        "mlflow>=3",
        'azure-ai-ml>=1.30; extra == "azure"',
        'azureml-mlflow>=1.62.0.post6; extra == "azure"',
    ]


def test_the_good_set_is_content(found) -> None:
    """Nothing is said of what works."""
    assert [] == found()
    assert [] == found(azureml_mlflow="", azure_ai_ml="")


def test_what_a_plain_install_resolves_to_is_named(found) -> None:
    """The naive set: artifacts fail in the plugin, and the client cannot be imported."""
    plugin, client, *_ = found(
        azureml_mlflow="1.60.0", azure_ai_ml="1.23.1", marshmallow="4.0.0", mlflow="3.15.0"
    )
    assert plugin.is_fatal
    assert client.is_fatal
    assert "every call for an artifact fails" in plugin.what
    assert "marshmallow 4.0.0" in client.what


def test_a_newer_mlflow_than_the_plugin_knows_is_no_error(found) -> None:
    """It is tested and works; whoever made the plugin does not say so."""
    (told,) = found(mlflow="3.17.2")
    assert not told.is_fatal
    assert "mlflow<=3.15.0" in told.what


def test_the_cure_is_a_line_to_type(found) -> None:
    """With the floors of our own extra, so that there is one place for them."""
    (told,) = found(mlflow="3.17.2")
    assert 'pip install --upgrade "azure-ai-ml>=1.30" "azureml-mlflow>=1.62.0.post6" mlflow' == told.cure


def test_the_floors_are_those_of_the_extra() -> None:
    """Read from what this package itself says."""
    assert ["azure-ai-ml", "azure-identity", "azureml-mlflow"] == [
        line.partition(">")[0] for line in versions.floors()
    ]


@pytest.mark.slow
@pytest.mark.parametrize("extra", ["azure", "azure-tracking"])
def test_the_extra_resolves_to_what_works(extra: str, tmp_path: Path) -> None:
    """With the floors, any resolver ends at versions that work together, all of MLflow in the same one."""
    resolved = _resolved(extra, tmp_path)
    assert resolved["azureml-mlflow"].startswith("1.6")
    assert resolved["mlflow"] == resolved["mlflow-skinny"]
    for name, floor in (
        ("azureml-mlflow", "1.62.0.post6"),
        ("azure-ai-ml", "1.30"),
        ("azure-identity", "1.17"),
    ):
        if name in resolved or (extra, name) != ("azure-tracking", "azure-ai-ml"):
            assert not versions._is_below(resolved[name], floor)
    assert ("azure-ai-ml" in resolved) == (extra == "azure")


def _resolved(extra: str, folder: Path) -> dict[str, str]:
    """What is installed for this extra, as uv or pip say; neither installs anything."""
    wanted = f"tracked[{extra}] @ {ROOT.as_uri()}"
    if uv := shutil.which("uv"):
        command = [
            uv,
            "pip",
            "compile",
            "--quiet",
            "--no-header",
            "--no-annotate",
            "--python",
            sys.executable,
            "-",
        ]
        done = subprocess.run(command, input=wanted, capture_output=True, text=True, timeout=600, check=False)
        lines = done.stdout.splitlines()
        pairs = [line.partition("==")[::2] for line in lines if "==" in line]
    else:
        report = folder / "report.json"
        options = ["--dry-run", "--quiet", "--ignore-installed", "--report", str(report)]
        command = [sys.executable, "-m", "pip", "install", *options, wanted]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        told = json.loads(report.read_text())["install"] if report.exists() else []
        pairs = [(each["metadata"]["name"].lower(), each["metadata"]["version"]) for each in told]
    if done.returncode or not pairs:
        pytest.skip(f"there is no resolver or no network here: {done.stderr.strip()[-200:]}")
    return {name: version.partition(" ")[0] for name, version in pairs}
