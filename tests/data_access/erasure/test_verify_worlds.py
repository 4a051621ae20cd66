"""Whatever lies in the table of messages afterwards, the reader gives each item the class that a second, slower mind gives it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_access.dynamo.aws import Source
from data_access.erasure.verification import Seen
from data_access.erasure.verify import verify
from data_access.items.values import EPOCH
from tests.data_access import layouts
from tests.data_access.erasure.verified import AFTER, BEFORE, CUTOFF, SUBJECTS, erase, erase_all, planned, plant, scope, wire

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MESSAGES = "ai-agent-messages"
ERASED, ITS_TENANT, OTHER_TENANT = "ai_agent-0000", "acme-eu", "acme"
NEW, ITS_NEW_TENANT = "begun-later", "acme"


@dataclass(frozen=True)
class Made:
    """One message. `place` None: an id that nobody planned, else one of the plan."""

    place: int | None
    user: str | None
    session: str | None
    tenant: str | None
    when: str | None

    def item(self, number: int, ids: list[str]) -> dict[str, Any]:
        own = {"id": f"free-{number}" if self.place is None else ids[self.place], "content": "x", "role": "user"}
        more = {"userId": self.user, "sessionId": self.session, "tenantId": self.tenant, "timestamp": self.when}
        return own | {name: value for name, value in more.items() if value is not None}

    def seen(self) -> Seen | None:
        """What the reader must say; None: it is not the subject's."""
        of_plan = self.place is not None
        in_erased = self.session == ERASED and self.tenant in (ITS_TENANT, None)
        in_new = self.session == NEW and self.tenant in (ITS_NEW_TENANT, None)
        if self.user not in (SUBJECTS["ai_agent"], None):
            return None
        if self.user is None and not (of_plan or in_erased or in_new):
            return None
        if self.when is None:
            return Seen.NEW if in_new and not of_plan else Seen.LEFTOVER
        if self.when == BEFORE:
            return Seen.LEFTOVER
        return Seen.LATE if of_plan or in_erased else Seen.NEW


MADE = st.builds(
    Made,
    place=st.none() | st.integers(0, 3),
    user=st.sampled_from([SUBJECTS["ai_agent"], "user-10", "User-1", None]),
    session=st.sampled_from([ERASED, NEW, "nobody-knows", None]),
    tenant=st.sampled_from([ITS_TENANT, OTHER_TENANT, None]),
    when=st.sampled_from([BEFORE, AFTER, None]),
)


@pytest.mark.parametrize("endpoint", [pytest.param("engine", marks=pytest.mark.engine)], indirect=True)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(made=st.lists(MADE, max_size=12))
def test_every_message_gets_its_class(made: list[Made], dynamodb: DynamoDBClient, open_source: Callable[..., Source]) -> None:
    layouts.empty(dynamodb, "ai_agent")
    keys = planned("ai_agent")
    erase_all(dynamodb, keys)
    plant(dynamodb, "ai-agent-sessions", {"id": NEW, "tenantId": ITS_NEW_TENANT, "userId": SUBJECTS["ai_agent"], "createdAt": AFTER})
    ids = [key.key["id"]["S"] for key in keys if key.table == MESSAGES]
    rows = {one.item(number, ids)["id"]: (one, one.item(number, ids)) for number, one in enumerate(made)}
    for _, item in rows.values():
        plant(dynamodb, MESSAGES, item)
    expected = Counter(kind for one, _ in rows.values() if (kind := one.seen()) is not None)
    seen = verify({"ai_agent": open_source("ai_agent")}, scope("ai_agent"), lambda: keys, CUTOFF, settle_seconds=0, patience=0)
    found: Counter[Seen] = Counter()
    for residual in seen.residuals:
        found[residual.kind] += residual.count
    fresh = sum(one.new_activity for one in seen.new_activity if one.table == MESSAGES)
    assert found + Counter({Seen.NEW: fresh}) == expected
    left = {one.key["id"]["S"] for one in seen.leftovers}
    assert left == {name for name, (one, _) in rows.items() if one.seen() in (Seen.LEFTOVER, Seen.LATE)}
    # What is handed over is all that has to go: without it, it is clean.
    erase(dynamodb, ((MESSAGES, wire({"id": name})) for name in left))
    assert verify({"ai_agent": open_source("ai_agent")}, scope("ai_agent"), lambda: keys, CUTOFF, settle_seconds=0, patience=0).clean


@pytest.mark.parametrize("endpoint", ["moto"], indirect=True)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seconds=st.integers(-(10**6), 10**6) | st.sampled_from([0, -1, 1]), zone=st.integers(-12, 14))
def test_the_cutoff_is_one_instant_in_any_zone(
    seconds: int, zone: int, dynamodb: DynamoDBClient, open_source: Callable[..., Source]
) -> None:
    """F18: an offset, or the milliseconds of a number, mean the same moment."""
    layouts.empty(dynamodb, "cg")
    moment = CUTOFF + timedelta(seconds=seconds)
    local = (moment + timedelta(hours=zone)).replace(tzinfo=None).isoformat()
    text = f"{local}{'-' if zone < 0 else '+'}{abs(zone):02d}:00"
    assert datetime.fromisoformat(text) == moment
    own = {"conversation_id": "c", "user_id": "demo", "messages": []}
    for created in (text, str(int((moment - EPOCH).total_seconds() * 1000))):
        plant(dynamodb, "cg-chatbot-conversations", own | {"created_at": created})
        seen = verify({"cg": open_source("cg")}, scope("cg"), lambda: (), CUTOFF, settle_seconds=0, patience=0)
        assert (seen.left, len(seen.new_activity)) == ((1, 0) if seconds <= 0 else (0, 1))
