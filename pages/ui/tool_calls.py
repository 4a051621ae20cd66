"""The tool calls of a turn: a line each, that opens to the arguments and the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from data_access.file_names import safe_name
from data_access.items.values import to_json
from data_access.models import ToolCall, ToolStatus
from data_access.search_within import fold
from pages.ui import big_field
from pages.ui.untrusted import code, escape, reveal, reveal_json

# What is larger is sent to the browser only when somebody opens the line.
EAGER_CHARACTERS = 4_000
ARGUMENTS_SHOWN = 90

_ICONS = {ToolStatus.OK: ":material/build:", ToolStatus.ERROR: ":material/error:", ToolStatus.NO_RESULT: ":material/help:"}
_WORDS = {ToolStatus.OK: "ok", ToolStatus.ERROR: "failed", ToolStatus.NO_RESULT: "no result recorded"}


def show(calls: Sequence[ToolCall], *, key: str, words: str = "") -> None:
    """One folded line for each call. The ones that have `words`, for which a reader was sent here, are unfolded."""
    wanted = fold(" ".join(words.split()))
    for place, call in enumerate(calls):
        texts = _text(call.arguments), _text(call.result)
        opened = bool(wanted) and any(wanted in fold(" ".join(text.split())) for text in (call.name, *texts))
        lazy = sum(map(len, texts)) > EAGER_CHARACTERS
        with st.expander(
            _label(call, texts[0]),
            expanded=opened,
            icon=_ICONS[call.status],
            type="step",
            # A new key, because one that is on the page already would stay folded.
            key=f"{key}-{place}{'-found' if opened else ''}",
            on_change="rerun" if lazy else "ignore",
        ) as line:
            if not lazy or line.open or (opened and line.open is None):
                _details(call, texts, f"{key}-{place}")
            else:
                st.caption("Opening")  # a line without anything in it could not be opened


def _label(call: ToolCall, arguments: str) -> str:
    name = f"**{escape(call.name[:80])}**"
    summary = " ".join(arguments[: ARGUMENTS_SHOWN * 4].split())
    summary = summary[:ARGUMENTS_SHOWN] + "…" if len(summary) > ARGUMENTS_SHOWN else summary
    shown = f" {code(summary)}" if summary and summary != "{}" else ""
    match call.status:
        case ToolStatus.ERROR:
            return f":red[{name} · {_WORDS[call.status]}]{shown}"
        case ToolStatus.NO_RESULT:
            return f"{name} :orange[· {_WORDS[call.status]}]{shown}"
        case _:
            return f"{name} :gray[· {_WORDS[call.status]}]{shown}"


def _details(call: ToolCall, texts: tuple[str, str], key: str) -> None:
    names = "Arguments", "Result"
    for name, value, text in zip(names, (call.arguments, call.result), texts, strict=True):
        if value is None:
            if name == "Result":
                st.caption(_WORDS[ToolStatus.NO_RESULT].capitalize() if call.status is ToolStatus.NO_RESULT else "The result is empty.")
            continue
        language = None if isinstance(value, str) else "json"
        st.caption(name)
        if big_field.is_big(text):
            big_field.show(
                text, key=f"{key}-{name.lower()}", file_name=safe_name(name.lower(), "json" if language else "txt"), language=language
            )
        else:
            st.code(
                reveal_json(text) if language else reveal(text),
                language=language,
                wrap_lines=True,
                height=320 if text.count("\n") > 24 else "content",
            )


def _text(value: Any) -> str:
    """A value as a reader wants it: text as it is, everything else as JSON with every digit."""
    if value is None:
        return ""
    return value if isinstance(value, str) else to_json(value, indent=2)
