"""Exactly one process comes to own a piece of work, whatever the clocks say."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from tests.journals import DEAD, NOW, opened
from tracked import tags as t
from tracked.errors import Refused
from tracked.process import as_text, this_process
from tracked.session import claims
from tracked.testing import MemoryBackend

KEY = "c" * 64


class Slow(MemoryBackend):
    """Each answer takes a moment, and the order of calls is anybody's guess."""

    def __init__(self, seed):
        super().__init__()
        self.luck = random.Random(seed)

    def _pause(self):
        time.sleep(self.luck.random() ** 4 / 200)

    def create(self, opened, parent_id):
        self._pause()
        return super().create(opened, parent_id)

    def same(self, experiment, key):
        self._pause()
        found = super().same(experiment, key)
        self._pause()
        return found

    def log(self, run_id, points, params, tags):
        self._pause()
        super().log(run_id, points, params, tags)


def claimant(number, start):
    tags = {
        t.CALL_KEY: KEY,
        t.CLAIMANT: "true",
        t.PROCESS: as_text(this_process()),
        t.HOST: this_process()["host"],
    }
    return opened(f"{number:032x}", tags=tags)._replace(time=start)


def contend(backend, starts):
    """So many make a run each, with these times of beginning, and claim it; who won."""
    gate = Barrier(len(starts))

    def one(number):
        gate.wait()
        record = claimant(number, starts[number])
        made = backend.create(record, None)
        try:
            won = claims.is_won(backend, made.run_id, record.run, backend.same("Default", KEY))
        except Refused:
            won = False
        if not won:
            backend.delete(made.run_id)
        return won

    with ThreadPoolExecutor(len(starts)) as pool:
        return list(pool.map(one, range(len(starts))))


@pytest.mark.parametrize("seed", range(40))
def test_one_of_many_wins_whatever_the_clocks_say(seed):
    """Late ones with early times, equal times, any order of arrival: one owner, never two, never none."""
    luck = random.Random(seed)
    starts = [int(time.time() * 1000) + luck.randrange(-5, 5) for _ in range(8)]
    assert contend(Slow(seed), starts).count(True) == 1


def test_a_late_one_with_an_early_time_gives_way():
    """Who has won has won, also where another clock is behind or its request was slow; also when it is done by then."""
    for ends in (None, "FINISHED", "FAILED"):
        backend = MemoryBackend()
        first, late = claimant(1, NOW), claimant(2, NOW - 5000)
        made = backend.create(first, None)
        assert claims.is_won(backend, made.run_id, first.run, backend.same("Default", KEY))
        if ends:
            backend.close(made.run_id, ends, NOW + 1)
        another = backend.create(late, None)
        assert not claims.is_won(backend, another.run_id, late.run, backend.same("Default", KEY))


def test_who_was_beaten_cannot_win_any_more():
    """A slow one that saw nobody finds its claim taken by an older one that saw it."""
    backend = MemoryBackend()
    young, old = claimant(1, NOW), claimant(2, NOW - 5000)
    made = backend.create(young, None)
    seen_by_young = backend.same("Default", KEY)
    another = backend.create(old, None)
    assert claims.is_won(backend, another.run_id, old.run, backend.same("Default", KEY))
    assert not claims.is_won(backend, made.run_id, young.run, seen_by_young)


def test_a_run_that_claims_nothing_is_left_alone():
    """One with on_existing="new" has no claim, and none is written into it."""
    backend = MemoryBackend()
    plain = claimant(1, NOW + 5000)
    plain = plain._replace(tags={k: v for k, v in plain.tags.items() if k != t.CLAIMANT})
    other = backend.create(plain, None)
    own = backend.create(claimant(2, NOW), None)
    assert claims.is_won(backend, own.run_id, f"{2:032x}", backend.same("Default", KEY))
    assert {} == backend.runs[other.run_id].params


def test_one_of_many_goes_on_with_a_run():
    """The next attempt is one process's, and the tags say whose; the others get nothing."""
    backend = MemoryBackend()
    made = backend.create(claimant(1, NOW), None)
    backend.close(made.run_id, "FAILED", NOW + 9)
    (run,) = backend.same("Default", KEY)
    formers = [claims.next_attempt(backend, run, f"{number:032x}") for number in range(10, 20)]
    (won,) = filter(None, formers)
    tags = backend.runs[made.run_id].tags
    assert (won.run, "2") == (tags[t.ATTEMPT_ID], tags[t.ATTEMPT])


def test_a_run_that_is_about_to_go_on_is_live():
    """Between a claim and its first record nobody else takes the run, unless its owner is dead by then."""
    backend = MemoryBackend()
    made = backend.create(claimant(1, NOW), None)
    backend.close(made.run_id, "FAILED", NOW + 9)
    (run,) = backend.same("Default", KEY)
    assert not claims.is_live(run)
    assert claims.next_attempt(backend, run, "mine") is not None
    (run,) = backend.same("Default", KEY)
    assert (run.status, claims.is_live(run)) == ("FAILED", True)
    backend.log(made.run_id, (), {}, {t.PROCESS: as_text(DEAD)})
    (run,) = backend.same("Default", KEY)
    assert not claims.is_live(run)
    assert claims.next_attempt(backend, run, "another").attempt == 3


def test_a_claim_whose_owner_came_no_further_is_passed_over():
    """A process that died with its claim in hand does not keep the run from ever going on."""
    backend = MemoryBackend()
    made = backend.create(claimant(1, NOW), None)
    backend.close(made.run_id, "FAILED", NOW + 9)
    backend.log(made.run_id, (), {f"{t.CLAIM}2": "somebody"}, {})
    (run,) = backend.same("Default", KEY)
    assert claims.next_attempt(backend, run, "mine") is None
    assert claims.next_attempt(backend, run, "mine", skipped=[2]).attempt == 3


@pytest.mark.parametrize(
    ("age", "beat", "live"), [(60, None, True), (3600, None, False), (3600, 30, True), (3600, -600, False)]
)
def test_a_run_elsewhere_is_dead_after_its_lease(age, beat, live):
    """It lives until five heartbeats after one was due, and the first is due two minutes after it began."""
    now = int(time.time() * 1000)
    tags = {t.CALL_KEY: KEY, t.HOST: "elsewhere", t.PROCESS: "1:2:3:4:5"}
    if beat is not None:
        tags[t.HEARTBEAT] = str(now + beat * 1000)
    backend = MemoryBackend()
    backend.create(opened(tags=tags)._replace(time=now - age * 1000), None)
    assert [live] == [claims.is_live(run) for run in backend.same("Default", KEY)]
