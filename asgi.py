"""The server: app.py with all that stands around it, from the security headers to the worker of erasures (server/).

`make run` and production start this file (`streamlit run asgi.py`). `streamlit run app.py` works too, with the same pages and
the same roles, and without what is here.
"""

from __future__ import annotations

import streamlit as st
from starlette.middleware import Middleware
from streamlit.runtime.pages_manager import PagesManager

from server.browser import BrowserCookie, SecureCookies
from server.closed import ClosedDoors
from server.download import DOWNLOAD
from server.first_page import FirstPage
from server.headers import SecurityHeaders
from server.health import HEALTH
from server.hosts import TrustedHosts
from server.life import lifespan
from server.origins import OwnOrigin
from server.return_to import ReturnTo
from server.trouble import Trouble, script_failed

# app.py calls st.navigation on every run. Until a first session has done so, Streamlit would serve deep links by its old
# router of the folder pages/, and greet them with "Page not found".
PagesManager.uses_pages_directory = False

# The first is the outermost: whoever refuses, the headers are on the refusal.
AROUND = (SecurityHeaders, Trouble, TrustedHosts, OwnOrigin, ClosedDoors, SecureCookies, BrowserCookie, FirstPage, ReturnTo)

app = st.App(
    "app.py",
    lifespan=lifespan,
    routes=[*HEALTH, DOWNLOAD],
    middleware=[Middleware(piece) for piece in AROUND],
    on_script_error=script_failed,
)
