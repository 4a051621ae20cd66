"""The snapshot's four tables, column by column, the same for every system's layout.

Times are UTC without a zone (DuckDB is about ten times faster on them); `system` is the partition. A change of a column
raises VERSION: a table of another version is set aside and built again.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

VERSION = 1

_time = pa.timestamp("us")
_words = pa.list_(pa.string())

# One row a message, whatever the layout. `position` counts from 1 in its conversation; `response_seconds` as in the model, null
# where the stored times cannot carry it; `tokens` from the metadata; `bytes` is the stored item's size (an embedded message's own
# share); `problems` counts what was odd; `item_table` and `item_key` (JSON) say where it lies; `arguments` is the text of all its
# tool calls' names and arguments, for search.
MESSAGES = pa.schema(
    [
        ("system", pa.string()),
        ("conversation_id", pa.string()),
        ("tenant_id", pa.string()),
        ("user_id", pa.string()),
        ("position", pa.int32()),
        ("message_id", pa.string()),
        ("role", pa.string()),
        ("content", pa.string()),
        ("arguments", pa.string()),
        ("sent_at", _time),
        ("response_seconds", pa.float64()),
        ("tokens", pa.int64()),
        ("tool_calls", pa.int32()),
        ("failed_tool_calls", pa.int32()),
        ("expires_at", _time),
        ("bytes", pa.int64()),
        ("problems", pa.int32()),
        ("orphaned", pa.bool_()),
        ("item_table", pa.string()),
        ("item_key", pa.string()),
    ]
)

# One row a tool call. `ordinal` counts from 1 in its message; `seconds` is the time it took, null where none is recorded;
# `expires_at` is its message's.
TOOL_CALLS = pa.schema(
    [
        ("system", pa.string()),
        ("conversation_id", pa.string()),
        ("tenant_id", pa.string()),
        ("user_id", pa.string()),
        ("position", pa.int32()),
        ("ordinal", pa.int32()),
        ("sent_at", _time),
        ("tool", pa.string()),
        ("status", pa.string()),
        ("arguments", pa.string()),
        ("seconds", pa.float64()),
        ("expires_at", _time),
    ]
)

# One row a conversation: the model's Conversation; `bytes` is all that is stored of it, its messages included. `has_session` is False
# where only messages tell of it.
CONVERSATIONS = pa.schema(
    [
        ("system", pa.string()),
        ("conversation_id", pa.string()),
        ("tenant_id", pa.string()),
        ("user_id", pa.string()),
        ("title", pa.string()),
        ("started_at", _time),
        ("last_activity_at", _time),
        ("message_count", pa.int32()),
        ("user_messages", pa.int32()),
        ("assistant_messages", pa.int32()),
        ("first_user_message", pa.string()),
        ("last_assistant_message", pa.string()),
        ("tools", _words),
        ("failed_tools", _words),
        ("is_active", pa.bool_()),
        ("expires_at", _time),
        ("bytes", pa.int64()),
        ("problems", pa.int32()),
        ("has_session", pa.bool_()),
        ("item_table", pa.string()),
        ("item_key", pa.string()),
    ]
)

# One row a user record, without its contents: `topic` is what its kind is about in the system's file,
# `open` and `done` count the entries of a list such as reminders or todos.
USER_RECORDS = pa.schema(
    [
        ("system", pa.string()),
        ("user_id", pa.string()),
        ("tenant_id", pa.string()),
        ("kind", pa.string()),
        ("topic", pa.string()),
        ("updated_at", _time),
        ("expires_at", _time),
        ("open", pa.int32()),
        ("done", pa.int32()),
        ("bytes", pa.int64()),
        ("item_table", pa.string()),
        ("item_key", pa.string()),
    ]
)

TABLES: Mapping[str, pa.Schema] = {
    "conversations": CONVERSATIONS,
    "messages": MESSAGES,
    "tool_calls": TOOL_CALLS,
    "user_records": USER_RECORDS,
}
