"""Every tag key, in one table: writers and readers use these names and no others.

Plain keys (``stage``, ``backbone``) stand without a prefix, so that a filter such as ``tags.stage='hpo'`` works
as anyone would write it; what is ours alone stands under ``tracked.``.
"""

from __future__ import annotations

STAGE = "stage"
BACKBONE = "backbone"
TRIAL_NUMBER = "trial_number"
TRIAL_STATE = "trial_state"

LOCAL_ID = "tracked.id"
FUNCTION = "tracked.function"
CALL_KEY = "tracked.call_key"
STUDY_KEY_HASH = "tracked.study_key_hash"
STUDY_FAMILY_HASH = "tracked.study_family_hash"
TRIAL_KEY_HASH = "tracked.trial_key_hash"
WEAK = "tracked.weak"
ATTEMPT = "tracked.attempt"
HOST = "tracked.host"
PROCESS = "tracked.process"
HEARTBEAT = "tracked.heartbeat"
ERROR_TYPE = "tracked.error.type"
ERROR_MESSAGE = "tracked.error.message"
ERROR_TRACEBACK = "tracked.error.traceback"
END_REASON = "tracked.end_reason"
INFINITE = "tracked.infinite."
"""Before a metric's key: the tag that says which infinity stands behind a value of ±1.797e308."""
BEST_TRIAL_NUMBER = "best_trial_number"
BEST_TRIAL_RUN_ID = "best_trial_run_id"
OBJECTIVE = "tracked.objective"

MLFLOW_NAME = "mlflow.runName"
MLFLOW_PARENT = "mlflow.parentRunId"
MLFLOW_USER = "mlflow.user"
MLFLOW_SOURCE_NAME = "mlflow.source.name"
MLFLOW_SOURCE_TYPE = "mlflow.source.type"
MLFLOW_NOTE = "mlflow.note.content"

NAMES_A_RUN = frozenset({BEST_TRIAL_RUN_ID})
"""Tags whose value is a run: written with our local id, delivered with MLflow's."""

READ_AS: dict[str, tuple[str, ...]] = {
    STUDY_KEY_HASH: ("code.study_key_hash", "code.grouping.study_key_hash"),
    STUDY_FAMILY_HASH: ("code.study_family_hash", "code.grouping.study_family_hash"),
    TRIAL_KEY_HASH: ("code.trial_key_hash", "code.grouping.trial_key_hash"),
}
"""Keys of the system that came before: read after our own, never written."""


def reading_order(key: str) -> tuple[str, ...]:
    """All keys under which this fact may stand, ours first."""
    return (key, *READ_AS.get(key, ()))
