"""Ray's tasks and actors: right parents, right data, no orphan, whether the function is decorated or plain."""

import pytest

from tests.carrying.trees import check_children, check_no_orphan, check_own, stored_by
from tests.scripts import called
from tracked import tags as t

pytestmark = pytest.mark.slow
pytest.importorskip("ray", reason="`make test-all` installs Ray")

from tests.carrying.ray_program import XS  # noqa: E402 - it imports Ray

DECORATED = ("task", "task again", "task of a bound function", "argument", "argument of an actor", "actor")
PLAIN = (
    "task of a bound plain function",
    "bound plain argument",
    "bound plain argument of an actor",
    "actor's plain method",
)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """All runs of the program."""
    expected = len(DECORATED) * (1 + len(XS)) + len(PLAIN)
    return stored_by("ray_program.py", tmp_path_factory.mktemp("ray"), expected)


@pytest.mark.parametrize("name", DECORATED)
def test_a_decorated_function(stored, name):
    """Each call is a run under the one in which the work was handed out, with its own data and no other."""
    check_children(stored, name, XS)


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_function(stored, name):
    """What it logs stands in the run in which it was handed out."""
    check_own(stored, name, XS)


def test_no_orphan(stored):
    """Nothing stands by itself but what was opened there; nothing is left open."""
    check_no_orphan(stored, [*DECORATED, *PLAIN])


def test_a_method_of_an_actor_is_the_method(stored):
    """What Ray adds to a method's signature is no param of the run, and the actor itself is none either."""
    assert [{"x"}] * len(XS) == [set(run.params) for run in called(stored, "fit")]


def test_the_same_work_has_one_key_everywhere(stored):
    """Where a call was made is no part of what it is recognised by."""
    for name in ("train", "fit"):
        assert len(XS) == len({run.tags[t.CALL_KEY] for run in called(stored, name)})
