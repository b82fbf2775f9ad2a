"""The options that say what a call does whose work was done before."""

from datetime import timedelta

import pytest

from tracked import tracked_training
from tracked.errors import ConfigError
from tracked.spans import seconds_of, shown


def train(lr, config=None):
    """Anything."""
    return lr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"on_existing": "reues"}, "did you mean 'reuse'"),
        ({"on_existing": 3}, "on_existing is one of 'new', 'reuse', 'resume', 'error', not 3"),
        ({"on_exist": "reuse"}, "did you mean 'on_existing'"),
        ({"key": "lrr"}, "key: there is no argument 'lrr'; did you mean 'lr'"),
        ({"key": ["lr", 3]}, "key is names of arguments, or a function of them"),
        ({"ignore": "configs.epochs"}, "ignore: there is no argument 'configs'; did you mean 'config'"),
        ({"ignore": 3}, "ignore is names of arguments"),
        ({"key_code": "yes"}, "key_code is True or False"),
        ({"expires": "7 years"}, "expires is a timedelta, seconds from 0 on, or a text such as '7d'"),
        ({"expires": -1}, "expires is"),
        ({"on_existing": "reuse", "per_call": "aggregate"}, "is about one call"),
    ],
)
def test_a_wrong_value_is_refused_at_decoration(options, said):
    """What cannot be followed is told where it is written, with the nearest that can."""
    with pytest.raises(ConfigError, match=said):
        tracked_training(**options)(train)


def test_a_generator_has_no_result_to_give_back():
    """Reuse of a function that yields is refused at decoration."""

    def steps():
        yield 1

    with pytest.raises(ConfigError, match="return a list"):
        tracked_training(on_existing="reuse")(steps)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("7d", 604800),
        ("1.5 h", 5400),
        ("30m", 1800),
        ("2w", 1209600),
        (3, 3),
        (timedelta(minutes=1), 60),
        ("x", None),
        (True, None),
        (float("nan"), None),
        (timedelta(-1), None),
    ],
)
def test_spans(given, seconds):
    """A span is a timedelta, a number of seconds, or a text with a unit; anything else is none."""
    assert seconds == seconds_of(given)


def test_spans_are_shown_in_their_largest_unit():
    """What a person reads is short."""
    assert ["0 s", "59 s", "2 min", "2 h", "3 days", "1 weeks"] == [
        shown(s) for s in (0, 59.9, 130, 7200, 270000, 700000)
    ]


class TestKey:
    """What a key counts can be chosen."""

    def test_key_names_alone_count(self):
        """With ``key=`` nothing else tells two calls apart."""
        by_lr = tracked_training(key="lr")(train)
        assert by_lr.key(1, config=2) == by_lr.key(1, config=3) != by_lr.key(2, config=3)

    def test_a_function_says_what_counts(self):
        """``key=`` may be a function of the bound arguments."""
        even = tracked_training(key=lambda arguments: arguments["lr"] % 2)(train)
        assert even.key(1) == even.key(3) != even.key(2)

    def test_ignored_arguments_and_parts_of_them_do_not_count(self):
        """``ignore=`` leaves out arguments, and leaves of a config by dotted names."""
        rest = tracked_training(ignore=["lr", "config.log.level"])(train)
        first = rest.key(1, {"log": {"level": 1, "to": "x"}})
        assert first == rest.key(2, {"log": {"level": 2, "to": "x"}})
        assert first != rest.key(1, {"log": {"level": 1, "to": "y"}})

    def test_what_is_ignored_does_not_come_back_by_the_study(self):
        """Configs make a study key that stands in the call's: an ignored leaf of one changes neither."""

        @tracked_training(ignore="train_config.note")
        def tune(data_config, hpo_config, train_config, model):
            """Of a study."""

        keys = {
            tune.key({"d": 1}, {"h": 1}, {"epochs": n, "note": note}, "svm") for n in (1, 2) for note in "ab"
        }
        assert 2 == len(keys)

    def test_the_owner_can_be_ignored(self):
        """``ignore="self"`` makes calls of a method the same whatever object it belongs to."""

        class Trainer:
            @tracked_training(ignore="self")
            def train(self, lr):
                """Of an object without a rule."""

        assert Trainer().train.key(1) == Trainer().train.key(1) != Trainer().train.key(2)
