"""Many small updates do not leave many small files, and no row is lost when they are put together."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from data_access.snapshot.store import Store
from data_access.snapshot.sync import sync
from data_access.snapshot.weave import _SMALL_FILES  # pyright: ignore[reportPrivateUsage]
from tests.data_access.conftest import OpenSource
from tests.data_access.layouts import items, put
from tests.data_access.snapshot.conftest import load_lasting
from tests.data_access.snapshot.test_rows import agree

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.usefixtures("always_update")


def test_small_files_are_put_together(dynamodb: DynamoDBClient, open_source: OpenSource, store: Store) -> None:
    known = load_lasting(dynamodb, "ai_agent")
    source = open_source("ai_agent")
    sync(source, store)
    newest = max(known, key=lambda talk: talk.last_activity_at)
    most = 0
    for number in range(1, _SMALL_FILES + 5):
        later = timedelta(days=number)
        turns = tuple(replace(turn, sent_at=turn.sent_at + later) for turn in newest.turns)
        put(dynamodb, items(replace(newest, conversation_id=f"{newest.conversation_id}-{number}", turns=turns)))
        assert sync(source, store).new_rows == len(turns)
        most = max(most, len(store.states()["ai_agent"].files["messages"]))
    files = len(store.states()["ai_agent"].files["messages"])
    assert most <= _SMALL_FILES + 1
    assert files < _SMALL_FILES + 5
    agree(source, store)
