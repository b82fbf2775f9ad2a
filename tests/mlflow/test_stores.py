import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
import sqlalchemy
from alembic import command
from mlflow.store.db import utils
from mlflow.store.tracking.dbmodels.initial_models import Base

from tests.many_runs import fill
from tracked.errors import ConfigError
from tracked.mlflow import indexes, stores
from tracked.mlflow.client import client_for
from tracked.mlflow.indexes import quicken
from tracked.mlflow.stores import artifact_root, database_of, ensure_store, improve

FIRST_USE = """
import sys
from pathlib import Path
from tracked.mlflow.backend import MlflowBackend
from tracked.records import Opened
backend = MlflowBackend(sys.argv[1], Path(sys.argv[2]))
print(backend.create(Opened("a" * 31 + sys.argv[3], 1700000000000, "r", "race"), None).experiment_id)
"""


def test_many_processes_may_use_a_fresh_store_at_once(tmp_path):
    """Of four processes that meet on nothing, no template and no database, all make their run in one experiment."""
    folder, templates = tmp_path / "race", tmp_path / "templates"
    uri = f"sqlite:///{folder}/mlflow.db"
    command = [sys.executable, "-c", FIRST_USE, uri, str(templates)]
    racers = [
        subprocess.Popen([*command, str(i)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for i in range(4)
    ]
    told = [racer.communicate(timeout=300) for racer in racers]
    assert [0] * 4 == [racer.returncode for racer in racers], told
    assert 1 == len({output for output, _ in told})
    assert 4 == len(client_for(uri).search_runs([told[0][0].strip()]))
    assert ["mlflow.db"] == [path.name for path in folder.iterdir()]


def test_a_second_store_is_a_copy(tmp_path, templates, mocker):
    """Once a template is there, a fresh store is laid down without MLflow."""
    ensure_store(f"sqlite:///{tmp_path}/one.db", templates)
    mocker.patch.object(stores, "_migrate", side_effect=AssertionError("built again"))
    ensure_store(f"sqlite:///{tmp_path}/deep/two.db", templates)
    assert (tmp_path / "deep" / "two.db").stat().st_size > 0


def test_mlflow_takes_the_store_for_its_own(sqlite_uri, templates):
    """MLflow opens it without a migration, and artifacts lie beside the database in any working folder."""
    ensure_store(sqlite_uri, templates)
    experiment = client_for(sqlite_uri).get_experiment("0")
    assert f"{artifact_root(sqlite_uri)}/0" == experiment.artifact_location


def test_an_existing_database_is_never_altered(tmp_path, templates, mocker):
    """Whatever has content stays as it is, byte for byte, and its folder need not be writable."""
    mocker.patch.object(stores, "_alone", side_effect=AssertionError("wrote a lock"))
    database = tmp_path / "mlflow.db"
    database.write_bytes(b"somebody's data")
    ensure_store(f"sqlite:///{database}", templates)
    assert b"somebody's data" == database.read_bytes()


def test_a_touched_file_becomes_a_store(tmp_path, templates):
    """An empty file is no database yet."""
    database = tmp_path / "mlflow.db"
    database.touch()
    ensure_store(f"sqlite:///{database}", templates)
    assert b"SQLite format 3" == database.read_bytes()[:15]


def test_a_database_that_appears_meanwhile_wins(tmp_path, templates, mocker):
    """A store that another program makes while ours is prepared is not overwritten."""
    database = tmp_path / "mlflow.db"

    copyfile = shutil.copyfile

    def meanwhile(source, target):
        database.write_bytes(b"theirs")
        copyfile(source, target)

    mocker.patch.object(stores.shutil, "copyfile", side_effect=meanwhile)
    ensure_store(f"sqlite:///{database}", templates)
    assert b"theirs" == database.read_bytes()


def test_a_file_system_without_links_will_do(tmp_path, templates, mocker):
    """Google Drive knows no hard links: the store is moved into place."""
    mocker.patch.object(os, "link", side_effect=PermissionError)
    ensure_store(f"sqlite:///{tmp_path}/mlflow.db", templates)
    assert (tmp_path / "mlflow.db").stat().st_size > 0


def test_other_stores_are_left_alone(tmp_path, templates):
    """A server's URI makes no file."""
    before = list(tmp_path.iterdir())
    ensure_store("http://127.0.0.1:1", templates)
    assert before == list(tmp_path.iterdir())


def test_an_old_file_store_is_allowed(tmp_path, monkeypatch):
    """MLflow refuses its file store unless it is told to allow it."""
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE", raising=False)
    ensure_store(tmp_path.as_uri())
    assert "true" == os.environ.pop("MLFLOW_ALLOW_FILE_STORE")


def test_a_lookup_by_tag_uses_the_index(sqlite_uri, templates):
    """MLflow's search by a tag's value does not read all runs."""
    ensure_store(sqlite_uri, templates)
    connection = sqlite3.connect(database_of(sqlite_uri))
    plan = connection.execute(
        "EXPLAIN QUERY PLAN SELECT r.run_uuid FROM runs r JOIN tags t ON r.run_uuid = t.run_uuid "
        "WHERE t.key = 'k' AND t.value = 'v' AND r.experiment_id IN (1) ORDER BY r.start_time DESC"
    ).fetchall()
    connection.close()
    assert "tracked_tags_by_value (key=? AND value=?)" in str(plan)


def test_later_migrations_go_through(tmp_path):
    """A store of an older MLflow with our index and statistics is migrated by a newer one, index included."""
    engine = sqlalchemy.create_engine(f"sqlite:///{tmp_path}/old.db")
    Base.metadata.create_all(engine)
    config = utils._get_alembic_config(str(engine.url))
    command.upgrade(config, "bd07f7e963c5")  # two later ones rebuild the table of tags
    connection = sqlite3.connect(tmp_path / "old.db")
    with connection:
        quicken(connection)
    connection.close()
    command.upgrade(config, "heads")
    connection = sqlite3.connect(tmp_path / "old.db")
    indexes = connection.execute("SELECT name FROM pragma_index_list('tags')").fetchall()
    connection.close()
    engine.dispose()
    assert ("tracked_tags_by_value",) in indexes


@pytest.mark.parametrize("uri", ["http://h", "postgresql://h/db", "file:///x"])
def test_only_sqlite_has_a_database_file(uri):
    """Other stores have neither a database file nor a place for artifacts that we choose."""
    assert database_of(uri) is None
    assert artifact_root(uri) is None


def stock(tmp_path, templates):
    """A database as MLflow itself makes it, with some runs."""
    database = tmp_path / "stock.db"
    fill(database, 50, templates, stock=True)
    return database


def is_quick(database):
    """Whether it has the index and the statistics."""
    with closing(sqlite3.connect(database)) as connection:
        return indexes.is_quick(connection)


def test_an_existing_database_is_improved_on_request(tmp_path, templates):
    """It gets what our own stores have, once; its runs stay, and MLflow goes on with it."""
    database = stock(tmp_path, templates)
    uri = f"sqlite:///{database}"
    client = client_for(uri)
    before = [run.to_dictionary() for run in client.search_runs(["7"], order_by=["metrics.f1 DESC"])]
    assert not is_quick(database)
    assert improve(uri) is True
    assert improve(uri) is False
    assert is_quick(database)
    assert before == [run.to_dictionary() for run in client.search_runs(["7"], order_by=["metrics.f1 DESC"])]
    client.set_tag(before[0]["info"]["run_id"], "new", "tag")


def test_true_statistics_that_are_there_stay(tmp_path, templates):
    """Who has run ANALYZE keeps what it found, and gets what it did not."""
    database = stock(tmp_path, templates)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("ANALYZE")
        connection.commit()
        true = set(connection.execute("SELECT * FROM sqlite_stat1"))
        assert improve(f"sqlite:///{database}")
        assert is_quick(database)
        assert true < set(connection.execute("SELECT * FROM sqlite_stat1"))


def test_statistics_that_a_migration_lost_come_back(tmp_path, templates):
    """Our own store is made quick again when it is next opened; a database without our index is left as it is."""
    uri, database = f"sqlite:///{tmp_path}/ours.db", tmp_path / "ours.db"
    ensure_store(uri, templates)
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("DELETE FROM sqlite_stat1 WHERE tbl = 'tags'")
    ensure_store(uri, templates)
    assert is_quick(database)
    theirs = stock(tmp_path, templates)
    before = theirs.read_bytes()
    ensure_store(f"sqlite:///{theirs}", templates)
    assert before == theirs.read_bytes()


def test_a_database_in_use_is_opened_without_waiting(tmp_path, templates):
    """Statistics can wait for another day; whoever asks for them by name is told."""
    uri, database = f"sqlite:///{tmp_path}/ours.db", tmp_path / "ours.db"
    ensure_store(uri, templates)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DELETE FROM sqlite_stat1")
        connection.commit()
        connection.execute("BEGIN IMMEDIATE")
        ensure_store(uri, templates)
        assert not is_quick(database)


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        ("http://127.0.0.1:1", "local sqlite"),
        ("postgresql://h/db", "local sqlite"),
        ("sqlite:///{folder}/none.db", "no database"),
        ("sqlite:///{folder}/text.db", "no database of MLflow"),
        ("sqlite:///{folder}/other.db", "no database of MLflow"),
    ],
)
def test_what_cannot_be_improved_is_told(tmp_path, uri, told):
    """And stays as it is."""
    (tmp_path / "text.db").write_bytes(b"somebody's data" * 100)
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection, connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = (tmp_path / "other.db").read_bytes()
    with pytest.raises(ConfigError, match=told):
        improve(uri.format(folder=tmp_path))
    assert before == (tmp_path / "other.db").read_bytes()
    assert not (tmp_path / "none.db").exists()
