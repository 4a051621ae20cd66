"""F11 to F15 (R1, R14): ids that are wrong, alike, in several tenants, shared, and items that are somebody else's."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest

from data_access.erasure.model import State
from data_access.errors import DataAccessError, NotConfirmed, UsageError
from tests.data_access import layouts
from tests.data_access.erasure.faults.faulty import once, writing
from tests.data_access.erasure.faults.site import BY, Site, talk

Open = Callable[..., Site]
ALICE = "alice"
# Case, spaces, a Cyrillic letter, zero width, right to left, a ligature, composed and decomposed, and one that ends earlier.
ALIKE = ("Alice", "ALICE", "alice ", "\talice", "аlice", "alice\u200b", "\u202ealice", "alicé", "alice\u0301", "alic", "alice2", "ﬁalice")
SECRET = "SECRET-OF-ANOTHER"

pytestmark = pytest.mark.engine


@pytest.fixture
def alikes(open_site: Open) -> Site:
    site = open_site()
    for number, user in enumerate((ALICE, *ALIKE)):
        for system in layouts.SYSTEMS:
            site.put(talk(system, user, f"{number}-{system}", turns=2))
    return site


def sent(site: Site) -> int:
    return len(site.script.of(writing(*site.tables)))


# F11


def test_ids_of_nobody(alikes: Site) -> None:
    """Unknown, an address, a conversation's, a tenant's, longer than some keys can be: no data, no write, never completed."""
    before = alikes.sums()
    for user in ("nobody", "alice@example.org", "0-ai_agent", "acme", "a" * 1_025, "a" * 2_048):
        job = alikes.work(alikes.confirmed(user))
        alikes.check(job, State.NO_DATA)
    assert sent(alikes) == 0
    assert alikes.sums() == before


def test_ids_that_none_can_be(site: Site) -> None:
    wrong: tuple[Any, ...] = ("", "a" * 2_049, "é" * 1_025, "\ud800", 7, None)
    for user in wrong:
        with pytest.raises(UsageError) as caught:
            site.plan(user)
        assert "aaa" not in str(caught.value)
    assert site.jobs.list() == ()


def test_a_look_alike_does_not_confirm(alikes: Site) -> None:
    plan = alikes.plan(ALICE, ["cg"])
    for typed in ALIKE:
        with pytest.raises(NotConfirmed):
            alikes.jobs.confirm(plan.plan_id, typed, BY)
    assert alikes.jobs.status(plan.plan_id).state is State.DRAFT


# F12


def test_look_alikes_stay_byte_for_byte(alikes: Site) -> None:
    """Of everybody else in all four systems, twelve ids like it among them."""
    others = alikes.sums(alikes.of(ALICE))
    plan = alikes.plan(ALICE)
    shown = {one.user_id for one in plan.neighbours}
    assert shown >= {"Alice", "ALICE", "alice ", "\talice", "аlice", "alice\u200b", "\u202ealice"}
    assert all(one.bytes_view for one in plan.neighbours)
    alikes.jobs.confirm(plan.plan_id, ALICE, BY)
    job = alikes.work(plan.plan_id)
    alikes.check(job)
    assert alikes.sums() == others
    assert not alikes.of(ALICE)


def test_the_odd_ones_themselves_can_be_erased(alikes: Site) -> None:
    for user in ("alice ", "alice\u200b", "\u202ealice", "alice\u0301"):
        mine = alikes.of(user)
        others = alikes.sums(mine)
        assert len(mine) >= 10
        alikes.check(alikes.erase(user))
        assert alikes.sums() == others


# F13


def tenants(site: Site) -> None:
    for tenant in ("acme", "birch", "cedar"):
        site.put(talk("ai_agent", ALICE, f"own-{tenant}", tenant=tenant))
    site.put(talk("ai_agent", ALICE, "same", tenant="acme"))
    # The same session id in another tenant, another user's; its messages are beside the subject's in every index of sessions.
    twin = talk("ai_agent", "bob", "same", tenant="birch")
    site.put([(table, item | ({"id": f"b-{item['id']}"} if table == "ai-agent-messages" else {})) for table, item in twin])


def test_some_tenants_only(site: Site) -> None:
    tenants(site)
    mine = site.of(ALICE, {"acme", "birch"})
    others = site.sums(mine)
    plan = site.plan(ALICE, ["ai_agent"], tenants=("acme", "birch"))
    assert any("cedar" in said for said in plan.out_of_scope)
    site.jobs.confirm(plan.plan_id, ALICE, BY)
    job = site.work(plan.plan_id)
    site.check(job)
    assert site.sums() == others
    assert len(site.of(ALICE, {"cedar"})) == 4
    assert site.receipt(job)["scope"]["tenants"] == ["acme", "birch"]


def test_every_tenant(site: Site) -> None:
    tenants(site)
    others = site.sums(site.of(ALICE))
    job = site.erase(ALICE, ["ai_agent"])
    site.check(job)
    assert site.sums() == others
    assert len(site.of("bob")) == 4


# F14


def test_a_session_id_that_two_users_have(site: Site) -> None:
    """Nobody can say whose its messages are: the plan is blocked, and both keep everything."""
    for user in (ALICE, "bob"):
        site.put(talk("ai4ai", user, "shared"))
        site.put(talk("ai4ai", user, f"own-{user}"))
    before = site.sums()
    plan = site.plan(ALICE, ["ai4ai"])
    assert plan.blocked
    job = site.jobs.confirm(plan.plan_id, ALICE, BY)
    assert job.state is State.BLOCKED
    with pytest.raises(DataAccessError):
        site.work(plan.plan_id)
    assert site.sums() == before
    assert sent(site) == 0


def test_a_session_id_that_another_user_takes_after_the_plan(site: Site) -> None:
    site.put(talk("ai4ai", ALICE, "mine"))
    plan_id = site.confirmed(ALICE, ["ai4ai"])
    site.put([row for row in talk("ai4ai", "bob", "mine") if row[0] == "ai4ai-chat-sessions"])
    before = site.sums()
    job = site.work(plan_id)
    assert job.state is State.BLOCKED
    assert site.sums() == before


# F15


@pytest.mark.parametrize("when", ["before the plan", "after the plan", "during the deletes"])
@pytest.mark.parametrize("attribute", ["userId", "tenantId"])
def test_a_foreign_message_in_a_conversation_of_the_user(
    site: Site, when: str, attribute: str, logs: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """Of another user, or of another tenant and no user: it stays as it is, and nothing of it is said anywhere, not in logs, not on
    stderr, not in the control table or the receipt."""
    site.put(talk("ai_agent", ALICE, "mine", turns=4))
    table, item = talk("ai_agent", ALICE, "mine", turns=4)[2]
    foreign = [(table, item | {attribute: "somebody-else", "content": SECRET, "metadata": {"said": SECRET}})]
    if attribute == "tenantId":
        del foreign[0][1]["userId"]
    if when == "before the plan":
        site.put(foreign)
    plan = site.plan(ALICE, ["ai_agent"])
    if when == "after the plan":
        site.put(foreign)
    elif when == "during the deletes":
        site.shop_settings["threads"] = 1
        site.script.faults.append(once(writing(*site.tables), lambda: site.put(foreign)))
    before = site.sums()
    job = site.jobs.confirm(plan.plan_id, ALICE, BY)
    if job.state is State.APPROVED:
        job = site.work(plan.plan_id)
    if attribute == "userId" and when != "during the deletes":
        # Seen before the first delete: nothing was sent.
        assert (job.state, sent(site)) == (State.BLOCKED, 0)
        assert site.sums() == before
    elif when == "before the plan":
        # Its session id is the user's in another tenant: not planned, named, and the rest is erased.
        assert job.state is State.COMPLETED
        assert any("somebody-else" in said for said in plan.out_of_scope)
    else:
        # Its key was frozen when it still was the user's: the guard refuses it, and the job stops.
        assert job.state is State.BLOCKED
        assert sum(row.foreign for row in job.progress) == 1
    kept = [one for one in site.stored()[site.name(table)] if one[attribute] == {"S": "somebody-else"}]
    assert [one["content"] for one in kept] == [{"S": SECRET}]
    out, err = capfd.readouterr()
    assert SECRET not in logs.getvalue() + out + err
    assert SECRET not in site.control_text()
    assert SECRET not in job.message
