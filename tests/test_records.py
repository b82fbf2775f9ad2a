from __future__ import annotations

import math
from contextlib import suppress

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.journals import NOW, RUN, opened
from tracked.records import Artifact, BadRecord, Closed, Metrics, Params, Tags, from_json, to_json

RECORDS = [
    opened(),
    opened(parent="b" * 32, parent_id="mlflow", attach="x", tags={"stage": "hpo"}, inherit="y"),
    Params(RUN, {"lr": "0.1"}),
    Metrics(RUN, NOW, 3, {"acc": 0.5}),
    Metrics(RUN, NOW, {"acc": 3, "loss": 4}, {"acc": 0.5, "loss": 2.0}),
    Tags(RUN, {"a": "b"}),
    Artifact(RUN, "model/w.bin", "0/w.bin", 12),
    Closed(RUN, NOW, "FINISHED"),
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=10) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=20,
)
KINDS = st.sampled_from(["opened", "params", "metrics", "tags", "artifact", "closed"])


def test_every_record_comes_back_from_json():
    """What is written to a journal is read as the same record, field by field."""
    assert RECORDS == [from_json(orjson.loads(orjson.dumps(to_json(record)))) for record in RECORDS]


def test_an_end_state_is_one_of_mlflow_s():
    """A journal cannot make a run end as something that no store knows."""
    for status in ("", "finished", "RUNNING", "DONE"):
        with pytest.raises(BadRecord, match="status"):
            from_json(["closed", RUN, NOW, status])


def test_numbers_that_json_does_not_have_travel_by_name():
    """NaN and the infinities are read from their names."""
    read = from_json(["metrics", RUN, NOW, 0, {"a": "nan", "b": "inf", "c": "-inf", "d": 1}])
    assert math.isnan(read.values["a"])
    assert (math.inf, -math.inf, 1.0) == (read.values["b"], read.values["c"], read.values["d"])


@given(JSON | st.builds(lambda kind, rest: [kind, *rest], KINDS, st.lists(JSON, max_size=9)))
@example([["opened"]])
@example([{}])
@example(["metrics", "a", 0, 0, {"acc": "infinity"}])
@example(["metrics", "a", True, 0, {}])
def test_hostile_json_is_a_bad_record_and_nothing_else(value):
    """Whatever a line of a journal holds, it is a record of the right types, or it is a BadRecord."""
    with suppress(BadRecord):
        record = from_json(value)
        assert from_json(orjson.loads(orjson.dumps(to_json(record)))) == record


@pytest.mark.parametrize("at", [0, 1, 2])
def test_json_nested_to_the_limit_is_a_bad_record(at):
    """A value too deep to be printed is refused all the same, with a short reason."""
    deep = orjson.loads(b"[" * 1000 + b"]" * 1000)
    value = [deep, ["closed", deep, 1, "FINISHED"], ["params", RUN, {"lr": deep}]][at]
    with pytest.raises(BadRecord) as caught:
        from_json(value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: type(r).__name__)
def test_each_field_is_checked(record):
    """No field of any record may have another type, and none may be missing or too many."""
    good = orjson.loads(orjson.dumps(to_json(record)))
    for at, name in enumerate(type(record)._fields, start=1):
        may_be_missing = name in ("parent", "parent_id", "attach", "inherit")
        for wrong in (0.5, True, [], {"a": None}, *([] if may_be_missing else [None])):
            with pytest.raises(BadRecord, match=name):
                from_json([*good[:at], wrong, *good[at + 1 :]])
    for wrong in (good[:-1], [*good, None]):
        with pytest.raises(BadRecord, match="fields"):
            from_json(wrong)
