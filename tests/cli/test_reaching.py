"""Commands whose store cannot be asked: a dead server, and one that does not let us in."""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.servers import free_port

NEXT = "`tracked doctor` says what helps"


class _Closed(BaseHTTPRequestHandler):
    """Lets nobody in."""

    def do_GET(self):
        self.send_response(401)
        self.end_headers()

    def do_POST(self):
        self.do_GET()

    def log_message(self, *args):
        """Nothing is printed."""


@pytest.fixture
def closed():
    """Address of such a server."""
    server = HTTPServer(("127.0.0.1", 0), _Closed)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_dead_server_is_told_at_once(tracked, monkeypatch):
    """MLflow's own client would ask it for minutes, and then print what its libraries said."""
    uri = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("TRACKED_TRACKING_URI", uri)
    began = time.monotonic()
    code, printed, said = tracked("runs")
    assert time.monotonic() - began < 30
    assert (4, "") == (code, printed)
    assert said.startswith(f"Error: {uri} does not answer\n")
    assert NEXT in said


def test_a_refused_login_names_the_next_step(tracked, monkeypatch, closed):
    """What the server said, and the command that knows what helps."""
    monkeypatch.setenv("TRACKED_TRACKING_URI", closed)
    code, printed, said = tracked("runs")
    assert (4, "") == (code, printed)
    assert "401" in said
    assert NEXT in said
