"""The metrics a second time, naively, with pandas, from the rows alone: slow, obvious, and without the code under test."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from data_access.usage import UsageFilter
from tests.data_access.asked import Rows

_COLUMNS = {
    "messages": "system conversation_id tenant_id user_id position role sent_at response_seconds tokens expires_at orphaned",
    "conversations": "system conversation_id tenant_id user_id started_at last_activity_at message_count expires_at has_session",
    "tool_calls": "system conversation_id tenant_id user_id tool status sent_at seconds expires_at",
    "user_records": "system tenant_id user_id kind topic expires_at open done",
}
_KEY = ["system", "conversation_id", "tenant_id", "user_id"]


class Oracle(NamedTuple):
    """Frames of what the filter names and what has not expired: of all times, and of the window."""

    messages: pd.DataFrame
    conversations: pd.DataFrame
    calls: pd.DataFrame
    records: pd.DataFrame
    wanted: UsageFilter
    now: datetime
    # Conversation, position and role of every message: an answer's question is its own even where it has expired or is outside.
    everything: list[tuple[Any, int, str]]
    # Systems in which anybody has preferences.
    preferring: set[str]

    def within(self, frame: pd.DataFrame, column: str = "sent_at") -> pd.DataFrame:
        times = frame[column]
        keep = times.notna()
        if self.wanted.since is not None:
            keep &= times >= pd.Timestamp(self.wanted.since)
        if self.wanted.until is not None:
            keep &= times < pd.Timestamp(self.wanted.until)
        return frame[keep]

    @property
    def said(self) -> pd.DataFrame:
        """The window's messages of users and of the assistant."""
        sent = self.within(self.messages)
        return sent[sent.role.isin(["user", "assistant"])]


def oracle(rows: Rows, wanted: UsageFilter, now: datetime) -> Oracle:
    messages, conversations, calls, kept = (
        _frame(rows, name, wanted, now) for name in ("messages", "conversations", "tool_calls", "user_records")
    )
    names = ("system", "conversation_id", "tenant_id", "user_id")
    everything = [(tuple(row[name] for name in names), row["position"], row["role"]) for row in rows.get("messages", [])]
    records = _frame(rows, "user_records", UsageFilter(), now)
    return Oracle(messages, conversations, calls, kept, wanted, now, everything, set(records[records.topic == "preferences"].system))


def _frame(rows: Rows, name: str, wanted: UsageFilter, now: datetime) -> pd.DataFrame:
    columns = _COLUMNS[name].split()
    kept = [
        {column: row.get(column) for column in columns}
        for row in rows.get(name, [])
        if (row.get("expires_at") is None or row["expires_at"] > now or row["expires_at"] < datetime(2000, 1, 1, tzinfo=now.tzinfo))
        and (wanted.system is None or row["system"] == wanted.system)
        and (wanted.tenant is None or row["tenant_id"] == wanted.tenant)
        and (wanted.user is None or row["user_id"] == wanted.user)
    ]
    frame = pd.DataFrame(kept, columns=columns)
    for column in columns:
        if column.endswith("_at"):
            frame[column] = pd.to_datetime(frame[column], utc=True)
            frame[f"local_{column}"] = frame[column].dt.tz_convert(wanted.zone)
            frame[f"day_{column}"] = frame[f"local_{column}"].dt.date
    if "conversation_id" in columns:
        frame["conv"] = [tuple(None if pd.isna(part) else part for part in key) for key in frame[_KEY].itertuples(index=False)]
    if "user_id" in columns:
        pairs = frame[["system", "user_id"]].itertuples(index=False)
        people = [None if user is None or pd.isna(user) else (system, user) for system, user in pairs]
        frame["person"] = pd.Series(people, dtype=object)
    return frame


