"""Units and bytes of a conversation: against the rules on whole items, and against the real engine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.session import Session
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from data_access.costs.index_writes import IndexShape, TableShape, entry_bytes, write_units
from data_access.costs.size import MOST_ITEM_BYTES, item_bytes
from data_access.costs.units import get_units, query_units
from data_access.costs.what_if import IndexChoice, Scenario, embeds, footprint, item_growth
from data_access.costs.what_if.items import (
    conversation_item,
    conversation_sizes,
    message_item,
    message_sizes,
    overhead_bytes,
    sizes,
    stored,
)
from data_access.dynamo.codec import Item
from data_access.errors import NotFound
from data_access.systems.spec import System, Table, parse
from tests.conftest import REGION
from tests.data_access.costs.what_if.strategies import SYSTEMS, choices

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Written = tuple[str, Item | None, Item]
EMBEDDED = [name for name, system in SYSTEMS.items() if embeds(system)]


def played(scenario: Scenario) -> Iterator[Written]:
    """A conversation as the chatbot writes it: table, the item before, the item after. One item a user: their second one."""
    where = stored(scenario.system)
    size = scenario.message_bytes
    before = conversation_item(where, scenario.messages, size, number=1) if where.one_a_user else None
    for at in range(1, scenario.messages + 1):
        if where.messages_key is not None:
            yield where.messages_key, None, message_item(where, at, size, number=2)
        after = conversation_item(where, at, size if where.messages_key is None else 0, number=2)
        yield where.key, before, after
        before = after


def shape(scenario: Scenario, key: str) -> TableShape:
    """The table as the scenario has its indexes."""
    table = scenario.system.tables[key]
    chosen = {name: scenario.index(key, name) for name in table.indexes}
    return TableShape(
        table.keys,
        {
            name: IndexShape(tuple(k for k in (index.partition_key, index.sort_key) if k), index.projection, index.included)
            for name, index in chosen.items()
            if index is not None
        },
    )


@st.composite
def laid_out(draw: st.DrawFn) -> Scenario:
    system = draw(st.sampled_from(list(SYSTEMS.values())))
    return Scenario(
        system, messages=draw(st.integers(1, 25)), message_bytes=draw(st.integers(1, 3_000)), indexes=draw(choices(system)), reads=3
    )


@given(laid_out())
@settings(max_examples=60, deadline=None)
def test_units_and_bytes_are_those_of_whole_items(scenario: Scenario) -> None:
    expected: Counter[tuple[str, str | None]] = Counter()
    last: dict[tuple[str, tuple[Any, ...]], Item] = {}
    for key, before, after in played(scenario):
        table = scenario.system.tables[key]
        units = write_units(shape(scenario, key), before, after)
        expected[table.name, None] += int(units.table)
        for name, part in units.gsis.items():
            expected[table.name, name] += int(part)
        last[key, tuple(str(after[k]) for k in table.keys)] = after
    found = footprint(scenario)
    assert {(one.table, one.index): one.writes for one in found.resources if one.writes} == {k: n for k, n in expected.items() if n}
    assert found.accepted == scenario.messages
    kept: Counter[tuple[str, str | None]] = Counter()
    for (key, _), item in last.items():
        name = scenario.system.tables[key].name
        kept[name, None] += item_bytes(item)
        for index in shape(scenario, key).gsis:
            kept[name, index] += entry_bytes(shape(scenario, key), index, item) or 0
    assert {(one.table, one.index): one.bytes for one in found.resources} == dict(kept)


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
def test_sizes_are_those_of_the_items(system: System) -> None:
    where = stored(system)
    for messages in (1, 2, 9, 10, 100, 101):
        inside = 70 if where.messages_key is None else 0
        assert conversation_sizes(where, inside).at(messages) == sizes(conversation_item(where, messages, inside))
    if where.messages_key is not None:
        for at in (1, 2, 3, 64, 100):
            assert message_sizes(where, 70)[(at - 1) % 2] == sizes(message_item(where, at, 70))


@pytest.mark.parametrize("system", SYSTEMS.values(), ids=SYSTEMS)
def test_a_stored_message_is_its_text_and_the_layouts_own_bytes(system: System) -> None:
    where = stored(system)
    if where.messages_key is not None:
        two = [item_bytes(message_item(where, at, 500)) for at in (1, 2)]
    else:
        two = [conversation_sizes(where, 500).text(n) - conversation_sizes(where, 500).text(n - 1) for n in (1, 2)]
    assert sum(two) / 2 - 500 == overhead_bytes(system)


# ---- the real engine


@pytest.fixture
def engine(engine_endpoint: str) -> Iterator[DynamoDBClient]:
    client: Any = Session().create_client(
        "dynamodb", endpoint_url=engine_endpoint, region_name=REGION, aws_access_key_id="local", aws_secret_access_key="local"
    )
    yield client
    client.close()


def create(client: DynamoDBClient, scenario: Scenario, key: str, name: str) -> None:
    table = scenario.system.tables[key]
    indexes = shape(scenario, key).gsis
    used = {*table.keys, *(k for index in indexes.values() for k in index.key)}
    asked: dict[str, Any] = {
        "TableName": name,
        "KeySchema": keys(table.keys),
        "AttributeDefinitions": [{"AttributeName": k, "AttributeType": table.attributes[k].type} for k in sorted(used)],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if indexes:
        asked["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index,
                "KeySchema": keys(known.key),
                "Projection": {"ProjectionType": known.projection}
                | ({"NonKeyAttributes": list(known.included)} if known.projection == "INCLUDE" else {}),
            }
            for index, known in indexes.items()
        ]
    client.create_table(**asked)


def keys(names: tuple[str, ...]) -> list[Any]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]


def write(client: DynamoDBClient, table: Table, name: str, before: Item | None, after: Item) -> Any:
    """As a chatbot does: a put of what is new, an update of what changed."""
    if before is None or any(before[k] != after[k] for k in table.keys):
        return client.put_item(TableName=name, Item=after, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]  # pyright: ignore[reportArgumentType]
    changed = [k for k in after if before.get(k) != after[k]]
    return client.update_item(  # pyright: ignore[reportTypedDictNotRequiredAccess]
        TableName=name,
        Key={k: after[k] for k in table.keys},  # pyright: ignore[reportArgumentType]
        UpdateExpression="SET " + ", ".join(f"#{n} = :{n}" for n in range(len(changed))),
        ExpressionAttributeNames={f"#{n}": k for n, k in enumerate(changed)},
        ExpressionAttributeValues={f":{n}": after[k] for n, k in enumerate(changed)},  # pyright: ignore[reportArgumentType]
        ReturnConsumedCapacity="INDEXES",
    )["ConsumedCapacity"]


def slim(system: System) -> tuple[IndexChoice, ...]:
    """Every index with another projection than the guide's."""
    found: list[IndexChoice] = []
    for key, table in system.tables.items():
        for place, name in enumerate(table.indexes):
            found.append(IndexChoice(key, name, "KEYS_ONLY") if place % 2 == 0 else IndexChoice(key, name, "INCLUDE", ("role", "content")))
    return tuple(found)


