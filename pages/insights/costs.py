"""Costs: what the tables and their indexes cost, what drives it, what each conversation carries, and what something else would cost."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from data_access.costs.observed import Observed, this_time
from data_access.errors import DataAccessError, UsageError
from pages.ui import (
    access,
    cost_advice,
    cost_filters,
    cost_growth,
    cost_head,
    cost_now,
    cost_talks,
    cost_what_if,
    load_costs,
    load_snapshot,
    notices,
    opening,
    own_cost,
    registry,
    times,
)
from pages.ui.cost_view import View

access.require(registry.COSTS.action)
zone = times.zone()

st.title(registry.COSTS.title)
sources = opening.sources()
try:
    book = load_costs.price_book()
except DataAccessError as error:
    notices.show(error, again=load_costs.price_book.clear)
    st.stop()
opening.look_at_link({name: source.title for name, source in sources.items()}, others=(cost_filters.ALL,))


def seen() -> View | None:
    """What was observed, with the head of the page; None where it could not be asked for, which the page then says."""
    try:
        month = load_costs.costs_observed(free_tier=True)
        observed = month if asked.since is None else load_costs.costs_observed(asked.since, asked.until, free_tier=True)
    except DataAccessError as error:
        notices.show(error, again=None if isinstance(error, UsageError) else load_costs.forget_costs, key="cost_again")
        return None
    last, problems = before(observed)
    view = View(asked, observed, month, sources, zone)
    problems = (*month.problems, *observed.problems, *problems)
    cost_head.problems(list({str(problem): problem for problem in problems}.values()))
    if not month.resources:
        notices.empty("No table could be read, so what it costs is unknown.", "What if works without.")
        return None
    cost_head.show(view, last)
    return view


def before(observed: Observed) -> tuple[Observed | None, Sequence[DataAccessError]]:
    """The last full month, and what failed."""
    if asked.window == cost_filters.LAST_MONTH:
        return observed, ()
    try:
        found = load_costs.costs_observed(*cost_filters.last_month(this_time()), free_tier=True)
    except DataAccessError as error:
        return None, (error,)
    return found, found.problems


asked = cost_filters.ask(sources)
view = seen()
PART, WHAT_IF = "cost_part", "What if"
PARTS = {
    "Now": cost_now.show,
    "By conversation": cost_talks.show,
    "Growth": cost_growth.show,
    "Advice": cost_advice.show,
}
# A link with a scenario opens its part.
if PART not in st.session_state and PART not in st.query_params and cost_what_if.is_linked():
    st.session_state[PART] = WHAT_IF
# A tab that is not open is not computed.
tabs = st.tabs([*PARTS, WHAT_IF], on_change="rerun", key=PART, bind="query-params")
for tab, draw in zip(tabs, PARTS.values(), strict=False):
    if tab.open:
        with tab:
            if view is None:
                st.caption("Unknown: see above.")
            else:
                draw(view)
if tabs[-1].open:
    with tabs[-1]:
        cost_what_if.show(sources, book, load_costs.prefilled)
own_cost.show(load_snapshot.last_sync())
