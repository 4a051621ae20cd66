"""Cells that a spreadsheet would run get an apostrophe; all others come back as they were."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_access.handover.sheets import Sheet, safe_cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "\0=1",
        "\ufeff=1",
        "  =1",
        "\u00a0@x",
        "\u200b=1",
        "\uff1d1",
        "\uff20x",
        " \ufeff -2",
    ],
)
def test_a_formula_is_made_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "1-2", "'=1", " ", "héllo", "“=1”", "\u202e=1"])
def test_other_text_is_left_alone(text: str) -> None:
    assert safe_cell(text) == text


def test_a_line_as_it_is_written() -> None:
    sheet = Sheet()
    assert sheet.header(["a", "b"]) == b'\xef\xbb\xbf"a","b"\r\n'
    row = sheet.row(['say "hi",\nthen', None, -5, 2.5, datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC), "=x"])
    assert row == b'"say ""hi"",\nthen","","-5","2.5","2026-05-04T03:02:01Z","\'=x"\r\n'


def test_half_a_surrogate_pair_does_not_break_a_line() -> None:
    assert Sheet().row(["\ud800"]) == b'"?"\r\n'


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=1, max_size=4))
def test_every_cell_comes_back_and_none_runs(cells: list[str]) -> None:
    line = Sheet().row(cells).decode()
    (found,) = csv.reader(io.StringIO(line, newline=""))
    for cell, kept in zip(cells, found, strict=True):
        assert kept in (cell, f"'{cell}")
        assert not kept.lstrip(" \ufeff\u200b\u00a0\u3000").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
