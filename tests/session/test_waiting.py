from __future__ import annotations

import time

import pytest

from tests.journals import OTHER, RUN
from tracked.journal import lines
from tracked.journal.acks import Ack, write_ack
from tracked.journal.folder import Folder
from tracked.ports import RemoteRun
from tracked.session import waiting
from tracked.shipper import status
from tracked.shipper.status import Teller

NEVER, ALWAYS = (lambda: False), (lambda: True)


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "journals").made()


def waited(done, folder, timeout):
    """The answer, and how long it took."""
    started = time.monotonic()
    return waiting.wait(done, folder, timeout), time.monotonic() - started


def test_what_is_done_is_not_waited_for(folder):
    """The usual case costs nothing, also without any time."""
    done, seconds = waited(ALWAYS, folder, 0)
    assert done
    assert seconds < 0.05


def test_waiting_is_bounded(folder):
    """When the time is over, the answer is no."""
    Teller(folder.status).tell(status.SHIPPING)
    done, seconds = waited(NEVER, folder, 0.2)
    assert not done
    assert 0.2 <= seconds < 1


def test_what_is_done_meanwhile_is_seen(folder):
    """The wait ends soon after what it waits for has happened."""
    Teller(folder.status).tell(status.SHIPPING)
    ready = time.monotonic() + 0.1
    done, seconds = waited(lambda: time.monotonic() > ready, folder, 10)
    assert done
    assert seconds < 0.5


@pytest.mark.parametrize("phase", [status.WAITING, status.REFUSED])
def test_a_store_that_is_known_to_be_down_is_not_waited_for(folder, phase):
    """With a server down or a login refused the end of a script does not hang."""
    Teller(folder.status).tell(phase, "connection refused")
    done, seconds = waited(NEVER, folder, 10)
    assert not done
    assert seconds < 0.5


def test_an_old_word_of_trouble_is_not_believed(folder, mocker):
    """What a shipper that is gone said last does not keep the next one from delivering."""
    mocker.patch("tracked.shipper.status.time.time", return_value=time.time() - 60)
    Teller(folder.status).tell(status.WAITING, "yesterday")
    mocker.stopall()
    ready = time.monotonic() + 0.1
    assert waiting.wait(lambda: time.monotonic() > ready, folder, 10)


def test_an_idle_shipper_that_gives_no_sign_of_life_is_given_up(folder, mocker):
    """A shipper that died is not waited for to the end."""
    mocker.patch("tracked.session.waiting.STALLED", 0.1)
    Teller(folder.status).tell(status.IDLE)
    done, seconds = waited(NEVER, folder, 10)
    assert not done
    assert seconds < 1


def test_the_acknowledged_bytes_are_the_shipper_s_last_word(folder):
    """Nothing is acknowledged before the shipper says so."""
    journal = folder.path / "1-1-x.journal"
    assert 0 == waiting.acknowledged(journal)
    for at in (10, 300):
        write_ack(journal, Ack(at, (RUN,)))
        assert at == waiting.acknowledged(journal)


def test_many_open_runs_do_not_hide_the_acknowledgement(folder):
    """However long a line of the file is, it is read whole."""
    journal = folder.path / "1-1-x.journal"
    for at in range(3):
        write_ack(journal, Ack(at, tuple(f"{n:032d}" for n in range(5000))))
    assert 2 == waiting.acknowledged(journal)


def test_ids_are_read_as_they_come(folder):
    """A run's place in the store is known as soon as the shipper wrote it, and never from half a line."""
    ids = waiting.Ids(folder)
    assert ids.get(RUN) is None
    one, two = (lines.encode([run, f"id-{run[0]}", "7", "s3://x", True]) for run in (RUN, OTHER))
    folder.ids.write_bytes(one + two[:30])
    assert [RemoteRun("id-a", "7", "s3://x"), None] == [ids.get(RUN), ids.get(OTHER)]
    folder.ids.write_bytes(one + two)
    assert RemoteRun("id-b", "7", "s3://x") == ids.get(OTHER)
    folder.ids.unlink()
    assert RemoteRun("id-a", "7", "s3://x") == ids.get(RUN)
