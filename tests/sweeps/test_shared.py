"""Several workers on one study, each with an engine of its own; dead ones are processes that have ended."""

import os
import subprocess
import sys
import time
import warnings
from contextlib import suppress

import optuna
import pytest

from tracked.errors import BackendUnavailable, ConfigError
from tracked.process import this_process
from tracked.sweeps import Search
from tracked.sweeps.alone import HOLDER, alone
from tracked.sweeps.shared import SharedStudy
from tracked.sweeps.shared_engine import ATTEMPTS, SharedEngine
from tracked.sweeps.storages import opened, shown

NOBODY = {"host": "elsewhere", "pid": 1, "started": 0.0, "boot": "b", "pids": "p", "machine": "m"}


@pytest.fixture
def journal(tmp_path):
    """A storage that processes share."""
    return f"journal:{tmp_path}/study/s.log"


@pytest.fixture(scope="module")
def ended():
    """A process that has ended, as it would describe itself."""
    done = subprocess.Popen([sys.executable, "-c", "pass"])
    done.wait()
    return {**this_process(), "pid": done.pid}


AT_WORK = []


@pytest.fixture(autouse=True)
def _at_rest():
    yield
    while AT_WORK:
        AT_WORK.pop().shared.worker._left.set()


def search(storage, n_trials=4, **options):
    """The search that all workers are given."""
    return Search(
        **{"n_trials": n_trials, "maximize": "acc", "storage": storage, "study_name": "s", **options}
    )


def worker(storage, n_trials=4, code="f", **options):
    """A worker that has entered."""
    shared = SharedStudy(search(storage, n_trials, **options))
    with shared.alone():
        if not shared.seen().living:
            shared.begin_round()
        shared.worker.enter()
    AT_WORK.append(SharedEngine(shared, code))
    return AT_WORK[-1]


def dies(engine, process):
    """The worker is the one of this process from now on, and gives no more signs of life."""
    engine.shared.worker._left.set()
    engine.shared.worker._write({**process, "until": time.time() - 1})


def die():
    """As Ctrl-C does."""
    raise KeyboardInterrupt


def is_owner(engine):
    """Whether the sweep's run is this worker's to end."""
    seen = engine.shared.seen()
    return seen.owner == seen.me


def study_in(storage):
    """The study as Optuna has it."""
    return optuna.load_study(study_name="s", storage=opened(storage))


def finish(engine, suggested, acc=0.5):
    """The trial ends well."""
    suggested.trial.suggest_float("x", 0, 1)
    return engine.tell(suggested, "complete", [acc])


class TestTogether:
    def test_n_trials_is_the_total(self, journal):
        """Two workers get n_trials together, with numbers that are unique, and see each other's results."""
        one, two = worker(journal), worker(journal)
        asked = [one.ask(), two.ask(), two.ask(), one.ask()]
        assert [0, 1, 2, 3] == [suggested.number for suggested in asked]
        for engine, suggested in zip((one, two, two, one), asked, strict=True):
            finish(engine, suggested, suggested.number / 10)
        assert (None, None) == (one.ask(), two.ask())
        assert (0.3,) == one.best().values == two.best().values
        assert [0, 1, 2, 3] == [told.number for told, _ in two.ended()]

    def test_failed_trials_count_in_their_round(self, journal):
        """A trial that fails is not handed out again by those at work, and is by whoever takes the study up again."""
        one = worker(journal, 2)
        one.tell(one.ask(), "failed", None)
        finish(one, one.ask())
        assert one.ask() is None
        one.shared.worker.leave()
        again = worker(journal, 2)
        assert (2, 2, 1) == again.shared.seen().round
        finish(again, again.ask())
        assert again.ask() is None
        assert [2] == [told.number for told, _ in again.ended()]

    def test_who_has_nothing_left_waits_for_the_others(self, journal):
        """As long as another worker is at a trial, one that could go on with it stays."""
        one, two = worker(journal, 1), worker(journal, 1)
        at = one.ask()
        halted = iter((False, False, True))
        two._is_halted = lambda: next(halted)
        assert two.ask() is None
        assert [] == list(halted)
        finish(one, at)
        two._is_halted = lambda: False
        assert two.ask() is None

    def test_a_trial_of_optunas_own_loop_is_left_alone(self, journal):
        """What somebody runs beside with plain Optuna is neither counted nor taken for dead."""
        one = worker(journal, 1)
        study_in(journal).ask()
        mine = one.ask()
        assert (1, 1) == (mine.number, mine.attempt)
        finish(one, mine)
        assert one.ask() is None

    def test_a_trial_of_an_earlier_round_that_is_not_ours_is_not_of_this_one(self, journal):
        """What plain Optuna tried before this round has no attempt of ours, and is not told again as one."""
        one = worker(journal, 1)
        study_in(journal).optimize(lambda trial: trial.suggest_float("x", 0, 1), 1)
        one.shared.worker.leave()
        again = worker(journal, 2)
        finish(again, again.ask())
        assert [1] == [told.number for told, _ in again.ended()]

    def test_nothing_of_ours_is_left_behind(self, journal):
        """Beside the study there is no other one in the storage, and no worker on its list."""
        one = worker(journal, 1)
        finish(one, one.ask())
        one.ask()
        one.shared.worker.leave()
        assert ["s"] == [study.study_name for study in opened(journal).get_all_studies()]
        assert frozenset() == SharedStudy(search(journal)).seen().living


