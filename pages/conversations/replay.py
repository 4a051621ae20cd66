"""Replay one conversation: facts, turns, tool calls, pauses, find, stored items, downloads."""

from __future__ import annotations

from functools import partial

import streamlit as st

from data_access import export
from data_access.conversations import Replay
from data_access.errors import Ambiguous, DataAccessError, ScanRefused, UsageError
from data_access.models import Filter, Message
from pages.ui import (
    access,
    at,
    candidates,
    facts,
    finder,
    load,
    load_revealed,
    notices,
    raw_items,
    reading,
    registry,
    reveal,
    scroll,
    shown,
    times,
    transcript,
    view_menu,
)

access.require(registry.REPLAY.action)
zone = times.zone()


def allow(wanted: Filter) -> None:
    st.session_state["replay_allowed"] = wanted


here = at.read_url()
top = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="replay_top")
with top:
    at.link_back(here)
if here is None:
    notices.empty("No conversation is open.", "Choose one in the list, or open a link to one.", icon="forum")
    st.stop()
with top.container(horizontal=True, vertical_alignment="center", width="content"):
    wish = view_menu.ask()
    download_slot = st.container(width="content")
    candidates.neighbours(here)

try:
    with st.skeleton(height=480):
        may_scan = st.session_state.get("replay_allowed") == here.filter
        found = load.replay(here.filter, may_scan)
        grant = reveal.grant_of(found.conversation)
        if grant is not None:
            found = load_revealed.replay(grant, here.filter, may_scan)
except ScanRefused as error:
    notices.scan_refused(error, allow=partial(allow, here.filter), key="replay_read")
    st.stop()
except Ambiguous as error:
    candidates.choose(error, zone)
    st.stop()
except DataAccessError as error:
    notices.show(error, again=None if isinstance(error, UsageError) else load.forget_replays, key="replay_again")
    st.stop()

conversation, messages = found.conversation, found.messages
at.arrive(here, len(messages))
names = shown.AS_STORED if grant is not None else shown.names()
facts.show(conversation, load.source(here.filter.system).title, zone, names)
reveal.line(conversation, grant)
reading.show(found.plan, found.measured, key="replay_path")
notices.problems(conversation.problems, names, key="replay_problems")


def as_shown() -> Replay:
    return names.replay(found)


with download_slot:
    view_menu.downloads(
        lambda: export.as_markdown(as_shown(), zone),
        lambda: export.as_json(as_shown()),
        partial(export.file_name, names.conversation(conversation)),
    )
if not messages:
    notices.empty("This conversation has no messages.", "Its own item is below, as it is stored.")
elif here.message is not None and here.message > len(messages):
    st.caption(f":orange[:material/link_off: The link names message {here.message:,}, and there are {len(messages):,}.]")

# Below the turns and always in view, so that a jump to a turn does not carry the reader away from what made it.
bar = st.bottom.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
with bar, st.container(horizontal=True, vertical_alignment="center", width="content"):
    words = finder.ask()
    hits = finder.hits(messages, words)
    if words:
        finder.steps(hits, at.turn_to)
pages = transcript.pages(messages)
number = 1
if pages > 1:
    with bar:
        number = at.ask_page(pages)
    first = (number - 1) * transcript.PAGE_TURNS
    st.caption(f"Turns {first + 1:,} to {min(first + transcript.PAGE_TURNS, len(messages)):,} of {len(messages):,}")


def stored(message: Message) -> None:
    """The item of one turn, where turns are items of their own."""
    for item in found.items:
        if item.address == message.address:
            raw_items.show(item, names, key=f"raw-{message.position}")


hit = finder.current(hits)
view = transcript.View(
    zone=zone,
    pause_seconds=load.settings().pause_minutes * 60,
    started_at=conversation.started_at,
    link=here.link,
    system_prompts=wish.system_prompts,
    tools=wish.tools,
    plain=wish.plain,
    highlighted=hit.position if hit else here.message,
    mark=words,
    below=stored if wish.items and len(found.items) > 1 else None,
    kept=view_menu.kept(here.filter, number),
)
with st.container(key="transcript"):
    transcript.show(messages, number, view)
if number < pages:
    st.button(
        f"Next {transcript.PAGE_TURNS} turns",
        icon=":material/arrow_downward:",
        key="replay_more",
        on_click=at.next_page,
        args=(number + 1,),
    )

count = len(found.items)
with st.expander(f"Stored items ({count:,})", icon=":material/database:", on_change="rerun", key="replay_items") as folded:
    if folded.open:
        raw_items.show_all(found.items, names, key="raw")
scroll.fulfil()
