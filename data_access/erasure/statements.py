"""The requests that delete, and nothing else makes any: each needs a Guard, and names the owner in its condition.

Attribute names are aliased or quoted, values are parameters in wire form: nothing that is stored becomes a part of a statement.
PartiQL: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.delete.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from data_access.erasure.model import FrozenKey
from data_access.errors import ErasureError

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchExecuteStatement.html and API_TransactWriteItems.html
MOST_STATEMENTS = 25
MOST_BESIDE_A_CHECK = 99
MOST_BYTES = 4_000_000
# A condition with this value asks that the item names nobody there: the attribute is missing, or NULL.
NOBODY: Mapping[str, Any] = {"NULL": True}


@dataclass(slots=True)
class _Asked:
    """A condition in DynamoDB's words. Every name is aliased: many are reserved."""

    names: dict[str, str] = field(default_factory=dict[str, str])
    values: dict[str, Any] = field(default_factory=dict[str, Any])

    def name(self, attribute: str) -> str:
        return self.names.setdefault(attribute, f"#n{len(self.names)}")

    def is_there(self, key: str) -> str:
        return f"attribute_exists({self.name(key)})"

    def holds(self, attribute: str, wire: Mapping[str, Any]) -> str:
        path = ".".join(self.name(step) for step in attribute.split("."))
        mark = f":v{len(self.values)}"
        if wire == NOBODY:
            self.values[mark] = {"S": "NULL"}
            return f"(attribute_not_exists({path}) OR attribute_type({path}, {mark}))"
        self.values[mark] = dict(wire)
        return f"{path} = {mark}"

    def request(self, condition: str) -> dict[str, Any]:
        asked: dict[str, Any] = {
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {alias: name for name, alias in self.names.items()},
        }
        return asked | ({"ExpressionAttributeValues": self.values} if self.values else {})


def can_be_batched(key: FrozenKey) -> bool:
    """Whether PartiQL can say its guard."""
    return key.guard.kind != "parent_check" and all(value != NOBODY for _, value in key.guard.conditions)


def statement(key: FrozenKey) -> dict[str, Any]:
    """One conditional PartiQL delete that returns what it deleted. Raises ErasureError for a key without a guard of its own.

    The WHERE names the whole key and every condition of the guard: with the owner in the key, the key's own part names them.
    """
    conditions = _conditions(key)
    text = _text(key.table, tuple(key.key), tuple(name for name, _ in conditions))
    return {"Statement": text, "Parameters": [*key.key.values(), *(value for _, value in conditions)]}


def single(key: FrozenKey) -> dict[str, Any]:
    """The same as a DeleteItem: where a batch is not understood, or its answer leaves a doubt. Raises ErasureError."""
    asked = _Asked()
    # That it is there, always: a condition that fails without an item says that it is gone.
    tests = [asked.is_there(next(iter(key.key))), *(asked.holds(name, value) for name, value in _conditions(key))]
    return {
        "TableName": key.table,
        "Key": dict(key.key),
        "ReturnValues": "ALL_OLD",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        "ReturnConsumedCapacity": "INDEXES",
        **asked.request(" AND ".join(tests)),
    }


def transaction(keys: Sequence[FrozenKey], token: str, *, orphaned: bool = False) -> dict[str, Any]:
    """One check on the conversation that the keys belong to, and a delete of each, if it is there. Raises ErasureError.

    `orphaned`: the conversation's item is gone. Then the plan's proof that it was the user's alone has to do, and the check is that
    nobody has begun it again since.
    """
    guard = keys[0].guard
    if guard.kind != "parent_check" or guard.parent is None or len(keys) > MOST_BESIDE_A_CHECK or any(k.guard != guard for k in keys):
        raise _unguarded()
    table, parent = guard.parent
    asked = _Asked()
    first = next(iter(parent))
    if orphaned:
        tests = [f"attribute_not_exists({asked.name(first)})"]
    else:
        tests = [asked.is_there(first), *(asked.holds(name, value) for name, value in guard.conditions)]
    check = {
        "TableName": table,
        "Key": dict(parent),
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **asked.request(" AND ".join(tests)),
    }
    return {
        "TransactItems": [{"ConditionCheck": check}, *({"Delete": _beside(key)} for key in keys)],
        "ClientRequestToken": token,
        "ReturnConsumedCapacity": "INDEXES",
    }


def _beside(key: FrozenKey) -> dict[str, Any]:
    """Guarded by the check of its transaction. That it is there is asked to tell deleted from absent."""
    asked = _Asked()
    return {"TableName": key.table, "Key": dict(key.key), **asked.request(asked.is_there(next(iter(key.key))))}


def _conditions(key: FrozenKey) -> tuple[tuple[str, Any], ...]:
    """What the stored item must say beside its key. Nothing where the key itself names the owner."""
    guard = key.guard
    if guard.kind == "owner_in_key" or (guard.kind == "owner_attribute" and guard.conditions):
        return guard.conditions
    raise _unguarded()


@lru_cache(maxsize=256)
def _text(table: str, keys: tuple[str, ...], conditions: tuple[str, ...]) -> str:
    tests = [f"{_quoted(name)} = ?" for name in keys]
    tests += [".".join(_quoted(step) for step in name.split(".")) + " = ?" for name in conditions]
    return f"DELETE FROM {_quoted(table)} WHERE {' AND '.join(tests)} RETURNING ALL OLD *"  # noqa: S608 - names of the spec, quoted


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _unguarded() -> ErasureError:
    return ErasureError("A delete without a guard was asked for.", "This is a fault of the program: report it. Nothing was deleted.")
