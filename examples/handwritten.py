"""The quickstart with MLflow alone: the same sweep, training, benchmark and conversion, with what has to be written.

It still does less: no point survives a dead server, nothing is sent beside the training, a trial that is killed stays
RUNNING, and the same work done twice is not known to be the same.
"""

import hashlib
import json
import time

import mlflow
import numpy as np
import optuna
from onnxruntime import InferenceSession
from skl2onnx import to_onnx
from sklearn import datasets, model_selection, neural_network

mlflow.set_tracking_uri("sqlite:///mlflow.db")
mlflow.set_experiment("digits")

X, y = datasets.load_digits(return_X_y=True)
Xtr, Xte, ytr, yte = model_selection.train_test_split(X.astype("float32") / 16, y, random_state=0)


def train(alpha: float, lr: float, epochs: int = 10):
    with mlflow.start_run(run_name="train", nested=True):
        mlflow.set_tag("stage", "training")
        mlflow.log_params({"alpha": alpha, "lr": lr, "epochs": epochs})
        model = neural_network.MLPClassifier(alpha=alpha, learning_rate_init=lr, random_state=0)
        for epoch in range(epochs):
            acc = model.partial_fit(Xtr, ytr, classes=range(10)).score(Xte, yte)
            mlflow.log_metric("acc", acc, step=epoch)
    return model


def objective(trial):
    with mlflow.start_run(run_name=f"trial-{trial.number}", nested=True) as run:
        mlflow.set_tags({"stage": "hpo_trial", "trial_number": trial.number})
        alpha = trial.suggest_float("alpha", 1e-5, 1e-1, log=True)
        lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
        mlflow.log_params(trial.params)
        acc = train(alpha, lr).score(Xte, yte)
        mlflow.log_metric("acc", acc)
        trial.set_user_attr("run_id", run.info.run_id)
    return acc


def sweep():
    with mlflow.start_run(run_name="sweep", nested=True):
        mlflow.set_tag("stage", "hpo")
        study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=1))
        study.optimize(objective, n_trials=6)
        best = study.best_trial
        mlflow.log_params({f"best_{name}": value for name, value in best.params.items()})
        mlflow.log_metrics({"acc": best.value, "n_trials": len(study.trials)})
        mlflow.set_tag("best_trial_run_id", best.user_attrs["run_id"])
    return best.params


def latency(model, batch_sizes=(1, 64), warmup=1, repeat=30):
    with mlflow.start_run(run_name="latency", nested=True):
        mlflow.set_tag("stage", "benchmark")
        mlflow.log_params({"benchmark_batch_sizes": list(batch_sizes), "benchmark_iterations": repeat})
        samples = {}
        for batch_size in batch_sizes:
            for _ in range(warmup):
                model.predict(Xte[:batch_size])
            samples[batch_size] = []
            for _ in range(repeat):
                begun = time.perf_counter()
                model.predict(Xte[:batch_size])
                samples[batch_size].append((time.perf_counter() - begun) * 1000)
            name = f"latency_batch_{batch_size}"
            mlflow.log_metric(f"{name}_ms", np.mean(samples[batch_size]))
            for q in (50, 95, 99):
                mlflow.log_metric(f"{name}_p{q}_ms", np.percentile(samples[batch_size], q))
        mlflow.log_metric("throughput_samples_per_sec", 1000 * batch_size / np.mean(samples[batch_size]))
        mlflow.log_text(json.dumps(samples), "benchmark_results.json")


def convert(model):
    with mlflow.start_run(run_name="convert", nested=True):
        mlflow.set_tags({"stage": "conversion", "conversion.format": "onnx"})
        onnx = to_onnx(model, Xtr[:1], options={"zipmap": False})
        content = onnx.SerializeToString()
        with open("model.onnx", "wb") as file:  # noqa: PTH123 - as it is usually written
            file.write(content)
        mlflow.log_artifact("model.onnx")
        mlflow.log_metric("onnx_model_size_mb", len(content) / 2**20)
        mlflow.set_tag("conversion.sha256", hashlib.sha256(content).hexdigest())
        expected = model.predict_proba(Xte)
        actual = InferenceSession(content).run(None, {"X": Xte})[1]
        mlflow.log_metric("max_abs_error", np.abs(expected - actual).max())
        mlflow.log_metric("smoke_test_passed", np.allclose(actual, expected, rtol=1e-3, atol=1e-5))
    return onnx


with mlflow.start_run(run_name="pipeline"):
    best = train(**sweep())
    latency(best)
    convert(best)
