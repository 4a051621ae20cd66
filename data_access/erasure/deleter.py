"""Deleting frozen keys in batches, every one guarded, and saying of each what became of it.

Twenty-five conditional PartiQL deletes in a request, or one check on a conversation with up to ninety-nine deletes in a transaction.
Where a batch is not understood (moto has no RETURNING) or leaves a doubt, single conditional deletes. The item that a guard refused
is somebody else's: it is never looked at, kept or shown. A batch can be sent again at any time.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data_access.aws_errors import from_aws
from data_access.erasure.model import FrozenKey, Outcome
from data_access.erasure.refusals import BUSY, DENIED, REFUSED, denied, is_denied, is_not_understood, no_capacity, reasons, was_refused
from data_access.erasure.sending import Sending, cost_of
from data_access.erasure.statements import (
    MOST_BESIDE_A_CHECK,
    MOST_BYTES,
    MOST_STATEMENTS,
    can_be_batched,
    single,
    statement,
    transaction,
)
from data_access.errors import AwsError


@dataclass(slots=True)
class Batch:
    """Keys that go in one request: of one table, and with a check on their conversation of one conversation."""

    keys: list[FrozenKey] = field(default_factory=list[FrozenKey])
    bytes: int = 0


@dataclass(slots=True)
class Done:
    """What became of keys. `units` are write units, those of indexes with them.

    `stuck` are the conversations of keys that could not be deleted. `untried` keys were not sent, since everything was to stop.
    `refusal` is why a whole table said no.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter[Outcome])
    units: float = 0.0
    untried: int = 0
    stuck: set[str | None] = field(default_factory=set["str | None"])
    refusal: AwsError | None = None

    def add(self, other: Done) -> None:
        self.outcomes.update(other.outcomes)
        self.units += other.units
        self.untried += other.untried
        self.stuck |= other.stuck
        self.refusal = self.refusal or other.refusal

    def fail(self, keys: Iterable[FrozenKey], refusal: AwsError | None = None) -> None:
        for key in keys:
            self.outcomes[Outcome.ERROR] += 1
            self.stuck.add(key.conversation)
        self.refusal = self.refusal or refusal


def batches(keys: Iterable[FrozenKey]) -> Iterator[Batch]:
    """Keys of one table in few requests. A key that comes twice goes in different ones: DynamoDB refuses it in one."""
    open_: dict[Any, tuple[Batch, set[Any]]] = {}
    for key in keys:
        parent = key.guard.parent
        spot = None if parent is None else (parent[0], _plain(parent[1]), _plain(dict(key.guard.conditions)))
        most = MOST_STATEMENTS if parent is None else MOST_BESIDE_A_CHECK
        batch, seen = open_.setdefault(spot, (Batch(), set()))
        own = _plain(key.key)
        if batch.keys and (len(batch.keys) >= most or batch.bytes + key.bytes > MOST_BYTES or own in seen):
            yield batch
            batch, seen = open_[spot] = (Batch(), set())
        batch.keys.append(key)
        batch.bytes += key.bytes
        seen.add(own)
    for batch, _ in open_.values():
        yield batch


