"""A place to erase in: four systems' tables and a control table with a prefix of their own, behind one script of faults.

What is in the tables is put and told by plain boto3, and whose it is by the guides' layouts (world.belongings), not by the code
under test.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeSerializer

from data_access.audit.chain import Audit
from data_access.audit.checking import verify as verify_audit
from data_access.dynamo.aws import Source, open_sources
from data_access.erasure.control import Control
from data_access.erasure.jobs import Actor, Jobs
from data_access.erasure.keys import Keys
from data_access.erasure.model import Job, Plan, Scope, State
from data_access.erasure.records import Records, control_source, create_control
from data_access.erasure.working import Workshop, work
from data_access.settings import Settings
from data_access.snapshot.store import Store
from data_access.systems.create import create_tables
from data_access.systems.spec import built_in
from tests.data_access import layouts
from tests.data_access.erasure.faults.faulty import Script
from tests.data_access.erasure.world import belongings, everything, plain_client, settings_for

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BY, OTHER = Actor("sam"), Actor("kim", "approver")
KEYS: Mapping[str, tuple[str, ...]] = {
    table["TableName"]: tuple(key["AttributeName"] for key in table["KeySchema"])
    for system in layouts.SYSTEMS
    for table in layouts.TABLES[system]
}
SYSTEM_OF = {table["TableName"]: system for system in layouts.SYSTEMS for table in layouts.TABLES[system]}
LONG_AGO = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
_serialize = TypeSerializer().serialize
Rows = Iterable[tuple[str, Mapping[str, Any]]]


def wire(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _serialize(value) for name, value in item.items()}


def talk(
    system: str, user: str, conversation: str, *, turns: int = 3, tenant: str | None = "acme", at: datetime = LONG_AGO, said: str = "said"
) -> list[tuple[str, dict[str, Any]]]:
    """One conversation as the guide writes it (for remo: all of the user's four items), as table and plain item."""
    spoken = tuple(
        layouts.Turn("user" if n % 2 == 0 else "assistant", f"{said} {n}: grüße", at + timedelta(seconds=10 * n)) for n in range(turns)
    )
    own = tenant if system == "ai_agent" else None
    return list(layouts.items(layouts.Talk(system, conversation, user, spoken, own, f"About {conversation}")))


def some_of(user: str, tag: str, systems: Iterable[str] = layouts.SYSTEMS) -> list[tuple[str, dict[str, Any]]]:
    """Forty items of a user in all four systems, ten in each: every table, several conversations."""
    rows: list[tuple[str, dict[str, Any]]] = []
    for system in systems:
        if system == "remo":
            rows += talk(system, user, f"{tag}-memory")
            rows += [
                (
                    "remo-user-data",
                    {"user_id": user, "data_type": f"kind_{n}", "data": {"n": n}, "timestamp": "2026-05-04T08:00:00", "ttl": 2_000_000_000},
                )
                for n in range(6)
            ]
        elif system == "cg":
            rows += [row for n in range(10) for row in talk(system, user, f"{tag}-{system}-{n}")]
        else:
            rows += [row for n in range(2) for row in talk(system, user, f"{tag}-{system}-{n}", turns=4)]
    return rows


@dataclass
class Site:
    """`script` is what stands between Dynascope and the store; `client` reaches the store past it."""

    endpoint: str
    settings: Settings
    script: Script
    client: DynamoDBClient
    sources: Mapping[str, Source]
    control: Control
    audit: Audit
    snapshot: Store | None = None
    shop_settings: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def prefix(self) -> str:
        return self.settings.erasure.control_table.removesuffix("dynascope-control")

    def name(self, table: str) -> str:
        return self.prefix + table

    @property
    def tables(self) -> list[str]:
        return [self.name(table) for table in KEYS]

    @property
    def shop(self) -> Workshop:
        own: dict[str, Any] = {"settle_seconds": 0.0, "patience": 600.0, "threads": 4} | self.shop_settings
        return Workshop(self.settings, self.sources, self.control, self.audit, self.snapshot, **own)

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.shop)

    # The store, past the faults

    def put(self, rows: Rows) -> None:
        """Of two items with one key the later one."""
        last = {(table, repr(self.key(table, item))): (table, item) for table, item in rows}
        layouts.write(self.client, [(self.name(table), {"PutRequest": {"Item": wire(item)}}) for table, item in last.values()])

    def key(self, table: str, item: Mapping[str, Any]) -> dict[str, Any]:
        return wire({name: item[name] for name in KEYS[table]})

    def remove(self, rows: Rows) -> None:
        for table, item in rows:
            self.client.delete_item(TableName=self.name(table), Key=self.key(table, item))

    def stored(self) -> dict[str, list[dict[str, Any]]]:
        return {table: everything(self.client, table) for table in self.tables}

    def of(self, user: str, tenants: set[str] | None = None) -> frozenset[tuple[str, str]]:
        """What is there of a user, by a full Scan."""
        return belongings(self.stored(), user, self.prefix, tenants)

    def sums(self, without: Iterable[tuple[str, str]] = ()) -> dict[tuple[str, str], str]:
        """The SHA-256 of every item by its key, but for some."""
        left_out = frozenset(without)
        found: dict[tuple[str, str], str] = {}
        for table, items in self.stored().items():
            for item in items:
                key = json.dumps({name: item[name] for name in KEYS[table.removeprefix(self.prefix)]}, sort_keys=True)
                if (table, key) not in left_out:
                    found[table, key] = hashlib.sha256(json.dumps(item, sort_keys=True, default=repr).encode()).hexdigest()
        return found

    def control_rows(self) -> list[dict[str, Any]]:
        return everything(self.client, self.settings.erasure.control_table)

    def control_text(self) -> str:
        """All that the control table says, what is compressed in it too."""
        said: list[str] = []
        for row in self.control_rows():
            said.append(json.dumps(row, default=repr, ensure_ascii=False))
            for value in row.values():
                if "B" in value:
                    with suppress(zlib.error):
                        said.append(zlib.decompress(value["B"]).decode())
        return "\n".join(said)

    def empty(self) -> None:
        """No item in any table of it."""
        for table, items in self.stored().items():
            names = KEYS[table.removeprefix(self.prefix)]
            layouts.write(self.client, [(table, {"DeleteRequest": {"Key": {n: item[n] for n in names}}}) for item in items])
        control = self.settings.erasure.control_table
        keys = [{"pk": row["pk"], "sk": row["sk"]} for row in self.control_rows()]
        layouts.write(self.client, [(control, {"DeleteRequest": {"Key": key}}) for key in keys])

    def end_lease(self, plan_id: str) -> None:
        """As when a minute has passed since the worker was last heard of."""
        long_ago = {"S": "2026-01-01T00:00:00.000000+00:00"}
        self.client.update_item(
            TableName=self.settings.erasure.control_table,
            Key={"pk": {"S": f"job#{plan_id}"}, "sk": {"S": "job"}},
            UpdateExpression="SET lease_until = :past",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":past": long_ago},
        )

    # An erasure

    def plan(self, user: str, systems: Iterable[str] = layouts.SYSTEMS, **scope: Any) -> Plan:
        return self.jobs.plan(Scope(user, tuple(systems), **scope), BY)

    def confirmed(self, user: str, systems: Iterable[str] = layouts.SYSTEMS, **scope: Any) -> str:
        plan = self.plan(user, systems, **scope)
        self.jobs.confirm(plan.plan_id, user, BY)
        return plan.plan_id

    def work(self, plan_id: str) -> Job:
        job = work(self.shop, plan_id, "worker:test")
        assert job is not None
        return job

    def erase(self, user: str, systems: Iterable[str] = layouts.SYSTEMS, **scope: Any) -> Job:
        return self.work(self.confirmed(user, systems, **scope))

    def receipt(self, job: Job) -> dict[str, Any]:
        return json.loads(self.jobs.receipt(job.plan_id))["receipt"]

    def events(self, plan_id: str) -> list[tuple[str, Mapping[str, Any]]]:
        return [(one.event, one.fields) for one in self.audit.entries(plan_id=plan_id)]

    def check(self, job: Job, state: State = State.COMPLETED) -> None:
        """The end state, totals that reconcile, one receipt that the audit names, an audit that fits together."""
        assert job.state is state, job.message
        names = Counter(event for event, _ in self.events(job.plan_id))
        kept = self.jobs.receipt(job.plan_id)
        digests = {fields["digest"] for event, fields in self.events(job.plan_id) if event == "receipted"}
        assert digests == {hashlib.sha256(kept).hexdigest()}
        assert names["ended"] >= 1
        assert json.loads(kept)["receipt"]["state"] == state.value
        verdict = verify_audit(self.audit)
        assert verdict.state != "broken", verdict.first_problem
        if state is State.COMPLETED:
            for row in job.progress:
                assert (row.deleted + row.absent, row.foreign) == (row.planned, 0), row


@contextmanager
def opened(
    endpoint: str,
    folder: Path,
    prefix: str,
    *faults: Any,
    create: bool = True,
    audit: Callable[[Control], Audit] = Audit,
    snapshot: Store | None = None,
    **erasure: Any,
) -> Iterator[Site]:
    script = Script(*faults)
    settings = settings_for(folder, prefix, **erasure)
    bare = open_sources(settings, endpoint)
    client = plain_client(endpoint)
    own = control_source(settings, endpoint)
    if create:
        create_control(settings, endpoint)
        for source in bare.values():
            create_tables(source)
    control = Control(settings, Records(script.wrap(own.client), settings.erasure.control_table), Keys.open(settings))
    sources = {name: replace(source, client=script.wrap(source.client)) for name, source in bare.items()}
    try:
        yield Site(endpoint, settings, script, client, sources, control, audit(control), snapshot)
    finally:
        client.close()
        own.client.close()
        for source in bare.values():
            source.client.close()


assert set(built_in()) == set(layouts.SYSTEMS)
