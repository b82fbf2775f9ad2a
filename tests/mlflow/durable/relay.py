"""A server that comes late: a port on which nobody listens until the relay to a real server is opened."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


@contextmanager
def relay(port: int, uri: str) -> Iterator[None]:
    """Hand on what comes to this port of the loopback to the server behind ``uri``."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        threading.Thread(target=_accept, args=(listening, urlsplit(uri).port), daemon=True).start()
        yield
        listening.shutdown(socket.SHUT_RDWR)


def _accept(listening: socket.socket, port: int) -> None:
    with suppress(OSError):
        while True:
            caller, _ = listening.accept()
            threading.Thread(target=_serve, args=(caller, port), daemon=True).start()


def _serve(caller: socket.socket, port: int) -> None:
    with caller, socket.create_connection(("127.0.0.1", port)) as server:
        back = threading.Thread(target=_hand_on, args=(server, caller), daemon=True)
        back.start()
        _hand_on(caller, server)
        back.join()


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(1 << 16):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
