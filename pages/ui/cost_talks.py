"""What a conversation, a message, an active user and a tenant cost: what is their own, and what is shared, apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from data_access.costs.observed import Attribution, SystemAttribution
from data_access.errors import DataAccessError
from pages.ui import charts, charts_money, cost_head, cost_view, cost_words, load_costs, notices, snapshot_line, tables
from pages.ui.cost_view import View
from pages.ui.cost_words import Column, usd
from pages.ui.shown import names
from pages.ui.untrusted import escape

MOST_TENANTS = 200
SCALE = 1_000  # one conversation of a small table costs millionths of a dollar
_HEADS = {"storage": "Storage", "writes": "Writes", "reads": "Reads", "shared": "Shared"}


def show(view: View) -> None:
    if not snapshot_line.ready("The cost of a conversation"):
        return
    try:
        with st.spinner("Counting", show_time=True):
            found = load_costs.cost_attribution(view.observed)
    except DataAccessError as error:
        notices.show(error, again=load_costs.forget_costs, key="cost_talks_again")
        return
    systems = [one for one in found.systems if view.asked.system in (None, one.system)]
    known = [one.as_of for one in systems if one.as_of is not None]
    absent = [escape(view.title(one.system)) for one in systems if one.as_of is None]
    st.caption(
        f"{cost_head.age(min(known, default=None))} The dollars of the window, split by the sizes in it; the free tier is in neither part."
        + (f" Not in the snapshot, so all shared: {', '.join(absent)}." if absent else "")
    )
    _tiles(systems)
    _by_system(view, systems)
    _apart(view, systems)
    _tenants(view, systems)
    _how(found)


def _tiles(systems: Sequence[SystemAttribution]) -> None:
    """All systems together. Users of two chatbots are two."""
    own, records = sum(one.of_conversations_usd for one in systems), sum(one.of_records_usd for one in systems)
    shared = sum(one.shared_usd for one in systems)
    complete = all(one.complete for one in systems)
    with st.grid(4, min_column_width=cost_head.TILE_WIDTH, gap="small"):
        for title, amount, count in (
            (f"{SCALE:,} conversations", own, sum(one.conversations for one in systems)),
            (f"{SCALE:,} messages", own, sum(one.messages for one in systems)),
            (f"{SCALE:,} active users", own + records, sum(one.users for one in systems)),
        ):
            each = amount * SCALE / count if count and amount else None
            below = f"and {usd(shared * SCALE / count)} of what is shared; {count:,} in the window" if count else "none in the window"
            least = "" if complete or each is None else " :orange[At least: amounts are unknown.]"
            cost_view.tile(title, cost_words.brief(each), below.replace("$", "\\$") + f".{least}")
        whole = own + records + shared
        said = f"{usd(own + records)} of {usd(whole)}; the rest is shared" if whole else "No dollars are known"
        cost_view.tile("Attributed", f"{(own + records) / whole:.0%}" if whole else cost_words.UNKNOWN, said.replace("$", "\\$") + ".")


def _by_system(view: View, systems: Sequence[SystemAttribution]) -> None:
    rows = [row(one) for one in systems]
    with cost_view.part("By system", rows, "conversations", view.zone, about="Own dollars; what is shared is not in them."):

        def each(name: str) -> Column:
            values = [row[name] for row in rows]
            return cost_words.usd_column(values, width=105)

        columns = {
            "System": cost_view.texts([view.title(one.system) for one in systems], width=175, pinned=True),
            "A conversation": each("conversation_usd"),
            "A message": each("message_usd"),
            "An active user": each("user_usd"),
            "Conversations": cost_view.counts([one.conversations for one in systems], width=108),
            "Messages": cost_view.counts([one.messages for one in systems], width=82),
            "Active users": cost_view.counts([one.users for one in systems], width=98),
            "Attributed": each("attributed_usd"),
            "Shared": each("shared_usd"),
            "All known": cost_view.texts(["Yes" if one.complete else "No, at least this" for one in systems], width=130),
        }
        cost_view.table(columns, key="cost_by_conversation", alt="Dollars of a conversation, a message and a user by system")


def row(one: SystemAttribution) -> dict[str, Any]:
    known = one.total_usd > 0
    return {
        "system": one.system,
        "conversation_usd": one.conversation.usd if known else None,
        "conversation_shared_usd": one.conversation.shared_usd if known else None,
        "message_usd": one.message.usd if known else None,
        "message_shared_usd": one.message.shared_usd if known else None,
        "user_usd": one.user.usd if known else None,
        "user_shared_usd": one.user.shared_usd if known else None,
        "conversations": one.conversations,
        "messages": one.messages,
        "users": one.users,
        "attributed_usd": one.attributed_usd if known else None,
        "shared_usd": one.shared_usd if known else None,
        "complete": one.complete,
    }


def _apart(view: View, systems: Sequence[SystemAttribution]) -> None:
    """A bar a system: what is of conversations, of records, and what is shared by reason."""
    reasons = list(dict.fromkeys(reason for one in systems for reason in one.shared))
    parts: dict[str, list[float | None]] = {
        "Conversations": [one.of_conversations_usd for one in systems],
        "Records about users": [one.of_records_usd for one in systems],
        **{f"Shared: {reason}": [one.shared.get(reason, 0.0) for one in systems] for reason in reasons},
    }
    parts = {name: values for name, values in parts.items() if any(values)}
    rows = [{"system": one.system} | {name: values[place] for name, values in parts.items()} for place, one in enumerate(systems)]
    with cost_view.part("Attributed and shared", rows, "attributed", view.zone):
        if not parts:
            st.caption("No dollars are known.")
            return
        figure = charts_money.breakdown([cost_words.short(view.title(one.system)) for one in systems], parts, text=cost_words.tick)
        charts.show(figure, key="cost_apart", alt="Dollars by system, attributed and shared")


def _tenants(view: View, systems: Sequence[SystemAttribution]) -> None:
    with_tenants = [one for one in systems if any(tenant.tenant is not None for tenant in one.tenants)]
    if not with_tenants:
        return
    found = sorted(((one.system, tenant) for one in with_tenants for tenant in one.tenants), key=lambda pair: -pair[1].usd)
    rows = [
        {
            "system": system,
            "tenant": one.tenant,
            "usd": one.usd,
            "conversation_usd": one.usd / one.conversations if one.conversations else None,
            "conversations": one.conversations,
            "messages": one.messages,
            "users": one.users,
        }
        for system, one in found
    ]
    about = "A tenant's own dollars, without what is shared. What has no tenant is one row."
    with cost_view.part("By tenant", rows, "tenants", view.zone, about=about):
        shown = rows[:MOST_TENANTS]
        tenants = tables.short([row["tenant"] for row in shown], names())
        columns = {
            "Tenant": cost_view.texts(["No tenant" if name is None else tables.preview(name) for name in tenants], width=200, pinned=True),
            "System": cost_view.texts([view.title(row["system"]) for row in shown], width=130),
            "Dollars": cost_words.usd_column([row["usd"] for row in shown], width=110),
            "A conversation": cost_words.usd_column([row["conversation_usd"] for row in shown], width=125),
            "Conversations": cost_view.counts([row["conversations"] for row in shown], width=115),
            "Messages": cost_view.counts([row["messages"] for row in shown], width=90),
            "Active users": cost_view.counts([row["users"] for row in shown], width=100),
        }
        if len(with_tenants) == 1:
            del columns["System"]
        cost_view.table(columns, key="cost_tenants", alt="Dollars by tenant")
        if len(rows) > MOST_TENANTS:
            st.caption(f"The first {MOST_TENANTS} of {len(rows):,}; all of them are in the data.")


def _how(found: Attribution) -> None:
    """The keys that dollars are split by, plainly."""
    st.subheader("How it is split", anchor=False)
    st.markdown("\n".join(f"- **{_HEADS.get(name, name.capitalize())}**: {text}" for name, text in found.how.items()))
