"""Search engines for sweeps: the only place that knows Optuna.

``search`` says what is looked for (plain data, no engine is imported), ``optuna_engine`` and ``memory`` do it.
"""

from __future__ import annotations

from .search import Search

__all__ = ["Search"]
