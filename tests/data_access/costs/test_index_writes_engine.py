"""Write amplification of indexes: random writes, and sample items, against what the real engine says it took."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_access.costs.index_writes import IndexShape, TableShape, sum_units, write_units
from data_access.costs.size import item_bytes
from data_access.costs.units import replayed_units
from data_access.local.sample import items as sample_items
from data_access.local.sample.store import to_wire
from data_access.systems.create import wire_definition
from data_access.systems.spec import built_in

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Item = dict[str, Any]
TABLES = {table.name: table for system in built_in().values() for table in system.tables.values()}

# `g` and `h` are text, `n` a number; all may be keys of indexes.

KEYS = {"pk": "S", "sk": "S", "g": "S", "h": "S", "n": "N"}
OTHERS = ("one", "two", "three")
_text = st.one_of(st.text("abcé日", max_size=8), st.integers(0, 2_200).map(lambda length: "x" * length))


def _disputed(digits: str) -> bool:
    """The engine takes a byte less than digit pairs aligned on the point do for numbers such as 110 and 0.055.

    Nobody published what AWS takes for those, and what was measured there fits both: they are left out where the engine is asked.
    """
    _, figures, exponent = Decimal(digits).normalize(Context(prec=40)).as_tuple()
    assert isinstance(exponent, int)
    return exponent % 2 == 1 and len(figures) % 2 == 0 and (exponent > 0 or exponent + len(figures) <= 0)


_numbers = st.one_of(
    st.sampled_from(["0", "-42", "100", "0.15", "3.14159", "1E125", "1E-100", "1700000000", "9" * 38]),
    st.integers(-(10**12), 10**12).map(str),
    st.decimals(-(10**6), 10**6, places=4).map(str),
).filter(lambda digits: not _disputed(digits))
_values: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.one_of(
        _text.map(lambda text: {"S": text}),
        _numbers.map(lambda digits: {"N": digits}),
        st.booleans().map(lambda value: {"BOOL": value}),
        st.just({"NULL": True}),
        st.binary(max_size=20).map(lambda raw: {"B": raw}),
        st.sets(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=3).map(lambda texts: {"SS": sorted(texts)}),
        st.sets(st.integers(1, 9), min_size=1, max_size=3).map(lambda numbers: {"NS": [str(number) for number in sorted(numbers)]}),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda members: {"L": members}),
        st.dictionaries(st.text("abé", max_size=3), inner, max_size=3).map(lambda members: {"M": members}),
    ),
    max_leaves=4,
)
_attributes: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "g": st.sampled_from("abc").map(lambda text: {"S": text}),
    "h": st.one_of(st.sampled_from("ab"), st.integers(1, 1_000).map(lambda length: "h" * length)).map(lambda text: {"S": text}),
    "n": st.sampled_from(["1", "2", "12.5"]).map(lambda digits: {"N": digits}),
    **dict.fromkeys(OTHERS, _values),
}
_bodies = st.fixed_dictionaries({}, optional=_attributes)
_ends = st.one_of(
    st.just(("ALL", ())),
    st.just(("KEYS_ONLY", ())),
    st.sets(st.sampled_from(OTHERS), min_size=1).map(lambda names: ("INCLUDE", tuple(sorted(names)))),
)
_global = st.tuples(st.permutations(["g", "h", "n", "sk"]).flatmap(lambda names: st.integers(1, 2).map(lambda n: tuple(names[:n]))), _ends)
_local = st.tuples(st.sampled_from(["g", "h", "n"]).map(lambda name: ("pk", name)), _ends)


def _indexes(kind: str, drawn: list[tuple[tuple[str, ...], tuple[Any, tuple[str, ...]]]]) -> dict[str, IndexShape]:
    return {f"{kind}-{number}": IndexShape(key, *end) for number, (key, end) in enumerate(drawn)}


_shapes = st.builds(
    lambda gsis, lsis: TableShape(("pk", "sk"), _indexes("gsi", gsis), _indexes("lsi", lsis)),
    st.lists(_global, max_size=4),
    st.lists(_local, max_size=2),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One action on one of eight items: `body` is what a put writes and an update sets, `gone` what an update removes."""

    kind: str
    sort: str
    body: Item
    gone: frozenset[str] = frozenset()

    @property
    def key(self) -> Item:
        return {"pk": {"S": "p"}, "sk": {"S": self.sort}}

    def after(self, before: Item | None) -> Item | None:
        if self.kind == "Delete":
            return None
        if self.kind == "Put":
            return {**self.key, **self.body}
        if self.kind == "ConditionCheck":
            return before
        return {name: value for name, value in {**(before or self.key), **self.body}.items() if name not in self.gone}

    def request(self, table: str) -> dict[str, Any]:
        if self.kind == "Put":
            return {"TableName": table, "Item": {**self.key, **self.body}}
        request: dict[str, Any] = {"TableName": table, "Key": self.key}
        if self.kind == "ConditionCheck":
            return {**request, "ConditionExpression": "attribute_exists(pk) OR attribute_not_exists(pk)"}
        if self.kind == "Delete" or not (self.body or self.gone):
            return request
        names = {name: f"#{number}" for number, name in enumerate(sorted({*self.body, *self.gone}))}
        parts = ["SET " + ", ".join(f"{names[name]} = :{names[name][1:]}" for name in self.body)] if self.body else []
        parts += ["REMOVE " + ", ".join(names[name] for name in sorted(self.gone))] if self.gone else []
        request |= {"UpdateExpression": " ".join(parts), "ExpressionAttributeNames": {short: name for name, short in names.items()}}
        return request | (
            {"ExpressionAttributeValues": {f":{names[name][1:]}": value for name, value in self.body.items()}} if self.body else {}
        )


