"""The shell of IPython that this program runs in, if it does, and whether a notebook's kernel is around it.

That `ipykernel` is imported says nothing: many a library imports it, to see.
"""

from __future__ import annotations

import sys
from typing import Any


def shell_here() -> Any:
    """IPython's shell; None in a plain program, which has none even where IPython is imported."""
    return getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()


def is_kernel() -> bool:
    """Whether what is shown here is shown in a notebook: Jupyter's, Colab's, Kaggle's, Visual Studio Code's."""
    return hasattr(shell_here(), "kernel")
