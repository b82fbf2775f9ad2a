"""Handwritten digits: a sweep, the best model trained, timed, converted to ONNX and checked: one tree of runs.

The decorators, ``track.run`` and ``track.log`` are all there is of tracking; the rest is the work itself.
``handwritten.py`` does the same with MLflow alone.
"""

from _show import show
from onnxruntime import InferenceSession
from skl2onnx import to_onnx
from sklearn import datasets, model_selection, neural_network

from tracked import track, tracked_benchmark, tracked_conversion, tracked_sweep, tracked_training

X, y = datasets.load_digits(return_X_y=True)
Xtr, Xte, ytr, yte = model_selection.train_test_split(X.astype("float32") / 16, y, random_state=0)


@tracked_training
def train(alpha: float, lr: float, epochs: int = 10):
    model = neural_network.MLPClassifier(alpha=alpha, learning_rate_init=lr, random_state=0)
    for _ in range(epochs):
        track.log(acc=model.partial_fit(Xtr, ytr, classes=range(10)).score(Xte, yte))
    return model


@tracked_sweep(n_trials=6, maximize="acc", seed=1)
def sweep(trial):
    alpha = trial.suggest_float("alpha", 1e-5, 1e-1, log=True)
    return train(alpha, trial.suggest_float("lr", 1e-4, 1e-1, log=True)).score(Xte, yte)


@tracked_benchmark(batch_sizes=[1, 64])
def latency(model, batch_size=1):
    return model.predict(Xte[:batch_size])


def outputs(onnx, model):
    return model.predict_proba(Xte), InferenceSession(onnx.SerializeToString()).run(None, {"X": Xte})[1]


@tracked_conversion(verify=outputs)
def convert(model):
    return to_onnx(model, Xtr[:1], options={"zipmap": False})


with track.run("pipeline", experiment="digits") as pipeline:
    best = train(**sweep().best.params)
    latency(best)
    convert(best)
show(pipeline)
