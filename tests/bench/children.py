"""Children of one run that are all open at once."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from statistics import median

from tests.bench.table import Row, shown_time
from tracked import track, tracked_training
from tracked.testing import captured


@tracked_training
async def _breathe(x: int) -> None:
    await asyncio.sleep(0)
    track.log(x=x)


def rows(_folder: Path, *, quick: bool) -> list[Row]:
    """What a child costs among ten thousand, against what it costs among five hundred."""
    rounds = 3 if quick else 5
    pairs = [(_a_child(10_000), _a_child(500)) for _ in range(rounds)]
    many, few = (median(side) for side in zip(*pairs, strict=True))
    ratio = median(a / b for a, b in pairs)
    return [
        Row(
            "an asyncio child among 10,000",
            shown_time(many),
            "among 500",
            shown_time(few),
            ratio,
            "at most 3",
        )
    ]


def _a_child(n: int) -> float:
    """Processor time of a run with so many children at once, a child."""

    async def main() -> None:
        with track.run("root"):
            await asyncio.gather(*map(_breathe, range(n)))

    with captured():
        began = time.process_time()
        asyncio.run(main())
        return (time.process_time() - began) / n