def _step(kinds: list[str]) -> st.SearchStrategy[Step]:
    gone = st.frozensets(st.sampled_from(sorted(_attributes)), max_size=3)
    return st.builds(
        lambda kind, sort, body, gone: Step(kind, sort, body, gone - body.keys() if kind == "Update" else frozenset()),
        st.sampled_from(kinds),
        st.sampled_from("12345678"),
        _bodies,
        gone,
    )


_alone = _step(["Put", "Put", "Update", "Update", "Delete"]).map(lambda step: ("alone", [step]))
_batch = st.lists(_step(["Put", "Put", "Delete"]), min_size=1, max_size=8, unique_by=lambda step: step.sort).map(
    lambda steps: ("batch", steps)
)
_transaction = st.lists(
    _step(["Put", "Update", "Update", "Delete", "ConditionCheck"]), min_size=1, max_size=8, unique_by=lambda step: step.sort
).map(lambda steps: ("transaction", steps))
_writes = st.lists(st.one_of(_alone, _batch, _transaction), min_size=10, max_size=20)


@pytest.fixture(scope="module")
def client(engine_endpoint: str) -> Iterator[DynamoDBClient]:
    opened = botocore.session.Session().create_client(
        "dynamodb", endpoint_url=engine_endpoint, region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local"
    )
    yield opened  # pyright: ignore[reportReturnType]
    opened.close()


