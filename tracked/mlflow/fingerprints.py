"""Which data a study is about, and how its results are judged, as keys that last.  Nothing here loads MLflow."""

from __future__ import annotations

from typing import Any

from ..identity.key import Key, sealed
from ..identity.walk import Walk
from ..shapes import fields_of

DATA = "tracked.data/1"
EVALUATION = "tracked.evaluation/1"


def data_fingerprint(data_config: Any) -> Key:
    """The key of the data: by ``content_hash`` or ``manifest_hash`` if the config has one, else by all that it says.

    Raises:
        IdentityError: a part of it has no canonical form.
    """
    fields = fields_of(data_config) or {}
    content = fields.get("content_hash") or fields.get("manifest_hash")
    walk = Walk(())
    return sealed(DATA, walk, **({"content": walk(content)} if content else {"config": walk(data_config)}))


def eval_fingerprint(train_config: Any = None, hpo_config: Any = None) -> Key:
    """The key of an evaluation.

    The first that says anything counts: ``train_config.eval``, ``hpo_config.evaluation``, the metric of
    ``hpo_config.objective``.

    Raises:
        IdentityError: a part of it has no canonical form.
    """
    train, hpo = fields_of(train_config) or {}, fields_of(hpo_config) or {}
    objective = fields_of(hpo.get("objective")) or {}
    config = train.get("eval") or hpo.get("evaluation") or {"metric": objective.get("metric")}
    told = {"evaluator_version": "default", **(fields_of(config) or {"config": config})}
    walk = Walk(())
    return sealed(EVALUATION, walk, config=walk(told))
