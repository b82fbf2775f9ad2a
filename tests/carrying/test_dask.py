"""Dask's threads, processes and clusters: right parents, right data, no orphan."""

import pytest

from tests.carrying.trees import check_children, check_no_orphan, check_own, stored_by

pytestmark = pytest.mark.slow
pytest.importorskip("distributed", reason="`make test-all` installs Dask")

from tests.carrying.dask_program import XS  # noqa: E402 - it imports Dask

CLUSTERS = [f"cluster of {kind}, {way}" for kind in ("processes", "threads") for way in ("map", "delayed")]
WAYS = ["threads", "processes", *CLUSTERS]
DECORATED = [f"{way}: {name}" for way in WAYS for name in ("train", "train again")]
PLAIN = [f"{way}: bound plain" for way in WAYS] + ["threads: plain"]


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """All runs of the program."""
    expected = len(DECORATED) * (1 + len(XS)) + len(PLAIN)
    return stored_by("dask_program.py", tmp_path_factory.mktemp("dask"), expected)


@pytest.mark.parametrize("name", DECORATED)
def test_a_decorated_function(stored, name):
    """Each call is a run under the one in which the work was handed out, also where the worker knows it by now."""
    check_children(stored, name, XS)


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_function(stored, name):
    """What it logs stands in the run in which it was handed out."""
    check_own(stored, name, XS)


def test_no_orphan(stored):
    """Nothing stands by itself but what was opened there; nothing is left open."""
    check_no_orphan(stored, [*DECORATED, *PLAIN])
