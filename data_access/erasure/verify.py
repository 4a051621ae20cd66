"""Whether an erasure is complete, by a reader of its own: nothing of the code that finds, plans or deletes is used here.

A sweep at once, then more of them after a pause, the later ones with a Scan of each table in which an index could have missed an
item. What is left is handed over to be erased again, and then the counting of clean sweeps begins anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from data_access.dynamo.aws import Source
from data_access.erasure.model import FrozenKey, Scope
from data_access.erasure.sweeps import Look, Talks
from data_access.erasure.verification import Found, Leftovers, Looked, Sweep, Verification

SWEEPS = 2
MOST_SWEEPS = 8
# An index follows its table within a second as a rule; nobody promises it, so the pause doubles while one is seen to be behind.
SETTLE_SECONDS = 1.0
LONGEST_SETTLE_SECONDS = 60.0
PATIENCE_SECONDS = 120.0
_BEAT_SECONDS = 1.0


def verify(
    sources: Mapping[str, Source],
    scope: Scope,
    keys: Callable[[], Iterable[FrozenKey]],
    cutoff: datetime,
    *,
    sweeps: int = SWEEPS,
    most_sweeps: int = MOST_SWEEPS,
    settle_seconds: float = SETTLE_SECONDS,
    again: Callable[[Leftovers], int] | None = None,
    beat: Callable[[], object] = lambda: None,
    patience: float = PATIENCE_SECONDS,
) -> Verification:
    """Look until `sweeps` sweeps in a row are clean, or it is of no use to go on.

    `keys()` begins a new pass through the frozen keys, those that were found later with them. `cutoff` is the job's: an item with a
    later time of its own is new activity, unless it was written into what was erased. `again` erases what is left and returns how
    much it could; without it, or when it could do nothing, what is left stays a residual. `beat` is called about every second, and
    may raise to end it all (a lease that was lost, a cancel). Tables that cannot be read are told and not raised; a table that
    throttles or does not answer is asked again for `patience` seconds. Raises what `keys`, `again` and `beat` raise.
    """
    done: list[Sweep] = []
    talks, quiet, settle = Talks(), 0, settle_seconds
    behind_since: float | None = None
    lag = 0.0
    while True:
        if done:
            _wait(settle, beat)
        began, at = time.monotonic(), datetime.now(UTC)
        # The first of several is cheap: a Scan that finds what a key would have found is a Scan for nothing.
        whole = bool(done) or sweeps == 1
        told = Look(sources, scope, keys, cutoff, talks, patience=patience, beat=beat).run(whole=whole)
        done.append(_sweep(told, at, time.monotonic() - began))
        if behind_since is not None or told.stale:
            # From the first sweep that saw it to the first that did not: the lag is no longer than that.
            behind_since = behind_since or began
            lag = max(lag, time.monotonic() - behind_since)
        behind_since = behind_since if told.stale else None
        settle = min(LONGEST_SETTLE_SECONDS, 2 * settle) if told.stale else settle_seconds
        quiet = 0 if told.residuals else quiet + 1
        if quiet >= sweeps or len(done) >= most_sweeps:
            break
        if told.leftovers:
            erased = again(told.leftovers) if again is not None else 0
            if not erased and len(done) >= sweeps:
                break
    clean = quiet >= sweeps and told.clean and all(sweep.clean for sweep in done[-sweeps:])
    fresh = tuple(found for found in told.found if found.new_activity)
    return Verification(tuple(done), tuple(told.residuals), fresh, tuple(told.unread.values()), told.leftovers, clean, lag)


def _sweep(told: Looked, at: datetime, seconds: float) -> Sweep:
    found = tuple(Found(one.system, one.table, one.residuals, one.new_activity) for one in told.found)
    return Sweep(at, told.checked, found, tuple(told.scanned), told.units, told.usd, seconds, told.clean)


def _wait(seconds: float, beat: Callable[[], object]) -> None:
    until = time.monotonic() + seconds
    beat()
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _BEAT_SECONDS))
        beat()
