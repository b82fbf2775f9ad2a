"""Optuna's announcements, kept off the console where the study is ours."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def unannounced() -> Iterator[None]:
    """Keep Optuna's announcements of this thread off its console handler.

    The verbosity is the user's and global, so it is not touched: warnings, other threads and handlers of the
    user's own are heard as before.
    """
    here = threading.get_ident()

    def heard(record: logging.LogRecord) -> bool:
        return record.thread != here or record.levelno > logging.INFO

    with ExitStack() as stack:
        for handler in logging.getLogger("optuna").handlers:
            if type(handler) is logging.StreamHandler:
                handler.addFilter(heard)
                stack.callback(handler.removeFilter, heard)
        yield
