"""The how-to page, typed in as a new user would."""

from __future__ import annotations

import re
from pathlib import Path

from tests.azure.genuine.programs import run

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "azure-ml.md"
BLOCKS = re.compile(r"^```py\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_its_code_works(azure) -> None:
    """From top to bottom, against the emulator; the run of the page is stored there."""
    code = "\n".join(BLOCKS.findall(PAGE.read_text(encoding="utf-8")))
    told, said = run(f'{code}\nprint(__import__("json").dumps(tracked.sync(120)))')
    assert told is True
    assert "tracking failed" not in said
    assert azure.log("runs/create")
