"""Tool calls of every shape that chatbots record."""

from __future__ import annotations

from typing import Any

import pytest

from data_access.items.tool_calls import ToolCallReader
from data_access.models import ToolCall, ToolStatus
from data_access.systems.spec import built_in

OK, ERROR, NONE = ToolStatus.OK, ToolStatus.ERROR, ToolStatus.NO_RESULT
READERS = {name: ToolCallReader(system) for name, system in built_in().items()}


@pytest.mark.parametrize(
    "stored, call",
    [
        ({"tool": "find", "args": {"q": 1}, "result": [1]}, ToolCall("find", {"q": 1}, [1], OK)),
        ({"name": "find", "arguments": {"q": 1}, "output": "x"}, ToolCall("find", {"q": 1}, "x", OK)),
        ({"tool_name": "find", "input": {}, "response": 0}, ToolCall("find", {}, 0, OK)),
        ({"toolName": "find", "parameters": None, "result": False}, ToolCall("find", None, False, OK)),
        (
            {"id": "c1", "type": "function", "function": {"name": "find", "arguments": '{"q": 1}'}},
            ToolCall("find", {"q": 1}, None, NONE),
        ),
        ({"name": "find", "arguments": "{broken"}, ToolCall("find", "{broken", None, NONE)),
        ({"name": "find", "result": '{"error": "no"}'}, ToolCall("find", None, {"error": "no"}, ERROR)),
        ({"name": "find", "result": "plain words"}, ToolCall("find", None, "plain words", OK)),
        ({}, ToolCall("unknown tool", None, None, NONE)),
        ({"name": 7, "result": ""}, ToolCall("unknown tool", None, "", OK)),
    ],
)
@pytest.mark.parametrize("system", READERS)
def test_names_arguments_and_results(system: str, stored: Any, call: ToolCall) -> None:
    assert READERS[system].read([stored]) == ((call,), ())


@pytest.mark.parametrize(
    "stored, status",
    [
        ({"result": {"error": "no seats"}}, ERROR),
        ({"result": {"error": None, "rows": 1}}, OK),
        ({"result": {"error": ""}}, OK),
        ({"result": {"error": {}}}, OK),
        ({"result": {"status": "failed"}}, ERROR),
        ({"result": {"status": "OK"}}, OK),
        ({"result": {"success": False}}, ERROR),
        ({"result": {"success": True}}, OK),
        ({"result": []}, OK),
        ({"status": "success"}, OK),
        ({"status": "Completed", "result": None}, OK),
        ({"status": "error", "result": [1]}, ERROR),
        ({"state": "timed_out"}, ERROR),
        ({"status": "running"}, NONE),
        ({"error": "boom"}, ERROR),
        ({"is_error": True, "result": "boom"}, ERROR),
        ({"isError": False, "result": "fine"}, OK),
        ({"error": None}, NONE),
        ({"result": None}, NONE),
        ({}, NONE),
    ],
)
def test_whether_it_worked(stored: dict[str, Any], status: ToolStatus) -> None:
    ((call,), _) = READERS["cg"].read([{"tool": "t"} | stored])
    assert call.status is status


def test_an_error_without_a_result_is_the_result() -> None:
    ((call,), _) = READERS["cg"].read([{"tool": "t", "error": {"code": 7}}])
    assert call.result == {"code": 7}


@pytest.mark.parametrize(
    "stored, names, problems",
    [
        (None, [], 0),
        ([], [], 0),
        ({"tool": "a"}, ["a"], 0),
        ('[{"tool": "a"}, {"tool": "b"}]', ["a", "b"], 0),
        ("[broken", [], 1),
        ([{"tool": "a"}, "b", 3], ["a", "unknown tool", "unknown tool"], 2),
        (7, ["unknown tool"], 1),
    ],
)
def test_lists_of_any_kind(stored: Any, names: list[str], problems: int) -> None:
    calls, said = READERS["cg"].read(stored)
    assert ([call.name for call in calls], len(said)) == (names, problems)


def test_what_is_not_a_map_is_kept_as_the_arguments() -> None:
    calls, _ = READERS["cg"].read(["raw"])
    assert calls == (ToolCall("unknown tool", "raw", None, NONE),)
