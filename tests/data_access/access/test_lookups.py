"""How many people one person may look up in an hour."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from data_access.access.lookups import Lookups
from data_access.access.permissions import Role
from data_access.access.viewer import COMMAND_LINE, LOCAL, Viewer
from data_access.errors import Denied

ANA = Viewer("ana", frozenset({Role.SUPPORT}), origin="signed_in", person="0" * 16)
KIM = Viewer("ana", frozenset({Role.SUPPORT}), origin="signed_in", person="1" * 16)


def test_each_has_a_window_of_their_own_whatever_they_are_called(caplog: pytest.LogCaptureFixture) -> None:
    book = Lookups()
    for _ in range(3):
        book.count(ANA, "look_up", 3)
    with caplog.at_level(logging.WARNING, "dynascope.access"), pytest.raises(Denied, match="3 people an hour"):
        book.count(ANA, "look_up", 3)
    assert [record.message for record in caplog.records] == ["Somebody reached the limit of 3 an hour: look_up."]
    book.count(KIM, "look_up", 3)
    book.count(ANA, "export", 3)


def test_a_refused_one_does_not_count_and_more_can_be_allowed() -> None:
    book = Lookups()
    book.count(ANA, "look_up", 1)
    for _ in range(5):
        with pytest.raises(Denied):
            book.count(ANA, "look_up", 1)
    book.count(ANA, "look_up", 2)


def test_on_this_machine_there_is_no_limit() -> None:
    book = Lookups()
    for viewer in (LOCAL, COMMAND_LINE):
        for _ in range(5):
            book.count(viewer, "look_up", 1)


def test_many_at_once_get_no_more() -> None:
    book = Lookups()

    def ask(_: int) -> bool:
        try:
            book.count(ANA, "look_up", 10)
        except Denied:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(80))) == 10
