"""Which packages are installed here, told from their metadata: none is imported."""

from __future__ import annotations

from importlib import metadata


def version_of(name: str) -> str:
    """The version of this package; empty if it is not there."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
