"""The inputs of one scenario of the what-if, in four groups. Every field keeps its value while another page is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from data_access.costs.what_if import BOUNDS, IndexChoice, Scenario
from data_access.costs.what_if.items import stored
from data_access.systems.spec import Index, System, Table
from pages.ui.untrusted import escape, reveal

Slot = Literal["a", "b"]
GROUP_WIDTH = 235  # pixels; four beside each other on a wide page, one on a telephone
_OFF = "off"
_PROJECTIONS = {"ALL": "All attributes", "KEYS_ONLY": "Keys only", "INCLUDE": "Some attributes", _OFF: "No index"}
_LAYOUTS = {"spec": "Item by item", "guide": "As the setup guide counts"}
_READ_AT = {"end": "When complete", "growing": "While it grows"}
_CLASSES = {"STANDARD": "Standard", "STANDARD_INFREQUENT_ACCESS": "Standard-IA"}
_BILLING = {"on-demand": "On-demand", "provisioned": "Provisioned"}
_RESERVED = {0: "None", 1: "1 year", 3: "3 years"}
_PRICES = {"today": "Today's", "guide-2024": "Guide prices 2024"}
# Fields that are whole numbers in their widgets, whatever a link says.
_WHOLE = ("conversations", "messages", "message_bytes", "replicas")
_FIELDS = (
    *("layout", "conversations", "messages", "message_bytes", "reads", "read_at", "consistent", "table_class", "region", "billing"),
    *("peak", "reserved_years", "recovery", "replicas", "months", "per_user", "prices"),
)


def key(slot: Slot, field: str) -> str:
    return f"what_if_{slot}_{field}"


def is_filled(slot: Slot) -> bool:
    return key(slot, "system") in st.session_state


def put(slot: Slot, scenario: Scenario) -> None:
    """Fill the fields in. Before they are drawn, or in a callback."""
    state = st.session_state
    state[key(slot, "system")] = scenario.system.id
    for field in _FIELDS:
        value = getattr(scenario, field)
        whole, decimal = field in _WHOLE, field in BOUNDS and field not in _WHOLE
        state[key(slot, field)] = round(value) if whole else float(value) if decimal else value
    state[key(slot, "target")] = round(100 * scenario.target)
    for table_key, table in scenario.system.tables.items():
        for name in table.indexes:
            chosen = scenario.index(table_key, name)
            state[_index_key(slot, scenario.system, table_key, name)] = _OFF if chosen is None else chosen.projection
            if chosen is not None and chosen.projection == "INCLUDE":
                state[f"{_index_key(slot, scenario.system, table_key, name)}_some"] = list(chosen.included)


def ask(slot: Slot, systems: Mapping[str, System], regions: Sequence[str], *, wide: bool) -> Scenario:
    """Draw the fields and read them. What they hold can still be refused: `Scenario.check`."""
    with st.grid(4 if wide else 2, min_column_width=GROUP_WIDTH, gap="small"):
        with _group("Traffic", "forum"):
            system = systems[_choice(slot, "system", "Chatbot", {name: one.title for name, one in systems.items()})]
            layout = _choice(
                slot,
                "layout",
                "Counted",
                _LAYOUTS,
                help="Item by item: what each message writes in this chatbot's layout. The guide counts two writes and its reads of one "
                "unit each, for any conversation.",
            )
            by_item = layout == "spec"
            conversations = _whole(slot, "conversations", "Conversations a month", 1_000)
            messages = _whole(slot, "messages", "Messages a conversation", 1, disabled=not by_item)
            message_bytes = _whole(
                slot,
                "message_bytes",
                "Bytes a message",
                50,
                disabled=not by_item,
                help="Its text and tool calls in UTF-8. Attribute names, ids and times are added by the layout.",
            )
        with _group("Reads", "menu_book"):
            reads = _decimal(slot, "reads", "Reads a conversation", 1.0, help="How often it is read from its first message to its last.")
            read_at = _choice(
                slot,
                "read_at",
                "Read",
                _READ_AT,
                disabled=not by_item,
                help="A chatbot that reads the history before each answer reads it while it grows; a person who opens it later, complete.",
            )
            consistent = _flag(
                slot, "consistent", "Strongly consistent", help="Twice the units. A global index is never read so.", disabled=not by_item
            )
            months = _decimal(slot, "months", "Months of data kept", 1.0, help="What is older is deleted. Storage is of this many months.")
            per_user = 1.0
            if by_item and stored(system).one_a_user:
                per_user = _decimal(
                    slot, "per_user", "Conversations a user a month", 0.5, help="This layout keeps one conversation a user: the last one."
                )
        with _group("Tables", "table_view"):
            region = _choice(slot, "region", "Region", {name: name for name in regions})
            table_class = _choice(slot, "table_class", "Table class", _CLASSES)
            indexes = _indexes(slot, system) if by_item else ()
            replicas = _whole(slot, "replicas", "Replicas in other Regions", 1)
            recovery = _flag(slot, "recovery", "Point-in-time recovery")
        with _group("Capacity", "speed"):
            billing = _choice(slot, "billing", "Billing", _BILLING)
            target, peak, years = _provisioned(slot) if billing == "provisioned" else (None, None, None)
            prices = _choice(
                slot, "prices", "Prices", _PRICES, help="The setup guides' prices are from before November 2024: on demand now costs half."
            )
    usual = Scenario(system)
    return Scenario(
        system,
        layout,
        conversations,
        messages,
        message_bytes,
        reads,
        read_at,
        consistent,
        indexes,
        table_class,
        region,
        billing,
        usual.target if target is None else target,
        usual.peak if peak is None else peak,
        usual.reserved_years if years is None else years,
        recovery,
        replicas,
        months,
        per_user,
        prices,
    )


def _provisioned(slot: Slot) -> tuple[float, float, Any]:
    least, most, title = BOUNDS["target"]
    target = st.number_input(
        f"{title}, %",
        round(100 * least),
        round(100 * most),
        step=5,
        key=key(slot, "target"),
        persist_state="session",
        help="How much of what is provisioned the busiest minutes may use, as auto scaling is set.",
    )
    peak = _decimal(slot, "peak", "Peak to average", 0.5, help="The busiest minutes over the month's average. Capacity is for the peak.")
    years = _choice(slot, "reserved_years", "Reserved capacity", _RESERVED, help="Blocks of 100 units, as many as cost least.")
    return (70 if target is None else target) / 100, peak, years


def _indexes(slot: Slot, system: System) -> tuple[IndexChoice, ...]:
    """One field for each index; what is as the system's file says is no choice."""
    found: list[IndexChoice] = []
    for table_key, table in system.tables.items():
        for name, index in table.indexes.items():
            place = _index_key(slot, system, table_key, name)
            st.session_state.setdefault(place, index.projection)
            projection = st.selectbox(
                f"Index {escape(name)}", list(_PROJECTIONS), format_func=_PROJECTIONS.__getitem__, key=place, persist_state="session"
            )
            if projection == "INCLUDE":
                st.session_state.setdefault(f"{place}_some", list(index.included))
                some = st.multiselect(
                    f"Attributes in {escape(name)}",
                    _includable(table, index),
                    format_func=reveal,
                    key=f"{place}_some",
                    persist_state="session",
                    placeholder="Choose",
                )
                # Nothing beside the keys is what KEYS_ONLY is.
                choice = IndexChoice(table_key, name, "INCLUDE", tuple(some)) if some else IndexChoice(table_key, name, "KEYS_ONLY")
            else:
                choice = IndexChoice(table_key, name, None if projection == _OFF else projection)  # pyright: ignore[reportArgumentType]
            if (choice.projection, choice.included) != (index.projection, tuple(index.included)):
                found.append(choice)
    return tuple(found)


