"""How a list was read and what that cost, in one line that opens to the steps."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from data_access.dynamo.meter import Measured
from data_access.dynamo.plan import Basis, Operation, Plan, Step
from pages.ui import times, untrusted
from pages.ui.untrusted import escape

# Before a number of units, and the sentence that says why.
_HOW_MUCH: Mapping[Basis, str] = {"snapshot": "about ", "table size": "at most ", "guess": "perhaps "}
_WHY: Mapping[Basis, str] = {
    "snapshot": "The estimate is the size of these very items in the snapshot that was read {ago}.",
    "table size": "The estimate is a bound: no read evaluates more than what AWS last counted in the table. A snapshot would say how much.",
    "guess": "The estimate is a guess: neither AWS nor a snapshot has counted these items yet.",
}


def money(usd: float | None) -> str:
    """US dollars, with as many digits as a small read needs."""
    if usd is None:
        return "price not known"
    if usd == 0:
        return "$0"
    if usd < 0.0001:
        return "under $0.0001"
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"


def units(count: float) -> str:
    return f"{count:,.1f}" if count < 100 else f"{count:,.0f}"


def path(plan: Plan) -> str:
    """The access path as a sentence part: Query on TenantUserIndex of ai-agent-sessions, then 12 × Query on …"""
    return ", then ".join(_words(step) for step in plan.steps) or "nothing to read"


def estimated(plan: Plan) -> str:
    """About 12.5 read units, $0.0001: as sure as the plan is."""
    return f"{_HOW_MUCH[plan.basis]}{units(plan.estimated_units)} read units, {money(plan.estimated_usd)}"


def why(plan: Plan) -> str:
    """What the estimate stands on, as a sentence."""
    return _WHY[plan.basis].format(ago=times.ago(plan.sized_at))


def _words(step: Step) -> str:
    # A Scan is one thing however many pages it takes; a Query for each conversation is many.
    often = f"{step.times:,} × " if step.times > 1 and step.operation is not Operation.SCAN else ""
    place = f"{step.index} of {step.table}" if step.index else step.table
    return f"{often}{step.operation.value} {'of' if step.operation is Operation.SCAN else 'on'} {place}"


def show(plan: Plan, measured: Measured | None, *, key: str) -> None:
    """The line above a list. Before the read only the estimate is known."""
    price = f"Estimated {estimated(plan)}"
    if measured is not None:
        least = "at least " if measured.unmetered else ""
        price = (
            f"{price} · measured {least}**{units(measured.units)}**, {money(measured.usd)}, "
            f"in {measured.requests:,} request{'' if measured.requests == 1 else 's'} and {measured.seconds:.2f} s"
        )
    label = f"{escape(path(plan))}  \n{price.replace('$', chr(92) + '$')}"
    with st.expander(label, icon=":material/route:", type="compact", on_change="rerun", key=key) as folded:
        if folded.open:
            st.caption(why(plan))
            _steps(plan, measured.by_place if measured is not None else {})


def _steps(plan: Plan, by_place: Mapping[str, float]) -> None:
    untrusted.table(
        {
            "Operation": [step.operation.value for step in plan.steps],
            "Table": [step.table for step in plan.steps],
            "Index": [step.index for step in plan.steps],
            "Key condition": [step.key_condition for step in plan.steps],
            "Filter": [step.filter for step in plan.steps],
            "Times": [step.times for step in plan.steps],
            "Estimated units": [step.estimated_units for step in plan.steps],
            "Estimated from": [step.basis for step in plan.steps],
            "Measured units": [by_place.get(f"{step.table}/{step.index}" if step.index else step.table) for step in plan.steps],
            "Why": [step.reason for step in plan.steps],
        },
        column_config={
            "Estimated units": st.column_config.NumberColumn(format="%,.1f"),
            "Measured units": st.column_config.NumberColumn(format="%,.1f", help="All that was read of this table or index."),
            "Why": st.column_config.TextColumn(width="large"),
        },
        hide_index=True,
        placeholder="–",
        alt="The steps of this read",
    )