@pytest.mark.engine
@pytest.mark.parametrize("projections", ["as the guide", "slim"])
@pytest.mark.parametrize("name", SYSTEMS)
def test_a_conversation_costs_on_the_engine_what_is_estimated(engine: DynamoDBClient, name: str, projections: str) -> None:
    """Exactly, unit by unit and index by index, and the reads too."""
    system = SYSTEMS[name]
    scenario = Scenario(
        system, messages=23, message_bytes=700, reads=1, indexes=slim(system) if projections == "slim" else (), consistent=True
    )
    where = stored(system)
    live = {key: f"what-if-{projections[:2]}-{key}-{name}" for key in {where.key, where.messages_key} - {None}}
    for key, table_name in live.items():
        create(engine, scenario, key, table_name)
    if where.one_a_user:
        before = conversation_item(where, scenario.messages, scenario.message_bytes, number=1)
        engine.put_item(TableName=live[where.key], Item=before)  # pyright: ignore[reportArgumentType]
    measured: Counter[tuple[str, str | None]] = Counter()
    last: Item = {}
    for key, before, after in played(scenario):
        table = system.tables[key]
        used = write(engine, table, live[key], before, after)
        measured[table.name, None] += used["Table"]["CapacityUnits"]
        for index, part in used.get("GlobalSecondaryIndexes", {}).items():
            measured[table.name, index] += part["CapacityUnits"]
        last = after if key == where.key else last
    found = footprint(scenario)
    assert {(one.table, one.index): one.writes for one in found.resources if one.writes} == {k: n for k, n in measured.items() if n}

    reads: dict[tuple[str, str | None], float] = defaultdict(float)
    got = engine.get_item(
        TableName=live[where.key],
        Key={k: last[k] for k in where.table.keys},  # pyright: ignore[reportArgumentType]
        ConsistentRead=True,
        ReturnConsumedCapacity="INDEXES",
    )
    reads[where.table.name, None] += got["ConsumedCapacity"]["Table"]["CapacityUnits"]  # pyright: ignore[reportTypedDictNotRequiredAccess]
    if where.messages_key is not None:
        for place, units in queried(engine, scenario, where.messages_key, live[where.messages_key], last):
            reads[place] += units
    assert {(one.table, one.index): one.reads for one in found.resources if one.reads} == reads


