"""Checking a receipt's file without a network, and telling when the last copy of what was erased is gone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson
from pydantic import ValidationError

from data_access.erasure import signing
from data_access.erasure.copies import NOT_KNOWN, remains
from data_access.erasure.model import Copy
from data_access.erasure.receipt import VERSION, Content, Receipt, contents, file_of, is_rolling, signed_text
from data_access.items.values import is_map

_MOST_BYTES = 20_000_000
_LOWER_HEX = re.compile(r"[0-9a-f]+")
_PARTS = {"receipt", "signature"}
_SIGNATURE = {"algorithm", "key_id", "public_key", "value"}
# DynamoDB never tells of these, so nobody can wait for an answer: they are named, and do not hold the second stage up.
_NEVER_TOLD = frozenset(("DAX cache", "CloudTrail data events"))
_BACKUPS = "backups"


@dataclass(frozen=True, slots=True)
class Verified:
    """ok: the file is what was signed, byte for byte. `known`: the key is the pinned one or one that this machine knows.

    Without `known` the file fits together, and anybody could have written it. `reason` says it in one sentence.
    """

    ok: bool
    known: bool
    reason: str
    key_id: str | None = None
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class Clearance:
    """The second stage. cleared: the last possible date of every copy has passed. waiting: `until` is that date.
    no_end: `holding` names the copies that nothing ends by itself. `not_told` are places of which DynamoDB never tells."""

    state: Literal["cleared", "waiting", "no_end"]
    until: datetime | None
    holding: tuple[Copy, ...]
    not_told: tuple[Copy, ...]
    sentence: str


def verify_receipt(data: bytes, pinned_public_key: bytes | str | None = None, *, known: Collection[bytes] = ()) -> Verified:
    """Whether a file is a receipt as it was signed. `known` are the keys of `signing.known_keys`. Raises UsageError for a pinned
    key that is none."""
    pinned = signing.read_public(pinned_public_key) if isinstance(pinned_public_key, str) else pinned_public_key
    parts = _parts(data)
    if isinstance(parts, str):
        return Verified(False, False, parts)
    content, signature = parts
    public = bytes.fromhex(signature["public_key"])
    name = signing.key_id(public)
    if name != signature["key_id"] or not signing.is_signed(public, bytes.fromhex(signature["value"]), signed_text(content, signature)):
        return Verified(False, False, "The signature does not fit: the file was changed after it was signed.", name)
    try:
        read = contents().validate_json(orjson.dumps(content))
    except ValidationError:
        return Verified(False, False, "It is signed, and is not a receipt that this version can read.", name)
    receipt = Receipt(read, data, name)
    if pinned is not None:
        if pinned != public:
            return Verified(False, False, "It is signed with another key than the one that was asked for.", name, receipt)
        return Verified(True, True, "The receipt is what was signed, with the key that was asked for.", name, receipt)
    if public in known:
        return Verified(True, True, "The receipt is what was signed, with a key of this installation.", name, receipt)
    said = (
        "The receipt is what was signed, by a key that this machine does not know: compare the public key with one from a source you trust."
    )
    return Verified(True, False, said, name, receipt)


def _parts(data: bytes) -> tuple[Mapping[str, Any], Mapping[str, str]] | str:
    """Content and signature, or why it is no receipt."""
    if len(data) > _MOST_BYTES:
        return "This is no receipt: it is too large."
    try:
        told: Any = orjson.loads(data)
    except orjson.JSONDecodeError:
        told = None
    content, signature = (told.get("receipt"), told.get("signature")) if is_map(told) and set(told) == _PARTS else (None, None)
    if not is_map(content) or not is_map(signature) or set(signature) != _SIGNATURE:
        return "This is no receipt, or a broken one."
    if content.get("version") != VERSION:
        return f"The receipt has the version {str(content.get('version'))[:20]!r}; this program reads version {VERSION}."
    lengths = {"public_key": 64, "value": 128}
    for part, length in lengths.items():
        text = signature[part]
        if not isinstance(text, str) or len(text) != length or not _LOWER_HEX.fullmatch(text):
            return "The signature cannot be read: the file was changed."
    if signature["algorithm"] != signing.ALGORITHM:
        return "The receipt is not signed with Ed25519."
    # Spaces, escapes and the order of names mean nothing to JSON: the file must be the very one that was written.
    try:
        same = file_of(content, signature) == data
    except (TypeError, ValueError):
        same = False
    return (content, signature) if same else "The file is not as it was written: it was changed, or formatted anew."


def cleared(receipt: Receipt | Content, copies_now: Iterable[Copy], now: datetime) -> Clearance:
    """The second stage of a receipt, from the copies as they are read again: `now` is when that was.

    A window that was made longer since counts from the erasure at its new length; a backup that is not there any more is gone,
    unless the list of backups could not be read.
    """
    content = receipt.content if isinstance(receipt, Receipt) else receipt
    there = {(copy.table, copy.what): copy for copy in copies_now}
    holding: list[Copy] = []
    not_told: list[Copy] = []
    until: datetime | None = None
    for copy in content.copies:
        if not remains(copy):
            continue
        if copy.what in _NEVER_TOLD:
            not_told.append(copy)
            continue
        last = _last(content, copy, there, now)
        if last == "gone":
            continue
        if last is None:
            holding.append(there.get((copy.table, copy.what), copy))
        else:
            until = last if until is None else max(until, last)
    if holding:
        first = min(holding, key=lambda copy: copy.state == NOT_KNOWN)
        more = f", and {len(holding) - 1:,} more" if len(holding) > 1 else ""
        # One that is there without an end is worse than one that nobody could ask about, and is named first.
        why = "could not be asked about" if first.state == NOT_KNOWN else "has no end date"
        said = f"Not cleared: {first.what} of {first.table} {why}{more}."
        return Clearance("no_end", until, tuple(holding), tuple(not_told), said)
    if until is not None and now <= until:
        return Clearance("waiting", until, (), tuple(not_told), f"Not cleared yet: the last copy ends by {until:%Y-%m-%d %H:%M} UTC.")
    since = "" if until is None else f" The last of them ended by {until:%Y-%m-%d %H:%M} UTC."
    beside = " DAX caches and CloudTrail trails are not told by DynamoDB: look at them yourself." if not_told else ""
    return Clearance("cleared", until, (), tuple(not_told), f"Cleared: no copy that DynamoDB tells of can hold it any more.{since}{beside}")


def _last(content: Content, copy: Copy, there: Mapping[tuple[str, str], Copy], now: datetime) -> datetime | Literal["gone"] | None:
    """The last date on which a copy can hold what was erased; None: nothing ends it."""
    today = there.get((copy.table, copy.what))
    is_backup = "backup" in copy.what and copy.what != _BACKUPS
    if today is None and is_backup:
        listed = there.get((copy.table, _BACKUPS))
        known = any(table == copy.table for table, _ in there) and (listed is None or listed.state != NOT_KNOWN)
        return "gone" if known else copy.last_possible
    if today is None:
        return copy.last_possible
    if copy.last_possible is None:
        # Not dated then: it is gone when it is off now. What could not be asked about then may have been there.
        return "gone" if not remains(today) and copy.state != NOT_KNOWN else None
    if not remains(today):
        return copy.last_possible  # what it kept may be kept until its time, though no more is added
    if today.last_possible is None:
        return None
    if not is_rolling(copy):
        return max(copy.last_possible, today.last_possible)
    return max(copy.last_possible, content.ended_at + (today.last_possible - now))
