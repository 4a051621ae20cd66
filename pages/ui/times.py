"""One clock for every page: the zone, and times and lengths of time in words.

The zone is the browser's until the viewer picks another, which the URL keeps (`?zone=Europe/Madrid`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import streamlit as st

from pages.ui.untrusted import reveal

ZONE_KEY = "zone"
_BROWSER = ""
_UNKNOWN = "zone_unknown"


@cache
def _zones() -> tuple[str, ...]:
    """Zones that people know by name; the tz database's own aliases are left out."""
    return ("UTC", *sorted(z for z in available_timezones() if "/" in z and not z.startswith(("Etc/", "SystemV/", "posix/", "right/"))))


def _known(name: str | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def browser_zone() -> ZoneInfo:
    """The zone of the viewer's browser; UTC where it does not say."""
    return _known(st.context.timezone) or ZoneInfo("UTC")


def zone() -> ZoneInfo:
    """The zone in which this viewer reads every time."""
    return _known(st.session_state.get(ZONE_KEY)) or browser_zone()


def zone_picker() -> ZoneInfo:
    """The setting, for the sidebar. app.py shows it once for all pages."""
    # Streamlit takes a name that it does not offer out of the address without a word.
    asked = st.query_params.get(ZONE_KEY)
    if asked and asked not in _zones():
        st.session_state[_UNKNOWN] = True
    st.selectbox(
        "Time zone",
        (_BROWSER, *_zones()),
        format_func=lambda name: reveal(name or f"Browser: {browser_zone().key}"),
        key=ZONE_KEY,
        bind="query-params",
        persist_state="session",
        on_change=_forget_unknown,
    )
    if st.session_state.get(_UNKNOWN):
        st.caption(":orange[:material/public_off: The address names a time zone that does not exist; the one above is used.]")
    return zone()


def _forget_unknown() -> None:
    st.session_state.pop(_UNKNOWN, None)


def now() -> datetime:
    return datetime.now(UTC)


def moment(at: datetime | None, where: ZoneInfo, *, seconds: bool = False) -> str:
    """2026-11-20 04:06 in a zone; a dash where the time is not known."""
    if at is None:
        return "–"
    return at.astimezone(where).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def ago(at: datetime | None, since: datetime | None = None) -> str:
    """How long ago, in one word and a number: "3 hours ago"; "in 2 days" for what is to come."""
    if at is None:
        return "–"
    seconds = ((since or now()) - at).total_seconds()
    if abs(seconds) < 45:
        return "just now"
    words = _largest(abs(seconds))
    return f"{words} ago" if seconds > 0 else f"in {words}"


def _largest(seconds: float) -> str:
    for name, size in (("year", 31_557_600), ("month", 2_629_800), ("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = round(seconds / size)
        if seconds >= size * 0.9 and count >= 1:
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{round(seconds)} seconds"


def duration(seconds: float | None) -> str:
    """A length of time, its two largest parts: "1 h 12 min", "8 s", "3 d 2 h"; a dash where it is not known."""
    if seconds is None:
        return "–"
    if seconds < 0:
        return f"−{duration(-seconds)}"
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    left = round(seconds)
    parts: list[str] = []
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts)
