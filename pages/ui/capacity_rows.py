"""Series as rows of a file: one for each data point, made one after the other when somebody takes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, overload

from data_access.capacity.series import Series

# A fortnight of minutes of forty series. What is more is no spreadsheet.
MOST_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class SeriesRows(Sequence[Mapping[str, Any]]):
    """A system and a series each. A period without a data point has no row, and a series that was refused has none."""

    series: tuple[tuple[str, Series], ...]

    @classmethod
    def of(cls, series: Iterable[tuple[str, Series]]) -> SeriesRows:
        return cls(tuple((system, one) for system, one in series if one.times))

    def __len__(self) -> int:
        return min(MOST_ROWS, sum(len(one.times) for _, one in self.series))

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        return islice(self._rows(), MOST_ROWS)

    def _rows(self) -> Iterator[Mapping[str, Any]]:
        for system, one in self.series:
            metric = one.metric
            for at, value in zip(one.times, one.values, strict=True):
                yield {
                    "time": at,
                    "value": value,
                    "metric": metric.name,
                    "statistic": metric.stat,
                    "period_seconds": metric.period,
                    "system": system,
                    "table": metric.table,
                    "index": metric.index,
                    "operation": metric.operation,
                    "status": one.status,
                }

    @overload
    def __getitem__(self, place: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Mapping[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> Mapping[str, Any] | Sequence[Mapping[str, Any]]:
        if isinstance(place, slice):
            return list(self)[place]
        place = place + len(self) if place < 0 else place
        found = next(islice(self, place, place + 1), None) if place >= 0 else None
        if found is None:
            raise IndexError
        return found
