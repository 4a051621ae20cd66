from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from data_access.masking.masker import Masker
from data_access.masking.settings import MaskingSettings
from tests.data_access.masking import known

MASKER = Masker(MaskingSettings(patterns={"CASE": r"CASE-\d{4,10}", "word": r"secret \w+"}))
ODDS = ("CASE-12345", "secret a", "[e-mail address]", "[word]", "[", "]", " ", "\n", "+", "@", "\\", '"')
PIECES = st.sampled_from([*known.ALL, *known.NATIONAL, *known.INNOCENT, *known.MISTAKEN, *ODDS])
WILD = st.lists(st.one_of(st.text(max_size=12), PIECES, st.text("0123456789 +-()./@a", max_size=20)), max_size=8).map("".join)
# Around a number there is no other digit, nor a separator that leads to one: then it would be another number.
AROUND = st.text(st.characters(exclude_categories=["Cs", "Nd"], exclude_characters="[]\\"), max_size=20).filter(
    lambda text: not any(char.isdigit() or char.isnumeric() for char in text)
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=10), PIECES, WILD
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.one_of(st.text(max_size=5), PIECES), inner, max_size=4)),
    max_leaves=12,
)


@given(AROUND, st.sampled_from(known.ALL), AROUND)
def test_no_known_value_survives(before: str, value: str, after: str) -> None:
    assert value not in MASKER.text(f"{before}{value}{after}")


@given(AROUND, st.sampled_from(known.NATIONAL), AROUND)
def test_no_number_without_a_country_survives_between_spaces(before: str, value: str, after: str) -> None:
    assert value not in MASKER.text(f"{before}\n{value}\n{after}")


@given(
    st.sampled_from(known.CARDS + known.IBANS[:1]),
    st.lists(st.sampled_from("\u200b\u200c\u200d\u2060\ufeff\u00ad\u202e\u0301\x00"), min_size=40, max_size=40),
)
def test_nothing_invisible_hides_a_number(value: str, invisible: list[str]) -> None:
    masked = MASKER.text("".join(char + hidden for char, hidden in zip(value, invisible, strict=False)) + ".")
    assert not any(char.isdigit() for char in masked)


@given(st.sampled_from(known.EMAILS[:4]), st.integers(0, 15))
def test_full_width_is_the_same(value: str, some: int) -> None:
    wide = "".join(chr(ord(char) + 0xFEE0) if (place + some) % 3 else char for place, char in enumerate(value))
    assert "@" not in MASKER.text(wide)
    assert "＠" not in MASKER.text(wide)


@given(WILD)
def test_masking_twice_is_masking_once(text: str) -> None:
    once = MASKER.text(text)
    assert MASKER.text(once) == once


@given(
    st.text(st.characters(exclude_categories=["Nd", "No", "Nl"], exclude_characters="@＠﹫%&"), max_size=200).filter(
        lambda text: "secret" not in text
    )
)
def test_a_text_without_digits_and_signs_is_unchanged(text: str) -> None:
    assert Masker().text(text) is text


@given(JSON, st.booleans())
def test_json_stays_json(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    masked = MASKER.text(text)
    if isinstance(value, dict | list):
        said = json.loads(masked)
        assert type(said) is type(value)
        assert len(said) <= len(value)
    assert MASKER.text(masked) == masked


@given(JSON)
def test_a_value_is_never_a_reason_to_fail_and_is_masked_once(value: Any) -> None:
    once = MASKER.value(value)
    assert MASKER.value(once) == once
    said = json.dumps(once, ensure_ascii=False)
    assert "anna@example.org" not in said


@given(WILD, WILD)
def test_what_is_masked_is_out_of_the_text_in_the_order_of_the_text(one: str, two: str) -> None:
    """What is not masked is as it was, in its order."""
    import re

    text = f"{one} {two}"
    if text.lstrip()[:1] in ("[", "{"):
        return
    at = 0
    for kept in re.split(r"\[(?:e-mail address|phone number|card number|IBAN|digits|masked|CASE|word)\]", MASKER.text(text)):
        found = text.find(kept, at)
        assert found >= at
        at = found + len(kept)
