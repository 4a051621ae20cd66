"""When each message of the sample was said, and how many bytes it is, as the layouts have them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from data_access.costs.size import item_bytes, value_bytes
from data_access.local.sample.store import to_wire


@dataclass(frozen=True, slots=True)
class Said:
    """A message of a conversation: when, by whom, its bytes as an item, or as a member of the conversation's list."""

    at: datetime
    by_user: bool
    bytes: int


def by_conversation(messages: Sequence[Mapping[str, Any]], key: str, time: str) -> dict[str, list[Said]]:
    """Messages that have a conversation and a time, by conversation, ascending."""
    found: dict[str, list[Said]] = defaultdict(list)
    for message in messages:
        at = time_of(message.get(time))
        if at is not None and isinstance(message.get(key), str):
            found[message[key]].append(Said(at, str(message.get("role")).lower() in ("user", "human", "customer"), size_of(message)))
    return {name: sorted(said, key=lambda one: one.at) for name, said in found.items()}


def growing(size: int, messages: Any) -> Iterator[tuple[Said, int]]:
    """The messages in an item's list, with the size of the item up to and with each."""
    if not isinstance(messages, list):
        return
    listed = cast("list[Any]", messages)
    sizes = [1 + value_bytes(to_wire(message)) for message in listed]
    grown = size - sum(sizes)
    for message, own in zip(listed, sizes, strict=True):
        grown += own
        entry: Mapping[str, Any] = cast("Mapping[str, Any]", message) if isinstance(message, dict) else {}
        if (at := time_of(entry.get("timestamp"))) is not None:
            yield Said(at, str(entry.get("role")).lower() == "user", own), grown


def size_of(item: Mapping[str, Any]) -> int:
    return item_bytes({name: to_wire(value) for name, value in item.items()})


def time_of(value: Any) -> datetime | None:
    """A time as the layouts write it: text in ISO 8601, milliseconds or seconds. None for anything else."""
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value)
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1_000 if value > 10**11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None
