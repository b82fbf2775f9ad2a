"""From docstrings and signatures to Markdown."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from textwrap import dedent
from typing import Any

WIDTH = 100
"""Of code, in characters."""


def signature(name: str, thing: Any) -> str:
    """How it is called, a parameter a line where one line is too short."""
    try:
        found = inspect.signature(thing)
    except (TypeError, ValueError):
        return name
    bare = found.replace(return_annotation=inspect.Signature.empty) if inspect.isclass(thing) else found
    text = re.sub(r"'([^']*)'", _bare, str(bare))
    text = re.sub(r"<factory>|<function .*?>|<class '?(?:[\w.]*\.)?(\w+)'?>", lambda m: m[1] or "...", text)
    if len(name + text) <= WIDTH:
        return name + text
    inside, _, gives = text[1:].rpartition(")")
    return f"{name}(\n    " + ",\n    ".join(_parted(inside)) + f",\n){gives}"


def _bare(quoted: re.Match[str]) -> str:
    """An annotation that is a text is meant without its quotes; a default is not."""
    return quoted[0] if quoted.string[: quoted.start()].endswith("= ") else quoted[1]


def _parted(inside: str) -> Iterator[str]:
    """The parameters, parted by the commas that stand in no bracket."""
    depth, start = 0, 0
    for index, sign in enumerate(inside):
        depth += (sign in "[({") - (sign in "])}")
        if sign == "," and depth == 0:
            yield inside[start:index].strip()
            start = index + 1
    yield inside[start:].strip()


def prose(doc: str, described: Any = "`{}`".format) -> str:
    """A docstring as Markdown: its sections are lists, its examples code.

    Args:
        doc: the docstring, cleaned.
        described: makes of a name in a list what is shown.
    """
    blocks: list[str] = []
    for part in re.split(r"^(?=(?:Args|Attributes|Raises|Returns|Yields):$)", doc, flags=re.MULTILINE):
        head, _, body = part.partition("\n")
        if head in ("Args:", "Attributes:", "Raises:"):
            blocks += [f"**{head[:-1]}**", _listed(dedent(body).strip(), described)]
        elif head in ("Returns:", "Yields:"):
            blocks.append(f"**{head[:-1]}** {inline(dedent(body).strip())}")
        else:
            blocks += [_paragraph(block) for block in part.strip("\n").split("\n\n")]
    return "\n\n".join(block for block in blocks if block.strip())


def _paragraph(block: str) -> str:
    """As it is; with an indented line in it, it is an example, or a picture."""
    if "├" in block:
        return f"```text\n{dedent(block).replace('``', '')}\n```"
    is_code = any(line.startswith("    ") for line in block.splitlines())
    return f"```py\n{dedent(block)}\n```" if is_code else inline(block)


def _listed(body: str, described: Any) -> str:
    lines = []
    for item in re.split(r"\n(?=\S)", body):
        name, colon, text = item.partition(": ")
        shown = described(name) if colon else inline(name)
        lines.append(f"* {shown}{colon}{inline(' '.join(text.split()))}")
    return "\n".join(lines)


def inline(text: str) -> str:
    """Names as code, and signs that Markdown would take for its own as they are."""
    text = re.sub(r":\w+:`([^`]*)`", r"`\1`", text).replace("``", "`")
    return "".join(
        p if i % 2 else re.sub(r"([*<>_])", r"\\\1", p) for i, p in enumerate(re.split(r"(`[^`]*`)", text))
    )
