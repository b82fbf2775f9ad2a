"""Names that do not tell one piece of work from another.

A key answers "is this the same work?".  How many trials a search may have, where files go, how many workers load
data and how much is printed change when and where the answer comes, not what is computed: arguments of these names
and, in configs, entries of these names at any depth do not enter a key.  Two things overrule the table: a marker
(``Annotated[str, Key]``, ``Annotated[int, Param]``), and a place in which every name is a hyperparameter.
"""

from __future__ import annotations

import functools
from enum import Enum

from ..redact import is_secret_name


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


BUDGET = _names(
    "n_trials max_trials num_trials n_warmup_trials timeout timeout_s timeout_seconds timeout_minutes timeout_hours "
    "max_concurrent_trials max_parallel_trials load_if_exists catch gc_after_trial"
)
"""How long a search may go on: more trials of a study are more of the same study."""

CONCURRENCY = _names(
    "n_jobs num_jobs num_workers n_workers max_workers dataloader_num_workers num_threads n_threads nthread "
    "thread_count num_proc pin_memory dataloader_pin_memory prefetch_factor persistent_workers local_rank rank "
    "device devices device_map gpus gpu_ids accelerator cuda_visible_devices"
)
"""On what it runs, and how much at once."""

PLACES = _names(
    "storage storage_url output_dir output_path output_file out_dir outdir save_dir save_path save_to log_dir "
    "logging_dir log_file checkpoint_dir ckpt_dir cache_dir tmp_dir temp_dir scratch_dir work_dir working_dir "
    "artifact_dir artifacts_dir results_dir result_dir run_dir project_root config_dir local_path "
    "overwrite_output_dir"
)
"""Where results go and settings lie."""

SPEECH = _names(
    "verbose verbosity quiet silent progress progress_bar show_progress show_progress_bar disable_tqdm log_level "
    "logging_level loglevel log_every log_every_n_steps log_interval logging_steps print_every report_to"
)
"""How much is said."""

BOOKKEEPING = _names(
    "run_id run_name parent_run_id hpo_parent_run_id trial_run_id trial_number trial_id study_key_hash "
    "study_family_hash study_name experiment_name experiment_id tracking_uri on_existing resume"
)
"""Names of runs and studies; the study itself stands in a key by its hash."""

PLUMBING = BUDGET | CONCURRENCY | PLACES | SPEECH | BOOKKEEPING

OF_A_TRIAL = _names("run_id run_name trial_run_id trial_number trial_id")
"""All that is left out of hyperparameters besides secrets: there even ``num_workers`` may be what is tried."""

SPACES = _names("search_space param_space parameter_space")
"""Below these names stand search spaces, which count by what they mean (``spaces.py``)."""

WHOLE = SPACES | _names("hyperparameters hparams")
"""Below these names every name is a hyperparameter, and nothing is plumbing."""


class Treatment(Enum):
    """What becomes of an entry with a certain name."""

    KEEP = "keep"
    DROP = "drop"
    WHOLE = "whole"
    SPACE = "space"


def kept(name: str) -> Treatment:
    """How an entry that counts is read."""
    if name in SPACES:
        return Treatment.SPACE
    return Treatment.WHOLE if name in WHOLE else Treatment.KEEP


@functools.lru_cache(maxsize=8192)
def treatment(name: str) -> Treatment:
    """By the table above; secrets are always dropped."""
    if name in PLUMBING or is_secret_name(name):
        return Treatment.DROP
    return kept(name)


@functools.lru_cache(maxsize=8192)
def treatment_of_hyperparameter(name: str) -> Treatment:
    """Where every name is a hyperparameter."""
    return Treatment.DROP if is_secret_name(name) else Treatment.KEEP
