"""The command line: ``tracked``.  Each command is a module; the list of them stands beside the package."""

from tracked_command import main

__all__ = ["main"]
