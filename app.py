"""The entry script: page config, viewer, navigation on every run, run. asgi.py serves this file too."""

from __future__ import annotations

import streamlit as st

from pages.ui import access, address, forgotten, times
from pages.ui.registry import PAGES, ROOT

# The marks are files of ours: a Material icon as the page's icon would be fetched from Google.
st.set_page_config(page_title="Dynascope", page_icon=ROOT / "pages/ui/mark.svg", layout="wide")
st.logo(ROOT / "pages/ui/logo.svg", icon_image=ROOT / "pages/ui/mark.svg", size="large")

viewer = access.viewer()
sections: dict[str, list[st.Page]] = {}
for spec in PAGES:
    if access.is_open(spec.action, viewer):
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
address.enter(chosen.title)
forgotten.settle()
with st.sidebar:
    times.zone_picker()
chosen.run()
