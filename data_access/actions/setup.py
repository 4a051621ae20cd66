"""The tables and the snapshot themselves: health, what the snapshot holds, syncs, missing tables, the sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from data_access import local
from data_access.access.permissions import Action
from data_access.actions.asking import Asking, action, open_to
from data_access.actions.limits import source_of, within
from data_access.dynamo.aws import Source
from data_access.errors import SettingsError, SnapshotError
from data_access.local.engine import Attachment
from data_access.settings import Settings
from data_access.snapshot import sync as syncing
from data_access.snapshot.holding import Holding, look
from data_access.snapshot.runner import Run, Runner
from data_access.snapshot.state import Coverage
from data_access.snapshot.store import Store
from data_access.snapshot.within import covered
from data_access.systems.check import TableHealth, check
from data_access.systems.create import Created, create_tables

# Each of these is answered from the snapshot, or beside it, and says how old that is.
ANSWERED = (Action.SNAPSHOT, Action.LIST, Action.SEARCH, Action.USAGE, Action.COSTS, Action.CAPACITY)


def cover(by: Asking, settings: Settings, store: Store) -> Mapping[str, Coverage]:
    """What the snapshot holds of each system, and how old it is, for whoever may ask it anything. Raises Denied, SnapshotError."""
    if by.viewer.may(Action.SNAPSHOT) or not any(map(by.viewer.may, ANSWERED)):
        return see_coverage(by, settings, store)
    return _cover(by, settings, store)


@action(Action.SNAPSHOT)
def see_coverage(by: Asking, settings: Settings, store: Store) -> Mapping[str, Coverage]:
    """What the snapshot holds of each system. Raises SnapshotError."""
    return _cover(by, settings, store)


def _cover(by: Asking, settings: Settings, store: Store) -> Mapping[str, Coverage]:
    part = within(by, settings)
    return store.coverage() if part is None else covered(store, part)


@action(Action.SNAPSHOT)
def look_at_snapshot(by: Asking, settings: Settings, sources: Mapping[str, Source] | None, store: Store) -> Holding:
    """What lies at the snapshot's place. Sizes and what was cut off are of whole tables: who sees some tenants is not told.

    With `sources`, only what their next full read goes on from counts as left.

    Raises SnapshotError where the place cannot be reached at all.
    """
    found, part = look(store, sources), within(by, settings)
    if part is None:
        return found
    trouble, coverage = found.broken, dict[str, Coverage]()
    if trouble is None:
        try:
            coverage = dict(covered(store, part))
        except SnapshotError as error:
            trouble = error
    sizes = {name: size for name, size in found.bytes.items() if name in part.whole}
    left = {name: one for name, one in found.left.items() if name in part.whole}
    return Holding(coverage, sizes, left, found.elsewhere, trouble)


@action(Action.SNAPSHOT)
def follow_sync(by: Asking, sources: Mapping[str, Source], runner: Runner) -> Run | None:
    """The sync of this process that is at work, else the last one; of the systems that there are for who asks."""
    return _seen(by, sources, runner.now())


def last_sync(by: Asking, sources: Mapping[str, Source], runner: Runner) -> Run | None:
    """The same for a page that says what this dashboard itself costs. Raises Denied."""
    if by.viewer.may(Action.SNAPSHOT) or not any(map(by.viewer.may, ANSWERED)):
        return follow_sync(by, sources, runner)
    return _seen(by, sources, runner.now())


def _seen(by: Asking, sources: Mapping[str, Source], run: Run | None) -> Run | None:
    """What a sync reads and finds is of whole tables: who sees some tenants is told nothing of it."""
    limits = by.viewer.limits
    if run is None or limits.tenants is not None:
        return None
    if limits.systems is None:
        return run
    tasks = tuple(task for task in run.tasks if task.system in open_to(by, sources))
    return replace(run, tasks=tasks) if tasks else None


@action(Action.SYNC)
def estimate_sync(by: Asking, sources: Mapping[str, Source], store: Store, system: str, *, full: bool) -> syncing.Estimate:
    """What a sync would do and cost. Reads no item. Raises UsageError, AwsError, SnapshotError."""
    return syncing.estimate(source_of(by, sources, system), store, full=full)


@action(Action.SYNC)
def start_sync(by: Asking, sources: Mapping[str, Source], runner: Runner, systems: Sequence[str], *, full: bool) -> bool:
    """Begin in the background; False where one is at work already. Raises UsageError."""
    return runner.start([source_of(by, sources, name) for name in systems], full=full)


@action(Action.SYNC)
def stop_sync(_by: Asking, runner: Runner) -> None:
    """End the sync of this process after the page that it is at."""
    runner.stop()


@action(Action.TABLES)
def table_health(by: Asking, sources: Mapping[str, Source], system: str) -> tuple[TableHealth, ...]:
    """The tables of a system against its layout. Reads no item. Raises UsageError."""
    return check(source_of(by, sources, system))


@action(Action.SEED)
def make_tables(by: Asking, settings: Settings, sources: Mapping[str, Source], system: str) -> tuple[Created, ...]:
    """Make the tables of a system that are missing, in local mode alone. Raises SettingsError, UsageError, AwsError."""
    source = source_of(by, sources, system)
    if settings.mode != "local":
        raise SettingsError("No page makes tables in aws mode.", "Run python -m data_access tables create where the AWS rights for it are.")
    return create_tables(source)


@action(Action.SEED)
def seed(_by: Asking, settings: Settings, attachment: Attachment) -> Mapping[str, int] | None:
    """Fill the local tables with the sample, if all of them are empty; None where something is there. Raises SettingsError, AwsError."""
    local.folder(settings)
    return local.fill(settings, attachment, lambda _: None)
