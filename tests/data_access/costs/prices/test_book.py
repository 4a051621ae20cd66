"""The price book: asked once a day, kept on disk, and never without an answer for a Region that is known anywhere."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from data_access.costs.prices import PRICE_DATE, PriceBook, Prices, built_in_prices, read_price
from data_access.costs.prices.kept import Kept, save
from data_access.errors import AccessDenied, AwsError, DataAccessError, Throttled, Unreachable, UsageError
from data_access.settings import Place, Settings
from data_access.systems.spec import built_in
from tests.data_access.conftest import Answer, Scripted, refusal
from tests.data_access.costs.prices.conftest import Clock, documents

DENIED = AccessDenied("AWS did not permit GetProducts on the Price List.", "Give this identity pricing:GetProducts.")


class Asked(list[str]):
    """Answers as the test says, and remembers for which Regions it was asked."""

    def __init__(self, says: Callable[[str], list[str]] | DataAccessError | None = None) -> None:
        super().__init__()
        self.says = says or documents

    def __call__(self, region: str) -> list[str]:
        self.append(region)
        if isinstance(self.says, DataAccessError):
            raise self.says
        return self.says(region)


def test_the_list_is_read_and_dated_by_the_day_it_was_read_on(tmp_path: Path, clock: Clock) -> None:
    prices = PriceBook(tmp_path, Asked(), now=clock).prices("us-east-1")
    assert (prices.source, prices.dated, prices.notices) == ("AWS Price List", "2026-11-20", ())
    assert prices.standard.replicated_write_capacity_hour == pytest.approx(0.00065)
    assert prices.reserved["read", 1].upfront_usd == pytest.approx(30)


def test_it_is_asked_once_a_day_for_each_region(tmp_path: Path, clock: Clock) -> None:
    asked = Asked()
    book = PriceBook(tmp_path, asked, now=clock)
    for _ in range(3):
        book.prices("us-east-1")
        book.prices("eu-west-1")
    clock.go(hours=23, minutes=59)
    assert book.prices("us-east-1").dated == "2026-11-20"
    assert asked == ["us-east-1", "eu-west-1"]
    clock.go(minutes=1)
    assert book.prices("us-east-1").dated == "2026-11-21"
    assert asked == ["us-east-1", "eu-west-1", "us-east-1"]


def test_another_process_finds_what_was_kept(tmp_path: Path, clock: Clock) -> None:
    first = PriceBook(tmp_path, Asked(), now=clock).prices("us-east-1")
    assert stat.S_IMODE((tmp_path / "us-east-1.json").stat().st_mode) == 0o600
    clock.go(hours=20)
    asked = Asked(DENIED)
    book = PriceBook(tmp_path, asked, now=clock)
    assert book.prices("us-east-1") == first
    assert asked == []
    clock.go(hours=4)  # A day from when AWS was asked, not from when the file was found.
    assert "not permit" in book.prices("us-east-1").notices[0]
    assert asked == ["us-east-1"]


@pytest.mark.parametrize(
    "asked_at",
    [
        datetime(2026, 2, 28, 23, 30, tzinfo=UTC),
        datetime(2028, 2, 28, 23, 30, tzinfo=UTC),
        datetime(2028, 2, 29, 0, 0, tzinfo=UTC),
        datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 4, 30, 12, 0, tzinfo=UTC),
    ],
)
def test_a_day_is_24_hours_at_the_end_of_a_month_too(tmp_path: Path, asked_at: datetime) -> None:
    clock = Clock(asked_at)
    asked = Asked()
    book = PriceBook(tmp_path, asked, now=clock)
    assert book.prices("us-east-1").dated == asked_at.date().isoformat()
    clock.now = asked_at + timedelta(hours=24) - timedelta(seconds=1)
    assert book.prices("us-east-1").dated == asked_at.date().isoformat()
    assert len(asked) == 1
    clock.now = asked_at + timedelta(hours=24)
    assert book.prices("us-east-1").dated == (asked_at + timedelta(days=1)).date().isoformat()
    assert len(asked) == 2


def test_prices_of_the_last_30_days_are_better_than_the_table(tmp_path: Path, clock: Clock) -> None:
    PriceBook(tmp_path, Asked(), now=clock).prices("us-east-1")
    clock.go(days=29, hours=23)
    old = PriceBook(tmp_path, Asked(DENIED), now=clock).prices("us-east-1")
    assert (old.source, old.dated) == ("AWS Price List", "2026-11-20")
    assert old.notices[0] == f"These are the prices of 2026-11-20: {DENIED}"
    clock.go(hours=1)
    older = PriceBook(tmp_path, Asked(DENIED), now=clock).prices("us-east-1")
    assert (older.source, older.dated) == ("built-in table", PRICE_DATE)


def test_a_file_of_a_time_to_come_is_not_trusted(tmp_path: Path, clock: Clock) -> None:
    save(tmp_path, "us-east-1", Kept(clock.now + timedelta(hours=1), tuple(documents("us-east-1"))))
    asked = Asked()
    assert PriceBook(tmp_path, asked, now=clock).prices("us-east-1").dated == "2026-11-20"
    assert asked == ["us-east-1"]


def test_a_clock_that_was_set_back_asks_again(tmp_path: Path, clock: Clock) -> None:
    asked = Asked()
    book = PriceBook(tmp_path, asked, now=clock)
    book.prices("us-east-1")
    clock.go(days=-40)
    assert book.prices("us-east-1").dated == "2026-10-11"
    assert len(asked) == 2


@pytest.mark.parametrize(
    "error",
    [
        DENIED,
        Throttled("the Price List throttled GetProducts."),
        Unreachable("the Price List did not answer GetProducts."),
        AwsError("Other."),
    ],
)
def test_without_the_list_the_table_stands_in_and_says_why(tmp_path: Path, clock: Clock, error: AwsError) -> None:
    prices = PriceBook(tmp_path, Asked(error), now=clock).prices("eu-west-1")
    table = built_in_prices("eu-west-1")
    assert table is not None
    assert prices.standard == table.standard
    assert (prices.source, prices.dated) == ("built-in table", PRICE_DATE)
    assert prices.notices[0] == f"These are the built-in prices of {PRICE_DATE}: {error}"
    assert prices.notices[1:] == table.notices
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_not_repeated_at_every_look(tmp_path: Path, clock: Clock) -> None:
    asked = Asked(DENIED)
    book = PriceBook(tmp_path, asked, now=clock)
    for _ in range(3):
        book.prices("us-east-1")
    assert len(asked) == 1
    clock.go(minutes=5)
    asked.says = documents
    assert book.prices("us-east-1").source == "AWS Price List"
    assert len(asked) == 2


def test_a_region_that_nobody_knows(tmp_path: Path, clock: Clock) -> None:
    asked = Asked(lambda _: [])
    book = PriceBook(tmp_path, asked, now=clock)
    for _ in range(2):
        with pytest.raises(UsageError, match=r"no DynamoDB prices for the Region xx-nowhere-1: the AWS Price List has nothing") as caught:
            book.prices("xx-nowhere-1")
        assert caught.value.remedy
    assert asked == ["xx-nowhere-1"]
    with pytest.raises(UsageError, match="AWS did not permit GetProducts"):
        PriceBook(tmp_path, Asked(DENIED), now=clock).prices("xx-nowhere-1")
    with pytest.raises(UsageError, match="not in the built-in table"):
        PriceBook(None).prices("xx-nowhere-1")


@pytest.mark.parametrize("region", ["", "US-EAST-1", "us-east", "local", "../../etc/passwd-1", "us-east-1\n", "us-east-1/x", "x" * 5_000])
def test_what_is_no_name_of_a_region_reaches_neither_disk_nor_aws(tmp_path: Path, region: str) -> None:
    asked = Asked()
    with pytest.raises(UsageError, match="is not the name of a Region") as caught:
        PriceBook(tmp_path, asked).prices(region)
    assert len(str(caught.value)) < 200
    assert (asked, list(tmp_path.iterdir())) == ([], [])


def test_an_empty_list_of_a_known_region_does_not_take_its_prices_away(tmp_path: Path, clock: Clock) -> None:
    prices = PriceBook(tmp_path, Asked(lambda _: []), now=clock).prices("us-east-1")
    assert prices.source == "built-in table"
    assert "the AWS Price List has nothing for this Region" in prices.notices[0]


def test_a_list_of_garbage_is_not_kept(tmp_path: Path, clock: Clock) -> None:
    prices = PriceBook(tmp_path, Asked(lambda _: ["{", "[]"]), now=clock).prices("us-east-1")
    assert prices.source == "built-in table"
    assert list(tmp_path.iterdir()) == []


def test_a_region_in_another_currency_is_known_but_its_prices_are_not(tmp_path: Path, clock: Clock) -> None:
    prices = PriceBook(tmp_path, Asked(), now=clock).prices("cn-north-1")
    assert prices.standard.read_unit is None
    assert (prices.source, prices.dated) == ("AWS Price List", "2026-11-20")
    assert "CNY" in prices.notices[0]


def test_reserved_blocks_of_the_table_fill_in_and_are_told(tmp_path: Path, clock: Clock) -> None:
    def without_terms(region: str) -> list[str]:
        found: list[Any] = [json.loads(text) for text in documents(region)]
        for product in found:
            product["terms"].pop("Reserved", None)
        return [json.dumps(product) for product in found]

    prices = PriceBook(tmp_path, Asked(without_terms), now=clock).prices("us-east-1")
    assert prices.reserved["write", 3].upfront_usd == 180
    assert "Reserved capacity is not in the price list" in prices.notices[0]
    assert PriceBook(tmp_path, Asked(without_terms), now=clock).prices("eu-west-1").reserved == {}


@pytest.mark.parametrize(
    "broken", [b"", b"{", b'{"format": 1}', b'{"format":1,"region":"us-east-1","asked_at":"2026-11-20T09:00:00+00:00","documents":["{}"]}']
)
def test_a_broken_file_is_passed_over_said_and_replaced(tmp_path: Path, clock: Clock, broken: bytes) -> None:
    (tmp_path / "us-east-1.json").write_bytes(broken)
    prices = PriceBook(tmp_path, Asked(), now=clock).prices("us-east-1")
    assert prices.source == "AWS Price List"
    assert prices.notices == ("The file with the kept prices of us-east-1 could not be read and was not used.",)
    assert PriceBook(tmp_path, Asked(DENIED), now=clock).prices("us-east-1").notices == ()


def test_a_disk_that_takes_nothing_is_no_reason_to_have_no_prices(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "prices").write_text("a file", encoding="utf-8")
    prices = PriceBook(tmp_path / "prices", Asked(), now=clock).prices("us-east-1")
    assert prices.source == "AWS Price List"
    assert any("could not be kept on disk" in notice for notice in prices.notices)


def test_threads_that_ask_together_ask_once(tmp_path: Path, clock: Clock) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slowly(region: str) -> list[str]:
        begun.set()
        assert go_on.wait(60)
        return documents(region)

    asked = Asked(slowly)
    book = PriceBook(tmp_path, asked, now=clock, patience=60)
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(book.prices, "us-east-1") for _ in range(8)]
        assert begun.wait(60)
        go_on.set()
        found = [future.result() for future in waiting]
    assert asked == ["us-east-1"]
    assert all(prices == found[0] for prices in found)


def test_a_page_does_not_wait_for_ever(tmp_path: Path, clock: Clock) -> None:
    go_on = threading.Event()

    def hang(region: str) -> list[str]:
        assert go_on.wait(60)
        return documents(region)

    asked = Asked(hang)
    book = PriceBook(tmp_path, asked, now=clock, patience=0.01)
    early = [book.prices("us-east-1") for _ in range(2)]
    assert {prices.source for prices in early} == {"built-in table"}
    assert "AWS has not answered yet" in early[0].notices[0]
    under_way = book._asking["us-east-1"]  # pyright: ignore[reportPrivateUsage]
    go_on.set()
    under_way.result(60)
    assert book.prices("us-east-1").source == "AWS Price List"
    assert asked == ["us-east-1"]


def test_a_fault_of_the_program_is_not_hidden(tmp_path: Path, clock: Clock) -> None:
    def fail(_: str) -> list[str]:
        raise ZeroDivisionError

    book = PriceBook(tmp_path, fail, now=clock)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            book.prices("us-east-1")


class TestTheProcessesBook:
    """`PriceBook.of`: what the dashboard and the command line use."""

    @staticmethod
    def settings(mode: Any, state: Path) -> Settings:
        known = built_in()["cg"]
        return Settings(mode, state, {"cg": Place(known, {key: table.name for key, table in known.tables.items()}, "us-east-1")})

    @pytest.fixture(autouse=True)
    def _an_identity(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAONE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    def test_local_mode_asks_nobody(self, scripted: Callable[[Answer], Scripted], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        server = scripted(lambda *_: refusal("AccessDeniedException"))
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", server.endpoint)
        prices = PriceBook.of(self.settings("local", tmp_path)).prices("us-east-1")
        assert (prices.source, prices.dated, prices.notices) == ("built-in table", PRICE_DATE, ())
        assert (server.asked, list(tmp_path.iterdir())) == ([], [])

    def test_from_the_wire_to_the_file_and_to_the_estimates(
        self, scripted: Callable[[Answer], Scripted], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        def dearer() -> list[str]:
            return [text.replace("0.0000001250", "0.0000003000") for text in documents("us-east-1")]

        server = scripted(lambda *_: (200, {}, json.dumps({"FormatVersion": "aws_v1", "PriceList": dearer()}).encode()))
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", server.endpoint)
        before = read_price("us-east-1")
        assert before is not None
        assert (before.usd_per_unit, before.dated) == (pytest.approx(1.25e-7), PRICE_DATE)
        book = PriceBook.of(self.settings("aws", tmp_path))
        prices: Prices = book.prices("us-east-1")
        assert prices.standard.read_unit == 3e-7
        assert len(server.asked) == 1
        assert (tmp_path / "prices" / "us-east-1.json").is_file()
        after, rare, elsewhere = read_price("us-east-1"), read_price("us-east-1", "STANDARD_INFREQUENT_ACCESS"), read_price("eu-west-1")
        assert after is not None
        assert (after.usd_per_unit, after.dated) == (3e-7, prices.dated)
        assert rare is not None
        assert rare.usd_per_unit == pytest.approx(1.55e-7)
        assert elsewhere is not None
        assert elsewhere.dated == PRICE_DATE

    def test_denied_on_the_wire(self, scripted: Callable[[Answer], Scripted], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_PRICING", scripted(lambda *_: refusal("AccessDeniedException")).endpoint)
        prices = PriceBook.of(self.settings("aws", tmp_path)).prices("us-east-1")
        assert prices.source == "built-in table"
        assert "AWS did not permit GetProducts on the Price List" in prices.notices[0]
        assert "pricing:GetProducts" in prices.notices[0]
        assert "SECRET" not in prices.notices[0]


def test_a_book_of_ones_own_changes_no_estimates(tmp_path: Path, clock: Clock) -> None:
    def dearer(region: str) -> list[str]:
        return [text.replace("0.0000001250", "0.0000003000") for text in documents(region)]

    PriceBook(tmp_path, Asked(dearer), now=clock).prices("us-east-1")
    price = read_price("us-east-1")
    assert price is not None
    assert price.usd_per_unit == pytest.approx(1.25e-7)