class Deleter:
    """Deletes for one job, from any thread."""

    def __init__(self, sending: Sending) -> None:
        self._sending = sending
        self._batched: set[str] = set()  # systems whose DynamoDB has answered a batch
        self._singly: set[str] = set()  # and those where it could not

    def delete(self, batch: Batch, *, begun: bool = False) -> Done:
        """Delete a batch. `begun`: a worker that was stopped may have sent it before: what is gone was its doing, and is deleted.

        Nothing is raised for a key, nor for a table that may not be written to: that is told. Raises AwsError where the table cannot
        be reached for longer than patience lasts, and ErasureError for a key without a guard.
        """
        done = Done()
        try:
            self._delete(batch.keys, begun, done)
        finally:
            self._sending.waiting.end()
        return done

    def _delete(self, keys: Sequence[FrozenKey], begun: bool, done: Done) -> None:
        if keys[0].guard.kind == "parent_check":
            self._beside_a_check(keys, begun, done)
            return
        if keys[0].system in self._singly:
            rest = list(keys)
        else:
            rest = [key for key in keys if not can_be_batched(key)]
            rest += self._together([key for key in keys if can_be_batched(key)], begun, done)
        for number, key in enumerate(rest):
            if done.refusal:
                done.fail(rest[number:])
                break
            self._alone(key, begun, done)

    def _together(self, keys: Sequence[FrozenKey], begun: bool, done: Done) -> list[FrozenKey]:
        """Fill `done` from batches of statements; returns the keys that are to be asked one by one."""
        left, singly, backoff = list(keys), list[FrozenKey](), self._sending.backoff()
        while left:
            system, table = left[0].system, left[0].table
            request = {"Statements": [statement(key) for key in left], "ReturnConsumedCapacity": "INDEXES"}
            answer = self._sending.ask(
                "batch_execute_statement",
                request,
                left,
                backoff,
                operation="BatchExecuteStatement",
                faults=system not in self._batched,  # then it may be one that cannot be asked so
            )
            if answer.error is not None:
                if is_denied(answer.error):
                    done.fail(left, denied(table))
                    return singly
                if system not in self._batched:
                    self._singly.add(system)
                return [*singly, *left]
            if answer.body is None:
                done.untried += len(left)
                return singly
            self._batched.add(system)
            done.units += answer.units
            sent, left = left, list[FrozenKey]()
            for key, one in zip(sent, answer.body.get("Responses", ()), strict=True):
                outcome = _outcome(one, begun or answer.unsure)
                if outcome is Outcome.THROTTLED:
                    left.append(key)
                elif outcome is Outcome.ERROR:
                    done.fail([key], denied(table))
                elif outcome is None:
                    singly.append(key)
                else:
                    done.outcomes[outcome] += 1
            if left and done.refusal:
                done.fail(left)
                return singly
            if len(left) < len(sent):
                backoff.through()
            if left and not backoff.again() and not self._sending.stop.is_set():
                raise no_capacity("BatchExecuteStatement", table)
        return singly

    def _alone(self, key: FrozenKey, begun: bool, done: Done) -> None:
        answer = self._sending.ask("delete_item", single(key), [key], self._sending.backoff(), operation="DeleteItem")
        done.units += answer.units
        if answer.body is not None:
            done.outcomes[Outcome.DELETED if answer.body.get("Attributes") else _gone(begun or answer.unsure)] += 1
        elif answer.error is None:
            done.untried += 1
        elif was_refused(answer.error):
            done.units += cost_of([key])
            # Only whether there is an item: what is in it is not ours to know.
            there = bool(getattr(answer.error, "response", {}).get("Item"))
            done.outcomes[Outcome.FOREIGN if there else _gone(begun or answer.unsure)] += 1
        else:
            said = from_aws(answer.error, operation="DeleteItem", table=key.table)
            done.fail([key], said if is_denied(answer.error) else None)

    def _beside_a_check(self, keys: Sequence[FrozenKey], begun: bool, done: Done) -> None:
        left, orphaned, backoff = list(keys), False, self._sending.backoff()
        while left:
            # With one token a transaction whose answer was lost is not done twice, and says again what it did.
            request = transaction(left, secrets.token_hex(16), orphaned=orphaned)
            answer = self._sending.ask("transact_write_items", request, left, backoff, operation="TransactWriteItems")
            done.units += answer.units
            if answer.body is not None:
                done.outcomes[Outcome.DELETED] += len(left)
                return
            if answer.error is None:
                done.untried += len(left)
                return
            check, gone = _refused(answer.error, left)
            if check is not None and (orphaned or check.get("Item")):
                # Another's, or begun again since: then its messages may be anybody's.
                done.outcomes[Outcome.FOREIGN] += len(left)
                return
            done.units += cost_of(left)  # a transaction that is cancelled is billed too
            if check is not None:
                orphaned = True
            elif gone:
                done.outcomes[_gone(begun or answer.unsure)] += len(gone)
                left = [key for number, key in enumerate(left) if number not in gone]
            elif is_denied(answer.error):
                done.fail(left, from_aws(answer.error, operation="TransactWriteItems", table=left[0].table))
                return
            elif is_not_understood(answer.error) and len(left) > 1:
                # One of them is not accepted: the others are not to wait for it.
                for key in left:
                    self._beside_a_check([key], begun, done)
                return
            else:
                done.fail(left)
                return


def _outcome(one: Mapping[str, Any], begun: bool) -> Outcome | None:
    """None: ask for it alone."""
    error = one.get("Error")
    if error is None:
        # Success where there is no such item, too: only what is returned tells that there was one.
        return Outcome.DELETED if one.get("Item") else _gone(begun)
    why = str(error.get("Code", ""))
    if why in REFUSED:
        return Outcome.FOREIGN
    if why in BUSY:
        return Outcome.THROTTLED
    return Outcome.ERROR if why in DENIED else None


def _refused(error: Exception, keys: Sequence[FrozenKey]) -> tuple[Mapping[str, Any] | None, set[int]]:
    """Why a transaction was cancelled: the check's own reason if it failed, and the numbers of the keys that are not there."""
    check, *rest = reasons(error) or [{}]
    failed = check if check.get("Code") in REFUSED else None
    return failed, {number for number, (_, one) in enumerate(zip(keys, rest, strict=False)) if one.get("Code") in REFUSED}


def _gone(begun: bool) -> Outcome:
    return Outcome.DELETED if begun else Outcome.ABSENT


def _plain(key: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple((name, *next(iter(value.items()))) for name, value in key.items())
