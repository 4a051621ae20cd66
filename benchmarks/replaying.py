"""The first screen of a conversation of 2,000 messages: the page as a reader's first visit runs it, the read included."""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Mapping
from pathlib import Path

from streamlit.testing.v1 import AppTest

from benchmarks import data
from benchmarks.figures import Figure, wall_seconds
from data_access import conversations
from data_access.dynamo.aws import Source
from data_access.models import Filter

ROOT = Path(__file__).resolve().parents[1]
LIMIT_MS = 150.0
TURNS = 100


def first_screen(sources: Mapping[str, Source], endpoint: str) -> list[Figure]:
    """Milliseconds of the server. The peer is the plainest page that shows as much: 100 bubbles of text, nothing else."""
    del endpoint
    # The page runs outside a server here, which Streamlit mentions at every call.
    logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context").disabled = True
    source = sources["ai_agent"]
    session = data.long_session()
    wanted = Filter("ai_agent", conversation_id=session)
    read = wall_seconds(lambda: conversations.replay(source, wanted), rounds=7)
    texts = [message.content for message in conversations.replay(source, wanted).messages[:TURNS]]
    page = statistics.median(_visit(session) for _ in range(7))
    again = _visit(session, warm=True)
    plain = statistics.median(_plain(texts) for _ in range(7))
    name = f"first screen of a {data.LONG:,}-message conversation (server)"
    peer = f"{TURNS} bubbles of plain text"
    return [
        Figure(name, page * 1000, peer, plain * 1000, "ms", LIMIT_MS, f"under {LIMIT_MS:.0f} ms"),
        Figure("  of that, reading it from the engine", read * 1000, peer, plain * 1000, "ms", None, "for information"),
        Figure("  the same page once more, nothing read", again * 1000, peer, plain * 1000, "ms", None, "for information"),
    ]


def _visit(session: str, *, warm: bool = False) -> float:
    """Seconds of one run of the replay page; nothing of the conversation is cached before, unless `warm`."""
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.run()
    page.query_params["system"] = "ai_agent"
    page.query_params["conversation"] = session
    page.switch_page("pages/conversations/replay.py")
    before = page.run() if warm else AppTest.from_function(_forget).run()
    assert not before.exception, "what was read before is still there"
    began = time.perf_counter()
    page.run()
    took = time.perf_counter() - began
    assert not page.exception, "the replay page failed"
    assert len(page.chat_message) >= TURNS, f"only {len(page.chat_message)} turns were shown"
    return took


def _forget() -> None:
    # Runs as a script: a session's cache can be cleared only from inside the session.
    from pages.ui import load

    load.forget_replays()


def _plain(texts: list[str]) -> float:
    def script(lines: list[str]) -> None:
        import streamlit as st

        for position, line in enumerate(lines):
            with st.chat_message("assistant" if position % 2 else "user"):
                st.text(line)

    page = AppTest.from_function(script, args=(texts,), default_timeout=60)
    page.run()
    began = time.perf_counter()
    page.run()
    return time.perf_counter() - began
