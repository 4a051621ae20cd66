"""A DynamoDB that makes its items up as they are asked for: very many of them, and none is ever stored."""

from __future__ import annotations

from typing import Any

from data_access.dynamo.aws import Source
from data_access.settings import DEFAULT_REGION, Place
from data_access.systems.spec import built_in

USER = "auth0|many"
_PAGE = 400
_BASE = 1_760_000_000_000


class MadeUp:
    """Sessions and messages of ai4ai: `sessions` conversations of one person with `messages` each, of about `size` bytes."""

    def __init__(self, sessions: int, messages: int, size: int = 300) -> None:
        self.sessions, self.messages, self.size = sessions, messages, size

    def describe_table(self, TableName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        counts = {"ai4ai-chat-sessions": self.sessions, "ai4ai-chat-messages": self.sessions * self.messages}
        return {"Table": {"TableName": TableName, "ItemCount": counts[TableName], "TableSizeBytes": counts[TableName] * self.size}}

    def query(self, **request: Any) -> dict[str, Any]:
        first = int(next(iter(request.get("ExclusiveStartKey", {"n": {"N": "0"}}).values()))["N"])
        if request["TableName"] == "ai4ai-chat-sessions":
            return self._page(first, self.sessions, self._session)
        session = request["ExpressionAttributeValues"][":v0"]["S"]
        return self._page(first, self.messages, lambda n: self._message(session, n))

    def scan(self, **request: Any) -> dict[str, Any]:
        segment, segments = request.get("Segment", 0), request.get("TotalSegments", 1)
        mine = [self._session(n) for n in range(self.sessions) if n % segments == segment]
        return {"Items": mine, "Count": len(mine), "ScannedCount": len(mine)}

    def _page(self, first: int, total: int, item: Any) -> dict[str, Any]:
        last = min(total, first + _PAGE)
        made: dict[str, Any] = {"Items": [item(n) for n in range(first, last)], "ScannedCount": last - first}
        return made | ({"LastEvaluatedKey": {"n": {"N": str(last)}}} if last < total else {})

    def _session(self, n: int) -> dict[str, Any]:
        text = {"session_id": f"s-{n:06d}", "user_id": USER, "title": f"Talk {n}", "created_at": "2026-01-02T03:04:05"}
        return {name: {"S": value} for name, value in text.items()}

    def _message(self, session: str, n: int) -> dict[str, Any]:
        text = {"session_id": session, "role": "assistant" if n % 2 else "user", "content": f"{n} ".ljust(self.size, "x")}
        return {name: {"S": value} for name, value in text.items()} | {"timestamp": {"N": str(_BASE + n * 1000)}}


def made_up(sessions: int, messages: int) -> dict[str, Source]:
    system = built_in()["ai4ai"]
    place = Place(system, {key: table.name for key, table in system.tables.items()}, DEFAULT_REGION)
    client: Any = MadeUp(sessions, messages)
    return {system.id: Source(place, client, scan_budget=1e9)}
