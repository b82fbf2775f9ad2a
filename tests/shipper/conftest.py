"""A journal folder, a store in memory, and a disk that need not be waited for."""

from __future__ import annotations

import pytest

from tracked.journal.folder import Folder
from tracked.testing import MemoryBackend


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "journals").made()


@pytest.fixture
def backend():
    return MemoryBackend()


@pytest.fixture(autouse=True)
def _quick(mocker):
    mocker.patch("tracked.journal.disk.sync_to_disk")
