"""Whether a scope can be meant at all, before anything is read for it."""

from __future__ import annotations

from collections.abc import Mapping

from data_access.dynamo.aws import Source
from data_access.erasure.model import Scope
from data_access.errors import UsageError

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MOST_ID_BYTES = 2_048


def check_scope(sources: Mapping[str, Source], scope: Scope) -> None:
    """Raises UsageError. What was given is never repeated: it can be an id."""
    _check("user id", scope.user_id)
    for name, value in (("type of data", scope.data_type), ("conversation id", scope.conversation_id)):
        if value is not None:
            _check(name, value)
    if not scope.systems:
        raise UsageError("No system is in scope.", f"The systems are: {', '.join(sources) or 'none'}.")
    if any(name not in sources for name in scope.systems):
        raise UsageError("One of the systems in scope is not here.", f"The systems are: {', '.join(sources) or 'none'}.")
    systems = [sources[name].place.system for name in scope.systems]
    if scope.tenants is not None:
        if not scope.tenants:
            raise UsageError("No tenant is in scope.", "Name the tenants, or leave them out for every tenant.")
        for tenant in scope.tenants:
            _check("tenant", tenant)
        if not any(system.has_part("tenant_id") for system in systems):
            raise UsageError("None of these systems has tenants.", "Leave the tenants out.")
    if scope.data_type is not None and not any("kind" in table.parts() for system in systems for table in system.tables.values()):
        raise UsageError("None of these systems keeps types of data.", "Leave the type of data out.")


def _check(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise UsageError(f"The {name} is not a text.")
    if not value:
        raise UsageError(f"The {name} is empty.")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise UsageError(f"The {name} is not valid Unicode.", "It holds half of a surrogate pair.") from None
    if size > MOST_ID_BYTES:
        raise UsageError(f"The {name} has {size:,} bytes; a key of DynamoDB has at most {MOST_ID_BYTES:,}.")
