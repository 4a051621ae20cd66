"""`costs` on the command line: one object, and one clear sentence for what is wrong."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from data_access import cli, local
from data_access.costs import told
from data_access.costs.advice import here as advice_here
from data_access.costs.observed import here
from data_access.costs.size import item_bytes
from data_access.local import engine, sample
from data_access.local.binary import choose
from data_access.local.sample.store import to_wire
from data_access.local.sample.traffic import play
from data_access.settings import load_settings
from tests.conftest import NO_ENGINE
from tests.data_access.costs.observed.played import GB, TABLE, Book, Played, consumed, described, indexed, replies

UNTIL = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DYNASCOPE_STATE", str(tmp_path / "state"))


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[Any], str]:
    capsys.readouterr()
    code = cli.main(arguments)
    said = capsys.readouterr()
    return code, [json.loads(line) for line in said.out.splitlines()], said.err


# On AWS, as a scripted server plays it


@pytest.fixture
def aws(scripted: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Tables as the test describes them and CloudWatch as it says; prices by hand."""

    def begin(tables: Any, cloudwatch: Any, **how: Any) -> Any:
        server = scripted(replies(tables, **how))
        for name, value in {
            "DYNASCOPE_MODE": "aws",
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "nothing",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_DYNAMODB": server.endpoint,
        }.items():
            monkeypatch.setenv(name, value)
        for asking in (here, advice_here):
            monkeypatch.setattr(asking, "open_cloudwatch", lambda settings, place: cloudwatch)
        monkeypatch.setattr(told.PriceBook, "of", lambda settings: Book())
        return server

    return begin


