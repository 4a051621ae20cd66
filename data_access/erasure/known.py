"""What the snapshot knows that the live tables no longer tell: a user's conversations, the tenants, and ids like the user's."""

from __future__ import annotations

from data_access.erasure.discovery import Known
from data_access.erasure.neighbours import Radar, skeletons
from data_access.snapshot.store import Store

# Every user that is named anywhere. Of plain ASCII ids the look-alike test is DuckDB's, of the others it is done here.
_ALIKE = r"""
SELECT DISTINCT user_id, system FROM (
    SELECT user_id, system FROM conversations
    UNION ALL SELECT user_id, system FROM user_records
    UNION ALL SELECT user_id, system FROM messages
) WHERE user_id IS NOT NULL AND (
    strlen(user_id) <> length(user_id)
    OR replace(replace(translate(lower(regexp_replace(user_id, '[\x00-\x20\x7f]+', '', 'g')), '01i|', 'olll'), 'rn', 'm'), 'vv', 'w') = ?
)
"""
_TALKS = """
SELECT conversation_id FROM conversations WHERE system = ? AND conversation_id IN (
    SELECT conversation_id FROM conversations WHERE system = ? AND user_id = ?
) GROUP BY conversation_id HAVING count(DISTINCT user_id) = 1
"""
_TENANTS = "SELECT DISTINCT tenant_id FROM conversations WHERE system = ? AND tenant_id IS NOT NULL ORDER BY tenant_id"
_MANY = 10_000


def known(store: Store, system: str, user_id: str) -> Known:
    """Expired rows count too: what has no time left may still be stored. Raises SnapshotError."""
    with store.connection(expired=True) as database:
        talks = database.execute(_TALKS, [system, system, user_id]).fetchall()
        tenants = database.execute(_TENANTS, [system]).fetchall()
    return Known(frozenset(str(row[0]) for row in talks), tuple(str(row[0]) for row in tenants))


def meet_all(store: Store, radar: Radar, systems: frozenset[str] | None = None) -> frozenset[str]:
    """Show the radar every user of the snapshot, and return the systems that the snapshot has; of `systems`, None for all.

    Raises SnapshotError.
    """
    shape, _ = skeletons(radar.subject)
    with store.connection(expired=True) as database:
        rows = database.execute(_ALIKE, [shape])
        while some := rows.fetchmany(_MANY):
            for user_id, system in some:
                if systems is None or system in systems:
                    radar.meet(str(user_id), str(system))
    there = frozenset(store.states())
    return there if systems is None else there & systems
