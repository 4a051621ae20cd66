"""Stored values of every kind that live tables hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_access.items.values import dig, flag, identifier, iso, opened, text, time, to_json

NOON = datetime(2026, 5, 4, 12, 30, 15, tzinfo=UTC)
SECONDS = int(NOON.timestamp())
FINE = NOON + timedelta(milliseconds=123)
DEEP = 5_000


@pytest.mark.parametrize(
    "stored, read",
    [
        ("2026-05-04T12:30:15Z", NOON),
        ("2026-05-04T12:30:15", NOON),
        ("2026-05-04 12:30:15", NOON),
        ("20260504T123015Z", NOON),
        (" 2026-05-04T12:30:15Z\n", NOON),
        ("2026-05-04T14:30:15+02:00", NOON),
        ("2026-05-04T00:30:15-12:00", NOON),
        ("2026-05-05T02:30:15+14:00", NOON),
        ("2026-05-04T12:30:15.123Z", FINE),
        ("2026-05-04T12:30:15.123456789Z", FINE + timedelta(microseconds=456)),
        (" 2026-05-04T14:30:15.123456789+02:00", FINE + timedelta(microseconds=456)),
        ("2026-05-04", NOON.replace(hour=0, minute=0, second=0)),
        (SECONDS, NOON),
        (SECONDS * 1000 + 123, FINE),
        (Decimal(f"{SECONDS}.123"), FINE),
        (Decimal(SECONDS * 1000 + 123), FINE),
        (str(SECONDS), NOON),
        (f"{SECONDS}.123", FINE),
        (str(SECONDS * 1000 + 123), FINE),
        (f" {SECONDS} ", NOON),
        # As text these would also pass for a day of the year 1712 or 1801 with an hour and a minute.
        ("1712123100123", datetime(2024, 4, 3, 5, 45, 0, 123_000, tzinfo=UTC)),
        ("1801011512345", datetime(2027, 1, 27, 0, 58, 32, 345_000, tzinfo=UTC)),
        (0, datetime(1970, 1, 1, tzinfo=UTC)),
        (-1, datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_times_of_every_kind(stored: Any, read: datetime) -> None:
    assert time(stored) == read
    assert time(stored).tzinfo is UTC  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "stored",
    [
        None,
        "",
        " ",
        "yesterday",
        "2026-13-01T00:00:00Z",
        "12345",
        True,
        False,
        [],
        {},
        b"2026",
        Decimal("1E+125"),
        Decimal("-1E+125"),
        10**37,
        "9" * 400,
        "0001-01-01T00:00:00+14:00",
        " 0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "9999-12-31T23:59:59.123456789-12:00 ",
    ],
)
def test_what_is_no_time_is_none(stored: Any) -> None:
    assert time(stored) is None


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="0123456789-:.TZ+ W", max_size=30)
    | st.text(max_size=10)
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
)
def test_a_time_never_raises(stored: Any) -> None:
    read = time(stored)
    assert read is None or read.tzinfo is UTC


@settings(max_examples=200, deadline=None)
@given(st.datetimes(datetime(2000, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)).map(lambda t: t.replace(microsecond=0)))  # noqa: DTZ001
def test_seconds_and_milliseconds_are_the_same_time_as_iso(when: datetime) -> None:
    seconds = int(when.timestamp())
    forms = [seconds, str(seconds), seconds * 1000, str(seconds * 1000), iso(when), iso(when).removesuffix("Z"), when.isoformat()]
    assert [time(form) for form in forms] == [when] * len(forms)


@pytest.mark.parametrize(
    "stored, shown, odd",
    [
        ("plain", "plain", None),
        ("", "", None),
        (None, "", "there is no content"),
        (["a", {"type": "text", "text": "b"}, {"image": 1}], 'a\n\nb\n\n{"image": 1}', "the content is a list"),
        ([], "", "the content is a list"),
        ({"text": "inside"}, "inside", "the content is a map"),
        ({"other": Decimal("1.50")}, '{"other": 1.50}', "the content is of the type dict"),
        (42, "42", "the content is a number"),
        (Decimal("1E-130"), "1E-130", "the content is a number"),
        (True, "true", "the content is of the type bool"),
        (b"\x00\xff", '{"base64": "AP8="}', "the content is of the type bytes"),
    ],
)
def test_content_of_every_type_is_shown(stored: Any, shown: str, odd: str | None) -> None:
    assert text(stored) == (shown, odd)


@pytest.mark.parametrize(
    "stored, read",
    [
        (True, True),
        (False, False),
        ("TRUE", True),
        ("false", False),
        (1, True),
        (Decimal(0), False),
        (2, None),
        ("yes", None),
        (None, None),
    ],
)
def test_flags(stored: Any, read: bool | None) -> None:
    assert flag(stored) is read


@pytest.mark.parametrize(
    "stored, read", [("a", "a"), ("", None), (12, "12"), (Decimal("1.0"), "1.0"), (True, None), (None, None), ([], None), (b"a", None)]
)
def test_identifiers(stored: Any, read: str | None) -> None:
    assert identifier(stored) == read


@pytest.mark.parametrize(
    "stored, read, trouble",
    [
        ({"a": 1}, {"a": 1}, None),
        (None, None, None),
        ('{"a": 1.10}', {"a": Decimal("1.10")}, None),
        ('{"a": 1', '{"a": 1', "it is broken JSON"),
        ("", "", "it is broken JSON"),
        ("NaN", "NaN", "it is broken JSON"),
        ("[" * DEEP, "[" * DEEP, "it is nested too deeply"),
        ("[" * 200 + "]" * 200, "[" * 200 + "]" * 200, "it is nested too deeply"),
        ('{"a":' * 300 + "1" + "}" * 300, '{"a":' * 300 + "1" + "}" * 300, "it is nested too deeply"),
        ("[" + "[]," * 300 + "[]]", [[]] * 301, None),
        ('{"a": "\\ud83d"}', {"a": "\ufffd"}, None),
        ('{"\\uDE00x": 1.50}', {"\ufffdx": Decimal("1.50")}, None),
        ('"\\ud83d\\ude00"', "😀", None),
    ],
)
def test_json_text_is_opened_or_kept_with_a_problem(stored: Any, read: Any, trouble: str | None) -> None:
    assert opened(stored) == (read, trouble)


@settings(max_examples=100, deadline=None)
@given(
    st.recursive(st.none() | st.booleans() | st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_what_was_opened_can_be_written(stored: Any) -> None:
    read, trouble = opened(json.dumps(stored))
    assert trouble is None
    assert json.loads(to_json(read).encode()) == read


@pytest.mark.parametrize(
    "path, found",
    [(("a", "b"), 1), (("j", "b"), 2), (("j", "c", "d"), 3), (("a", "x"), None), (("s", "b"), None), (("l", "b"), None), (("x",), None)],
)
def test_dig_goes_through_maps_and_json_text(path: tuple[str, ...], found: Any) -> None:
    item = {"a": {"b": 1}, "j": '{"b": 2, "c": {"d": 3}}', "s": "text", "l": [1]}
    assert dig(item, path) == found


def test_json_keeps_every_digit() -> None:
    digits = "12345678901234567890123456789012345678"
    value = {"n": int(digits), "d": Decimal("1E-130"), "f": Decimal("0.10"), "b": b"\x01", "t": NOON}
    assert to_json(value) == (f'{{"n": {digits}, "d": 1E-130, "f": 0.10, "b": {{"base64": "AQ=="}}, "t": "2026-05-04T12:30:15Z"}}')


@pytest.mark.parametrize(
    "when, shown",
    [
        (NOON, "2026-05-04T12:30:15Z"),
        (FINE, "2026-05-04T12:30:15.123Z"),
        (FINE + timedelta(microseconds=4), "2026-05-04T12:30:15.123004Z"),
    ],
)
def test_times_are_written_as_short_as_they_are(when: datetime, shown: str) -> None:
    assert iso(when) == shown
