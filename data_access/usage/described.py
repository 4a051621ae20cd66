"""The definitions for those who read them: the page, `usage --describe`, the README."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from data_access.usage.definitions import METRICS

SERIES: Mapping[str, str] = {
    "days": "One row a local day: active and new users, conversations, messages by role, tokens, response times.",
    "weeks": "One row a week from Monday: active users, conversations active, messages. The first and the last can be partial.",
    "months": "One row a calendar month, as the weeks.",
    "retention": "New users by the week of their first message: how many wrote again, 0, 1, 2 … weeks after.",
    "lengths": "Active conversations by the number of their messages in the window.",
    "heatmap": "One row for each hour of the week (0 is Monday): messages, and conversations active in it.",
    "tools": "One row a tool, most calls first: calls, failed, time, conversations that called it.",
    "tenants": "The tenants with most messages.",
    "users": "The users with most messages.",
    "systems": "One row a system.",
    "records": "What is kept about users, by system and kind.",
}


def describe() -> list[dict[str, Any]]:
    """Every metric as plain values, in the order in which a page shows them."""
    return [asdict(metric) for metric in METRICS.values()]


def table() -> str:
    """The README's table of metrics, in Markdown."""
    lines = ["| metric | unit | what it counts | formula |", "|---|---|---|---|"]
    lines += [f"| `{m.name}` | {m.unit} | {m.definition} | {m.formula} |" for m in METRICS.values()]
    return "\n".join(lines) + "\n"
