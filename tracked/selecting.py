"""From runs to other runs, and to what is made of many: lineage, groups, the best of a list, a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .context import RunRef, named_run
from .errors import RunNotFound
from .finding import also_in_state, delivered

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped, unused-ignore]

    from .mlflow.lineage import Lineage
    from .mlflow.queries import Where
    from .session.building import Session


def find_lineage(run: Any) -> Lineage:
    """Where a run came from and what came of it: sweep, trial, training, conversion, benchmark.

    Args:
        run: a run, or its MLflow id.

    Raises:
        RunNotFound, BackendUnavailable.
    """
    from .mlflow.lineage import lineage  # noqa: PLC0415 - as above

    session = delivered()
    return lineage(session.uri, _id_of(run, session), templates=session.templates)


def find_child_runs(run: Any, *, recursive: bool = False) -> list[Any]:
    """The runs directly below a run, or with ``recursive`` all below it, the earliest first.

    Raises:
        RunNotFound, BackendUnavailable.
    """
    from .mlflow.lineage import children  # noqa: PLC0415 - as above

    session = delivered()
    return children(session.uri, _id_of(run, session), recursive=recursive, templates=session.templates)


def find_ancestor_runs(run: Any) -> list[Any]:
    """The runs above a run, the outermost first.

    Raises:
        RunNotFound, BackendUnavailable.
    """
    from .mlflow.lineage import ancestors  # noqa: PLC0415 - as above

    session = delivered()
    return ancestors(session.uri, _id_of(run, session), templates=session.templates)


def mlflow_runs_to_pandas(
    experiment_name: str | Sequence[str] | None = None,
    filter_string: str = "",
    *,
    where: Where | None = None,
    status: str | Sequence[str] | None = None,
    order_by: Sequence[str] = (),
    max_results: int | None = None,
) -> pd.DataFrame:
    """A table with a row for each run that ``find_mlflow_runs`` finds with the same arguments; needs pandas.

    The columns are those of ``mlflow.search_runs``: ``run_id``, ``status``, ``start_time``, ``metrics.*`` and so on.

    Raises:
        As :func:`find_mlflow_runs`.
    """
    from .mlflow.frames import found_facts, frame  # noqa: PLC0415 - loads MLflow: only who asks pays

    also, session = also_in_state(where, status), delivered()
    found = found_facts(
        session.uri,
        experiment_name or session.experiment,
        filter_string,
        order_by,
        max_results,
        where=also,
        templates=session.templates,
    )
    return frame(found)


def query_runs_by_tags(
    client: Any,
    experiment_ids: Sequence[str],
    required_tags: Mapping[str, str],
    filter_string: str = "",
    max_results: int | None = None,
    *,
    status: str | Sequence[str] | None = "FINISHED",
) -> list[Any]:
    """All runs of these experiments that have each of these tags with just this value, newest first.

    Args:
        client: MLflow's client of any store.
        experiment_ids: where to look.
        required_tags: values by tag; a run without the tag is not among them.
        filter_string: a further filter in MLflow's language.
        max_results: how many, at most; all if None.
        status: how the run has ended; however it has if None.

    Raises:
        ConfigError: MLflow cannot read the filter.
        BackendUnavailable: the store does not answer.
    """
    from .mlflow.finder import Place, found_in  # noqa: PLC0415 - as above
    from .mlflow.queries import asked  # noqa: PLC0415

    wanted = asked(also_in_state({f"tags.{key}": value for key, value in required_tags.items()}, status))
    delivered()
    place = Place(client, list(experiment_ids), f"experiments {', '.join(experiment_ids)}")
    return found_in(place, filter_string, wanted, max_results=max_results)


def find_best_run_by_metric(runs: Iterable[Any], metric_name: str, maximize: bool = True) -> Any:  # noqa: FBT001, FBT002 - the former system's signature
    """The best of these runs; None if none has a number for this metric, which NaN is not.

    Of equals the one that began first is the best.
    """
    from .mlflow.best import best_of  # noqa: PLC0415 - as above

    return best_of(runs, metric_name, maximize=maximize)


def group_runs_by_variant(
    runs: Iterable[Any], variant_tag: str = "code.variant", default: str = "default"
) -> dict[str, list[Any]]:
    """The runs by the value of a tag, in the order in which the values come; those without it by ``default``."""
    groups: dict[str, list[Any]] = {}
    for run in runs:
        groups.setdefault(run.data.tags.get(variant_tag) or default, []).append(run)
    return groups


def _id_of(run: Any, session: Session) -> str:
    named = named_run(run)
    if named is None:
        raise RunNotFound(f"{run!r} names no run: give a run, or its MLflow id")
    return session.remote(named).run_id if isinstance(named, RunRef) else named