def test_one_object_with_everything(aws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    month = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    aws({TABLE: described(indexes=[indexed()])}, Played(consumed(reads={month: 10.0})))
    code, (found,), _ = run(capsys, "costs", "--system", "cg")
    assert code == 0
    assert set(found) == {
        *("since", "until", "sample", "month_to_date_usd", "projected_usd", "total_usd", "free_tier", "free_tier_usd", "own_usd"),
        *("complete", "systems", "resources", "prices", "attribution", "growth", "unknown", "problems"),
        *("advice", "possible_saving_usd", "nothing_to_gain", "not_judged"),
    }
    assert found["since"] == month.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert [(one["table"], one["index"]) for one in found["resources"]] == [(TABLE, None), (TABLE, "user_id-created_at-index")]
    assert (
        found["prices"]["us-east-1"] | {"source": "by hand", "dated": "2026-11-20", "recovery_gb_month": 0.5}
        == found["prices"]["us-east-1"]
    )
    assert found["prices"]["us-east-1"]["standard"]["read_unit"] == 0.0001
    assert (found["sample"], found["free_tier_usd"], found["problems"]) == (False, None, [])
    # Recovery is off; without a snapshot nothing is advised for what is stored, and that is said.
    assert ("recovery", TABLE) in {(one["rule"], one["table"]) for one in found["advice"]}
    reasons = {(one["rule"], one["index"]): one["reason"] for one in found["not_judged"]}
    assert "no size of an item" in reasons["large items", None]
    assert "time to live is on is not known" in reasons["time to live", None]
    # There is no snapshot: what it would tell is said to be unknown, and the rest stands.
    assert (found["attribution"], found["growth"]) == (None, None)
    assert ["There is no snapshot" in sentence for sentence in found["unknown"]] == [True]


def test_what_is_not_known_is_listed(aws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    aws({TABLE: described()}, Played({}, "denied"), recovery="AccessDeniedException")
    _, (found,), _ = run(capsys, "costs", "--system", "cg")
    assert not found["complete"]
    said = " ".join(found["unknown"])
    for words in ("reads: CloudWatch may not be asked", "writes: CloudWatch may not", "recovery: Whether it is on is not known"):
        assert words in said
    assert [problem["code"] for problem in found["problems"]] == ["no_permission"]


def test_a_table_that_vanished_is_a_problem_and_the_rest_stands(aws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    aws({"ai-agent-messages": described(TableName="ai-agent-messages")}, Played({}))
    code, (found,), _ = run(capsys, "costs", "--system", "ai_agent")
    assert code == 0
    assert [one["table"] for one in found["resources"]] == ["ai-agent-messages"]
    assert [problem["code"] for problem in found["problems"]] == ["no_table"]


def test_where_nothing_is_found_the_command_fails(aws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    aws({}, Played({}))
    code, lines, said = run(capsys, "costs", "--system", "cg")
    assert (code, lines) == (1, [])
    assert json.loads(said)["error"]["code"] == "no_table"


def test_the_free_tier_is_a_switch(aws: Any, capsys: pytest.CaptureFixture[str]) -> None:
    aws({TABLE: described(size=GB, items=0)}, Played({}))
    _, (found,), _ = run(capsys, "costs", "--system", "cg", "--free-tier")
    assert found["free_tier"] is True
    assert found["total_usd"] == pytest.approx(0.0)
    assert found["free_tier_usd"] == pytest.approx(found["resources"][0]["usd"])


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--region", "mars-west-1"], "There are no DynamoDB prices for the Region mars-west-1"),
        (["--system", "nothing"], "There is no system 'nothing'"),
        (["--region"], "Argument --region: expected one argument"),
    ],
)
def test_wrong_usage(aws: Any, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str) -> None:
    server = aws({TABLE: described()}, Played({}))
    code, lines, said = run(capsys, "costs", *arguments)
    assert (code, lines, server.asked) == (2, [], [])
    assert sentence in json.loads(said)["error"]["message"]


# Local mode, on the real engine


@pytest.fixture
def seeded(monkeypatch: pytest.MonkeyPatch, missing: Any) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """The local engine with every fortieth item of the sample, whose traffic CloudWatch plays."""
    if choose().path is None:
        missing(NO_ENGINE)
    few = [item for number, item in enumerate(sample.items(until=UNTIL)) if not number % 40]
    monkeypatch.setattr("data_access.local.sample.store.items", lambda **_: iter(few))
    play.cache_clear()
    settings = load_settings()
    with engine.attach(settings.state) as attachment:
        local.fill(settings, attachment, lambda _: None)
        yield few
    play.cache_clear()
    engine.stop(settings.state)


@pytest.mark.engine
def test_local_mode_tells_the_same_of_the_sample(seeded: list[tuple[str, dict[str, Any]]], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sync"]) == 0
    code, (found,), said = run(capsys, "costs")
    assert code == 0, said
    assert found["sample"] is True
    assert found["problems"] == []
    assert {one["table"] for one in found["resources"]} == {table for table, _ in seeded}
    sizes: dict[str, int] = {}
    for table, item in seeded:
        sizes[table] = sizes.get(table, 0) + item_bytes({name: to_wire(value) for name, value in item.items()})
    for one in found["resources"]:
        # The engine keeps no sizes: they are the snapshot's, which knows no messages without a conversation and nothing expired.
        assert 0 < one["bytes"] <= sizes[one["table"]] * 1.001
        assert one["lines"][0]["source"] == ("snapshot" if one["index"] is None else "estimate")
    assert found["own_usd"] == 0
    for system in found["attribution"]["systems"]:
        own = [one["usd"] for one in found["resources"] if one["system"] == system["system"]]
        assert math.isclose(system["attributed_usd"] + system["shared_usd"], math.fsum(usd for usd in own if usd is not None))
    assert {table["table"] for table in found["growth"]["tables"]} == {table for table, _ in seeded}
    assert all(table["months"] for table in found["growth"]["tables"])


@pytest.mark.engine
def test_local_mode_without_a_snapshot(seeded: list[tuple[str, dict[str, Any]]], capsys: pytest.CaptureFixture[str]) -> None:
    code, (found,), _ = run(capsys, "costs", "--system", "cg")
    assert code == 0
    assert (found["sample"], found["complete"], found["growth"]) == (True, False, None)
    assert found["resources"][0]["items"] == sum(table == TABLE for table, _ in seeded)
    assert any(sentence.startswith(f"{TABLE}: storage: ") for sentence in found["unknown"])
