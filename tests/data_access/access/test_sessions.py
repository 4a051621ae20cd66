"""Sign-ins that are idle, or that were ended in another tab."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from data_access.access import sessions
from data_access.access.sessions import Sessions
from data_access.errors import SignInEnded

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
IDLE = 30.0


def after(**delta: float) -> datetime:
    return NOW + timedelta(**delta)


def test_who_does_something_stays() -> None:
    book = Sessions()
    for minute in range(0, 600, 29):
        book.seen("one", IDLE, after(minutes=minute))


def test_who_is_idle_is_out_and_stays_out() -> None:
    book = Sessions()
    book.seen("one", IDLE, NOW)
    book.seen("two", IDLE, after(minutes=20))
    with pytest.raises(SignInEnded, match="too long"):
        book.seen("one", IDLE, after(minutes=30))
    with pytest.raises(SignInEnded, match="signed out"):
        book.seen("one", IDLE, after(minutes=31))
    book.seen("two", IDLE, after(minutes=31))


def test_a_page_that_asks_by_itself_keeps_no_sign_in_open() -> None:
    book = Sessions()
    book.seen("one", IDLE, NOW)
    for minute in range(1, 30):
        book.seen("one", IDLE, after(minutes=minute), active=False)
    with pytest.raises(SignInEnded):
        book.seen("one", IDLE, after(minutes=30), active=False)


def test_a_page_that_was_opened_and_left_is_idle_too() -> None:
    book = Sessions()
    for minute in (0, 29):
        book.seen("one", IDLE, after(minutes=minute), active=False)
    with pytest.raises(SignInEnded):
        book.seen("one", IDLE, after(minutes=31), active=False)


def test_an_end_in_one_tab_is_the_end_in_all() -> None:
    book = Sessions()
    book.seen("one", IDLE, NOW)
    book.end("one", after(seconds=1))
    for active in (True, False):
        with pytest.raises(SignInEnded):
            book.seen("one", IDLE, after(seconds=2), active=active)
    book.seen("two", IDLE, after(seconds=2))


def test_an_end_before_the_first_look_counts() -> None:
    book = Sessions()
    book.end("one", NOW)
    with pytest.raises(SignInEnded):
        book.seen("one", IDLE, after(hours=23))


def test_without_a_name_there_is_no_session() -> None:
    with pytest.raises(SignInEnded):
        Sessions().seen("", IDLE, NOW)


def test_it_is_bounded_and_the_newest_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_MOST", 10)
    book = Sessions()
    for number in range(100):
        book.seen(str(number), IDLE, after(seconds=number))
        book.end(f"ended {number}", after(seconds=number))
    with pytest.raises(SignInEnded):
        book.seen("ended 99", IDLE, after(seconds=100))
    with pytest.raises(SignInEnded):
        book.seen("99", IDLE, after(minutes=60))


def test_what_is_forgotten_after_a_day_is_older_than_any_sign_in() -> None:
    book = Sessions()
    book.end("one", NOW)
    with pytest.raises(SignInEnded):
        book.seen("one", IDLE, after(hours=24))
    book.seen("one", IDLE, after(hours=24, seconds=1))  # identity.py has refused it long before: session_hours is at most 24


def test_from_many_threads() -> None:
    book, ended = Sessions(), list[str]()

    def ask(number: int) -> None:
        for step in range(200):
            name = str(step % 20)
            if number == 0 and step == 100:
                book.end("7", NOW)
            try:
                book.seen(name, IDLE, NOW)
            except SignInEnded:
                ended.append(name)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(ended) == {"7"}