def _includable(table: Table, index: Index) -> list[str]:
    keys = {*table.keys, index.partition_key, index.sort_key}
    return [name for name in table.attributes if "." not in name and name not in keys]


def _index_key(slot: Slot, system: System, table: str, index: str) -> str:
    return f"what_if_{slot}_ix_{system.id}_{table}_{index}"


def _group(title: str, icon: str) -> Any:
    group = st.container(border=True, height="stretch", gap="small")
    group.markdown(f":gray[:material/{icon}:] **{title}**")
    return group


def _choice(slot: Slot, field: str, title: str, options: Mapping[Any, str], **look: Any) -> Any:
    place = key(slot, field)
    if st.session_state.get(place) not in options:
        st.session_state[place] = next(iter(options))
    return st.selectbox(title, list(options), format_func=lambda one: reveal(options[one]), key=place, persist_state="session", **look)


def _whole(slot: Slot, field: str, title: str, step: int, **look: Any) -> int:
    least, most, _ = BOUNDS[field]
    place = key(slot, field)
    value = st.number_input(title, round(least), round(most), step=step, key=place, persist_state="session", **look)
    return round(least) if value is None else value


def _decimal(slot: Slot, field: str, title: str, step: float, **look: Any) -> float:
    least, most, _ = BOUNDS[field]
    place = key(slot, field)
    value = st.number_input(title, float(least), float(most), step=step, format="%g", key=place, persist_state="session", **look)
    value = least if value is None else value
    return int(value) if value == int(value) else value


def _flag(slot: Slot, field: str, title: str, **look: Any) -> bool:
    return st.toggle(title, key=key(slot, field), persist_state="session", **look)
