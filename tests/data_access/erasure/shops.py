"""A workshop on the real engine with everybody's conversations in it, and clients that fail as a test says."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from data_access.audit import Audit
from data_access.dynamo.aws import Source
from data_access.erasure.control import Control
from data_access.erasure.jobs import Actor, Jobs
from data_access.erasure.model import Job, Scope
from data_access.erasure.working import Workshop, work
from tests.data_access import layouts
from tests.data_access.erasure.world import everything, opened, plain_client, settings_for

ME, OTHER = Actor("sam"), Actor("kim", "approver")
SUBJECTS = {"remo": "did:privy:cm1", "ai_agent": "user-1", "ai4ai": "ap-southeast-2:0001", "cg": "demo"}
_numbers = itertools.count()


class Shop:
    """Tables with a prefix of their own. `rows` are those of the layouts, of the systems that are asked for."""

    def __init__(self, workshop: Workshop, prefix: str, client: Any) -> None:
        self.workshop, self.prefix, self.client = workshop, prefix, client

    @property
    def control(self) -> Control:
        return self.workshop.control

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.workshop)

    def name(self, table: str) -> str:
        return self.prefix + table

    def items(self, table: str) -> list[dict[str, Any]]:
        return everything(self.client, self.name(table))

    def put(self, table: str, **item: Any) -> None:
        layouts.put(self.client, [(self.name(table), item)])

    def with_client(self, wrap: Callable[[Any], Any], *systems: str) -> Shop:
        """The same with a client in between."""
        sources = {
            name: replace(source, client=wrap(source.client)) if not systems or name in systems else source
            for name, source in self.workshop.sources.items()
        }
        return Shop(replace(self.workshop, sources=sources), self.prefix, self.client)

    def confirmed(self, system: str, **more: Any) -> Job:
        """A job of the subject of one system, ready for a worker."""
        plan = self.jobs.plan(Scope(SUBJECTS[system], (system,), **more), ME)
        return self.jobs.confirm(plan.plan_id, SUBJECTS[system], ME)

    def work(self, plan_id: str) -> Job:
        ended = work(self.workshop, plan_id, "worker-1")
        assert ended is not None
        return ended

    def killed_at_the_end(self, plan_id: str) -> None:
        """A worker does everything and makes the receipt, and is killed before it can say that the job has ended."""

        def killed(*_: Any, **__: Any) -> Job:
            raise KeyboardInterrupt

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.control, "finish", killed)
            with pytest.raises(KeyboardInterrupt):
                self.work(plan_id)

    def others(self) -> str:
        """SHA-256 over every item of every table that does not name a subject anywhere."""
        rows: list[str] = []
        for table in sorted({table["TableName"] for made in layouts.TABLES.values() for table in made}):
            mine = self._talks()
            for item in self.items(table):
                owner = item.get("userId", item.get("user_id", {})).get("S")
                if owner in SUBJECTS.values() or (owner is None and item.get("session_id", {}).get("S") in mine):
                    continue
                rows.append(json.dumps((table, item), sort_keys=True))
        return hashlib.sha256("\n".join(sorted(rows)).encode()).hexdigest()

    def left(self, system: str) -> int:
        """Items of the subject by the layouts' own truth."""
        keys = {table["TableName"]: [key["AttributeName"] for key in table["KeySchema"]] for table in layouts.TABLES[system]}
        wanted = {
            (table, json.dumps([str(item[name]) for name in keys[table]]))
            for talk in layouts.talks(system)
            if talk.user_id == SUBJECTS[system]
            for table, item in layouts.items(talk)
        }
        there = {
            (table, json.dumps([next(iter(item[name].values())) for name in names]))
            for table, names in keys.items()
            for item in self.items(table)
        }
        return len(wanted & there)

    def _talks(self) -> set[str]:
        return {talk.conversation_id for system, user in SUBJECTS.items() for talk in layouts.talks(system) if talk.user_id == user}


@contextmanager
def shop_at(endpoint: str, state: Path, *systems: str, settings: Mapping[str, Any] | None = None, **more: Any) -> Iterator[Shop]:
    prefix = f"shop{next(_numbers)}-"
    made = settings_for(state, prefix, **(settings or {}))
    client = plain_client(endpoint)
    with opened(made, endpoint) as sources:
        rows = [(prefix + table, item) for system in systems for talk in layouts.talks(system) for table, item in layouts.items(talk)]
        layouts.put(client, rows)
        control = Control.open(made, endpoint)
        how: dict[str, Any] = {"beat_seconds": 0.0, "settle_seconds": 0.0, "patience": 5.0} | more
        yield Shop(Workshop(made, sources, control, Audit(control), **how), prefix, client)
        control.close()
    client.close()


class Between:
    """A client that asks `before` each call, and tells `after` it. `before` may raise, and so may `after`."""

    def __init__(
        self,
        client: Any,
        before: Callable[[str, Mapping[str, Any]], None] = lambda _m, _r: None,
        after: Callable[[str, Mapping[str, Any], Any], Any] = lambda _m, _r, answer: answer,
    ) -> None:
        self._client, self._before, self._after = client, before, after

    def __getattr__(self, method: str) -> Any:
        real = getattr(self._client, method)
        if not callable(real) or method in ("close", "get_paginator"):
            return real

        def call(**request: Any) -> Any:
            self._before(method, request)
            return self._after(method, request, real(**request))

        return call


def refused(code: str, operation: str = "Any", status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "SECRET"}, "ResponseMetadata": {"HTTPStatusCode": status}}, operation)  # type: ignore[arg-type]


def source_with(source: Source, client: Any) -> Source:
    return replace(source, client=client)
