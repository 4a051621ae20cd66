"""The command line as scripts meet it: JSON lines on stdout, one JSON error on stderr, exit codes 0, 1 and 2."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from data_access.cli import main
from data_access.dynamo.read import Reader
from tests.data_access.layouts import BASE, SYSTEMS, USERS, Talk, create, iso, load, put, talks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REPOSITORY = Path(__file__).resolve().parents[2]
CONVERSATION = (
    "system conversation_id user_id tenant_id title started_at last_activity_at message_count first_user_message "
    "last_assistant_message tools failed_tools is_active expires_at extra address problems"
).split()
MESSAGE = "position role content sent_at tool_calls metadata message_id response_seconds address extra problems".split()


class Said:
    """What one command wrote and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def lines(self) -> list[dict[str, Any]]:
        assert self.code == 0, self.err
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> dict[str, str]:
        """The error of a command that failed as it is to."""
        assert self.out == ""
        assert "Traceback" not in self.err
        (line,) = self.err.splitlines()
        said = json.loads(line)
        assert list(said) == ["error"]
        assert list(said["error"]) == ["code", "message"]
        assert said["error"]["message"][-1] in ".!"
        return said["error"]


Run = Callable[..., Said]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def begin(*arguments: str) -> Said:
        capsys.readouterr()
        code = main(arguments)
        wrote = capsys.readouterr()
        return Said(code, wrote.out, wrote.err)

    return begin


