"""What the page on Ray says works when it is typed in."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.carrying.trees import QUIET

pytestmark = pytest.mark.slow
pytest.importorskip("ray", reason="`make test-all` installs Ray")

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "ray-and-dask.md"


def test_the_code_of_the_page_runs(tmp_path):
    """From top to bottom, in a program."""
    blocks = re.findall(r"^```py\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    program = tmp_path / "page.py"
    program.write_text("\n".join([*blocks, "assert 2 == len(found.trials)"]))
    done = subprocess.run(
        [sys.executable, str(program)],
        capture_output=True,
        text=True,
        env={**os.environ, **QUIET, "HOME": str(tmp_path)},
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "tracking failed" not in done.stderr
