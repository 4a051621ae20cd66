"""The table of conversations, what a row shows when it is looked at, and the same as a file.

Stored text appears in canvas cells and plain text only, where nothing in it can be Markdown, a link or an image.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from zoneinfo import ZoneInfo

import pyarrow as pa
import streamlit as st

from data_access.handover.sheets import Sheet
from data_access.models import Conversation, Filter
from pages.ui import times, untrusted
from pages.ui.opened import OpenedRow
from pages.ui.shown import AS_STORED, Names, names
from pages.ui.untrusted import reveal

PREVIEW_CHARACTERS = 120
FULL_CHARACTERS = 8_000  # of one message in the row's detail; the replay has the rest
ID_CHARACTERS = 18
ROW_PIXELS = 35
VISIBLE_ROWS = 15
_CSV_COLUMNS = (
    *("system", "conversation", "user", "tenant", "title", "started", "last_activity", "duration_seconds", "messages"),
    *("tools", "failed_tools", "first_user_message", "last_assistant_message"),
)

_SPACE = re.compile(r"\s+")


def rows(conversations: Sequence[Conversation]) -> tuple[OpenedRow, ...]:
    return tuple(OpenedRow(one.system, one.conversation_id, one.user_id, one.tenant_id) for one in conversations)


def preview(text: str | None) -> str:
    """The beginning of a message on one line. Controls and bidi overrides, which could make it read backwards, are written out."""
    if not text:
        return ""
    line = reveal(_SPACE.sub(" ", text[: 4 * PREVIEW_CHARACTERS]).strip())
    return line if len(line) <= PREVIEW_CHARACTERS else f"{line[: PREVIEW_CHARACTERS - 1].rstrip()}…"


def frame(conversations: Sequence[Conversation], ids: Names = AS_STORED) -> pa.Table:
    """One row a conversation, in their order. Durations are seconds, times aware. Every column has its type, so nothing
    that is stored can make Arrow guess again, and log what it guessed from."""
    texts, moments, lists = pa.string(), pa.timestamp("us", tz="UTC"), pa.list_(pa.string())
    return pa.table(
        {
            "open": pa.array(["Open"] * len(conversations), texts),
            "look": pa.array([":material/visibility:"] * len(conversations), texts),
            "last_activity": pa.array([one.last_activity_at for one in conversations], moments),
            "system": pa.array([one.system for one in conversations], texts),
            "user": pa.array(short([one.user_id for one in conversations], ids), texts),
            "tenant": pa.array(short([one.tenant_id for one in conversations], ids), texts),
            "messages": pa.array([one.message_count for one in conversations], pa.int64()),
            "duration": pa.array([one.duration_seconds for one in conversations], pa.float64()),
            "first": pa.array([preview(one.first_user_message) for one in conversations], texts),
            "last": pa.array([preview(one.last_assistant_message) for one in conversations], texts),
            "tools": pa.array([list(one.tools) for one in conversations], lists),
            "failed": pa.array([list(one.failed_tools) for one in conversations], lists),
            "started": pa.array([one.started_at for one in conversations], moments),
            "conversation": pa.array([ids.conversation(one).conversation_id for one in conversations], texts),
        }
    )


def short(stored: Sequence[str | None], ids: Names = AS_STORED) -> list[str | None]:
    """Long ids by their beginning and their end; in full where two of the list would look the same; as they are shown where masked."""
    meant: dict[str, set[str]] = {}
    for one in stored:
        if one is not None:
            meant.setdefault(_shortened(one), set()).add(one)
    masked = ids.all(stored)
    return [
        seen if one is None or seen != one else _shortened(one) if len(meant[_shortened(one)]) == 1 else one
        for one, seen in zip(stored, masked, strict=True)
    ]


def _shortened(one: str) -> str:
    return one if len(one) <= ID_CHARACTERS else f"{one[: ID_CHARACTERS // 2 - 1]}…{one[-ID_CHARACTERS // 2 :]}"


def conversation_table(
    conversations: Sequence[Conversation],
    wanted: Filter,
    *,
    zone: ZoneInfo,
    key: str,
    on_open: Callable[[str, tuple[OpenedRow, ...]], None],
    on_look: Callable[[str, tuple[Conversation, ...]], None],
    systems: Mapping[str, str] | None = None,
) -> None:
    """Show the table, without the columns that the filter makes the same in every row.

    `systems` are titles by id, for a list of several systems.

    `key` names the data, so that a click on one list is never taken for a click on another. The callbacks get the key
    of the click and exactly what was on the screen, and turn the row into an id at once.
    """
    shown = frame(conversations, names())
    if systems is not None:
        titles = pa.array([systems.get(one.system, one.system) for one in conversations], pa.string())
        shown = shown.set_column(shown.column_names.index("system"), "system", titles)
    clock = partial(st.column_config.DatetimeColumn, width=128, format="YYYY-MM-DD HH:mm", timezone=zone.key)
    columns = {
        "open": st.column_config.ButtonColumn(
            "", width=64, pinned=True, type="tertiary", key=f"{key}_open", on_click=on_open, args=(f"{key}_open", rows(conversations))
        ),
        "look": st.column_config.ButtonColumn(
            "", width=40, type="tertiary", key=f"{key}_look", on_click=on_look, args=(f"{key}_look", tuple(conversations))
        ),
        "last_activity": clock("Last activity"),
        "system": st.column_config.TextColumn("System", width=118),
        "user": st.column_config.TextColumn("User", width=138),
        "tenant": st.column_config.TextColumn("Tenant", width=138),
        "first": st.column_config.TextColumn("First user message", width=255),
        "last": st.column_config.TextColumn("Last assistant message", width=255),
        "messages": st.column_config.NumberColumn("Messages", width=82, format="localized"),
        "duration": st.column_config.NumberColumn("Duration", width=108, format="duration", help="From the first to the last activity."),
        "tools": st.column_config.ListColumn("Tools", width=170),
        "failed": st.column_config.MultiselectColumn("Failed tools", width=140, color="red", options=_failed(conversations)),
        "started": clock("Started"),
        "conversation": st.column_config.TextColumn("Conversation", width=150),
    }
    same = [name for name, value in (("user", wanted.user_id), ("tenant", wanted.tenant_id)) if value is not None]
    same += ["system"] if systems is None else []
    if not any(one.tenant_id for one in conversations):
        same.append("tenant")
    untrusted.table(
        shown.drop_columns(same) if same else shown,
        column_config=columns,
        hide_index=True,
        height=ROW_PIXELS * (min(len(conversations), VISIBLE_ROWS) + 1) + 3,
        row_height=ROW_PIXELS,
        key=key,
        alt="Conversations",
    )


def _failed(conversations: Sequence[Conversation]) -> list[str]:
    return sorted({tool for one in conversations for tool in one.failed_tools})


def look(stored: Conversation, zone: ZoneInfo) -> None:
    """What a row says in full: the two messages, the times, the tools, the ids."""
    one = names().conversation(stored)
    facts = {
        "Started": times.moment(one.started_at, zone),
        "Last activity": f"{times.moment(one.last_activity_at, zone)}, {times.ago(one.last_activity_at)}",
        "Duration": times.duration(one.duration_seconds),
        "Messages": f"{one.message_count:,}",
        "Tools": ", ".join(one.tools),
        "Failed tools": ", ".join(one.failed_tools),
        "Title": one.title,
        "User": one.user_id,
        "Tenant": one.tenant_id,
        "Conversation": one.conversation_id,
        "Expires": times.moment(one.expires_at, zone) if one.expires_at else None,
    }
    for problem in one.problems:
        with st.container(horizontal=True, gap="xsmall"):
            st.markdown(":orange[:material/report:]", width="content")
            untrusted.text(f"{problem.text[:1].upper()}{problem.text[1:]}.")
    for label, text in (("First user message", one.first_user_message), ("Last assistant message", one.last_assistant_message)):
        st.markdown(f"**{label}**")
        with st.container(border=True, height="content" if len(text or "") < 600 else 220):
            untrusted.text(_cut(text) if text else "None.")
    known = {label: value for label, value in facts.items() if value}
    untrusted.table(
        {"": list(known), "Value": list(known.values())},
        hide_index=True,
        column_config={"": st.column_config.TextColumn(width=120), "Value": st.column_config.TextColumn(width="large")},
        alt="This conversation",
    )


def _cut(text: str) -> str:
    return text if len(text) <= FULL_CHARACTERS else f"{text[:FULL_CHARACTERS]}\n… {len(text):,} characters in all; open it to read on."


def as_csv(conversations: Sequence[Conversation], zone: ZoneInfo, ids: Names = AS_STORED) -> bytes:
    """The list as a spreadsheet reads it: UTF-8 with a mark, times in the viewer's zone, no cell that runs as a formula."""
    sheet = Sheet(zone)
    lines = [sheet.header(_CSV_COLUMNS)]
    for one in ids.conversations(conversations):
        cells = (
            one.system,
            one.conversation_id,
            one.user_id,
            one.tenant_id,
            one.title,
            one.started_at,
            one.last_activity_at,
            one.duration_seconds,
            one.message_count,
            "; ".join(one.tools),
            "; ".join(one.failed_tools),
            one.first_user_message,
            one.last_assistant_message,
        )
        lines.append(sheet.row(cells))
    return b"".join(lines)
