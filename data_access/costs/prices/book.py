"""The prices of every Region, each asked for once a day: memory, then a file, then the AWS Price List, then the built-in table.

A price list that cannot be read is no failure of the page: older prices stand in, and a notice says why and of when they are.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from data_access.costs.prices import kept, price_list
from data_access.costs.prices.asking import asker
from data_access.costs.prices.built_in import PRICE_DATE, built_in_prices
from data_access.costs.prices.estimates import use_for_estimates
from data_access.costs.prices.model import Prices
from data_access.costs.prices.reserved import known_blocks
from data_access.errors import DataAccessError, UsageError
from data_access.settings import Settings

# AWS changes prices a few times a year, and says so on the day.
FRESH = timedelta(hours=24)
# Older prices of the list are still nearer the truth than a table that came with the program.
USABLE = timedelta(days=30)
# How long a failure stands before AWS is asked again: not at every rerun of a page.
AGAIN = timedelta(minutes=5)
# How long a page waits for AWS, which may be retrying where there is no way out to it.
PATIENCE_SECONDS = 10.0

_REGION = re.compile(r"[a-z]{2,5}(-[a-z]+){1,3}-\d{1,2}")
_NOT_YET = "AWS has not answered yet. Its prices come with a later look at this page."
_NOTHING = "the AWS Price List has nothing for this Region."


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What is known of a Region in the time from `since` to `until`."""

    said: Prices | UsageError
    since: datetime
    until: datetime


def _now() -> datetime:
    return datetime.now(UTC)


