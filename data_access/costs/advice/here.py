"""Advice with what this process has open: its sources, the snapshot in memory, CloudWatch and backups of each system."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from data_access.capacity.cloudwatch import open_cloudwatch
from data_access.capacity.report import CapacityReport, report
from data_access.costs.advice.judging import advise_from, window
from data_access.costs.advice.model import Advice, Skipped, possible_usd
from data_access.costs.observed import Observed, observe_here
from data_access.costs.observed.reading import PriceSource
from data_access.dynamo.aws import CONCURRENCY, Source
from data_access.errors import DataAccessError
from data_access.settings import Settings
from data_access.snapshot.hot import Hot
from data_access.systems.check import check


@dataclass(frozen=True, slots=True)
class Advised:
    """Advice, what was skipped, and what both stand on. `observed` is of the window that was judged by."""

    advice: tuple[Advice, ...]
    skipped: tuple[Skipped, ...]
    observed: Observed
    problems: tuple[DataAccessError, ...]
    own_usd: float

    @property
    def possible_usd(self) -> float | None:
        return possible_usd(self.advice)


def advise_here(
    settings: Settings,
    sources: Mapping[str, Source],
    book: PriceSource,
    hot: Hot | None,
    *,
    now: datetime | None = None,
    region: str | None = None,
) -> Advised:
    """By the last two weeks. `region` prices everything as in that Region. Raises UsageError (a Region that is not known), AwsError."""
    since, until = window(now)
    observed = observe_here(settings, sources, book, hot, since=since, now=until, region=region)

    def ask(source: Source) -> CapacityReport:
        return report(source, open_cloudwatch(settings, source.place), since, until)

    with ThreadPoolExecutor(CONCURRENCY, "advice") as pool:
        reports = dict(zip(sources, pool.map(ask, sources.values()), strict=True))
        health = dict(zip(sources, pool.map(check, sources.values()), strict=True))
    places = {name: source.place for name, source in sources.items()}
    advice, skipped = advise_from(observed, reports, places, health, hot)
    problems = (*observed.problems, *(problem for one in reports.values() for problem in one.problems))
    once = tuple({(type(problem), str(problem)): problem for problem in problems}.values())
    return Advised(advice, skipped, observed, once, observed.own_usd + sum(one.answer.usd for one in reports.values()))