def window_days(truth: Oracle) -> list[Any]:
    """The local days that the window touches."""
    since, until, zone = truth.wanted.since, truth.wanted.until, truth.wanted.zone
    found = [*truth.within(truth.messages).day_sent_at, *truth.within(truth.conversations, "started_at").day_started_at]
    if not found and (since is None or until is None):
        return []
    first = pd.Timestamp(since).tz_convert(zone).date() if since else min(found)
    last = (pd.Timestamp(until) - pd.Timedelta(microseconds=1)).tz_convert(zone).date() if until else max(found)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def metrics(truth: Oracle) -> dict[str, Any]:
    sent, said = truth.within(truth.messages), truth.said
    asked = said[(said.role == "user") & said.person.notna()]
    ever = truth.messages[(truth.messages.role == "user") & truth.messages.person.notna() & truth.messages.sent_at.notna()]
    days = window_days(truth)
    by_day = asked.groupby("day_sent_at").person.nunique()
    month = days[-30:]
    of_month = asked[asked.day_sent_at.isin(month)]
    first_seen = ever.groupby("person").sent_at.min()
    new = [person for person in asked.person.unique() if _is_in(first_seen[person], truth)]
    lengths = said.groupby("conv").size()
    spans = said.groupby("conv").sent_at.agg(lambda times: (times.max() - times.min()).total_seconds())[lengths > 1]
    turns, timed = responses(truth)
    calls = truth.within(truth.calls)
    seconds = calls.seconds.dropna().astype(float)
    tokens = sent.tokens.dropna().astype(float)
    listed = truth.conversations
    unknown = listed.started_at.isna() | listed.last_activity_at.isna()
    overlap = pd.Series(True, index=listed.index)
    if truth.wanted.until is not None:
        overlap &= listed.started_at < pd.Timestamp(truth.wanted.until)
    if truth.wanted.since is not None:
        overlap &= listed.last_activity_at >= pd.Timestamp(truth.wanted.since)
    preferring = truth.records[truth.records.topic == "preferences"]
    could = {person for person in asked.person.unique() if person[0] in truth.preferring}
    count = sent.role.value_counts()
    return {
        "active_users": asked.person.nunique(),
        "daily_active_users": by_day.sum() / len(days) if days else None,
        "weekly_active_users": asked[asked.day_sent_at.isin(days[-7:])].person.nunique() if len(days) >= 7 else None,
        "monthly_active_users": of_month.person.nunique() if len(days) >= 30 else None,
        "stickiness": by_day[by_day.index.isin(month)].sum() / len(month) / of_month.person.nunique() if len(of_month) else None,
        "new_users": len(new),
        "returning_users": asked.person.nunique() - len(new),
        "conversations_started": len(truth.within(truth.conversations, "started_at")),
        "conversations_active": said.conv.nunique(),
        "conversations_listed": int((unknown | overlap).sum()),
        "messages": len(said),
        **{f"{role}_messages": int(count.get(role, 0)) for role in ("user", "assistant", "system", "tool")},
        "messages_per_conversation": len(said) / said.conv.nunique() if len(said) else None,
        "length_median": lengths.median() if len(lengths) else None,
        "length_p95": lengths.quantile(0.95) if len(lengths) else None,
        "duration_median": spans.median() if len(spans) else None,
        "duration_p95": spans.quantile(0.95) if len(spans) else None,
        **{f"response_p{p}": timed.quantile(p / 100) if len(timed) else None for p in (50, 90, 95, 99)},
        "responses_timed": len(timed),
        "responses_left_out": turns - len(timed),
        "tool_calls": len(calls),
        "tool_calls_failed": int((calls.status == "error").sum()),
        "tool_calls_without_result": int((calls.status == "no_result").sum()),
        "tool_failure_rate": (calls.status == "error").mean() if len(calls) else None,
        "tool_seconds_median": seconds.median() if len(seconds) else None,
        "tokens": int(tokens.sum()),
        "messages_with_tokens": len(tokens),
        "tokens_per_message": tokens.mean() if len(tokens) else None,
        "preferences_adoption": len(could & set(preferring.person)) / len(could) if could else None,
    } | _now(truth)


def _now(truth: Oracle) -> dict[str, Any]:
    records, messages, now = truth.records, truth.messages, pd.Timestamp(truth.now)

    def entries(kind: str, state: str) -> int:
        return int(records[records.topic == kind][state].fillna(0).astype(int).sum())

    left = messages.expires_at - now
    empty = truth.conversations
    return {
        "reminders_open": entries("reminders", "open"),
        "reminders_done": entries("reminders", "done"),
        "todos_open": entries("todos", "open"),
        "todos_done": entries("todos", "done"),
        "messages_expiring_7_days": int(((left > pd.Timedelta(0)) & (left < pd.Timedelta(days=7))).sum()),
        "messages_expiring_30_days": int(((left > pd.Timedelta(0)) & (left < pd.Timedelta(days=30))).sum()),
        "orphaned_messages": int(messages.orphaned.fillna(False).astype(bool).sum()),
        "empty_sessions": int(((empty.message_count == 0) & (empty.has_session.astype(bool))).sum()),
        "undated_messages": int(messages.sent_at.isna().sum()),
    }


def _is_in(when: Any, truth: Oracle) -> bool:
    since, until = truth.wanted.since, truth.wanted.until
    return (since is None or when >= pd.Timestamp(since)) and (until is None or when < pd.Timestamp(until))


def responses(truth: Oracle) -> tuple[int, pd.Series[float]]:
    """How many turns there are in the window, and the response times of those that can be timed."""
    turns = _turns(truth)
    timed = turns.response_seconds.dropna().astype(float)
    return len(turns), timed[timed > 0.001]


def _turns(truth: Oracle) -> pd.DataFrame:
    """Assistant messages directly behind a user's."""
    asked = {(conv, position) for conv, position, role in truth.everything if role == "user"}
    sent = truth.within(truth.messages)
    answers = sent[sent.role == "assistant"]
    behind = [(conv, position - 1) in asked for conv, position in zip(answers.conv, answers.position, strict=True)]
    return answers[np.array(behind, bool)]


