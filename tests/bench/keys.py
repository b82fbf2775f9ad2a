"""The key of a config of a realistic size."""

from __future__ import annotations

from pathlib import Path

import rfc8785

from tests.bench.table import Row, compare

CONFIG = {
    f"section{i}": {
        f"{name}{i}": value
        for name, value in {
            "epochs": 1, "dropout": 0.5, "optimizer": "adam", "shuffle": True, "limit": None, "lr": 1e-5, "size": 128,
            "backbone": "distilbert-base-uncased", "weight": 3.0, "metric": "macro-f1",
        }.items()
    }
    for i in range(10)
}  # fmt: skip
"""100 leaves."""


def rows(folder: Path, *, quick: bool) -> list[Row]:
    """The key of a study with a config of 100 leaves, against writing that down by RFC 8785 alone."""
    from tracked.identity import study_key

    rounds, calls = (5, 100) if quick else (15, 300)
    row = compare(
        "the key of a config of 100 leaves",
        lambda: study_key(CONFIG, {}, {}, "bert"),
        "writing it down with rfc8785",
        lambda: rfc8785.dumps(CONFIG),
        (calls, calls),
        rounds,
    )
    return [row._replace(aim="at most 0.3 ms")]
