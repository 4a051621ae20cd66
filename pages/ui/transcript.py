"""The turns of a conversation, a page of them at a time: who, when, what was said, which tools were called."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.file_names import safe_name
from data_access.models import Message, Role
from pages.ui import big_field, times, tool_calls, untrusted
from pages.ui.rewrite import Block

PAGE_TURNS = 100

_AVATARS = {
    Role.USER: ":material/person:",
    Role.ASSISTANT: ":material/smart_toy:",
    Role.SYSTEM: ":material/settings:",
    Role.TOOL: ":material/build:",
}
_NAMES = {Role.USER: "User", Role.ASSISTANT: "Assistant", Role.SYSTEM: "System", Role.TOOL: "Tool"}


@dataclass(frozen=True, slots=True)
class View:
    """How a reader wants to see a conversation. `link` are the URL parameters that open it."""

    zone: ZoneInfo
    pause_seconds: float
    started_at: datetime | None
    link: Mapping[str, str]
    system_prompts: bool = True
    tools: bool = True
    plain: bool = False
    highlighted: int | None = None
    mark: str = ""
    below: Callable[[Message], None] | None = None
    kept: dict[tuple[str, bool, str], tuple[Block, ...]] = field(default_factory=dict)


def pages(messages: Sequence[Message]) -> int:
    return max(1, -(-len(messages) // PAGE_TURNS))


def page_of(position: int) -> int:
    """The page on which a turn is, from 1."""
    return max(1, -(-position // PAGE_TURNS))


def anchor(position: int) -> str:
    """The key of a turn's container: what the page can scroll to."""
    return f"turn-{position}"


def show(messages: Sequence[Message], page: int, view: View) -> None:
    """One page of turns, with the pauses between them."""
    first = (page - 1) * PAGE_TURNS
    part = messages[first : first + PAGE_TURNS]
    before = messages[first - 1] if first else None
    hidden = 0
    for message in part:
        if _is_hidden(message, view):
            hidden += 1
        else:
            _pause(before, message, view)
            _turn(message, view)
        before = message
    if hidden:
        st.caption(f"{hidden} turn{'' if hidden == 1 else 's'} of this page {'is' if hidden == 1 else 'are'} hidden.")


def _is_hidden(message: Message, view: View) -> bool:
    if message.position == view.highlighted:
        return False
    return (message.role is Role.SYSTEM and not view.system_prompts) or (message.role is Role.TOOL and not view.tools)


def _pause(before: Message | None, message: Message, view: View) -> None:
    if before is None or before.sent_at is None or message.sent_at is None:
        return
    seconds = (message.sent_at - before.sent_at).total_seconds()
    if seconds <= view.pause_seconds:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.divider()
        st.caption(f":material/hourglass_empty: pause of {times.duration(seconds)}", width="content")
        st.divider()


def _turn(message: Message, view: View) -> None:
    highlighted = message.position == view.highlighted
    with (
        st.container(key=anchor(message.position), border=highlighted),
        st.chat_message(_NAMES[message.role], avatar=_AVATARS[message.role]),
    ):
        st.markdown(_head(message, view, highlighted=highlighted), anchors=False)
        _content(message, view)
        if view.tools and message.tool_calls:
            tool_calls.show(message.tool_calls, key=f"tool-{message.position}", words=view.mark if highlighted else "")
        if view.below is not None:
            view.below(message)


def _head(message: Message, view: View, *, highlighted: bool) -> str:
    """One line: number, which is the link to this turn, role, time, time since the start, response time, problems."""
    facts = [times.moment(message.sent_at, view.zone, seconds=True) if message.sent_at else "no time"]
    if message.sent_at and view.started_at:
        facts.append(f"+{times.duration(max(0.0, (message.sent_at - view.started_at).total_seconds()))}")
    if message.response_seconds is not None:
        facts.append(f"answered in {times.duration(message.response_seconds)}")
    query = urlencode({**view.link, "message": message.position}, quote_via=quote, safe="")
    link = f'[{message.position:d}](?{query} "Link to this turn")'
    line = f"**{_NAMES[message.role]}** {link} :gray[:small[{' · '.join(facts)}]]"
    if message.problems:
        line += f" :orange-badge[:material/report: {untrusted.escape('; '.join(message.problems))}]"
    return f"{line} :primary-badge[:material/link: linked]" if highlighted and not view.mark else line


def _content(message: Message, view: View) -> None:
    if big_field.is_big(message.content):
        big_field.show(message.content, key=f"big-{message.position}", file_name=safe_name(f"message-{message.position}", "txt"))
        return
    wanted = (message.content, view.plain, view.mark)
    made = view.kept.get(wanted)
    if made is None:
        made = view.kept[wanted] = untrusted.blocks(message.content, plain=view.plain, mark=view.mark)
    untrusted.show(made)
    if not made and not (view.tools and message.tool_calls):
        st.caption("Nothing was said in words." if message.tool_calls else "The message is empty.")
