"""Names of files: nothing of an id leaves its place in them, and two ids keep two names."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from data_access.file_names import LIMIT, safe_name

PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")


@pytest.mark.parametrize("text", ["a", "cg-2026_10", "0b7cb0a1-9f9b-4d7b-8d4c-1d2e3f4a5b6c", "conversations-ai_agent"])
def test_a_harmless_name_stays(text: str) -> None:
    assert safe_name(text) == text
    assert safe_name(text, "csv") == f"{text}.csv"


@pytest.mark.parametrize(
    "text, begins",
    [
        ("../../etc/passwd", "etc-passwd-"),
        ("..\\..\\win.ini", "win-ini-"),
        ('a"; filename="evil.exe', "a-filename-evil-exe-"),
        ("a\r\nSet-Cookie: x=1", "a-Set-Cookie-x-1-"),
        ("invoice\u202egpj.exe", "invoicegpj-exe-"),
        ("CON", "CON-"),
        ("lpt1", "lpt1-"),
        (".htaccess", "htaccess-"),
        ("-rf", "rf-"),
        ("a.csv\0.exe", "a-csv-exe-"),
        ("Çağla", "Cagla-"),
    ],
)
def test_a_hostile_one_is_changed_and_says_so(text: str, begins: str) -> None:
    assert re.fullmatch(re.escape(begins) + "[0-9a-f]{8}", safe_name(text))


def test_nothing_left_is_a_hash() -> None:
    assert re.fullmatch("[0-9a-f]{8}", safe_name(""))
    assert re.fullmatch("[0-9a-f]{8}", safe_name("../.."))
    assert re.fullmatch("[0-9a-f]{8}", safe_name("中文"))


def test_what_may_not_be_shown_still_counts() -> None:
    assert safe_name("alice-1", instead="-1") != safe_name("bob-1", instead="-1")
    assert "alice" not in safe_name("alice-1", instead="-1")


@given(st.text(max_size=200))
@example("\ud800")
def test_every_name_is_plain(text: str) -> None:
    name = safe_name(text, "json")
    stem = name.removesuffix(".json")
    assert PLAIN.fullmatch(stem)
    assert len(stem) <= LIMIT + 9
    assert safe_name(text, "json") == name


@given(st.text(max_size=60), st.text(max_size=60))
def test_two_texts_keep_two_names(one: str, other: str) -> None:
    if one != other:
        assert safe_name(one).lower() != safe_name(other).lower() or one.lower() == other.lower()
