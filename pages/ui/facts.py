"""The head of a replay: what this conversation is, at a glance."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from data_access.models import Conversation
from pages.ui import times
from pages.ui.markdown import code, escape, title

TOOLS_SHOWN = 12


def show(conversation: Conversation, system: str, zone: ZoneInfo) -> None:
    """Title, then facts in a row that wraps. A fact that is not stored is left out."""
    words = conversation.title or conversation.first_user_message or ""
    st.title(title(words) or "Conversation without words", anchor=False)
    started, last = conversation.started_at, conversation.last_activity_at
    facts = [("System", escape(system)), ("User", _id(conversation.user_id))]
    if conversation.tenant_id is not None:
        facts.append(("Tenant", _id(conversation.tenant_id)))
    facts += [
        ("Started", f"{times.moment(started, zone)} :gray[:small[{times.ago(started)}]]" if started else "not known"),
        ("Last activity", f"{times.moment(last, zone)} :gray[:small[{times.ago(last)}]]" if last else "not known"),
        ("Duration", times.duration(conversation.duration_seconds)),
        ("Messages", f"{conversation.message_count:,}"),
    ]
    if conversation.is_active is not None:
        facts.append(("State", "active" if conversation.is_active else "ended"))
    if conversation.expires_at is not None:
        facts.append(("Expires", _expiry(conversation, zone)))
    facts.append(("Conversation", _id(conversation.conversation_id)))
    with st.container(horizontal=True, gap="medium"):
        for name, value in facts:
            st.markdown(f":gray[:small[{name}]]  \n{value}", width="content")
    if conversation.tools:
        st.markdown(_tools(conversation))


def _id(stored: str | None) -> str:
    return (code(stored) or "empty") if stored is not None else "not known"


def _expiry(conversation: Conversation, zone: ZoneInfo) -> str:
    at = conversation.expires_at
    if at is None:
        return ""
    gone = at <= times.now()
    note = "DynamoDB may delete it at any time" if gone else times.ago(at)
    return f"{times.moment(at, zone)} :{'orange' if gone else 'gray'}[:small[{note}]]"


def _tools(conversation: Conversation) -> str:
    failed = set(conversation.failed_tools)
    badges = [f":{'red' if name in failed else 'gray'}-badge[{escape(name)}]" for name in conversation.tools[:TOOLS_SHOWN]]
    more = len(conversation.tools) - TOOLS_SHOWN
    return " ".join([":gray[:small[Tools]]", *badges, *([f":gray[and {more} more]"] if more > 0 else [])])
