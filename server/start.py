"""What this server is, asked of the configuration, and whether it may start at all."""

from __future__ import annotations

from functools import cache

import streamlit as st

from data_access.access.start import own_hosts
from data_access.settings import Settings, load_settings
from pages.ui import rules


@cache
def settings() -> Settings:
    """As they were when the server started. Raises SettingsError, SpecError."""
    return load_settings()


def hosts() -> tuple[str, ...]:
    """The names that this server answers to."""
    return own_hosts(settings(), st.get_option)


def is_reached_by_https() -> bool:
    """Whether the sign-in leads back to an https address: then that is where people are. In local mode nobody signs in."""
    return settings().mode == "aws" and str((rules.auth() or {}).get("redirect_uri", "")).startswith("https:")


def refused() -> list[str]:
    """Why this server must not start, a sentence each. Raises SettingsError, SpecError."""
    return rules.refused(settings())
