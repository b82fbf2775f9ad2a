"""Every tag key, in one table: writers and readers use these names and no others.

Plain keys (``stage``, ``backbone``) stand without a prefix, so that a filter such as ``tags.stage='hpo'`` works
as anyone would write it; what is ours alone stands under ``tracked.``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

STAGE = "stage"
BACKBONE = "backbone"
PROJECT = "project"
TRIAL_NUMBER = "trial_number"
TRIAL_STATE = "trial_state"

LOCAL_ID = "tracked.id"
FUNCTION = "tracked.function"
CLASS = "tracked.class"
"""Class of the object whose method was called, which may have inherited it."""
CALL_KEY = "tracked.call_key"
STUDY_KEY_HASH = "tracked.study_key_hash"
STUDY_FAMILY_HASH = "tracked.study_family_hash"
TRIAL_KEY_HASH = "tracked.trial_key_hash"
WEAK = "tracked.weak"
STORED = "tracked.result"
"""``stored`` where the result can be given back without the function, else why it cannot."""
REUSED = "tracked.reused."
"""Before the name of a function and the beginning of its call key: the run whose result was given in its place."""
N_REUSED = "tracked.n_reused"
"""How many results were given in place of calls, where they are too many to name each run."""
ATTEMPT = "tracked.attempt"
"""Which attempt at the run this is, from 2 on; a run that was never resumed has none."""
ATTEMPT_ID = "tracked.attempt_id"
"""Local id under which the attempt of now writes; what comes under any other belongs to an older one."""
FORMER = "tracked.attempt."
"""Before the number of a former attempt: how and when it ended."""
CLAIM = "tracked.claim."
"""Before the number of an attempt: the param, which is written once, that says whose it is."""
CLAIMANT = "tracked.claimant"
"""``true`` for a run that was made to claim its work before it began; ``lost`` for one that gave way; ``next`` for one
whose next attempt is about to begin."""
PARENT_GUESSED = "tracked.parent_guessed"
"""``true`` where the call came from a thread that did not know its run: the parent is the one it can only be from."""
RANK = "tracked.rank"
"""Which of the processes of a distributed job the run is from."""
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

OVERFLOW = "tracked.overflow"
"""The artifacts that hold what the store had no room for among params, tags and metrics."""

PROVENANCE = "tracked.provenance_run"
"""The run of the same process, it may be this one, whose artifacts say where both come from."""
PACKAGES = "tracked.packages"
"""Digest of the list of installed packages."""
DIFF = "tracked.git_diff"
"""Digest of what differs from the commit."""
DIFF_RUN = "tracked.git_diff_run"
"""The run of the same process, it may be this one, that has the difference itself among its artifacts."""
PYTHON = "tracked.python"
PLATFORM = "tracked.platform"
SEED = "tracked.seed"
INPUT_RUNS = "tracked.lineage.inputs"
"""The runs whose results were given to this one, by argument, as JSON: ``{"model": ["<run id>"]}``."""
INPUT = "tracked.input."
"""Before the name of an argument that is data: what MLflow stores as a dataset input, as JSON."""
ARGUMENTS = "tracked.arguments"
"""The arguments of the call, as far as they can be built again, as JSON."""
RERUN_OF = "tracked.rerun_of"
"""The run that this one does again."""

RUN_KEY_HASH = "tracked.run_key_hash"
GROUP = "tracked.group_id"
OUTPUT_DIR = "tracked.output_dir"
KEY_SCHEMA = "tracked.study.key_schema_version"
"""Which schema ``STUDY_KEY_HASH`` was made by."""
DATA_FINGERPRINT = "tracked.fingerprint.data"
EVAL_FINGERPRINT = "tracked.fingerprint.eval"
REFIT_PLANNED = "tracked.refit_planned"
REFIT_COMPLETED = "tracked.refit_completed"
REFIT_RUN = "tracked.refit_run_id"
ARTIFACT_AVAILABLE = "tracked.artifact.available"
"""Whether the checkpoint of the best trial is among the artifacts: written after it, and so delivered after it."""
HPO_TRIAL_RUN = "tracked.lineage.hpo_trial_run_id"
HPO_REFIT_RUN = "tracked.lineage.hpo_refit_run_id"
HPO_SWEEP_RUN = "tracked.lineage.hpo_sweep_run_id"
PARENT_TRAINING_RUN = "tracked.lineage.parent_training_run_id"
PARENT_KIND = "tracked.lineage.parent_kind"
FOLD = "fold_idx"
TRAINING_TYPE = "training_type"
BENCHMARK_SOURCE = "benchmark_source"
BENCHMARKED_MODEL = "benchmarked_model"
BENCHMARK_KEY = "benchmark_key"
CONVERSION_TYPE = "conversion_type"
CONTEXT = "tracked.context."
"""Before ``environment``, ``spec_fp``, ``exec_fp``, ``variant`` and the other names of a naming context."""

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

TAKEN_OVER = "tracked.taken_over"
"""In the record that joins a run: its end is ours to write from now on.  No tag of the run."""

MLFLOW_NAME = "mlflow.runName"
MLFLOW_PARENT = "mlflow.parentRunId"
MLFLOW_USER = "mlflow.user"
MLFLOW_SOURCE_NAME = "mlflow.source.name"
MLFLOW_SOURCE_TYPE = "mlflow.source.type"
GIT_COMMIT = "mlflow.source.git.commit"
GIT_BRANCH = "mlflow.source.git.branch"
GIT_REMOTE = "mlflow.source.git.repoURL"
GIT_DIRTY = "mlflow.source.git.dirty"
"""Whether a file that git knows differs from the commit."""
MLFLOW_NOTE = "mlflow.note.content"
SUMMARY = "tracked.summary"
"""Our block of a description: written under this key, delivered as a part of ``MLFLOW_NOTE``; the rest stays."""
PROSE = frozenset({MLFLOW_NOTE, SUMMARY})
MLFLOW_RUN_TYPE = "mlflow.runType"
AZUREML_RUN_TYPE, AZUREML_SWEEP, AZUREML_TRIAL = "azureml.runType", "azureml.sweep", "azureml.trial"

NAMES_A_RUN = frozenset(
    {
        MLFLOW_PARENT,
        BEST_TRIAL_RUN_ID,
        SOURCE_RUN,
        REFIT_RUN,
        HPO_TRIAL_RUN,
        HPO_REFIT_RUN,
        HPO_SWEEP_RUN,
        PARENT_TRAINING_RUN,
        PROVENANCE,
        DIFF_RUN,
        RERUN_OF,
    }
)
"""Tags whose value is a run: written with our local id, delivered with MLflow's."""

