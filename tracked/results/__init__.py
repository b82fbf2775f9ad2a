"""What a returned value says: metrics, tags and files, by its type.

Reading is separate from keeping: :func:`read_result` sorts without drawing or writing anything, and what has to
become files is turned into them, by the keeper of its family, only where there is a run to keep them.
"""

from __future__ import annotations

from .families import figure_keeper, table_keeper
from .models import NotSaved, keep_model
from .reading import read_result
from .rest import to_json
from .tables import keep_rows
from .values import RESULT, WHOLE, Keep, Keeper, Part, Points, Result

__all__ = [
    "RESULT",
    "WHOLE",
    "Keep",
    "Keeper",
    "NotSaved",
    "Part",
    "Points",
    "Result",
    "figure_keeper",
    "keep_model",
    "keep_rows",
    "read_result",
    "table_keeper",
    "to_json",
]
