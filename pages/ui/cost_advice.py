"""Advice: what could be saved and what may go wrong, dearest first, and below it what could not be judged, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import streamlit as st

from data_access.costs.advice import Advice, Advised, Share, Skipped, possible_usd
from data_access.costs.advice.model import Rule, Word
from data_access.costs.advice.wording import usd
from data_access.errors import DataAccessError
from pages.ui import cost_filters, cost_head, cost_view, cost_words, load_costs, notices
from pages.ui.cost_view import View
from pages.ui.untrusted import escape, reveal

MOST_CARDS, MOST_REASONS = 12, 100
_COLORS: Mapping[Word, Literal["green", "orange", "gray"]] = {"high": "green", "medium": "orange", "low": "gray"}
_ICONS: Mapping[Rule, str] = {
    "billing mode": "swap_horiz",
    "right size": "straighten",
    "table class": "inventory_2",
    "unused index": "delete",
    "projection": "splitscreen",
    "write-heavy index": "edit_note",
    "time to live": "timer",
    "recovery": "history",
    "large items": "database",
    "hot partition": "local_fire_department",
}


def show(view: View) -> None:
    try:
        found = load_costs.cost_advice()
    except DataAccessError as error:
        notices.show(error, again=load_costs.forget_costs, key="cost_advice_again")
        return
    system = view.asked.system
    advice = [one for one in found.advice if system in (None, one.system)]
    skipped = [one for one in found.skipped if system in (None, one.system)]
    _head(found, advice, skipped)
    _problems(view, found)
    with cost_view.part("What could be done", [row(one) for one in advice], "advice", view.zone):
        if not advice:
            st.caption(
                "Nothing is to be done about what could be judged." if any(one.fine for one in skipped) else "Nothing could be judged."
            )
        for place, one in enumerate(advice[:MOST_CARDS]):
            _card(view, one, place)
        if len(advice) > MOST_CARDS:
            with st.expander(f"{len(advice) - MOST_CARDS} more", on_change="rerun", key="cost_advice_more") as more:
                if more.open:
                    for place, one in enumerate(advice[MOST_CARDS:], MOST_CARDS):
                        _card(view, one, place)
    _skipped(view, "Not judged", [one for one in skipped if not one.fine], "not-judged", "Data or prices are missing: no advice is given.")
    _skipped(view, "Nothing to gain", [one for one in skipped if one.fine], "nothing-to-gain", "Judged, and best left as it is.")


def _head(found: Advised, advice: Sequence[Advice], skipped: Sequence[Skipped]) -> None:
    window = cost_filters.words(found.observed.since, found.observed.until)
    asked = f" Asking CloudWatch for them cost {usd(found.own_usd)}." if found.own_usd else ""
    st.caption(escape(f"By the minutes of {window}, whatever the window above. Dollars are of a month and without the free tier.{asked}"))
    possible = possible_usd(advice)
    risks = sum(one.saving_usd is None for one in advice)
    costs = [one.costs_usd for one in advice if one.costs_usd is not None]
    recovery = f"; recovery would cost {usd(sum(costs))} a month" if costs else ""
    with st.grid(3, min_column_width=cost_head.TILE_WIDTH, gap="small"):
        cost_view.tile(
            "Could be saved a month",
            "unknown" if possible is None else usd(possible),
            "alternatives for one table are counted once",
            about="Of each table the larger of two: its best advice for the whole table, or its indexes' best together.",
        )
        cost_view.tile("Advice", f"{len(advice):,}", escape(f"{len(advice) - risks:,} with a saving, {risks:,} without{recovery}"))
        cost_view.tile("Not judged", f"{sum(not one.fine for one in skipped):,}", "for want of data or prices; the reasons are below")


def _problems(view: View, found: Advised) -> None:
    """What failed here and is not said at the head of the page already."""
    said = {str(problem) for one in (view.month, view.observed) for problem in one.problems}
    cost_head.problems([problem for problem in found.problems if str(problem) not in said])


def _card(view: View, one: Advice, place: int) -> None:
    with st.container(border=True, gap="xsmall", key=f"cost_advice_card_{place}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":material/{_ICONS[one.rule]}: **{escape(one.title)}**", width="stretch")
            _amount(one)
        st.markdown(escape(one.why))
        if one.risk:
            st.caption(f":material/warning: {escape(one.risk)}")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.badge(f"{escape(one.word.capitalize())} confidence, {one.confidence:.2f}", color=_COLORS[one.word], help=escape(one.weighed))
            st.caption(escape(f"{view.title(one.system)} · {one.rule}"), width="content")
        with st.expander("What to do, and what it stands on", type="compact", on_change="rerun", key=f"cost_advice_{place}") as folded:
            if folded.open:
                _details(one)


def _amount(one: Advice) -> None:
    if one.saving_usd is not None:
        st.markdown(escape(f"{usd(one.saving_usd)} less a month"), width="content")
    elif one.risk_usd is not None:
        st.markdown(escape(f"{usd(one.risk_usd)} a month at risk"), width="content")
    elif one.costs_usd is not None:
        st.markdown(escape(f"costs {usd(one.costs_usd)} a month"), width="content")
    else:
        st.markdown("a risk, no number", width="content")


def _details(one: Advice) -> None:
    st.markdown(escape(one.action))
    if one.command is not None:
        st.code(reveal(one.command), language="bash", wrap_lines=True)
    if one.shares:
        cost_view.table(
            _columns(one.shares), key=f"cost_shares_{one.rule}_{one.system}_{one.table}", alt="Reads and writes by table and index"
        )
        st.caption("Units a second of whole minutes. What would be provisioned is simulated autoscaling at 70 %, never below the least.")
    st.markdown("\n".join(f"- {escape(text)}" for text in (*one.stands_on, f"Confidence: {one.weighed}.")))


def _columns(shares: Sequence[Share]) -> dict[str, tuple[Sequence[Any], Any]]:
    places = cost_words.decimals(amount for one in shares for amount in (one.now_usd, one.on_demand_usd, one.provisioned_usd))

    def rates(values: Sequence[float]) -> tuple[Any, Any]:
        return cost_view.texts([f"{value:,.0f}" if value >= 100 else f"{value:.3g}" for value in values], width=85, alignment="right")

    def money(values: Sequence[float]) -> tuple[Any, Any]:
        return cost_words.usd_column(values, places=places, width=105)

    return {
        "Table or index": cost_view.texts([one.index or "the table itself" for one in shares], width=190, pinned=True),
        "Side": cost_view.texts([f"{one.side}s" for one in shares], width=70),
        "Mean": rates([one.mean for one in shares]),
        "99 %": rates([one.p99 for one in shares]),
        "Most": rates([one.most for one in shares]),
        "Provisioned": rates([one.capacity for one in shares]),
        "Least": cost_view.counts([one.least for one in shares], width=70),
        "Used": cost_view.texts([f"{one.used:.1%}" for one in shares], width=75, alignment="right"),
        "Break-even": cost_view.texts(
            [cost_words.UNKNOWN if one.break_even is None else f"{one.break_even:.1%}" for one in shares], width=90, alignment="right"
        ),
        "Now": money([one.now_usd for one in shares]),
        "On demand": money([one.on_demand_usd for one in shares]),
        "Provisioned, $": money([one.provisioned_usd for one in shares]),
        "Refused": cost_view.texts([f"{one.unserved:.3%}" if one.unserved else "none" for one in shares], width=80, alignment="right"),
    }


def _skipped(view: View, title: str, found: Sequence[Skipped], name: str, about: str) -> None:
    """Folded, since there are many; by table, as a list: the reasons are sentences."""
    if not found:
        return
    with st.expander(f"{title}: {len(found):,}", on_change="rerun", key=f"cost_{name}") as folded:
        if not folded.open:
            return
        rows = [{"system": one.system, "table": one.table, "index": one.index, "rule": one.rule, "reason": one.reason} for one in found]
        with cost_view.part(title, rows, name, view.zone, about=about):
            tables: dict[tuple[str, str], list[str]] = {}
            for one in found[:MOST_REASONS]:
                what = one.rule.capitalize() if one.index is None else f"{one.rule.capitalize()}, {one.index}"
                tables.setdefault((one.system, one.table), []).append(f"- {escape(what)}: {escape(one.reason)}")
            for (_, table), reasons in tables.items():
                st.markdown("\n".join([f"**{escape(table)}**\n", *reasons]))
            if len(found) > MOST_REASONS:
                st.caption(f"The first {MOST_REASONS} of {len(found):,}; all of them are in the data.")


def row(one: Advice) -> dict[str, Any]:
    """For a file."""
    return {
        "rule": one.rule,
        "system": one.system,
        "table": one.table,
        "index": one.index,
        "saving_usd_a_month": one.saving_usd,
        "risk_usd_a_month": one.risk_usd,
        "costs_usd_a_month": one.costs_usd,
        "title": one.title,
        "why": one.why,
        "action": one.action,
        "risk": one.risk,
        "confidence": one.confidence,
        "confidence_how": one.weighed,
        "stands_on": " ".join(one.stands_on),
        "command": one.command,
    }
