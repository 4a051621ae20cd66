"""The audit: rows that are only ever added, each with the SHA-256 of the one before.

`audit` / 12-digit sequence holds the row as canonical JSON; `audit` / `head` how many there are, the last hash, and an HMAC of both.
A row and the new head are one transaction, on condition that the sequence is free and the head is the one that was read: of two
writers one is told to look again. A write is done when it is in the table and, where there is one, in the anchor.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from data_access.audit.anchor import Anchor
from data_access.audit.events import Event, checked
from data_access.erasure.control import Control
from data_access.erasure.control_rows import time_text
from data_access.erasure.keys import Keys
from data_access.erasure.records import Action, ConditionFailed, Records, Row
from data_access.errors import AuditBroken, Throttled

PARTITION = "audit"
HEAD = "head"
START = "0" * 64  # what comes before the first row
LAST = "9" * 12
_ATTEMPTS = 40
_LONGEST_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One row as it was written. `fields` are the event's, `hash` is the SHA-256 (hex) of the row."""

    sequence: int
    written_at: datetime
    event: str
    fields: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """How many rows there are, and the hash of the last one."""

    count: int = 0
    hash: str = START


class Audit:
    """The audit of one control table; from any thread."""

    def __init__(self, control: Control) -> None:
        self.records: Records = control.records
        self.keys: Keys = control.keys
        self.anchor = Anchor(control.settings.erasure.anchor) if control.settings.erasure.anchor else None
        self._lock = threading.Lock()  # threads of one process need not race each other in the table

    def write(self, event: Event) -> Entry:
        """Add one event. Raises AuditError, AuditBroken, AwsError: then what was to be done is not done."""
        name, fields = checked(event)
        with self._lock:
            for attempt in range(_ATTEMPTS):
                if entry := self._add(name, fields):
                    return entry
                time.sleep(random.uniform(0, min(_LONGEST_PAUSE_SECONDS, 0.01 * 2**attempt)))
        raise Throttled("Too many writers are adding to the audit at once.", "Try again in a minute.", table=self.records.table)

    def head(self) -> Head:
        """Raises AuditBroken when it was not written with this installation's key."""
        return read_head(self.records.get(PARTITION, HEAD), self.keys)

    def entries(self, *, newest: bool = False, plan_id: str | None = None) -> Iterator[Entry]:
        """The rows as they are stored, unchecked: `verify` checks them. Raises AuditBroken where one cannot be read."""
        for row in self.records.rows(PARTITION, "0" * 12, LAST, newest=newest):
            entry = read_entry(row)
            if entry is None:
                raise AuditBroken("A row of the audit cannot be read.", "Find it with: python -m data_access audit verify.")
            if plan_id is None or entry.fields.get("plan_id") == plan_id:
                yield entry

    def _add(self, name: str, fields: Mapping[str, Any]) -> Entry | None:
        """None when another writer was first."""
        head = self.head()
        sequence, now = head.count + 1, datetime.now(UTC)
        body = canonical(
            {
                "sequence": sequence,
                "previous": head.hash,
                "time": time_text(now),
                "nonce": secrets.token_hex(8),
                "event": name,
                "fields": fields,
            }
        )
        row_hash = hash_of(body)
        row: Row = {"body": body, "hash": row_hash}
        count = {"count": sequence, "hash": row_hash, "mac": self.keys.head(sequence, row_hash), "key_id": self.keys.key_id}
        same = "#hash = :hash AND #count = :count" if head.count else "attribute_not_exists(#pk)"
        before = {":hash": head.hash, ":count": head.count} if head.count else {}
        try:
            self.records.write(
                Action("Put", PARTITION, sequence_key(sequence), row, condition="attribute_not_exists(#pk)"),
                Action("Put", PARTITION, HEAD, count, condition=same, values=before),
            )
        except ConditionFailed as failed:
            # The answer to this very write may have been lost on its way.
            if (failed.stored[0] or {}).get("body") != body:
                if failed.stored[0] is not None and self.head() == head:
                    raise AuditBroken("There is a row behind the head of the audit.", "Find out who writes to the control table.") from None
                return None
        if self.anchor is not None:
            self.anchor.add(sequence, row_hash, now)
        return Entry(sequence, now, name, fields, row_hash)


def canonical(value: Any) -> str:
    """JSON with sorted names and no spaces: the same bytes for the same value."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def hash_of(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def sequence_key(sequence: int) -> str:
    return f"{sequence:012d}"


def read_head(row: Row | None, keys: Keys) -> Head:
    """Raises AuditBroken."""
    if row is None:
        return Head()
    try:
        head = Head(int(row["count"]), str(row["hash"]))
        mac, key_id = str(row["mac"]), str(row["key_id"])
    except (KeyError, TypeError, ValueError):
        raise AuditBroken("The head of the audit cannot be read.", "Find out who wrote to the control table.") from None
    if key_id != keys.key_id:
        raise AuditBroken(
            "The audit was written with another key than this installation's.",
            "Give every replica the same keys: erasure.keys in dynascope.toml.",
        )
    if not hmac.compare_digest(mac, keys.head(head.count, head.hash)):
        raise AuditBroken("The head of the audit was changed by somebody without its key.", "Find out who wrote to the control table.")
    return head


def read_entry(row: Row) -> Entry | None:
    """None where it is no row of an audit."""
    try:
        said: dict[str, Any] = orjson.loads(row["body"])
        return Entry(
            int(said["sequence"]), datetime.fromisoformat(said["time"]), str(said["event"]), dict(said["fields"]), str(row["hash"])
        )
    except (KeyError, TypeError, ValueError):
        return None
