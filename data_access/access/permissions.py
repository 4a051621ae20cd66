"""What each role may do: the one table. Pages, actions, the tests' matrix and the README are made from it.

A page that is not shown is a courtesy. What counts is that every action asks this table again on the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a person is here. Nobody has one unless dynascope.toml gives it."""

    REVIEWER = "reviewer"
    ANALYST = "analyst"
    SUPPORT = "support"
    APPROVER = "approver"
    ADMIN = "admin"


class Action(StrEnum):
    """Everything that a person can ask for. The value is the name in the audit."""

    LIST = "list_conversations"
    REPLAY = "replay_conversation"
    SEARCH = "search"
    REVEAL = "reveal"
    USAGE = "usage"
    COSTS = "costs"
    CAPACITY = "capacity"
    LOOK_UP = "look_up_user"
    EXPORT = "export_user"
    PLAN = "plan_erasure"
    CONFIRM = "confirm_erasure"
    APPROVE = "approve_erasure"
    CANCEL = "cancel_erasure"
    RESUME = "resume_erasure"
    EXTEND = "extend_erasure"
    JOBS = "see_erasures"
    RECEIPT = "see_receipt"
    SNAPSHOT = "see_snapshot"
    SYNC = "sync_snapshot"
    TABLES = "see_tables"
    SEED = "seed_sample"
    AUDIT = "see_audit"


_REVIEWER, _ANALYST, _SUPPORT, _APPROVER, _ADMIN = Role

PERMISSIONS: Mapping[Action, frozenset[Role]] = {
    Action.LIST: frozenset({_REVIEWER, _SUPPORT, _ADMIN}),
    Action.REPLAY: frozenset({_REVIEWER, _SUPPORT, _ADMIN}),
    Action.SEARCH: frozenset({_REVIEWER, _ADMIN}),
    Action.REVEAL: frozenset({_SUPPORT, _ADMIN}),
    Action.USAGE: frozenset({_ANALYST, _ADMIN}),
    Action.COSTS: frozenset({_ANALYST, _ADMIN}),
    Action.CAPACITY: frozenset({_ANALYST, _ADMIN}),
    Action.LOOK_UP: frozenset({_SUPPORT, _ADMIN}),
    Action.EXPORT: frozenset({_SUPPORT, _ADMIN}),
    Action.PLAN: frozenset({_SUPPORT, _ADMIN}),
    Action.CONFIRM: frozenset({_SUPPORT, _ADMIN}),
    Action.APPROVE: frozenset({_APPROVER, _ADMIN}),
    Action.CANCEL: frozenset({_SUPPORT, _APPROVER, _ADMIN}),
    Action.RESUME: frozenset({_SUPPORT, _ADMIN}),
    Action.EXTEND: frozenset({_SUPPORT, _ADMIN}),
    Action.JOBS: frozenset({_SUPPORT, _APPROVER, _ADMIN}),
    Action.RECEIPT: frozenset({_SUPPORT, _APPROVER, _ADMIN}),
    Action.SNAPSHOT: frozenset({_REVIEWER, _ANALYST, _ADMIN}),
    Action.SYNC: frozenset({_ANALYST, _ADMIN}),
    Action.TABLES: frozenset({_ADMIN}),
    Action.SEED: frozenset({_ADMIN}),
    Action.AUDIT: frozenset({_ADMIN}),
}
# Who did not sign in never has these, whatever the configuration says: they are about one person, or change something.
PERSONAL = frozenset(
    {
        Action.REVEAL,
        Action.LOOK_UP,
        Action.EXPORT,
        Action.PLAN,
        Action.CONFIRM,
        Action.APPROVE,
        Action.CANCEL,
        Action.RESUME,
        Action.EXTEND,
        Action.JOBS,
        Action.RECEIPT,
        Action.SYNC,
        Action.SEED,
        Action.AUDIT,
    }
)
# Before these the sign-in must be a fresh one.
DESTRUCTIVE = frozenset({Action.CONFIRM, Action.APPROVE, Action.RESUME})
# What speaks of whole tables, and so of every tenant: not for a person who may see some tenants only.
WHOLE_TABLES = frozenset({Action.COSTS, Action.CAPACITY, Action.TABLES, Action.SYNC, Action.SEED})


def may(roles: frozenset[Role], action: Action) -> bool:
    """Whether one of these roles may do it."""
    return not roles.isdisjoint(PERMISSIONS[action])
