"""A wire between a program and a server that can be cut, blocked and mended."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.servers import free_port


class Proxy:
    """Hands on what comes to a port of the loopback; begins as if no server were there."""

    def __init__(self, target: str) -> None:
        self.port, self._target = free_port(), urlsplit(target).port
        self._silent = False
        self._listening: socket.socket | None = None
        self._pairs: set[socket.socket] = set()

    @property
    def uri(self) -> str:
        """The server, as seen through it."""
        return f"http://127.0.0.1:{self.port}"

    def mend(self) -> None:
        """Let everything through."""
        self.cut()
        self._silent = False
        self._listen()

    def swallow(self) -> None:
        """Accept, and never answer."""
        self.cut()
        self._silent = True
        self._listen()

    def cut(self) -> None:
        """Reset what is under way, and refuse what comes."""
        if self._listening is not None:
            with suppress(OSError):
                self._listening.shutdown(socket.SHUT_RDWR)
            self._listening.close()
            self._listening = None
        for end in list(self._pairs):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listening,), daemon=True).start()

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                caller, _ = listening.accept()
                threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        self._pairs.add(caller)
        with suppress(OSError), caller:
            if self._silent:
                while caller.recv(1 << 16):
                    pass
                return
            with socket.create_connection(("127.0.0.1", self._target)) as server:
                self._pairs.add(server)
                back = threading.Thread(target=_hand_on, args=(server, caller), daemon=True)
                back.start()
                _hand_on(caller, server)
                back.join()
                self._pairs.discard(server)
        self._pairs.discard(caller)


def _hand_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(1 << 16):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def proxy(target: str) -> Iterator[Proxy]:
    """A wire to the server behind this URI."""
    wire = Proxy(target)
    try:
        yield wire
    finally:
        wire.cut()
