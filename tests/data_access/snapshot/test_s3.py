"""The same in a bucket, which replicas share: moto's server plays S3."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from data_access.errors import SnapshotError
from data_access.snapshot.forget import forget
from data_access.snapshot.store import Store
from data_access.snapshot.sync import sync
from tests.data_access.conftest import OpenSource
from tests.data_access.layouts import iso, put
from tests.data_access.snapshot.conftest import load_lasting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    """A process of its own: delta-rs can hold the interpreter while it waits for an answer."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        server.terminate()


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    urllib.request.urlopen(urllib.request.Request(f"{s3_endpoint}/moto-api/reset", method="POST"), timeout=60).close()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "team")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    client = boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1")
    client.create_bucket(Bucket="team")
    yield client
    client.close()


def replica(tmp_path: Path, name: str) -> Store:
    return Store("s3://team/dynascope/snapshot", tmp_path / name)


def held(bucket: Any) -> dict[str, bytes]:
    names = [one["Key"] for page in bucket.get_paginator("list_objects_v2").paginate(Bucket="team") for one in page.get("Contents", ())]
    return {name: bucket.get_object(Bucket="team", Key=name)["Body"].read() for name in names}


@pytest.mark.usefixtures("always_update")
def test_sync_read_update_and_forget(dynamodb: DynamoDBClient, open_source: OpenSource, bucket: Any, tmp_path: Path) -> None:
    known = load_lasting(dynamodb, "ai_agent")
    source = open_source("ai_agent")
    one, two = replica(tmp_path, "one"), replica(tmp_path, "two")
    first = sync(source, one)
    assert two.coverage()["ai_agent"].messages == first.messages == sum(len(talk.turns) for talk in known)
    talk = known[-1]
    later = {"id": "new", "tenantId": talk.tenant_id, "userId": talk.user_id, "sessionId": talk.conversation_id, "role": "user"}
    put(dynamodb, [("ai-agent-messages", later | {"content": "one more", "timestamp": iso(talk.last_activity_at, ".500Z")})])
    again = sync(source, two)
    assert (again.full, again.new_rows, again.messages) == (False, 1, first.messages + 1)
    with one.connection() as database:
        assert database.execute("SELECT count(*) FROM messages WHERE content = 'one more' AND system = 'ai_agent'").fetchall() == [(1,)]
        assert database.execute("SELECT count(DISTINCT tool) FROM tool_calls").fetchall() == [(3,)]
    user = known[0].user_id
    mine = [talk for talk in known if talk.user_id == user]
    forget(one, user)
    for store in (one, two):
        assert user not in set(store.arrow("messages")["user_id"].to_pylist())
    assert not any(talk.conversation_id.encode() in data for talk in mine for data in held(bucket).values())
    sync(source, two, full=True)
    assert user not in set(one.arrow("conversations")["user_id"].to_pylist())


def test_an_erasure_by_one_replica_while_another_commits(
    dynamodb: DynamoDBClient, open_source: OpenSource, bucket: Any, tmp_path: Path
) -> None:
    known = load_lasting(dynamodb, "cg")
    source = open_source("cg")
    user = known[0].user_id
    one, two = replica(tmp_path, "one"), replica(tmp_path, "two")
    save, done = one.save, []

    def erase_then_save(state: Any) -> None:
        if not done:
            done.append(True)
            forget(two, user)
        save(state)

    one.save = erase_then_save  # type: ignore[method-assign]
    sync(source, one)
    assert user not in set(two.arrow("conversations")["user_id"].to_pylist())
    assert len(two.arrow("conversations")) == sum(talk.user_id != user for talk in known)


def test_what_is_of_another_version_is_set_aside(dynamodb: DynamoDBClient, open_source: OpenSource, bucket: Any, tmp_path: Path) -> None:
    load_lasting(dynamodb, "cg")
    source = open_source("cg")
    store = replica(tmp_path, "one")
    sync(source, store)
    bucket.put_object(Bucket="team", Key="dynascope/snapshot/state/cg.json", Body=b'{"version": 0}')
    with pytest.raises(SnapshotError, match="another version"):
        store.coverage()
    synced = sync(source, store)
    assert synced.notice is not None
    assert "set aside" in synced.notice
    assert any("/set-aside/" in name for name in held(bucket))
    assert store.coverage()["cg"].messages == synced.messages


def test_a_bucket_that_is_not_there(bucket: Any, tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"S3 refused \(NoSuchBucket\)"):
        Store("s3://nobody/here", tmp_path).coverage()
