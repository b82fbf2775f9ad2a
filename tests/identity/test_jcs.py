"""The fast writer gives the bytes of the reference."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from tracked.identity.jcs import to_bytes

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=20)


@given(TREES)
def test_bytes_are_those_of_the_reference(tree):
    """Any tree is written exactly as the package rfc8785 writes it."""
    assert rfc8785.dumps(tree) == to_bytes(tree)


@pytest.mark.parametrize("stranger", [(1,), b"x", {1}, object()])
def test_what_is_not_json_is_refused(stranger):
    """Nothing but JSON is written, so that no rule can be forgotten."""
    with pytest.raises(TypeError, match="is not JSON"):
        to_bytes({"a": [stranger]})
