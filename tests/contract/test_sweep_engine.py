from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import optuna
import pytest

from tracked.identity import plain_space
from tracked.sweeps import Search
from tracked.sweeps.memory import Pruned, RandomEngine
from tracked.sweeps.optuna_engine import OptunaEngine
from tracked.sweeps.shared import SharedStudy
from tracked.sweeps.shared_engine import SharedEngine


class SweepEngineContract:
    """What every search engine must keep; a subclass names the engine and its way to prune."""

    make = None
    pruned = None

    def engine(self, n_trials=None, **search):
        """The engine for a search that maximizes ``acc`` unless told otherwise."""
        search = search if {"maximize", "minimize"} & set(search) else {"maximize": "acc", **search}
        return self.make(Search(n_trials=n_trials, **search))

    def run(self, engine, *outcomes):
        """One trial for each outcome: values are told as complete, a text as that state."""
        return [
            engine.tell(engine.ask(), outcome, None)
            if isinstance(outcome, str)
            else engine.tell(engine.ask(), "complete", outcome)
            for outcome in outcomes
        ]

    def test_exactly_n_trials_are_handed_out(self):
        """A sweep of three tries three points, however they end, and never a fourth."""
        engine = self.engine(n_trials=3)
        asked = [engine.ask() for _ in range(5)]
        assert [0, 1, 2] == [suggested.number for suggested in asked[:3]]
        assert [None, None] == asked[3:]

    def test_without_n_trials_there_is_always_another(self):
        """Whoever stops by the clock alone never runs out of trials."""
        engine = self.engine()
        assert list(range(50)) == [engine.ask().number for _ in range(50)]

    def test_what_is_queued_comes_next_and_beyond(self):
        """Hyperparameters that are queued are tried as they are, after the last trial too."""
        engine = self.engine(n_trials=1)
        engine.tell(engine.ask(), "failed", None)
        assert engine.ask() is None
        engine.queue([{"x": 0.25}, {"x": 0.75}])
        asked = [engine.ask() for _ in range(3)]
        assert [0.25, 0.75] == [one.trial.suggest_float("x", 0, 1) for one in asked[:2]]
        assert ([1, 2], None) == ([one.number for one in asked[:2]], asked[2])

    def test_threads_never_share_a_trial(self):
        """Eight threads that ask at once get each trial once, and n_trials in all."""
        engine = self.engine(n_trials=40)

        def worker(_):
            numbers = []
            while suggested := engine.ask():
                acc = suggested.trial.suggest_float("x", 0, 1)
                numbers.append(engine.tell(suggested, "complete", [acc]).number)
            return numbers

        with ThreadPoolExecutor(8) as pool:
            told = sorted(number for numbers in pool.map(worker, range(8)) for number in numbers)
        assert list(range(40)) == told

    def test_params_are_those_of_the_trial_so_far(self):
        """A trial that dies half-way still says what had been chosen, and only its own."""
        engine = self.engine(n_trials=2)
        first, second = engine.ask(), engine.ask()
        assert {} == engine.params(first)
        lr = first.trial.suggest_float("lr", 1e-5, 1e-1, log=True)
        assert {"lr": lr} == engine.params(first)
        assert {} == engine.params(second)
        layers = first.trial.suggest_int("layers", 1, 4)
        assert {"lr": lr, "layers": layers} == engine.tell(first, "failed", None).params

    def test_suggestions_keep_their_bounds(self):
        """Whatever is drawn lies in the space that was declared, on its grid and of its type."""
        engine = self.engine(n_trials=30, seed=0)
        while suggested := engine.ask():
            trial = suggested.trial
            assert 1e-5 <= trial.suggest_float("lr", 1e-5, 1e-1, log=True) <= 1e-1
            assert trial.suggest_float("dropout", 0, 0.5, step=0.25) in (0, 0.25, 0.5)
            assert trial.suggest_int("batch", 8, 64, log=True) in range(8, 65)
            assert trial.suggest_int("width", 2, 10, step=4) in (2, 6, 10)
            assert trial.suggest_categorical("optimizer", ["sgd", "adam"]) in ("sgd", "adam")
            assert isinstance(trial.params["batch"], int)

    def test_asking_twice_for_a_name_gives_the_same_answer(self):
        """A hyperparameter is chosen once in a trial."""
        trial = self.engine(n_trials=1).ask().trial
        assert trial.suggest_float("lr", 0, 1) == trial.suggest_float("lr", 0, 1)

    def test_a_seed_repeats_the_search(self):
        """The same seed draws the same points, another seed others."""

        def drawn(seed):
            engine = self.engine(n_trials=4, seed=seed)
            points = []
            while suggested := engine.ask():
                points.append(suggested.trial.suggest_float("x", 0, 1))
                engine.tell(suggested, "complete", [points[-1]])
            return points

        assert drawn(1) == drawn(1)
        assert drawn(1) != drawn(2)

    @pytest.mark.parametrize(("direction", "number"), [("maximize", 2), ("minimize", 0)])
    def test_the_best_follows_the_direction(self, direction, number):
        """The best is the highest where one maximizes and the lowest where one minimizes."""
        engine = self.engine(**{direction: "value"})
        told = self.run(engine, [0.1], [0.2], [0.9])
        assert told[number] == engine.best()

    def test_equal_trials_leave_the_first_as_best(self):
        """A later trial has to be better, not as good."""
        engine = self.engine()
        self.run(engine, [0.5], [0.5])
        assert 0 == engine.best().number

    @pytest.mark.parametrize("values", [[float("nan")], [], [0.1, 0.2], None])
    def test_what_cannot_be_ranked_has_failed_and_is_never_best(self, values):
        """NaN, no number or too many: the trial has failed, and any complete one beats it."""
        engine = self.engine()
        assert "failed" == engine.tell(engine.ask(), "complete", values).state
        assert engine.best() is None
        self.run(engine, [-1e9])
        assert (-1e9,) == engine.best().values

    def test_only_complete_trials_are_best(self):
        """Pruned and failed trials are told as such, and a sweep of nothing else has no best."""
        engine = self.engine()
        assert engine.best() is None
        assert ["pruned", "failed"] == [told.state for told in self.run(engine, "pruned", "failed")]
        assert engine.best() is None

    def test_the_first_answer_stays(self):
        """A trial that is reported twice, by a handler of signals say, ends as it first did."""
        engine = self.engine()
        suggested = engine.ask()
        first = engine.tell(suggested, "complete", [0.7])
        assert first == engine.tell(suggested, "failed", None)
        assert first == engine.best()

    @pytest.mark.parametrize(
        ("search", "best"),
        [
            ({"maximize": "acc", "minimize": "loss"}, (2, (0.9, 2))),
            ({"minimize": ("acc", "loss")}, (1, (0.1, 1))),
        ],
    )
    def test_several_objectives_have_one_best(self, search, best):
        """Of two objectives the first decides, and among its equals the second."""
        engine = self.engine(**search)
        self.run(engine, [0.9, 5], [0.1, 1], [0.9, 2])
        assert best == (engine.best().number, engine.best().values)

    def test_the_front_is_what_nothing_beats(self):
        """Of several objectives those trials are on the front that no other one beats; of one, the best."""
        engine = self.engine(maximize="acc", minimize="loss")
        self.run(engine, [0.9, 5], [0.1, 1], [0.8, 6], "failed", [0.5, 2])
        assert [0, 1, 4] == [told.number for told in engine.pareto()]
        single = self.engine()
        assert [] == list(single.pareto())
        self.run(single, [0.1], [0.9], "pruned")
        assert [1] == [told.number for told in single.pareto()]

    def test_a_broken_constraint_is_never_best(self):
        """A trial that breaks a constraint is complete, and neither the best nor on the front."""
        engine = self.engine()
        best, broken = engine.ask(), engine.ask()
        if not hasattr(broken.trial, "set_constraint"):
            pytest.skip("before Optuna 5 constraints are the sampler's")
        best.trial.set_constraint("memory", -1)
        broken.trial.set_constraint("memory", 2)
        assert not engine.tell(broken, "complete", [9]).is_feasible
        assert engine.best() is None
        engine.tell(best, "complete", [1])
        assert [best.number] == [engine.best().number] == [told.number for told in engine.pareto()]

    def test_what_is_missing(self):
        """Of three wanted trials two are missing: the failed one with what it tried, the other one unknown."""
        engine = self.engine(n_trials=3)
        failed = engine.ask()
        x = failed.trial.suggest_float("x", 0, 1)
        engine.tell(failed, "failed", None)
        self.run(engine, "pruned")
        assert [{"x": x}, {}] == list(engine.missing())

    def test_a_trial_tells_what_it_was_chosen_from(self):
        """The space that a trial declared comes back with its end, the same from every engine."""
        engine = self.engine()
        suggested = engine.ask()
        suggested.trial.suggest_float("lr", 1e-5, 1, log=True)
        suggested.trial.suggest_float("drop", 0, 0.5, step=0.25)
        suggested.trial.suggest_int("depth", 1, 8)
        suggested.trial.suggest_categorical("kind", ["a", "b"])
        told = engine.tell(suggested, "complete", [1])
        assert {
            "lr": {"type": "float", "low": 1e-5, "high": 1, "log": True},
            "drop": {"type": "float", "low": 0, "high": 0.5, "step": 0.25},
            "depth": {"type": "int", "low": 1, "high": 8},
            "kind": ["a", "b"],
        } == {name: plain_space(space) for name, space in told.space.items()}

    def test_it_says_what_it_is(self):
        """Engine, sampler and pruner are known by name."""
        assert {"engine", "sampler", "pruner"} == set(self.engine().about)

    def test_pruning_is_told_from_failing(self):
        """Only the engine's own exception means that a trial was pruned."""
        engine = self.engine()
        assert engine.is_pruned(self.pruned("hopeless"))
        assert not engine.is_pruned(ValueError("broken"))
        assert not engine.is_pruned(KeyboardInterrupt())

    def test_a_trial_takes_intermediate_values(self):
        """Reporting progress and asking whether to go on works with every engine."""
        engine = self.engine()
        suggested = engine.ask()
        engine.report(suggested, 0.1, 0)
        suggested.trial.report(0.1, 1)
        assert not suggested.trial.should_prune()

    def test_nothing_is_printed(self, capfd):
        """An engine says nothing by itself: what is said is the caller's business."""
        engine = self.engine(n_trials=2)
        suggested = engine.ask()
        engine.tell(suggested, "complete", [1])
        engine.tell(suggested, "complete", [1])
        self.run(engine, [float("nan")])
        engine.best()
        assert ("", "") == capfd.readouterr()


class TestOptunaEngine(SweepEngineContract):
    """Optuna keeps the contract."""

    make = OptunaEngine
    pruned = optuna.TrialPruned


AT_WORK = []


@pytest.fixture(autouse=True)
def _at_rest():
    yield
    while AT_WORK:
        AT_WORK.pop().leave()


def shared(search):
    """An engine that is one of several."""
    study = SharedStudy(replace(search, storage=optuna.storages.InMemoryStorage(), study_name="s"))
    with study.alone():
        study.begin_round()
        study.worker.enter()
    AT_WORK.append(study.worker)
    return SharedEngine(study)


class TestSharedEngine(SweepEngineContract):
    """Optuna with others keeps the contract."""

    make = staticmethod(shared)
    pruned = optuna.TrialPruned


class TestRandomEngine(SweepEngineContract):
    """The search in memory keeps the contract."""

    make = RandomEngine
    pruned = Pruned
