"""A real store to look at: a sweep with trials and trainings, a benchmark, and a run that is hostile to terminals."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from mlflow.entities import Metric, Param, RunTag

from tracked import tags as t
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.client import client_for
from tracked.records import Opened

HOUR = 3_600_000
HOSTILE = "evil\x1b[31m\x07\u202ename"
"""A name that would colour the terminal, ring its bell and turn the text round."""
STUDY = "5eed" * 16
COURSES = {"fast": (0.5, 0.7, 0.8, 0.9), "slow": (0.1, 0.2, 0.3, 0.4)}
"""What two trainings measured, step by step."""


class Filled:
    """A store with runs; their MLflow ids by name."""

    def __init__(self, uri: str, templates: Any) -> None:
        self.uri, self.ids = uri, dict[str, str]()
        self._backend, self._client = MlflowBackend(uri, templates), client_for(uri, templates)
        self._now = int(time.time() * 1000) - 2 * HOUR - 60_000

    def add(
        self,
        name: str,
        stage: str = "",
        inside: str | None = None,
        params: Mapping[str, Any] | None = None,
        course: Mapping[str, Any] | None = None,
        status: str = "FINISHED",
        experiment: str = "look",
        **tags: str,
    ) -> str:
        """Make a run that took ten seconds; ``tags`` are by the names of ``tracked.tags``."""
        self._now += 1000
        named = {getattr(t, key): value for key, value in tags.items()} | ({t.STAGE: stage} if stage else {})
        opened = Opened(f"{len(self.ids):032x}", self._now, name, experiment, tags=named)
        made = self._backend.create(opened, self.ids.get(inside or ""))
        points = [
            Metric(key, float(value), self._now + step, step)
            for key, values in (course or {}).items()
            for step, value in enumerate(values if isinstance(values, tuple) else (values,))
        ]
        given = [Param(key, str(value)) for key, value in (params or {}).items()]
        self._client.log_batch(made.run_id, points, given, [RunTag(k, v) for k, v in named.items()])
        if status != "RUNNING":
            self._backend.close(made.run_id, status, self._now + 10_000)
        self.ids[name] = made.run_id
        return made.run_id


def fill(uri: str, templates: Any) -> Filled:
    """The store that these tests look at."""
    store = Filled(uri, templates)
    store.add("sweep", "hpo", course={"f1": 0.9}, OBJECTIVE="f1", DIRECTION="maximize", STUDY_KEY_HASH=STUDY)
    for number, (name, course) in enumerate(COURSES.items()):
        params = {"lr": 0.1 / (number + 1), "depth": 3}
        key = f"{number}{number}ace0" * 8
        common = {"STUDY_KEY_HASH": STUDY}
        store.add(
            f"trial-{number}", "hpo_trial", "sweep", params, {"f1": course[-1]}, TRIAL_KEY_HASH=key, **common
        )
        call = {"FUNCTION": "jobs.train", "ARGUMENTS": f'{{"lr":{params["lr"]},"depth":3,"name":"x"}}'}
        store.add(
            name,
            "training",
            f"trial-{number}",
            params,
            {"f1": course},
            CALL_KEY=f"{number}call"[::-1],
            **call,
        )
    store.add("bench", "benchmark", course={"latency_ms": 1.25}, SOURCE_RUN=store.ids["fast"])
    failed = {"ERROR_TYPE": "ValueError", "ERROR_MESSAGE": "no \x1b[2Jdata"}
    store.add(HOSTILE, "training", params={"note": "a\x1bb|c"}, status="FAILED", experiment="other", **failed)
    for losses in ((2.0, float("nan")), (2.0, 1.0)):
        store.ids[f"twin {losses[1]}"] = store.add("twin", "training", course={"loss": losses})
    del store.ids["twin"]
    return store
