"""Every page, once. The navigation, the links between pages and the page tests are made from this tuple."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from data_access.access.permissions import Action

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class PageSpec:
    """One page. `action` is what a viewer needs to see it, None when everybody may; a hidden page opens from others."""

    path: str
    title: str
    icon: str
    help: str
    section: str
    action: Action | None
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
    action=Action.LIST,
    url_path="find",
)
REPLAY = PageSpec(
    path="pages/conversations/replay.py",
    title="Replay",
    icon=":material/play_circle:",
    help="Read one conversation as it happened: turns, tool calls, pauses and the stored items.",
    section="Conversations",
    action=Action.REPLAY,
    url_path="replay",
    visibility="hidden",
)
SEARCH = PageSpec(
    path="pages/conversations/search.py",
    title="Search",
    icon=":material/search:",
    help="Find conversations by what was said in them, in every system at once, from the snapshot.",
    section="Conversations",
    action=Action.SEARCH,
    url_path="search",
)
BEHIND = PageSpec(
    path="pages/conversations/behind.py",
    title="Conversations behind a number",
    icon=":material/filter_alt:",
    help="List exactly the conversations that a number of the usage page counted.",
    section="Conversations",
    action=Action.LIST,
    url_path="behind",
    visibility="hidden",
)
USAGE = PageSpec(
    path="pages/insights/usage.py",
    title="Usage",
    icon=":material/monitoring:",
    help="Count people, conversations, responses and tools over time, from the snapshot.",
    section="Insights",
    action=Action.USAGE,
    url_path="usage",
)
COSTS = PageSpec(
    path="pages/insights/costs.py",
    title="Costs",
    icon=":material/payments:",
    help="What the tables and their indexes cost, what drives it, and what something else would cost.",
    section="Insights",
    action=Action.COSTS,
    url_path="costs",
)
CAPACITY = PageSpec(
    path="pages/insights/capacity.py",
    title="Capacity",
    icon=":material/speed:",
    help="Whether the tables hold: use, throttling, latency and errors from CloudWatch, limits, and alarms worth having.",
    section="Insights",
    action=Action.CAPACITY,
    url_path="capacity",
)
ERASURES = PageSpec(
    path="pages/people/erasures.py",
    title="Erasures",
    icon=":material/auto_delete:",
    help="Every erasure with its state, due date, progress and receipt, and the audit of what was done.",
    section="People",
    action=Action.JOBS,
    url_path="erasures",
)
USER = PageSpec(
    path="pages/people/user.py",
    title="A user",
    icon=":material/person_search:",
    help="Everything that the systems keep of one person: look it up, hand it over, erase it with evidence.",
    section="People",
    action=Action.LOOK_UP,
    url_path="user",
)
TABLES = PageSpec(
    path="pages/setup/tables.py",
    title="Tables",
    icon=":material/table_view:",
    help="Check each chatbot's tables against its layout: keys, indexes, billing, expiry, backups, size.",
    section="Setup",
    action=Action.TABLES,
    url_path="tables",
)
SNAPSHOT = PageSpec(
    path="pages/setup/snapshot.py",
    title="Snapshot",
    icon=":material/photo_camera:",
    help="How old the copy is that answers questions about everything, what it holds, and what refreshing it costs.",
    section="Setup",
    action=Action.SNAPSHOT,
    url_path="snapshot",
)
ABOUT = PageSpec(
    path="pages/setup/about.py",
    title="About",
    icon=":material/info:",
    help="The version, where the data is, what is read and what never leaves.",
    section="Setup",
    action=None,
    url_path="about",
)

PAGES: tuple[PageSpec, ...] = (FIND, SEARCH, REPLAY, BEHIND, USAGE, COSTS, CAPACITY, USER, ERASURES, TABLES, SNAPSHOT, ABOUT)
