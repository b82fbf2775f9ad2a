"""The snippets that this project grew from, line for line; only the import lines differ."""

import os
from pathlib import Path

# What the snippets take as given.
config = {
    "subscription_id": os.environ.get("AZURE_SUBSCRIPTION_ID"),
    "resource_group": os.environ.get("AZURE_RESOURCE_GROUP"),
    "workspace_name": os.environ.get("AZURE_WORKSPACE_NAME"),
}
config_dir = Path(__file__).parent
data_config = {"dataset": "resumes", "version": "v1"}
hpo_config = {"objective": {"metric": "f1", "goal": "maximize"}, "sampling": {"algorithm": "random"}}
train_config = {"epochs": 3, "max_length": 256}

# ---- TL;DR / Quick Start
from tracked import setup_mlflow
from tracked import create_mlflow_run
from tracked import find_mlflow_runs

# Setup MLflow
tracking_uri = setup_mlflow(
    experiment_name="my_experiment",
    tracking_uri="file:./mlruns"
)

# Create MLflow run
with create_mlflow_run(run_name="my_run") as run:
    # Log metrics, parameters, artifacts
    pass

# Find runs
runs = find_mlflow_runs(experiment_name="my_experiment", filter_string="tags.stage='hpo'")

# ---- Basic Example: Setup MLflow
from tracked import setup_mlflow

# Setup MLflow for local tracking
tracking_uri = setup_mlflow(
    experiment_name="my_experiment",
    tracking_uri="file:./mlruns"
)

if config["subscription_id"]:  # the only line that is not the seed's: it needs a workspace
    # Setup MLflow for AzureML
    from tracked import create_ml_client_from_config
    ml_client = create_ml_client_from_config(config)
    tracking_uri = setup_mlflow(
        experiment_name="my_experiment",
        ml_client=ml_client
    )

# ---- Basic Example: Create Run
from tracked import create_mlflow_run

# Create MLflow run
with create_mlflow_run(
    run_name="my_training_run",
    tags={"stage": "training", "backbone": "distilbert"}
) as run:
    # Log metrics
    import mlflow
    mlflow.log_metric("f1", 0.85)
    mlflow.log_param("learning_rate", 2e-5)

# ---- Basic Example: Find Runs
from tracked import find_mlflow_runs

# Find runs by experiment and filter
runs = find_mlflow_runs(
    experiment_name="my_experiment",
    filter_string="tags.stage='hpo' AND metrics.f1 > 0.8"
)

# Access run information
for run in runs:
    print(f"Run: {run.info.run_name}, F1: {run.data.metrics.get('f1')}")

# ---- Hash Computation Utilities
from tracked import (
    get_or_compute_study_key_hash,
    get_or_compute_trial_key_hash,
)

# Get or compute study key hash
study_key_hash = get_or_compute_study_key_hash(
    study_key_hash=None,  # Not provided
    hpo_parent_run_id="parent-run-123",  # Try to retrieve from parent
    data_config=data_config,
    hpo_config=hpo_config,
    train_config=train_config,
    backbone="distilbert-base-uncased",
    config_dir=config_dir,
)

# Get or compute trial key hash
trial_key_hash = get_or_compute_trial_key_hash(
    trial_key_hash=None,  # Not provided
    trial_run_id=None,  # Not available
    study_key_hash=study_key_hash,
    hyperparameters={"learning_rate": 3e-5, "batch_size": 16},
    config_dir=config_dir,
)

print(f"study_key_hash: {study_key_hash}")
print(f"trial_key_hash: {trial_key_hash}")
