"""Local mode: the embedded DynamoDB and what is in it.

Imported by the engine's supervisor too, which is to be up in a moment: keep the imports inside the functions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_access.dynamo.aws import Source
    from data_access.local.engine import Attachment
    from data_access.settings import Settings

# Says up to which time the sample was made, and whether all of it is in the tables. Whoever empties the tables afterwards
# wants them empty; a filling that was broken off is done again, with the same items.
_MARK = "sample.json"


def folder(settings: Settings) -> Path:
    """The state folder, in local mode. Raises SettingsError in aws mode, where there is no engine."""
    from data_access.errors import SettingsError

    if settings.mode != "local":
        raise SettingsError("There is no local engine in aws mode.", "Set DYNASCOPE_MODE=local to use it.")
    return settings.state


def attach(settings: Settings) -> Attachment | None:
    """Join or start the engine of local mode; None in aws mode. Raises EngineError."""
    if settings.mode != "local":
        return None
    from data_access.local import engine

    return engine.attach(settings.state)


def prepare(settings: Settings | None = None, say: Callable[[str], None] = lambda _: None) -> Attachment | None:
    """Make local mode ready for the dashboard: engine, tables and, the first time, the sample data. None in aws mode.

    The attachment keeps the engine alive: hold it as long as the dashboard runs. Raises DataAccessError.
    """
    from data_access.settings import load_settings

    settings = settings or load_settings()
    attachment = attach(settings)
    if attachment is not None:
        try:
            fill(settings, attachment, say)
        except BaseException:
            attachment.close()
            raise
    return attachment


def fill(settings: Settings, attachment: Attachment, say: Callable[[str], None]) -> Mapping[str, int] | None:
    """Create the tables that are missing and fill them with the sample, once and only if all of them are empty.

    Returns how many items went into each table, None where there was something already.
    """
    import botocore.exceptions
    from filelock import FileLock

    from data_access.aws_errors import from_aws
    from data_access.dynamo.aws import open_sources
    from data_access.local import sample
    from data_access.systems.create import create_tables

    mark = settings.state / _MARK
    sources = open_sources(settings, attachment.engine.endpoint)
    with FileLock(settings.state / "sample.lock", mode=0o600):
        for source in sources.values():
            create_tables(source)
        until = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        begun = json.loads(mark.read_text()) if attachment.engine.persistent and mark.exists() else None
        if begun is not None and not begun["done"]:
            until = datetime.fromisoformat(begun["until"])
        elif begun is not None or not all(_is_empty(source) for source in sources.values()):
            return None
        say("Filling the local tables with sample data, once.")
        mark.write_text(json.dumps({"until": until.isoformat(), "done": False}))
        names = {table.name: source.place.tables[key] for source in sources.values() for key, table in source.place.system.tables.items()}
        client = next(iter(sources.values())).client
        try:
            counts = sample.fill(client, until=until, names=names)
        except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
            raise from_aws(error, operation="BatchWriteItem") from None
        mark.write_text(json.dumps({"until": until.isoformat(), "done": True}))
        say(f"{sum(counts.values()):,} items are in them now: conversations of the last months, of nobody real.")
        return counts


def _is_empty(source: Source) -> bool:
    return all(not source.client.scan(TableName=name, Limit=1).get("Items") for name in source.place.tables.values())
