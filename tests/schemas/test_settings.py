import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from schemas.index.listings import schema_hash
from schemas.settings import Settings
from schemas.urls import sqlalchemy_url
from tests.conftest import RUN_ENV


@pytest.mark.parametrize(
    ("media_url", "directory"),
    [
        ("file:.casabricks/media", Path(".casabricks/media")),
        ("file:/srv/media", Path("/srv/media")),
        ("file:///srv/media", Path("/srv/media")),
        ("s3://bucket/prefix", None),
    ],
)
def test_pictures_in_files_have_a_directory(media_url, directory):
    assert Settings(media_url=media_url).media_directory == directory


@pytest.mark.parametrize(
    ("url", "nodes"),
    [
        ("http://one:9200", ["http://one:9200"]),
        ("http://one:9200,http://two:9200", ["http://one:9200", "http://two:9200"]),
        (" http://one:9200 , http://two:9200, ", ["http://one:9200", "http://two:9200"]),
    ],
)
def test_a_cluster_is_named_node_by_node(url, nodes):
    assert Settings(opensearch_url=url).opensearch_nodes == nodes


@pytest.mark.parametrize(
    ("name", "value"),
    [("index_alias", "Listings"), ("index_alias", "a-b"), ("index_alias", ""), ("api_port", 65_536)],
)
def test_a_setting_that_cannot_work_is_refused(name, value):
    with pytest.raises(ValidationError, match=name):
        Settings(**{name: value})


@pytest.fixture
def beside_a_stack(tmp_path, monkeypatch):
    """A directory in which `make up` runs."""
    (tmp_path / ".casabricks").mkdir()
    (tmp_path / ".casabricks" / "run.env").write_text("INDEX_ALIAS=mine\nADMIN_PASSWORD=unread\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(Settings.model_config, "env_file", RUN_ENV)


@pytest.mark.usefixtures("beside_a_stack")
def test_commands_beside_a_running_stack_find_it():
    assert Settings().index_alias == "mine"


@pytest.mark.usefixtures("beside_a_stack")
def test_the_environment_outweighs_a_running_stack(monkeypatch):
    monkeypatch.setenv("INDEX_ALIAS", "others")
    assert Settings().index_alias == "others"


def test_secrets_are_not_shown():
    assert "hunter2" not in repr(Settings(jwt_secret="hunter2"))


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_any_name_of_postgres_gets_our_driver(scheme):
    assert sqlalchemy_url(f"{scheme}://u:p%40@h:5/d?x=1") == "postgresql+psycopg://u:p%40@h:5/d?x=1"


def test_the_schema_hash_is_the_same_in_every_process():
    """If two processes disagreed, each would reject the other's index."""
    show = [sys.executable, "-c", "from schemas.index.listings import schema_hash; print(schema_hash())"]
    other = os.environ | {"PYTHONHASHSEED": "7"}
    shown = subprocess.run(show, env=other, capture_output=True, text=True, check=True).stdout
    assert shown.strip() == schema_hash()
    assert len(schema_hash()) == 8
    assert int(schema_hash(), 16) >= 0
