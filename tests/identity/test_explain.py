"""Why two keys differ."""

from dataclasses import dataclass

import pytest

from tracked.identity import ABSENT, Difference, explain, study_key


@dataclass
class Adam:
    lr: float


@dataclass
class Sgd:
    lr: float


def payload(train):
    """The payload of a study with this training config."""
    return study_key({}, {}, train, "bert").payload


@pytest.mark.parametrize(
    ("left", "right", "path", "shown"),
    [
        ({"a": {"lr": 0.1}}, {"a": {"lr": 0.2}}, "train.a.lr", "0.1 -> 0.2"),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, "train.a[1].b", "2 -> 3"),
        ({"a": 1}, {}, "train.a", "1 -> (absent)"),
        ({"a": True}, {"a": 1}, "train.a", "true -> 1"),
        ({"a": {1: "x"}}, {"a": {1: "y"}}, "train.a.1", '"x" -> "y"'),
        ({"$a": 1}, {"$a": 2}, "train.$a", "1 -> 2"),
        ({"a": b"x"}, {"a": b"y"}, "train.a", '{"$bytes": '),
        ({"a": Adam(1)}, {"a": Sgd(1)}, "train.a(type)", "Adam"),
        ({"a": Adam(1)}, {"a": Adam(2)}, "train.a.lr", "1 -> 2"),
    ],
)
def test_the_leaf_that_differs_is_named(left, right, path, shown):
    """Exactly the leaf that differs is named, with both its values."""
    found = explain(payload(left), payload(right))

    assert [path] == [difference.path for difference in found.differences if difference.path != "train"]
    assert shown in str(found)


def test_equal_payloads_have_nothing_to_explain():
    """The same work has no difference, and says so."""
    found = explain(payload({"a": 8}), payload({"a": 8.0}))

    assert not found
    assert "the same" == str(found)


def test_what_only_one_side_has_is_absent():
    """A leaf of one side only is absent on the other."""
    found = explain({"a": 1, "c": 1}, {"b": None, "c": 1})

    assert (Difference("a", 1, ABSENT), Difference("b", ABSENT, None)) == found.differences


def test_long_values_are_cut():
    """A line of an explanation stays readable."""
    assert 200 > len(str(explain({"a": "x" * 5000}, {"a": "y" * 5000})))
