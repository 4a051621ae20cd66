"""An account of costs with what this process has open: its sources, the snapshot in memory, CloudWatch and backups of each system."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from data_access.capacity.backups import open_backups
from data_access.capacity.cloudwatch import open_cloudwatch
from data_access.costs.observed.model import Observed
from data_access.costs.observed.reading import PriceSource, observe
from data_access.dynamo.aws import Source
from data_access.settings import Settings
from data_access.snapshot.hot import Hot
from data_access.snapshot.sizes import by_table

_opening = threading.Lock()
# The sample's backups take a moment to be played, so their client stays as long as the source that it stands beside.
_keepers: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


def observe_here(
    settings: Settings,
    sources: Mapping[str, Source],
    book: PriceSource,
    hot: Hot | None,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    now: datetime | None = None,
    free_tier: bool = False,
    region: str | None = None,
) -> Observed:
    """As `observe`; without a snapshot, tables of which DescribeTable has no size have none. Raises UsageError, AwsError."""
    return observe(
        sources,
        {name: open_cloudwatch(settings, source.place) for name, source in sources.items()},
        book,
        since=since,
        until=until,
        now=now,
        free_tier=free_tier,
        stored=None if hot is None else {name: by_table(hot, name) for name in sources},
        keepers={name: _keeper(settings, source) for name, source in sources.items()},
        region=region,
    )


def _keeper(settings: Settings, source: Source) -> Any:
    if settings.mode == "aws":
        return source.client
    with _opening:
        if source.client not in _keepers:
            _keepers[source.client] = open_backups(settings, source)
        return _keepers[source.client]
