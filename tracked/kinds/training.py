"""``@tracked_training``: one training of one model."""

from __future__ import annotations

from ..decorate import decorator_for
from ..plan import Kind

TRAINING = Kind("training", parents=("hpo", "hpo_trial"))
tracked_training = decorator_for(TRAINING)
