"""From a filter to a plan: the steps that answer it, each with its reason and its estimate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from data_access.costs.units import query_units
from data_access.dynamo.aws import Source
from data_access.dynamo.estimating import Estimate, Estimator
from data_access.dynamo.facts import Facts, TableFacts
from data_access.dynamo.paths import Access, Window, best_access, equal_filters, fan_out, known_parts
from data_access.dynamo.plan import Operation, Plan, Purpose, Step, Term
from data_access.dynamo.read import parallel
from data_access.dynamo.sizes import Extent, Reach, Sizes, Span
from data_access.errors import UsageError
from data_access.models import Filter
from data_access.systems.spec import System, Table

# Guesses for what nothing tells. They price a plan only where no size is known; they never decide what is read,
# but for the choice between many Queries and one Scan.
CONVERSATIONS_OF_A_USER = 10
MESSAGES_OF_A_CONVERSATION = 20
TENANTS = 5
HISTORY = timedelta(days=90)

_WORDS: Mapping[str, str] = {
    ":user_id": "a user",
    ":tenant_id": "a tenant",
    ":conversation_id": "a conversation",
    ":kind": "a type of data",
}

_facts = Facts()


def plan_list(source: Source, wanted: Filter, sizes: Sizes | None = None) -> Plan:
    """The plan of a list, priced by `sizes` where they are known.

    Raises UsageError for a question that makes no sense, AwsError where a table is missing.
    """
    return _Planner(source, wanted, sizes).list()


def plan_replay(source: Source, wanted: Filter, sizes: Sizes | None = None) -> Plan:
    """The plan of one conversation with its messages, by `wanted.conversation_id`."""
    if wanted.conversation_id is None:
        raise UsageError("There is no conversation id.", "Give the one to read.")
    return _Planner(source, wanted, sizes).replay()


def check(source: Source, wanted: Filter) -> dict[str, str]:
    """The parts that the filter fixes. Raises UsageError where it contradicts itself or the system."""
    known = known_parts(wanted)
    if wanted.since is not None and wanted.until is not None and wanted.since >= wanted.until:
        raise UsageError("The start of the time range is not before its end.", "Swap them, or widen the range.")
    for part, word in (("tenant_id", "tenants"), ("user_id", "users")):
        if part in known and not source.place.system.has_part(part):
            raise UsageError(f"{source.title} has no {word}.", f"Leave the {word[:-1]} out.")
    return known


@dataclass(frozen=True, slots=True)
class _Side:
    """One table in a plan: how the system describes it, its live name and what is known of its size."""

    table: Table
    name: str
    facts: TableFacts


class _Planner:
    def __init__(self, source: Source, wanted: Filter, sizes: Sizes | None) -> None:
        self._source, self._wanted = source, wanted
        self._sizes = sizes
        self._estimate = Estimator(sizes, parallel(source))
        self._system: System = source.place.system
        self._known = check(source, wanted)
        self._window = Window(wanted.since, wanted.until)
        self._sessions = self._side(self._system.conversations)
        self._messages = self._side(self._system.messages) if self._system.messages else None
        kinds = self._sessions.table.kinds_holding("conversation")
        self._kind = kinds[0] if len(kinds) == 1 else None

    def _side(self, table: Table) -> _Side:
        key = next(name for name, known in self._system.tables.items() if known is table)
        return _Side(table, self._source.place.tables[key], _facts.of(self._source, key))

    # Lists

    def list(self) -> Plan:
        return self._plan(self._list())

    def _list(self) -> tuple[Step, ...]:
        if self._messages is None:
            return self._conversation_steps()[0]
        if "conversation_id" in self._known:
            return self._replay()
        known = self._known
        if "tenant_id" in known and "user_id" not in known:
            by_tenant = self._access(self._messages, known, self._window)
            if by_tenant is not None:
                steps, found = self._conversation_steps()
                said = self._extent(self._messages, by_tenant)
                return (*self._tenant_steps(by_tenant), *steps, *self._missing_steps(found, said))
        steps, found = self._conversation_steps()
        everybody = any(step.operation is Operation.SCAN and not step.filters for step in steps)
        each = None if everybody else self._each_messages(self._conversations_found(steps), found, None)
        return (*steps, each or self._scan(self._messages, "messages", "the messages of everybody are wanted")[0])

    def _tenant_steps(self, access: Access) -> tuple[Step, ...]:
        """A tenant's messages by time: all that the window needs, orphans included."""
        side = self._must(self._messages)
        reason = (
            f"{access.index} holds the tenant's messages by time" if access.index else "the table's key holds the tenant's messages by time"
        )
        share = self._window_share() * self._tenant_share()
        return self._queries(side, "messages", access, reason, side.facts.total_bytes * share)

    def _missing_steps(self, sessions: tuple[Extent, ...], said: Extent) -> tuple[Step, ...]:
        """What a window leaves out of the conversations that began before it or go on after it."""
        if self._window.since is None and self._window.until is None:
            return ()
        found = max(1, math.ceil(CONVERSATIONS_OF_A_USER * self._window_share()))
        step = self._each_messages(found, sessions, said, "the rest of a conversation that reaches out of the window")
        return (step,) if step else ()

    def _conversation_steps(self) -> tuple[tuple[Step, ...], tuple[Extent, ...]]:
        """The steps that find conversations, and the extents in which these find them."""
        side = self._sessions
        known = self._known | ({"kind": self._kind} if self._kind else {})
        access = self._access(side, known, self._window)
        if access is not None:
            steps = self._queries(side, "conversations", access, _why(access), self._share(access) * side.facts.item_bytes)
            return steps, (self._extent(side, access),)
        scan, whole = self._scan(side, "conversations", self._why_scan(side))
        tenants = self._source.place.tenants
        if "user_id" in known and "tenant_id" not in known and tenants:
            found = [
                access for tenant in tenants if (access := self._access(side, known | {"tenant_id": tenant}, self._window)) is not None
            ]
            steps, likely = self._tenant_queries(side, found)
            if found and likely < whole.likely:
                return steps, tuple(self._extent(side, access) for access in found)
        # The Scan's filter is what finds: ids are stored as they are asked for.
        parts = {part: value for part, value in self._known.items() if part in side.table.parts(self._kind)}
        return (scan,), (Extent(side.name, parts),)

    def _tenant_queries(self, side: _Side, found: Sequence[Access]) -> tuple[tuple[Step, ...], float]:
        """A user's conversations in each tenant that is known by name, and what they are likely to cost together."""
        steps: list[Step] = []
        total = 0.0
        for access in found:
            reason = (
                f"no key serves a user alone; {access.index or 'the key'} does with each of the {len(found)} tenants"
                " that the configuration names"
            )
            size = side.facts.item_bytes * CONVERSATIONS_OF_A_USER / len(found)
            estimate = self._estimate.query(side.facts, self._extent(side, access), query_units(size), reads=len(found))
            total += estimate.likely
            if steps and estimate.basis == "table size":
                estimate = self._estimate.again(estimate)  # They are disjoint: the first one's bound is for all of them.
            steps += self._query_steps(side, "conversations", access, reason, estimate)
        return tuple(steps), total

    def _each_messages(
        self, conversations: int, sessions: tuple[Extent, ...], said: Extent | None, reason: str | None = None
    ) -> Step | None:
        side = self._must(self._messages)
        access = fan_out(side.table, side.facts.indexes)
        if access is None:
            return None
        mean = side.facts.item_count / max(1, self._sessions.facts.item_count) or MESSAGES_OF_A_CONVERSATION
        reach = Reach(sessions, said, Span(self._window.since, self._window.until), side.name)
        estimate = self._estimate.each(self._sessions.facts, side.facts, reach, max(1, conversations), mean * side.facts.item_bytes)
        reason = reason or f"{access.index or 'the key'} holds each conversation's messages in order"
        return self._step(Operation.QUERY, "each", side, reason, estimate, index=access.index, keys=access.keys)

    # One conversation

    def replay(self) -> Plan:
        return self._plan(self._replay())

    def _replay(self) -> tuple[Step, ...]:
        side = self._sessions
        known = self._known | ({"kind": self._kind} if self._kind else {})
        access = self._access(side, known, Window(None, None))
        steps: tuple[Step, ...] = ()
        if access is not None and access.complete:
            reason = "both keys are known" if side.table.sort_key else "the key is known"
            estimate = self._estimate.get(side.facts, self._extent(side, access))
            # The id is compared after reading, as the reader understands it: it may be a number, or inside of JSON text.
            filters = tuple(term for term in access.filters if term.shown != ":conversation_id")
            steps = (self._step(Operation.GET, "conversations", side, reason, estimate, keys=access.keys, filters=filters),)
        elif access is not None:
            steps = self._queries(side, "conversations", access, _why(access), side.facts.item_bytes)
        elif self._messages is None:
            steps = (self._scan(side, "conversations", self._why_scan(side))[0],)
        if self._messages is None:
            return steps
        # Where no key leads to the session, its messages still tell the conversation.
        messages = self._access(self._messages, {"conversation_id": self._known["conversation_id"]}, self._window)
        if messages is None:
            return (*steps, self._scan(self._messages, "messages", self._why_scan(self._messages))[0])
        mean = self._messages.facts.item_count / max(1, side.facts.item_count) or MESSAGES_OF_A_CONVERSATION
        reason = f"{messages.index or 'the key'} holds the conversation's messages in order"
        return (*steps, *self._queries(self._messages, "messages", messages, reason, mean * self._messages.facts.item_bytes))

    # Pieces

    def _plan(self, steps: tuple[Step, ...]) -> Plan:
        known = self._sizes is not None and any(step.basis == "snapshot" for step in steps)
        return Plan(steps, self._sizes.as_of if self._sizes is not None and known else None)

    @staticmethod
    def _extent(side: _Side, access: Access) -> Extent:
        return Extent(side.name, access.parts, access.present, access.timed, access.span)

    def _access(self, side: _Side, known: Mapping[str, str], window: Window) -> Access | None:
        return best_access(side.table, known, window, self._kind if side is self._sessions else None, side.facts.indexes)

    def _queries(self, side: _Side, purpose: Purpose, access: Access, reason: str, size: float) -> tuple[Step, ...]:
        estimate = self._estimate.query(
            side.facts, self._extent(side, access), query_units(size), one=access.complete, reads=len(access.ranges)
        )
        return self._query_steps(side, purpose, access, reason, estimate)

    def _query_steps(self, side: _Side, purpose: Purpose, access: Access, reason: str, first: Estimate) -> tuple[Step, ...]:
        steps: list[Step] = []
        for position, extent in enumerate(access.ranges):
            keys = access.keys if extent is None else (*access.keys, extent)
            why = reason if position == 0 else "the same range for times that are kept as seconds instead"
            estimate = first if position == 0 else self._estimate.again(first)
            steps.append(self._step(Operation.QUERY, purpose, side, why, estimate, index=access.index, keys=keys, filters=access.filters))
        return tuple(steps)

    def _scan(self, side: _Side, purpose: Purpose, reason: str) -> tuple[Step, Estimate]:
        filters = equal_filters(side.table, self._known, self._kind if side is self._sessions else None)
        estimate = self._estimate.scan(side.facts, Extent(side.name, {}))
        return self._step(Operation.SCAN, purpose, side, reason, estimate, filters=filters), estimate

    def _step(
        self,
        operation: Operation,
        purpose: Purpose,
        side: _Side,
        reason: str,
        estimate: Estimate,
        *,
        index: str | None = None,
        keys: tuple[Term, ...] = (),
        filters: tuple[Term, ...] = (),
    ) -> Step:
        units, times = estimate.units, max(1, estimate.times)
        usd = side.facts.usd(units)
        return Step(operation, purpose, side.name, index, keys, filters, reason, units, usd, times, estimate.basis)

    def _why_scan(self, side: _Side) -> str:
        return "everything is wanted" if not self._known else f"no key or index of {side.name} serves this filter"

    def _conversations_found(self, steps: tuple[Step, ...]) -> int:
        """About how many conversations the steps will find."""
        if any(step.operation is Operation.SCAN and not step.filters for step in steps):
            return self._sessions.facts.item_count
        return CONVERSATIONS_OF_A_USER

    def _share(self, access: Access) -> float:
        """About how many items the access reads."""
        if "user_id" in self._known:
            return 1 if access.complete else CONVERSATIONS_OF_A_USER
        return self._sessions.facts.item_count * self._tenant_share()

    def _tenant_share(self) -> float:
        return 1 / (len(self._source.place.tenants) or TENANTS)

    def _window_share(self) -> float:
        """The part of the history that the window covers, taking its activity as even over 90 days."""
        if self._window.since is None:
            return 1.0
        until = self._window.until or datetime.now(UTC)
        return min(1.0, max(0.0, (until - self._window.since) / HISTORY))

    @staticmethod
    def _must(side: _Side | None) -> _Side:
        assert side is not None, "asked only of systems with a message table"
        return side


def _why(access: Access) -> str:
    by = " and ".join(_WORDS[term.shown] for term in access.keys)
    return f"{access.index or 'the key of the table'} serves {by}"
