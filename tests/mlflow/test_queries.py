import math
import sys
from datetime import datetime, timezone

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mlflow.utils.search_utils import SearchUtils

from tracked import tags as t
from tracked.errors import ConfigError
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.columns import LARGEST, facts_of, number_text
from tracked.mlflow.finder import search
from tracked.mlflow.queries import asked
from tracked.ports import Point
from tracked.records import Opened

NOW = 1_700_000_000_000
NOTES = [
    *(
        "plain",
        "",
        "it's",
        'say "no"',
        'it\'s "both"',
        "back\\slash",
        "end\\",
        "`tick`",
        "a\nb",
        "50%",
        "a_b",
    ),
    *(
        "axb",
        "' OR '1'='1",
        "é \u2013 漢😀",
        "AND",
        "x; DROP TABLE runs",
        "-- x",
        "\u00a0",
        "Plain",
        "5",
        "5.0",
        "ab\\'cd",
    ),
]
"""The values of ``tags.note``, each of one run; the run after them has none."""

ODD_KEYS = ["case", "a b", "params.x", "batch-size", "1", "a/b", "group.by"]
"""Tags that every third run has."""


def fill(uri, templates=None, experiment="odd"):
    """Runs ``r0``, ``r1``... with the notes above, and numbers that are none."""
    backend = MlflowBackend(uri, templates)
    numbers = [0.1, -0.5, 1e-05, 1e16, math.inf, -math.inf, math.nan, LARGEST, 5e-324]
    for i, note in enumerate([*NOTES, None]):
        tags = {"parity": str(i % 2), **({"note": note} if note is not None else {})}
        tags |= dict.fromkeys(ODD_KEYS, str(i)) if i % 3 == 0 else {}
        made = backend.create(Opened(f"{i:032x}", NOW + 1000 * i, f"r{i}", experiment, tags=tags), None)
        points = [Point("loss", numbers[i], NOW, 0)] if i < len(numbers) else []
        params = {"lr": str(10.0**-i), "note": note} if note else {"lr": "no number"}
        backend.log(made.run_id, points, params, {})
        if i % 5 == 0:
            backend.close(made.run_id, "FAILED", NOW + 1000 * i + 1)
    return uri


@pytest.fixture(scope="module")
def odd(tmp_path_factory, templates):
    """A sqlite store of runs with odd values."""
    return fill(f"sqlite:///{tmp_path_factory.mktemp('queries')}/mlflow.db", templates)


def found(uri, where, **more):
    """The numbers of the runs for which this holds, in order."""
    return sorted(int(run.info.run_name[1:]) for run in search(uri, "odd", where=where, **more))


def noted(*notes):
    """The numbers of the runs with these notes."""
    return sorted(NOTES.index(note) for note in notes)


