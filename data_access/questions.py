"""The questions about everything on the command line: `search` and `usage`."""

from __future__ import annotations

import argparse

from data_access.models import Role
from data_access.output import plain, say, show
from data_access.settings import Settings
from data_access.snapshot.hot import load
from data_access.snapshot.search import SearchFilter, search, words_of
from data_access.snapshot.store import open_store
from data_access.usage import UsageFilter, describe, usage


def search_all(options: argparse.Namespace, settings: Settings) -> None:
    """`search`: a line a conversation. Raises UsageError and SnapshotError."""
    wanted = SearchFilter(
        _known(options.system, settings),
        options.tenant,
        options.user,
        options.role and Role(options.role),
        options.since,
        options.until,
        order=options.order,
        limit=options.limit,
    )
    # What is wrong with the question is said before anything is loaded.
    wanted.check()
    words_of(options.text)
    found = search(load(open_store(settings)), options.text, wanted)
    for hit in found.hits:
        show(plain(hit.key) | {name: value for name, value in plain(hit).items() if name != "key"})
    say(
        f"{len(found.hits)} conversations; {found.searched_messages:,} messages of {found.searched_conversations:,} conversations"
        " were searched" + (", older ones were not: raise --limit for more." if found.stopped_early else ".")
    )


def show_usage(options: argparse.Namespace, settings: Settings) -> None:
    """`usage`: one object, or with --describe a line a metric. Raises UsageError and SnapshotError."""
    if options.describe:
        for metric in describe():
            show(metric)
        return
    wanted = UsageFilter(_known(options.system, settings), options.tenant, options.user, options.since, options.until, options.zone)
    wanted.check()
    found = usage(load(open_store(settings), texts=False), wanted)
    show(
        {
            "as_of": found.as_of,
            "zone": options.zone,
            "window": found.window,
            "metrics": found.metrics,
            "previous_window": found.previous_window,
            "previous": found.previous,
            "series": found.series,
        }
    )


def _known(system: str | None, settings: Settings) -> str | None:
    """The system, if it is one of ours. Raises UsageError."""
    return system and settings.place(system).system.id
