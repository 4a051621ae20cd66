"""Dollars split by what lies in the tables: every cent is somebody's or shared, and a tenant pays for what is its own."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from random import Random

import pytest

from data_access.costs.observed import Line, Observed, ResourceCosts, attribute, unused_indexes
from data_access.costs.observed.keys import Part, read_keys
from data_access.costs.observed.model import What
from data_access.windows import EPOCH, QUARTER
from tests.data_access.asked import BEGIN, END, NOW, Rows, conversation, hot, message
from tests.data_access.costs.observed.holdings import CONTAINERS, MESSAGES, key, sized

SINCE, UNTIL = BEGIN + timedelta(days=5), BEGIN + timedelta(days=30)
_WHAT: tuple[What, ...] = ("storage", "reads", "writes", "read capacity", "write capacity", "point-in-time recovery", "backups")


def line(what: What, usd: float | None, month: float | None = None) -> Line:
    return Line(what, None, "", usd, "by hand", month_usd=usd if month is None else month)


def resource(system: str, table: str, index: str | None = None, *lines: Line, reads: float | None = 1.0) -> ResourceCosts:
    return ResourceCosts(system, table, index, "STANDARD", "on-demand", 1, 1, lines, reads=reads)


def observed(*resources: ResourceCosts, since: datetime = SINCE, until: datetime = UNTIL) -> Observed:
    return Observed(since, until, resources, None, None, None, None, {}, (), 0.0, sample=False)


@pytest.mark.parametrize("seed", range(6))
def test_attributed_and_shared_add_up_to_what_was_observed(seed: int) -> None:
    rng = Random(seed)
    resources = [
        resource(
            system,
            table,
            index,
            *(line(what, rng.choice((None, 0.0, rng.uniform(0, 9)))) for what in rng.sample(_WHAT, rng.randrange(len(_WHAT) + 1))),
            reads=rng.choice((None, 0.0, 5.0)),
        )
        for system, table in [*CONTAINERS.items(), *MESSAGES.items(), ("ai4ai", "nobody-knows-this-one")]
        for index in (None, "one", "other")
    ]
    found = attribute(hot(sized(seed)), observed(*resources))
    assert [one.system for one in found.systems] == ["cg", "remo", "ai_agent", "ai4ai"]
    for one in found.systems:
        own = [given for given in resources if given.system == one.system]
        assert one.attributed_usd + one.shared_usd == pytest.approx(sum(given.usd or 0 for given in own))
        assert sum(tenant.usd for tenant in one.tenants) == pytest.approx(one.attributed_usd)
        assert one.complete == all(given.complete for given in own)
        for each, count, usd in (
            (one.conversation, one.conversations, one.of_conversations_usd),
            (one.message, one.messages, one.of_conversations_usd),
            (one.user, one.users, one.attributed_usd),
        ):
            if count and any(given.usd is not None for given in own):
                assert each.usd is not None
                assert each.shared_usd is not None
                assert each.usd * count == pytest.approx(usd)
                assert each.shared_usd * count == pytest.approx(one.shared_usd)
            else:
                assert each.usd is None
    nobody = found.systems[-1]
    assert (nobody.attributed_usd, nobody.conversations, nobody.tenants) == (0, 0, ())


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("since, until", [(SINCE, UNTIL), (BEGIN, END), (BEGIN, BEGIN), (NOW, NOW + timedelta(seconds=3))])
def test_keys_are_what_they_say(seed: int, since: datetime, until: datetime) -> None:
    rows = sized(seed)
    expected = _keys(rows, since, until)
    found = {
        (system, table, name, part.tenant, part.holder): value
        for system, said in read_keys(hot(rows), since, until).items()
        for table, by_key in said.keys.items()
        for name, parts in by_key.items()
        for part, value in parts.items()
        if value
    }
    assert found == {spot: value for spot, value in expected.items() if value}


def _keys(rows: Rows, since: datetime, until: datetime) -> dict[tuple[str, str, str, str | None, str], float]:
    """The same by loops, from the rows."""

    def inside(when: datetime | None) -> bool:
        if when is None:
            return False
        quarter = (when - EPOCH) // QUARTER
        return (since - EPOCH) // QUARTER <= quarter < -(-(until - EPOCH) // QUARTER)

    sent: dict[object, int] = defaultdict(int)
    by_person: dict[object, int] = defaultdict(int)
    apart: dict[object, int] = defaultdict(int)
    found: dict[tuple[str, str, str, str | None, str], float] = defaultdict(float)
    for row in rows["messages"]:
        if inside(row["sent_at"]):
            sent[key(row)] += 1
            by_person[row["system"], row["user_id"]] += 1
    for row in rows["messages"]:
        if row["system"] in MESSAGES:
            apart[key(row)] += row["bytes"]
            spot = (row["system"], row["item_table"])
            found[*spot, "stored", row["tenant_id"], "conversations"] += row["bytes"] + 100
            found[*spot, "written", row["tenant_id"], "conversations"] += row["bytes"] * inside(row["sent_at"])
            found[*spot, "read", row["tenant_id"], "conversations"] += row["bytes"] * sent[key(row)]
    for row in rows["conversations"]:
        if row["has_session"]:
            own = row["bytes"] - apart[key(row)]
            spot = (row["system"], row["item_table"])
            found[*spot, "stored", row["tenant_id"], "conversations"] += own + 100
            for name in ("written", "read"):
                found[*spot, name, row["tenant_id"], "conversations"] += own * sent[key(row)]
    for row in rows["user_records"]:
        spot = (row["system"], row["item_table"])
        found[*spot, "stored", None, "records"] += row["bytes"] + 100
        found[*spot, "written", None, "records"] += row["bytes"] * inside(row["updated_at"])
        found[*spot, "read", None, "records"] += row["bytes"] * by_person[row["system"], row["user_id"]]
    return found


def test_two_tenants_by_hand() -> None:
    def said(tenant: str, user: str, count: int, size: int) -> list[dict[str, object]]:
        key = {"system": "ai_agent", "conversation_id": f"of {tenant}", "tenant_id": tenant, "user_id": user}
        place = {"bytes": size, "item_table": "messages"}
        return [message(n + 1, ("user", "assistant")[n % 2], SINCE + timedelta(minutes=n), **key, **place) for n in range(count)]

    small, large = said("small", "u1", 2, 400), said("large", "u2", 4, 900)
    rows = {
        "messages": [*small, *large],
        "conversations": [
            conversation(small, bytes=900, item_table="sessions"),
            conversation(large, bytes=4_000, item_table="sessions"),
        ],
    }
    found = attribute(
        hot(rows),
        observed(
            # Two items of 500 bytes with what storage adds, four of 1,000.
            resource("ai_agent", "messages", None, line("storage", 50.0), line("point-in-time recovery", 3.0)),
            # 2 x 400 bytes written, 4 x 900.
            resource("ai_agent", "messages", "read", line("writes", 44.0)),
            resource("ai_agent", "messages", "never read", line("storage", 5.0, 10.0), line("writes", 2.0, 4.0), reads=0.0),
            resource("ai_agent", "sessions", None, line("storage", None)),
        ),
    )
    (one,) = found.systems
    assert {tenant.tenant: (tenant.usd, tenant.conversations, tenant.messages, tenant.users) for tenant in one.tenants} == {
        "large": (pytest.approx(40 + 36), 1, 4, 1),
        "small": (pytest.approx(10 + 8), 1, 2, 1),
    }
    assert [tenant.tenant for tenant in one.tenants] == ["large", "small"]
    assert one.shared == {"point-in-time recovery": 3.0, "indexes never read": 7.0}
    assert (one.conversation.usd, one.message.usd, one.user.usd) == (pytest.approx(47), pytest.approx(94 / 6), pytest.approx(47))
    assert one.conversation.shared_usd == 5.0
    assert not one.complete
    (unused,) = found.unused
    assert (unused.index, unused.usd, unused.month_usd) == ("never read", 7.0, 14.0)


def test_the_user_records_of_an_embedded_layout_are_not_a_conversation_s() -> None:
    talk = [message(n + 1, "user", SINCE, bytes=100, item_table="t") for n in range(3)]
    record = {"system": "cg", "user_id": "u1", "tenant_id": None, "kind": "k", "topic": None, "bytes": 300, "item_table": "t"}
    rows = {"messages": talk, "conversations": [conversation(talk, bytes=500, item_table="t")], "user_records": [record]}
    keys = read_keys(hot(rows), SINCE, UNTIL)["cg"].keys["t"]
    talks, records = Part(None, "conversations"), Part(None, "records")
    assert keys["stored"] == {talks: 600.0, records: 400.0}
    assert keys["written"] == {talks: 1_500.0, records: 0.0}  # The whole item with each of three messages.
    assert keys["read"] == {talks: 1_500.0, records: 900.0}
    (one,) = attribute(hot(rows), observed(resource("cg", "t", None, line("storage", 10.0)))).systems
    assert (one.of_conversations_usd, one.of_records_usd) == (6.0, 4.0)
    assert (one.conversation.usd, one.user.usd) == (6.0, 10.0)


def test_an_index_is_unused_only_where_its_reads_are_known_to_be_none() -> None:
    several = observed(
        resource("cg", "t", None, line("storage", 1.0), reads=0.0),
        resource("cg", "t", "cheap", line("storage", 1.0), reads=0.0),
        resource("cg", "t", "dear", line("storage", 2.0), line("writes", None), reads=0.0),
        resource("cg", "t", "unknown", line("storage", 9.0), reads=None),
        resource("cg", "t", "used", line("storage", 9.0), reads=0.5),
    )
    assert [(one.index, one.usd, one.complete) for one in unused_indexes(several)] == [("dear", 2.0, False), ("cheap", 1.0, True)]


def test_an_empty_snapshot_explains_nothing() -> None:
    (one,) = attribute(hot({}), observed(resource("cg", "t", None, line("storage", 1.0)))).systems
    assert one.shared == {"not explained by the snapshot": 1.0}
    assert (one.conversation.usd, one.user.shared_usd) == (None, None)