def queried(
    client: DynamoDBClient, scenario: Scenario, key: str, name: str, session: Item
) -> Iterator[tuple[tuple[str, str | None], float]]:
    """Read the conversation's messages: a Query, and where the index does not have the texts each message."""
    table = scenario.system.tables[key]
    of = table.parts()["conversation_id"]
    value = session[stored(scenario.system).table.parts()["conversation_id"]]
    index = None if table.partition_key == of else next(n for n, known in table.indexes.items() if known.partition_key == of)
    asked: dict[str, Any] = {"IndexName": index} if index else {"ConsistentRead": True}
    found: Any = client.query(
        TableName=name,
        KeyConditionExpression="#k = :k",
        ExpressionAttributeNames={"#k": of},
        ExpressionAttributeValues={":k": value},
        ReturnConsumedCapacity="INDEXES",
        **asked,
    )
    assert found["Count"] == scenario.messages
    used = found["ConsumedCapacity"]
    yield (table.name, index), used["GlobalSecondaryIndexes"][index]["CapacityUnits"] if index else used["Table"]["CapacityUnits"]
    if "content" not in found["Items"][0]:
        for item in found["Items"]:
            whole: Any = client.get_item(
                TableName=name, Key={k: item[k] for k in table.keys}, ConsistentRead=True, ReturnConsumedCapacity="INDEXES"
            )
            yield (table.name, None), whole["ConsumedCapacity"]["Table"]["CapacityUnits"]


@pytest.mark.engine
@pytest.mark.parametrize("name", EMBEDDED)
def test_the_engine_takes_the_last_message_that_fits_and_no_more(engine: DynamoDBClient, name: str) -> None:
    scenario = Scenario(SYSTEMS[name], message_bytes=20_000)
    where = stored(scenario.system)
    limit = item_growth(scenario, 1_000).limit
    assert limit is not None
    create(engine, scenario, where.key, f"what-if-limit-{name}")
    engine.put_item(TableName=f"what-if-limit-{name}", Item=conversation_item(where, limit, 20_000))  # pyright: ignore[reportArgumentType]
    with pytest.raises(engine.exceptions.ClientError, match="maximum allowed size"):
        engine.put_item(TableName=f"what-if-limit-{name}", Item=conversation_item(where, limit + 1, 20_000))  # pyright: ignore[reportArgumentType]


# ---- how layouts grow


@pytest.mark.parametrize("name", SYSTEMS)
def test_embedded_layouts_grow_with_the_square_of_the_length(name: str) -> None:
    """Twice as long is four times as much, a table of messages twice."""
    short, long = (footprint(Scenario(SYSTEMS[name], messages=n, message_bytes=2_000)).writes for n in (80, 160))
    assert long / short == pytest.approx(4 if name in EMBEDDED else 2, rel=0.05)


@pytest.mark.parametrize("name", EMBEDDED)
def test_growth_ends_at_the_largest_item(name: str) -> None:
    scenario = Scenario(SYSTEMS[name])
    grown = item_growth(scenario, 10_000)
    where = stored(scenario.system)
    assert grown.limit is not None
    assert (
        item_bytes(conversation_item(where, grown.limit, 300))
        <= MOST_ITEM_BYTES
        < item_bytes(conversation_item(where, grown.limit + 1, 300))
    )
    assert grown.points[-1].messages == grown.limit
    assert len(grown.points) <= 201
    assert [point.bytes for point in grown.points] == sorted(point.bytes for point in grown.points)
    assert grown.points[-1].all_units == footprint(replace(scenario, messages=grown.limit)).writes or stored(scenario.system).one_a_user
    assert item_growth(scenario, 20).limit is None


@pytest.mark.parametrize("name", EMBEDDED)
def test_messages_past_the_limit_are_said_and_not_counted(name: str) -> None:
    scenario = Scenario(SYSTEMS[name], messages=10_000)
    found = footprint(scenario)
    assert found.accepted + found.refused == 10_000
    assert found.refused > 0
    assert any("refuses" in note and f"{found.accepted + 1:,}" in note for note in found.notes)
    assert found.writes == footprint(replace(scenario, messages=found.accepted)).writes


@pytest.mark.parametrize("name", SYSTEMS)
def test_one_message_that_is_too_large(name: str) -> None:
    found = footprint(Scenario(SYSTEMS[name], messages=3, message_bytes=409_600))
    assert (found.accepted, found.writes) == (0, 0 if name in EMBEDDED else found.writes)
    assert found.notes[-1].startswith("DynamoDB refuses")


