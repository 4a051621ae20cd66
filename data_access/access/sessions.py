"""Which sign-ins are still in use: idle for too long, or ended in another tab, is ended here for all tabs. And so who somebody is now.

In the memory of this process alone. Another process learns of an end when the sign-in expires (identity.py), at the latest after
session_hours.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from data_access.access.identity import anonymous, viewer_of
from data_access.access.settings import MOST_SESSION_HOURS, AccessSettings
from data_access.access.viewer import Viewer
from data_access.errors import SignInEnded

# No sign-in is accepted for longer (access.session_hours), so that what is forgotten here cannot come back.
_KEPT = timedelta(hours=MOST_SESSION_HOURS)
_MOST = 20_000


class Sessions:
    """From any thread. A session is the hash that names one sign-in (Viewer.session)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, datetime] = OrderedDict()  # the one that was seen longest ago is the first
        self._ended: OrderedDict[str, datetime] = OrderedDict()

    def seen(self, session: str, idle_minutes: float, now: datetime, *, active: bool = True) -> None:
        """Somebody does something. `active` False: the page asked by itself, which keeps no sign-in open. Raises SignInEnded."""
        with self._lock:
            self._forget(now)
            last = self._seen.get(session, now)
            if session and session not in self._ended and now - last >= timedelta(minutes=idle_minutes):
                self._end(session, now)
                raise SignInEnded("Nothing was done here for too long, so you were signed out.", "Sign in again.")
            if not session or session in self._ended:
                raise SignInEnded("You were signed out.", "Sign in again.")
            if active or session not in self._seen:
                self._seen[session] = now
                self._seen.move_to_end(session)

    def end(self, session: str, now: datetime) -> None:
        """It is over, in every tab of this process."""
        with self._lock:
            self._forget(now)
            self._end(session, now)

    def _end(self, session: str, now: datetime) -> None:
        self._seen.pop(session, None)
        self._ended[session] = now
        self._ended.move_to_end(session)

    def _forget(self, now: datetime) -> None:
        for kept in (self._seen, self._ended):
            while kept and (len(kept) > _MOST or now - next(iter(kept.values())) > _KEPT):
                kept.popitem(last=False)


SESSIONS = Sessions()


def viewer_now(claims: Mapping[str, Any], settings: AccessSettings, now: datetime, *, active: bool = False) -> Viewer:
    """Who is behind these claims of Streamlit's (`is_logged_in` among them), where their sign-in has not ended.

    `active`: they do something, so that it is not idle. Raises SignInEnded.
    """
    if claims.get("is_logged_in") is not True:
        return anonymous(settings)
    found = viewer_of(claims, settings, now)
    SESSIONS.seen(found.session, settings.idle_minutes, now, active=active)
    return found
