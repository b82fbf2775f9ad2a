"""What the pages say is so: their code runs, their links lead somewhere, the files that they name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import pages

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
CODE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
ELSEWHERE = re.compile(r"^```py$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)]*))?\)")
OWN = re.compile(r"`((?:tracked|tests|examples|docs)/[\w./-]*)`")


def name_of(page: Path) -> str:
    """The page as a person would call it."""
    return page.relative_to(ROOT).as_posix()


def text_of(page: Path) -> str:
    """What it says."""
    return page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.parent != ROOT and CODE.search(text_of(p))], ids=name_of
)
def test_the_code_of_a_page_runs(page: Path) -> None:
    """Read from top to bottom and typed in, it works; the README's blocks run one by one with the examples."""
    code = "\n".join(CODE.findall(text_of(page)))
    done = pages.run(code, TRACKED_SHIPPER="thread")
    assert done.returncode == 0, done.stderr
    assert ("tracking failed" in done.stderr) == (".disk_full()" in code), done.stderr


@pytest.mark.parametrize("page", [p for p in PAGES if ELSEWHERE.search(text_of(p))], ids=name_of)
def test_code_that_is_not_run_here_says_where_it_is(page: Path) -> None:
    """A page with blocks marked ``py`` names the test that runs them, or is made from the code."""
    text = text_of(page)
    assert "`tests/" in text or "is made from the code" in text


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_points_to_is_there(page: Path) -> None:
    """Links between pages and to their headings, and the modules and tests that they name."""
    text = text_of(page)
    links = [link for link in LINK.findall(text) if "://" not in link[0]]
    paths = [*(page.parent / path for path, _ in links), *map(ROOT.joinpath, OWN.findall(text))]
    assert [] == [str(path) for path in paths if not path.exists()]
    to_headings = [(page.parent / path if path else page, heading) for path, heading in links if heading]
    assert [] == [(str(to), heading) for to, heading in to_headings if heading not in headings_of(to)]


def headings_of(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    found = re.findall(r"^#+ (.+)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in found}


def test_the_picture_of_the_house_is_true() -> None:
    """Each module that CONTRIBUTING.md shows stands on the floor on which it is shown."""
    house = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    layers = re.search(r"^layers = \[\n(.*?)^\]", house, re.MULTILINE | re.DOTALL)[1].splitlines()
    shown = re.findall(r"^(\d) \w+ +(\w+(?: · \w+)*)", text_of(ROOT / "CONTRIBUTING.md"), re.MULTILINE)
    assert [str(n) for n in range(len(layers), 0, -1)] == [number for number, _ in shown]
    for layer, (_, names) in zip(layers, shown, strict=True):
        assert set(names.split(" · ")) <= set(re.findall(r"\((\w+)\)", layer))
