"""A sweep of six trainings, tracked: two decorators, and no other line about tracking in the functions."""

import sys

from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

from tracked import find_mlflow_runs, setup_mlflow, track, tracked_sweep, tracked_training

digits = load_digits()
Xtr, Xte, ytr, yte = train_test_split(digits.data / 16, digits.target, random_state=0)


@tracked_training
def train(alpha: float, eta0: float, epochs: int = 5):
    model = SGDClassifier(alpha=alpha, eta0=eta0, learning_rate="constant", random_state=0)
    for _ in track.progress(range(epochs)):
        model.partial_fit(Xtr, ytr, classes=range(10))
        track.log(acc=model.score(Xte, yte))
    return {"acc": model.score(Xte, yte)}


@tracked_sweep(n_trials=6, maximize="acc", seed=1)
def sweep(trial):
    alpha = trial.suggest_float("alpha", 1e-5, 1e-1, log=True)
    eta0 = trial.suggest_float("eta0", 1e-4, 1e-1, log=True)
    return train(alpha, eta0)


def show(run, runs, depth=0):
    """Print ``run`` and the runs below it, as a tree."""
    name = "  " * depth + run.info.run_name
    print(f"  {name:<24}{run.data.tags['stage']:<12}acc={run.data.metrics['acc']:.3f}  {run.info.status}")
    for child in sorted(runs, key=lambda run: run.info.start_time):
        if child.data.tags.get("mlflow.parentRunId") == run.info.run_id:
            show(child, runs, depth + 1)


if __name__ == "__main__":
    uri = setup_mlflow(experiment_name="digits")  # only to give the experiment a name: it is optional
    result = sweep()

    print(f"\nbest: acc={result.best.value:.3f} with {result.best.params}")
    print(f"\nThe runs that this made, read back from {uri}:\n")
    runs = {run.info.run_id: run for run in find_mlflow_runs(experiment_name="digits")}
    show(runs[result.run.id], runs.values())
    print(f"\nSee them: {sys.executable} -m mlflow ui --backend-store-uri {uri}")
