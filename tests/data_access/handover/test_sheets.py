"""Cells that a spreadsheet would run get an apostrophe; all others come back as they were."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_access.handover.sheets import CUT, MOST_UNITS, Sheet, safe_cell, short_cell


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
        "\u202e=1",
        "\x0b=1",
        "\x1f\x00=1",
        "\u2060\u200f @x",
        "\ufeff\tx",
        " \rx",
        "\0",
    ],
)
def test_a_formula_is_made_text(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "1-2", "'=1", " ", "héllo", "“=1”", "\u202e1"])
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


BLANK = st.text(st.sampled_from(" \u00a0\u3000\ufeff\u200b\u200e\u202e\u2060\x0b\x0c\x1f"), max_size=4)


@given(BLANK, st.sampled_from("=+-@\uff1d\uff0b\uff0d\uff20"), st.text(max_size=12))
def test_no_blank_hides_a_formula(blank: str, sign: str, rest: str) -> None:
    assert safe_cell(f"{blank}{sign}{rest}") == f"'{blank}{sign}{rest}"


@given(st.text(st.sampled_from(" \ufeff"), max_size=3), st.sampled_from("\t\r\n\0"), st.text(max_size=12))
def test_a_control_at_the_beginning_is_enough(blank: str, control: str, rest: str) -> None:
    assert safe_cell(f"{blank}{control}{rest}").startswith("'")


@given(st.text(max_size=40))
def test_nothing_else_is_done_to_a_cell(text: str) -> None:
    assert safe_cell(text) in (text, f"'{text}")
    assert safe_cell(safe_cell(text)) == safe_cell(text), "an apostrophe is not a formula"


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("letter", ["x", "é", "\U0001f600"])
def test_no_cell_is_longer_than_a_spreadsheet_can_hold(letter: str) -> None:
    """What is too long would go on in a cell of its own, and begin there with whatever somebody wrote."""
    whole = letter * (MOST_UNITS // units(letter))
    assert short_cell(whole) == whole
    for text in (f"{whole}=1+1", f"={whole}", letter * 400_000):
        line = Sheet().row([text]).decode()
        ((kept,),) = csv.reader(io.StringIO(line, newline=""))
        assert units(kept) <= MOST_UNITS
        assert kept.endswith(CUT)
        assert safe_cell(text).startswith(kept.removesuffix(CUT))


def test_a_whole_file_is_read_back() -> None:
    """As a spreadsheet reads it: UTF-8 by its mark, every cell quoted, line ends inside cells kept."""
    tokyo = timezone(timedelta(hours=9))
    sheet = Sheet(tokyo)
    rows: list[list[object]] = [
        ['=HYPERLINK("https://e.example","x")', -5, -2.5, Decimal("-1.10"), None],
        ['two\r\nlines; with, "quotes"', True, date(2026, 1, 2), datetime(2026, 1, 1, 23, tzinfo=UTC), ["-a"]],
        ["\ufeff=cmd|'/C calc'!A0", "+1", "@SUM(A1)", "\t=1", "\0x"],
    ]
    data = sheet.header(["=name", "b", "c", "d", "e"]) + b"".join(map(sheet.row, rows))
    assert data.startswith(b'\xef\xbb\xbf"')
    found = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert found == [
        ["'=name", "b", "c", "d", "e"],
        ['\'=HYPERLINK("https://e.example","x")', "-5", "-2.5", "-1.10", ""],
        ['two\r\nlines; with, "quotes"', "True", "2026-01-02", "2026-01-02T08:00:00+09:00", "['-a']"],
        ["'\ufeff=cmd|'/C calc'!A0", "'+1", "'@SUM(A1)", "'\t=1", "'\0x"],
    ]
    assert Sheet().header([]) == b"\xef\xbb\xbf"
