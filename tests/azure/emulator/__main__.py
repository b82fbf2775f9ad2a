"""python -m tests.azure.emulator FOLDER: serve until it is told to end; ``ready.json`` says where."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

from tests.servers import serving

from .certificates import made_in
from .names import TRACKING_URI
from .proxy import Proxy
from .service import Service


def main(folder: Path) -> None:
    """Serve; the folder gets the certificate, the database and the logs."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    options = ("--no-serve-artifacts", "--default-artifact-root", f"{TRACKING_URI}/experiments")
    with serving(folder, f"sqlite:///{folder}/mlflow.db", *options) as uri:
        proxy = Proxy(Service(urlsplit(uri).port or 0), made_in(folder))
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        fresh = folder / "ready.json.new"
        fresh.write_text(json.dumps({"port": proxy.server_address[1]}))
        fresh.replace(folder / "ready.json")
        # A test run that was killed must not leave it behind.
        parent = os.getppid()
        while not stop.wait(1) and os.getppid() == parent:
            pass


main(Path(sys.argv[1]))
