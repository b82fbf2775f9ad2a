"""For tests of code that is tracked: stores to look into, faults on purpose, and what a store must be able to do.

The pytest plugin (``tracked_runs``, ``tracked_store``, ``tracked_faults``) is made of what is here.
"""

from __future__ import annotations

from ..shipper.filed import FileBackend
from ..shipper.memory import MemoryBackend, StoredRun
from .breaking import failing
from .capturing import Captured, captured
from .faults import Faults

__all__ = ["Captured", "Faults", "FileBackend", "MemoryBackend", "StoredRun", "captured", "failing"]
