"""The entry script: page config, viewer, navigation on every run, run. asgi.py serves this file too."""

from __future__ import annotations

import streamlit as st

from pages.ui import access, times
from pages.ui.registry import PAGES

st.set_page_config(page_title="Dynascope", page_icon=":material/forum:", layout="wide")

viewer = access.viewer()
sections: dict[str, list[st.Page]] = {}
for spec in PAGES:
    if viewer.may(spec.role):
        page = st.Page(
            spec.file,
            title=spec.title,
            icon=spec.icon,
            help=spec.help,
            url_path=spec.url_path,
            visibility=spec.visibility,
            default=not sections,
        )
        sections.setdefault(spec.section, []).append(page)

# On every path, before anything can stop the script: until it has run, Streamlit serves page files by its old router.
chosen = st.navigation(sections)
with st.sidebar:
    times.zone_picker()
chosen.run()
