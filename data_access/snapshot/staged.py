"""What is kept of the items while a sync reads them: rows that know nothing of each other yet.

`rid` is a number of the row, the same when a page is read again. A message inside a conversation's item has `parent`, the
conversation's rid, and its position; one of a message table has neither, and finds its conversation when all is read.
"""

from __future__ import annotations

import pyarrow as pa

from data_access.snapshot.schema import MESSAGES, USER_RECORDS

_time = pa.timestamp("us")

CALLS = pa.list_(pa.struct([("tool", pa.string()), ("status", pa.string()), ("arguments", pa.string()), ("seconds", pa.float64())]))

STAGED_CONVERSATIONS = pa.schema(
    [
        ("rid", pa.int64()),
        ("conversation_id", pa.string()),
        ("tenant_id", pa.string()),
        ("user_id", pa.string()),
        ("title", pa.string()),
        ("started_at", _time),
        ("last_activity_at", _time),
        ("is_active", pa.bool_()),
        ("expires_at", _time),
        ("bytes", pa.int64()),
        ("problems", pa.int32()),
        ("item_table", pa.string()),
        ("item_key", pa.string()),
        # What is stored of the message count, and of the last change: to tell next time whether it changed.
        ("stored_count", pa.int64()),
    ]
)

_LATER = {"system", "response_seconds", "orphaned"}
STAGED_MESSAGES = pa.schema(
    [("rid", pa.int64()), ("parent", pa.int64()), *(field for field in MESSAGES if field.name not in _LATER), ("calls", CALLS)]
)

STAGED_RECORDS = pa.schema([("rid", pa.int64()), *(field for field in USER_RECORDS if field.name != "system")])

STAGED = {"conversations": STAGED_CONVERSATIONS, "messages": STAGED_MESSAGES, "user_records": STAGED_RECORDS}