ALL = set(range(len(NOTES) + 1))
ANSWERS = [
    ({"parity": "1"}, [i for i in ALL if i % 2]),
    ({"tags.parity": 1, "status": "FAILED"}, [i for i in ALL if i % 2 and i % 5 == 0]),
    ({"note": ["plain", "it's \"both\"", "nobody's"]}, noted("plain", "it's \"both\"")),
    ({"note": None}, [len(NOTES)]),
    ({"note": ("not", None)}, range(len(NOTES))),
    ({"note": ("!=", "plain")}, sorted(ALL - {0, len(NOTES)})),
    ({"note": ("not", "plain")}, sorted(ALL - {0})),
    ({"note": ("not", ["plain", None])}, sorted(ALL - {0, len(NOTES)})),
    ({"note": ("not in", ["plain", "it's"])}, sorted(ALL - {*noted("plain", "it's"), len(NOTES)})),
    ({"note": ("not in", [])}, range(len(NOTES))),
    ({"note": [("not", "plain")]}, sorted(ALL - {0})),
    ({"note": []}, []),
    ({"note": ("in", NOTES[:5])}, range(5)),
    ({"note": ("in", NOTES)}, range(len(NOTES))),
    ({"note": ("like", "a_b")}, noted("a\nb", "a_b", "axb")),
    ({"note": ("like", "%'%")}, [i for i, note in enumerate(NOTES) if "'" in note]),
    ({"note": ("ilike", "PLAIN")}, noted("plain", "Plain")),
    ({"note": (">", 4)}, noted("5", "5.0")),
    ({"note": 5}, noted("5")),
    ({"params.lr": ("<", 1e-19)}, [20, 21]),
    ({"params.lr": "1.0"}, [0]),
    ({"metrics.loss": (">", 0)}, [0, 2, 3, 4, 7, 8]),
    ({"metrics.loss": ((">", -1), ("<", 1))}, [0, 1, 2, 8]),
    ({"metrics.loss": [("<", -1), (">", 1)]}, [3, 4, 5, 7]),
    ({"metrics.loss": math.inf}, [4]),
    ({"metrics.loss": -math.inf}, [5]),
    ({"metrics.loss": (">", LARGEST)}, [4]),
    ({"metrics.loss": (">=", LARGEST)}, [4, 7]),
    ({"metrics.loss": ("<", math.inf)}, [0, 1, 2, 3, 5, 7, 8]),
    ({"metrics.loss": math.nan}, [6]),
    ({"metrics.loss": ("!=", math.nan)}, [0, 1, 2, 3, 4, 5, 7, 8]),
    ({"metrics.loss": ("!=", 0.1)}, range(1, 9)),
    ({"metrics.loss": ("not", (">", 0))}, sorted(ALL - {0, 2, 3, 4, 7, 8})),
    ({"metrics.loss": 1e16}, [3]),
    ({"metrics.loss": 5e-324}, [8]),
    ({"start_time": (">", datetime.fromtimestamp(NOW / 1000 + 19, timezone.utc))}, [20, 21, 22]),
    ({"attributes.start_time": NOW}, [0]),
    ({"run_name": ["r3", "r5"]}, [3, 5]),
    ({"run_name": ("like", "r2%")}, [2, 20, 21, 22]),
    ([{"note": "plain"}, {"parity": "1", "metrics.loss": -0.5}], [0, 1]),
    (({"parity": "1"}, [{"run_name": "r1"}, {"run_name": "r2"}]), [1]),
    ([], []),
    ({}, sorted(ALL)),
]  # fmt: skip


@pytest.mark.parametrize(("where", "numbers"), ANSWERS, ids=lambda value: repr(value)[:60])
def test_a_question_has_its_answer(odd, where, numbers):
    """AND, OR, IN, NOT, absence, comparison and patterns mean what they say, whatever the values are."""
    assert list(numbers) == found(odd, where)


@pytest.mark.parametrize("note", NOTES)
def test_any_value_is_found(odd, note):
    """No quote, backslash, line break or word of SQL in a value hides its run or lets another one in."""
    assert noted(note) == found(odd, {"note": note})
    assert noted(note) == found(odd, {"note": [note]}) == found(odd, {"note": ("not", ("not", note))})


@pytest.mark.parametrize("key", ODD_KEYS)
def test_any_key_is_asked_for(odd, key):
    """Words of SQL, blanks and dashes in a key are no matter."""
    assert [3] == found(odd, {f"tags.{key}": "3"})


@pytest.mark.parametrize("key", ["a`b", "a'b", 'a"b', "a\\b"])
def test_a_key_that_no_store_can_hold_finds_nothing(odd, key):
    """Nor does it break the filter."""
    assert [] == found(odd, {f"tags.{key}": "3"})
    assert sorted(ALL) == found(odd, {f"tags.{key}": None})


CONDITIONS = st.recursive(
    st.one_of(
        st.none(),
        st.sampled_from(NOTES),
        st.text(max_size=6).filter(lambda text: "\x00" not in text),
        st.tuples(st.sampled_from(["=", "!="]), st.sampled_from(NOTES)),
        st.tuples(st.sampled_from(["like", "ilike"]), st.text("ab%_'\"\\`\n", max_size=4)),
        st.tuples(st.sampled_from(["<", ">=", ">"]), st.floats(allow_nan=False)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(st.just("not"), inner),
    ),
    max_leaves=4,
)
QUESTIONS = st.dictionaries(st.sampled_from(["note", "params.note", "parity", "tags.absent"]), CONDITIONS)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.one_of(QUESTIONS, st.lists(QUESTIONS, max_size=3)))
@example(where={"note": NOTES[:15], "parity": ["0", "1"]})
def test_what_the_store_is_asked_leaves_out_no_run(odd, everything, where):
    """The filters for a question let all runs through for which it holds."""
    holds = asked(where).holds
    expected = sorted(int(run.info.run_name[1:]) for run in everything if holds(facts_of(run)))
    assert expected == found(odd, where)


@pytest.fixture(scope="module")
def everything(odd):
    """All runs of the store."""
    return search(odd, "odd")


