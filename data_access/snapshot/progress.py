"""Progress of a sync as lines of text, not more than one a second."""

from __future__ import annotations

import time
from collections.abc import Callable

from data_access.snapshot.sync import Estimate, Progress

_SECONDS = 1.0


class Reporter:
    """Says what a sync is going to do and how far it is."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said_at = float("-inf")
        self._stage = ""

    def planned(self, estimate: Estimate) -> None:
        price = "price unknown" if estimate.usd is None else f"${estimate.usd:.7f}"
        rate = "no rate limit" if estimate.rate is None else f"at most {estimate.rate:,.0f} units a second"
        self._say(f"{estimate.system}: {estimate.method}, about {estimate.units:,.1f} read units ({price}), {rate}.")
        for spot in estimate.blind_spots:
            self._say(f"{estimate.system}: not seen: {spot}")

    def progress(self, progress: Progress) -> None:
        if progress.notice:
            self._say(progress.notice)
            return
        now = time.monotonic()
        if progress.stage == self._stage and now - self._said_at < _SECONDS:
            return
        self._said_at, self._stage = now, progress.stage
        share = "" if progress.share is None else f" ({progress.share:.0%})"
        self._say(f"{progress.system}: {progress.stage}, {progress.items:,} items{share}, {progress.units:,.1f} read units.")
