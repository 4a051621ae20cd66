"""A plan: what is frozen, what it says, and that nothing but the control table was written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from data_access.audit.chain import Audit
from data_access.costs.prices import built_in_prices
from data_access.dynamo.aws import Source
from data_access.erasure import plan as plan_module
from data_access.erasure.control import Control
from data_access.erasure.model import FrozenKey, Plan, Scope, State
from data_access.erasure.plan import STANDING, digest_of, expected_scans, make_plan, specs_digest
from data_access.errors import AccessDenied, DataAccessError, SchemaDrift, UsageError
from data_access.local.sample import LANDMARKS, items
from data_access.settings import Settings
from data_access.systems.spec import built_in
from tests.data_access.conftest import Sent
from tests.data_access.erasure.world import belongings, everything, frozen_spots, opened, plain_client, settings_for
from tests.data_access.layouts import put

SYSTEMS = tuple(built_in())
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
USER = "usr_secret_person"
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems", "ExecuteStatement", "BatchExecuteStatement"}


class Desk:
    """All that a plan needs, and what it sent to the chatbots' tables."""

    def __init__(self, settings: Settings, sources: Mapping[str, Source], endpoint: str) -> None:
        self.settings, self.sources = settings, sources
        self.control = Control.open(settings, endpoint)
        self.audit = Audit(self.control)
        self.client = plain_client(endpoint)
        self.sent = Sent()
        for source in sources.values():
            self.sent.of(source)

    def plan(self, scope: Scope, **how: Any) -> Plan:
        made = make_plan(
            self.settings, self.sources, scope, requested_by="support@example.com", control=self.control, audit=self.audit, now=NOW, **how
        )
        assert not WRITES & set(self.sent.operations)
        return made

    def keys(self, plan: Plan) -> list[FrozenKey]:
        return [key for chunk in self.control.chunks(plan.plan_id) for key in chunk.keys]

    def close(self) -> None:
        self.control.close()
        self.client.close()


@contextmanager
def desk_at(endpoint: str, state: Path, prefix: str = "", **more: Any) -> Iterator[Desk]:
    settings = settings_for(state, prefix, **more)
    with opened(settings, endpoint) as sources:
        desk = Desk(settings, sources, endpoint)
        try:
            yield desk
        finally:
            desk.close()


@pytest.fixture
def desk(moto_endpoint: str, tmp_path: Path) -> Iterator[Desk]:
    with desk_at(moto_endpoint, tmp_path, not_performed=("Our own warehouse.",)) as made:
        yield made


def fill(desk: Desk, user: str = USER, prefix: str = "") -> None:
    rows: list[tuple[str, dict[str, Any]]] = [
        ("remo-user-data", {"user_id": user, "data_type": "conversation_memory", "data": {"conversation_id": "c0"}}),
        ("remo-user-data", {"user_id": user, "data_type": "reminder_data", "data": {"text": "x" * 1_500}}),
        ("ai-agent-sessions", {"id": "s1", "tenantId": "a", "userId": user}),
        ("ai-agent-sessions", {"id": "s2", "tenantId": "b", "userId": user}),
        ("ai-agent-sessions", {"id": "s3", "tenantId": "a", "userId": user.upper()}),
        (
            "ai-agent-messages",
            {"id": "m1", "sessionId": "s1", "tenantId": "a", "userId": user, "timestamp": "2026", "content": "x" * 2_000},
        ),
        ("ai-agent-messages", {"id": "m2", "sessionId": "s1", "tenantId": "a", "content": "sparse"}),
        ("ai4ai-chat-sessions", {"user_id": user, "session_id": "s4"}),
        ("ai4ai-chat-messages", {"session_id": "s4", "timestamp": 1, "content": "x" * 1_500}),
        ("cg-chatbot-conversations", {"conversation_id": "c5", "user_id": user, "created_at": "2026"}),
        ("cg-chatbot-conversations", {"conversation_id": "c5", "user_id": user + " ", "created_at": "2026"}),
    ]
    put(desk.client, [(prefix + table, item) for table, item in rows])


