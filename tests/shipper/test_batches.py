from __future__ import annotations

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from tests.journals import NOW, RUN, opened, points
from tracked.ports import Limits, Point
from tracked.records import Artifact, Closed, Metrics, Opened, Params, Tags
from tracked.shipper.batches import Batch, actions

RUNS = st.sampled_from(["r1", "r2", "r3"])
KEYS = st.text("abc", min_size=1, max_size=2)
TEXTS = st.dictionaries(KEYS, st.text("xyz", max_size=6), max_size=6)
VALUES = st.dictionaries(KEYS, st.floats(allow_nan=False), max_size=8)
RECORDS = st.lists(
    st.one_of(
        RUNS.map(opened),
        st.builds(Params, RUNS, TEXTS),
        st.builds(
            Metrics,
            RUNS,
            st.integers(0, 9),
            st.integers(0, 9) | st.dictionaries(KEYS, st.integers(0, 9)),
            VALUES,
        ),
        st.builds(Tags, RUNS, TEXTS),
        st.builds(Artifact, RUNS, KEYS, KEYS, st.just(1)),
        st.builds(Closed, RUNS, st.just(NOW), st.just("FINISHED")),
    ),
    max_size=25,
)
LIMITS = st.builds(Limits, *(st.integers(1, top) for top in (5, 4, 4, 6)), bytes=st.integers(1, 20))


def pieces(record):
    """What a store must get of this record, piece by piece."""
    if isinstance(record, Metrics):
        steps = record.steps if isinstance(record.steps, dict) else dict.fromkeys(record.values, record.steps)
        return [Point(key, value, record.time, steps.get(key, 0)) for key, value in record.values.items()]
    if isinstance(record, Params | Tags):
        return [(type(record), key, value) for key, value in record.values.items()]
    return [record]


def sent(action):
    """The same for what is sent."""
    if not isinstance(action, Batch):
        return [action]
    params, tags = (
        [(kind, *pair) for pair in pairs] for kind, pairs in ((Params, action.params), (Tags, action.tags))
    )
    return [*action.points, *params, *tags]


def without_overwritten(found):
    """Only the last value of each tag: others need not be sent."""
    tags = {piece[1]: piece for piece in found if piece[0] is Tags}
    return [piece for piece in found if piece[0] is not Tags or tags[piece[1]] == piece]


@given(RECORDS, LIMITS)
def test_nothing_is_lost_and_nothing_is_added(records, limits):
    """For any records and limits, each run gets its points, params, last tags, files and ends."""
    done = list(actions(records, limits))
    for run in ("r1", "r2", "r3"):
        wanted = [piece for record in records if record.run == run for piece in pieces(record)]
        got = [piece for action in done if action.run == run for piece in sent(action)]
        assert set(map(repr, without_overwritten(wanted))) <= set(map(repr, got))
        assert set(map(repr, got)) <= set(map(repr, wanted))
        assert [p for p in wanted if isinstance(p, Point)] == [p for p in got if isinstance(p, Point)]


def is_data(thing):
    """Whether a record or an action is points and texts, which may be cut and joined."""
    return isinstance(thing, Batch | Params | Tags | Metrics)


def shape(things):
    """Files and ends as they come, and where there is data between them."""
    return [key or next(group) for key, group in groupby(things, lambda thing: is_data(thing) or thing)]


@given(RECORDS, LIMITS)
def test_the_order_of_each_run_is_kept(records, limits):
    """The last tag stays the last, the first param the first, and files and ends come behind what was before them."""
    done = list(actions(records, limits))
    for run in ("r1", "r2", "r3"):
        own = [record for record in records if record.run == run and not isinstance(record, Opened)]
        got = [action for action in done if action.run == run and not isinstance(action, Opened)]
        for kind, wins in ((Params, 0), (Tags, -1)):
            wanted = [p for record in own if isinstance(record, kind) for p in pieces(record)]
            found = [p for action in got for p in sent(action) if p[0] is kind]
            for key in {p[1] for p in wanted}:
                assert [p for p in wanted if p[1] == key][wins] == [p for p in found if p[1] == key][wins]
        assert shape([r for r in own if not is_data(r) or r.values]) == shape(got)


@given(RECORDS, LIMITS)
def test_every_request_keeps_the_limits(records, limits):
    """No batch is larger than the store takes; only a single pair may have more text than a request should."""
    for batch in (action for action in actions(records, limits) if isinstance(action, Batch)):
        assert 0 < len(batch) <= limits.entities
        assert len(batch.points) <= limits.points
        assert len(batch.params) <= limits.params
        assert len(batch.tags) <= limits.tags
        texts = [*batch.params, *batch.tags]
        assert len(texts) == 1 or sum(len(k) + len(v) for k, v in texts) <= limits.bytes


@given(RECORDS, LIMITS)
def test_runs_are_made_first(records, limits):
    """Every run of a stretch is there before anything is written, in the order they were opened."""
    done = list(actions(records, limits))
    made = [record for record in records if isinstance(record, Opened)]
    assert made == done[: len(made)]
    assert not any(isinstance(action, Opened) for action in done[len(made) :])


def test_requests_are_as_large_as_they_may_be():
    """A thousand calls are one request, not a thousand."""
    done = list(actions([*points(count=2500), Params(RUN, {"a": "b"})], Limits()))
    assert [1000, 1000, 501] == [len(batch) for batch in done]


def test_a_param_that_changes_goes_into_a_request_of_its_own():
    """The store sees the first value and can refuse the second; neither is swallowed here."""
    records = [Params(RUN, {"lr": "1"}), Params(RUN, {"lr": "1", "x": "y"}), Params(RUN, {"lr": "2"})]
    assert [(("lr", "1"), ("x", "y")), (("lr", "2"),)] == [
        batch.params for batch in actions(records, Limits())
    ]


@given(
    st.lists(st.just(Point("a", 1.0, 1, 1)), max_size=9),
    st.lists(st.just(("p", "1")), max_size=9),
    st.lists(st.just(("t", "1")), max_size=9),
)
def test_halves_are_smaller_and_hold_the_same(points, params, tags):
    """Bisecting comes to an end and loses nothing."""
    batch = Batch(RUN, tuple(points), tuple(params), tuple(tags))
    if len(batch) < 2:
        return
    first, second = batch.halves()
    assert 0 < len(first) < len(batch)
    assert 0 < len(second) < len(batch)
    for kind in ("points", "params", "tags"):
        assert getattr(batch, kind) == getattr(first, kind) + getattr(second, kind)
