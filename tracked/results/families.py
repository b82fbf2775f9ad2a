"""Which values are kept as files, by the names of their classes: no library is imported to know its own."""

from __future__ import annotations

from ..shapes import kinds, once_per_type
from .figures import keep_altair, keep_axes, keep_matplotlib, keep_plotly
from .tables import keep_pandas, keep_polars
from .values import Keeper

FIGURES: dict[str, Keeper] = {
    "matplotlib.Figure": keep_matplotlib,
    "matplotlib.Axes": keep_axes,
    "seaborn.Grid": keep_axes,
    "plotly.BaseFigure": keep_plotly,
    "altair.TopLevelMixin": keep_altair,
}
TABLES: dict[str, Keeper] = {"pandas.DataFrame": keep_pandas, "polars.DataFrame": keep_polars}


@once_per_type
def figure_keeper(cls: type) -> Keeper | None:
    """How figures of this class are kept; None if it is no figure."""
    return next((keeper for name, keeper in FIGURES.items() if name in kinds(cls)), None)


@once_per_type
def table_keeper(cls: type) -> Keeper | None:
    """How frames of this class are kept; None if it is no frame."""
    return next((keeper for name, keeper in TABLES.items() if name in kinds(cls)), None)
