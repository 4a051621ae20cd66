"""R24, by a job: whoever else knows the person is told, and the snapshot and the waiting exports hold nothing of them afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from data_access.erasure import ending, working
from data_access.erasure.model import Job, Scope, State
from data_access.errors import NotFound
from data_access.handover.vault import Vault
from data_access.snapshot.store import Store
from data_access.snapshot.sync import sync
from tests.data_access import layouts
from tests.data_access.erasure.shops import ME, SUBJECTS, Between, Shop, shop_at
from tests.data_access.snapshot.test_forget import holding, words_of

pytestmark = pytest.mark.engine
ANNA = "browser-anna"
Told = Callable[[Job], object]


def other_user(system: str) -> str:
    return next(talk.user_id for talk in layouts.talks(system) if talk.user_id != SUBJECTS[system])


def forgotten(shop: Shop, job: Job) -> dict[str, Any]:
    (entry,) = [entry for entry in shop.workshop.audit.entries(plan_id=job.plan_id) if entry.event == "forgotten"]
    return dict(entry.fields)


@pytest.fixture
def open_shop(engine_endpoint: str, tmp_path: Path) -> Iterator[Callable[..., Shop]]:
    open_: list[Any] = []

    def begin(*systems: str, **more: Any) -> Shop:
        context = shop_at(engine_endpoint, tmp_path, *systems, **more)
        open_.append(context)
        return context.__enter__()

    yield begin
    for context in open_:
        context.__exit__(None, None, None)


# Callbacks


def test_whoever_has_more_is_told_once_before_the_end(open_shop: Callable[..., Shop]) -> None:
    told: list[tuple[str, State, str]] = []
    left: list[int] = []

    def hear(job: Job) -> None:
        told.append((job.plan_id, shop.jobs.status(job.plan_id).state, job.plan.scope.user_id))
        left.append(shop.left("cg"))

    second: list[str] = []
    shop = open_shop("cg", on_forgotten=(hear, lambda job: second.append(job.plan_id)))
    job = shop.confirmed("cg")
    assert shop.work(job.plan_id).state is State.COMPLETED
    # With the id, which is gone a moment later, and when the tables are empty of them.
    assert told == [(job.plan_id, State.VERIFYING, SUBJECTS["cg"])]
    assert left == [0]
    assert second == [job.plan_id]
    assert shop.jobs.status(job.plan_id).plan.scope.user_id == ""


def test_nobody_is_told_of_what_was_cancelled(open_shop: Callable[..., Shop]) -> None:
    told: list[str] = []
    shop = open_shop("cg", on_forgotten=(lambda job: told.append(job.plan_id),))
    job = shop.confirmed("cg")
    shop.jobs.cancel(job.plan_id, ME)
    assert told == []


def test_one_who_fails_to_forget_leaves_the_job_to_be_resumed(open_shop: Callable[..., Shop]) -> None:
    tries: list[str] = []

    def fail_once(job: Job) -> None:
        tries.append(job.plan_id)
        if len(tries) == 1:
            raise NotFound("Something is not there.")

    shop = open_shop("cg", on_forgotten=(fail_once,))
    job = shop.confirmed("cg")
    with pytest.raises(NotFound):
        shop.work(job.plan_id)
    waiting = shop.jobs.status(job.plan_id)
    assert (waiting.state, waiting.message) == (State.VERIFYING, "Something is not there.")
    assert shop.control.receipt(job.plan_id) is None, "it does not say what is not so"
    assert shop.work(job.plan_id).state is State.COMPLETED
    assert len(tries) == 2


# Other plans


def test_other_plans_of_the_same_user_that_nobody_confirmed_go_too(open_shop: Callable[..., Shop]) -> None:
    """A second tab's, a colleague's: each has the id and the keys in it, for a day."""
    shop = open_shop("cg")
    user = SUBJECTS["cg"]
    same, wider = (shop.jobs.plan(Scope(user, systems), ME) for systems in (("cg",), ("cg", "remo")))
    other = shop.jobs.plan(Scope(other_user("cg"), ("cg",)), ME)
    assert shop.work(shop.confirmed("cg").plan_id).state is State.COMPLETED
    states = {plan.plan_id: shop.jobs.status(plan.plan_id) for plan in (same, wider, other)}
    assert [states[plan.plan_id].state for plan in (same, wider, other)] == [State.CANCELLED, State.DRAFT, State.DRAFT]
    assert states[same.plan_id].plan.scope.user_id == ""
    assert not list(shop.control.records.rows(f"job#{same.plan_id}", "keys#", "keys#~"))


def test_a_part_of_a_user_leaves_other_plans_alone(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop("remo")
    whole = shop.jobs.plan(Scope(SUBJECTS["remo"], ("remo",)), ME)
    assert shop.work(shop.confirmed("remo", data_type="reminder_data").plan_id).state in (State.COMPLETED, State.NO_DATA)
    assert shop.jobs.status(whole.plan_id).state is State.DRAFT


# The snapshot


@pytest.mark.parametrize("system", ["remo", "ai_agent", "ai4ai", "cg"])
def test_the_snapshot_forgets_every_byte_and_a_sync_does_not_bring_it_back(
    open_shop: Callable[..., Shop], tmp_path: Path, system: str
) -> None:
    store = Store(str(tmp_path / "snapshot"), tmp_path)
    shop = open_shop(system, snapshot=store)
    source = shop.workshop.sources[system]
    for talk in layouts.talks(system) if system == "remo" else ():
        for table, item in layouts.items(talk):
            shop.put(table, **(item | {"ttl": 4_000_000_000}))  # what has expired is not kept
    sync(source, store, full=True)
    known = layouts.talks(system)
    words, theirs = words_of(SUBJECTS[system], known), words_of(other_user(system), known)
    assert holding(tmp_path / "snapshot", *words)
    job = shop.work(shop.confirmed(system).plan_id)
    assert job.state is State.COMPLETED
    assert forgotten(shop, job)["rows"] > 0
    assert holding(tmp_path / "snapshot", *words) == []
    assert holding(tmp_path / "snapshot", *theirs)
    for full in (False, True):
        sync(source, store, full=full)
        assert holding(tmp_path / "snapshot", *words) == []


@pytest.mark.parametrize("system", ["ai_agent", "ai4ai", "cg"])
def test_of_a_conversation_the_snapshot_forgets_every_byte_and_keeps_the_rest_of_the_user(
    open_shop: Callable[..., Shop], tmp_path: Path, system: str
) -> None:
    store = Store(str(tmp_path / "snapshot"), tmp_path)
    shop = open_shop(system, snapshot=store)
    source = shop.workshop.sources[system]
    sync(source, store, full=True)
    mine, *rest = [talk for talk in layouts.talks(system) if talk.user_id == SUBJECTS[system]]
    words = [mine.conversation_id, *(turn.content[:18] for turn in mine.turns)]
    theirs = words_of(other_user(system), layouts.talks(system))
    assert holding(tmp_path / "snapshot", *words)
    job = shop.work(shop.confirmed(system, conversation_id=mine.conversation_id).plan_id)
    assert job.state is State.COMPLETED
    assert "sync" not in job.message
    assert forgotten(shop, job)["rows"] > len(mine.turns)
    for full in (None, False, True):
        if full is not None:
            sync(source, store, full=full)
        assert holding(tmp_path / "snapshot", *words) == []
        assert rest
        for kept in (*(talk.conversation_id for talk in rest), *theirs):
            assert holding(tmp_path / "snapshot", kept)


def test_of_a_kind_of_record_and_of_a_tenant_the_snapshot_forgets_that_alone(open_shop: Callable[..., Shop], tmp_path: Path) -> None:
    store = Store(str(tmp_path / "snapshot"), tmp_path)
    shop = open_shop("remo", "ai_agent", snapshot=store)
    lasting = {"updated_at": "2026-06-01T00:00:00.000Z", "ttl": 4_000_000_000}
    for user, kind in (("remo-user", "reminder_data"), ("remo-user", "todo_data"), ("somebody", "reminder_data")):
        shop.put("remo-user-data", user_id=user, data_type=kind, data={"items": []}, **lasting)
    for tenant in ("birch", "cedar"):
        shop.put("ai-agent-sessions", id=f"talk-{tenant}", tenantId=tenant, userId="remo-user", createdAt="2026-06-01T00:00:00.000Z")
    for source in shop.workshop.sources.values():
        sync(source, store, full=True)

    def erased(system: str, **scope: Any) -> None:
        plan = shop.jobs.plan(Scope("remo-user", (system,), **scope), ME)
        shop.jobs.confirm(plan.plan_id, "remo-user", ME)
        assert shop.work(plan.plan_id).state is State.COMPLETED

    def records() -> set[tuple[Any, Any]]:
        rows = store.arrow("user_records").to_pylist()
        return {(row["user_id"], row["kind"]) for row in rows if row["user_id"] in ("remo-user", "somebody")}

    def talks() -> set[str]:
        return {row["conversation_id"] for row in store.arrow("conversations").to_pylist() if row["user_id"] == "remo-user"}

    assert len(records()) == 3
    assert talks() == {"talk-birch", "talk-cedar"}
    erased("remo", data_type="reminder_data")
    assert records() == {("remo-user", "todo_data"), ("somebody", "reminder_data")}
    assert talks() == {"talk-birch", "talk-cedar"}
    erased("ai_agent", tenants=("birch",))
    assert talks() == {"talk-cedar"}
    assert records() == {("remo-user", "todo_data"), ("somebody", "reminder_data")}


def test_what_was_cut_short_is_in_the_snapshot_until_a_full_sync_and_the_job_says_so(
    open_shop: Callable[..., Shop], tmp_path: Path
) -> None:
    store = Store(str(tmp_path / "snapshot"), tmp_path)
    shop = open_shop("ai_agent", snapshot=store)
    sync(shop.workshop.sources["ai_agent"], store, full=True)
    job = shop.confirmed("ai_agent")

    def cancel(method: str, request: Mapping[str, Any]) -> None:
        if method == "batch_execute_statement":
            shop.jobs.cancel(job.plan_id, ME)

    ended = shop.with_client(lambda client: Between(client, cancel), "ai_agent").work(job.plan_id)
    assert ended.state is State.CANCELLED
    assert any(row.deleted for row in ended.progress)
    assert "until its next full sync" in ended.message


def test_a_cancel_that_comes_when_all_is_deleted_is_too_late(
    open_shop: Callable[..., Shop], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left but to forget elsewhere and to say so: it is not called cancelled, and nothing is half forgotten."""
    store = Store(str(tmp_path / "snapshot"), tmp_path)
    shop = open_shop("ai_agent", snapshot=store)
    sync(shop.workshop.sources["ai_agent"], store, full=True)
    job = shop.confirmed("ai_agent")

    def decide(*evidence: Any) -> State:
        shop.jobs.cancel(job.plan_id, ME)
        return ending.decide(*evidence)

    monkeypatch.setattr(working, "decide", decide)
    ended = shop.work(job.plan_id)
    assert ended.state is State.COMPLETED
    assert forgotten(shop, ended)["rows"] > 0


