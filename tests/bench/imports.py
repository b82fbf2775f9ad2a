"""What an import costs: processor time of a fresh process, less that of bare Python."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

from tests.bench.table import Row, shown_time


def rows(folder: Path, *, quick: bool) -> list[Row]:
    """``import tracked`` against ``import mlflow``."""
    rounds = 3 if quick else 7
    taken = [[_cpu("pass"), _cpu("import tracked"), _cpu("import mlflow")] for _ in range(rounds)]
    ours = median(own - bare for bare, own, _ in taken)
    theirs = median(mlflow - bare for bare, _, mlflow in taken)
    ratio = median((own - bare) / (mlflow - bare) for bare, own, mlflow in taken)
    return [
        Row(
            "import tracked, CPU",
            shown_time(ours),
            "import mlflow",
            shown_time(theirs),
            ratio,
            "at most 1/12",
        )
    ]


def _cpu(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
