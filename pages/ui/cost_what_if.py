"""What if: one or two scenarios side by side, what each would cost a month, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st

from data_access.costs.prices import PriceBook
from data_access.costs.prices.built_in import regions
from data_access.costs.what_if import Prefilled, Result, Scenario, estimate, prices_of
from data_access.costs.what_if.link import rows
from data_access.dynamo.aws import Source
from data_access.errors import DataAccessError
from pages.ui import cost_what_if_form as form
from pages.ui import cost_what_if_growth, cost_what_if_guide, notices, untrusted, usage_files
from pages.ui import cost_what_if_link as link
from pages.ui import cost_what_if_results as results
from pages.ui.cost_what_if_form import Slot
from pages.ui.untrusted import escape

# The real distribution, with the scenario's other fields.
Known = Callable[[Scenario], Prefilled | None]
_LAST = "what_if_last"
NAMES: Mapping[Slot, str] = {"a": "A", "b": "B"}


def is_linked() -> bool:
    """Whether the address holds a scenario: then the page should open with this part."""
    return link.is_linked()


def show(sources: Mapping[str, Source], book: PriceBook, known_of: Known) -> None:
    """Draw the part: fields, results, charts. For the costs page, inside its tab, once a run, and only while the tab is open.

    `sources` are the enabled systems, one or more; `known_of` says what the snapshot knows of a scenario's system, None where it
    knows nothing (then the fields begin with usual values, and nothing is filled in). Everything of it is kept in session state
    under `what_if_…` and in the address under `a_…` and `b_…`; other parameters are left alone. Failures are shown here: nothing is raised.
    """
    systems = {name: source.place.system for name, source in sources.items()}
    places = sorted({*regions(), *(source.place.region for source in sources.values())})
    first_source = next(iter(sources.values()))
    usual = Scenario(first_source.place.system, region=first_source.place.region)
    known = known_of(usual)
    usual = usual if known is None else known.scenario
    for sentence in link.read(systems, places, usual):
        with st.container(horizontal=True, gap="xsmall"):
            st.markdown(":orange[:material/link_off:]", width="content")
            untrusted.text(sentence)

    beside = _heading()
    if beside and not form.is_filled("b"):
        form.put("b", _asked_before("a") or usual)
    scenarios: dict[Slot, Scenario] = {}
    slots: tuple[Slot, ...] = ("a", "b") if beside else ("a",)
    for slot, column in zip(slots, st.columns(2) if beside else (st.container(),), strict=True):
        with column:
            if beside:
                st.subheader(f"Scenario {NAMES[slot]}", anchor=False)
            scenarios[slot] = form.ask(slot, systems, places, wide=not beside)
            _from_snapshot(slot, scenarios[slot], known_of)
    st.session_state[_LAST] = dict(scenarios)
    link.write(scenarios["a"], scenarios.get("b"), usual)

    found: dict[Slot, Result] = {}
    for slot, scenario in scenarios.items():
        try:
            found[slot] = estimate(scenario, prices_of(scenario, book))
        except DataAccessError as error:
            notices.show(error)
    if not found:
        return
    named = {NAMES[slot]: result for slot, result in found.items()}
    results.totals(named)
    _parts_heading(named)
    results.parts(named)
    results.over_volume(named)
    cost_what_if_growth.show(named, {NAMES[slot]: known_of(result.scenario) for slot, result in found.items()})
    cost_what_if_guide.show(found.get("a") or next(iter(found.values())), book)


def _asked_before(slot: Slot) -> Scenario | None:
    """The other scenario begins as a copy of the first."""
    last: dict[Slot, Scenario] = st.session_state.get(_LAST, {})
    return last.get(slot)


def _heading() -> bool:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(
            "What a month of 730 hours would cost, without the account's free tier. The address of this page holds the fields.",
            width="content",
        )
        return st.toggle("Second scenario beside it", key=link.BESIDE, persist_state="session")


def _from_snapshot(slot: Slot, scenario: Scenario, known_of: Known) -> None:
    """What the snapshot knows of this chatbot, and the button that takes it over."""
    known = known_of(scenario)
    if known is None or scenario.layout == "guide":
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        filled = known.scenario
        st.caption(
            f"In the snapshot, {escape(scenario.system.title)}: {filled.conversations:,} conversations a month, "
            f"{known.messages.mean:,.1f} messages each (95 % up to {known.messages.p95:,.0f}), {known.bytes.mean:,.0f} bytes a message as "
            f"stored, of which {max(0, known.bytes.mean - known.overhead):,.0f} are text and tool calls.",
            width="stretch",
        )
        st.button(
            "Fill in from the snapshot",
            icon=":material/photo_camera:",
            type="tertiary",
            key=form.key(slot, "fill"),
            disabled=filled == scenario,
            on_click=form.put,
            args=(slot, filled),
        )


def _parts_heading(named: Mapping[str, Result]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("What it is for", anchor=False, width="content")
        st.download_button(
            "CSV",
            partial(csv_of, named),
            file_name="what-if.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            key="what_if_csv",
            on_click="ignore",
        )


def csv_of(named: Mapping[str, Result]) -> bytes:
    """A row for each line of each scenario, as a spreadsheet reads it."""
    return usage_files.as_csv([row for name, result in named.items() for row in rows(result, name)], ZoneInfo("UTC"))
