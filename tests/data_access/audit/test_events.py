"""What the audit can say, and that nothing else gets into it: no id of a user, no text, not even their plain hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_access.audit import Audit
from data_access.audit.events import EVENTS, LookedUp, checked
from data_access.erasure.model import Reason, State
from data_access.errors import AuditError
from tests.data_access.audit.test_chain import PLAN
from tests.data_access.erasure.making import opened, settings_for, stored_rows

DIGEST = "0123456789abcdef" * 4
GOOD: dict[str, Any] = {
    "plan_id": PLAN,
    "subject": DIGEST,
    "actor": "arn:aws:sts::123456789012:assumed-role/support/kim@example.org",
    "role": "requester",
    "systems": ("ai_agent", "cg"),
    "items": 7,
    "digest": DIGEST,
    "spec": DIGEST,
    "version": "1.2.0+dirty",
    "needs_approval": True,
    "code": "not_confirmed",
    "token": 3,
    "chunk": "09#01-000002#ai_agent#ai-agent-messages.v2#000012",
    "system": "ai_agent",
    "table": "ai-agent-messages.v2",
    "deleted": 1,
    "absent": 0,
    "foreign": 0,
    "errors": 2,
    "sweep": 1,
    "residuals": 0,
    "new_activity": 4,
    "state": State.RESIDUALS,
    "key_id": "0123456789abcdef",
    "rows": 3,
    "exports": 1,
    "reason": Reason.COMPLEXITY,
    "due": "2027-02-20",
    "action": "look_up_user",
    "times": 12,
    "conversation": DIGEST,
    "look": 2,
    "unread": 0,
}
KINDS = sorted(EVENTS.values(), key=lambda kind: kind.__name__)
# What people are called, write and send: none of it may come through.
people = st.one_of(
    st.text(min_size=12).filter(lambda text: not set(text) <= set("0123456789abcdef")),  # what any hash may hold by chance
    st.emails(),
    st.uuids().map(str),
    st.uuids().map(lambda one: f"did:privy:{one}"),
    st.sampled_from(
        ["did:privy:cm3np4u9j001rc8b73seqmqqk", "jane.doe+test@example.org", "Please delete my account.", "+49 30 1234567", "192.168.100.7"]
    ),
)


def good(kind: type[Any]) -> dict[str, Any]:
    return {one.name: GOOD[one.name] for one in fields(kind)}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_event_is_taken_and_comes_back(kind: type[Any]) -> None:
    name, said = checked(kind(**good(kind)))
    assert EVENTS[name] is kind
    assert said == json.loads(json.dumps(good(kind)))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_unknown_field_cannot_be_set(kind: type[Any]) -> None:
    with pytest.raises(TypeError):
        kind(**good(kind), because="she asked for it")
    event = kind(**good(kind))
    with pytest.raises((AttributeError, TypeError)):
        event.because = "she asked for it"
    with pytest.raises((AttributeError, TypeError)):
        event.actor = "x"


def test_no_field_is_free_text() -> None:
    for kind in KINDS:
        for name, hint in get_type_hints(kind, include_extras=True).items():
            assert hint not in (str, Any, object), f"{kind.__name__}.{name}"
            assert "user" not in name, f"{kind.__name__}.{name}"


def test_an_event_of_ones_own_is_refused(audit: Audit) -> None:
    @dataclass(frozen=True)
    class Approved:
        note: str = "a text"

    for event in (Approved(), {"plan_id": PLAN}, "approved", None):
        with pytest.raises(AuditError, match="no such event"):
            audit.write(event)  # type: ignore[arg-type]
    assert list(audit.entries()) == []


@given(kind=st.sampled_from(KINDS), data=st.data(), person=people)
@settings(max_examples=300, deadline=None)
def test_no_field_takes_a_person(kind: type[Any], data: st.DataObject, person: str) -> None:
    """Whatever field it is put into by mistake, but `actor`, which is staff. The refusal does not repeat it."""
    name = data.draw(st.sampled_from([one.name for one in fields(kind) if one.name != "actor"]))
    hint = str(get_type_hints(kind, include_extras=True)[name])
    value = data.draw(st.sampled_from([person, (person,), person.encode(), {"id": person}, [person]]))
    event = kind(**(good(kind) | {name: value}))
    try:
        checked(event)
    except AuditError:
        with pytest.raises(AuditError) as caught:
            checked(event)
        assert person not in str(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
        return
    # What looks exactly like a name of ours: the name of a table, of a system, of a version, a code.
    assert any(word in hint for word in ("a-z0-9_]{1,64}", "A-Za-z0-9_.-]{3,255}", "0-9A-Za-z.+-]{1,40}", "a-z_]{1,40}")), name
    assert " " not in person
    assert "@" not in person


@pytest.mark.engine
def test_the_store_holds_no_person_and_no_plain_hash(engine_endpoint: str, tmp_path: Path) -> None:
    control = opened(settings_for(tmp_path, control_table="control-of-people"), engine_endpoint)
    audit = Audit(control)

    @given(person=people)
    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
    def every_event(person: str) -> None:
        before = audit.head().count
        for kind in KINDS:
            given_values = good(kind)
            if "subject" in given_values:
                given_values["subject"] = control.keys.subject(person)
            audit.write(kind(**given_values))
            for name in given_values:
                if name in ("subject", "plan_id", "digest", "role", "systems", "chunk", "reason", "due"):
                    with pytest.raises(AuditError):
                        audit.write(kind(**(given_values | {name: person})))
        stored = json.dumps([row for row in stored_rows(control) if row["sk"]["S"] > f"{before:012d}"], ensure_ascii=False)
        raw = person.encode("utf-8", "surrogatepass")
        for trace in (
            person,
            json.dumps(person)[1:-1],
            raw.hex(),
            *(hashlib.new(how, raw).hexdigest() for how in ("sha256", "sha1", "md5")),
        ):
            assert trace not in stored
        assert control.keys.subject(person) in stored

    every_event()
    control.close()


def test_the_subject_is_the_keyed_hash_of_exact_bytes(tmp_path: Path) -> None:
    from data_access.erasure.keys import Keys

    keys, others = Keys.open(settings_for(tmp_path / "a")), Keys.open(settings_for(tmp_path / "b"))
    ids = ["alice", "Alice", "alice ", "аlice", "alice\u200b", "é", "e\u0301", "\udc80", ""]
    assert len({keys.subject(one) for one in ids}) == len(ids)
    assert not {keys.subject(one) for one in ids} & {others.subject(one) for one in ids}
    assert keys.subject("alice") == Keys.open(settings_for(tmp_path / "a")).subject("alice")
    checked(LookedUp(keys.subject("alice"), "kim", "viewer", (), 0))