@pytest.fixture
def there(endpoint: str, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """The command line in aws mode, with the test's DynamoDB for AWS, in a folder of its own."""
    variables = {"DYNASCOPE_MODE": "aws", "AWS_ENDPOINT_URL_DYNAMODB": endpoint, "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        for name, value in (variables | {"AWS_REGION": "us-east-1"}).items():
            patch.setenv(name, value)
        yield patch


def shown(talk: Talk) -> dict[str, Any]:
    return {
        name: iso(value) if name.endswith("_at") else list(value) if isinstance(value, tuple) else value
        for name, value in talk.summary().items()
    }


@pytest.mark.parametrize("system", SYSTEMS)
def test_conversations_and_messages_are_those_that_were_written(dynamodb: DynamoDBClient, there: Any, run: Run, system: str) -> None:
    known = load(dynamodb, system)[system]
    for user in USERS[system]:
        mine = {talk.conversation_id: talk for talk in known if talk.user_id == user}
        lines = run("conversations", "--system", system, "--user", user).lines
        assert {line["conversation_id"]: {n: line[n] for n in shown(known[0])} for line in lines} == {i: shown(t) for i, t in mine.items()}
        assert all(list(line) == CONVERSATION for line in lines)
        talk = max(mine.values(), key=lambda one: len(one.turns))
        lines = run("messages", "--system", system, "--user", user, "--conversation", talk.conversation_id).lines
        assert all(list(line) == MESSAGE for line in lines)
        assert [said_by(line) for line in lines] == [
            (n, r, c, iso(at), [list(call) for call in calls]) for n, r, c, at, calls in talk.said()
        ]


def said_by(line: dict[str, Any]) -> tuple[Any, ...]:
    calls = [[call[part] for part in ("name", "arguments", "result", "status")] for call in line["tool_calls"]]
    return (line["position"], line["role"], line["content"], line["sent_at"], calls)


def test_filters_limits_and_what_is_said_beside(dynamodb: DynamoDBClient, there: Any, run: Run) -> None:
    known = load(dynamodb, "ai_agent")["ai_agent"]
    last = sorted(known, key=lambda one: one.last_activity_at)
    said = run("conversations", "--system", "ai_agent", "--limit", "2")
    assert [line["conversation_id"] for line in said.lines] == [one.conversation_id for one in reversed(last[-2:])]
    assert f"2 of {len(known)} conversations" in said.err
    assert "were estimated" in said.err
    talk = known[3]
    window = ("--since", iso(talk.started_at), "--until", talk.last_activity_at.replace(tzinfo=None).isoformat() + ".5+00:00")
    ids = [line["conversation_id"] for line in run("conversations", "--system", "ai_agent", "--tenant", str(talk.tenant_id), *window).lines]
    assert ids == [talk.conversation_id]
    booked = run("conversations", "--system", "ai_agent", "--failed-tool", "book").lines
    assert {line["conversation_id"] for line in booked} == {t.conversation_id for t in known if "book" in t.summary()["failed_tools"]}
    assert booked
    few = run("conversations", "--system", "ai_agent", "--max-messages", "2").lines
    assert {line["message_count"] for line in few} <= {1, 2}


def test_a_filter_that_finds_nothing_is_an_empty_list(dynamodb: DynamoDBClient, there: Any, run: Run) -> None:
    create(dynamodb, "cg")
    said = run("conversations", "--system", "cg", "--user", "nobody")
    assert (said.code, said.out) == (0, "")
    assert "0 conversations" in said.err


def test_explain_reads_nothing(dynamodb: DynamoDBClient, there: pytest.MonkeyPatch, run: Run) -> None:
    create(dynamodb, "ai_agent")

    def never(*_: Any) -> None:
        raise AssertionError("an item was read")

    there.setattr(Reader, "_send", never)
    for arguments in (("conversations",), ("messages", "--conversation", "c")):
        said = run(*arguments, "--system", "ai_agent", "--user", "u", "--tenant", "t", "--explain")
        (answer,) = said.lines
        assert answer["estimated_units"] > 0
        assert answer["steps"]
        for step in answer["steps"]:
            assert list(step) == "operation table index key_condition filter reason estimated_units estimated_usd basis bound".split()
    (listed,) = run("conversations", "--system", "ai_agent", "--user", "u", "--tenant", "t", "--explain").lines
    first = listed["steps"][0]
    assert (first["operation"], first["index"]) == ("Query", "TenantUserIndex")
    assert first["key_condition"] == "tenantId = :tenant_id AND userId = :user_id"


# Refused


USAGE: list[tuple[list[str], str]] = [
    ([], "COMMAND"),
    (["nonsense"], "invalid choice"),
    (["conversations"], "--system"),
    (["messages", "--system", "cg"], "--conversation"),
    (["conversations", "--system", "nope"], "no system 'nope'"),
    (["tables", "create", "--system", "nope"], "no system 'nope'"),
    (["tables"], "ACTION"),
    (["conversations", "--system", "cg", "--user", ""], "user id is empty"),
    (["conversations", "--system", "ai_agent", "--tenant", ""], "tenant id is empty"),
    (["messages", "--system", "cg", "--conversation", ""], "conversation id is empty"),
    (["conversations", "--system", "cg", "--user", "x" * 2_049], "2,049 bytes"),
    (["conversations", "--system", "cg", "--user", "\udcff"], "not valid Unicode"),
    (["conversations", "--system", "cg", "--tenant", "t"], "has no tenants"),
    (["conversations", "--system", "cg", "--since", "2026-05-02", "--until", "2026-05-01"], "not before its end"),
    (["messages", "--system", "cg", "--conversation", "c", "--since", "2026-05-02", "--until", "2026-05-02"], "not before its end"),
    (["conversations", "--system", "cg", "--limit", "0"], "not a whole number above zero"),
    (["conversations", "--system", "cg", "--limit", "²"], "not a whole number above zero"),
    (["conversations", "--system", "cg", "--limit", "many"], "not a whole number above zero"),
    (["conversations", "--system", "cg", "--min-messages", "5", "--max-messages", "4"], "above the largest"),
    *(
        (["conversations", "--system", "cg", "--since", when], "is not a time in ISO 8601")
        for when in ("yesterday", "", "2026-13-01", "1764547200", "1712123100123", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00+14:00")
    ),
]


@pytest.mark.parametrize("arguments, words", USAGE, ids=[f"{n} {words}" for n, (_, words) in enumerate(USAGE)])
def test_wrong_usage_is_one_sentence_and_exit_2(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: Run, arguments: list[str], words: str
) -> None:
    """Nothing is sent for it: the endpoint is a port where nobody listens."""
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DYNASCOPE_MODE": "aws",
        "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "A",
        "AWS_SECRET_ACCESS_KEY": "s",
    }.items():
        monkeypatch.setenv(name, value)
    said = run(*arguments)
    assert said.code == 2
    assert said.error["code"] == "usage"
    assert words in said.error["message"]


@pytest.mark.parametrize("text, code", [("x = ", "bad_settings"), ('specs = "own"', "bad_settings"), ('mode = "cloud"', "bad_settings")])
def test_wrong_settings_are_wrong_usage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: Run, text: str, code: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dynascope.toml").write_text(text)
    said = run("systems")
    assert (said.code, said.error["code"]) == (2, code)


def test_a_wrong_spec_is_wrong_usage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run: Run) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "bad.toml").write_text('id = "bad"')
    (tmp_path / "dynascope.toml").write_text('specs = "own"')
    said = run("conversations", "--system", "cg")
    assert (said.code, said.error["code"]) == (2, "bad_spec")
    assert said.error["message"].startswith("bad.toml: ")


