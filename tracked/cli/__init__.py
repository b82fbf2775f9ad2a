"""The command line: ``tracked``."""

from __future__ import annotations

import click

from .sync import sync


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tracked")
def main() -> None:
    """Look after runs that were tracked on this machine."""


main.add_command(sync)
