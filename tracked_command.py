"""The command ``tracked``: its list of commands, which loads nothing of ``tracked`` before one of them is wanted.

So it stands beside the package and not in it: to import ``tracked.cli`` is to import ``tracked``, which takes five
times as long as to print this list.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

STOPPED = 130
"""Exit code: stopped by Ctrl-C."""


class Listed(NamedTuple):
    """What the list says of a command, and where the command is."""

    help: str
    """Its own short help, word for word."""
    place: str
    """Module below ``tracked.cli``, and name."""


SECTIONS: Mapping[str, Mapping[str, Listed]] = {
    "Look at runs": {
        "runs": Listed("List runs.", "runs:runs"),
        "show": Listed("Show all that is known of a run.", "show:show"),
        "compare": Listed("Show in what runs differ.", "compare:compare"),
        "diff": Listed("Say why two runs came out differently.", "diff:diff"),
        "best": Listed("Show the best run of a sweep, and the call that makes it again.", "best:best"),
        "tail": Listed("Follow a run while it goes on.", "tail:tail"),
        "ui": Listed("Open MLflow's UI at the right page.", "ui:ui"),
        "report": Listed("Write a run, or a sweep with its trials, as one HTML page.", "report:report"),
        "lineage": Listed("Say which runs a run came from, and which came of it.", "lineage:lineage"),
        "explain": Listed("Say why a run was not reused for another one.", "explain:explain"),
    },
    "Do them again": {
        "rerun": Listed("Do a run again, as a new one.", "rerun:rerun"),
        "verify": Listed("Do a run again, and say where it came out differently.", "rerun:verify"),
    },
    "Look after them": {
        "sync": Listed("Deliver runs that are kept in the journals, each to its own store.", "sync:sync"),
        "doctor": Listed(
            "Look at the store, the journals and this machine, and say what helps.", "doctor:doctor"
        ),
        "config": Listed("Show every setting, and who set it.", "config:config"),
        "gc": Listed("Remove what nobody needs any more from this machine.", "gc:gc"),
        "export": Listed("Pack journals with their artifacts into one file.", "bundles:export"),
        "import": Listed("Take over what `tracked export` has packed, and deliver it.", "bundles:import_"),
    },
}
COMMANDS = {name: listed for section in SECTIONS.values() for name, listed in section.items()}


class _Commands(click.Group):
    """Loads a command when it is wanted."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - as above
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].place.partition(":")
        command: click.Command = getattr(import_module(f"tracked.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - as above
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<7}", listed.help) for name, listed in commands.items()])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(STOPPED)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tracked")
def main() -> None:
    """Look at runs, do them again, and look after what is kept on this machine.

    `tracked COMMAND --help` says more of a command, and names its exit codes.
    """


if __name__ == "__main__":
    main()
