"""Read and write units by DynamoDB's rules: examples, laws, and what the real engine says that reads take."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_access.costs.size import item_bytes
from data_access.costs.units import (
    PAGE_BYTES,
    batch_get_units,
    condition_check_units,
    delete_units,
    failed_condition_units,
    get_units,
    local_index_units,
    paged_units,
    put_units,
    query_units,
    read_factor,
    replayed_units,
    scan_units,
    update_units,
    write_units,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

sizes = st.integers(0, 409_600)


@pytest.mark.parametrize(
    "size, units",
    [(0, 0.5), (1, 0.5), (4_096, 0.5), (4_097, 1.0), (8_192, 1.0), (8_193, 1.5), (409_600, 50.0), (400 * 1024 + 1, 50.5)],
)
def test_a_read_is_rounded_up_to_four_kilobytes_and_costs_half(size: float, units: float) -> None:
    assert get_units(size) == units
    assert get_units(size, consistent=True) == 2 * units
    assert get_units(size, transactional=True) == get_units(size, consistent=True, transactional=True) == 4 * units


def test_a_batch_rounds_each_item() -> None:
    assert batch_get_units([1_536, 6_656]) == 1.5
    assert batch_get_units([4_097, 11, None], consistent=True) == 4
    assert batch_get_units([4_096] * 5, transactional=True) == 10
    assert batch_get_units([]) == 0


def test_a_query_sums_its_items_before_it_rounds() -> None:
    assert query_units(100 * 350) == 4.5
    assert query_units(0) == 0.5
    assert query_units(1_048_576) == 128.0
    assert query_units(10 * 1_048_576, consistent=True) == 2_560.0


def test_each_page_is_rounded_by_itself() -> None:
    # 116 items of 9,012 bytes are the most that one page holds: 1,045,392 bytes, 256 units.
    assert paged_units([9_012] * 116, consistent=True) == 256
    assert paged_units([9_012] * 117, consistent=True) == 256 + 3
    assert paged_units([]) == 0.5
    assert paged_units([2 * PAGE_BYTES]) == 256.0


def test_each_segment_of_a_scan_is_rounded_by_itself() -> None:
    assert scan_units(81_920) == 10.0
    assert scan_units(81_920, segments=4) == 10.0
    assert scan_units(100, segments=4) == 2.0


def test_a_local_index_fetches_items_one_by_one() -> None:
    # The guide's own example: four entries of 200 bytes and four items of 300 are 4 KB and 16 KB.
    assert local_index_units(4 * 200, [300] * 4, consistent=True) == 5
    assert local_index_units(4 * 200, [300] * 4) == 2.5


@pytest.mark.parametrize("size, units", [(0, 1), (1, 1), (1_024, 1), (1_025, 2), (409_600, 400)])
def test_a_write_is_rounded_up_to_a_kilobyte(size: int, units: int) -> None:
    assert write_units(size) == put_units(size) == delete_units(size) == failed_condition_units(size) == units
    assert write_units(size, transactional=True) == condition_check_units(size) == 2 * units


def test_the_larger_image_is_charged() -> None:
    assert put_units(11, 1_025) == put_units(1_025, 11) == update_units(11, 1_025) == update_units(1_025, 11) == 2
    assert put_units(3_013, 5, transactional=True) == 6
    assert update_units(None, 1_025) == 2


def test_what_does_not_exist_costs_the_least() -> None:
    assert delete_units(None) == failed_condition_units(None) == 1
    assert delete_units(None, transactional=True) == condition_check_units(None) == 2
    assert failed_condition_units(2_048) == 2
    assert failed_condition_units(2_048, transactional=True) == 4


def test_a_replayed_transaction_is_read() -> None:
    assert replayed_units(9_000, 10) == replayed_units(10, 9_000) == replayed_units(9_000, None) == 6
    assert replayed_units(None, None) == 2


@given(sizes, sizes, st.booleans())
def test_units_never_fall_with_the_size(one: int, other: int, consistent: bool) -> None:
    small, large = sorted((one, other))
    assert get_units(small, consistent=consistent) <= get_units(large, consistent=consistent)
    assert query_units(small, consistent=consistent) <= query_units(large, consistent=consistent)
    assert write_units(small) <= write_units(large)
    assert put_units(small, large) == put_units(large, small) == write_units(large)
    assert local_index_units(small, [small]) <= local_index_units(large, [large]) <= local_index_units(large, [large, small])


@given(sizes)
def test_a_write_of_a_unit_is_no_less_than_its_bytes(size: int) -> None:
    assert (write_units(size) - 1) * 1_024 < max(size, 1) <= write_units(size) * 1_024 or size == 0
    assert get_units(size) == get_units(size, consistent=True) / 2 == get_units(size, transactional=True) / 4


@given(st.lists(sizes, max_size=60), st.booleans())
def test_a_query_costs_no_more_than_getting_each(items: list[int], consistent: bool) -> None:
    units = paged_units(items, consistent=consistent)
    assert query_units(sum(items), consistent=consistent) <= units
    pages = 1 + sum(items) // (PAGE_BYTES - 409_600)
    assert units <= query_units(sum(items), consistent=consistent) + pages * read_factor(consistent=consistent)
    assert not items or units <= batch_get_units(items, consistent=consistent)


@pytest.fixture
def table(engine_endpoint: str) -> Iterator[tuple[DynamoDBClient, str]]:
    """A table with a local and a global index of keys alone, on the real engine."""
    client: Any = botocore.session.Session().create_client(
        "dynamodb", endpoint_url=engine_endpoint, region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local"
    )
    name = f"reads-{uuid.uuid4().hex}"
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": part, "AttributeType": "S"} for part in ("pk", "sk", "by")],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[
            {
                "IndexName": "global",
                "KeySchema": [{"AttributeName": "by", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        LocalSecondaryIndexes=[
            {
                "IndexName": "local",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "by", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    yield client, name
    client.delete_table(TableName=name)
    client.close()


@pytest.mark.engine
def test_reads_take_what_the_engine_says(table: tuple[DynamoDBClient, str]) -> None:
    client, name = table
    # Near the steps of 4 KB, and enough for a second page of 1 MB.
    lengths = [1, 4_070, 4_080, 4_090, 8_200, 12_000, *([40_000] * 30)]
    items: list[Any] = [
        {"pk": {"S": "p"}, "sk": {"S": f"{number:03}"}, "by": {"S": f"b{number:03}"}, "text": {"S": "x" * length}}
        for number, length in enumerate(lengths)
    ]
    for item in items:
        client.put_item(TableName=name, Item=item)
    stored = [item_bytes(item) for item in items]
    keys: list[Any] = [{"pk": item["pk"], "sk": item["sk"]} for item in items[:6]]
    asked: Any = {"ReturnConsumedCapacity": "INDEXES"}
    for consistent in (False, True):
        how: Any = {"TableName": name, "ConsistentRead": consistent, **asked}
        for key, size in zip(keys, stored, strict=False):
            units = client.get_item(Key=key, **how)["ConsumedCapacity"]
            assert units.get("CapacityUnits") == get_units(size, consistent=consistent)
        batch: Any = {name: {"Keys": [*keys, {"pk": {"S": "none"}, "sk": {"S": "0"}}], "ConsistentRead": consistent}}
        taken: Any = client.batch_get_item(RequestItems=batch, **asked)["ConsumedCapacity"]
        assert taken[0]["CapacityUnits"] == batch_get_units([*stored[:6], None], consistent=consistent)
        query = {**how, "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}}
        for operation, request in (("query", query), ("query", {**query, "Select": "COUNT"}), ("scan", how)):
            pager: Any = client.get_paginator(operation)  # pyright: ignore[reportCallIssue, reportArgumentType]
            pages: list[Any] = list(pager.paginate(**request))
            assert len(pages) == 2
            assert sum(page["ConsumedCapacity"]["CapacityUnits"] for page in pages) == paged_units(stored, consistent=consistent)
        # The engine rounds what a local index fetches in one sum, where AWS documents each item by itself: only one is fetched here.
        one: Any = {
            **query,
            "IndexName": "local",
            "KeyConditionExpression": "pk = :p AND #by = :b",
            "ExpressionAttributeNames": {"#by": "by"},
            "ExpressionAttributeValues": {":p": {"S": "p"}, ":b": {"S": "b005"}},
            "Select": "ALL_ATTRIBUTES",
        }
        entry = item_bytes({part: value for part, value in items[5].items() if part != "text"})
        units = client.query(**one)["ConsumedCapacity"].get("CapacityUnits")
        assert units == local_index_units(entry, [stored[5]], consistent=consistent) == (2.0 if not consistent else 4.0)
    every: Any = [{"Get": {"TableName": name, "Key": key}} for key in keys]
    together: Any = client.transact_get_items(TransactItems=every, **asked)["ConsumedCapacity"]
    assert together[0]["CapacityUnits"] == batch_get_units(stored[:6], transactional=True)
    entries = sum(item_bytes({part: value for part, value in item.items() if part != "text"}) for item in items)
    scanned: Any = client.scan(TableName=name, IndexName="global", **asked)["ConsumedCapacity"]
    assert scanned["CapacityUnits"] == query_units(entries)
