"""A compute target: runs the command of a job here, with its code, in the environment that a job has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from tests.azure.emulating import Emulator
from tests.azure.emulator import names
from tests.azure.genuine.programs import PATIENCE

OUTSIDE = ("AZURE_", "TRACKED_", "MLFLOW_", "AZUREML_")


def environ_of(azure: Emulator, name: str, folder: Path, token_life: float = 3600) -> dict[str, str]:
    """The environment of a job's process: its run and token, and nobody's log-in."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(OUTSIDE)}
    job = azure.jobs()[name]["properties"]
    return {
        **kept,
        **azure.reach,
        **{f"AZURE_ML_OUTPUT_{output}": _mounted(folder, output) for output in job.get("outputs") or {}},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "XDG_STATE_HOME": str(folder / "state"),
        "MLFLOW_TRACKING_URI": names.TRACKING_URI,
        "MLFLOW_TRACKING_TOKEN": names.token(token_life),
        "MLFLOW_RUN_ID": name,
        "MLFLOW_EXPERIMENT_NAME": job.get("experimentName", "Default"),
        "AZUREML_RUN_ID": name,
        "AZUREML_ARM_SUBSCRIPTION": names.SUBSCRIPTION,
        "AZUREML_ARM_RESOURCEGROUP": names.GROUP,
        "AZUREML_ARM_WORKSPACE_NAME": names.WORKSPACE,
        "TRACKED_LINGER": "1",
        "TRACKED_PROVENANCE": "0",
    }


def start(
    azure: Emulator, name: str, folder: Path, values: Mapping[str, Any] | None = None, **environ: str
) -> subprocess.Popen[str]:
    """Start a job, or a trial of one with these values of its search space; its code lies in ``folder`` then."""
    job = azure.jobs()[name]["properties"]
    trial = job.get("trial") or job
    _fetch_code(azure, trial["codeId"], folder / "code")
    azure.jobs({name: {"status": "Running"}})
    return subprocess.Popen(
        ["bash", "-c", _filled(trial["command"], values or {})],
        cwd=folder / "code",
        env={**environ_of(azure, name, folder), **(trial.get("environmentVariables") or {}), **environ},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(azure: Emulator, name: str, folder: Path, values: Mapping[str, Any] | None = None) -> str:
    """The same, to its end, which Azure sees; gives what it said on stderr."""
    process = start(azure, name, folder, values)
    said = process.communicate(timeout=PATIENCE)[1]
    azure.end(name, "Failed" if process.returncode else "Completed")
    return said


def lose(folder: Path) -> None:
    """The machine goes away: its processes without a word, and its disk."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("HOME") == str(folder):
                process.kill()
                process.wait(60)
    shutil.rmtree(folder)


def _mounted(folder: Path, output: str) -> str:
    """Where an output lies: in storage that all the machines of a job see."""
    place = folder.parent / "storage" / output
    place.mkdir(parents=True, exist_ok=True)
    return str(place)


def _fetch_code(azure: Emulator, code_id: str, folder: Path) -> None:
    asset = next(kept for kept in azure.assets().values() if kept["id"].lower() in code_id.lower())
    place = urlsplit(asset["properties"]["codeUri"]).path.rstrip("/")
    for blob, content in azure.blobs().items():
        if blob.startswith(f"{place}/"):
            path = folder / blob.removeprefix(f"{place}/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _filled(command: str, values: Mapping[str, Any]) -> str:
    def value(found: re.Match[str]) -> str:
        kind, name = found[1], found[2]
        return str(values[name]) if kind == "search_space" else f"/mnt/{name}"

    return re.sub(r"\$\{\{(inputs|search_space)\.(\w+)\}\}", value, command)
