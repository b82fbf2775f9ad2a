import logging
import threading

import optuna
import pytest

from tracked.sweeps import Search
from tracked.sweeps.optuna_engine import OptunaEngine


@pytest.fixture
def optuna_log():
    """Lines that Optuna's own console handler lets through."""
    [handler] = [h for h in logging.getLogger("optuna").handlers if type(h) is logging.StreamHandler]
    lines = []
    emit, handler.emit = handler.emit, lambda record: lines.append(record.getMessage())
    yield lines
    handler.emit = emit


def test_the_trial_is_optunas_own():
    """A function written for Optuna gets the trial it was written for."""
    assert isinstance(OptunaEngine(Search(maximize="acc")).ask().trial, optuna.Trial)


def test_the_users_verbosity_is_left_alone(optuna_log):
    """Making a study says nothing, and Optuna speaks afterwards as the user had set it."""
    before = optuna.logging.get_verbosity()
    OptunaEngine(Search(maximize="acc"))
    assert [] == optuna_log
    assert before == optuna.logging.get_verbosity()
    optuna.create_study()
    assert 1 == len(optuna_log)


def test_other_threads_are_heard_meanwhile(optuna_log, monkeypatch):
    """A study that the user makes in another thread at that moment is announced as ever."""
    create = optuna.create_study

    def create_with_neighbour(**options):
        neighbour = threading.Thread(target=create)
        neighbour.start()
        neighbour.join()
        return create(**options)

    monkeypatch.setattr(optuna, "create_study", create_with_neighbour)
    OptunaEngine(Search(maximize="acc"))
    assert 1 == len(optuna_log)


def test_warnings_of_optuna_are_heard(optuna_log, monkeypatch):
    """Only announcements are kept quiet, never a warning."""
    create = optuna.create_study

    def create_with_warning(**options):
        logging.getLogger("optuna.study.study").warning("beware")
        return create(**options)

    monkeypatch.setattr(optuna, "create_study", create_with_warning)
    OptunaEngine(Search(maximize="acc"))
    assert ["beware"] == optuna_log


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (None, optuna.samplers.TPESampler),
        ("tpe", optuna.samplers.TPESampler),
        ("random", optuna.samplers.RandomSampler),
        ("nsga2", optuna.samplers.NSGAIISampler),
    ],
)
def test_samplers_go_by_name(name, kind):
    """A sampler can be named without importing Optuna, and takes the seed."""
    assert kind is type(OptunaEngine(Search(maximize="acc", sampler=name, seed=1)).study.sampler)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (None, optuna.pruners.MedianPruner),
        ("none", optuna.pruners.NopPruner),
        ("median", optuna.pruners.MedianPruner),
        ("hyperband", optuna.pruners.HyperbandPruner),
        ("halving", optuna.pruners.SuccessiveHalvingPruner),
    ],
)
def test_pruners_go_by_name(name, kind):
    """A pruner can be named without importing Optuna."""
    assert kind is type(OptunaEngine(Search(maximize="acc", pruner=name)).study.pruner)


def test_objects_of_optuna_are_taken_as_they_are():
    """Whoever builds sampler and pruner by hand gets exactly these."""
    sampler, pruner = optuna.samplers.RandomSampler(seed=3), optuna.pruners.PercentilePruner(25.0)
    study = OptunaEngine(Search(minimize="loss", sampler=sampler, pruner=pruner)).study
    assert (sampler, pruner) == (study.sampler, study.pruner)


def test_the_pruner_stops_a_hopeless_trial():
    """Intermediate values reach the pruner, which tells a trial far below the others to stop."""
    engine = OptunaEngine(Search(maximize="acc", pruner=optuna.pruners.MedianPruner(n_startup_trials=2)))
    for acc in (0.8, 0.9):
        good = engine.ask()
        good.trial.report(acc, 0)
        engine.tell(good, "complete", [acc])
    bad = engine.ask()
    bad.trial.report(0.1, 0)
    assert bad.trial.should_prune()
    assert ("pruned", (0.1,)) == engine.tell(bad, "pruned", None)[1:3]


def test_a_named_study_goes_on(tmp_path):
    """After a stop, the same study hands out what is missing; what failed is tried again."""
    search = Search(n_trials=4, maximize="acc", storage=f"sqlite:///{tmp_path}/study.db", study_name="s")
    engine = OptunaEngine(search)
    engine.tell(engine.ask(), "complete", [0.5])
    engine.tell(engine.ask(), "pruned", None)
    engine.tell(engine.ask(), "failed", None)
    engine.ask()  # killed: never told

    again = OptunaEngine(search)
    assert (0.5,) == again.best().values
    assert [4, 5] == [again.ask().number, again.ask().number]
    assert again.ask() is None
