"""What an import costs, and the list of commands: processor time of a fresh process, less that of bare Python."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

from tests.bench.table import Row, shown_time

_HELP = "from tracked_command import main; main(['--help'], standalone_mode=False)"
_HELP_OF_MLFLOW = "from mlflow.cli import cli; cli(['--help'], standalone_mode=False)"


def rows(folder: Path, *, quick: bool) -> list[Row]:
    """``import tracked`` against ``import mlflow``, and ``tracked --help`` against ``mlflow --help``."""
    rounds = 3 if quick else 7
    return [
        _row(
            rounds, "import tracked, CPU", "import tracked", "import mlflow", "import mlflow", "at most 1/12"
        ),
        _row(rounds, "tracked --help, CPU", _HELP, "mlflow --help", _HELP_OF_MLFLOW, "at most 0.2 s"),
    ]


def _row(rounds: int, what: str, ours: str, against: str, other: str, aim: str) -> Row:
    """Both pieces of code in turn, as often as there are rounds."""
    taken = [[_cpu(code) for code in ("pass", ours, other)] for _ in range(rounds)]
    own = median(mine - bare for bare, mine, _ in taken)
    theirs = median(that - bare for bare, _, that in taken)
    ratio = median((mine - bare) / (that - bare) for bare, mine, that in taken)
    return Row(what, shown_time(own), against, shown_time(theirs), ratio, aim)


def _cpu(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
