"""The emulated Azure as tests use it: started once, asked what it saw, told what shall go wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from tests.azure.emulator import names
from tests.azure.emulator.state import Seen
from tests.servers import PATIENCE

FOREIGN = ("AZURE", "MLFLOW_", "MSI_", "IDENTITY_", "HTTPS_PROXY", "https_proxy", "REQUESTS_CA", "ARM_")
"""Beginnings of names in the environment that would lead a client elsewhere."""


@dataclass(frozen=True)
class Emulator:
    """One that runs."""

    port: int
    folder: Path
    logged_models: bool = False
    """Whether this Azure knows MLflow 3's logged models."""

    @property
    def reach(self) -> dict[str, str]:
        """The environment that leads every client here; no login."""
        proxy = f"http://127.0.0.1:{self.port}"
        return {
            **dict.fromkeys(("HTTPS_PROXY", "https_proxy"), proxy),
            **dict.fromkeys(("NO_PROXY", "no_proxy"), ""),
            "REQUESTS_CA_BUNDLE": str(self.folder / "ca.pem"),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
        }

    @property
    def login(self) -> dict[str, str]:
        """The environment of a service principal."""
        return {
            "AZURE_TENANT_ID": names.TENANT,
            "AZURE_CLIENT_ID": names.CLIENT_ID,
            "AZURE_CLIENT_SECRET": names.CLIENT_SECRET,
        }

    @property
    def workspace(self) -> dict[str, str]:
        """The environment that names the workspace."""
        return {
            "AZURE_SUBSCRIPTION_ID": names.SUBSCRIPTION,
            "AZURE_RESOURCE_GROUP": names.GROUP,
            "AZUREML_WORKSPACE_NAME": names.WORKSPACE,
        }

    def log(self, match: str = "") -> list[Seen]:
        """The requests whose ``METHOD host/path`` has this text in it, in order."""
        seen = [Seen(**each) for each in self._ask("log")]
        return [each for each in seen if match in f"{each.method} {each.host}{each.path}"]

    def fault(self, match: str, status: int = 0, **more: Any) -> None:
        """Let the next requests that match fail, as :class:`tests.azure.emulator.state.Fault` says."""
        self._ask("fault", {"match": match, "status": status, **more})

    def mend(self) -> None:
        """Let nothing go wrong any more."""
        self._ask("mend", {})

    def options(self, **values: Any) -> None:
        """Change how this Azure behaves, until the next ``reset``."""
        self._ask("options", values)

    def reset(self) -> None:
        """Forget all runs, files, jobs, faults and the log."""
        self._ask("reset", {})
        self.options(logged_models=self.logged_models)

    def jobs(self, changes: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
        """All jobs by name, after these properties of theirs were changed."""
        found: dict[str, Any] = self._ask("jobs", changes or {})
        return found

    def child(self, parent: str, name: str, **properties: Any) -> None:
        """Make a job below another one, as a sweep does for each of its trials."""
        self._ask("child", {"parent": parent, "name": name, **properties})

    def end(self, name: str, status: str) -> None:
        """Let a job end: ``Completed``, ``Failed`` or ``Canceled``."""
        self._ask("end", {"name": name, "status": status})

    def assets(self) -> dict[str, Any]:
        """What is registered, by path, such as ``codes/NAME/versions/1``."""
        found: dict[str, Any] = self._ask("assets")
        return found

    def blobs(self) -> dict[str, bytes]:
        """What lies in the storage account."""
        return {name: bytes.fromhex(content) for name, content in self._ask("blobs").items()}

    def _ask(self, what: str, given: Any = None) -> Any:
        body = None if given is None else json.dumps(given).encode()
        request = Request(f"http://127.0.0.1:{self.port}{names.CONTROL}{what}", data=body)
        with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:
            return json.load(answer)


@contextmanager
def emulator(folder: Path, *, logged_models: bool = False) -> Iterator[Emulator]:
    """Start one whose files lie in ``folder``, and end it by its own process id."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN)}
    ready = folder / "ready.json"
    with (folder / "emulator.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.azure.emulator", str(folder)],
            cwd=Path(__file__).parents[2],
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(ready, process, folder)
        yield Emulator(json.loads(ready.read_text())["port"], folder, logged_models)
    finally:
        process.terminate()
        process.wait(60)


def _await(ready: Path, process: subprocess.Popen[bytes], folder: Path) -> None:
    until = time.monotonic() + 2 * PATIENCE
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError(
                f"the emulator did not start:\n{(folder / 'emulator.log').read_text()[-3000:]}"
            )
        time.sleep(0.1)
