"""One guarded request after the other to a system's DynamoDB: paced, retried while that is of use, measured."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from data_access.aws_errors import from_aws
from data_access.costs.units import write_units
from data_access.dynamo.aws import Source
from data_access.erasure.model import FrozenKey
from data_access.erasure.pace import Backoff, Clock, Pace, Waiting
from data_access.erasure.refusals import is_denied, is_fault, is_not_understood, passes, was_refused
from data_access.errors import Throttled


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request: `body`, or the `error` that says something about its keys, or neither: everything is to stop.

    `unsure`: it was sent more than once, and an earlier time may have been the one that counted. `units` are write units.
    """

    body: Mapping[str, Any] | None = None
    error: ClientError | BotoCoreError | None = None
    unsure: bool = False
    units: float = 0.0


class Sending:
    """What all requests of one job share. Set `stop`, and none is sent any more."""

    def __init__(
        self,
        sources: Mapping[str, Source],
        pace: Pace,
        *,
        stop: threading.Event,
        patience: float,
        waiting: Waiting | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.stop = stop
        self.waiting = waiting or Waiting()
        self._sources, self._pace = sources, pace
        self._patience, self._clock = patience, clock or Clock()

    def backoff(self) -> Backoff:
        return Backoff(self.stop, self.waiting, patience=self._patience, clock=self._clock)

    def ask(
        self, method: str, request: Mapping[str, Any], keys: Sequence[FrozenKey], backoff: Backoff, *, operation: str, faults: bool = False
    ) -> Answer:
        """Send until there is an answer. `faults`: a failure of the service is an answer too, and not asked again.

        Raises AwsError for what no retry helps, and Throttled or Unreachable when patience is at its end.
        """
        call, cost, unsure = getattr(self._sources[keys[0].system].client, method), cost_of(keys), False
        while True:
            self._pace.take(cost, self.stop)
            if self.stop.is_set():
                return Answer(unsure=unsure)
            try:
                body: Mapping[str, Any] = call(**request)
            except (ClientError, BotoCoreError) as error:
                if was_refused(error) or is_denied(error) or is_not_understood(error) or (faults and is_fault(error)):
                    retried = isinstance(error, ClientError) and _was_retried(error.response)
                    return Answer(error=error, unsure=unsure or retried)
                said = from_aws(error, operation=operation, table=keys[0].table)
                # What was throttled was not done. What was not answered may have been.
                unsure = unsure or not isinstance(said, Throttled)
                if not passes(error, said):
                    raise said from None
                if not backoff.again():
                    if self.stop.is_set():
                        return Answer(unsure=unsure)
                    raise said from None
                continue
            consumed: Any = body.get("ConsumedCapacity") or []
            rows: list[Mapping[str, Any]] = [consumed] if isinstance(consumed, dict) else consumed
            own = sum(float(row.get("Table", row).get("CapacityUnits", 0)) for row in rows)
            self._pace.settle(own - cost)
            return Answer(body, None, unsure or _was_retried(body), sum(float(row.get("CapacityUnits", 0)) for row in rows))


def cost_of(keys: Sequence[FrozenKey]) -> float:
    """The tables' own write units, without their indexes: what a table's capacity is given in."""
    twice = keys[0].guard.kind == "parent_check"
    return float(sum(write_units(key.bytes, transactional=twice) for key in keys))


def _was_retried(answer: Mapping[str, Any]) -> bool:
    """botocore sent it again by itself."""
    return bool(answer.get("ResponseMetadata", {}).get("RetryAttempts"))
