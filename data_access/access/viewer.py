"""A person as the actions of Dynascope see them: name, roles, limits. Made from a sign-in (identity.py), or of this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from data_access.access.permissions import DESTRUCTIVE, PERSONAL, WHOLE_TABLES, Action, Role, may
from data_access.errors import Denied, SignInAgain

# What an actor may be in the audit: anything else of a name is a hyphen.
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9@._:/+=,-]")
_LONGEST_NAME = 200

Origin = Literal["local", "signed_in", "anonymous", "command_line", "nobody"]


@dataclass(frozen=True, slots=True)
class Limits:
    """The systems and tenants that a person may see, None for all.

    A limit of tenants closes every system that keeps no tenant, unless `systems` names it.
    """

    systems: frozenset[str] | None = None
    tenants: frozenset[str] | None = None

    def allows_system(self, system: str, *, keeps_tenants: bool) -> bool:
        if self.systems is not None:
            return system in self.systems
        return self.tenants is None or keeps_tenants

    def allows_tenant(self, tenant: str | None, *, keeps_tenants: bool = True) -> bool:
        """Whether a row of this tenant may be seen: one without a tenant only where the system keeps none."""
        return self.tenants is None or not keeps_tenants or tenant in self.tenants


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whoever asks. `name` is what they are called; it is no user of a chatbot.

    `signed_in_at` is when they last proved who they are. `session` names one sign-in: what ends it ends it in every tab.
    `person` is a hash of issuer and subject, 16 hex digits: two people can be called the same, and one can change what they are called.
    """

    name: str
    roles: frozenset[Role] = frozenset()
    limits: Limits = Limits()
    origin: Origin = "nobody"
    signed_in_at: datetime | None = None
    session: str = field(default="", repr=False)
    fresh_minutes: float = 10
    person: str = ""

    @property
    def actor(self) -> str:
        """How the audit names them: what they are called, and after a bar which person that is, for those who signed in."""
        name = _NOT_IN_A_NAME.sub("-", self.name)[:_LONGEST_NAME] or "unknown"
        return f"{name}|{self.person}" if self.person else name

    def may(self, action: Action) -> bool:
        """Whether they may at all; whether their sign-in is fresh enough is asked by `require`."""
        if self.origin == "nobody" or (self.origin == "anonymous" and action in PERSONAL):
            return False
        if self.limits.tenants is not None and action in WHOLE_TABLES:
            return False
        return may(self.roles, action)

    def is_fresh(self, now: datetime | None = None) -> bool:
        """Whether they proved who they are in the last minutes. On this machine nobody signs in."""
        if self.origin in ("local", "command_line"):
            return True
        if self.signed_in_at is None:
            return False
        return ((now or datetime.now(UTC)) - self.signed_in_at).total_seconds() < self.fresh_minutes * 60

    def require(self, action: Action, now: datetime | None = None) -> None:
        """Raises Denied, or SignInAgain where a destructive step needs a fresh sign-in. Audited by actions/asking.py."""
        if not self.may(action):
            raise Denied("You may not do this here.", "Ask whoever runs Dynascope for a role that may.", action=action.value)
        if action in DESTRUCTIVE and not self.is_fresh(now):
            raise SignInAgain("This step needs a fresh sign-in.", "Sign in again, then repeat it.")


NOBODY = Viewer("nobody")
LOCAL = Viewer("local", frozenset(Role), origin="local")
COMMAND_LINE = Viewer("command-line", frozenset(Role), origin="command_line")
