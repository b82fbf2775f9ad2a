from __future__ import annotations

import json

import pytest

from tracked.errors import BackendUnavailable, Refused
from tracked.mlflow.artifacts import manifest, seals
from tracked.mlflow.artifacts.upload import manifests


def seal(step, value=0.5, monitor="acc"):
    return json.dumps({"step": step, "monitor": monitor, "value": value})


def checkpoint(step, value=0.5, content="weights"):
    """The files of a checkpoint, its seal among them."""
    place = f"checkpoints/step-{step}"
    return {f"{place}/checkpoint.json": seal(step, value), f"{place}/w.bin": content, f"{place}/opt/o": "o"}


def offered(place):
    return seals.complete(place.repository, manifest.merged(manifests(place.repository).values()))


def test_a_whole_checkpoint_is_offered_with_what_it_was_measured_at(place):
    """Its seal names the files with their digests, and was sent after all of them."""
    place.send(**checkpoint(3, 0.7))
    assert "checkpoints/step-3/checkpoint.json" == place.repository.sent[-1]
    (found,) = offered(place)
    assert ("checkpoints/step-3", 3, "acc", 0.7) == (found.path, found.step, found.monitor, found.value)
    assert {"w.bin": 7, "opt/o": 1} == {name: entry.size for name, entry in found.files.items()}


def test_half_of_a_checkpoint_is_never_offered(place):
    """As long as a file is missing there is no seal; after the outage there is."""
    files = place.files(checkpoint(3))
    place.repository.fails["checkpoints/step-3/w.bin"] = BackendUnavailable("down")
    with pytest.raises(BackendUnavailable):
        place.send_files(files)
    assert [] == offered(place)
    place.repository.fails.clear()
    place.send_files(files)
    assert [3] == [found.step for found in offered(place)]


def test_a_checkpoint_with_a_refused_file_is_never_offered(local_place):
    """A file that the store will never take leaves its checkpoint without a seal, also in a later call."""
    contents = checkpoint(3)
    sealed = {"checkpoints/step-3/checkpoint.json": contents.pop("checkpoints/step-3/checkpoint.json")}
    local_place.repository.fails["checkpoints/step-3/w.bin"] = Refused("too large")
    local_place.send(**contents)
    refused = local_place.send(**sealed)
    assert "w.bin did not arrive" in refused["checkpoints/step-3/checkpoint.json"]
    assert [] == offered(local_place)


def test_a_checkpoint_that_is_half_overwritten_is_not_offered(local_place):
    """Files of two states under one seal are no checkpoint; when the second is whole, that one is offered."""
    local_place.send(**checkpoint(3, 0.1, "first"))
    local_place.restart()
    second = local_place.files(checkpoint(3, 0.2, "other"))
    local_place.repository.fails["checkpoints/step-3/checkpoint.json"] = BackendUnavailable("down")
    with pytest.raises(BackendUnavailable):
        local_place.send_files(second)
    assert [] == offered(local_place)
    local_place.repository.fails.clear()
    local_place.send_files(second)
    assert [0.2] == [found.value for found in offered(local_place)]


def test_a_seal_that_somebody_has_changed_is_none(local_place, tmp_path):
    """What the manifest does not tell of is not believed."""
    local_place.send(**checkpoint(3))
    told = json.loads(local_place.stored()["checkpoints/step-3/checkpoint.json"])
    (tmp_path / "checkpoint.json").write_text(json.dumps(told | {"value": 99}))
    local_place.client.log_artifact(
        local_place.run_id, str(tmp_path / "checkpoint.json"), "checkpoints/step-3"
    )
    assert [] == offered(local_place)


def test_a_removed_checkpoint_is_not_offered(place):
    """Neither when the store has removed it nor when it cannot; others of a like name stay."""
    place.send(**checkpoint(1), **checkpoint(10))
    place.uploads.remove(place.run_id, "checkpoints/step-1")
    assert [10] == [found.step for found in offered(place)]


def test_checkpoints_without_a_step_do_not_claim_those_with_one(local_place):
    """The files of ``step-N`` below it are not part of the one without a number."""
    local_place.send(**{"checkpoints/w": "1", "checkpoints/checkpoint.json": seal(None)}, **checkpoint(1))
    local_place.uploads.remove(local_place.run_id, "checkpoints/step-1")
    assert ["checkpoints"] == [found.path for found in offered(local_place)]


def test_a_file_that_only_shares_the_name_is_left_alone(local_place):
    """The user's own ``checkpoint.json`` arrives byte for byte."""
    contents = {"m/checkpoint.json": b'{"step":  1}', "n/checkpoint.json": b"no JSON"}
    local_place.send(**contents)
    assert contents == local_place.stored()


def test_last_and_best(local_place):
    """The last has the highest step, the best the best value: NaN and none never win, ties go to the first."""
    values = {1: 0.5, 2: 0.9, 3: 0.9, 4: None, 5: float("nan"), 6: -1.0}
    for step, value in values.items():
        local_place.send(**checkpoint(step, value))
    found = offered(local_place)
    assert 6 == seals.last(found).step
    assert (2, 6) == (seals.best(found, "max").step, seals.best(found, "min").step)
    assert (None, None) == (seals.last([]), seals.best([], "max"))
