import subprocess
import sys

import pytest
from optuna.samplers import RandomSampler

from tracked.errors import ConfigError
from tracked.sweeps import Search


def test_objectives_keep_their_order():
    """Values are told in the order of the names: what is maximized, then what is minimized."""
    search = Search(maximize=["acc", "f1"], minimize="loss")
    assert ("acc", "f1", "loss") == search.objectives
    assert ("maximize", "maximize", "minimize") == search.directions


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, 'maximize="acc"'),
        ({"maximize": "acc", "minimize": "acc"}, "named twice: acc"),
        ({"maximize": "acc", "n_trials": 0}, "n_trials=0"),
        ({"maximize": "acc", "sampler": "tpee"}, "did you mean 'tpe'?"),
        ({"maximize": "acc", "sampler": "zzz"}, "there are grid, nsga2, random, tpe"),
        ({"maximize": "acc", "pruner": "medain"}, "did you mean 'median'?"),
        ({"maximize": "acc", "sampler": RandomSampler(), "seed": 1}, "give the seed to the sampler"),
        ({"maximize": "acc", "sampler": RandomSampler}, "RandomSampler() instead of RandomSampler"),
        ({"maximize": "acc", "sampler": 7}, "or a sampler of Optuna, not 7"),
        ({"maximize": "acc", "pruner": RandomSampler()}, "or a pruner of Optuna"),
        ({"maximize": "acc", "minimize": "loss", "pruner": "median"}, "judges one objective, and here are 2"),
    ],
)
def test_a_search_that_cannot_be_is_refused_where_it_is_written(options, said):
    """A wrong option is a ConfigError that names what would be right."""
    with pytest.raises(ConfigError) as caught:
        Search(**options)
    assert said in str(caught.value)


def test_saying_what_to_search_needs_no_engine():
    """Optuna is imported when a sweep runs, not when it is declared."""
    code = "import sys, tracked.sweeps; sys.exit(bool({'optuna', 'numpy', 'mlflow'} & set(sys.modules)))"
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
