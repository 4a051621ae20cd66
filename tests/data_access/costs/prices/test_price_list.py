"""Documents of the Price List, with every trap that they have: what is told is read to the digit, the rest is unknown and said."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_access.costs.prices import Rates, built_in_prices
from data_access.costs.prices.price_list import SOURCE, parse, read
from tests.data_access.costs.prices.conftest import documents


def product(usage: str, *tiers: tuple[str, str, Any], unit: str | None = None, region: str | None = None) -> str:
    """A product with no more than has to be there."""
    attributes = {"usagetype": usage} | ({"regionCode": region} if region else {})
    dimensions = {
        str(number): {"beginRange": begin, "endRange": end, "pricePerUnit": {"USD": usd}} | ({"unit": unit} if unit else {})
        for number, (begin, end, usd) in enumerate(tiers)
    }
    return json.dumps({"product": {"attributes": attributes}, "terms": {"OnDemand": {"a.b": {"priceDimensions": dimensions}}}})


def test_us_east_1_without_prefixes_and_with_some() -> None:
    prices = parse(documents("us-east-1"), "us-east-1", "2026-11-20")
    assert astuple(prices.standard) == pytest.approx((6.25e-7, 1.25e-7, 6.25e-7, 0.00065, 0.00013, 0.00065, 0.25))
    assert astuple(prices.infrequent) == pytest.approx((7.8e-7, 1.55e-7, 7.8e-7, 0.00081, 0.00016, 0.00081, 0.10))
    assert (prices.recovery_gb_month, prices.backup_gb_month, prices.restore_gb) == (0.20, 0.10, 0.15)
    assert (prices.export_gb, prices.import_gb, prices.stream_read) == (0.10, 0.15, 2e-7)
    assert (prices.free_storage_gb, prices.free_capacity_hours) == (25, 18_600)
    assert (prices.source, prices.dated) == (SOURCE, "2026-11-20")
    assert prices.notices == ()
    assert {key: (block.upfront_usd, block.hour_usd) for key, block in prices.reserved.items()} == {
        ("read", 1): pytest.approx((30, 0.0025)),
        ("read", 3): pytest.approx((36, 0.0016)),
        ("write", 1): pytest.approx((150, 0.0128)),
        ("write", 3): pytest.approx((180, 0.0081)),
    }


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-northeast-2"])
def test_what_the_list_says_is_what_the_built_in_table_says(region: str) -> None:
    """Prefixes EU- and EUW1- in one Region, APN2- in another; the order of products is no help."""
    listed, table = parse(reversed(documents(region)), region), built_in_prices(region)
    assert table is not None
    for table_class in ("STANDARD", "STANDARD_INFREQUENT_ACCESS"):
        ours, theirs = listed.rates(table_class), table.rates(table_class)
        for column in ("write_unit", "read_unit", "write_capacity_hour", "read_capacity_hour", "storage_gb_month"):
            assert getattr(ours, column) == pytest.approx(getattr(theirs, column)), column
    assert listed.recovery_gb_month is not None
    assert listed.dated == "2026-11-12"  # The day of publication, where nobody says when it was asked for.
    assert listed.notices == ()


def test_a_list_in_another_currency_has_no_prices_and_says_which_it_is() -> None:
    reading = read(documents("cn-north-1"), "cn-north-1")
    prices = reading.prices
    assert set(astuple(prices.standard)) | set(astuple(prices.infrequent)) == {None}
    assert (prices.recovery_gb_month, prices.stream_read, prices.free_storage_gb) == (None, None, 0)
    assert prices.notices == ("The price list of this Region is in CNY: what it does not tell in US dollars is unknown.",)
    assert reading.products == 24


def test_traps_are_unknown_and_told_one_by_one() -> None:
    prices = parse(documents("odd"), "us-east-1")
    assert prices.standard.read_unit is None  # of a million of units, as nobody has said before
    assert prices.standard.write_unit is None  # zero alone
    assert prices.standard.read_capacity_hour == 0.00013  # the first step that is paid, whatever comes first in the document
    assert prices.standard.write_capacity_hour is None  # two prices
    assert prices.standard.storage_gb_month is None  # no number
    assert prices.recovery_gb_month is None  # below zero
    assert prices.backup_gb_month == 0.10
    assert prices.restore_gb is None  # of another Region
    assert prices.import_gb is None  # no terms
    told = "\n".join(prices.notices)
    for part in (
        "Products of the price list that could not be read: 2.",
        "ReadRequestUnits (1M ReadRequestUnits)",
        "several prices for the same thing, so this is unknown: WriteCapacityUnit-Hrs",
        "no price above zero, so this is unknown: WriteRequestUnits, TimedStorage-ByteHrs, TimedPITRStorage-ByteHrs",
        "lower prices for large amounts, which are not counted: ReadCapacityUnit-Hrs",
        "does not have: ReplWriteRequestUnits",
        "not known here: PetabyteScan-?b?Hrs?/b?, ReplReadCapacityUnit-Hrs",
    ):
        assert part in told
    assert "<" not in told


@pytest.mark.parametrize("prefix", ["", "EU-", "APN2-", "USE1-", "UGW1-"])
@pytest.mark.parametrize(
    "usage, column",
    [
        ("ReadRequestUnits", "read_unit"),
        ("WriteRequestUnits", "write_unit"),
        ("ReplWriteRequestUnits", "replicated_write_unit"),
        ("ReadCapacityUnit-Hrs", "read_capacity_hour"),
        ("WriteCapacityUnit-Hrs", "write_capacity_hour"),
        ("ReplWriteCapacityUnit-Hrs", "replicated_write_capacity_hour"),
        ("TimedStorage-ByteHrs", "storage_gb_month"),
    ],
)
def test_a_usage_type_fills_its_own_field_and_no_other(prefix: str, usage: str, column: str) -> None:
    usual = parse([product(prefix + usage, ("0", "Inf", "0.5"))], "eu-west-1")
    assert [name for name in Rates.__slots__ if getattr(usual.standard, name) is not None] == [column]
    assert set(astuple(usual.infrequent)) == {None}
    rare = parse([product(f"{prefix}IA-{usage}", ("0", "Inf", "0.5"))], "eu-west-1")
    assert [name for name in Rates.__slots__ if getattr(rare.infrequent, name) is not None] == [column]
    assert set(astuple(rare.standard)) == {None}


@pytest.mark.parametrize(
    "usage", ["XX-Foo-ReadRequestUnits", "FooReadRequestUnits", "readrequestunits", "IA-IA-ReadRequestUnits", "IA-TimedPITRStorage-ByteHrs"]
)
def test_what_only_ends_like_one_is_another_thing(usage: str) -> None:
    prices = parse([product(usage, ("0", "Inf", "0.5"))], "eu-west-1")
    assert set(astuple(prices.standard)) | set(astuple(prices.infrequent)) == {None}
    assert any("not known here" in notice for notice in prices.notices)


@pytest.mark.parametrize("usage", ["EU-Streams-Requests", "Streams-Requests[Count]", "USW2-Streams-RequestsCount"])
def test_reads_of_a_stream_by_any_of_their_names(usage: str) -> None:
    tiers = (("0", "2500000", "0.0000000000"), ("2500000", "Inf", "0.0000002000"))
    assert parse([product(usage, *tiers)], "eu-west-1").stream_read == 2e-7


def test_the_free_tier_is_left_out_of_the_price_and_kept() -> None:
    tiers = (("25", "Inf", "0.2500000000"), ("0", "25", "0.0000000000"))
    prices = parse([product("TimedStorage-ByteHrs", *tiers, unit="GB-Mo")], "us-east-1")
    assert (prices.standard.storage_gb_month, prices.free_storage_gb) == (0.25, 25)
    # Standard-IA has none, and a list without a step at zero has none either.
    plain = parse([product("TimedStorage-ByteHrs", ("0", "Inf", "0.25")), product("IA-TimedStorage-ByteHrs", *tiers)], "us-east-1")
    assert (plain.standard.storage_gb_month, plain.infrequent.storage_gb_month, plain.free_storage_gb) == (0.25, 0.25, 0)


@pytest.mark.parametrize(
    "document", ["", "null", "[]", "7", '"x"', "{", '{"product": 3}', '{"product": {"attributes": []}}', "\ud800", "[" * 5_000]
)
def test_garbage_is_counted_and_breaks_nothing(document: str) -> None:
    reading = read([document, *documents("us-east-1")], "us-east-1")
    assert reading.prices.standard.read_unit == pytest.approx(1.25e-7)
    assert reading.prices.notices == ("Products of the price list that could not be read: 1.",)
    assert read([document], "us-east-1").products == 0


def test_a_local_zone_is_not_its_region() -> None:
    prices = parse([product("USW2-ReadRequestUnits", ("0", "Inf", "9"), region="us-west-2-lax-1")], "us-west-2")
    assert prices.standard.read_unit is None


usages = st.sampled_from(
    [
        json.loads(document)["product"]["attributes"]["usagetype"]
        for name in ("us-east-1", "eu-west-1", "ap-northeast-2", "odd")
        for document in documents(name)
        if "usagetype" in ((json.loads(document)["product"] or {}).get("attributes") or {})
    ]
)
amounts = st.one_of(
    st.floats(allow_nan=False).map(str),
    st.floats(0, 1).map(lambda usd: f"{usd:.10f}"),
    st.sampled_from(["0.0000000000", "", "x", "NaN", "1e999", None, [], {}]),
)
ends = st.sampled_from(["0", "25", "18600", "Inf", "", None, "-1"])
dimension = st.fixed_dictionaries(
    {},
    optional={
        "unit": st.sampled_from(["GB-Mo", "GB", "ReadRequestUnits", "WriteCapacityUnit-Hrs", "Requests", "Decibel", "", None, 5]),
        "beginRange": ends,
        "endRange": ends,
        "pricePerUnit": st.one_of(st.none(), st.dictionaries(st.sampled_from(["USD", "CNY", "EUR"]), amounts, max_size=2)),
    },
)
term = st.fixed_dictionaries(
    {},
    optional={
        "priceDimensions": st.one_of(st.none(), st.dictionaries(st.text(max_size=3), dimension, max_size=3)),
        "termAttributes": st.just({"LeaseContractLength": "1yr"}),
    },
)
terms = st.one_of(
    st.none(),
    st.dictionaries(
        st.sampled_from(["OnDemand", "Reserved", "Spot"]),
        st.one_of(st.none(), st.dictionaries(st.text(max_size=3), term, max_size=2)),
        max_size=2,
    ),
)


@settings(deadline=None)
@given(st.lists(st.tuples(usages, terms), max_size=8))
def test_whatever_comes_a_price_is_above_zero_or_unknown(products: list[tuple[str, Any]]) -> None:
    texts = [json.dumps({"product": {"attributes": {"usagetype": usage}}, "terms": of}) for usage, of in products]
    prices = parse(texts, "us-east-1")
    told = [*astuple(prices.standard), *astuple(prices.infrequent), prices.recovery_gb_month, prices.backup_gb_month]
    told += [prices.restore_gb, prices.export_gb, prices.import_gb, prices.stream_read]
    assert all(usd is None or 0 < usd < float("inf") for usd in told)
    assert None in told  # nothing was made up for what is not there
    assert prices.free_storage_gb >= 0
    assert prices.free_capacity_hours >= 0


@settings(deadline=None)
@given(st.sets(st.integers(0, 23)))
def test_what_is_left_out_of_a_list_is_unknown_and_the_rest_is_as_before(left_out: set[int]) -> None:
    whole = documents("us-east-1")
    all_of_it, rest = parse(whole, "us-east-1"), parse([text for number, text in enumerate(whole) if number not in left_out], "us-east-1")
    for ours, theirs in ((rest.standard, all_of_it.standard), (rest.infrequent, all_of_it.infrequent)):
        assert all(usd is None or usd == before for usd, before in zip(astuple(ours), astuple(theirs), strict=True))
    missing = sum(usd is None for usd in (*astuple(rest.standard), *astuple(rest.infrequent), rest.recovery_gb_month, rest.backup_gb_month))
    missing += sum(usd is None for usd in (rest.restore_gb, rest.export_gb, rest.import_gb, rest.stream_read))
    assert missing == len(left_out - {18, 21, 22, 23})  # those four fill nothing
    assert bool(rest.notices) == (missing > 0)
