"""Which packages a program can import, by the names of their folders: no metadata is read."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress

from ..lengths import digest

_INSTALLED = re.compile(r"(?P<name>.+?)-(?P<version>[^-]+?)(?:-py[\d.]+)?\.(?:dist|egg)-info")


def packages(path: Iterable[str]) -> list[str]:
    """``name==version`` of all that lies on this ``sys.path``, in order; of two of one name the first counts."""
    found: dict[str, str] = {}
    for folder in path:
        with suppress(OSError):
            for entry in os.listdir(folder or "."):  # noqa: PTH208 - names are wanted, by the thousand
                if named := _INSTALLED.fullmatch(entry):
                    found.setdefault(_normal(named["name"]), named["version"])
    return [f"{name}=={found[name]}" for name in sorted(found)]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def lock_text(installed: Iterable[str]) -> str:
    """The list as a file that ``pip install -r`` reads."""
    return "".join(f"{line}\n" for line in installed)


def lock_digest(installed: Iterable[str]) -> str:
    """What tells two environments apart."""
    return digest(lock_text(installed))
