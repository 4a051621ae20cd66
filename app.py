"""The entry script: page config, viewer, navigation on every run, run. asgi.py serves this file too."""

from __future__ import annotations

import streamlit as st

from pages.ui import access, address, forgotten, reveal, sign_in, times
from pages.ui.registry import FIND, PAGES, ROOT

# The marks are files of ours: a Material icon as the page's icon would be fetched from Google.
st.set_page_config(page_title="Dynascope", page_icon=ROOT / "pages/ui/mark.svg", layout="wide")
st.logo(ROOT / "pages/ui/logo.svg", icon_image=ROOT / "pages/ui/mark.svg", size="large")

look = access.look(active=True)
viewer = look.viewer


def entrance() -> None:
    sign_in.show(look)


# Every page has its address for everybody, so that a link says what is the matter and never that there is no such page.
# Whoever has no role gets the sign-in there, and nothing of the page is run.
pages = {
    spec: st.Page(
        spec.file if viewer.roles else entrance,
        title=spec.title if viewer.roles else "Sign in",
        icon=spec.icon,
        help=spec.help,
        url_path=spec.url_path,
        visibility=spec.visibility if access.is_open(spec.action, viewer) else "hidden",
        default=spec is FIND,
    )
    for spec in PAGES
}
sections: dict[str, list[st.Page]] = {}
for spec, page in pages.items():
    sections.setdefault(spec.section, []).append(page)

# On every path, before anything can stop the script: until it has run, Streamlit serves page files by its old router.
chosen = st.navigation(sections, position="sidebar" if viewer.roles else "hidden")
here = next(spec for spec, page in pages.items() if page is chosen)
address.enter(here.title)
sign_in.enter(chosen.url_path)
forgotten.settle()
reveal.settle(viewer)
if viewer.roles:
    with st.sidebar:
        times.zone_picker()
        sign_in.sidebar(viewer)
    sign_in.banner(viewer)
if not viewer.roles or access.is_open(here.action, viewer):
    chosen.run()
elif here is FIND:
    # The first page of everybody is not for this role: its own first one.
    st.switch_page(next(page for spec, page in pages.items() if page.visibility == "visible"))
else:
    access.refuse()
