"""The page of a report: its parts, that it stands by itself, and that nothing a run holds can break it."""

from __future__ import annotations

import random
from math import inf, nan

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reports.reading import read
from tracked.drawing import Html
from tracked.kinds.histogram import histogram
from tracked.kinds.timing import Samples
from tracked.reports import Node, Report, Search, Tried, importance, page

LARGEST = 300_000
"""Bytes of a report that is kept with a sweep, at most."""


def trial(number, value, **params):
    return Tried(number, "complete", (value,), params)


def search(trials, direction="maximize", best=None):
    return Search(("acc",), (direction,), trials, best)


def many(trials, params, course=0):
    """A sweep of this size, by a fixed seed."""
    chance = random.Random(0)
    made = []
    for number in range(trials):
        given = {"lr": 10 ** chance.uniform(-5, -1), "optimizer": chance.choice(["adam", "sgd"])}
        given |= {f"a_rather_long_name_of_parameter_{k}": chance.random() for k in range(params - 2)}
        value = chance.random()
        steps = [(float(step), value * step) for step in range(course)]
        made.append(Tried(number, chance.choice(["complete", "complete", "pruned"]), (value,), given, steps))
    return search(made, best=0)


def test_a_sweep_is_told_in_all_its_parts():
    """A sweep has the best so far, importance, courses, slices, parallel coordinates, trials, and the rest."""
    nodes = [Node("s", "sweep", "hpo", "FINISHED"), Node("b", "best", "training", "FAILED", {"s": "parent"})]
    found = Report(
        "sweep-1",
        "hpo",
        seconds=75.0,
        url="https://mlflow.example/#/experiments/1/runs/s",
        metrics={"acc": 0.5},
        params={"seed": "1"},
        files=["search_space.json"],
        search=many(20, 3, course=5),
        nodes=nodes,
        run="s",
    )
    told = read(page(found))
    assert [
        "Best so far",
        "Importance",
        "How each trial went",
        "Each parameter by itself",
        "All parameters together",
        "Trials",
        "Where it came from, and what came of it",
        "Metrics",
        "Params",
        "Files",
    ] == told.headings
    assert ["https://mlflow.example/#/experiments/1/runs/s"] == told.links
    assert "1 min 15 s" in told.text


def test_what_there_is_not_has_no_part():
    """A run that logged nothing is a page with a head and nothing else."""
    told = read(page(Report("bare", "training", "FAILED", why="ValueError: no data")))
    assert [] == told.headings
    assert "ValueError: no data" in told.text


def test_a_benchmark_shows_its_latencies_and_a_conversion_what_became_of_the_size():
    """Latencies are the picture that the benchmark keeps; before and after are sizes, their errors beside them."""
    samples = Samples()
    for ms in (1.0, 2.0, 3.0):
        samples.add(ms)
    picture = Html(histogram(samples.ms, samples.summary(), "calls"))
    metrics = {"model_size_mb": 2.0, "compression_ratio": 4.0, "max_abs_error": 1e-6}
    told = read(page(Report("convert", metrics=metrics, pictures=(picture,))))
    assert ["Before and after", "Latency", "Metrics"] == told.headings
    for text in ("8 MB", "2 MB", "max abs error", "1e-06", "3 calls"):
        assert text in told.text


def test_curves_are_shown_of_metrics_that_went_somewhere():
    """A metric of one point has no course; one of many is drawn with few points, from the first to the last."""
    long = [(float(step), step * 2.0) for step in range(100_000)]
    told = read(page(Report("run", curves={"loss": long, "once": [(0.0, 1.0)]})))
    assert ["How it went"] == told.headings
    assert "once" not in told.text
    (course,) = [d for kind, d in told.paths if kind == "best"]
    assert 200 < course.count("L") < 300


