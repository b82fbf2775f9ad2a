"""What a description says of a run that has ended, and how it stands beside the words of others.

What we write is Markdown in a block, below whatever else the description holds: from the line that has the first mark
to the second one.  A run's page shows neither mark.  A later block takes the place of an earlier one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

BEGIN, END = "<!-- tracked: summary -->", "<!-- tracked: end of summary -->"
_BLOCK = re.compile(rf"\n*^[^\n]*{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL | re.MULTILINE)
_UNITS = ("B", "kB", "MB", "GB")
_METRICS, _VALUES = 6, 12
_LINE_BREAK = "  \n"
"""Of Markdown: no new paragraph."""


@dataclass(frozen=True)
class Ended:
    """A run that has ended, as its description tells it.

    Attributes:
        what: its stage, or what else it was.
        function: the function that it was a call of, if any.
        status: FINISHED, FAILED or KILLED.
        seconds: how long it took.
        why: why it did not finish.
        findings: what its kind has to say of it, as Markdown.
        metrics: the last value of each.
        files: size of each artifact, in bytes.
        has_more_files: whether there are others.
        parts: a line for each run inside, or for several.
    """

    what: str
    status: str
    seconds: float
    function: str = ""
    why: str = ""
    findings: Sequence[str] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    has_more_files: bool = False
    parts: Sequence[str] = ()


def summary(ended: Ended) -> str:
    """What the description says, as a block, the most wanted first.

    The list of runs shows the beginning of the first line, and as plain text: the mark is at its end.  A run's page
    shows four lines and folds the rest away.
    """
    metrics = "" if ended.findings else values(ended.metrics, _METRICS)
    found = list(filter(None, (*ended.findings, metrics)))
    told = [_head(ended), *found] if ended.why or not found else [*found, _head(ended)]
    told[0] += f" {BEGIN}"
    inside = "Runs inside:" if ended.parts else ""
    parts = "\n".join(f"- {part}" for part in ended.parts)
    text = f"{_LINE_BREAK.join(filter(None, (*told, _files(ended), inside)))}\n\n{parts}".strip()
    return f"{text}\n{END}"


def block(text: str) -> str:
    """A text as a block."""
    return f"{BEGIN}\n{text}\n{END}"


def _head(ended: Ended) -> str:
    function = f" {code(ended.function)}" if ended.function else ""
    why = f": {code(ended.why, 300)}" if ended.why else ""
    return f"{ended.what}{function} **{ended.status}** after {ended.seconds:.1f} s{why}"


def _files(ended: Ended) -> str:
    named = [f"{code(name)} ({_size(size)})" for name, size in ended.files.items()]
    return f"Files: {', '.join(named)}{' and others' * ended.has_more_files}" if named else ""


def values(given: Mapping[str, Any], most: int = _VALUES) -> str:
    """Names with their values; those after the first few are only hinted at."""
    told = [f"{code(name)} {_value(value)}" for name, value in list(given.items())[:most]]
    return ", ".join(told) + (", ..." if len(given) > most else "")


def _value(value: Any) -> str:
    return f"{value:.4g}" if type(value) is float else str(value) if type(value) is int else code(value, 60)


def code(text: Any, most: int = 80) -> str:
    """Somebody else's text, of which nothing is taken for Markdown or for a mark."""
    plain = " ".join(str(text).replace("`", "'").replace("<!--", "<! --").split())
    return f"`{plain if len(plain) <= most else plain[: most - 3] + '...'}`" if plain else ""


def _size(size: float) -> str:
    for unit in _UNITS[:-1]:
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} {_UNITS[-1]}"


def placed(ours: str, there: str, most: int) -> str:
    """The description ``there`` with this block in it; without it where the two are longer than ``most``."""
    theirs = _BLOCK.sub("", there)
    whole = f"{theirs}\n\n{ours}" if theirs.strip() else ours
    return whole if len(whole) <= most else theirs or whole
