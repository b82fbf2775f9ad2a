"""What a run tells of where it comes from, as far as that is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from . import tags as t
from .guard import guard
from .provenance.source import source_tags

if TYPE_CHECKING:
    from .run import Run
    from .session.building import Session


class Origin(NamedTuple):
    """Where a run comes from."""

    born: Mapping[str, str]
    """Tags that it is made with."""
    later: Mapping[str, str] = {}
    """What the store has another place for than tags, and which is written to a run that is there."""
    is_teller: bool = False
    """Whether it is the one of its process that tells all that takes time to gather."""


def origin_of(run: Run, session: Session, *, is_top: bool) -> Origin:
    """Where this run comes from; ``is_top`` says that it stands under none of ours, which would tell for it."""
    if not session.settings.provenance:
        return Origin(source_tags(with_code=False))
    tags: Mapping[str, str] = {}
    with guard:
        tags = run.plan.origin(run.ref.folder)
        if run.outer is not None:
            # It knows the secrets of its own call, and not those of the runs around.
            tags = {key: run.hidden.value(value) for key, value in tags.items()}
    data = {key: value for key, value in tags.items() if key.startswith(t.INPUT)}
    teller = session.teller(run.ref.run) if is_top else ""
    is_told = teller not in ("", run.ref.run)
    born = {**source_tags(), **tags}
    for key in data:
        del born[key]
    return Origin(born | {t.PROVENANCE: teller} if is_told else born, data, teller == run.ref.run)


def tell(run: Run, session: Session, origin: Origin) -> None:
    """Write what could not be there from the first moment, and see that the rest is gathered."""
    if origin.later:
        run.tag(origin.later)
    if origin.is_teller:
        from .session import gathering  # noqa: PLC0415 - once a minute, where a run is at the root

        with guard:
            gathering.start(
                session.folder, session.journal.owner, run.ref.run, origin.born[t.MLFLOW_SOURCE_NAME]
            )
