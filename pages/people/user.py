"""A user: everything that the systems keep of one person, found by exact id; hand it over, or erase it with evidence."""

from __future__ import annotations

from functools import partial

import streamlit as st

from data_access.errors import DataAccessError, UsageError
from pages.ui import (
    access,
    load,
    load_people,
    notices,
    person_erase,
    person_export,
    person_form,
    person_held,
    person_ids,
    person_near,
    person_records,
    person_talks,
    registry,
    times,
    untrusted,
)
from pages.ui.asking import asking

STORED, TALKS, RECORDS, NEAR, EXPORT, ERASE = "Stored", "Conversations", "Records", "Similar ids", "Export", "Erase"

access.require(registry.USER.action)
zone = times.zone()

st.title(registry.USER.title)
person_talks.fulfil()
try:
    sources = load.sources()
    notices.engine(load.engine())
except DataAccessError as error:
    notices.show(error, again=load.reopen)
    st.stop()
if not sources:
    if load.settings().places:
        notices.empty("No system is open to you.", "Ask whoever runs Dynascope to open one.", icon="lock")
    else:
        notices.empty("No system is enabled.", "Enable one in dynascope.toml.", icon="settings")
    st.stop()
titles = {name: source.title for name, source in sources.items()}

asked = person_form.asked(sources)
erasing = asked is not None and st.session_state.get(person_form.PART) == ERASE
if asked is None and st.session_state.get(person_erase.PLAN) is not None:
    # The person is forgotten already; the erasure may still be at its last look.
    person_erase.show(None, sources, zone)
    st.stop()
if erasing and asked is not None:
    # The id is typed from what was asked for, not copied from this page.
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        untrusted.text(f"User {person_ids.masked(asked.user_id)}", width="content")
        st.button("Look up somebody else", icon=":material/person_search:", key="person_leave", on_click=person_form.leave)
else:
    person_form.show(sources)
if asked is None:
    st.caption("An id is compared byte for byte, and stays out of the address and of the log. The look-up itself is in the audit.")
    st.stop()

allowed = person_form.is_allowed(asked)
try:
    with st.spinner("Reading everything of this user", show_time=True):
        looked = load_people.person(asking(), asked.user_id, asked.systems, allowed)
except DataAccessError as error:
    # The same wrong id is wrong the second time, too.
    notices.show(error, again=None if isinstance(error, UsageError) else person_form.again)
    st.stop()
person = looked.person

if not erasing:
    with st.container(gap="xxsmall"):
        person_ids.show(asked.user_id)
alike = st.empty()
if looked.unaudited is not None:
    with st.container(border=True, gap="xsmall"):
        st.markdown(":orange[:material/history_toggle_off:] **This look-up is not in the audit**")
        untrusted.text(str(looked.unaudited))
person_held.unread(person, titles, allow=partial(person_form.allow, asked), again=person_form.again)
if not person.items and st.session_state.get(person_erase.PLAN) is None:
    whole = not person.unread
    notices.empty(
        "Nothing is stored under that id." if whole else "Nothing was found under that id in what could be read.",
        "An id must be exact: capital letters, blanks and look-alike letters count.",
    )
    st.subheader("Ids like this one", anchor=False)
    person_near.show(asked.user_id, titles)
    person_held.show(person, zone)
    st.stop()
person_held.tiles(person, zone, again=person_form.again)

PARTS = {
    STORED: partial(person_held.show, person, zone),
    TALKS: partial(person_talks.show, person, titles, zone),
    RECORDS: partial(person_records.show, person, titles, zone),
    NEAR: partial(person_near.show, asked.user_id, titles),
    EXPORT: partial(person_export.show, person, titles, zone, allow_scan=allowed),
    ERASE: partial(person_erase.show, person, sources, zone),
}
# A tab that is not open is not computed.
for tab, draw in zip(st.tabs(list(PARTS), on_change="rerun", key=person_form.PART), PARTS.values(), strict=True):
    if tab.open:
        with tab:
            draw()
if st.session_state.get(person_form.PART) != NEAR:
    # Every user of the snapshot is compared: all else is there before.
    with alike:
        person_near.warn(asked.user_id, compare=partial(person_form.open_part, NEAR))
