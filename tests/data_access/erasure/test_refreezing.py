"""Keys of what the check found left: each with a guard of its own, as the item was seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from data_access.erasure.model import Scope
from data_access.erasure.refreezing import refreeze
from data_access.erasure.statements import NOBODY
from data_access.erasure.verification import Leftover, Seen
from tests.data_access.erasure.shops import Shop, shop_at

pytestmark = pytest.mark.engine
SCOPE = Scope("u", ("ai_agent",))


@pytest.fixture
def shop(engine_endpoint: str, tmp_path: Path) -> Iterator[Shop]:
    with shop_at(engine_endpoint, tmp_path) as found:
        yield found


def left(shop: Shop, **item: Any) -> Leftover:
    """An item that is there, as the check hands it over."""
    shop.put("ai-agent-sessions", id="s", tenantId="t", **item)
    return Leftover("ai_agent", shop.name("ai-agent-sessions"), {"id": {"S": "s"}, "tenantId": {"S": "t"}}, Seen.STUB, "s")


def test_what_names_nobody_is_guarded_by_naming_nobody_and_by_what_it_says(shop: Shop) -> None:
    """Somebody who takes the key over meanwhile names themselves, or writes something else."""
    (key,), gone = refreeze(shop.workshop.sources, SCOPE, [left(shop, updatedAt="2026-11-20T00:00:00Z", messageCount=3)])
    assert gone == 0
    conditions = dict(key.guard.conditions)
    assert (key.guard.kind, conditions["userId"]) == ("owner_attribute", NOBODY)
    assert {name: wire for name, wire in conditions.items() if name != "userId"} == {
        "messageCount": {"N": "3"},
        "updatedAt": {"S": "2026-11-20T00:00:00Z"},
    }


def test_what_names_the_user_is_guarded_by_the_user(shop: Shop) -> None:
    (key,), _ = refreeze(shop.workshop.sources, SCOPE, [left(shop, userId="u")])
    assert ("userId", {"S": "u"}) in key.guard.conditions


def test_what_is_another_ones_by_now_is_not_frozen(shop: Shop) -> None:
    assert refreeze(shop.workshop.sources, SCOPE, [left(shop, userId="U")]) == ([], 0)


def test_what_is_gone_by_now_is_counted(shop: Shop) -> None:
    one = left(shop, userId="u")
    shop.client.delete_item(TableName=one.table, Key=dict(one.key))
    assert refreeze(shop.workshop.sources, SCOPE, [one]) == ([], 1)
