"""Ray Tune's own words for what is searched."""

import pytest

from tracked.errors import ConfigError
from tracked.identity import plain_space, possible_space, study_key

pytestmark = pytest.mark.slow
tune = pytest.importorskip("ray.tune", reason="`make test-all` installs Ray")


def pairs():
    """The same in Ray's words and in ours."""
    return [
        (tune.uniform(1, 2), ("uniform", 1, 2)),
        (tune.loguniform(1e-5, 0.1), ("loguniform", 1e-5, 0.1)),
        (tune.quniform(0, 1, 0.25), ("quniform", 0, 1, 0.25)),
        (tune.randint(1, 9), ("int", 1, 8)),
        (tune.qrandint(1, 9, 1), ("int", 1, 8)),
        (tune.qrandint(2, 10, 4), ("int", 2, 10, 4)),
        (tune.lograndint(1, 9), ("logint", 1, 8)),
        (tune.choice(["a", 1]), ["a", 1]),
        (tune.grid_search([1, 2]), [1, 2]),
        (tune.randn(0, 1), ("normal", 0, 1)),
        (tune.qrandn(0, 1, 0.5), ("qnormal", 0, 1, 0.5)),
    ]


@pytest.mark.parametrize("i", range(11))
def test_rays_words_are_ours(i):
    """One form, one key; where Ray leaves the upper end of whole numbers out, so do we."""
    rays, ours = pairs()[i]
    assert plain_space(rays) == plain_space(ours)
    keys = [study_key({}, {"search_space": {"x": one}}, {}).hash for one in (rays, ours)]
    assert keys[0] == keys[1]


def test_a_function_is_no_distribution():
    """What Ray would call at each trial has nothing that can be read."""
    with pytest.raises(ConfigError, match="x is no distribution"):
        possible_space({"x": tune.sample_from(lambda _: 1)})
