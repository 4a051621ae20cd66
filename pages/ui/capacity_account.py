"""The account in a Region: its limits, how much of them is provisioned, and the limits that nobody can have raised."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from data_access.capacity.limits import ACCOUNT_UNITS, BURST_SECONDS, DECREASES_A_DAY, MOST_INDEXES, PARTITION_UNITS, TABLE_UNITS
from data_access.capacity.series import Series
from pages.ui import capacity_view, untrusted
from pages.ui.capacity_view import Account, View
from pages.ui.untrusted import escape, reveal

# What the account has, the share of it that is in use, and what it would be by default.
_LIMITS = (
    ("Reads provisioned, all tables", "AccountMaxReads", "AccountProvisionedReadCapacityUtilization", ACCOUNT_UNITS["read"]),
    ("Writes provisioned, all tables", "AccountMaxWrites", "AccountProvisionedWriteCapacityUtilization", ACCOUNT_UNITS["write"]),
    ("Reads of one table", "AccountMaxTableLevelReads", "MaxProvisionedTableReadCapacityUtilization", TABLE_UNITS["read"]),
    ("Writes of one table", "AccountMaxTableLevelWrites", "MaxProvisionedTableWriteCapacityUtilization", TABLE_UNITS["write"]),
)


def show(view: View) -> None:
    for place, account in enumerate(view.accounts):
        name = f"limits-{account.region}" if place == 0 else f"limits-{account.region}-{place}"
        with view.part(f"Account in {escape(account.region)}", _series(account), name, about=_about(view, account)):
            _limits(account, place)
    st.caption(
        f"A partition can do {PARTITION_UNITS['read']:,} read and {PARTITION_UNITS['write']:,} write units a second, whatever its table"
        f" has: all items of one partition key share it. Unused provisioned units of {BURST_SECONDS // 60} minutes can be spent at once."
        f" Provisioned units can be lowered {DECREASES_A_DAY} times a day, and once more in each hour without a decrease."
        f" A table has at most {MOST_INDEXES} global indexes by default."
    )


def _about(view: View, account: Account) -> str:
    titles = ", ".join(view.titles.get(one, one) for one in account.systems)
    return f"All tables of this account and Region, also those of others. Asked for {escape(titles)}."


def _series(account: Account) -> list[tuple[str, Series]]:
    found = account.report.account
    return [(", ".join(account.systems), one) for one in (found.user_errors, *found.limits.values(), *found.utilisation.values())]


def _limits(account: Account, place: int) -> None:
    found = account.report.account
    untrusted.table(
        {
            "Limit": [title for title, *_ in _LIMITS],
            "Units a second": [_latest(found.limits, name) for _, name, _, _ in _LIMITS],
            "By default": [default for *_, default in _LIMITS],
            "In use at most": [_share(found.utilisation, name) for _, _, name, _ in _LIMITS],
        },
        column_config={
            "Units a second": st.column_config.NumberColumn(format="%,d", help="What CloudWatch says of this account."),
            "By default": st.column_config.NumberColumn(format="%,d", help="What an account has that never asked for more."),
            "In use at most": st.column_config.NumberColumn(
                format="percent", help="Provisioned of the limit. A dash where nothing was reported, as where all tables are on demand."
            ),
        },
        hide_index=True,
        placeholder="–",
        key=f"capacity_limits_{place}",
        alt=f"Limits of the account in {reveal(account.region)}",
    )
    errors = found.user_errors
    words = capacity_view.counted([errors])
    wrong = capacity_view.trouble([errors, *found.limits.values(), *found.utilisation.values()])
    st.caption(
        f"User errors in this time: {words}. They are wrong requests of anybody in this account and Region: the metric has no table, so it"
        f" cannot say whose they are.{f' Not known in full: {wrong}.' if wrong else ''}"
    )


def _latest(found: Mapping[str, Series], name: str) -> float | None:
    return found[name].latest


def _share(found: Mapping[str, Series], name: str) -> float | None:
    highest = found[name].peak
    return None if highest is None else highest / 100
