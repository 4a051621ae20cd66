"""Questions about everything: the usage page and search over a million and ten million messages, in memory.

`python -m benchmarks.asking [MESSAGES …]` runs these alone. The peer is pandas: the same answers from the same rows, which it
gets with their ids as whole numbers already, and search by `str.contains`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pandas as pd

from benchmarks import rows
from benchmarks.figures import Figure, wall_seconds
from data_access.snapshot.hot import Hot
from data_access.snapshot.search import SearchFilter, search
from data_access.usage import UsageFilter, usage

ZONE = "America/New_York"
WANTED = UsageFilter(since=rows.SINCE, until=rows.UNTIL, zone=ZONE)
SIZES = (1_000_000, 10_000_000)
USAGE_SECONDS = {1_000_000: 0.3, 10_000_000: 2.0}
SEARCH_SECONDS = {1_000_000: 0.06, 10_000_000: 0.5}
_ROUNDS = 7

# A word in one message of 50,000, one in every tenth, several that are seldom together, a phrase, one that nobody wrote, and a
# frequent one that never goes without the other.
QUESTIONS = (rows.RARE, "refund", "refund -order hotel", '"late refund"', "xyzzy", "order xyzzy", "order -e")


def figures(sizes: tuple[int, ...] = SIZES) -> Iterator[Figure]:
    for size in sizes:
        began = time.perf_counter()
        hot = Hot.from_arrow(rows.tables(size), "benchmark")
        seconds = time.perf_counter() - began
        print(f"\n{hot.coverage.messages:,} messages made and loaded in {seconds:.1f} s, {hot.bytes / 1e9:.2f} GB in memory\n", flush=True)
        yield from _usage(hot, size)
        yield from _search(hot, size)
        hot.close()


def _usage(hot: Hot, size: int) -> Iterator[Figure]:
    frame, calls = _frames(hot)
    ours, theirs = usage(hot, WANTED), _pandas(frame, calls)
    for name, value in theirs.items():
        assert abs((ours.metrics[name] or 0) - value) < 1e-3, f"{name}: {ours.metrics[name]}, pandas says {value}"
    limit = USAGE_SECONDS.get(size)
    seconds = wall_seconds(lambda: usage(hot, WANTED), rounds=_ROUNDS)
    peer = wall_seconds(lambda: _pandas(frame, calls), rounds=1 if size > 1_000_000 else 3)
    bound = f"under {limit} s" if limit else ""
    yield Figure(f"all queries of the usage page, {size:,} messages", seconds, "pandas, most of them", peer, "s", limit, bound)


def _search(hot: Hot, size: int) -> Iterator[Figure]:
    limit = SEARCH_SECONDS.get(size)
    with hot.cursor() as cursor:
        texts: Any = cursor.sql("SELECT content FROM messages").to_arrow_table()["content"].to_pandas(types_mapper=pd.ArrowDtype)
    peers = {question: wall_seconds(_containing(texts, question.split()[0].strip('"')), rounds=1) * 1000 for question in QUESTIONS}
    orders: tuple[Literal["newest", "best"], ...] = ("newest", "best")
    for order in orders:
        for question in QUESTIONS:
            seconds = wall_seconds(_searching(hot, question, SearchFilter(order=order)), rounds=_ROUNDS)
            name = f"search {question}, {order} first, {size:,} messages"
            yield Figure(
                name, seconds * 1000, "pandas str.contains, one word", peers[question], "ms", limit and limit * 1000, f"under {limit} s"
            )


def _searching(hot: Hot, question: str, wanted: SearchFilter) -> Callable[[], object]:
    return lambda: search(hot, question, wanted)


def _containing(texts: Any, word: str) -> Callable[[], object]:
    return lambda: texts.str.contains(word, case=False, regex=False).sum()


def _frames(hot: Hot) -> tuple[pd.DataFrame, pd.DataFrame]:
    with hot.cursor() as cursor:
        frame = cursor.execute(
            "SELECT conv, person, tenant, role, sent_at, micros, tokens FROM messages LEFT JOIN"
            " (SELECT conv, sent_at, any_value(micros) AS micros FROM responses GROUP BY ALL) USING (conv, sent_at)"
        ).df()
        calls = cursor.execute("SELECT tool, status, conv, seconds FROM tool_calls").df()
    return frame, calls


def _pandas(frame: pd.DataFrame, calls: pd.DataFrame) -> dict[str, float]:
    """What the page shows, as somebody at home in pandas would write it. The rows are all in the window, so it is not cut out."""
    local: Any = frame.sent_at.dt.tz_localize("UTC").dt.tz_convert(ZONE)
    day = local.dt.normalize().dt.tz_localize(None)
    said = frame.role < 2
    asked = (frame.role == 0) & frame.person.notna()
    people = pd.DataFrame({"person": frame.person[asked], "day": day[asked]}).drop_duplicates()
    week = people.day.dt.to_period("W").dt.start_time
    by_day = people.groupby("day").person.nunique()
    people.groupby(week).person.nunique()
    people.groupby(people.day.dt.to_period("M")).person.nunique()
    first = week.groupby(people.person).transform("min")
    pd.DataFrame({"cohort": first, "age": week - first, "person": people.person}).groupby(["cohort", "age"]).person.nunique()
    talks = frame[said].groupby("conv").agg(length=("role", "size"), first=("sent_at", "min"), last=("sent_at", "max"))
    days = pd.DataFrame({"conv": frame.conv[said], "day": day[said]}).drop_duplicates()
    days.groupby("day").size()
    days.groupby(days.day.dt.to_period("W")).conv.nunique()
    days.groupby(days.day.dt.to_period("M")).conv.nunique()
    frame.groupby([day, "role"]).size()
    slot = local.dt.day_of_week * 24 + local.dt.hour
    pd.DataFrame({"slot": slot, "conv": frame.conv}).groupby("slot").conv.agg(["size", "nunique"])
    times = frame.micros / 1e6
    times.groupby(day).quantile([0.5, 0.95])
    percentiles = times.quantile([0.5, 0.9, 0.95, 0.99])
    frame[said].groupby("tenant").agg(messages=("role", "size"), conversations=("conv", "nunique")).nlargest(20, "messages")
    frame[said].groupby("person").agg(messages=("role", "size"), conversations=("conv", "nunique")).nlargest(20, "messages")
    calls.groupby("tool").agg(calls=("conv", "size"), conversations=("conv", "nunique"), seconds=("seconds", "median"))
    return {
        "active_users": float(people.person.nunique()),
        "daily_active_users": float(by_day.sum()) / ((rows.UNTIL - rows.SINCE).days + 1),
        "conversations_active": float(len(talks)),
        "messages": float(said.sum()),
        "length_p95": float(talks.length.quantile(0.95)),
        "duration_median": float((talks["last"] - talks["first"]).dt.total_seconds()[talks.length > 1].median()),
        "response_p50": float(percentiles[0.5]),
        "response_p99": float(percentiles[0.99]),
        "tool_failure_rate": float((calls.status == 1).mean()),
        "tokens": float(frame.tokens.sum()),
    }


def main(arguments: list[str]) -> int:
    good = True
    for figure in figures(tuple(int(size) for size in arguments) or SIZES):
        print(figure, flush=True)
        good &= figure.good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
