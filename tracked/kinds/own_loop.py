"""A sweep whose function owns its loop: a study of Optuna that it returned or was given, read at the end."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from ..run import Run
from .sweep_options import SweepOptions
from .sweep_report import search_of
from .sweep_summary import Space, Summary, about


def note_study(run: Run, options: SweepOptions, values: Iterable[Any]) -> None:
    """Note on the run what the first study among these values has found."""
    if "optuna" not in sys.modules:
        return
    from ..sweeps.studies import first_study, read_study  # noqa: PLC0415 - where there is a study, Optuna is loaded

    study = first_study(values)
    if study is None:
        return
    search = options.search if options.names_objectives else None
    found = read_study(study, search, options.monitor or "value")
    run.tag(about(found.names, found.directions, found.about))
    if found.best is not None:
        run.log(dict(zip(found.names, found.best.values, strict=True)))
    Summary(
        search_of(found.names, found.directions, found.trials, found.best, found.front),
        found.best,
        Space(found.trials),
    ).write(run)
