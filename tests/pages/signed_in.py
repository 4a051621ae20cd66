"""aws mode for page tests: settings that give roles to groups, and the claims of people who signed in."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data_access.access.permissions import Role
from data_access.access.settings import AccessSettings
from data_access.settings import Settings
from pages.ui import load, rules

ISSUER = "https://accounts.example.com"
ACCESS = AccessSettings(groups={f"{role.value}-team": frozenset({role}) for role in Role})
AUTH = {"auth": {"client_id": "dynascope", "cookie_secret": "-", "redirect_uri": "https://dash.example.com/oauth2callback"}}


def to_aws(monkeypatch: pytest.MonkeyPatch, access: AccessSettings = ACCESS, refused: tuple[str, ...] = ()) -> Settings:
    """The settings of the test, in aws mode with these roles. Whether such a server may start is another test's question."""
    settings = replace(load.settings(), mode="aws", access=access)
    load.settings.clear()
    monkeypatch.setattr(load, "load_settings", lambda: settings)
    monkeypatch.setattr(rules, "refused", lambda _: refused)
    return settings


def claims(subject: str, *groups: str, **others: Any) -> dict[str, Any]:
    """What Streamlit has of somebody who signed in now."""
    now = int(time.time())
    named = {"iss": ISSUER, "sub": subject, "iat": now, "exp": now + 3_600, "preferred_username": subject, "provider": "default"}
    return {"is_logged_in": True, **named, "nonce": subject, "groups": list(groups), **others}


def of(role: Role) -> dict[str, Any]:
    return claims(f"{role.value}.person", f"{role.value}-team")


def door(app: AppTest) -> str:
    """What stands in the place of the page: "sign in", "signed out", "no role", "refusal", "wrong" or the "page" itself."""
    said = "\n".join(str(element.value) for element in (*app.markdown, *app.warning))
    marks = {
        "**Sign in to see": "sign in",
        "**You are signed out**": "signed out",
        "and have no role here**": "no role",
        "Your role does not open this page": "refusal",
        "**The configuration is wrong**": "wrong",
    }
    return next((name for mark, name in marks.items() if mark in said), "page")
