"""Who a browser is, from its cookie."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from data_access.handover.browser import COOKIE, new_browser
from pages.ui import access


def test_a_browser_is_its_cookie(monkeypatch: pytest.MonkeyPatch) -> None:
    identity = new_browser()
    monkeypatch.setattr(access.st, "context", SimpleNamespace(cookies={COOKIE: identity}))
    assert access.browser_identity() == identity


@pytest.mark.parametrize("cookies", [{}, {COOKIE: ""}, {COOKIE: "me"}, {COOKIE: "é" * 43}, {"other": "A" * 43}])
def test_without_one_it_is_nobody(monkeypatch: pytest.MonkeyPatch, cookies: dict[str, str]) -> None:
    monkeypatch.setattr(access.st, "context", SimpleNamespace(cookies=cookies))
    assert access.browser_identity() is None
