"""The block face: log into the run around this code, or open one for a block.

    with track.run("prepare", rows=1000) as run:
        track.log(loss=0.3)

Outside a run, everything here does nothing and says so once; nothing but ``track.run`` opens a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from . import joining, speech
from .blocks import Block
from .carrying import Bound, within
from .context import CURRENT
from .inputs import merged
from .later import Later
from .parents import CONTEXT
from .plan import Kind
from .run import Run
from .scope import say_outside

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

resume_from: Path | None
"""The last complete checkpoint of the run that this one goes on with, as a folder here; None at a first attempt.

It is fetched when it is first asked for, held against the digests that were kept with it, and removed at the run's end.
"""

if TYPE_CHECKING:
    from . import bars, checkpoints, keeping
else:
    bars = Later(globals(), "bars", "tracked.bars")
    checkpoints = Later(globals(), "checkpoints", "tracked.checkpoints")
    keeping = Later(globals(), "keeping", "tracked.keeping")

    def __getattr__(name: str) -> Any:
        if name != "resume_from":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from .resume_point import resume_point  # noqa: PLC0415 - few ask for it

        here = current()
        return None if here is None else resume_point(here)


class run(Block):  # noqa: N801 - reads as a function: `with track.run(...)`
    """A run around a block; works with ``with`` and ``async with``.

        with track.run("prepare", kind="training", rows=1000) as run: ...

    Args:
        name: name of the run.
        kind: its stage, a text or a ``Kind``; none by default.
        parent: the run above: a run, its reference, or an MLflow run id; by default the run around.
        experiment: name of the experiment; by default that of the run above, else of the settings.
        tags: tags from the first moment on.
        params: params of the run.
    """

    def __init__(
        self,
        name: str = "run",
        *,
        kind: str | Kind = "",
        parent: Any = None,
        experiment: str | None = None,
        tags: Mapping[str, str] | None = None,
        **params: Any,
    ) -> None:
        super().__init__(name, kind, parent, experiment, tags or {}, params)


def current() -> Run | None:
    """The run around this code, if any."""
    found = CURRENT.get()
    if found is None:
        found = joining.from_environment()
    return found if isinstance(found, Run) else None


def _here(what: str) -> Run | None:
    found = current()
    if found is None:
        say_outside(what)
    return found


def log(values: Mapping[str, Any] | None = None, /, *, step: int | None = None, **more: Any) -> None:
    """Log numbers: ``track.log(acc=.9)``, ``track.log({"val/acc": .9}, step=3)``.

    Without ``step`` each key counts its own steps, from 0 on.
    """
    here = CURRENT.get() or _here("log")
    if here is not None:
        given = more if values is None else merged(values, more) if more else values
        here.log(given, step)  # type: ignore[attr-defined]


def params(values: Mapping[str, Any] | None = None, /, **more: Any) -> None:
    """Log inputs of the run; nested ones are flattened with ``.``."""
    if (here := _here("params")) is not None:
        here.params(merged(values, more))


def tag(values: Mapping[str, Any] | None = None, /, **more: Any) -> None:
    """Label the run; a later label of the same name wins."""
    if (here := _here("tag")) is not None:
        here.tag(merged(values, more))


def note(text: str) -> None:
    """Describe the run, in Markdown; MLflow's UI shows it on the run's page.

    A later note takes the place of an earlier one.  What is said of the run at its end stands below it.
    """
    if (here := _here("note")) is not None:
        here.note(text)


def artifact(
    content: Path | str | bytes,
    name: str | None = None,
    *,
    move: bool = False,
    include: str | Iterable[str] = (),
    exclude: str | Iterable[str] = (),
) -> None:
    """Keep a file, a folder or bytes with the run, as it is now: later changes do not show.

    Args:
        content: a path, or the bytes themselves (then ``name`` is needed).
        name: path among the run's artifacts, with ``/``; by default the file's or the folder's own name.
        move: give the files away instead of copying them.
        include: of a folder, only what one of these globs matches.
        exclude: of a folder, nothing that one of these globs matches: ``"__pycache__"``, ``"*.tmp"``, ``"logs/*"``.
    """
    if (here := _here("artifact")) is not None:
        here.artifact(content, name, move=move, include=include, exclude=exclude)


def figure(fig: Any, name: str = "figure") -> None:
    """Keep a figure: matplotlib as a picture, plotly and altair as a page that opens without a network.

    Args:
        fig: the figure; it stays open and as it is.
        name: name of the artifact; its ending is added, or says the format where matplotlib can write it.
    """
    if (here := _here("figure")) is not None:
        keeping.keep_figure(here, fig, name)


def table(rows: Any, name: str = "table") -> None:
    """Keep a table: a frame as Parquet with a CSV preview; a mapping of columns or a list of mappings as CSV."""
    if (here := _here("table")) is not None:
        keeping.keep_table(here, rows, name)


def model(fitted: Any, name: str = "model") -> None:
    """Keep a model in a format without pickle; where there is none for it, that is said and nothing is kept.

    Keras, ONNX, XGBoost, LightGBM, CatBoost and Transformers write their own formats; of a torch module the weights
    are kept; scikit-learn is saved by MLflow, in skops format, where the program has loaded MLflow.
    """
    if (here := _here("model")) is not None:
        keeping.keep_given_model(here, fitted, name)


def checkpoint(
    content: Any,
    *,
    step: int | None = None,
    monitor: str | None = None,
    mode: str = "max",
    keep_best: int | None = None,
    keep_last: int | None = None,
) -> None:
    """Keep a checkpoint under ``checkpoints/``: a path, bytes or a model.  Only a whole one is ever offered again.

    Args:
        content: what is kept.
        step: the step that it belongs to; without it, a later one takes its place, or with a policy they are numbered.
        monitor: name of the metric whose last value is written beside it.
        mode: ``max`` or ``min``, whichever value of ``monitor`` is better.
        keep_best: how many of the best are kept; with ``keep_last``, both are.  By default all are.
        keep_last: how many of the last are kept.  Others are removed where the store can, and no longer offered.
    """
    if (here := _here("checkpoint")) is not None:
        policy = {"monitor": monitor, "mode": mode, "keep_best": keep_best, "keep_last": keep_last}
        checkpoints.keep_checkpoint(here, content, step, **policy)


def bind(fn: Callable[P, R]) -> Callable[P, R]:
    """The same function, which runs as part of the run around *this* call, in whatever thread or process.

    In a thread of this process it carries the whole context on; in another process it carries the run.
    """
    return Bound(fn, joining.carried())


def inject(carrier: MutableMapping[str, str]) -> None:
    """Write the run around into a mapping, such as the environment of a program or the headers of a message.

    What is written, under ``TRACKED_CONTEXT``, is a short text without credentials; outside a run, nothing is.
    A program with it in its environment is part of the run; elsewhere, ``track.extract`` reads it.
    """
    if (text := joining.packed()) is not None:
        carrier[CONTEXT] = text


def extract(carrier: Mapping[str, Any]) -> AbstractContextManager[Run | None]:
    """A block that is part of the run that ``track.inject`` wrote into this mapping: ``with track.extract(headers):``.

    It gives the run to log into, which is not ended by it; None, and changes nothing, if no run was written.

    Raises:
        ConfigError: what was written is damaged, or its run cannot be reached from here: another machine knows a
            run only by its MLflow id, and only in the same store.
    """
    return within(carrier)


@contextmanager
def disabled() -> Iterator[None]:
    """No tracking inside this block: functions run, nothing is recorded."""
    with joining.switched_off():
        yield


@contextmanager
def quiet() -> Iterator[None]:
    """No start and end lines inside this block; warnings are still said."""
    with speech.hushed():
        yield


def progress(iterable: Iterable[T], *, total: int | None = None, desc: str | None = None) -> Iterator[T]:
    """Iterate, showing a progress bar where there is a terminal or a notebook, and a line now and then elsewhere."""
    return bars.bar(iterable, total, desc)
