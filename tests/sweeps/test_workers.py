"""Who is on a study's list."""

import threading
import time

from tracked.sweeps import workers
from tracked.sweeps.workers import BEAT, LEASE, Worker, living


class Slow:
    """A storage in which a sign of life takes its time, once somebody waits for it."""

    def __init__(self):
        self.attributes = {}
        self.is_signing = threading.Event()
        self.goes_on = threading.Event()

    def set_study_user_attr(self, study_id, name, told):
        if told and threading.current_thread() is not threading.main_thread():
            self.is_signing.set()
            self.goes_on.wait(0.5)
        self.attributes[name] = told


def test_a_sign_of_life_that_is_being_given_does_not_outlast_the_worker(mocker):
    """Whoever has left is on the list no more, also if it left in the middle of a sign."""
    mocker.patch.object(workers, "BEAT", 0.0)
    before = set(threading.enumerate())
    storage = Slow()
    worker = Worker(storage, 0)
    worker.enter()
    assert {worker.name} == living(storage.attributes)
    assert storage.is_signing.wait(10.0)
    worker.leave()
    storage.goes_on.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(10.0)
    assert frozenset() == living(storage.attributes)


def test_a_sign_holds_until_the_next_one_is_long_overdue():
    """Who cannot see the process believes it for a lease from when the next sign was due."""
    storage = Slow()
    worker, before = Worker(storage, 0), time.time()
    worker.enter()
    (told,) = storage.attributes.values()
    worker.leave()
    assert before <= told["until"] - BEAT - LEASE <= time.time()


def test_what_there_is_to_tell_is_told_soon_after_it_is_known():
    """It is asked for every second until it is told, though signs of life are a minute apart."""
    answers, is_told = iter((False, True)), threading.Event()

    def tells():
        answer = next(answers)
        if answer:
            is_told.set()
        return answer

    worker = Worker(Slow(), 0)
    worker.enter(tells)
    assert is_told.wait(BEAT / 4)
    worker.leave()
