"""The how-to pages, typed in as a new user would."""

from __future__ import annotations

import re
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.azure.genuine import compute, submissions
from tests.azure.genuine.programs import PATIENCE, run

pytestmark = pytest.mark.either_way("the pages' code is what the other modules call both ways")
PAGES = Path(__file__).parents[3] / "docs" / "how-to"
BLOCKS = re.compile(r"^```py\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks_of(page: str) -> list[str]:
    """The page's code."""
    return BLOCKS.findall((PAGES / page).read_text(encoding="utf-8"))


def test_its_code_works(azure) -> None:
    """From top to bottom, against the emulator; the run of the page is stored there."""
    code = "\n".join(blocks_of("azure-ml.md"))
    told, said = run(f'{code}\nprint(__import__("json").dumps(tracked.sync(120)))')
    assert told is True
    assert "tracking failed" not in said
    assert azure.log("runs/create")


def test_the_code_for_jobs_works(azure, code, tmp_path) -> None:
    """The call is sent, waited for while a machine makes it, and its file fetched; then the page's sweep is sent."""
    call, sweep = blocks_of("azure-ml-jobs.md")
    decorated, _, sent = sweep.partition("\njob = ")
    (code / "work.py").write_text(f"{textwrap.dedent(submissions.MODULE)}\n{decorated}")
    with ThreadPoolExecutor(1) as machine:
        made = machine.submit(_first_job, azure, tmp_path / "machine")
        told, said = submissions.submitted(
            f"from work import *\n{call}\njob = {sent}\nprint(json.dumps(job.name))"
        )
    first, second = azure.jobs().values()
    assert "Completed" == first["properties"]["status"], made.result()
    assert f"job {first['name']} Completed" in said
    assert ("Sweep", second["name"]) == (second["properties"]["jobType"], told)


def _first_job(azure, folder: Path) -> str:
    until = time.monotonic() + PATIENCE
    while not azure.jobs() and time.monotonic() < until:
        time.sleep(0.5)
    return compute.run(azure, next(iter(azure.jobs())), folder)