# Exports that wait


def content(vault: Vault, token: str) -> Any:
    """What is fetched, None where nothing waits any more."""
    waiting = vault.open(token, ANNA)
    if waiting is None:
        return None
    with waiting.file as file:
        return json.load(file)


def erase_while_an_export_is_made(shop: Shop, vault: Vault) -> None:
    with vault.put(ANNA, shop.control.keys.subject(SUBJECTS["cg"])) as unfinished:
        unfinished.file.write(b"the beginning")
        shop.work(shop.confirmed("cg").plan_id)


def test_an_export_that_waits_is_gone_and_others_are_not(open_shop: Callable[..., Shop]) -> None:
    shop = open_shop("cg")
    vault, keys = Vault(shop.workshop.settings.state), shop.control.keys
    tokens: list[str] = []
    for user in (SUBJECTS["cg"], other_user("cg"), SUBJECTS["cg"]):
        with vault.put(ANNA, keys.subject(user)) as deposit:
            deposit.file.write(json.dumps({"of": user}).encode())
        tokens.append(deposit.token)
    assert [content(vault, token) is not None for token in tokens] == [True, True, True]
    with pytest.raises(NotFound, match="its subject was erased"):
        erase_while_an_export_is_made(shop, vault)
    (job,) = shop.jobs.list()
    assert job.state is State.COMPLETED
    assert [content(vault, token) for token in tokens] == [None, {"of": other_user("cg")}, None]
    folder = shop.workshop.settings.state / "exports"
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".zip"]
    assert forgotten(shop, job)["exports"] == 3
