"""The dashboard in one process, on moto with a little data of its own, without a local engine to start."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from data_access.dynamo.aws import Source, open_sources
from data_access.local.engine import Engine
from data_access.settings import load_settings
from data_access.snapshot.hot import Hot
from data_access.snapshot.state import Coverage
from data_access.systems.create import create_tables
from pages.ui import load, load_snapshot, rules
from tests.data_access import asked

APP = Path(__file__).resolve().parents[2] / "app.py"
HOSTILE = "![tracking](https://evil.example/pixel.png) <img src=x onerror=alert(1)> **bold** =cmd()"


class Attached:
    """Stands for an attachment to an engine that somebody else keeps."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def close(self) -> None:
        return


@pytest.fixture(scope="session", autouse=True)
def _one_look_for_components() -> Iterator[None]:
    """Each AppTest reads the metadata of every installed package, to find components of Streamlit's: the first time will do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(autouse=True)
def _empty_caches(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All AppTests share one session and the caches of the process."""
    monkeypatch.setattr(rules, "RULES", type(rules.RULES)())
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch, moto_endpoint: str, tmp_path: Path) -> Mapping[str, Source]:
    """Local mode on moto, without a table."""
    settings = load_settings({"DYNASCOPE_STATE": str(tmp_path)}, tmp_path)
    engine = Engine("moto", moto_endpoint, os.getpid(), persistent=False, notice="What is here ends with the engine.")
    monkeypatch.setattr(load, "load_settings", lambda: settings)
    monkeypatch.setattr(load, "prepare", lambda _: Attached(engine))
    monkeypatch.setattr(load, "status", lambda _: engine)
    return open_sources(settings, moto_endpoint)


@pytest.fixture
def empty(sources: Mapping[str, Source]) -> Mapping[str, Source]:
    """All tables, no item."""
    for source in sources.values():
        create_tables(source)
    return sources


@pytest.fixture
def seeded(empty: Mapping[str, Source]) -> Mapping[str, Source]:
    """Three conversations of CG: one of alice's with a failed tool, one of bob's that is hostile, one item that is odd."""
    client = empty["cg"].client
    ok = {"M": {"tool": {"S": "find_venue"}, "args": {"M": {}}, "result": {"L": [{"S": "done"}]}}}
    failed = {"M": {"tool": {"S": "book_venue"}, "args": {"M": {}}, "status": {"S": "error"}}}
    for number, (user, first, last, calls) in enumerate(
        (("alice", "A venue for ten, please", "It is booked", [ok, failed]), ("bob", HOSTILE, HOSTILE, []), ("carol", "Hello", "Hi", [ok]))
    ):
        day = f"2026-11-{10 + number:02}"
        messages = [
            {"M": {"role": {"S": "user"}, "content": {"S": first}, "timestamp": {"S": f"{day}T10:00:00Z"}}},
            {
                "M": {
                    "role": {"S": "assistant"},
                    "content": {"S": last},
                    "timestamp": {"S": f"{day}T10:{number + 1:02}:00Z"},
                    "tool_calls": {"L": calls},
                }
            },
        ]
        client.put_item(
            TableName="cg-chatbot-conversations",
            Item={
                "conversation_id": {"S": f"conversation-{number}"},
                "user_id": {"S": user},
                "title": {"S": HOSTILE if user == "bob" else "Venues"},
                "messages": {"S": "not a list"} if user == "carol" else {"L": messages},  # pyright: ignore[reportArgumentType]
                "created_at": {"S": f"{day}T10:00:00Z"},
                "updated_at": {"S": f"{day}T10:{number + 1:02}:00Z"},
                "message_count": {"N": "2"},
            },
        )
    return empty


class InventedStore:
    """The snapshot of made-up rows, as pages ask a store."""

    def __init__(self, rows: asked.Rows, tables: Mapping[str, Any], read_at: datetime) -> None:
        self._tables = tables
        self._coverage: dict[str, Coverage] = {}
        for system in sorted({row["system"] for row in rows["conversations"]}):
            own = [row for row in rows["messages"] if row["system"] == system]
            times = [row["sent_at"] for row in own if row["sent_at"] is not None]
            counts = (sum(row["system"] == system for row in rows["conversations"]), len(own), 0, 0)
            self._coverage[system] = Coverage(
                system, *counts, min(times), max(times), 0, 0, read_at, read_at, read_at, "made up", (), 0, 0.0, 0.0, 0.0
            )

    def coverage(self) -> Mapping[str, Coverage]:
        return self._coverage

    def arrow(self, table: str, columns: Sequence[str] | None = None, systems: Iterable[str] | None = None) -> Any:
        return self._tables[table].select(list(columns or self._tables[table].column_names))


@cache
def _made_up() -> tuple[asked.Rows, Mapping[str, Any], Hot]:
    """Once in a process: nothing changes a copy, but for when it was read."""
    rows = asked.invented(3)
    tables = asked.arrow(rows)
    return rows, tables, Hot.from_arrow(tables, "1", texts=False)


@pytest.fixture
def invented(empty: Mapping[str, Source], monkeypatch: pytest.MonkeyPatch) -> Hot:
    """A snapshot with every special case in it; pages answer from this copy of it."""
    rows, tables, copy = _made_up()
    read_at = datetime.now(UTC) - timedelta(minutes=7)
    copy.synced = {"cg": read_at}
    store = InventedStore(rows, tables, read_at)
    monkeypatch.setattr(load_snapshot, "hot", lambda: copy)
    monkeypatch.setattr(load_snapshot, "store", lambda: store)
    return copy


@pytest.fixture
def run() -> Callable[..., AppTest]:
    """Run app.py, on a page and with the parameters of an address."""

    def at(page: str | None = None, /, **address: str) -> AppTest:
        app = AppTest.from_file(APP, default_timeout=120)
        for name, value in address.items():
            app.query_params[name] = value
        app.run()
        return app if page is None else app.switch_page(page).run()

    return at
