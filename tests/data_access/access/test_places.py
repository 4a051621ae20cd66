"""A place is kept for one browser, for one use and a short time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from data_access.access.places import Place, Places

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)


def test_the_last_place_of_a_browser_is_taken_once() -> None:
    places = Places()
    places.keep("one", Place("usage"), NOW)
    places.keep("one", Place("search", "system=cg"), NOW)
    places.keep("other", Place("costs"), NOW)
    assert places.take("one", NOW) == Place("search", "system=cg")
    assert places.take("one", NOW) is None
    assert places.take("other", NOW) == Place("costs")
    assert places.take(None, NOW) is None


def test_an_old_place_is_none() -> None:
    places = Places()
    places.keep("one", Place("usage"), NOW)
    assert places.take("one", NOW + timedelta(minutes=3)) is None


def test_old_ones_are_forgotten_and_their_number_is_bounded() -> None:
    places = Places()
    for number in range(10_050):
        places.keep(str(number), Place("usage"), NOW)
    assert places.take("0", NOW) is None
    assert places.take("10049", NOW) == Place("usage")
    places.keep("late", Place("usage"), NOW + timedelta(minutes=3))
    assert places.take("10048", NOW) is None
