"""Parallel coordinates: an axis for each parameter, a line for each trial, coloured by how good it was."""

from __future__ import annotations

from collections.abc import Sequence

from ..drawing import Html
from .charts import cut, lines, picture, text
from .scales import Scale, focused, scale_of
from .sections import beyond, scrolled, section
from .thinning import thinned
from .values import Search, Tried

LINES = 200
_HEIGHT, _TOP, _BOTTOM, _SIDE, _APART = 320, 44, 16, 60, 118
_FIFTHS = 5
Point = tuple[float, float]


def parallel(search: Search, names: Sequence[str], number: int) -> Html:
    """The chart of these parameters, of so many; nothing where there are fewer than two trials or no parameter.

    A trial that lacks one of them, as a conditional one does, is drawn without that axis.
    """
    ranked = search.ranked()
    if len(ranked) < 2 or not names:
        return Html()
    shown = _drawn(ranked)
    scales = [scale_of([t.params[name] for t in ranked if name in t.params]) for name in names]
    value = focused([trial.value for trial in ranked], is_high_good=search.is_maximised)
    titles = [
        *(f"{n} (log)" if s.is_log else n for n, s in zip(names, scales, strict=True)),
        search.objective,
    ]
    placed = [_line(trial, names, scales, value) for trial in shown]
    axes = [
        part for i, (t, s) in enumerate(zip(titles, [*scales, value], strict=True)) for part in _axis(i, t, s)
    ]
    width = 2 * _SIDE + _APART * len(names)
    drawn = picture(width, _HEIGHT, *_fifths(placed), lines(placed[:1], "best"), *axes)
    shown_of = beyond(len(ranked), len(shown), "trials"), beyond(number, len(names), "parameters")
    about = " ".join(filter(None, ("The better a trial, the stronger its line.", *shown_of)))
    return section(
        "All parameters together",
        scrolled(drawn, width * 0.75, width * 1.2),
        about=about,
        wide=len(names) > 2,
    )


def _drawn(ranked: Sequence[Tried]) -> Sequence[Tried]:
    """As many as can be told apart; the best of all are there however many there are."""
    first = ranked[: LINES // 4]
    return [*first, *thinned(ranked[len(first) :], LINES - len(first))] if len(ranked) > LINES else ranked


def _fifths(placed: Sequence[Sequence[Point]]) -> list[Html]:
    """The lines by how good they are; the worst are drawn first, so that the good ones lie above."""
    ends = [i * len(placed) // _FIFTHS for i in range(_FIFTHS + 1)]
    return [lines(placed[ends[i] : ends[i + 1]], f"fifth f{i}") for i in reversed(range(_FIFTHS))]


def _line(trial: Tried, names: Sequence[str], scales: Sequence[Scale], value: Scale) -> list[Point]:
    shares = [
        s.at(trial.params[n]) if n in trial.params else None for n, s in zip(names, scales, strict=True)
    ]
    shares.append(value.at(trial.value))
    return [(_x(i), _y(share)) for i, share in enumerate(shares) if share is not None]


def _axis(index: int, title: str, scale: Scale) -> list[Html]:
    x = _x(index)
    marks = scale.marks(4)
    return [
        lines([[(x, _y(0)), (x, _y(1))]], "axis"),
        text(x, _TOP - 22, cut(title, 18), "label", "middle"),
        *(text(x + 4, _y(share) + 3.5, cut(told, 12), "mark halo") for share, told in marks),
    ]


def _x(index: int) -> float:
    return _SIDE + index * _APART


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)
