"""Storing the result of a run that ended well, so that it can be given back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import finished, speech
from . import tags as t
from .annotated import result_hint
from .foreign import attempted, text_of, told
from .identity import canonical
from .identity.plumbing import kept
from .plan import NEW, REUSE, Options
from .results import kept_paths
from .results.stored import PATH, RUN, NotStorable, Recalling, Storing
from .run import Run
from .stowing import stow

STORED = "stored"
"""Value of the tag of a run whose result comes back."""


def asked_of(options: Options) -> Mapping[str, Any]:
    """What the options ask for, as it stands in a note."""
    found: Mapping[str, Any] = canonical(dict(options.asked), treat=kept).tree
    return found


def keep(run: Run, options: Options, function: Any, result: Any) -> None:
    """Store the result of a run that ends well, where somebody may want it again."""
    key, session = run.plan.key, run.session
    if options.on_existing == NEW or key is None or session is None:
        return
    state = STORED

    def write(folder: Path) -> dict[str, Any]:
        nonlocal state
        note = {
            "name": run.name,
            "experiment": run.ref.experiment,
            "key": key.payload,
            "asked": asked_of(options),
        }
        value, error = attempted(lambda: _stored(run, folder, result, result_hint(options, function)))
        if error is None:
            return {**note, "value": value}
        # What the user's objects say may be anything, and the note stays on the disk.
        state = run.hidden.prose(text_of(error) if isinstance(error, NotStorable) else told(error))
        return {**note, "why": state}

    folder = finished.keep(session, key.hash, run.ref.run, write)
    if run.switches.log_artifacts:
        stow(session, run.ref.run, folder, finished.ARTIFACT)
    run.tag({t.STORED: state})
    if state != STORED and options.on_existing == REUSE:
        function = run.plan.tags.get(t.FUNCTION, run.name)
        speech.warn_once(f"calls of {function} cannot be reused: {state}", about(function, state))


def _stored(run: Run, folder: Path, result: Any, hint: Any) -> Any:
    """The result as it stands in the note; what would not come back as the annotation says is refused now."""

    def noted(value: Any) -> Any:
        if isinstance(value, Path):
            return kept_paths.noted(value)
        return {RUN: value.ref.run, "name": value.name} if isinstance(value, Run) else None

    tree = Storing(folder, noted, run.hidden.texts())(result)
    Recalling(folder, {PATH: lambda note: note, RUN: lambda note: note})(tree, hint)
    return tree


def about(function: str, why: str) -> str:
    """What a warning is about, so that the same is said once of a function."""
    return f"reuse of {function}: {why}"
