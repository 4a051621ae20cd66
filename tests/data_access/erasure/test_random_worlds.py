"""Random worlds: people with look-alike ids write, are erased while things go wrong, write again, and the snapshot follows.

The same examples every time (derandomize). To look for new ones: WORLDS=500 in the environment runs that many, at random.
"""

from __future__ import annotations

import io
import itertools
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from data_access.audit.checking import verify as verify_audit
from data_access.erasure.jobs import Actor
from data_access.erasure.model import ENDED, Job, State
from data_access.errors import DataAccessError
from data_access.snapshot.store import Store
from data_access.snapshot.sync import sync
from tests.data_access.erasure.faults.clock import Clock
from tests.data_access.erasure.faults.faulty import Call, dead, denied, in_part, lost, on, once, throttled, writing
from tests.data_access.erasure.faults.listening import listening
from tests.data_access.erasure.faults.site import KEYS, SYSTEM_OF, Site, opened, talk
from tests.data_access.layouts import SYSTEMS

MARK = "did:x:"
USERS = tuple(f"{MARK}{name}" for name in ("ann", "Ann", "ann ", "аnn", "ann\u200b"))
BY_SAM = Actor("sam")
TENANTS = ("acme", "birch")
LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
MORE = int(os.environ.get("WORLDS", "0"))

pytestmark = pytest.mark.engine

users, tenants = st.sampled_from(USERS), st.sampled_from(TENANTS)
scopes = st.one_of(st.just(SYSTEMS), st.just(SYSTEMS), st.lists(st.sampled_from(SYSTEMS), min_size=1, max_size=2, unique=True).map(tuple))
troubles = st.sampled_from(("none", "none", "dead", "dead", "dead twice", "throttled", "lost", "denied", "zombie", "orphan", "new"))


def conversation(user: str, number: int) -> str:
    return f"c{USERS.index(user)}-{number}"


