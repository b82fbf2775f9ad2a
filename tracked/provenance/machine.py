"""The machine that a run is on."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_PATIENCE = 10.0
"""Seconds that the driver is given to answer."""


def cpu() -> str:
    """The processor's name."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def cores() -> int:
    """Those that this process may use, which in a container may be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine() -> dict[str, Any]:
    """Platform, processor, memory (bytes) and graphics cards; takes as long as the driver takes to answer."""
    import psutil  # noqa: PLC0415 - rarely wanted, and costs a tenth of our whole import

    return {
        "platform": platform.platform(),
        "cpu": cpu(),
        "cores": cores(),
        "memory": psutil.virtual_memory().total,
        "gpus": _gpus(),
    }


def _gpus() -> list[str]:
    """Name, memory and driver of each, as NVIDIA's driver tells them; empty where there is none."""
    if (program := shutil.which("nvidia-smi")) is None:
        return []
    asked = ["--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    with suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run(  # noqa: S603 - the driver's own program
            [program, *asked], capture_output=True, text=True, timeout=_PATIENCE, check=True
        )
        return told.stdout.strip().splitlines()
    return []


_IMAGES = ("CONTAINER_IMAGE", "DOCKER_IMAGE", "IMAGE_NAME", "APPTAINER_CONTAINER", "SINGULARITY_CONTAINER")
"""Variables by which those who start a container tell its image; none of them is sure to be there."""


def container(environ: Mapping[str, str], root: Path = Path("/")) -> dict[str, str]:
    """What is known of the container around this process: its ``image``, and who runs it; empty outside of one."""
    image = next((environ[name] for name in _IMAGES if environ.get(name)), "")
    told = {"image": image, "runtime": _runtime(environ, root)}
    return {key: value for key, value in told.items() if value}


def _runtime(environ: Mapping[str, str], root: Path) -> str:
    if "KUBERNETES_SERVICE_HOST" in environ:
        return "kubernetes"
    if (root / ".dockerenv").exists():
        return "docker"
    if (root / "run/.containerenv").exists():
        return "podman"
    with suppress(OSError):
        groups = (root / "proc/self/cgroup").read_text(encoding="utf-8")
        return next((name for name in ("docker", "containerd", "lxc") if f"/{name}" in groups), "")
    return ""