@contextmanager
def _table(client: DynamoDBClient, shape: TableShape) -> Iterator[str]:
    name = f"writes-{uuid.uuid4().hex}"

    def index(indexes: Mapping[str, IndexShape]) -> list[Any]:
        return [
            {
                "IndexName": index_name,
                "KeySchema": _schema(one.key),
                "Projection": {"ProjectionType": one.projection} | ({"NonKeyAttributes": list(one.included)} if one.included else {}),
            }
            for index_name, one in indexes.items()
        ]

    used = {*shape.key, *(part for one in (*shape.gsis.values(), *shape.lsis.values()) for part in one.key)}
    request: dict[str, Any] = {
        "TableName": name,
        "KeySchema": _schema(shape.key),
        "AttributeDefinitions": [{"AttributeName": part, "AttributeType": KEYS[part]} for part in sorted(used)],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if shape.gsis:
        request["GlobalSecondaryIndexes"] = index(shape.gsis)
    if shape.lsis:
        request["LocalSecondaryIndexes"] = index(shape.lsis)
    client.create_table(**request)
    yield name
    client.delete_table(TableName=name)


def _schema(key: tuple[str, ...]) -> list[Any]:
    return [{"AttributeName": name, "KeyType": kind} for name, kind in zip(key, ("HASH", "RANGE"), strict=False)]


def _measured(consumed: Mapping[str, Any]) -> tuple[float, float, dict[str, float], dict[str, float]]:
    """In all, of the table, of the indexes that were written."""
    gsis, lsis = (
        {name: part["CapacityUnits"] for name, part in consumed.get(kind, {}).items()}
        for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
    )
    return consumed["CapacityUnits"], consumed["Table"]["CapacityUnits"], gsis, lsis


def _estimated(writes: list[Any]) -> tuple[float, float, dict[str, float], dict[str, float]]:
    summed = sum_units(writes)
    gsis, lsis = ({name: part for name, part in parts.items() if part} for parts in (summed.gsis, summed.lsis))
    return summed.total, summed.table, gsis, lsis


def _send(client: DynamoDBClient, table: str, how: str, steps: list[Step], token: str) -> Any:
    asked: Any = {"ReturnConsumedCapacity": "INDEXES"}
    if how == "alone":
        send: Callable[..., Any] = getattr(client, f"{steps[0].kind.lower()}_item")
        return send(**steps[0].request(table), **asked)["ConsumedCapacity"]
    if how == "batch":
        requests: list[Any] = [
            {"PutRequest": {"Item": step.request(table)["Item"]}} if step.kind == "Put" else {"DeleteRequest": {"Key": step.key}}
            for step in steps
        ]
        return client.batch_write_item(RequestItems={table: requests}, **asked)["ConsumedCapacity"][0]
    actions: list[Any] = [{step.kind: step.request(table)} for step in steps]
    return client.transact_write_items(TransactItems=actions, ClientRequestToken=token, **asked)["ConsumedCapacity"][0]


@pytest.mark.engine
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(shape=_shapes, writes=_writes)
def test_random_writes_take_what_the_engine_says(client: DynamoDBClient, shape: TableShape, writes: list[tuple[str, list[Step]]]) -> None:
    """Some 1,500 actions on 30 tables, each with random indexes: puts, updates and deletes, alone, in batches and in transactions."""
    held: dict[str, Item | None] = {}
    with _table(client, shape) as table:
        assert TableShape.described(client.describe_table(TableName=table)["Table"]) == shape
        for how, steps in writes:
            changes = [(step, held.get(step.sort), step.after(held.get(step.sort))) for step in steps]
            if how == "transaction" and any(step.kind == "Update" and not (step.body or step.gone) for step in steps):
                continue  # refused: an update in a transaction needs an expression
            token = uuid.uuid4().hex
            inside = how == "transaction"
            measured = _send(client, table, how, steps, token)
            assert _measured(measured) == _estimated([write_units(shape, *_images(change), inside) for change in changes]), (how, steps)
            if inside:
                again = _send(client, table, how, steps, token)
                assert again["CapacityUnits"] == sum(replayed_units(*_sizes(change)) for change in changes)
            held |= {step.sort: after for step, _, after in changes}


def _images(change: tuple[Step, Item | None, Item | None]) -> tuple[Item | None, Item | None]:
    return change[1], change[2]


def _sizes(change: tuple[Step, Item | None, Item | None]) -> tuple[int | None, int | None]:
    before, after = (None if image is None else item_bytes(image) for image in _images(change))
    return before, after


def _digits(value: Mapping[str, Any]) -> Iterator[str]:
    """Every number in a value."""
    for tag, content in value.items():
        if tag == "N":
            yield content
        elif tag in {"M", "L"}:
            for inner in content.values() if tag == "M" else content:
                yield from _digits(inner)


@pytest.mark.engine
def test_sample_items_take_what_the_engine_says(client: DynamoDBClient) -> None:
    """Ten sample items of each table: written, written again without and with a change, and deleted."""
    rows = sorted(sample_items(until=datetime(2026, 6, 1, tzinfo=UTC)), key=lambda row: row[0])
    seen: set[str] = set()
    for name, group in groupby(rows, key=lambda row: row[0]):
        table, shape, live = TABLES[name], TableShape.of(TABLES[name]), f"sample-{uuid.uuid4().hex[:8]}-{name}"
        client.create_table(**wire_definition(table, live))
        every = [{attribute: to_wire(value) for attribute, value in plain.items()} for _, plain in group]
        settled = [wire for wire in every if not any(map(_disputed, _digits({"M": wire})))]
        for wire in settled[:: max(1, len(settled) // 10)]:
            key = {part: wire[part] for part in table.keys}
            changed = {**wire, "note_of_the_test": {"S": "x" * 1_200}}
            stored = client.get_item(TableName=live, Key=key).get("Item")
            for before, after in ((stored, wire), (wire, wire), (wire, changed), (changed, None)):
                if after is None:
                    consumed: Any = client.delete_item(TableName=live, Key=key, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
                else:
                    consumed = client.put_item(TableName=live, Item=after, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
                assert _measured(consumed) == _estimated([write_units(shape, before, after)]), name
        seen.add(name)
        client.delete_table(TableName=live)
    assert seen == TABLES.keys()
