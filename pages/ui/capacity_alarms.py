"""Alarms worth having, with the command for each. Nothing is made here: this dashboard only reads."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from data_access.capacity.alarms import Alarm, suggest
from pages.ui.capacity_view import View
from pages.ui.untrusted import escape, reveal

ACCOUNT = "The account"


def show(view: View) -> None:
    st.subheader("Suggested alarms", anchor=False)
    st.caption(
        "No action is set: such an alarm turns red in CloudWatch and tells nobody. Add `--alarm-actions` and the ARN of an SNS topic to be"
        " told. Thresholds come from what is provisioned, and from this time's usual latency; a Sum is over the alarm's whole period."
    )
    found = alarms(view)
    if not found:
        st.caption("No table could be described, so there is nothing to suggest.")
        return
    key = "capacity_alarms_of"
    if st.session_state.get(key) not in found:
        st.session_state[key] = next(iter(found))
    chosen = st.selectbox(
        "Of",
        list(found),
        format_func=lambda name: f"{reveal(name)}: {len(found[name])} alarm{'' if len(found[name]) == 1 else 's'}",
        key=key,
        persist_state="session",
        width=460,
    )
    for alarm in found[chosen]:
        with st.container(gap="xxsmall"):
            st.markdown(f"**{escape(alarm.name)}**  \n:small[{escape(alarm.why)}]")
            st.code(reveal(alarm.command), language="bash", wrap_lines=True)


def alarms(view: View) -> dict[str, Sequence[Alarm]]:
    """By table, by index, and of the account: once for each Region."""
    found: dict[str, list[Alarm]] = {}
    for report in view.reports:
        regions = [table.live.region for table in report.tables]
        for alarm in suggest(report, regions[0]) if regions else ():
            metric = alarm.metric
            if metric.table is None:
                name = f"{ACCOUNT} in {alarm.region}"
            elif not view.has(metric.table):
                continue
            else:
                name = f"{metric.table} · {metric.index}" if metric.index else metric.table
            into = found.setdefault(name, [])
            if all(alarm.command != other.command for other in into):
                into.append(alarm)
    # The account last: what is of one table is what is looked for.
    return {name: found[name] for name in sorted(found, key=lambda name: name.startswith(ACCOUNT))}
