"""Which versions work together, told from what the packages say of themselves; none of them is imported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from typing import NamedTuple

from ..installed import version_of

PLUGIN, CLIENT = "azureml-mlflow", "azure-ai-ml"
_EXTRA = re.compile(r"""extra\s*==\s*['"]azure['"]""")


class Mismatch(NamedTuple):
    """Versions that do not work together."""

    what: str
    cure: str
    is_fatal: bool
    """Whether something cannot work, rather than being unsupported by those who made it."""


def floors() -> list[str]:
    """The requirements of ``tracked[azure]``, which are the lowest versions that work together."""
    try:
        required = metadata.requires("tracked") or []
    except metadata.PackageNotFoundError:  # run from a source tree
        return ["tracked[azure]"]
    return sorted(line.partition(";")[0].strip() for line in required if _EXTRA.search(line))


def pip_line() -> str:
    """What puts it right; MLflow has to be named, since the newest plugin may not know the newest MLflow."""
    return " ".join(["pip install --upgrade", *(f'"{line}"' for line in floors()), "mlflow"])


def mismatches() -> Iterator[Mismatch]:
    """What does not work together of what is installed here, the worst first."""
    mlflow, plugin, client = version_of("mlflow"), version_of(PLUGIN), version_of(CLIENT)
    if plugin and _is_below(plugin, "1.61") and not _is_below(mlflow, "3.1.2"):
        what = f"{PLUGIN} {plugin} is too old for mlflow {mlflow}: every call for an artifact fails in it"
        yield Mismatch(what, pip_line(), is_fatal=True)
    if client and _is_below(client, "1.30") and not _is_below(version_of("marshmallow") or "3", "4"):
        what = f"{CLIENT} {client} cannot be imported beside marshmallow {version_of('marshmallow')}"
        yield Mismatch(what, pip_line(), is_fatal=True)
    if cap := _cap(plugin):
        what = f"{PLUGIN} {plugin} is made for mlflow{cap}, and mlflow {mlflow} is installed"
        yield Mismatch(what, pip_line(), is_fatal=False)


def _cap(plugin: str) -> str:
    """What the plugin wants of MLflow, if that is not what is installed."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - MLflow brings it

    for line in (metadata.requires(PLUGIN) or []) if plugin else []:
        wanted = Requirement(line)
        if wanted.name == "mlflow-skinny" and not wanted.specifier.contains(
            version_of(wanted.name), prereleases=True
        ):
            return str(wanted.specifier)
    return ""


def _is_below(version: str, floor: str) -> bool:
    from packaging.version import InvalidVersion, Version  # noqa: PLC0415

    try:
        return Version(version) < Version(floor)
    except InvalidVersion:
        return False