def test_a_plan_freezes_everything_and_says_what_it_costs(desk: Desk) -> None:
    fill(desk)
    plan = desk.plan(Scope(USER, SYSTEMS))
    tables = {name: everything(desk.client, name) for name in desk.client.list_tables()["TableNames"] if "control" not in name}
    keys = desk.keys(plan)
    assert frozen_spots(keys) == belongings(tables, USER)
    assert plan.keys == len(keys) == sum(row.items for row in plan.counts) == 9
    assert {row.table: row.items for row in plan.counts} == {
        "remo-user-data": 2,
        "ai-agent-sessions": 2,
        "ai-agent-messages": 2,
        "ai4ai-chat-sessions": 1,
        "ai4ai-chat-messages": 1,
        "cg-chatbot-conversations": 1,
    }
    units = {row.table: row.write_units for row in plan.counts}
    # Two indexes hold m1 beside the table, 2 KB and a bit each; m2 is in none. In a transaction the table's part is twice.
    assert units["ai-agent-messages"] == 3 * 3 + 1
    assert units["remo-user-data"] == 1 + 2
    assert units["ai4ai-chat-messages"] == 2 * 2
    # The check on the conversation, in its transaction, is charged as a write of that item.
    assert units["ai4ai-chat-sessions"] == 1 + 2
    assert plan.write_units == sum(row.write_units or 0 for row in plan.counts)
    prices = built_in_prices("us-east-1")
    assert prices is not None
    assert prices.standard.write_unit is not None
    assert plan.counts[0].usd == pytest.approx((plan.counts[0].write_units or 0) * prices.standard.write_unit)
    assert plan.usd is not None
    assert plan.usd > sum(row.usd or 0 for row in plan.counts)
    assert plan.seconds is not None
    assert [(n.user_id, n.systems) for n in plan.neighbours] == [(USER.upper(), ("ai_agent",)), (USER + " ", ("cg",))]
    assert any("Remo: the snapshot does not have it" in said for said in plan.not_performed)
    assert set(STANDING) < set(plan.not_performed)
    assert plan.not_performed[-1] == "Our own warehouse."
    assert {said.split(" was ")[0] for said in plan.scanned} == {
        "ai-agent-sessions",
        "ai-agent-messages",
        "ai4ai-chat-sessions",
        "cg-chatbot-conversations",
    }
    assert {copy.table for copy in plan.copies} == {row.table for row in plan.counts}
    assert plan.blocked == plan.out_of_scope == ()


def test_the_job_is_a_draft_with_a_digest_that_can_be_made_again_and_an_entry_in_the_audit(desk: Desk) -> None:
    fill(desk)
    plan = desk.plan(Scope(USER, SYSTEMS))
    job = desk.control.job(plan.plan_id)
    assert (job.state, job.plan) == (State.DRAFT, plan)
    specs = specs_digest(source.place.system for source in desk.sources.values())
    assert digest_of(job.plan, desk.control.keys_digest(plan.plan_id), specs) == plan.digest
    assert digest_of(replace(job.plan, keys=1), desk.control.keys_digest(plan.plan_id), specs) != plan.digest
    (entry,) = desk.audit.entries()
    assert (entry.event, entry.fields["items"], entry.fields["digest"]) == ("planned", 9, plan.digest)
    assert USER not in json.dumps(dict(entry.fields))
    assert desk.plan(Scope(USER, SYSTEMS)).digest != plan.digest


def test_a_user_with_nothing_is_a_plan_without_keys(desk: Desk) -> None:
    plan = desk.plan(Scope("nobody", SYSTEMS))
    assert (plan.keys, plan.write_units, desk.keys(plan)) == (0, 0, [])
    assert desk.control.job(plan.plan_id).state is State.DRAFT


def test_sentences_name_no_user_and_no_conversation(desk: Desk) -> None:
    fill(desk)
    put(desk.client, [("ai4ai-chat-sessions", {"user_id": "v", "session_id": "s4"})])
    plan = desk.plan(Scope(USER, SYSTEMS, tenants=None))
    said = [*plan.blocked, *plan.out_of_scope, *plan.not_performed, *plan.scanned, *(row.found_by for row in plan.counts)]
    assert plan.blocked
    assert not any(USER in one or "s4" in one.split() for one in said)