HASHES = (STUDY_KEY_HASH, STUDY_FAMILY_HASH, TRIAL_KEY_HASH)
"""What a run that is named passes on to the run that names it."""

OF_AN_END = frozenset({END_REASON, ERROR_TYPE, ERROR_MESSAGE, ERROR_TRACEBACK})
"""Tags that say how a run has ended: one that runs again has none of them."""

READ_AS: dict[str, tuple[str, ...]] = {
    STAGE: ("code.stage",),
    BACKBONE: ("code.backbone", "code.model"),
    PROJECT: ("code.project",),
    TRIAL_NUMBER: ("code.hpo.trial_number", "code.trial"),
    STUDY_KEY_HASH: ("code.study_key_hash", "code.grouping.study_key_hash"),
    STUDY_FAMILY_HASH: ("code.study_family_hash", "code.grouping.study_family_hash"),
    TRIAL_KEY_HASH: ("code.trial_key_hash", "code.grouping.trial_key_hash"),
    RUN_KEY_HASH: ("code.run_key_hash", "code.grouping.run_key_hash"),
    GROUP: ("code.group_id", "code.grouping.group_id"),
    OUTPUT_DIR: ("code.output_dir",),
    KEY_SCHEMA: ("code.study.key_schema_version",),
    DATA_FINGERPRINT: ("code.fingerprint.data",),
    EVAL_FINGERPRINT: ("code.fingerprint.eval",),
    DIRECTION: ("code.objective.direction",),
    REFIT_PLANNED: ("code.refit_planned",),
    REFIT_COMPLETED: ("code.refit_completed",),
    REFIT_RUN: ("code.refit_run_id",),
    ARTIFACT_AVAILABLE: ("code.artifact.available",),
    HPO_TRIAL_RUN: ("code.lineage.hpo_trial_run_id",),
    HPO_REFIT_RUN: ("code.lineage.hpo_refit_run_id",),
    HPO_SWEEP_RUN: ("code.lineage.hpo_sweep_run_id",),
    PARENT_TRAINING_RUN: ("code.lineage.parent_training_run_id",),
    PARENT_KIND: ("code.lineage.parent_kind",),
}
"""Keys of the system that came before: read after our own, never written."""


def param_changed(key: str) -> str:
    """The tag for a later value of this param."""
    return (PARAM_CHANGED + key)[:250]


OURS_ALONE = frozenset({LOCAL_ID, ATTEMPT, ATTEMPT_ID, HOST, PROCESS, HEARTBEAT, *NAMES_A_RUN})
"""Tags that have no further name: the shipper, which knows no settings, writes or translates them by ours."""
OF_ITS_OWNER = frozenset({LOCAL_ID, ATTEMPT, HOST, PROCESS, HEARTBEAT, TAKEN_OVER})
"""Tags that say which process ends a run: whoever only joins it leaves them alone."""
NO_NAMES: Mapping[str, str] = MappingProxyType({})
SHORTEST_LIMIT = 64
"""Characters of the longest tag that must never be cut: a key."""
OWN = "tracked."


def is_ours(key: str) -> bool:
    """Whether the tag is one that we or MLflow live by, and no user's."""
    many = (PARAM_CHANGED, REUSED, INFINITE)
    return key in KEYS or (key.startswith((OWN, "mlflow.")) and not key.startswith(many))


def reading_order(key: str, names: Mapping[str, str] = NO_NAMES) -> tuple[str, ...]:
    """All keys under which this fact may stand: ours first, then the former system's, then the configured name.

    Args:
        key: ours.
        names: further names by our key: ``Settings.tags``.
    """
    further = (names[key],) if key in names else ()
    return (key, *READ_AS.get(key, ()), *further)


def read(tags: Mapping[str, str], key: str, names: Mapping[str, str] = NO_NAMES) -> str | None:
    """What the tags of a run say of this fact, under whichever key; None if nothing."""
    return next((tags[name] for name in reading_order(key, names) if tags.get(name)), None)


KEYS = frozenset(
    value
    for constant, value in globals().items()
    if constant.isupper() and isinstance(value, str) and not value.endswith(".") and constant != "OWN"
    if not value.startswith(("mlflow.", "azureml."))
) - {N_CALLS, N_FAILED_CALLS}
"""All of the above that are ours alone."""