class TestDeath:
    def test_the_trial_of_a_dead_worker_is_gone_on_with(self, journal, ended):
        """It keeps its number and hyperparameters, and what was noted of it; it is attempt 2."""
        one, two = worker(journal, 2), worker(journal, 2)
        at = one.ask()
        x = at.trial.suggest_float("x", 0, 1)
        at.trial.report(0.1, 0)
        one.keep(at, run={"run": "r"})
        dies(one, ended)
        again = two.ask()
        assert (0, 2, {"run": "r"}) == (again.number, again.attempt, again.run)
        assert x == again.trial.suggest_float("x", 0, 1)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            again.trial.report(0.2, 0)  # Optuna would warn of a step that it has
            two.report(again, 0.2, 1)
        finish(two, again)
        assert 1 == two.ask().number

    def test_one_that_cannot_be_seen_has_a_lease(self, journal):
        """A worker on another machine is alive as long as it has said, and no longer."""
        one, two = worker(journal, 2), worker(journal, 2)
        at = one.ask()
        one.shared.worker._write({**NOBODY, "until": time.time() + 60})
        assert 1 == two.ask().number
        dies(one, NOBODY)
        assert (at.number, 2) == two.ask()[0:3:2]

    def test_who_was_taken_for_dead_and_lives_cannot_change_the_end(self, journal):
        """The first answer stays, whoever gives it."""
        one, two = worker(journal, 1), worker(journal, 1)
        late = one.ask()
        dies(one, NOBODY)
        finish(two, two.ask(), 0.9)
        assert (0.9,) == one.tell(late, "complete", [0.1]).values
        assert (0.9,) == two.best().values

    def test_who_was_taken_for_dead_goes_on_undisturbed(self, journal):
        """What its function reports and asks of a trial that another one has ended raises nothing there."""
        one, two = worker(journal, 1), worker(journal, 1)
        late = one.ask()
        dies(one, NOBODY)
        finish(two, two.ask(), 0.9)
        one.report(late, 0.1, 0)
        assert not late.trial.should_prune()
        late.trial.report(0.2, 1)
        assert {} == study_in(journal).trials[0].intermediate_values

    def test_a_death_falls_into_one_decision(self, journal, ended):
        """Who dies just after it was seen alive is at work still for that decision: the others stay for its trial."""
        one, two = worker(journal, 1), worker(journal, 1)
        one.ask()
        seen = two.shared.seen()
        dies(one, ended)
        assert frozenset({one.shared.worker.name}) == seen.at_work == seen.others
        assert two.shared.seen().at_work == frozenset()

    @pytest.mark.parametrize("writes", range(5))
    def test_a_queued_trial_outlives_whoever_takes_it(self, journal, ended, writes, mocker):
        """Whichever write to the storage is a worker's last, the next one tries what was queued."""
        one, two = worker(journal, 4), worker(journal, 4)
        one.queue([{"x": 0.5}])
        left = iter(range(writes))

        def written(write):
            return lambda *a, **k: write(*a, **k) if next(left, None) is not None else die()

        for name in ("set_trial_user_attr", "set_trial_state_values", "create_new_trial"):
            mocker.patch.object(one.shared.storage, name, written(getattr(one.shared.storage, name)))
        with suppress(KeyboardInterrupt):
            one.ask()
        dies(one, ended)
        again = two.ask()
        assert (0, 0.5) == (again.number, again.trial.suggest_float("x", 0, 1))

    def test_a_trial_that_kills_is_given_up(self, journal, ended):
        """After a few workers have died of it, it has failed, and the sweep goes on."""
        for attempt in range(1, ATTEMPTS + 1):
            engine = worker(journal, 2)
            assert (0, attempt) == engine.ask()[0:3:2]
            dies(engine, ended)
        engine = worker(journal, 2)
        assert 1 == engine.ask().number
        assert optuna.trial.TrialState.FAIL is study_in(journal).trials[0].state

    def test_the_lock_of_a_dead_worker_is_broken(self, journal, ended):
        """Who dies while it decides keeps nobody from deciding."""
        storage = opened(journal)
        lock = storage.create_new_study([optuna.study.StudyDirection.MINIMIZE], "s (locked)")
        storage.set_study_user_attr(lock, HOLDER, ended)
        began = time.monotonic()
        with alone(storage, "s", this_process()):
            assert time.monotonic() - began < 5
        assert [] == storage.get_all_studies()

    def test_a_lock_without_a_holder_is_broken_soon(self, journal, mocker):
        """Who died before it could say its name is not waited for as long as one that lives."""
        mocker.patch("tracked.sweeps.alone._UNNAMED", 0.1)
        storage = opened(journal)
        storage.create_new_study([optuna.study.StudyDirection.MINIMIZE], "s (locked)")
        with alone(storage, "s", this_process()):
            assert ["s (locked)"] == [study.study_name for study in storage.get_all_studies()]
        assert [] == storage.get_all_studies()

    def test_the_open_run_is_inherited(self, journal, ended):
        """Exactly one of the others is told that it has the sweep's run now."""
        one, two = worker(journal), worker(journal)
        told = []
        two._inherit = lambda: told.append("two")
        two.ask()
        assert ([], True) == (told, is_owner(one))
        dies(one, ended)
        two.ask()
        two.ask()
        assert (["two"], True) == (told, is_owner(two))


