"""``tracked config``: every setting, and where its value comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import click

from .reaching import told
from .speaking import say, say_json, width
from .tables import Column, table


class Setting(NamedTuple):
    """A setting, or one entry of a setting that is a table."""

    name: str
    value: Any
    origin: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a setting.")
def config(*, as_json: bool) -> None:
    """Show every setting, and who set it.

    An origin is `default`, `TRACKED_*`, `MLFLOW_*` or the path of a file. Of the store's URI no login is shown.

    Exit codes: 0 they are shown, 1 they cannot be read.
    """
    with told():
        found = list(settings())
    if as_json:
        for one in found:
            say_json(one._asdict())
        return
    columns = [Column("SETTING"), Column("VALUE", least=16), Column("ORIGIN", least=12)]
    for line in table(columns, [(one.name, _shown(one.value), one.origin) for one in found], width()):
        say(line)


def settings() -> Iterator[Setting]:
    """All settings of the current session; where runs go is what came out of it, without login."""
    from ..session import current  # noqa: PLC0415 - `--help` needs none
    from ..settings import NAMES  # noqa: PLC0415

    session = current()
    values, origins = session.settings, session.settings.origins
    told_otherwise = {"tracking_uri": session.shown_uri, "home": str(session.home)}
    for name in NAMES:
        value = told_otherwise.get(name, getattr(values, name))
        if isinstance(value, dict) and value:
            yield from (Setting(f"{name}.{key}", one, origins[f"{name}.{key}"]) for key, one in value.items())
        else:
            yield Setting(name, value, origins[name])


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value not in ("", {}) else "-"