@given(number=st.floats(allow_nan=False, allow_infinity=False))
@example(number=sys.float_info.max)
@example(number=-1.7e300)
def test_a_number_is_read_as_it_was_meant(number):
    """MLflow's parser takes each number, and to the last bit."""
    (clause,) = SearchUtils.parse_search_filter(f"metrics.`x` >= {number_text(number)}")
    assert number == float(clause["value"])


@given(text=st.text(max_size=30))
def test_only_text_that_reads_back_is_written_into_a_filter(text):
    """Whatever the value is, the filter is one clause about that key, and holds nothing else."""
    (filter_string,) = asked({"tags.k e.y": text}).filters("params.`x` = 'y'")
    first, second = SearchUtils.parse_search_filter(filter_string)
    assert "y" == first["value"]
    assert ("tag", "k e.y") == (second["type"], second["key"])
    assert second["comparator"] == "LIKE" or second["value"] == text


def test_the_store_is_not_asked_too_often():
    """A long list, lists that multiply and what no filter can say are asked in few filters, and tested here."""
    many = list(map(str, range(100)))
    assert ["tags.`note` LIKE '%'"] == asked({"note": many}).filters()
    assert 5 == len(asked({"note": many[:10], "parity": many[:5]}).filters())
    assert [""] == asked([{"note": "plain"}, {"note": None}]).filters()


def test_where_and_a_filter_both_hold(odd):
    """A filter of MLflow's and data may stand together."""
    assert [3, 9] == found(odd, {"run_name": ["r3", "r9", "r4"]}, filter_string="tags.parity = '1'")


def test_several_ways_keep_the_order(odd):
    """The runs of a question that takes several filters come once each, in the order that one filter would give."""
    where = [{"parity": "0"}, {"parity": "1"}, {"run_name": "r3"}]
    for order in (
        ["metrics.loss DESC"],
        ["metrics.loss"],
        ["attributes.start_time ASC"],
        ["tags.note DESC"],
        [],
    ):
        one = [run.info.run_id for run in search(odd, "odd", order_by=order)]
        several = [run.info.run_id for run in search(odd, "odd", where=where, order_by=order)]
        assert one == several
        assert one[:5] == [
            r.info.run_id for r in search(odd, "odd", where=where, order_by=order, max_results=5)
        ]


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("tags.stage = 'hpo'", "mapping"),
        ({"": 1}, "text such as"),
        ({"metrics.f1": (">>", 1)}, "operator"),
        ({"metrics.f1": (">", 1, 2)}, "operator"),
        ({"metrics.f1": ()}, "operator"),
        ({"metrics.f1": (">", "much")}, "number"),
        ({"metrics.f1": (">", math.nan)}, "NaN"),
        ({"metrics.f1": ("like", "a")}, "text"),
        ({"stage": ("not in", "hpo")}, "list"),
        ({"parms.lr": 1}, "did you mean 'params.lr'"),
        ({"attributes.stauts": 1}, "did you mean 'status'"),
    ],
)
def test_what_is_no_question_is_refused(odd, where, told):
    """A slip is an error that says which part, never an empty answer."""
    with pytest.raises(ConfigError, match=told):
        search(odd, "odd", where=where)


@pytest.mark.server
def test_a_server_gives_the_same_answers(server_uri):
    """Over HTTP the questions mean the same."""
    fill(server_uri, experiment="odd")
    for where, numbers in ANSWERS[::9]:
        assert list(numbers) == found(server_uri, where), where
    assert noted(*NOTES[4:6]) == found(server_uri, {"note": NOTES[4:6]})


def test_the_former_systems_mistake_is_a_question_here(odd):
    """An OR in parentheses, which MLflow refuses, is a list; in a filter string it is an error that says so."""
    assert [0, 2] == found(odd, [{"note": "plain"}, {"params.note": "it's"}])
    with pytest.raises(ConfigError, match="where="):
        search(odd, "odd", "(tags.note = 'plain' OR tags.note = 'x')")


def test_a_tag_of_an_infinity_is_no_matter_for_a_finite_value(odd):
    """Once infinite, later finite: the value is what it is now."""
    backend = MlflowBackend(odd)
    made = backend.create(Opened("f" * 32, NOW, "x1", "later"), None)
    backend.log(made.run_id, [Point("loss", math.inf, NOW, 0)], {}, {})
    backend.log(made.run_id, [Point("loss", 2.0, NOW + 1, 1)], {}, {})
    (run,) = search(odd, "later", where={"metrics.loss": 2.0})
    assert t.INFINITE + "loss" in run.data.tags