def test_the_best_so_far_is_the_best_whichever_way_is_better():
    """Each step is better than all before; a trial that breaks a constraint, and NaN, never is one."""
    values = [0.3, nan, 0.5, 0.4, 0.9, 0.1]
    trials = [trial(number, value) for number, value in enumerate(values)]
    trials[4] = Tried(4, "complete", (0.9,), {}, is_feasible=False)
    assert [(0.0, 0.3), (2.0, 0.5)] == search(trials).best_so_far()
    assert [(0.0, 0.3), (5.0, 0.1)] == search(trials, "minimize").best_so_far()
    assert [2, 3, 0, 5, 4] == [one.number for one in search(trials).ranked()]


def test_one_trial_far_off_does_not_hide_the_others():
    """What is far worse than most stands on the rim, and is told of; what is far better keeps its place."""
    values = [0.90 + n / 1000 for n in range(20)]
    for far, way in ((-1e6, "maximize"), (1e6, "minimize")):
        trials = [trial(n, value) for n, value in enumerate([*values, far])]
        told = read(page(Report("sweep", search=search(trials, way))))
        assert "1 that are far worse stand at the rim." in told.text
        assert "0.905" in told.text
    better = [trial(n, value) for n, value in enumerate([*values, 1e6])]
    assert "at the rim" not in read(page(Report("sweep", search=search(better)))).text


def test_importance_finds_what_matters_whatever_its_shape():
    """A hill, a choice and noise: the measure tells them apart, and says a direction only where there is one."""
    chance = random.Random(3)
    trials = []
    for number in range(200):
        hill, slope, choice = chance.uniform(-1, 1), chance.random(), chance.choice("ab")
        value = -2 * hill**2 + 1.2 * slope + 0.3 * (choice == "b") + chance.gauss(0, 0.05)
        trials.append(
            trial(number, value, hill=hill, slope=slope, choice=choice, noise=chance.random(), same=1)
        )
    found = {one.name: one for one in importance(search(trials))}
    assert ["hill", "slope", "choice", "noise"] == list(found)
    assert found["hill"].explained > 0.5
    assert found["noise"].explained < 0.05
    assert abs(found["hill"].correlation) < 0.3 < found["slope"].correlation
    assert found["choice"].correlation is None


def test_importance_says_nothing_of_few_trials():
    """Chance alone would look like importance: seven trials are told of by no number, and the page says so."""
    few = search([trial(number, float(number), lr=float(number)) for number in range(7)])
    assert [] == importance(few)
    assert "It takes 8 complete trials" in read(page(Report("sweep", search=few))).text


def test_a_large_sweep_stays_small():
    """500 trials of 50 parameters with courses, and everything long besides, fit into what is kept with a run."""
    names = [f"file-{'x' * 200}-{n}" for n in range(5000)]
    found = Report(
        "sweep",
        metrics={f"metric-{n}": 1.0 for n in range(5000)},
        params={f"param-{n}": "v" * 6000 for n in range(500)},
        curves={f"curve-{n}": [(float(s), float(s)) for s in range(2000)] for n in range(100)},
        files=names,
        search=many(500, 50, course=100),
        nodes=[Node(str(n), "n" * 200, "trial", "FINISHED", {"0": "x"}) for n in range(2000)],
    )
    told = page(found)
    assert len(told.encode()) < LARGEST
    assert "trials are shown" in read(told).text


def test_a_fast_sweep_keeps_its_many_trials_in_one_box():
    """The graph of a sweep has a box for all its trials and one for all that is in them; few are shown one by one."""
    nodes = [Node("s", "sweep", "hpo", "FINISHED")]
    for n in range(30):
        nodes += [Node(f"t{n}", f"trial-{n}", "hpo_trial", "FINISHED", {"s": "parent"})]
        nodes += [Node(f"r{n}", f"train-{n}", "training", "FINISHED", {f"t{n}": "parent"})]
    told = read(page(Report("sweep", nodes=nodes, run="s")))
    assert "30 times hpo_trial" in told.text
    assert "30 times training" in told.text
    assert "trial-3" not in told.text
    assert 3 == told.tags.count("g")
    one = read(page(Report("trial", nodes=nodes[:3], run="t0")))
    assert "trial-0" in one.text
    assert "train-0" in one.text