class PriceBook:
    """Prices by Region, for any thread. `folder` None keeps nothing on disk, `ask` None never asks AWS.

    `ask` gives the price list's documents of a Region, or raises a DataAccessError. With `shared`, what is found is also
    what the process estimates reads with.
    """

    def __init__(
        self,
        folder: Path | None,
        ask: Callable[[str], Iterable[str]] | None = None,
        *,
        now: Callable[[], datetime] = _now,
        patience: float = PATIENCE_SECONDS,
        shared: bool = False,
    ) -> None:
        self._folder = folder
        self._ask = ask
        self._now = now
        self._patience = patience
        self._shared = shared
        self._lock = threading.Lock()
        self._outcomes: dict[str, _Outcome] = {}
        self._asking: dict[str, Future[_Outcome]] = {}
        self._late: set[str] = set()

    @classmethod
    def of(cls, settings: Settings) -> PriceBook:
        """The process's book: in `prices` of the state folder. In local mode AWS is never asked."""
        ask = asker(settings)
        return cls(None if ask is None else settings.state / "prices", ask, shared=True)

    def prices(self, region: str) -> Prices:
        """The prices of a Region. Raises UsageError for one that neither the AWS Price List nor the built-in table knows."""
        if not _REGION.fullmatch(region):
            raise UsageError(f"{region[:40]!r} is not the name of a Region.", "Regions are written like us-east-1 or ap-southeast-2.")
        if self._ask is None:
            return self._given(_fallback(region))
        with self._lock:
            outcome = self._outcomes.get(region)
            if outcome is not None and outcome.since <= self._now() < outcome.until:
                return self._given(outcome.said)
            answer = self._asking.get(region)
            if answer is None:
                # One question for all who want to know, and it goes on when they no longer wait.
                answer = self._asking[region] = Future()
                threading.Thread(target=self._find_out, args=(region, self._ask, answer), name="prices", daemon=True).start()
            patience = 0.0 if region in self._late else self._patience
        try:
            return self._given(answer.result(patience).said)
        except TimeoutError:
            with self._lock:
                if region in self._asking:
                    self._late.add(region)
            return self._given(self._instead(region, _NOT_YET, self._load(region)[0]))

    def _given(self, said: Prices | UsageError) -> Prices:
        if isinstance(said, UsageError):
            raise UsageError(said.sentence, said.remedy)
        if self._shared:
            use_for_estimates(said)
        return said

    def _find_out(self, region: str, ask: Callable[[str], Iterable[str]], answer: Future[_Outcome]) -> None:
        try:
            outcome = self._found(region, ask)
        except BaseException as error:  # It is raised where somebody waits for the answer.
            self._done(region, None)
            answer.set_exception(error)
        else:
            self._done(region, outcome)
            answer.set_result(outcome)

    def _done(self, region: str, outcome: _Outcome | None) -> None:
        with self._lock:
            if outcome is not None:
                self._outcomes[region] = outcome
            self._asking.pop(region, None)
            self._late.discard(region)

    def _found(self, region: str, ask: Callable[[str], Iterable[str]]) -> _Outcome:
        before, notices = self._load(region)
        now = self._now()
        if before is not None and _age(before, now) < FRESH:
            return _Outcome(_of_list(region, before, ()), now, before.asked_at + FRESH)
        try:
            new = kept.Kept(now, tuple(ask(region)))
        except DataAccessError as error:
            return self._for_now(self._instead(region, str(error), before, notices))
        reading = price_list.read(new.documents, region)
        if not _any_price(reading.prices):
            # Without any US dollars it may still be a Region with DynamoDB: its notices then say what was found.
            if reading.products and built_in_prices(region) is None and before is None:
                return self._for_now(_of_list(region, new, notices))
            return self._for_now(self._instead(region, _NOTHING, before, notices))
        if self._folder is not None:
            try:
                kept.save(self._folder, region, new)
            except OSError as error:
                notices = (*notices, f"The prices could not be kept on disk ({error.strerror}): every process asks for them anew.")
        return _Outcome(_of_list(region, new, notices), now, now + FRESH)

    def _for_now(self, said: Prices | UsageError) -> _Outcome:
        now = self._now()
        return _Outcome(said, now, now + AGAIN)

    def _load(self, region: str) -> tuple[kept.Kept | None, tuple[str, ...]]:
        """What was kept and is not too old, and what is to be said about the file."""
        if self._folder is None:
            return None, ()
        try:
            found = kept.load(self._folder, region)
        except kept.Broken:
            found, broken = None, True
        else:
            broken = found is not None and not _any_price(price_list.parse(found.documents, region))
        if broken:
            return None, (f"The file with the kept prices of {region} could not be read and was not used.",)
        # A time to come is of a clock that was wrong: nobody knows how old it is.
        usable = found is not None and timedelta(0) <= _age(found, self._now()) < USABLE
        return (found if usable else None), ()

    def _instead(self, region: str, why: str, before: kept.Kept | None, notices: tuple[str, ...] = ()) -> Prices | UsageError:
        """Prices for when the list could not be read: those of the last days, or the built-in ones."""
        if before is None:
            return _fallback(region, why, notices)
        return _of_list(region, before, (f"These are the prices of {before.asked_at.date()}: {why}", *notices))


def _fallback(region: str, why: str = "", notices: tuple[str, ...] = ()) -> Prices | UsageError:
    prices = built_in_prices(region)
    if prices is None:
        reason = why or "it is not in the built-in table, and AWS is not asked in local mode."
        return UsageError(
            f"There are no DynamoDB prices for the Region {region}: {reason}",
            "Check how the Region is written, choose another one, or allow pricing:GetProducts and try again.",
        )
    said = (f"These are the built-in prices of {PRICE_DATE}: {why}",) if why else ()
    return replace(prices, notices=(*said, *notices, *prices.notices))


def _of_list(region: str, found: kept.Kept, notices: tuple[str, ...]) -> Prices:
    """Prices of the list, dated by the day on which AWS told them."""
    prices = price_list.parse(found.documents, region, found.asked_at.date().isoformat())
    if not prices.reserved and known_blocks(region):
        said = "Reserved capacity is not in the price list that was read: its prices are the built-in ones."
        prices = replace(prices, reserved=known_blocks(region), notices=(*prices.notices, said))
    return replace(prices, notices=(*notices, *prices.notices))


def _age(found: kept.Kept, now: datetime) -> timedelta:
    return now - found.asked_at


def _any_price(prices: Prices) -> bool:
    rates = (prices.standard, prices.infrequent)
    return any(
        rate.read_unit or rate.write_unit or rate.read_capacity_hour or rate.write_capacity_hour or rate.storage_gb_month for rate in rates
    )
