"""Where somebody was when they went to sign in. A session says it, the server finds it by the browser and leads back there.

Streamlit's sign-in forgets the address that was asked for. A place is kept for the two minutes in which Streamlit's link to the
provider is good, for one use, in this process.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

_KEPT = timedelta(minutes=2)
_MOST = 10_000
# A longer one is left out: cookies and addresses have their limits, and no page of ours needs as much.
LONGEST_QUERY = 1_500


@dataclass(frozen=True, slots=True)
class Place:
    """`path` is a page's, without a slash and empty for the first; `query` is encoded. `prompt`: what the provider is to ask for."""

    path: str
    query: str = ""
    prompt: str | None = None


class Places:
    """From any thread. A browser has one place: the last one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[datetime, Place]] = OrderedDict()

    def keep(self, browser: str, place: Place, now: datetime) -> None:
        with self._lock:
            self._kept.pop(browser, None)
            self._kept[browser] = now, place
            while self._kept and (len(self._kept) > _MOST or now - next(iter(self._kept.values()))[0] > _KEPT):
                self._kept.popitem(last=False)

    def take(self, browser: str | None, now: datetime) -> Place | None:
        """Once. None where there is none, or an old one."""
        if browser is None:
            return None
        with self._lock:
            at, place = self._kept.pop(browser, (now, None))
        return place if now - at <= _KEPT else None


PLACES = Places()
