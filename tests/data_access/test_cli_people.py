"""`user` and `export` as scripts meet them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from data_access.cli import main
from data_access.costs.size import item_bytes
from tests.data_access.layouts import SYSTEMS, create, items, load, put, talks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Run = Callable[..., "Said"]
USER = "user-1"


class Said:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def answer(self) -> dict[str, Any]:
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def error(self) -> str:
        assert "Traceback" not in self.err
        return json.loads(self.err.splitlines()[-1])["error"]["code"]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def begin(*arguments: str) -> Said:
        capsys.readouterr()
        code = main(arguments)
        wrote = capsys.readouterr()
        return Said(code, wrote.out, wrote.err)

    return begin


@pytest.fixture
def there(moto_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command line in aws mode, with moto for AWS, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    variables = {
        "DYNASCOPE_MODE": "aws",
        "AWS_ENDPOINT_URL_DYNAMODB": moto_endpoint,
        "AWS_ACCESS_KEY_ID": "A",
        "AWS_SECRET_ACCESS_KEY": "s",
    }
    for name, value in (variables | {"AWS_REGION": "us-east-1"}).items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.fixture
def client(moto_endpoint: str) -> Iterator[DynamoDBClient]:
    made: Any = botocore.session.get_session().create_client(
        "dynamodb", endpoint_url=moto_endpoint, region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local"
    )
    yield made
    made.close()


def only(there: Path, *systems: str, first: str = "") -> None:
    """Only these systems are on; `first` is what else the configuration says."""
    off = "".join(f"[systems.{name}]\nenabled = false\n" for name in SYSTEMS if name not in systems)
    (there / "dynascope.toml").write_text(first + off)


def scanned(client: DynamoDBClient, table: str, name: str, user: str) -> dict[str, int]:
    found = [item for item in client.scan(TableName=table)["Items"] if item.get(name) == {"S": user}]
    return {"items": len(found), "bytes": sum(map(item_bytes, found))}


def test_user_says_what_every_system_keeps(client: DynamoDBClient, there: Path, run: Run) -> None:
    only(there, "ai_agent", "ai4ai")
    load(client, "ai_agent", "ai4ai")
    said = run("user", "--user", USER)
    assert said.code == 0
    answer = said.answer
    assert answer["user_id"] == USER
    systems = {one["system"]: one for one in answer["systems"]}
    assert systems.keys() == {"ai_agent", "ai4ai"}
    agent = systems["ai_agent"]
    assert agent["conversations"] == sum(talk.user_id == USER for talk in talks("ai_agent"))
    assert agent["records"] == []
    for table in ("ai-agent-sessions", "ai-agent-messages"):
        found = agent["tables"][table]
        assert {name: found[name] for name in ("items", "bytes")} == scanned(client, table, "userId", USER)
    assert (systems["ai4ai"]["conversations"], systems["ai4ai"]["unread"]) == (0, [])
    assert USER not in said.err


def test_user_says_records_by_kind(client: DynamoDBClient, there: Path, run: Run) -> None:
    only(there, "remo")
    load(client, "remo")
    user = "did:privy:cm1"
    (remo,) = run("user", "--user", user, "--system", "remo").answer["systems"]
    assert remo["conversations"] == 1
    assert {name: remo["tables"]["remo-user-data"][name] for name in ("items", "bytes")} == scanned(
        client, "remo-user-data", "user_id", user
    )
    records = {one["kind"]: one for one in remo["records"]}
    assert records.keys() == {"user_preferences", "reminder_data", "todo_data"}
    assert all(one["items"] == 1 and one["updated_at"].endswith("Z") and one["expires_at"].endswith("Z") for one in records.values())


def test_nobody_is_not_found(client: DynamoDBClient, there: Path, run: Run) -> None:
    only(there, "ai_agent")
    load(client, "ai_agent")
    for user in ("USER-1", "user-1 ", "user-"):
        said = run("user", "--user", user)
        assert (said.code, said.out, said.error) == (1, "", "not_found")
        assert run("export", "--user", user, "--out", "all.zip").error == "not_found"
    assert sorted(path.name for path in there.iterdir()) == ["dynascope.toml"]


def test_ids_that_look_alike_are_told_byte_for_byte(client: DynamoDBClient, there: Path, run: Run) -> None:
    only(there, "ai_agent")
    load(client, "ai_agent")
    said = run("user", "--user", USER)
    assert said.answer["neighbours"] is None, "there is no snapshot yet"
    assert "not looked for" in said.err
    put(client, [("ai-agent-sessions", {"id": "near", "tenantId": "acme", "userId": "user-1 ", "createdAt": "2026-11-01T00:00:00Z"})])
    assert run("sync").code == 0
    said = run("user", "--user", USER)
    capital, blank = said.answer["neighbours"]
    assert (said.code, capital["user_id"], blank["user_id"], blank["systems"]) == (0, "User-1", "user-1 ", ["ai_agent"])
    assert blank["bytes_view"] == "user-1\\x20 = 75 73 65 72 2d 31 20"
    assert "2 other ids look like this one" in said.err
    assert USER not in said.err.lower(), "no id is among the messages"


def test_nothing_stored_still_tells_whose_id_looks_like_it(client: DynamoDBClient, there: Path, run: Run) -> None:
    only(there, "ai_agent")
    load(client, "ai_agent")
    assert run("sync").code == 0
    said = run("user", "--user", "USER-1")
    assert (said.code, said.error, [one["user_id"] for one in said.answer["neighbours"]]) == (1, "not_found", ["User-1", USER])


def test_a_system_says_its_items_and_bytes_over_all_tables(client: DynamoDBClient, there: Path, run: Run) -> None:
    only(there, "ai_agent")
    load(client, "ai_agent")
    (agent,) = run("user", "--user", USER).answer["systems"]
    tables = agent["tables"].values()
    assert agent["items"] == sum(table["items"] for table in tables) > 0
    assert agent["bytes"] == sum(table["bytes"] for table in tables)


@pytest.mark.parametrize("out", ["", ".", "/", "/dev/null", "folder"])
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_an_export_goes_to_a_file_alone(client: DynamoDBClient, there: Path, run: Run, out: str, force: tuple[str, ...]) -> None:
    only(there, "remo")
    load(client, "remo")
    (there / "folder").mkdir()
    said = run("export", "--user", "did:privy:cm1", "--out", out, *force)
    assert (said.code, said.out, said.error) == (2, "", "usage")
    assert sorted(path.name for path in there.iterdir()) == ["dynascope.toml", "folder"]


@pytest.mark.parametrize("command", [("user",), ("export", "--out", "x.zip")])
def test_a_wrong_question_is_wrong_usage(there: Path, run: Run, command: tuple[str, ...]) -> None:
    only(there, "ai_agent")
    for wrong in (("--user", ""), ("--user", "x" * 2_049), ("--user", "a", "--system", "nowhere"), ()):
        said = run(*command, *wrong)
        assert (said.code, said.out, said.error) == (2, "", "usage")


def test_export_writes_one_file_for_its_owner_alone(client: DynamoDBClient, there: Path, run: Run) -> None:
    only(there, "ai_agent")
    load(client, "ai_agent")
    out = there / "all.zip"
    said = run("export", "--user", USER, "--system", "ai_agent", "--out", str(out))
    assert said.code == 0
    assert out.stat().st_mode & 0o777 == 0o600
    assert said.answer["bytes"] == out.stat().st_size
    with zipfile.ZipFile(out) as archive:
        assert said.answer["files"] == len(archive.namelist())
        stored = archive.read("items/ai_agent/ai-agent-sessions.jsonl").splitlines()
        assert len(stored) == scanned(client, "ai-agent-sessions", "userId", USER)["items"]
        assert all(json.loads(line)["userId"] == {"S": USER} for line in stored)
    assert sorted(path.name for path in there.iterdir()) == ["all.zip", "dynascope.toml"]


def test_export_replaces_nothing_unless_it_is_told_to(client: DynamoDBClient, there: Path, run: Run) -> None:
    only(there, "ai_agent")
    load(client, "ai_agent")
    out = there / "all.zip"
    out.write_text("mine")
    said = run("export", "--user", USER, "--out", str(out))
    assert (said.code, said.error, out.read_text()) == (1, "file_exists", "mine")
    assert run("export", "--user", USER, "--out", str(out), "--force").code == 0
    assert zipfile.is_zipfile(out)
    assert out.stat().st_mode & 0o777 == 0o600
    assert run("export", "--user", USER, "--out", str(there / "no" / "all.zip")).error == "usage"
    assert run("export", "--user", USER, "--out", str(there / ("x" * 300))).error == "not_written"


def test_what_cannot_be_read_is_said_and_fails_the_command(client: DynamoDBClient, there: Path, run: Run) -> None:
    only(there, "ai_agent", "ai4ai")
    load(client, "ai_agent")
    said = run("user", "--user", USER)
    assert (said.code, said.error) == (1, "no_table")
    systems = {one["system"]: one for one in said.answer["systems"]}
    assert systems["ai_agent"]["tables"]["ai-agent-sessions"]["items"]
    assert {one["code"] for one in systems["ai4ai"]["unread"]} == {"no_table"}
    assert run("user", "--user", USER, "--system", "ai_agent").code == 0
    said = run("export", "--user", USER, "--out", "all.zip")
    assert (said.code, said.error, said.answer["complete"]) == (1, "no_table", False)
    with zipfile.ZipFile(there / "all.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert [bool(one["not_readable"]) for one in manifest["systems"]] == [name == "ai4ai" for name in ("ai4ai", "ai_agent")]


def test_a_scan_above_the_budget_is_refused_unless_it_is_allowed(client: DynamoDBClient, there: Path, run: Run) -> None:
    only(there, "ai_agent", first="scan_budget = 0.01\nsnapshot = false\n")
    load(client, "ai_agent")
    said = run("user", "--user", USER)
    assert (said.code, said.error) == (1, "scan_refused")
    (agent,) = said.answer["systems"]
    assert agent["found_by"]["by"] == "nothing"
    said = run("export", "--user", USER, "--out", "all.zip")
    assert (said.code, said.out, said.error) == (1, "", "scan_refused")
    assert not (there / "all.zip").exists()
    assert run("user", "--user", USER, "--allow-scan").answer["systems"][0]["conversations"] == sum(
        talk.user_id == USER for talk in talks("ai_agent")
    )
    assert run("export", "--user", USER, "--out", "all.zip", "--allow-scan").code == 0


@pytest.mark.parametrize("by", ["scan", "snapshot"])
def test_a_session_id_that_two_people_share_gives_nobodys_messages_away(client: DynamoDBClient, there: Path, run: Run, by: str) -> None:
    only(there, "ai4ai", first="scan_budget = 0.01\n" if by == "snapshot" else "")
    create(client, "ai4ai")
    mine = next(talk for talk in talks("ai4ai") if len(talk.turns) > 2)
    put(client, list(items(mine)))
    put(client, [("ai4ai-chat-sessions", {"user_id": "somebody-else", "session_id": mine.conversation_id, "title": "x"})])
    if by == "snapshot":
        assert run("sync").code == 0
    said = run("user", "--user", mine.user_id)
    (found,) = said.answer["systems"]
    assert found["found_by"]["by"] == by
    assert found["tables"]["ai4ai-chat-sessions"]["items"] == 1
    assert found["tables"]["ai4ai-chat-messages"]["items"] == 0
    assert any("somebody else's conversation has too" in note for note in found["notes"])


def test_messages_that_name_somebody_else_are_left_out(client: DynamoDBClient, there: Path, run: Run) -> None:
    only(there, "ai_agent")
    load(client, "ai_agent")
    talk = next(talk for talk in talks("ai_agent") if talk.user_id == USER)
    stray = {"id": "stray", "sessionId": talk.conversation_id, "tenantId": talk.tenant_id, "userId": "user-2", "timestamp": "2026-05-04"}
    nameless = {name: value for name, value in stray.items() if name != "userId"} | {"id": "nameless"}
    put(client, [("ai-agent-messages", stray | {"content": "x"}), ("ai-agent-messages", nameless | {"content": "y"})])
    (agent,) = run("user", "--user", USER).answer["systems"]
    # The one that names nobody lies in the person's conversation.
    assert agent["tables"]["ai-agent-messages"]["items"] == scanned(client, "ai-agent-messages", "userId", USER)["items"] + 1
    assert agent["notes"] == ["Messages in these conversations that name somebody else were left out: 1."]


def test_a_message_of_no_conversation_is_counted_with_the_others(client: DynamoDBClient, there: Path, run: Run) -> None:
    only(there, "ai_agent")
    load(client, "ai_agent")
    put(client, [("ai-agent-messages", {"id": "loose", "tenantId": "acme", "userId": USER, "role": "user", "content": "Hm?"})])
    assert run("export", "--user", USER, "--out", "all.zip").code == 0
    with zipfile.ZipFile(there / "all.zip") as archive:
        (agent,) = json.loads(archive.read("manifest.json"))["systems"]
        assert agent["messages"] == agent["tables"]["ai-agent-messages"]["items"] == len(archive.read("messages.jsonl").splitlines())
