"""Tool calls as they were recorded: name, arguments, result, and whether it worked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data_access.items.parts import Parts, parts
from data_access.items.values import is_list, is_map, opened
from data_access.models import ToolCall, ToolStatus
from data_access.systems.spec import System, drift


class ToolCallReader:
    """Reads the tool calls of one system's messages."""

    def __init__(self, system: System) -> None:
        known = drift()
        own = {attribute.part: name for name, attribute in system.tool_call.items() if attribute.part}
        self._parts: Parts = parts(own, known.tool_call)
        self._ok = frozenset(known.statuses["ok"])
        self._error = frozenset(known.statuses["error"])

    def read(self, stored: Any) -> tuple[tuple[ToolCall, ...], tuple[str, ...]]:
        """The tool calls of one message, and what was odd about them."""
        if stored is None:
            return (), ()
        value, trouble = opened(stored)
        if trouble:
            return (), (f"the tool calls cannot be read: {trouble}",)
        calls = value if is_list(value) else [value]
        read: list[ToolCall] = []
        problems: list[str] = []
        for call in calls:
            if is_map(call):
                read.append(self._one(call))
            else:
                problems.append("a tool call is not a map")
                read.append(ToolCall("unknown tool", call, None, ToolStatus.NO_RESULT))
        return tuple(read), tuple(problems)

    def _one(self, call: Mapping[str, Any]) -> ToolCall:
        get = self._parts.get
        name = get(call, "name")
        arguments = opened(get(call, "arguments"))[0]
        result = opened(get(call, "result"))[0]
        error = get(call, "error")
        if result is None and error not in (None, False, ""):
            result = error
        return ToolCall(name if isinstance(name, str) and name else "unknown tool", arguments, result, self._status(call, result, error))

    def _status(self, call: Mapping[str, Any], result: Any, error: Any) -> ToolStatus:
        said = self._parts.get(call, "status")
        word = said.lower() if isinstance(said, str) else None
        if word in self._error or error not in (None, False, "") or self._failed(result):
            return ToolStatus.ERROR
        if result is not None or word in self._ok:
            return ToolStatus.OK
        return ToolStatus.NO_RESULT

    def _failed(self, result: Any) -> bool:
        """A result that is itself an error: {"error": …}, {"status": "failed"}, {"success": false}."""
        if not is_map(result):
            return False
        word = result.get("status")
        return (
            result.get("error") not in (None, False, "", [], {})
            or result.get("success") is False
            or (isinstance(word, str) and word.lower() in self._error)
        )
