"""When people talk, and how a time is written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from random import Random

from data_access.local.sample.talk import Turn

DAYS = 90

# One weight an hour of the local day.
OFFICE = (0, 0, 0, 0, 0, 1, 4, 12, 20, 22, 20, 16, 10, 14, 18, 17, 12, 7, 3, 2, 1, 1, 0, 0)
EVENING = (2, 1, 0, 0, 0, 0, 1, 3, 6, 9, 10, 10, 8, 8, 9, 13, 16, 17, 14, 18, 20, 17, 11, 5)
PERSONAL = (1, 0, 0, 0, 0, 1, 5, 14, 16, 10, 8, 8, 11, 9, 7, 7, 9, 12, 12, 11, 13, 14, 8, 3)


class Calendar:
    """Draws starting times: the rhythm of the local day, quieter weekends, growth over the 90 days."""

    def __init__(self, until: datetime, day: Sequence[int], hours: int, weekend: float) -> None:
        self.since = until - timedelta(days=DAYS)
        weights: list[float] = []
        for n in range(DAYS * 24):
            local = self.since + timedelta(hours=n + hours)
            weights.append((day[local.hour] + 0.05) * (weekend if local.weekday() > 4 else 1.0) * (0.45 + 1.1 * n / (DAYS * 24)))
        self.cumulated = list(accumulate(weights))

    def draw(self, rng: Random) -> datetime:
        hour = rng.choices(range(DAYS * 24), cum_weights=self.cumulated)[0]
        return self.since + timedelta(hours=hour, seconds=rng.uniform(0, 3600))


def stamps(rng: Random, turns: Sequence[Turn], start: datetime, until: datetime, *, rest_hours: float = 0) -> list[datetime]:
    """One time a turn, as far as there is time before `until`: quick answers, slower questions, pauses now and then.

    `rest_hours` is the median pause before a new subject; 0 for somebody who stays at the keyboard.
    """
    found: list[datetime] = []
    now = start
    for n, turn in enumerate(turns):
        if n and turns[n - 1].role == "system":
            now += timedelta(milliseconds=rng.randint(20, 400))
        elif n and turn.role == "assistant":
            # Long answers and tool calls take longer.
            median = 1.6 + 1.4 * len(turn.tool_calls) + len(turn.content) / 350
            now += timedelta(seconds=min(120.0, 0.3 + median * rng.lognormvariate(0, 0.55)))
        elif n:
            now += timedelta(seconds=1 + rng.lognormvariate(3.4, 0.9))
            if rng.random() < 0.03:
                now += timedelta(minutes=min(180.0, rng.lognormvariate(3.2, 1.0)))
            if turn.opens and rest_hours:
                now += timedelta(hours=rest_hours * rng.lognormvariate(0, 0.9))
        if now >= until:
            break
        found.append(now.replace(microsecond=now.microsecond // 1000 * 1000))
    return found


def starts(rng: Random, calendar: Calendar, count: int, until: datetime) -> list[datetime]:
    """Drawn times; the first is on the first day and the last is in progress, whatever was drawn."""
    return [
        calendar.since + timedelta(hours=rng.uniform(1, 20)),
        *(calendar.draw(rng) for _ in range(count - 2)),
        until - timedelta(minutes=12),
    ]


def iso(when: datetime) -> str:
    """ISO 8601 with milliseconds and Z, as JavaScript writes it."""
    return f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z"


def naive(when: datetime) -> str:
    return f"{when:%Y-%m-%dT%H:%M:%S}"


def epoch(when: datetime) -> int:
    return int(when.timestamp())


def milliseconds(when: datetime) -> int:
    return round((when - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1))
