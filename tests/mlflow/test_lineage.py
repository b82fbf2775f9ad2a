import json

import pytest

from tests.mlflow.ways import both, embedded
from tracked import tags as t
from tracked.errors import RunNotFound
from tracked.mlflow import narrow
from tracked.mlflow.backend import MlflowBackend
from tracked.mlflow.lineage import ancestors, children, lineage
from tracked.records import Opened

NOW = 1_700_000_000_000
CHAIN = [
    ("sweep", "hpo", None, {}),
    ("trial-0", "hpo_trial", 0, {}),
    ("trial-1", "hpo_trial", 0, {}),
    ("train", "training", 2, {}),
    ("convert", "conversion", None, {t.SOURCE_RUN: 3}),
    ("bench", "benchmark", None, {t.SOURCE_RUN: 4, t.HPO_SWEEP_RUN: 0}),
    ("former", "benchmark", None, {"code.lineage.hpo_trial_run_id": 1}),
    ("stranger", "training", None, {}),
]
"""Name, stage, parent, and tags that name another run by its number; the conversion is in an experiment of its own."""


def fill(uri, templates=None):
    """The runs of ``CHAIN``; their ids by number."""
    backend = MlflowBackend(uri, templates)
    made = []
    for i, (name, stage, parent, links) in enumerate(CHAIN):
        experiment = "converted" if stage == "conversion" else "chain"
        tags = {t.STAGE: stage, **{key: made[number] for key, number in links.items()}}
        opened = Opened(f"{i:032x}", NOW + i, name, experiment, tags=tags)
        made.append(backend.create(opened, None if parent is None else made[parent]).run_id)
    return uri, made


chain = embedded(fill)
way = both("linked", "by searching")


def names(runs):
    """Their names, in order."""
    return [run.info.run_name for run in runs]


def test_children(chain, way):
    """Those directly below, or all below, the earliest first."""
    uri, made = chain
    assert ["trial-0", "trial-1"] == names(children(uri, made[0]))
    assert ["trial-0", "trial-1", "train"] == names(children(uri, made[0], recursive=True))
    assert [] == children(uri, made[5])


def test_ancestors(chain):
    """The outermost first, without the run itself."""
    uri, made = chain
    assert ["sweep", "trial-1"] == names(ancestors(uri, made[3]))
    assert [] == ancestors(uri, made[0])


def test_lineage_goes_from_the_sweep_to_the_benchmark(chain, way):
    """From any run of the chain all of it is seen, across experiments, with 32-hex ids and the former system's tags."""
    uri, made = chain
    from_sweep = lineage(uri, made[0])
    assert ["trial-0", "trial-1", "train", "convert", "bench", "former"] == names(from_sweep.products)
    from_bench = lineage(uri, made[5])
    assert ["sweep", "trial-1", "train", "convert"] == names(from_bench.sources)
    middle = lineage(uri, made[3])
    assert (["sweep", "trial-1"], ["convert", "bench"]) == (names(middle.sources), names(middle.products))
    assert ["bench"] == names(middle.of_stage("benchmark"))
    assert ["train"] == names(middle.of_stage("training"))
    assert ["trial-0"] == [run.info.run_name for run in lineage(uri, made[6]).of_stage("hpo_trial")]


def test_a_circle_ends(tmp_path, templates, way):
    """Runs that name each other as their source are each seen once."""
    backend = MlflowBackend(f"sqlite:///{tmp_path}/mlflow.db", templates)
    a, b = (backend.create(Opened(f"{i:032x}", NOW + i, f"r{i}", "c"), None).run_id for i in range(2))
    backend.log(a, [], {}, {t.MLFLOW_PARENT: b})
    backend.log(b, [], {}, {t.MLFLOW_PARENT: a})
    assert ["r1"] == names(lineage(backend.uri, a).products) == names(lineage(backend.uri, a).sources)
    assert ["r1"] == names(ancestors(backend.uri, a))


def test_a_source_that_is_gone_ends_the_way(chain):
    """A tag that names no run is passed over."""
    uri, _ = chain
    backend = MlflowBackend(uri)
    made = backend.create(Opened("e" * 32, NOW, "lost", "lost", tags={t.SOURCE_RUN: "0" * 32}), "1" * 32)
    assert () == lineage(uri, made.run_id).sources
    assert [] == ancestors(uri, made.run_id)


def test_many_children_are_all_found(tmp_path, templates, mocker):
    """Where more parents are asked for than one question takes, none is left out."""
    mocker.patch.object(narrow, "linked", return_value=None)
    mocker.patch("tracked.mlflow.lineage._AT_ONCE", 2)
    backend = MlflowBackend(f"sqlite:///{tmp_path}/mlflow.db", templates)
    top = backend.create(Opened("a" * 32, NOW, "top", "wide"), None).run_id
    for i in range(5):
        child = backend.create(Opened(f"{i:032x}", NOW + i, f"c{i}", "wide"), top).run_id
        backend.create(Opened(f"{i + 9:032x}", NOW + 10 + i, f"g{i}", "wide"), child)
    found = names(children(backend.uri, top, recursive=True))
    assert [*(f"c{i}" for i in range(5)), *(f"g{i}" for i in range(5))] == found


def test_a_run_that_is_not_there(chain):
    """It is named."""
    for ask in (children, ancestors, lineage):
        with pytest.raises(RunNotFound, match="0000"):
            ask(chain[0], "0" * 32)


@pytest.mark.server
def test_over_a_server_too(server_uri):
    """The same chain is seen over HTTP."""
    uri, made = fill(server_uri)
    assert ["trial-0", "trial-1"] == names(children(uri, made[0]))
    assert ["convert", "bench"] == names(lineage(uri, made[3]).products)


def test_what_began_at_once_stands_in_the_order_of_the_tree(tmp_path, templates, way):
    """A parent stands before its child even where the clock cannot tell, and each time the same."""
    backend = MlflowBackend(f"sqlite:///{tmp_path}/mlflow.db", templates)
    made = [None]
    for i in range(6):
        made.append(backend.create(Opened(f"{i:032x}", NOW, f"r{i}", "at once"), made[-1]).run_id)
    expected = [f"r{i}" for i in range(6)]
    assert expected[:-1] == names(lineage(backend.uri, made[-1]).sources)
    assert expected[1:] == names(lineage(backend.uri, made[1]).products)
    assert expected[1:] == names(children(backend.uri, made[1], recursive=True))


def test_values_that_were_handed_on_are_links(backend, mocker):
    """Several runs that made what one run was given are its sources, and it is a product of each; also by searching."""
    a, b = (backend.create(Opened(x * 32, NOW, f"make-{x}", "values"), None).run_id for x in "ab")
    given = json.dumps({"model": [a], "data": [b, "g" * 32]})
    backend.create(Opened("c" * 32, NOW + 1, "use", "values", tags={t.INPUT_RUNS: given}), None)
    for _ in range(2):
        (used,) = lineage(backend.uri, a).products
        assert ["use"] == names(lineage(backend.uri, b).products) == [used.info.run_name]
        assert ["make-a", "make-b"] == sorted(names(lineage(backend.uri, used.info.run_id).sources))
        mocker.patch.object(narrow, "linked", return_value=None)
