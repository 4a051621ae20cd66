"""What a step will cost, from the best that is known, and what that number stands on.

- "snapshot": the sizes of the very items that the step evaluates, as they were when the snapshot was read.
- "table size": an upper bound from what DescribeTable counted. It holds as long as that count is current (AWS counts about every six
  hours): no read evaluates more than the whole table, or for one key more than the largest item, and the rest is rounding.
- "guess": nothing is counted yet, as in a table that is a few hours old, or on the local engine. It is no bound.

A Scan takes the larger of the first two: the snapshot leaves out what has expired or belongs to nothing, DescribeTable what is new.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from data_access.costs.size import MOST_ITEM_BYTES
from data_access.costs.units import PAGE_BYTES, get_units, query_units, scan_units
from data_access.dynamo.facts import TableFacts
from data_access.dynamo.plan import Basis
from data_access.dynamo.sizes import Extent, Reach, Size, Sizes

_LEAST = query_units(0)
# A page ends before the item that would pass 1 MB, so all but the last one hold at least this.
_FULL_PAGE = PAGE_BYTES - MOST_ITEM_BYTES


@dataclass(frozen=True, slots=True)
class Estimate:
    """Read units and what they stand on. `likely` is never a bound: it decides between ways; `times` is how often the step is sent."""

    units: float
    basis: Basis
    likely: float
    times: int = 1


class Estimator:
    """Estimates of one plan. `parallel` is how many segments a Scan may have."""

    def __init__(self, sizes: Sizes | None, parallel: int) -> None:
        self._sizes = sizes
        self._parallel = parallel

    def get(self, facts: TableFacts, extent: Extent) -> Estimate:
        """One GetItem: it is rounded like a Query of one item."""
        return self.query(facts, extent, get_units(facts.item_bytes), one=True)

    def query(self, facts: TableFacts, extent: Extent, likely: float, *, one: bool = False, reads: int = 1) -> Estimate:
        """A Query to its last page. `likely` is the guess in units, `one` says that the key names at most one item.

        A bound is for this one and the next `reads` - 1 together, which are of other items: `again` adds what those cost at least.
        """
        size = self._evaluated(extent)
        if size is not None:
            units = query_units(size.bytes)
            return Estimate(units, "snapshot", units)
        if not facts.sized:
            return Estimate(likely, "guess", likely)
        most = min(facts.total_bytes, MOST_ITEM_BYTES) if one else facts.total_bytes
        return Estimate(most_units(most, reads=reads), "table size", likely)

    def again(self, first: Estimate) -> Estimate:
        """A second Query beside a first one, for what is kept in another form: usually for nothing. A bound is for both together."""
        return Estimate(_LEAST, first.basis, _LEAST)

    def scan(self, facts: TableFacts, extent: Extent) -> Estimate:
        size = self._evaluated(extent)
        counted = facts.total_bytes if facts.sized else 0.0
        known = max(facts.total_bytes if size is None else counted, size.bytes if size is not None else 0.0)
        pages = max(1, math.ceil(known / PAGE_BYTES))
        segments = min(self._parallel, pages)
        if size is not None and size.bytes >= counted:
            units = scan_units(known, segments=segments)
            return Estimate(units, "snapshot", units, pages)
        units = most_units(known, reads=segments)
        return Estimate(units, "table size" if facts.sized else "guess", query_units(known), pages)

    def each(self, sessions: TableFacts, messages: TableFacts, reach: Reach, likely_times: int, likely_bytes: float) -> Estimate:
        """A Query for each conversation. The guess is so many of so many bytes."""
        found = self._each(reach)
        if found is not None:
            units = sum(map(query_units, found))
            return Estimate(units, "snapshot", units, len(found))
        likely = query_units(likely_bytes) * likely_times
        if not messages.sized or not sessions.sized:
            return Estimate(likely, "guess", likely, likely_times)
        # Each session is asked for once; so is each conversation that only messages tell of.
        most = sessions.item_count + (messages.item_count if reach.said is not None else 0)
        return Estimate(most_units(messages.total_bytes, reads=most), "table size", likely, likely_times)

    def _evaluated(self, extent: Extent) -> Size | None:
        return None if self._sizes is None else self._sizes.evaluated(extent)

    def _each(self, reach: Reach) -> Sequence[int] | None:
        return None if self._sizes is None else self._sizes.each(reach)


def most_units(total_bytes: float, *, reads: int = 1) -> float:
    """The most that several reads of disjoint parts of so many bytes cost, however those are spread over them and over pages."""
    rounded = max(0, reads - 1)
    if total_bytes > PAGE_BYTES:
        # Each page is rounded up by itself, and behind a full one the last can be empty.
        pages = math.ceil(total_bytes / _FULL_PAGE)
        rounded += pages + min(reads, pages)
    return query_units(total_bytes) + rounded * _LEAST
