"""What is to be erased of one person: everything, some systems or tenants, one kind of record, one conversation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.actions.asking import keeps_tenants
from data_access.dynamo.aws import Source
from data_access.erasure.model import Scope
from data_access.people import Person, Summary
from pages.ui import tables, times
from pages.ui.untrusted import reveal

EVERYTHING, KIND, CONVERSATION = "Everything", "One kind of record", "One conversation"


@dataclass(frozen=True, slots=True)
class Wish:
    """A scope, and when the person asked for it, in the zone by whose calendar it is due. `missing`: what has still to be chosen."""

    scope: Scope
    received_at: datetime
    missing: str | None = None


def ask(person: Person, sources: Mapping[str, Source], zone: ZoneInfo) -> Wish:
    """Show the choices; only those that this person's data has."""
    systems = {one.system: sources[one.system].title for one in person.systems if one.system in sources}
    kinds = {kind.kind for one in person.systems for kind in one.records}
    keeps_kinds = [name for name in systems if any("kind" in table.parts() for table in sources[name].place.system.tables.values())]
    talks = [(one.system, talk) for one in person.systems for talk in one.conversations]
    ways = [EVERYTHING, *([KIND] if keeps_kinds else []), *([CONVERSATION] if talks else [])]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        what = st.segmented_control("What", ways, default=EVERYTHING, required=True, key="person_what") or EVERYTHING
        today = times.now().astimezone(zone).date()
        day = st.date_input(
            "Asked for on",
            value=today,
            max_value=today,
            key="person_asked_on",
            format="YYYY-MM-DD",
            width=150,
            help="One month later it is due.",
        )
    received = _moment(day, today, zone)
    if what == CONVERSATION:
        return _conversation(person, talks, systems, received, zone)
    some = keeps_kinds if what == KIND else list(systems)
    chosen = st.multiselect(
        "Systems", some, default=some, format_func=lambda name: reveal(systems[name]), key=f"person_scope_systems_{what == KIND}", width=520
    )
    tenants = sorted({tenant for one in person.systems if one.system in chosen for tenant in one.tenants})
    given = (
        st.multiselect("Tenants", tenants, format_func=reveal, key="person_scope_tenants", placeholder="Every tenant", width=520)
        if tenants
        else []
    )
    data_type = None
    if what == KIND:
        data_type = st.selectbox(
            "Kind",
            sorted(kinds | _kinds(sources, keeps_kinds)),
            format_func=reveal,
            index=None,
            key="person_scope_kind",
            placeholder="Choose",
            width=520,
        )
    # Without a choice it is every tenant that the person was looked up in: some viewers see some tenants only.
    within = person.tenants if any(keeps_tenants(sources[name].place) for name in chosen) else None
    scope = Scope(person.user_id, tuple(name for name in systems if name in chosen), tuple(given) or within, data_type)
    missing = "Choose a system." if not chosen else "Choose a kind." if what == KIND and data_type is None else None
    return Wish(scope, received, missing)


def _conversation(person: Person, talks: list[tuple[str, Summary]], systems: Mapping[str, str], received: datetime, zone: ZoneInfo) -> Wish:
    # Options are canvas text, but a chosen one is looked up by its place: two conversations can have the same words.
    def words(place: int) -> str:
        system, talk = talks[place]
        title = tables.preview(talk.title) or tables.preview(talk.conversation_id)
        return reveal(f"{systems.get(system, system)} · {times.moment(talk.last_activity_at, zone)} · {title[:60]}")

    place = st.selectbox(
        "Conversation",
        range(len(talks)),
        format_func=words,
        index=None,
        key=f"person_scope_talk_{len(talks)}",
        placeholder="Choose",
        width=520,
    )
    if place is None:
        return Wish(Scope(person.user_id, tuple(systems)), received, "Choose a conversation.")
    system, talk = talks[place]
    tenants = None if talk.tenant_id is None else (talk.tenant_id,)
    return Wish(Scope(person.user_id, (system,), tenants, None, talk.conversation_id), received)


def _kinds(sources: Mapping[str, Source], names: list[str]) -> set[str]:
    """The kinds of record that the systems' files know."""
    return {
        kind for name in names for table in sources[name].place.system.tables.values() if "kind" in table.parts() for kind in table.kinds
    }


def _moment(day: date, today: date, zone: ZoneInfo) -> datetime:
    """The start of an earlier day: what is due is due the sooner."""
    # In its zone: a month after the 31st of January is not a month after the 30th, which it still is in UTC.
    return datetime.now(zone) if day >= today else datetime.combine(day, time(), zone)


def in_words(scope: Scope, titles: Mapping[str, str]) -> str:
    """Plain text, and never the id of the person or of a conversation."""
    where = ", ".join(titles.get(name, name) for name in scope.systems)
    what = (
        "One conversation"
        if scope.conversation_id is not None
        else f"Records of the kind {scope.data_type}"
        if scope.data_type
        else "Everything"
    )
    tenants = f", tenant {', '.join(scope.tenants)}" if scope.tenants else ""
    return f"{what} in {where}{tenants}"
