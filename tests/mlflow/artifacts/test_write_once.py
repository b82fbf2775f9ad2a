"""A store that lets no name be written twice, as Azure ML does: nothing is lost, and nothing tried for ever."""

from __future__ import annotations

from hashlib import sha256

import pytest

from tests.mlflow.artifacts.places import Place, Watched
from tracked.errors import BackendUnavailable, NameTaken, Refused
from tracked.mlflow.artifacts import manifest
from tracked.mlflow.artifacts.upload import Uploads, manifests
from tracked.mlflow.backend import MlflowBackend


class WriteOnce(Watched):
    """Refuses a name that was written; can lose its answer after a file has arrived."""

    def __init__(self, *given):
        super().__init__(*given)
        self.is_write_once = True
        self.loses = ""
        self.read_back = []

    def put(self, source, name):
        if name in self.files(name.rpartition("/")[0]):
            raise NameTaken(name)
        super().put(source, name)
        if name == self.loses:
            self.loses = ""
            raise BackendUnavailable("the answer is lost")

    def get(self, name, target):
        if not name.startswith(".tracked"):
            self.read_back.append(name)
        super().get(name, target)


class OncePlace(Place):
    def restart(self):
        self.repository = WriteOnce(self.client, self.run_id)
        self.uploads = Uploads(lambda run_id: self.repository)

    def told(self):
        return manifest.merged(manifests(self.repository).values())


@pytest.fixture
def once(sqlite_uri, templates, tmp_path):
    return OncePlace(MlflowBackend(sqlite_uri, templates), tmp_path / "copies")


def named(name, ending, content):
    return f"{name}.{sha256(content.encode()).hexdigest()[:12]}{ending}"


@pytest.mark.parametrize("restarted", [False, True], ids=["the same shipper", "another one"])
def test_other_content_lies_under_a_name_of_its_own(once, restarted):
    """A file that is written again is there twice, the second time with its digest; its neighbours go as they are."""
    once.send(**{"m/last.ckpt": "first"})
    if restarted:
        once.restart()
    assert {} == once.send(**{"m/last.ckpt": "second", "m/other": "x"})
    second = named("m/last", ".ckpt", "second")
    assert {"m/last.ckpt": b"first", second: b"second", "m/other": b"x"} == once.stored()
    assert {"m/last.ckpt", second, "m/other"} == once.told().keys()
    assert [] == once.repository.read_back


def test_the_same_content_again_is_delivered(once):
    """What lies there already, from a shipper whose answer or manifest was lost, is neither sent again nor refused."""
    once.repository.loses = "a.bin"
    with pytest.raises(BackendUnavailable):
        once.send(**{"a.bin": "abc"})
    once.restart()
    assert {} == once.send(**{"a.bin": "abc"})
    assert {"a.bin": b"abc"} == once.stored()
    assert ["a.bin"] == once.repository.read_back
    assert {"a.bin"} == once.told().keys()


def test_half_a_file_is_not_taken_for_the_whole(once):
    """Where an upload broke half-way, the whole file lies under the name with its digest."""
    once.repository.loses = "a.bin"
    with pytest.raises(BackendUnavailable):
        once.send(**{"a.bin": "ab"})
    once.restart()
    assert {} == once.send(**{"a.bin": "abc"})
    assert b"abc" == once.stored()[named("a", ".bin", "abc")]


def test_a_name_without_a_content_is_not_taken_for_the_file(once):
    """A record whose file never came is as good as other content."""
    once.repository.loses = "a.bin"
    with pytest.raises(BackendUnavailable):
        once.send(**{"a.bin": "abc"})
    once.restart()

    def gone(name, target):
        raise Refused("no such blob")

    once.repository.get = gone
    assert {} == once.send(**{"a.bin": "abc"})
    assert b"abc" == once.stored()[named("a", ".bin", "abc")]


def test_going_back_to_an_earlier_content_sends_nothing(once):
    """Content that was sent under its digest is there for good, however often it comes."""
    for content in ("1", "2", "1", "2"):
        assert {} == once.send(x=content)
    assert {"x": b"1", named("x", "", "2"): b"2"} == once.stored()
