"""Programs that are killed, or run beside each other."""

TRAINING = """
import os, signal, sys
from tracked import track, tracked_training

@tracked_training(on_existing="resume", ignore="die_at")
def train(epochs=6, die_at=None):
    start = 0
    if track.resume_from is not None:
        start = int((track.resume_from / "checkpoint.bin").read_bytes()) + 1
    for epoch in range(start, epochs):
        track.log(acc=epoch / 10)
        track.checkpoint(str(epoch).encode(), step=epoch)
        if epoch == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
    return epochs

print(train(die_at=int(sys.argv[1]) if sys.argv[1:] else None))
"""

TWIN = """
import os, sys, time
from pathlib import Path
from tracked import tracked_training

folder, options = Path(sys.argv[1]), eval(sys.argv[2])

@tracked_training(**options)
def work(x=1) -> int:
    with open(folder / "ran", "a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(float(os.environ.get("WORK_SECONDS", "0.5")))
    return 42

if os.environ.get("PRELOAD"):
    import mlflow
    mlflow.MlflowClient
(folder / f"ready-{os.getpid()}").touch()
while not (folder / "go").exists():
    time.sleep(0.001)
print(work())
"""