class TestBadInput:
    @pytest.mark.parametrize(
        ("storage", "said"),
        [
            ("study.db", "a file is also given as a Path"),
            ("journal:", "journal:PATH"),
            ("grpc://somewhere", "grpc://HOST:PORT"),
            ("redis://somewhere", "the URL of a database"),
            (optuna.storages.InMemoryStorage, "a storage of Optuna"),
            (3, "a path, a text"),
        ],
        ids=str,
    )
    def test_no_storage(self, storage, said):
        """What names no storage is refused where it is written."""
        with pytest.raises(ConfigError, match=said):
            Search(minimize="loss", storage=storage)

    @pytest.mark.parametrize(
        ("storage", "error", "said"),
        [
            ("postgresql://me:geheim@127.0.0.1:9/db", ConfigError, r"write postgresql\+psycopg2://"),
            ("nodb://me:geheim@127.0.0.1/db", ConfigError, "the URL of a database"),
            ("sqlite:////proc/no/study.db", BackendUnavailable, "unable to open database file"),
            ("journal:/proc/no/study.log", BackendUnavailable, "/proc/no"),
        ],
    )
    def test_storages_that_cannot_be_had(self, storage, error, said):
        """The error says which storage, why, and what to do; no password is in it."""
        with pytest.raises(error, match=said) as raised:
            opened(storage)
        assert "geheim" not in f"{raised.value}"
        assert shown(storage) in f"{raised.value}"

    def test_objectives_that_differ(self, journal):
        """Two sweeps of one name that look for different things: which they are."""
        worker(journal)
        for other in ({"maximize": "f1"}, {"maximize": (), "minimize": "acc"}, {"minimize": "loss"}):
            with pytest.raises(ConfigError, match="maximize acc, and this sweep is to") as raised:
                SharedStudy(search(journal, **other))
            assert "the study s in journal:" in f"{raised.value}"

    def test_spaces_that_differ(self, journal):
        """Two functions that choose one name from different ranges: which, and from what; a finished trial stays."""
        one, two = worker(journal), worker(journal, code="g")
        finish(one, one.ask())
        other = two.ask().trial
        assert 0 <= other.suggest_float("y", 0, 5) <= 5
        with pytest.raises(
            ConfigError, match=r"'x' is chosen from .*high.*:2.* here, and from .*high.*:1"
        ) as raised:
            other.suggest_float("x", 0, 2)
        assert "study_name=" in f"{raised.value}"
        assert (0.5,) == two.best().values

    def test_one_function_may_choose_anew(self, journal):
        """A range that depends on something is no other sweep."""
        one, two = worker(journal), worker(journal)
        finish(one, one.ask())
        assert 0 <= two.ask().trial.suggest_float("x", 0, 2) <= 2


class TestLadder:
    def test_paths_and_urls(self, tmp_path):
        """A path is a journal, in folders that are made; a URL is a database; nothing is memory."""
        names = [
            type(opened(given)).__name__
            for given in (None, tmp_path / "a" / "b.log", f"sqlite:///{tmp_path}/s")
        ]
        assert ["InMemoryStorage", "JournalStorage", "_CachedStorage"] == names
        assert (tmp_path / "a" / "b.log").exists()

    @pytest.mark.slow
    def test_proxy(self, tmp_path):
        """Optuna's gRPC proxy is named by host and port."""
        pytest.importorskip("grpc")
        program = (
            "import optuna, sys; optuna.storages.run_grpc_proxy_server("
            "optuna.storages.InMemoryStorage(), host='127.0.0.1', port=int(sys.argv[1]))"
        )
        from tests.servers import free_port

        port = free_port()
        server = subprocess.Popen(
            [sys.executable, "-c", program, str(port)], env={**os.environ, "PYTHONWARNINGS": ""}
        )
        try:
            one, two = worker(f"grpc://127.0.0.1:{port}", 2), worker(f"grpc://127.0.0.1:{port}", 2)
            finish(one, one.ask())
            finish(two, two.ask())
            assert (None, 2) == (one.ask(), len(two.ended()))
        finally:
            server.kill()
            server.wait()
        with pytest.raises(BackendUnavailable, match=f"grpc://127.0.0.1:{port}"):
            one.ask()
        AT_WORK.clear()
