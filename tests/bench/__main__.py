"""What tracking costs, as ratios within one run.

    python -m tests.bench [--quick] [NAME ...]      # all by default

Each figure is the median of several rounds in which the compared things take turns, so that a busy machine slows
both.  Times are of this machine and this moment; the ratios are what counts.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from tests.bench import (
    artifacts,
    call,
    children,
    durable,
    durable_calls,
    ends,
    imports,
    keys,
    reuse,
    scale,
    search,
    shipper,
    shippers,
    step,
    stolen,
    sweep,
)
from tests.bench.table import Shown, table
from tracked import session


class Bench(NamedTuple):
    """One table."""

    title: str
    rows: Callable[..., Sequence[Shown]]


BENCHES = {
    "step": Bench("A step of 10 metrics", step.rows),
    "stolen": Bench("What it takes from a busy loop, and from the machine", stolen.rows),
    "ends": Bench("Start-up and end of a program", ends.rows),
    "call": Bench("A decorated call", call.rows),
    "children": Bench("Children all open at once", children.rows),
    "sweep": Bench("A trial", sweep.rows),
    "reuse": Bench("Work that is done", reuse.rows),
    "keys": Bench("A key", keys.rows),
    "import": Bench("Import", imports.rows),
    "durable": Bench("Until durable", durable.rows),
    "shipper": Bench("The shipper", shipper.rows),
    "calls": Bench("MLflow's own calls, durable", durable_calls.rows),
    "artifacts": Bench("Artifacts", artifacts.rows),
    "scale": Bench("Many workers, one server", scale.rows),
    "search": Bench("Finding runs", search.rows),
}


def main() -> None:
    """Run the benchmarks that were named, or all, and print a table of each as soon as it is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--quick", action="store_true", help="fewer rounds and points: to see that it runs")
    given = parser.parse_args()
    if unknown := set(given.names) - BENCHES.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    print(_here())
    for name in given.names or BENCHES:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        print(_measured(name, BENCHES[name], quick=given.quick), flush=True)


def _here() -> str:
    return (
        f"Python {platform.python_version()}, MLflow {version('mlflow')}, {platform.system()}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )


def _measured(name: str, bench: Bench, *, quick: bool) -> str:
    command = f"`python -m tests.bench {name}{' --quick' * quick}`, {time.strftime('%Y-%m-%d')}"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        alone(Path(folder))
        try:
            rows = bench.rows(Path(folder), quick=quick)
        finally:
            session.reset()  # it is of this folder
            shippers.end(Path(folder) / "home")
    return f"\n## {bench.title}\n\n{command}\n\n{table(rows)}"


def alone(folder: Path) -> None:
    """No settings from outside, and a home of its own."""
    for name in list(os.environ):
        if name.startswith(("TRACKED_", "MLFLOW_")):
            del os.environ[name]
    os.environ |= {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "TRACKED_SILENT": "1",
        "TRACKED_HOME": str(folder / "home"),
    }
    os.chdir(folder)


if __name__ == "__main__":
    main()
