"""The command line: ``tracked``."""

from __future__ import annotations

import click

from .bundles import export, import_
from .doctor import doctor
from .sync import sync


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tracked")
def main() -> None:
    """Look after runs that were tracked on this machine."""


for command in (doctor, export, import_, sync):
    main.add_command(command)
