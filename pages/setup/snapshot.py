"""Snapshot: what the copy holds that answers questions about everything, how old it is, and what bringing it up to date costs."""

from __future__ import annotations

import streamlit as st

from data_access.access.permissions import Action
from data_access.errors import AwsError, DataAccessError, SnapshotError, SnapshotOff
from pages.ui import access, held, load, load_snapshot, notices, registry, snapshot_line, syncing, times

# A sync that somebody else began is to be seen here too: a quiet page looks now and then, a busy one every second.
WATCH_SECONDS, QUIET_SECONDS = 1.0, 3.0

viewer = access.require(registry.SNAPSHOT.action)
zone = times.zone()


def start(systems: tuple[str, ...], full: bool) -> None:
    """Begin in the background: this page may be left, closed and opened again."""
    try:
        load_snapshot.start_sync(systems, full)
    except DataAccessError as error:
        st.session_state["snapshot_failed"] = error


title_slot = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
title_slot.title(registry.SNAPSHOT.title)
try:
    settings, sources = load.settings(), load.sources()
    holding, run = load_snapshot.holding(), load_snapshot.sync_now()
except SnapshotOff as error:
    snapshot_line.off(error, "Search and usage")
    st.stop()
except DataAccessError as error:
    notices.show(error, again=load.reopen)
    st.stop()
if not sources:
    notices.empty("No system is enabled.", "Enable one in dynascope.toml.", icon="settings")
    st.stop()
failed: DataAccessError | None = st.session_state.pop("snapshot_failed", None)
if failed is not None:
    notices.show(failed)

titles = {name: source.title for name, source in sources.items()}
may_sync = viewer.may(Action.SYNC)
working = run is not None and run.running
busy = working or holding.elsewhere


@st.fragment(run_every=WATCH_SECONDS if busy else QUIET_SECONDS)
def watch(seen: tuple[int, bool, bool]) -> None:
    """Follow the sync that is at work, whoever began it, and draw the page again when one begins or ends."""
    now = load_snapshot.sync_now()
    running = now is not None and now.running
    other = not running and load_snapshot.busy_elsewhere()
    if (now.number if now else 0, running, other) != seen:
        st.rerun()
    if now is not None and running:
        with st.container(border=True, gap="small"):
            syncing.show(now, titles)
            if may_sync:
                st.button(
                    "Stop",
                    icon=":material/stop_circle:",
                    key="snapshot_stop",
                    disabled=now.stopping,
                    on_click=load_snapshot.stop_sync,
                )
    elif other:
        syncing.elsewhere(load_snapshot.left_half_way(), titles)
    elif now is not None:
        syncing.outcome(now, titles)


# What is at work is not left over.
left = {} if busy else holding.left
systems: list[held.System] = []
for name, title in titles.items():
    coverage = holding.coverage.get(name)
    read_at = coverage.synced_at if coverage else None
    news = whole = trouble = None
    try:
        # What a sync would read tells of whole tables, and is for those who may begin one.
        whole = load_snapshot.estimate(name, True, read_at) if may_sync else None
        news = whole if holding.broken or not may_sync else load_snapshot.estimate(name, False, read_at)
    except (AwsError, SnapshotError) as error:
        trouble = error
    systems.append(held.System(name, title, coverage, holding.bytes.get(name, 0), left.get(name), news, whole, trouble))

rate = settings.scan_rate
limit = "No rate limit: scan_rate in dynascope.toml sets one." if rate is None else f"Scans take at most {rate:,.0f} read units a second."
size = sum(holding.bytes.values())
stored = f"{held.megabytes(size)} on disk. " if size else ""
st.caption(
    "A copy of the conversations, laid out for questions about all of them: search and usage are answered from it, all else is read live."
    f"  \n{snapshot_line.words(holding.coverage, titles, zone)} {stored}{limit}"
)
if holding.broken is not None:
    notices.show(holding.broken)
watch((run.number if run else 0, working, holding.elsewhere and not working))

plans = [one.news for one in systems if one.news is not None]
if plans:
    first = not holding.coverage
    with title_slot:
        st.button(
            f"{'Read everything' if first else 'Refresh all'} · {syncing.price(plans, left)}",
            icon=":material/database:" if first else ":material/refresh:",
            type="primary",
            key="snapshot_all",
            disabled=busy,
            on_click=start,
            args=(tuple(plan.system for plan in plans), holding.broken is not None),
        )
for one in systems:
    held.show(one, zone, start=start, busy=busy)
