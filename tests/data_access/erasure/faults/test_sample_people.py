"""R1 and the whole way on the sample data's special cases: one person in each system, with the snapshot, and a syncing after it.

And F16 in small: three thousand messages in a hundred conversations. The hundred thousand are the benchmark's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data_access.erasure.model import State
from data_access.local.sample import LANDMARKS
from data_access.local.sample.store import to_wire
from data_access.snapshot.store import Store
from data_access.snapshot.sync import sync
from tests.data_access import layouts, sampled
from tests.data_access.erasure.faults.site import KEYS, SYSTEM_OF, Site, talk

Open = Callable[..., Site]

pytestmark = pytest.mark.engine


def snapshot_of(site: Site, store: Store, user: str, system: str) -> int:
    with store.connection(expired=True) as database:
        tables = ("conversations", "messages", "user_records")
        counts = [
            database.execute(f"SELECT count(*) FROM {table} WHERE user_id = ? AND system = ?", [user, system]).fetchall()
            for table in tables
        ]
    return sum(int(rows[0][0]) for rows in counts)


def test_one_of_the_samples_people_in_each_system(open_site: Open, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "snapshot"), tmp_path)
    site = open_site(snapshot=store)
    few = (row for row in sampled._some() if row[1].get("userId") != LANDMARKS.long_user)
    puts = [(site.name(table), {"PutRequest": {"Item": {n: to_wire(v) for n, v in item.items()}}}) for table, item in few]
    layouts.write(site.client, puts)
    for source in site.sources.values():
        sync(source, store, full=True)
    everything = site.sums()
    people = {
        "remo": LANDMARKS.lookalike_remo_users[0],
        "ai_agent": LANDMARKS.two_tenant_users[0],
        "ai4ai": LANDMARKS.drifted_user,
        "cg": LANDMARKS.drifted_user,
    }
    for system, user in people.items():
        mine = frozenset(spot for spot in site.of(user) if SYSTEM_OF[spot[0].removeprefix(site.prefix)] == system)
        others = {spot: digest for spot, digest in everything.items() if spot not in mine}
        assert mine
        assert snapshot_of(site, store, user, system) > 0
        job = site.erase(user, [system])
        site.check(job)
        assert site.sums() == others
        assert sum(row.deleted for row in job.progress) == len(mine)
        assert snapshot_of(site, store, user, system) == 0
        assert user not in site.control_text()
        everything = others
    for source in site.sources.values():
        sync(source, store)
        sync(source, store, full=True)
    assert [snapshot_of(site, store, user, system) for system, user in people.items()] == [0] * 4


def test_three_thousand_messages(open_site: Open) -> None:
    """No row of the control table above 100 KB at any time, every delete in full batches, in a bounded number of calls."""
    site = open_site()
    rows = [row for n in range(100) for row in talk("ai_agent", "subject", f"session-{n:03d}", turns=30)]
    site.put(rows)
    site.put(talk("ai_agent", "Subject", "other"))
    others = site.sums(site.of("subject"))
    largest = {"bytes": 0}

    def measure(call: Any, send: Any) -> Any:
        if call.method == "put_item" and site.settings.erasure.control_table in call.tables:
            largest["bytes"] = max(largest["bytes"], sum(len(value.get("B", b"")) for value in call.request["Item"].values()))
        return send(call.request)

    site.script.faults.append(measure)
    plan_id = site.confirmed("subject", ["ai_agent"])
    chunks = list(site.control.chunks(plan_id))
    assert sum(len(chunk.keys) for chunk in chunks) == 3_100
    assert [chunk.rank for chunk in chunks] == sorted(chunk.rank for chunk in chunks)
    assert max(len(repr(row)) for row in site.control_rows()) < 400_000
    site.script.calls.clear()
    job = site.work(plan_id)
    site.check(job)
    assert site.sums() == others
    assert sum(row.deleted for row in job.progress) == 3_100
    assert 0 < largest["bytes"] < 100_000
    batches = [call for call in site.script.calls if call.method == "batch_execute_statement"]
    assert len(batches) <= 3_100 / 25 + 2 * len(chunks)
    assert len(site.script.calls) < 1_500
    assert job.state is State.COMPLETED
    assert set(KEYS) >= {"ai-agent-messages"}
