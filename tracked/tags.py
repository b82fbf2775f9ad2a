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
PARAM_CHANGED = "tracked.param_changed."
"""Before a param's key: the tag with the value that came later.  The first one stays the param."""
N_CALLS, N_FAILED_CALLS = "n_calls", "n_failed_calls"
"""Metrics of a run that is made of many calls."""
PER_CALL = "tracked.per_call"
BEST_TRIAL_NUMBER = "best_trial_number"
BEST_TRIAL_RUN_ID = "best_trial_run_id"
OBJECTIVE = "tracked.objective"
DIRECTION = "tracked.direction"
PARETO = "tracked.pareto"
"""Numbers of the trials that no other one beats, of a sweep with several objectives."""
SEARCH_SPACE = "tracked.search_space_hash"
SEARCH = "tracked.search."
"""Before ``engine``, ``sampler``, ``pruner``, ``seed``: what searched, which no key depends on."""
SOURCE_RUN = "source_training_run"

BENCHMARK_CPU = "benchmark.cpu"
BENCHMARK_MACHINE = "benchmark.machine"
BENCHMARK_PYTHON = "benchmark.python"
BENCHMARK_STOPPED = "benchmark.stopped"
"""Why no further call was timed."""
BENCHMARK_CHANGE = "benchmark.change_vs_last"
CONVERSION_FORMAT = "conversion.format"
CONVERSION_OPSET = "conversion.opset_version"
CONVERSION_QUANTIZATION = "conversion.quantization"
CONVERSION_SHA256 = "conversion.sha256"

MLFLOW_NAME = "mlflow.runName"
MLFLOW_PARENT = "mlflow.parentRunId"
MLFLOW_USER = "mlflow.user"
MLFLOW_SOURCE_NAME = "mlflow.source.name"
MLFLOW_SOURCE_TYPE = "mlflow.source.type"
MLFLOW_NOTE = "mlflow.note.content"

NAMES_A_RUN = frozenset({BEST_TRIAL_RUN_ID, SOURCE_RUN})
"""Tags whose value is a run: written with our local id, delivered with MLflow's."""

READ_AS: dict[str, tuple[str, ...]] = {
    STUDY_KEY_HASH: ("code.study_key_hash", "code.grouping.study_key_hash"),
    STUDY_FAMILY_HASH: ("code.study_family_hash", "code.grouping.study_family_hash"),
    TRIAL_KEY_HASH: ("code.trial_key_hash", "code.grouping.trial_key_hash"),
}
"""Keys of the system that came before: read after our own, never written."""


def param_changed(key: str) -> str:
    """The tag for a later value of this param."""
    return (PARAM_CHANGED + key)[:250]


def reading_order(key: str) -> tuple[str, ...]:
    """All keys under which this fact may stand, ours first."""
    return (key, *READ_AS.get(key, ()))
