"""Azure ML out of order, or shut: what costs time only, and what waits for a person."""

from __future__ import annotations

import json

import pytest

from tests.azure.genuine.programs import BY_URI, run


@pytest.mark.parametrize(
    "status",
    [429, 500, 503, 0],
    ids=["too many requests", "an error of theirs", "unavailable", "a broken line"],
)
def test_what_may_go_through_later_does(azure, home, status):
    """A busy or broken service costs time and nothing else: each value arrives once."""
    azure.fault("runs/log-batch", status, times=3, headers={"Retry-After": "1"} if status == 429 else {})
    told, _ = run(
        BY_URI
        + """
    with track.run("r", kind="training"):
        for i in range(300):
            track.log(loss=float(i))
    for _ in range(100):
        # Where the store is known to be down, nobody is kept waiting.
        if tracked.sync(60):
            break
        time.sleep(1)
    print(json.dumps(told()))
"""
    )
    assert (299.0, "FINISHED") == (told["metrics"]["loss"], told["status"])


@pytest.mark.parametrize(("status", "code"), [(401, "AuthenticationFailed"), (403, "AuthorizationFailed")])
def test_a_refused_login_keeps_everything_and_says_what_to_do(azure, home, status, code):
    """It is not tried for ever, the person is told what to do, and with a good login all is delivered."""
    body = json.dumps({"error": {"code": "UserError", "message": "no", "innerError": {"code": code}}})
    azure.fault("runs/create", status, times=50, body=body)
    _, said = run(
        BY_URI
        + """
    with track.run("r", kind="training"):
        track.log(loss=1.0)
    print("{}")
"""
    )
    assert "log in again" in said if status == 401 else "AzureML Data Scientist" in said
    assert len(azure.log("runs/create")) < 10
    azure.reset()
    told, _ = run(
        BY_URI
        + """
    import subprocess, sys
    subprocess.run([sys.executable, "-m", "tracked.cli", "sync"], check=True, stdout=sys.stderr)
    print(json.dumps(told()))
"""
    )
    assert (1.0, "FINISHED") == (told["metrics"]["loss"], told["status"])
