"""The head of a replay: what this conversation is, at a glance."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.models import Conversation
from pages.ui import times
from pages.ui.shown import Names
from pages.ui.untrusted import code, escape, title

TOOLS_SHOWN = 12
FACT_WIDTH = 160  # pixels: a time, or a short id; two fit on a telephone
LONG_VALUE = 26  # characters


def show(stored: Conversation, system: str, zone: ZoneInfo, names: Names) -> None:
    """Title, then facts in a row that wraps. A fact that is not stored is left out."""
    conversation = names.conversation(stored)
    words = conversation.title or conversation.first_user_message or ""
    st.title(title(words) or "Conversation without words", anchor=False)
    started, last = conversation.started_at, conversation.last_activity_at
    facts = [("System", escape(system)), ("User", _id(conversation.user_id))]
    if conversation.tenant_id is not None:
        facts.append(("Tenant", _id(conversation.tenant_id)))
    facts += [
        (_dated("Started", started), times.moment(started, zone) if started else "not known"),
        (_dated("Last activity", last), times.moment(last, zone) if last else "not known"),
        ("Duration", times.duration(conversation.duration_seconds)),
        ("Messages", f"{conversation.message_count:,}"),
    ]
    if conversation.is_active is not None:
        facts.append(("State", "active" if conversation.is_active else "ended"))
    if conversation.expires_at is not None:
        facts.append(_expiry(conversation.expires_at, zone))
    facts.append(("Conversation", _id(conversation.conversation_id)))
    grid = st.grid("auto", min_column_width=FACT_WIDTH, gap=("xsmall", "medium"))
    for name, value in facts:
        with grid.cell(column_span=2 if len(value) > LONG_VALUE else 1):
            st.markdown(f":gray[:small[{name}]]  \n{value}")
    if conversation.tools:
        st.markdown(_tools(conversation))


def _id(stored: str | None) -> str:
    return (code(stored) or "empty") if stored is not None else "not known"


def _dated(name: str, at: datetime | None) -> str:
    return f"{name} · {times.ago(at)}" if at else name


def _expiry(at: datetime, zone: ZoneInfo) -> tuple[str, str]:
    """When DynamoDB may delete it; past that, it may be gone at any time."""
    gone = at <= times.now()
    return ("Expired" if gone else _dated("Expires", at)), f":orange[{times.moment(at, zone)}]" if gone else times.moment(at, zone)


def _tools(conversation: Conversation) -> str:
    failed = set(conversation.failed_tools)
    badges = [f":{'red' if name in failed else 'gray'}-badge[{escape(name)}]" for name in conversation.tools[:TOOLS_SHOWN]]
    more = len(conversation.tools) - TOOLS_SHOWN
    return " ".join([":gray[:small[Tools]]", *badges, *([f":gray[and {more} more]"] if more > 0 else [])])
