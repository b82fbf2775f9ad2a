"""The params by which attempts are claimed are ours, and no command tells of them."""

import pytest

CLAIM = "tracked.claim.1"


@pytest.fixture
def claimed(own):
    """Two runs of the same work, each claimed by an attempt of its own."""
    tags = {"FUNCTION": "jobs.train", "CALL_KEY": "ab" * 32}
    return [own.add(f"train-{n}", "training", params={"lr": "0.1", CLAIM: n}, **tags) for n in "12"]


@pytest.mark.parametrize(
    "called",
    [
        "runs",
        "runs --json",
        "show @last",
        "show @last --json",
        "compare {} {}",
        "diff {} {}",
        "explain {} {}",
    ],
)
def test_no_command_tells_of_a_claim(tracked, claimed, called):
    """Lists, pages and comparisons have what the user gave, and not by which attempt the run was claimed."""
    code, printed, told = tracked(*called.format(*claimed).split())
    assert 0 == code
    assert printed
    assert CLAIM not in printed + told