@pytest.mark.parametrize("system", SYSTEMS)
def test_an_unknown_conversation_is_not_found(dynamodb: DynamoDBClient, there: Any, run: Run, system: str) -> None:
    create(dynamodb, system)
    for user in ([], ["--user", "u"]):
        said = run("messages", "--system", system, "--conversation", "nothing", *user)
        assert (said.code, said.error["code"]) == (1, "not_found")
        assert "nothing" not in said.error["message"]


def test_refusals_of_aws_and_of_the_budget(dynamodb: DynamoDBClient, there: pytest.MonkeyPatch, run: Run, tmp_path: Path) -> None:
    said = run("conversations", "--system", "cg", "--user", "u")
    assert (said.code, said.error["code"]) == (1, "no_table")
    load(dynamodb, "cg")
    (tmp_path / "dynascope.toml").write_text("scan_budget = 0.1")
    said = run("conversations", "--system", "cg")
    assert (said.code, said.error["code"]) == (1, "scan_refused")
    assert len(run("conversations", "--system", "cg", "--allow-scan").lines) == len(talks("cg"))
    assert run("conversations", "--system", "cg", "--user", "demo").code == 0
    there.delenv("AWS_ACCESS_KEY_ID")
    there.delenv("AWS_SECRET_ACCESS_KEY")
    said = run("conversations", "--system", "cg", "--user", "u")
    assert (said.code, said.error["code"]) == (1, "no_credentials")


def test_another_systems_broken_profile_is_not_this_ones(dynamodb: DynamoDBClient, there: Any, run: Run, tmp_path: Path) -> None:
    create(dynamodb, "cg")
    (tmp_path / "dynascope.toml").write_text('[systems.remo]\nprofile = "gone"')
    assert run("conversations", "--system", "cg", "--user", "u").code == 0
    assert run("conversations", "--system", "remo", "--user", "u").error["code"] == "no_credentials"


def test_an_id_of_two_conversations_is_ambiguous(dynamodb: DynamoDBClient, there: Any, run: Run) -> None:
    create(dynamodb, "cg")
    for user in ("a", "b"):
        put(dynamodb, [("cg-chatbot-conversations", {"conversation_id": "c", "user_id": user, "created_at": iso(BASE)})])
    said = run("messages", "--system", "cg", "--conversation", "c")
    assert (said.code, said.error["code"]) == (1, "ambiguous")
    assert run("messages", "--system", "cg", "--conversation", "c", "--user", "a").code == 0


# Tables and systems


@pytest.mark.parametrize("system", SYSTEMS)
def test_tables_are_made_once(there: Any, run: Run, dynamodb: DynamoDBClient, system: str) -> None:
    first, again = run("tables", "create", "--system", system).lines, run("tables", "create", "--system", system).lines
    assert all(line["created"] for line in first)
    assert again == [line | {"created": False} for line in first]
    assert sorted(dynamodb.list_tables()["TableNames"]) == sorted(line["name"] for line in first)
    (said,) = [line for line in run("systems").lines if line["system"] == system]
    assert all(table["found"] and not [d for d in table["differences"] if d["breaks"]] for table in said["tables"])


def test_systems_are_said_without_a_table_too(there: Any, run: Run) -> None:
    lines = run("systems").lines
    assert {line["system"] for line in lines} == set(SYSTEMS)
    assert not any(table["found"] for line in lines for table in line["tables"])