def series(truth: Oracle) -> dict[str, list[dict[str, Any]]]:
    said, sent = truth.said, truth.within(truth.messages)
    asked = said[(said.role == "user") & said.person.notna()]
    ever = truth.messages[(truth.messages.role == "user") & truth.messages.person.notna() & truth.messages.sent_at.notna()]
    firsts = ever.sort_values("sent_at").drop_duplicates("person")
    new = truth.within(firsts)
    started = truth.within(truth.conversations, "started_at")
    turns = _turns(truth)
    turns = turns[turns.response_seconds.notna() & (turns.response_seconds.astype(float) > 0.001)]
    days: list[dict[str, Any]] = []
    for day in window_days(truth):
        on = said[said.day_sent_at == day]
        every = sent[sent.day_sent_at == day]
        times = turns[turns.day_sent_at == day].response_seconds.astype(float)
        days.append(
            {
                "day": day,
                "active_users": asked[asked.day_sent_at == day].person.nunique(),
                "new_users": int((new.day_sent_at == day).sum()),
                "conversations_started": int((started.day_started_at == day).sum()),
                "conversations_active": on.conv.nunique(),
                "messages": len(on),
                **{f"{role}_messages": int((every.role == role).sum()) for role in ("user", "assistant", "system", "tool")},
                "tokens": int(every.tokens.dropna().astype(float).sum()),
                "response_p50": times.median() if len(times) else None,
                "response_p95": times.quantile(0.95) if len(times) else None,
            }
        )
    weekday, hour = said.local_sent_at.dt.day_of_week, said.local_sent_at.dt.hour
    calls = truth.within(truth.calls)
    lengths = said.groupby("conv").size()
    bars = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (21, 50), (51, 100), (101, None))
    return {
        "days": days,
        "weeks": _buckets(said, asked, said.day_sent_at.map(_monday)),
        "months": _buckets(said, asked, said.day_sent_at.map(_first)),
        "heatmap": [
            {"weekday": w, "hour": h, "messages": int(((weekday == w) & (hour == h)).sum())}
            | {"conversations": said[(weekday == w) & (hour == h)].conv.nunique()}
            for w in range(7)
            for h in range(24)
        ],
        "lengths": [
            {"low": low, "high": high, "conversations": int(((lengths >= low) & (lengths <= (high or np.inf))).sum())} for low, high in bars
        ],
        "tools": [_tool(name, own) for name, own in calls.groupby("tool")],
        "retention": _retention(asked, new),
        "tenants": [
            {
                "system": system,
                "tenant_id": tenant,
                "messages": len(own),
                "conversations": own.conv.nunique(),
                "users": own.person.nunique(),
            }
            for (system, tenant), own in said[said.tenant_id.notna()].groupby(["system", "tenant_id"])
        ],
        "users": [
            {
                "system": system,
                "user_id": user,
                "messages": len(own),
                "conversations": own.conv.nunique(),
                "last_message_at": own.sent_at.max(),
            }
            for (system, user), own in said[said.user_id.notna()].groupby(["system", "user_id"])
        ],
        "systems": [
            {"system": system, "messages": len(own), "conversations": own.conv.nunique(), "users": own.person.nunique()}
            for system, own in said.groupby("system")
        ],
        "records": [
            {
                "system": system,
                "kind": kind,
                "topic": topic if isinstance(topic, str) else None,
                "records": len(own),
                "users": own.person.nunique(),
            }
            | {state: int(own[state].fillna(0).astype(int).sum()) for state in ("open", "done")}
            for (system, kind, topic), own in truth.records.groupby(["system", "kind", "topic"], dropna=False)
        ],
    }


def _tool(name: Any, own: pd.DataFrame) -> dict[str, Any]:
    failed, seconds = own[own.status == "error"], own.seconds.dropna().astype(float)
    return {
        "tool": name,
        "calls": len(own),
        "failed": len(failed),
        "without_result": int((own.status == "no_result").sum()),
        "failure_rate": len(failed) / len(own),
        "seconds_median": seconds.median() if len(seconds) else None,
        "seconds_p95": seconds.quantile(0.95) if len(seconds) else None,
        "conversations": own.conv.nunique(),
        "failed_conversations": failed.conv.nunique(),
    }


def _buckets(said: pd.DataFrame, asked: pd.DataFrame, bucket: Any) -> list[dict[str, Any]]:
    return [
        {
            "from": start,
            "active_users": asked[asked.index.isin(own.index)].person.nunique(),
            "conversations_active": own.conv.nunique(),
            "messages": len(own),
        }
        for start, own in said.groupby(bucket)
    ]


def _retention(asked: pd.DataFrame, new: pd.DataFrame) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cohorts = {person: _monday(day) for person, day in zip(new.person, new.day_sent_at, strict=True)}
    for cohort in sorted(set(cohorts.values())):
        members = {person for person, first in cohorts.items() if first == cohort}
        weeks: dict[int, set[Any]] = {}
        for person, day in zip(asked.person, asked.day_sent_at, strict=True):
            if person in members:
                weeks.setdefault((_monday(day) - cohort).days // 7, set()).add(person)
        found += [
            {"cohort": cohort, "week": week, "users": len(own), "of": len(members), "share": len(own) / len(members)}
            for week, own in sorted(weeks.items())
        ]
    return found


def _monday(day: Any) -> Any:
    return day - timedelta(days=day.weekday())


def _first(day: Any) -> Any:
    return day.replace(day=1)