class Worlds(RuleBasedStateMachine):
    site: ClassVar[Site]
    folder: ClassVar[Path]
    logs: ClassVar[io.StringIO]
    worlds: ClassVar[Iterator[int]]

    @initialize()
    def begin(self) -> None:
        self.site.empty()
        self.site.script.faults.clear()
        self.site.control.sweep()
        self.store = Store(str(self.folder / f"snapshot-{next(self.worlds)}"), self.folder)
        self.site.snapshot = self.store
        self.clean: set[tuple[str, str]] = set()
        self.ids = 0
        everybody = ((user, system, n) for user in USERS for system in SYSTEMS for n in range(2))
        self.site.put(row for user, system, n in everybody for row in talk(system, user, conversation(user, n), turns=2, tenant=TENANTS[n]))

    # Writing

    def put(self, rows: list[tuple[str, dict[str, Any]]], user: str) -> None:
        self.site.put(rows)
        self.clean -= {(user, SYSTEM_OF[table]) for table, _ in rows}

    @rule(user=users, some=scopes, number=st.integers(0, 3), turns=st.integers(1, 4), tenant=tenants, odd=st.integers(0, 12), other=users)
    def write(self, user: str, some: tuple[str, ...], number: int, turns: int, tenant: str, odd: int, other: str) -> None:
        """As the guides write it; a number that was used before is written over, or goes on. And now and then what has drifted."""
        rows = [row for system in some for row in talk(system, user, conversation(user, number), turns=turns, tenant=tenant)]
        self.put(rows + self._odd(user, tenant, odd, other), user)

    def _odd(self, user: str, tenant: str, which: int, other: str) -> list[tuple[str, dict[str, Any]]]:
        """What no index has, or that names less than the guide says; or a session id that somebody else may have."""
        self.ids += 1
        own, mine = f"odd-{self.ids}", conversation(user, 0)
        rows: list[tuple[str, dict[str, Any]]] = [
            ("cg-chatbot-conversations", {"conversation_id": own, "user_id": user}),
            ("ai-agent-sessions", {"id": own, "tenantId": tenant, "userId": user}),
            ("ai-agent-messages", {"id": own, "userId": user, "content": "x"}),
            ("ai-agent-messages", {"id": own, "userId": user, "tenantId": tenant, "sessionId": f"gone-{own}"}),
            ("ai-agent-messages", {"id": own, "tenantId": tenant, "sessionId": mine, "content": "names nobody"}),
            ("remo-user-data", {"user_id": user, "data_type": own, "data": "[", "ttl": "soon"}),
            # In ai4ai nobody can then say whose the messages are.
            ("ai4ai-chat-sessions", {"user_id": user, "session_id": conversation(other, 3), "created_at": "2026-05-04T08:00:00"}),
        ]
        return rows[which : which + 1]

    # Erasing

    @rule(user=users, systems=scopes, trouble=troubles, number=st.integers(1, 200), seed=st.integers(0, 9))
    def erase(self, user: str, systems: tuple[str, ...], trouble: str, number: int, seed: int) -> None:
        site = self.site
        before, mine = site.sums(), self._mine(user, systems)
        others = {spot: digest for spot, digest in before.items() if spot not in mine}
        shared = "ai4ai" in systems and self._shared(user)
        plan = site.plan(user, systems)
        job = site.jobs.confirm(plan.plan_id, user, BY_SAM)
        if shared:
            assert job.state is State.BLOCKED
            assert site.sums() == before
            return
        assert plan.keys == len(mine)
        stays = self._trouble(trouble, user, systems, number, seed)
        job = self._to_the_end(plan.plan_id)
        site.script.faults.clear()
        site.check(job, job.state)
        left = site.sums()
        assert {spot: left.get(spot) for spot in others} == others, "somebody else's item is not what it was"
        gone = sum(row.deleted for row in job.progress)
        if trouble == "denied" and job.state is not State.NO_DATA and left.keys() - others.keys():
            assert job.state in (State.RESIDUALS, State.FAILED)
            assert job.message
        else:
            assert job.state is (State.COMPLETED if gone else State.NO_DATA), job.message
            assert left.keys() - others.keys() <= stays, "something of the user is left"
            assert gone >= len(mine)
            self.clean |= {(user, system) for system in systems if not stays}
        self._nothing_said()

    @precondition(lambda self: self.clean)
    @rule(full=st.booleans())
    def sync(self, full: bool) -> None:
        """Nobody who was erased, and has not written since, comes back."""
        for source in self.site.sources.values():
            sync(source, self.store, full=full)
        with self.store.connection(expired=True) as database:
            for table in ("conversations", "messages", "user_records"):
                rows = database.execute(f"SELECT DISTINCT user_id, system FROM {table}").fetchall()
                assert not {(str(user), str(system)) for user, system in rows} & self.clean

    # Inside

    def _mine(self, user: str, systems: tuple[str, ...]) -> frozenset[tuple[str, str]]:
        return frozenset(spot for spot in self.site.of(user) if SYSTEM_OF[spot[0].removeprefix(self.site.prefix)] in systems)

    def _shared(self, user: str) -> bool:
        owners: dict[str, set[str]] = {}
        for item in self.site.stored()[self.site.name("ai4ai-chat-sessions")]:
            owners.setdefault(item["session_id"]["S"], set()).add(item["user_id"]["S"])
        return any(user in some and len(some) > 1 for some in owners.values())

    def _trouble(self, trouble: str, user: str, systems: tuple[str, ...], number: int, seed: int) -> set[tuple[str, str]]:
        """Set it up. Returns the keys that may be there afterwards: what is begun after the cut-off."""
        site, script = self.site, self.site.script
        data = frozenset(site.tables)
        deletes = writing(*data)
        if trouble.startswith("dead"):
            script.faults.append(dead(number))
            self.again = 1 + number // 2 if trouble == "dead twice" else None
        elif trouble == "throttled":
            state = {"on": False}

            def late(call: Call) -> bool:
                state["on"] |= deletes(call)
                return state["on"] and bool(call.tables & data)

            script.faults += [throttled(0.3, seed, late), in_part(0.3, seed)]
        elif trouble == "lost":
            script.faults.append(lost(deletes))
        elif trouble == "denied":
            script.faults.append(denied(writing(site.name(sorted(KEYS)[seed % len(KEYS)]))))
        elif trouble == "zombie":
            self._act(systems, "ai4ai", "ai4ai-chat-sessions", user)
        elif trouble == "orphan":
            rows = [row for row in talk("ai4ai", user, conversation(user, 0), turns=1, at=LATER) if row[0] == "ai4ai-chat-messages"]
            if "ai4ai" in systems and self._has("ai4ai-chat-sessions", user):
                script.faults.append(once(writing(site.name("ai4ai-chat-sessions")), lambda: site.put(rows)))
                # Into a conversation of the plan it is a leftover; the plan may be about another one.
                return set() if self._has("ai4ai-chat-sessions", user, conversation(user, 0)) else self._spots(rows)
        elif trouble == "new" and self._mine(user, systems):
            rows = talk(systems[0], user, "newer", at=LATER) if systems[0] != "remo" else []
            script.faults.append(once(deletes, lambda: site.put(rows)))
            return self._spots(rows)
        return set()

    def _act(self, systems: tuple[str, ...], system: str, table: str, user: str) -> None:
        """An update without a condition, right after the delete of what it is about."""
        site = self.site
        item = next((one for one in site.stored()[site.name(table)] if one["user_id"] == {"S": user}), None)
        if system not in systems or item is None:
            return
        key = {name: item[name] for name in KEYS[table]}

        def upsert() -> None:
            site.client.update_item(
                TableName=site.name(table),
                Key=key,
                UpdateExpression="SET updated_at = :at",
                ExpressionAttributeValues={":at": {"S": LATER.isoformat()}},
            )

        site.script.faults.append(once(on(site.name(table), methods=("batch_execute_statement",)), upsert, after=True))

    def _has(self, table: str, user: str, conversation: str | None = None) -> bool:
        return any(
            one["user_id"] == {"S": user} and conversation in (None, one["session_id"]["S"])
            for one in self.site.stored()[self.site.name(table)]
        )

    def _spots(self, rows: list[tuple[str, dict[str, Any]]]) -> set[tuple[str, str]]:
        return {(self.site.name(table), json.dumps(self.site.key(table, item), sort_keys=True)) for table, item in rows}

    def _to_the_end(self, plan_id: str) -> Job:
        site = self.site
        again, self.again = getattr(self, "again", None), None
        for attempt in range(4):
            with suppress(DataAccessError):
                site.work(plan_id)
            faults, site.script.faults = site.script.faults, []
            job = site.jobs.status(plan_id)
            if job.state in ENDED:
                site.control.sweep()
                return site.jobs.status(plan_id)
            assert attempt < 3, job.message
            site.end_lease(plan_id)
            # Whatever it was has passed, but for a second death.
            site.script.faults = [dead(again)] if again is not None else [one for one in faults if "dead" not in repr(one)]
            again = None
        raise AssertionError

    def _nothing_said(self) -> None:
        assert MARK not in self.site.control_text(), "an id is left in the control table"
        assert MARK not in self.logs.getvalue(), "an id is in the logs"
        verdict = verify_audit(self.site.audit)
        assert verdict.state == "unwitnessed", verdict.first_problem

    def teardown(self) -> None:
        if hasattr(self, "store"):
            assert all(job.state in ENDED for job in self.site.jobs.list())


def test_random_worlds(engine_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Clock().install(monkeypatch)
    with opened(engine_endpoint, tmp_path, "worlds-") as found, listening() as said:

        class Machine(Worlds):
            site = found
            folder = tmp_path
            logs = said
            worlds = itertools.count()

        run_state_machine_as_test(
            Machine,
            settings=settings(
                max_examples=MORE or 8,
                stateful_step_count=7,
                deadline=None,
                derandomize=not MORE,
                database=None,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
                print_blob=False,
            ),
        )
