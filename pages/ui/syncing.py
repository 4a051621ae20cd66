"""What a sync does, said while it does it and afterwards; and what the next one would cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from data_access.snapshot.holding import Left
from data_access.snapshot.runner import Run, Stage, Task
from data_access.snapshot.sync import Estimate, Synced
from pages.ui import notices, reading, times, untrusted
from pages.ui.untrusted import escape

_ENDED = (Stage.DONE, Stage.FAILED, Stage.STOPPED)


def price(plans: Sequence[Estimate], left: Mapping[str, Left] | None = None) -> str:
    """Units and dollars for a label. What a read that was cut off has read already is not paid for again."""
    units = usd = 0.0
    known = True
    for plan in plans:
        before = (left or {}).get(plan.system) if plan.full else None
        rest = plan.units if before is None else max(0.0, plan.units - before.units)
        units += rest
        known = known and plan.usd is not None
        usd += (plan.usd or 0.0) * (rest / plan.units if plan.units else 1.0)
    return f"{reading.units(units)} units, {reading.money(usd if known else None)}".replace("$", "\\$")


def show(run: Run, titles: Mapping[str, str]) -> None:
    """A run that is at work: a bar for all of it, and a line for each system."""
    ended = sum(task.stage in _ENDED for task in run.tasks)
    current = next((task for task in run.tasks if task.stage in (Stage.READING, Stage.WRITING)), None)
    share = (ended + (_share(current) if current else 0.0)) / len(run.tasks)
    what = "Reading everything" if run.full else "Syncing"
    doing = f": {_doing(current, titles)}" if current else ""
    st.progress(min(1.0, share), text=f"{'Stopping after this page' if run.stopping else what}{doing}")
    lines = [_line(task, titles) for task in run.tasks]
    st.caption("  \n".join(line for line in lines if line))


def _share(task: Task) -> float:
    # Writing takes about as long as a tenth of the reading; where no share is known the bar waits in the middle.
    return 0.95 if task.stage is Stage.WRITING else 0.9 * (0.5 if task.share is None else task.share)


def _doing(task: Task, titles: Mapping[str, str]) -> str:
    name = escape(titles.get(task.system, task.system))
    share = "" if task.share is None or task.stage is Stage.WRITING else f", {task.share:.0%}"
    return f"{name}, {escape(task.stage.value)}{share}"


def _line(task: Task, titles: Mapping[str, str]) -> str:
    name = escape(titles.get(task.system, task.system))
    match task.stage:
        case Stage.WAITING:
            return f":material/schedule: {name}: waiting"
        case Stage.READING | Stage.WRITING:
            return f":material/sync: {name}: {task.items:,} items, {reading.units(task.units)} read units"
        case Stage.DONE if task.done is not None:
            return f":green[:material/check:] {name}: {_done(task.done)}"
        case Stage.STOPPED:
            return f":orange[:material/stop_circle:] {name}: stopped"
        case _:
            return f":red[:material/error:] {name}: failed"


def _done(done: Synced) -> str:
    rows = f"{done.new_rows:,} new message{'' if done.new_rows == 1 else 's'}, {done.removed_rows:,} gone"
    return f"{rows} · {reading.units(done.units)} read units, {_money(done.usd)}, {times.duration(done.seconds)}"


def _money(usd: float | None) -> str:
    return reading.money(usd).replace("$", "\\$")


def outcome(run: Run, titles: Mapping[str, str]) -> None:
    """A run that has ended: how, a line for each system, and what went wrong, each failure once."""
    failed = {task.error.sentence: task.error for task in run.tasks if task.error is not None and task.stage is Stage.FAILED}
    stopped = [task for task in run.tasks if task.stage is Stage.STOPPED]
    what, icon = ("Everything was read again" if run.full else "The snapshot was refreshed"), ":green[:material/check:]"
    if failed:
        what, icon = "The last sync failed", ":red[:material/error:]"
    elif stopped:
        what, icon = "The last sync was stopped", ":orange[:material/stop_circle:]"
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"{icon} **{what}** :gray[:small[{times.ago(run.ended_at)}]]")
        st.caption("  \n".join(_line(task, titles) for task in run.tasks))
        for notice in dict.fromkeys(task.notice for task in run.tasks if task.notice):
            untrusted.text(notice)
        for remedy in dict.fromkeys(task.error.remedy for task in stopped if task.error is not None):
            st.caption(escape(remedy))
        for error in failed.values():
            notices.say(error)


def elsewhere(left: Mapping[str, Left], titles: Mapping[str, str]) -> None:
    """A sync of another process: a command line, a cron job."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(":blue[:material/sync:] **Another process is syncing**")
        for one in left.values():
            name = escape(titles.get(one.system, one.system))
            st.caption(f"{name}: {one.items:,} items, {reading.units(one.units)} read units, since {times.ago(one.began_at)}")
        st.caption("Its rows are on this page when it is done. Until then the last good state is shown, and no second sync can begin.")
