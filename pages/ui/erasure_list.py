"""All erasures: what is under way in the open, the rest in a table. An erasure is in the address by its plan's id, which tells nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from functools import partial
from zoneinfo import ZoneInfo

import pyarrow as pa
import streamlit as st

from data_access.actions import erasures
from data_access.actions.erasures import Desk
from data_access.counts import some
from data_access.erasure.model import ENDED, Job, State
from data_access.errors import DataAccessError
from pages.ui import erasure_progress, erasure_states, notices, times, untrusted
from pages.ui.asking import asking
from pages.ui.erasure_words import BACK, WORDS, due, due_day, due_plain, is_open, scope, short, word
from pages.ui.untrusted import code, escape

PARAMETER = "plan"
MOST = 100
# While something runs; a busy list need not be as lively as one job.
WATCH_SECONDS = 1.5
ROW_PIXELS = 35
VISIBLE_ROWS = 15
_PLAN_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


def chosen() -> str | None:
    """The plan that the address names; an empty text where it names something that is none."""
    given = st.query_params.get(PARAMETER)
    if given is None:
        return None
    return given if _PLAN_ID.fullmatch(given) else ""


def leave() -> None:
    """Back to the list. For callbacks."""
    st.query_params.pop(PARAMETER, None)


def show(desk: Desk, titles: Mapping[str, str], zone: ZoneInfo) -> None:
    """Raises DataAccessError."""
    jobs = erasures.listed(asking(), desk, MOST)
    if not jobs:
        notices.empty(
            "Nobody has asked for an erasure yet",
            "Look a person up, and make a plan there: it says what would go before anything goes.",
            icon="auto_delete",
        )
        return
    under_way = [job for job in jobs if job.state not in ENDED and job.state is not State.DRAFT]
    if any(is_open(job) for job in under_way):
        erasure_states.no_worker(desk.settings)
    if under_way:
        st.subheader("Under way", anchor=False)
        # The clock runs only while somebody works, or is about to.
        lively = any(is_open(job) for job in under_way)
        st.fragment(_watch, run_every=WATCH_SECONDS if lively else None)(desk, _look(under_way), titles, zone)
    rest = [job for job in jobs if job not in under_way]
    if rest:
        if under_way:
            st.subheader("Drafts and ended", anchor=False)
        _table(rest, titles, zone)
    if len(jobs) == MOST:
        st.caption(f"The {MOST} newest.")


def _look(jobs: Sequence[Job]) -> tuple[tuple[str, str], ...]:
    return tuple((job.plan_id, word(job).label) for job in jobs)


def _watch(desk: Desk, seen: tuple[tuple[str, str], ...], titles: Mapping[str, str], zone: ZoneInfo) -> None:
    if chosen() is not None:
        st.rerun()  # one of them was opened, which is not this fragment's to show
    try:
        by = asking()
        jobs = [erasures.status(by, desk, plan_id) for plan_id, _ in seen]
    except DataAccessError as error:
        erasure_states.show(error)
        return
    if any(job.state in ENDED for job in jobs):
        st.rerun()
    for job in jobs:
        _card(job, titles, zone)


def _card(job: Job, titles: Mapping[str, str], zone: ZoneInfo) -> None:
    said = word(job)
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f"{said.badge} {some(job.plan.keys, 'item')} · {scope(job.plan.scope, titles)}")
            # A link to the page that is open would leave the plan out of the address.
            st.button(
                "Open", icon=":material/arrow_forward:", key=f"erasures_open_{job.plan_id}", help=f"Erasure {escape(short(job.plan_id))}",
                on_click=_choose, args=(job.plan_id,),
            )  # fmt: skip
        facts = [
            f"Received {times.moment(job.received_at, zone)}, {times.ago(job.received_at)}",
            f"due {due(job, zone)}",
            f"asked for by {code(job.plan.requested_by)}",
        ]
        if job.approved_by is not None:
            facts.append(f"approved by {code(job.approved_by)}")
        st.caption(" · ".join(facts))
        if is_open(job):
            erasure_progress.bar(job)


def _table(jobs: Sequence[Job], titles: Mapping[str, str], zone: ZoneInfo) -> None:
    now = times.now()
    texts, counts = pa.string(), pa.int64()
    labels = [word(job).label for job in jobs]
    moments = pa.timestamp("us", tz="UTC")

    def total(job: Job, what: str) -> int:
        return sum(int(getattr(row, what)) for row in job.progress)

    shown = pa.table(
        {
            "open": pa.array([f"{short(job.plan_id)} ›" for job in jobs], texts),
            "state": pa.array([[label] for label in labels], pa.list_(texts)),
            "received": pa.array([job.received_at.astimezone(UTC) for job in jobs], moments),
            "due": pa.array([due_day(job, zone) for job in jobs], texts),
            "late": pa.array([due_plain(job, now) for job in jobs], texts),
            "planned": pa.array([job.plan.keys for job in jobs], counts),
            "deleted": pa.array([total(job, "deleted") for job in jobs], counts),
            "absent": pa.array([total(job, "absent") for job in jobs], counts),
            "by": pa.array([job.plan.requested_by for job in jobs], texts),
            "approved": pa.array([job.approved_by for job in jobs], texts),
            "ended": pa.array([job.ended_at for job in jobs], moments),
            "systems": pa.array([", ".join(titles.get(name, name) for name in job.plan.scope.systems) for job in jobs], texts),
        }
    )
    clock = partial(st.column_config.DatetimeColumn, width=128, format="YYYY-MM-DD HH:mm", timezone=zone.key)
    key = f"erasures_{hash(tuple((job.plan_id, label) for job, label in zip(jobs, labels, strict=True))) & 0xFFFFFFFF:x}"
    known = list(dict.fromkeys(labels))
    colours = {said.label: said.colour for said in (*WORDS.values(), BACK)}
    shades = [colours.get(one, "gray") for one in known]
    untrusted.table(
        shown,
        column_config={
            "open": st.column_config.ButtonColumn(
                "Erasure", width=128, pinned=True, type="tertiary", alignment="left", key=f"{key}_open", on_click=_open,
                args=(f"{key}_open", tuple(job.plan_id for job in jobs)),
            ),
            "state": st.column_config.MultiselectColumn("State", width=178, options=known, color=shades),
            "received": clock("Received"),
            "due": st.column_config.TextColumn(
                "Due", width=160 if any(job.extension for job in jobs) else 96,
                help="One month after the request came in; three where it was extended.",
            ),
            "late": st.column_config.TextColumn("Time left", width=128),
            "systems": st.column_config.TextColumn("Systems", width=220),
            "planned": st.column_config.NumberColumn("Planned", width=84, format="localized"),
            "deleted": st.column_config.NumberColumn("Deleted", width=84, format="localized"),
            "absent": st.column_config.NumberColumn("Gone before", width=100, format="localized"),
            "by": st.column_config.TextColumn("Asked for by", width=110),
            "approved": st.column_config.TextColumn("Approved by", width=104),
            "ended": clock("Ended"),
        },
        hide_index=True,
        height=ROW_PIXELS * (min(len(jobs), VISIBLE_ROWS) + 1) + 3,
        row_height=ROW_PIXELS,
        placeholder="–",
        key=key,
        alt="Erasures",
    )  # fmt: skip


def _open(click: str, plan_ids: tuple[str, ...]) -> None:
    row = st.session_state[click].row
    if 0 <= row < len(plan_ids):
        _choose(plan_ids[row])


def _choose(plan_id: str) -> None:
    st.query_params[PARAMETER] = plan_id
