"""A system's tables against its layout, as the tables page shows them. All names here are the operator's, not chats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from data_access.systems.check import IndexHealth, Setting, TableHealth
from pages.ui import untrusted
from pages.ui.untrusted import escape

Colour = Literal["gray", "red", "blue", "green"]


def verdict(tables: Sequence[TableHealth]) -> tuple[str, Colour, str]:
    """Icon, colour and words for a whole system."""
    missing = sum(table.found is False for table in tables)
    if any(table.found is None for table in tables):
        return "help", "gray", "Not known"
    if missing == len(tables):
        return "do_not_disturb_on", "gray", "Not created" if missing > 1 else "Missing"
    if missing:
        return "error", "red", f"{missing} of {len(tables)} tables missing"
    if not all(table.readable for table in tables):
        return "error", "red", "Differs from its layout"
    if any(table.differences for table in tables):
        return "info", "blue", "Usable, with remarks"
    return "check_circle", "green", "As its layout says"


def overview(tables: Sequence[TableHealth]) -> None:
    """One row a table."""
    untrusted.table(
        {
            "Table": [table.name for table in tables],
            "State": [_state(table) for table in tables],
            "Key": [" · ".join(table.keys) for table in tables],
            "Items": [table.items for table in tables],
            "Size": [table.bytes for table in tables],
            "Billing": [table.billing for table in tables],
            "Class": [table.table_class for table in tables],
            "Expiry (TTL)": [_setting(table.expiry) if table.found else None for table in tables],
            "PITR": [_setting(table.recovery) if table.found else None for table in tables],
            "Deletion protection": [table.protection.state if table.found else None for table in tables],
        },
        column_config={
            "Table": st.column_config.TextColumn(width=178, pinned=True),
            "State": st.column_config.TextColumn(width=72),
            "Items": st.column_config.NumberColumn(format="localized", width=72),
            "Size": st.column_config.NumberColumn(format="bytes", width=72),
            "PITR": st.column_config.TextColumn(help="Point-in-time recovery"),
        },
        hide_index=True,
        placeholder="–",
        alt="Tables of this system",
    )


def _state(table: TableHealth) -> str:
    if table.found is None:
        return "not known"
    return (table.status or "").lower() if table.found else "missing"


def _setting(setting: Setting) -> str:
    return setting.state if setting.state == "not known" else str(setting)


def unknowns(tables: Sequence[TableHealth]) -> None:
    """Why a setting is not known: each reason once."""
    for name, settings in (
        ("Expiry", [table.expiry for table in tables if table.found]),
        ("Point-in-time recovery", [table.recovery for table in tables if table.found]),
    ):
        for reason in dict.fromkeys(setting.detail for setting in settings if setting.state == "not known"):
            st.caption(f"{name} is not known: {escape(reason)}.")


def differences(tables: Sequence[TableHealth]) -> None:
    """What is not as the layouts say, a line each; what is the same for several tables is said once."""
    lines: dict[str, None] = {}
    for table in tables:
        for difference in table.differences:
            icon = ":red[:material/error:]" if difference.breaks else ":blue[:material/info:]"
            where = "" if table.found is not True else f"**{escape(table.name)}** "
            lines[f"{icon} {where}{escape(difference.text)}"] = None
    with st.container(gap="xxsmall"):
        for line in lines:
            st.markdown(line)


def indexes(tables: Sequence[TableHealth]) -> None:
    """The global secondary indexes of all tables; nothing where there are none."""
    found: list[tuple[TableHealth, IndexHealth]] = [(table, index) for table in tables for index in table.indexes]
    if not found:
        return
    untrusted.table(
        {
            "Index": [index.name for _, index in found],
            "State": [(index.status or "missing").lower() for _, index in found],
            "Key": [" · ".join(index.keys) for _, index in found],
            "Projects": [index.projection for _, index in found],
            "Items": [index.items for _, index in found],
            "Size": [index.bytes for _, index in found],
            "Of table": [table.name for table, _ in found],
            "In the layout": ["yes" if index.expected else "no, not used" for _, index in found],
        },
        column_config={
            "Index": st.column_config.TextColumn(width=200, pinned=True),
            "State": st.column_config.TextColumn(width=90),
            "Items": st.column_config.NumberColumn(format="localized", width=80),
            "Size": st.column_config.NumberColumn(format="bytes", width=80),
        },
        hide_index=True,
        placeholder="–",
        alt="Indexes of this system",
    )
