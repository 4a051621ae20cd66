"""The everyday part of the sample data: who talks, when, and how each chatbot stores it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from data_access.local.sample.renders import render_slots
from data_access.local.sample.talk import Talk, Turn, dated, talk, texts
from data_access.local.sample.times import DAYS, EVENING, OFFICE, PERSONAL, Calendar, epoch, iso, milliseconds, naive, stamps, starts

Row = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Tenant:
    """A company of the AI Agent Server. `hours` is its distance from UTC."""

    name: str
    language: str
    hours: int
    people: int


TENANTS = (
    Tenant("brightpipe-plumbing", "en", -6, 14),
    Tenant("evergreen-hvac", "en", -5, 12),
    Tenant("cedar-lawn-and-gutter", "en", -8, 8),
    Tenant("haustechnik-kraus", "de", 1, 7),
    Tenant("sol-y-clima", "es", -6, 7),
    Tenant("sakura-reform", "ja", 9, 6),
    Tenant("nakheel-facilities", "ar", 4, 4),
    Tenant("carmel-home-repair", "he", 2, 3),
)


def new_uuid(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _subjects(rng: Random, most: int = 6) -> int:
    return min(most, max(1, round(rng.lognormvariate(0.25, 0.6))))


# ---- Remo: everything about a user in five items


def remo(rng: Random, until: datetime, users: int = 225) -> Iterator[Row]:
    languages = ("en",) * 8 + texts("remo").languages
    calendar = Calendar(until, PERSONAL, 0, 0.8)
    for start in starts(rng, calendar, users, until):
        user = "did:privy:clx" + "".join(rng.choices("0123456789abcdefghijklmnopqrstuvwxyz", k=21))
        said = talk("remo", rng, rng.choice(languages), start, flows=_subjects(rng, 12) + 1)
        yield from remo_items(rng, user, said, stamps(rng, said.turns, start, until, rest_hours=9), until=until)


def remo_items(
    rng: Random, user: str, said: Talk, times: Sequence[datetime], *, until: datetime, keep_days: int = DAYS + 30
) -> Iterator[Row]:
    """The five data types. What is kept for a limited time has its expiry `keep_days` after the last activity."""
    turns, first, last = dated(said.turns, times), times[0], times[-1]
    active, year = epoch(last) + keep_days * 86400, epoch(last) + 365 * 86400
    messages = [{"role": t.role, "content": t.content, "timestamp": naive(at)} | _calls(t) for t, at in zip(turns, times, strict=True)]
    used = [call for turn in turns for call in turn.tool_calls]
    reminders = [c["args"] for c in used if c["tool"] == "set_reminder"]
    todos = [c["args"] for c in used if c["tool"] == "add_todo"]

    def item(kind: str, data: dict[str, Any], ttl: int) -> Row:
        return "remo-user-data", {"user_id": user, "data_type": kind, "data": data, "timestamp": naive(last), "ttl": ttl}

    memory = {
        "conversation_id": f"conv_{first:%Y%m%d_%H%M%S}",
        "conversation_start_time": naive(first),
        "last_activity": naive(last),
        "memory_type": "buffer",
        "messages": messages,
    }
    yield item("conversation_memory", memory, active)
    context = {
        "conversation_topic": said.title,
        "active_agent": "todo_agent" if todos and not reminders else "reminder_agent",
        "pending_requests": [{"request": "set_reminder", "missing": ["time"]}] if rng.random() < 0.1 else [],
        "last_activity": naive(last),
    }
    yield item("conversation_context", context, active)
    preferences = {
        "theme": rng.choice(("dark", "light")),
        "language": said.language,
        "notifications": rng.random() < 0.75,
        "week_starts": "monday",
    }
    yield item("user_preferences", preferences, year)
    kept = [
        {"id": f"rem_{n}", "title": r["title"], "datetime": r["datetime"], "completed": r["datetime"] < naive(until)}
        for n, r in enumerate(reminders)
    ]
    yield item("reminder_data", {"reminders": kept}, year)
    tasks = [
        {"id": f"todo_{n}", "task": t["task"], "priority": t.get("priority", "medium"), "completed": rng.random() < 0.4}
        for n, t in enumerate(todos)
    ]
    yield item("todo_data", {"todos": tasks}, year)


# ---- AI Agent Server: sessions and messages, several tenants


@dataclass(frozen=True, slots=True)
class Member:
    tenant: Tenant
    user: str
    location: str


def ai_agent(rng: Random, until: datetime, conversations: int = 800) -> Iterator[Row]:
    members: list[Member] = []
    for tenant in TENANTS:
        places = [f"{tenant.name.split('-')[0]}-{place}" for place in ("north", "south", "main")]
        members.extend(Member(tenant, f"usr_{rng.getrandbits(40):010x}", rng.choice(places)) for _ in range(tenant.people))
    activity = [rng.paretovariate(1.3) for _ in members]
    calendars = {tenant.name: Calendar(until, OFFICE, tenant.hours, 0.22) for tenant in TENANTS}
    drawn = rng.choices(members, activity, k=conversations)
    for n, member in enumerate(drawn):
        calendar = calendars[member.tenant.name]
        start = calendar.draw(rng)
        if n == 0:
            start = calendar.since + timedelta(hours=rng.uniform(1, 20))
        elif n > conversations - 4:
            start = until - timedelta(minutes=rng.uniform(3, 25))
        said = agent_talk(rng, member, start, _subjects(rng))
        yield from ai_agent_items(rng, new_uuid(rng), member, said, stamps(rng, said.turns, start, until), until=until)


def agent_talk(rng: Random, member: Member, start: datetime, flows: int) -> Talk:
    company = member.tenant.name.replace("-", " ").title()
    return talk("ai_agent", rng, member.tenant.language, start, flows=flows, fixed={"tenant": company, "location": member.location})


def ai_agent_items(
    rng: Random, session: str, member: Member, said: Talk, times: Sequence[datetime], *, until: datetime, with_session: bool = True
) -> Iterator[Row]:
    tenant = member.tenant
    if with_session:
        yield (
            "ai-agent-sessions",
            {
                "id": session,
                "tenantId": tenant.name,
                "userId": member.user,
                "locationId": member.location,
                "isActive": times[-1] > until - timedelta(hours=2),
                "createdAt": iso(times[0]),
                "updatedAt": iso(times[-1]),
                "metadata": {"channel": rng.choice(("web", "web", "mobile", "sms")), "locale": tenant.language, "subject": said.title},
            },
        )
    for turn, at in zip(dated(said.turns, times), times, strict=True):
        item: dict[str, Any] = {
            "id": new_uuid(rng),
            "tenantId": tenant.name,
            "sessionId": session,
            "userId": member.user,
            "content": turn.content,
            "role": "agent" if turn.role == "assistant" else turn.role,
            "timestamp": iso(at),
        }
        if turn.role == "assistant":
            item["metadata"] = {
                "model": rng.choice(("agent-large-2", "agent-large-2", "agent-small-1")),
                "tokens": 40 + len(turn.content) // 3,
            } | _calls(turn)
        yield "ai-agent-messages", item


# ---- AI4AI: sessions and messages, times as milliseconds, metadata as JSON text


def ai4ai(rng: Random, until: datetime, conversations: int = 690) -> Iterator[Row]:
    languages = ("en",) * 14 + texts("ai4ai").languages
    people = [(f"auth0|{rng.getrandbits(96):024x}", rng.choice(languages)) for _ in range(130)]
    calendar = Calendar(until, EVENING, 10, 0.7)
    drawn = rng.choices(people, [rng.paretovariate(1.2) for _ in people], k=conversations)
    for (user, language), start in zip(drawn, starts(rng, calendar, conversations, until), strict=True):
        said = talk("ai4ai", rng, language, start, flows=_subjects(rng))
        yield from ai4ai_items(rng, user, new_uuid(rng), said, stamps(rng, said.turns, start, until))


def ai4ai_items(rng: Random, user: str, session: str, said: Talk, times: Sequence[datetime], *, with_session: bool = True) -> Iterator[Row]:
    if with_session:
        yield (
            "ai4ai-chat-sessions",
            {
                "user_id": user,
                "session_id": session,
                "title": said.title,
                "created_at": naive(times[0]),
                "updated_at": naive(times[-1]),
                "message_count": len(times),
            },
        )
    for turn, at in zip(dated(said.turns, times), times, strict=True):
        item: dict[str, Any] = {
            "session_id": session,
            "timestamp": milliseconds(at),
            "message_id": new_uuid(rng),
            "role": turn.role,
            "content": turn.content,
        }
        if turn.tool_calls:
            item["metadata"] = json.dumps(_calls(turn), ensure_ascii=False, default=float)
        yield "ai4ai-chat-messages", item


# ---- CG: one item a conversation


def cg(rng: Random, until: datetime, conversations: int = 520) -> Iterator[Row]:
    languages = ("en",) * 9 + texts("cg").languages
    people = [(new_uuid(rng), rng.choice(languages)) for _ in range(60)]
    people[0] = ("demo", "en")
    calendar = Calendar(until, OFFICE, 1, 0.15)
    drawn = rng.choices(people, [12.0, *(rng.paretovariate(1.2) for _ in people[1:])], k=conversations)
    for (user, language), start in zip(drawn, starts(rng, calendar, conversations, until), strict=True):
        said = talk("cg", rng, language, start, flows=_subjects(rng), extra=render_slots)
        yield cg_item(new_uuid(rng), user, said, stamps(rng, said.turns, start, until))


def cg_item(conversation: str, user: str, said: Talk, times: Sequence[datetime]) -> Row:
    turns = dated(said.turns, times)
    messages = [
        {"role": t.role, "content": t.content, "timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}"} | _calls(t)
        for t, at in zip(turns, times, strict=True)
    ]
    asked = next((turn.content for turn in turns if turn.role == "user"), said.title)
    return (
        "cg-chatbot-conversations",
        {
            "conversation_id": conversation,
            "user_id": user,
            "title": asked[:50],
            "messages": messages,
            "message_count": len(messages),
            "created_at": f"{times[0]:%Y-%m-%dT%H:%M:%SZ}",
            "updated_at": f"{times[-1]:%Y-%m-%dT%H:%M:%SZ}",
        },
    )


def _calls(turn: Turn) -> dict[str, Any]:
    return {"tool_calls": list(turn.tool_calls)} if turn.tool_calls else {}
