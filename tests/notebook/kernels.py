"""Notebooks in real kernels, driven by nbclient as Jupyter's own tools do it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.util import run_sync
from nbformat import NotebookNode

PATIENCE = 120
"""Seconds that a cell is given on a busy machine."""


@dataclass
class Done:
    """What a cell has put out."""

    outputs: list[NotebookNode]

    @property
    def text(self) -> str:
        """All that is plain text, streams and values."""
        return "\n".join(
            out.get("text") or out.get("data", {}).get("text/plain", "") for out in self.outputs
        ).strip()

    @property
    def html(self) -> str:
        """All that is HTML."""
        return "\n".join(out.get("data", {}).get("text/html", "") for out in self.outputs)

    @property
    def error(self) -> str:
        """Type of what it raised; empty if it raised nothing."""
        return next((out.ename for out in self.outputs if out.output_type == "error"), "")


class _Counting(NotebookClient):
    """Counts what the kernel sends."""

    def process_message(self, msg: Any, *given: Any, **named: Any) -> Any:
        self.sent[msg["msg_type"]] += 1
        return super().process_message(msg, *given, **named)


class Notebook:
    """A notebook, and the kernel that runs it."""

    def __init__(self, client: NotebookClient) -> None:
        self.client = client
        self.sent = client.sent = Counter()
        """Messages of the kernel, by type."""

    def run(self, source: str) -> Done:
        """Run a new cell; what it raises is in its outputs."""
        cell = nbformat.v4.new_code_cell(source)
        self.client.nb.cells.append(cell)
        self.client.execute_cell(cell, len(self.client.nb.cells) - 1)
        return Done(cell.outputs)

    def interrupt_at(self, source: str, sign: Any) -> Done:
        """Run a cell, and interrupt the kernel as soon as ``sign()`` is true, as the stop button does."""

        def press() -> None:
            until = time.monotonic() + PATIENCE
            while not sign() and time.monotonic() < until:
                time.sleep(0.02)
            asyncio.run(self.client.km.interrupt_kernel())

        button = threading.Thread(target=press)
        button.start()
        done = self.run(source)
        button.join()
        return done

    def restart(self) -> None:
        """Restart the kernel, as the button does: it is killed and gets no time to say anything."""
        run_sync(self.client.km.restart_kernel)(now=True)
        run_sync(self.client.kc.wait_for_ready)(timeout=PATIENCE)


@contextmanager
def notebook(folder: Any, environ: dict[str, str]) -> Iterator[Notebook]:
    """A notebook whose kernel runs in this folder, with this environment."""
    client = _Counting(
        nbformat.v4.new_notebook(),
        timeout=PATIENCE,
        allow_errors=True,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    with client.setup_kernel(env=environ):
        yield Notebook(client)
