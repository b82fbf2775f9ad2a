"""What two pages for extenders show holds by the project's own tests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

HOW_TO = Path(__file__).parent.parent / "docs" / "how-to"


def blocks_of(page: str) -> list[str]:
    """The code of a page."""
    text = (HOW_TO / page).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_a_kind_takes_at_most_forty_lines() -> None:
    """With an option of its own, and without a name that is not public."""
    (kind, _) = blocks_of("add-a-kind.md")
    assert len(kind.splitlines()) <= 40
    assert "._" not in kind


_PAGE: dict[str, Any] = {"__name__": __name__}
exec(blocks_of("own-backend.md")[0], _PAGE)
TestCounting = _PAGE["TestCounting"]
"""The backend of the page keeps the contract that the page speaks of."""
