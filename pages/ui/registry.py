"""Every page, once. The navigation, the links between pages and the page tests are made from this tuple."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pages.ui.access import READER

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class PageSpec:
    """One page. `role` is what a viewer needs to see it, None when everybody may; a hidden page opens from others."""

    path: str
    title: str
    icon: str
    help: str
    section: str
    role: str | None
    url_path: str
    visibility: Literal["visible", "hidden"] = "visible"

    @property
    def file(self) -> Path:
        return ROOT / self.path


FIND = PageSpec(
    path="pages/conversations/find.py",
    title="Find a conversation",
    icon=":material/forum:",
    help="List the conversations of a chatbot by user, tenant, time and tools, with what the read costs.",
    section="Conversations",
    role=READER,
    url_path="find",
)
REPLAY = PageSpec(
    path="pages/conversations/replay.py",
    title="Replay",
    icon=":material/play_circle:",
    help="Read one conversation as it happened: turns, tool calls, pauses and the stored items.",
    section="Conversations",
    role=READER,
    url_path="replay",
    visibility="hidden",
)
TABLES = PageSpec(
    path="pages/setup/tables.py",
    title="Tables",
    icon=":material/table_view:",
    help="Check each chatbot's tables against its layout: keys, indexes, billing, expiry, backups, size.",
    section="Setup",
    role=READER,
    url_path="tables",
)
ABOUT = PageSpec(
    path="pages/setup/about.py",
    title="About",
    icon=":material/info:",
    help="The version, where the data is, what is read and what never leaves.",
    section="Setup",
    role=None,
    url_path="about",
)

PAGES: tuple[PageSpec, ...] = (FIND, REPLAY, TABLES, ABOUT)