@pytest.mark.parametrize("name", sorted(set(SYSTEMS) - set(EMBEDDED)))
def test_only_what_is_embedded_grows(name: str) -> None:
    with pytest.raises(NotFound, match="grows"):
        item_growth(Scenario(SYSTEMS[name]), 100)


# ---- reads


def test_a_read_of_an_embedded_conversation_is_one_item() -> None:
    scenario = Scenario(SYSTEMS["cg"], messages=40, message_bytes=1_000, reads=3)
    where = stored(scenario.system)
    item = conversation_item(where, 40, 1_000)
    assert footprint(scenario).reads == 3 * get_units(item_bytes(item))
    assert footprint(replace(scenario, consistent=True)).reads == 2 * footprint(scenario).reads


def test_reads_while_it_grows_are_of_every_length() -> None:
    scenario = Scenario(SYSTEMS["cg"], messages=40, message_bytes=1_000, reads=1, read_at="growing")
    where = stored(scenario.system)
    each = [get_units(item_bytes(conversation_item(where, at, 1_000))) for at in range(1, 41)]
    assert footprint(scenario).reads == pytest.approx(sum(each) / 40)


def test_messages_are_read_by_one_query_of_the_table() -> None:
    scenario = Scenario(SYSTEMS["ai4ai"], messages=30, message_bytes=900, reads=1, consistent=True)
    where = stored(scenario.system)
    total = sum(item_bytes(message_item(where, at, 900)) for at in range(1, 31))
    session = item_bytes(conversation_item(where, 30, 0))
    assert footprint(scenario).reads == query_units(total, consistent=True) + get_units(session, consistent=True)


def test_an_index_is_never_read_consistently() -> None:
    scenario = Scenario(SYSTEMS["ai_agent"], reads=1)
    by_index = [one.reads for one in footprint(scenario).resources if one.index == "SessionTimestampIndex"]
    assert by_index == [
        one.reads for one in footprint(replace(scenario, consistent=True)).resources if one.index == "SessionTimestampIndex"
    ]


def test_what_an_index_does_not_hold_is_fetched() -> None:
    scenario = Scenario(SYSTEMS["ai_agent"], messages=30, reads=1)

    def reads(projection: Any, *included: str) -> tuple[float, float]:
        choice = IndexChoice("messages", "SessionTimestampIndex", projection, included)
        found = {(one.table, one.index): one.reads for one in footprint(replace(scenario, indexes=(choice,))).resources}
        return found["ai-agent-messages", None], found["ai-agent-messages", "SessionTimestampIndex"]

    assert reads("KEYS_ONLY")[0] == reads("INCLUDE", "role")[0] == 30 * 0.5
    assert reads("INCLUDE", "role", "content")[0] == reads("ALL")[0] == 0
    assert reads("KEYS_ONLY")[1] < reads("ALL")[1]


def test_without_an_index_by_conversation_reads_are_not_known() -> None:
    choice = IndexChoice("messages", "SessionTimestampIndex", None)
    found = footprint(Scenario(SYSTEMS["ai_agent"], indexes=(choice,)))
    assert found.unread == "ai-agent-messages"
    assert any("Without SessionTimestampIndex" in note and "Scan" in note for note in found.notes)


# ---- nothing is known by name


FIFTH = """
id = "fifth"
title = "Fifth"
[tables.talks]
name = "fifth-talks"
holds = "conversation"
partition_key = "who"
sort_key = "changed"
[tables.talks.indexes.ByTime]
partition_key = "state"
sort_key = "seen"
projection = "KEYS_ONLY"
[tables.talks.attributes]
who = { type = "S", part = "user_id" }
changed = { type = "S", part = "conversation_id" }
seen = { type = "N", part = "last_activity_at" }
state = { type = "S" }
"body.said" = { type = "L", part = "messages" }
"body.count" = { type = "N", part = "message_count" }
until = { type = "N", part = "expires_at" }
tags = { type = "SS" }
[message]
by = { type = "S", part = "role" }
words = { type = "S", part = "content" }
"""


@given(st.integers(1, 40), st.integers(1, 4_000))
@settings(max_examples=30, deadline=None)
def test_another_chatbots_layout(messages: int, size: int) -> None:
    """With messages in a map, and an index whose key moves with each message: two writes of it."""
    system = parse(FIFTH, "fifth.toml")
    scenario = Scenario(system, messages=messages, message_bytes=size)
    assume(footprint(scenario).refused == 0)
    expected = [write_units(shape(scenario, key), before, after) for key, before, after in played(scenario)]
    found = {one.index: one.writes for one in footprint(scenario).resources}
    assert found == {None: sum(e.table for e in expected), "ByTime": sum(e.gsis["ByTime"] for e in expected)}
    assert found["ByTime"] == 2 * messages - 1
