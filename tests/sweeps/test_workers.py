"""Who is on a study's list."""

import threading

from tracked.sweeps import workers
from tracked.sweeps.workers import Worker, living


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
