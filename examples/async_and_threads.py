"""Coroutines, threads and generators at once: each point lands in the run that it belongs to."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from mlflow import MlflowClient

from tracked import find_mlflow_runs, setup_mlflow, track, tracked_training


@tracked_training
async def breathe(who: int):
    for breath in range(3):
        await asyncio.sleep(0.01)  # the three take turns here
        track.log(point=100 * who + breath)


@tracked_training
def lift(weight: int):
    for repetition in range(3):
        track.log(point=100 * weight + repetition)


@tracked_training
def count(start: int):
    for number in range(start, start + 3):
        track.log(point=number)
        yield number


async def coroutines():
    await asyncio.gather(*(breathe(who) for who in (1, 2, 3)))


def threads():
    with track.run("gym"), ThreadPoolExecutor(8) as pool:
        list(pool.map(track.bind(lift), range(1, 9)))  # bind: the lifts become children of the gym


def generators():
    list(zip(count(100), count(200), strict=True))  # two runs, step by step in turn


if __name__ == "__main__":
    uri = setup_mlflow(experiment_name="at-once")
    asyncio.run(coroutines())
    threads()
    generators()

    client = MlflowClient(uri)
    for run in reversed(find_mlflow_runs(experiment_name="at-once")):
        points = [int(metric.value) for metric in client.get_metric_history(run.info.run_id, "point")]
        print(f"{run.info.run_name:<32} {run.data.params}  {points}")