def test_a_tenant_out_of_scope_is_named(desk: Desk) -> None:
    fill(desk)
    plan = desk.plan(Scope(USER, ("ai_agent",), tenants=("a",)))
    assert plan.out_of_scope == ("AI Agent Server: this user also has 1 item in the tenant b, which is not in scope.",)
    assert plan.keys == 3


@pytest.mark.parametrize(
    "scope",
    [
        Scope("", SYSTEMS),
        Scope("x" * 2_049, SYSTEMS),
        Scope("é" * 1_025, SYSTEMS),
        Scope("\ud800", SYSTEMS),
        Scope(7, SYSTEMS),  # pyright: ignore[reportArgumentType]
        Scope(USER, ()),
        Scope(USER, ("nowhere",)),
        Scope(USER, SYSTEMS, tenants=()),
        Scope(USER, SYSTEMS, tenants=("",)),
        Scope(USER, ("remo",), tenants=("a",)),
        Scope(USER, ("cg",), data_type="reminder_data"),
        Scope(USER, SYSTEMS, conversation_id=""),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_read(desk: Desk, scope: Scope) -> None:
    desk.sent.clear()
    with pytest.raises(UsageError) as raised:
        desk.plan(scope)
    assert not desk.sent
    assert not desk.control.jobs()
    assert not list(desk.audit.entries())
    assert USER not in str(raised.value)


def test_the_longest_id_is_one(desk: Desk) -> None:
    put(desk.client, [("remo-user-data", {"user_id": "x" * 2_048, "data_type": "k"})])
    assert desk.plan(Scope("x" * 2_048, SYSTEMS)).keys == 1
    # An id that no sort key of DynamoDB can be is in no table that sorts by it.
    assert desk.plan(Scope("x" * 2_048, ("cg",), conversation_id="c")).keys == 0


def test_a_table_that_is_laid_out_otherwise_stops_all_of_it(desk: Desk) -> None:
    fill(desk)
    desk.client.delete_table(TableName="cg-chatbot-conversations")
    desk.client.create_table(
        TableName="cg-chatbot-conversations",
        KeySchema=[{"AttributeName": "conversation_id", "KeyType": "HASH"}, {"AttributeName": "created_at", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("conversation_id", "created_at")],
        BillingMode="PAY_PER_REQUEST",
    )
    with pytest.raises(SchemaDrift, match="cg-chatbot-conversations is not laid out as CG Production Assistant is: Its key is"):
        desk.plan(Scope(USER, SYSTEMS))
    assert not desk.control.jobs()
    assert not list(desk.audit.entries())


def test_a_plan_that_breaks_off_leaves_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(desk)

    def denied(**_: Any) -> Any:
        raise AccessDenied("AWS did not permit Scan on the table cg-chatbot-conversations.", table="cg-chatbot-conversations")

    monkeypatch.setattr(desk.sources["cg"].client, "scan", denied)
    with pytest.raises(DataAccessError, match="cg-chatbot-conversations"):
        desk.plan(Scope(USER, SYSTEMS))
    assert not desk.control.jobs()
    rows = everything(desk.client, "dynascope-control")
    assert not [row for row in rows if row["pk"]["S"].startswith("job#")]


def test_no_audit_no_plan(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(event: Any) -> Any:
        raise DataAccessError("The audit cannot be written.")

    monkeypatch.setattr(desk.audit, "write", broken)
    with pytest.raises(DataAccessError, match="audit"):
        desk.plan(Scope(USER, SYSTEMS))
    assert not desk.control.jobs()


def test_the_scans_that_a_plan_would_make_are_told_before(desk: Desk) -> None:
    fill(desk)
    scans = expected_scans(desk.sources, Scope(USER, SYSTEMS))
    names = {scan.table for scan in scans}
    assert names == {"ai-agent-sessions", "ai-agent-messages", "ai4ai-chat-sessions", "cg-chatbot-conversations"}
    assert all(scan.units and scan.usd for scan in scans)
    assert not {"Scan", "Query"} & set(desk.sent.operations)


def test_with_a_rate_the_time_is_the_rates(moto_endpoint: str, tmp_path: Path) -> None:
    with desk_at(moto_endpoint, tmp_path, rate=2.0) as desk:
        fill(desk)
        plan = desk.plan(Scope(USER, SYSTEMS))
        assert plan.seconds is not None
        assert plan.seconds >= plan.keys / 2


def _look(**own: Any) -> Any:
    return SimpleNamespace(**{"seconds": 1.0, "checked": 0, "items": 10_000, "items_read": 10_000, "index_entries": 0} | own)


def test_the_estimate_grows_with_indexes_with_the_disk_and_with_what_was_read(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    bare = plan_module._seconds(settings, [_look()], 10_000, 0.0001)
    assert bare == pytest.approx(4.0 + 1.0 + 10_000 * 0.0001, abs=0.2)
    assert plan_module._seconds(settings, [_look(index_entries=20_000)], 10_000, 0.0001) == pytest.approx(bare + 20_000 * 1.2 * 0.0001)
    assert plan_module._seconds(settings, [_look()], 10_000, 0.001) == pytest.approx(bare + 9.0, abs=0.1)
    assert plan_module._seconds(settings, [_look(seconds=2.0)], 10_000, 0.0001) == pytest.approx(bare + 4.0)
    # Of a table that is somebody else's but for a hundredth, nearly all is read once.
    assert plan_module._seconds(settings, [_look(items_read=1_000_000)], 10_000, 0.0001) == pytest.approx(bare - 3.0 + 0.03)
    # A few items in one slow request are no measure of many.
    assert plan_module._seconds(settings, [_look(items_read=1, index_entries=100)], 50, 0.0001) < 5.5


def test_the_estimate_for_dynamodb_is_of_requests_and_a_rate_wins(tmp_path: Path) -> None:
    free = plan_module._seconds(settings_for(tmp_path), [_look(index_entries=300_000)], 100_000, None)
    assert free == pytest.approx(4.0 + 1.0 + 10.0 + 0.01 * (25 + 100))
    checked = plan_module._seconds(settings_for(tmp_path), [_look(checked=100_000)], 100_000, None)
    assert checked < free
    limited = settings_for(tmp_path)
    limited = replace(limited, erasure=replace(limited.erasure, rate=100.0))
    assert plan_module._seconds(limited, [_look()], 100_000, None) == pytest.approx(free - 10.0 + 1_000.0)


def test_measuring_the_disk_leaves_nothing(desk: Desk) -> None:
    fill(desk)
    plan = desk.plan(Scope(USER, SYSTEMS))
    rows = list(desk.control.records.rows(f"job#{plan.plan_id}", "keys#", "keys#~"))
    assert sum(int(row["count"]) for row in rows) == plan.keys
    assert desk.control.keys_digest(plan.plan_id)


@pytest.mark.engine
def test_the_samples_look_alikes_on_the_real_engine(engine_endpoint: str, tmp_path: Path) -> None:
    prefix = "planned-"
    with desk_at(engine_endpoint, tmp_path, prefix) as desk:
        users = {*LANDMARKS.lookalike_ai_agent_users, *LANDMARKS.lookalike_remo_users}
        rows = [(prefix + table, item) for table, item in items(until=NOW) if item.get("userId") in users or item.get("user_id") in users]
        put(desk.client, rows)
        tables = {name: everything(desk.client, name) for name in {name for name, _ in rows}}
        for group in (LANDMARKS.lookalike_ai_agent_users, LANDMARKS.lookalike_remo_users):
            for user in group:
                plan = desk.plan(Scope(user, SYSTEMS))
                assert frozen_spots(desk.keys(plan)) == belongings(tables, user, prefix)
        plan = desk.plan(Scope(LANDMARKS.lookalike_ai_agent_users[0], ("ai_agent",)))
        assert {one.user_id for one in plan.neighbours} == set(LANDMARKS.lookalike_ai_agent_users[1:])
