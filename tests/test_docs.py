"""What the pages say is so: their code runs, their links lead somewhere, the files that they name are there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")
OWN = re.compile(r"`((?:tracked|tests|examples|docs)/[\w./-]*)`")


def name_of(page: Path) -> str:
    """The page as a person would call it."""
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    """What it says."""
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", [p for p in PAGES[1:] if CODE.search(text_of(p))], ids=name_of)
def test_the_code_of_a_page_runs(page: Path) -> None:
    """Read from top to bottom and typed in, it works; the README's blocks run one by one with the examples."""
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(CODE.findall(text_of(page)))],
        capture_output=True,
        text=True,
        env={**os.environ, "TRACKED_SHIPPER": "thread"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "tracking failed" not in done.stderr


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_points_to_is_there(page: Path) -> None:
    """Links between pages, and the modules and tests that they name."""
    text = text_of(page)
    links = [page.parent / link for link in LINK.findall(text) if "://" not in link]
    assert [] == [str(path) for path in [*links, *map(ROOT.joinpath, OWN.findall(text))] if not path.exists()]
