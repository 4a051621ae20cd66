"""How hypothesis looks for cases, for every test."""

from __future__ import annotations

from hypothesis import settings


def test_no_case_fails_by_the_clock() -> None:
    assert settings.default is not None
    assert settings.default.deadline is None
