"""What tracking costs, as ratios within one run.

    python -m tests.bench [--quick] [NAME ...]      # names: step call sweep keys import durable

Each figure is the median of several rounds in which the compared things take turns, so that a busy machine slows
both.  Times are of this machine and this moment; the ratios are what counts.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from pathlib import Path

from tests.bench import call, durable, imports, keys, step, sweep
from tests.bench.table import Row, table

BENCHES = {
    "step": step.rows,
    "call": call.rows,
    "sweep": sweep.rows,
    "keys": keys.rows,
    "import": imports.rows,
    "durable": durable.rows,
}


def main() -> None:
    """Run the benchmarks that were named, or all, and print one table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="step, call, sweep, keys, import or durable; all by default"
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds and points: to see that it runs")
    given = parser.parse_args()
    found: list[Row] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        _alone(Path(folder))
        for name in given.names or BENCHES:
            print(f"measuring {name} ...", file=sys.stderr, flush=True)
            found += BENCHES[name](Path(folder), quick=given.quick)
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores")
    print(table(found))


def _alone(folder: Path) -> None:
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
