"""Cells of the list: short, one line, and never two ids that look the same."""

from __future__ import annotations

from pages.ui import reading, tables, untrusted


def test_previews_are_one_line_without_controls() -> None:
    assert tables.preview("one\n\n two\tthree \x00") == "one two three <U+0000>"
    assert tables.preview("pay \u202eevil\u202c now") == "pay <U+202E>evil<U+202C> now"
    assert tables.preview(None) == ""
    cut = tables.preview("x" * 500)
    assert len(cut) == tables.PREVIEW_CHARACTERS
    assert cut.endswith("…")
    assert tables.preview("مرحبا بكم") == "مرحبا بكم"


def test_ids_that_would_look_the_same_stay_whole() -> None:
    alike = ["ap-southeast-2:0000-AAAA-000000001", "ap-southeast-2:0000-BBBB-000000001", "user-1", None]
    assert tables.short(alike) == alike
    lone = "ap-southeast-2:0000-CCCC-000000002"
    short = tables.short([lone, lone])
    assert short[0] == short[1] == "ap-south…000000002"


def test_labels_hold_no_markdown_of_names() -> None:
    assert untrusted.escape("a_b [c](http://d) $e$ `f`") == r"a\_b \[c\]\(`http://d`\) \$e\$ \`f\`"


def test_money_says_what_it_can() -> None:
    assert reading.money(None) == "price not known"
    assert reading.money(0) == "$0"
    assert reading.money(0.00001) == "under $0.0001"
    assert reading.money(0.01234) == "$0.0123"
    assert reading.money(12.5) == "$12.50"
