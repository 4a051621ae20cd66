"""The ZIP of one person: every stored item in it, nothing of anybody else, hashes that hold, names that say nothing."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import tracemalloc
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from data_access.conversations import replay
from data_access.dynamo.aws import Source
from data_access.export import as_markdown
from data_access.handover import write_archive
from data_access.local.sample import LANDMARKS
from data_access.models import Filter
from data_access.people import everything
from tests.data_access.made_up import USER, made_up
from tests.data_access.sampled import PREFIX, World

NAMES = re.compile(
    r"README\.txt|manifest\.json|(conversations|messages|records)\.(csv|jsonl)|items/[a-z0-9_]+/[a-z0-9-]+\.jsonl"
    r"|transcripts/[a-z0-9_]+-(\d{6}|without-conversation)\.md"
)


@pytest.fixture(scope="module")
def sources(sampled: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Source]]:
    opened = sampled.sources(tmp_path_factory.mktemp("state"))
    yield opened
    for source in opened.values():
        source.client.close()


def opened(sources: Mapping[str, Source], user: str, **how: Any) -> zipfile.ZipFile:
    target = io.BytesIO()
    write_archive(sources, user, target, **how)
    return zipfile.ZipFile(target)


def lines(archive: zipfile.ZipFile, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.read(name).splitlines()]


def canonical(item: Any) -> str:
    """One stored item as text. Binary is base64 in the archive, bytes with boto3; a set has no order."""

    def plain(value: Any) -> Any:
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        if isinstance(value, list):
            return [plain(part) for part in value]
        if isinstance(value, dict):
            return {name: sorted(part) if name in ("SS", "NS") else plain(part) for name, part in value.items()}
        return value

    return json.dumps(plain(item), sort_keys=True)


def unordered(text: bytes) -> list[bytes]:
    """Lines of a transcript. DynamoDB sends the names of a Map in any order, another one with each read."""
    return sorted(line.rstrip(b",") for line in text.splitlines())


def rows(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"), newline="")))


@pytest.mark.engine
def test_everything_is_in_it_and_nothing_of_anybody_else(sampled: World, sources: Mapping[str, Source]) -> None:
    for user in (LANDMARKS.two_tenant_users[0], LANDMARKS.drifted_user, "usr_moved_away", *LANDMARKS.lookalike_remo_users[:2], "demo"):
        archive, known = opened(sources, user), sampled.of(user)
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        for system, kept in known.items():
            for table, items in kept.items.items():
                name = f"items/{system}/{PREFIX}{table}.jsonl"
                found = lines(archive, name) if name in archive.namelist() else []
                assert sorted(map(canonical, found)) == sorted(map(canonical, items))
        assert {one["system"]: one["conversations"] for one in manifest["systems"]} == {
            system: len(kept.conversations) for system, kept in known.items()
        }
        talks = {(one["system"], one["conversation_id"], one["tenant_id"]) for one in lines(archive, "conversations.jsonl")}
        assert talks == {(system, *talk) for system, kept in known.items() for talk in kept.conversations}
        assert {one["user_id"] for one in lines(archive, "conversations.jsonl")} <= {user}
        assert manifest["complete"] is True
        assert manifest["user_id"] == user


@pytest.mark.engine
def test_the_manifest_holds(sources: Mapping[str, Source]) -> None:
    archive = opened(sources, LANDMARKS.hostile_user)
    manifest = json.loads(archive.read("manifest.json"))
    assert {file["name"] for file in manifest["files"]} == set(archive.namelist()) - {"manifest.json"}
    for file in manifest["files"]:
        data = archive.read(file["name"])
        assert (file["bytes"], file["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert sum(table["items"] for one in manifest["systems"] for table in one["tables"].values()) == manifest["items"]
    assert (
        sum(one["messages"] for one in manifest["systems"]) == len(lines(archive, "messages.jsonl")) == len(rows(archive, "messages.csv"))
    )


@pytest.mark.engine
def test_no_name_is_made_from_what_was_stored(sources: Mapping[str, Source]) -> None:
    for user in (LANDMARKS.hostile_user, LANDMARKS.hostile_remo_user, LANDMARKS.two_tenant_users[0]):
        for info in opened(sources, user).infolist():
            assert NAMES.fullmatch(info.filename.replace(PREFIX, "")), info.filename
            assert info.external_attr >> 16 == 0o600


@pytest.mark.engine
def test_a_transcript_is_that_of_a_single_export(sources: Mapping[str, Source]) -> None:
    archive = opened(sources, LANDMARKS.hostile_user, systems=["ai_agent", "ai4ai", "cg"])
    talks = lines(archive, "conversations.jsonl")
    assert len(talks) == 3
    for talk in talks:
        wanted = Filter(talk["system"], LANDMARKS.hostile_user, talk["tenant_id"], conversation_id=talk["conversation_id"])
        shown = replay(sources[talk["system"]], wanted, allow_scan=True)
        assert unordered(archive.read(talk["transcript"])) == unordered(as_markdown(shown))
        said = [one for one in lines(archive, "messages.jsonl") if one["system"] == talk["system"]]
        assert [one["content"] for one in said] == [message.content for message in shown.messages]
        assert talk["message_count"] == len(shown.messages)
        assert talk["tools"] == list(shown.conversation.tools)


@pytest.mark.engine
def test_no_cell_of_a_sheet_runs(sources: Mapping[str, Source]) -> None:
    archive = opened(sources, LANDMARKS.hostile_user)
    found = rows(archive, "messages.csv")
    assert any(row["content"].startswith("'=HYPERLINK") for row in found)
    assert any(row["content"].startswith("'+1+cmd") for row in found)
    for name in ("messages.csv", "conversations.csv", "records.csv"):
        for row in rows(archive, name):
            assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row.values())


@pytest.mark.engine
def test_numbers_keep_every_digit(sources: Mapping[str, Source]) -> None:
    archive = opened(sources, LANDMARKS.drifted_user)
    assert b"0.30000000000000000001" in archive.read("messages.jsonl")
    assert b'{"N":"12345678901234567890123456789012345678"}' in archive.read(f"items/cg/{PREFIX}cg-chatbot-conversations.jsonl")


@pytest.mark.engine
def test_a_person_who_was_looked_up_is_exported_as_asked_for(sources: Mapping[str, Source]) -> None:
    user, tenant = LANDMARKS.two_tenant_users[0], LANDMARKS.two_tenants[0]
    person = everything(sources, user, ["ai_agent"], tenants=[tenant])
    target = io.BytesIO()
    made = write_archive(sources, person, target)
    assert made.person.items == person.items
    assert {one["tenant_id"] for one in lines(zipfile.ZipFile(target), "messages.jsonl")} == {tenant}


def test_a_long_conversation_is_in_order_with_its_answer_times() -> None:
    archive = opened(made_up(1, 1_250), USER)
    said = lines(archive, "messages.jsonl")
    assert [one["position"] for one in said] == list(range(1, 1_251))
    assert [one["content"].split()[0] for one in said] == [str(n) for n in range(1_250)]
    assert [one["response_seconds"] for one in said] == [None, 1.0] * 625
    assert archive.read("transcripts/ai4ai-000001.md").count(b"\n## ") == 1_250
    (talk,) = lines(archive, "conversations.jsonl")
    assert (talk["message_count"], talk["first_user_message"].split()[0]) == (1_250, "0")
    assert talk["last_assistant_message"].split()[0] == "1249"


@pytest.mark.parametrize("sessions, messages", [(120, 50), (1, 6_000)])
def test_memory_does_not_grow_with_messages(tmp_path: Path, sessions: int, messages: int) -> None:
    """About 2.5 MB of text as it is stored; in memory many times that, were it held."""
    sources = made_up(sessions, messages)
    opened(made_up(1, 5), USER)  # What is loaded once is not counted.
    tracemalloc.start()
    try:
        with (tmp_path / "all.zip").open("wb") as file:
            made = write_archive(sources, USER, file)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert made.person.items == sessions * messages + sessions
    assert peak < 6_000_000


def test_what_cannot_seek_is_written_to_as_well() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.data += data
            return len(data)

    target: Any = Pipe()
    write_archive(made_up(3, 4), USER, target)
    archive = zipfile.ZipFile(io.BytesIO(bytes(target.data)))
    assert archive.testzip() is None
    assert len(lines(archive, "messages.jsonl")) == 12
