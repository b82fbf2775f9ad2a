"""A run's artifacts on a store, and a look at what was sent."""

from __future__ import annotations

import os
import threading

from tests.stores import read_artifacts
from tracked.mlflow.artifacts.repository import Repository
from tracked.mlflow.artifacts.upload import Uploads
from tracked.ports import OURS, File
from tracked.records import Opened


class Watched(Repository):
    """Artifacts of a run, and the names of the files that were sent to them; can lose its connection."""

    def __init__(self, *given):
        super().__init__(*given)
        self.sent = []
        self.manifests = 0
        self.fails = {}
        """What is raised, by name of the file that is sent."""

    def put(self, source, name):
        if name in self.fails:
            raise self.fails[name]
        super().put(source, name)
        if name.startswith(f"{OURS}/"):
            self.manifests += 1
        else:
            self.sent.append(name)

    def taken(self):
        """What was sent since the last look, in the order of names."""
        sent, self.sent = sorted(self.sent), []
        return sent


class Place:
    """A run's artifacts as one shipper after the other sees them."""

    def __init__(self, backend, folder):
        self.folder = folder
        self.client = backend.client
        self.run_id = backend.create(Opened(os.urandom(16).hex(), 1, "run", "artifacts"), None).run_id
        self.signs = []
        self.restart()

    def restart(self):
        """Another shipper takes over, which knows nothing."""
        self.repository = Watched(self.client, self.run_id)
        self.uploads = Uploads(lambda run_id: self.repository)

    def send(self, **contents):
        """Send files with these contents, each from a copy as the shipper has it."""
        return self.send_files(self.files(contents))

    def send_files(self, files):
        return self.uploads.upload(self.run_id, files, lambda: self.signs.append(threading.active_count()))

    def files(self, contents):
        place = self.folder / os.urandom(4).hex()
        found = []
        for number, (name, content) in enumerate(contents.items()):
            path = place / str(number) / name.rpartition("/")[2]
            path.parent.mkdir(parents=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            found.append(File(name, path))
        return found

    def stored(self):
        """What plain MLflow finds."""
        return read_artifacts(self.client, self.run_id)