def test_a_circle_of_runs_has_an_end():
    """Runs that name each other, or themselves, are drawn all the same."""
    nodes = [Node("a", "a", "", "FINISHED", {"b": "x"}), Node("b", "b", "", "FINISHED", {"a": "x", "b": "y"})]
    assert 2 == read(page(Report("a", nodes=nodes, run="a"))).tags.count("g")


HOSTILE = "<script>alert(1)</script>\" onload='x' &lt; ]]> \x00\x1b[31m \ud800 </style></svg>"


def test_whatever_a_run_is_called_is_text():
    """Names and values are shown as they are, and none of them can open an element, an attribute or a script."""
    trials = [Tried(n, "complete", (float(n),), {HOSTILE: HOSTILE if n % 2 else "b"}) for n in range(9)]
    found = Report(
        HOSTILE,
        HOSTILE,
        HOSTILE,
        1.0,
        HOSTILE,
        HOSTILE,
        f"https://x/{HOSTILE}",
        HOSTILE,
        HOSTILE,
        {HOSTILE: HOSTILE},
        {HOSTILE: 1.0},
        {HOSTILE: [(0.0, 1.0), (1.0, 2.0)]},
        {HOSTILE: HOSTILE},
        [HOSTILE],
        Search((HOSTILE, HOSTILE), ("maximize", "minimize"), trials, 1, [1]),
        nodes=[Node(HOSTILE, HOSTILE, HOSTILE, HOSTILE), Node("b", HOSTILE, "", "", {HOSTILE: HOSTILE})],
        run=HOSTILE,
    )
    told = page(found)
    assert "<script>alert(1)</script>" in read(told).text
    assert "\x00" not in told
    assert "\x1b" not in told


NUMBERS = st.floats() | st.integers(min_value=-(10**400), max_value=10**400)
CHOSEN = NUMBERS | st.text(max_size=20) | st.booleans() | st.none()
STATES = st.sampled_from(["complete", "pruned", "failed", "running"])


@st.composite
def searches(draw):
    names = draw(st.lists(st.text(max_size=10), max_size=4, unique=True))
    objectives = draw(st.lists(st.text(max_size=8), min_size=1, max_size=3))
    values = st.lists(st.floats(), max_size=len(objectives))
    course = st.lists(st.tuples(st.floats(), st.floats()), max_size=5)
    trials = [
        Tried(
            number,
            draw(STATES),
            draw(values),
            {name: draw(CHOSEN) for name in names if draw(st.booleans())},
            draw(course),
            draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 14)))
    ]
    ways = [draw(st.sampled_from(["maximize", "minimize"])) for _ in objectives]
    return Search(objectives, ways, trials, draw(st.none() | st.integers(0, 14)), [0, 3])


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(searches())
def test_any_search_has_a_page(found):
    """NaN, infinities, numbers beyond any float, no trial or one, what is missing: the page is whole."""
    read(page(Report("sweep", search=found, curves={"loss": [(0.0, nan), (1.0, inf)]}, metrics={"x": -inf})))


@given(st.lists(st.floats(allow_nan=False), min_size=8, max_size=40), st.randoms())
def test_importance_is_a_share(values, chance):
    """Whatever the values, what is explained is from 0 to 1, and a correlation from -1 to 1."""
    trials = [trial(n, v, a=chance.choice(values), b=chance.choice("xyz")) for n, v in enumerate(values)]
    for one in importance(search(trials)):
        assert 0 <= one.explained <= 1
        assert -1 <= (one.correlation or 0) <= 1


@pytest.mark.parametrize(
    "values", [[5e-324, 1e-323], [1e308, -1e308], [1.0, 1.0 + 2e-16], [0.0, 0.0], [1e-300, 1e300]]
)
def test_an_axis_has_marks_for_any_span(values):
    """The least and the greatest number, next to equal ones, and both ends of what there is, have places and marks."""
    told = read(page(Report("run", curves={"loss": list(enumerate(values * 3))})))
    assert [d for kind, d in told.paths if kind == "best"]
