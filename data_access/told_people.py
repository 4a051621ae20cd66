"""What is asked about one person on the command line: `user` and `export`."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from data_access.counts import some
from data_access.dynamo.aws import Source
from data_access.erasure.known import meet_all
from data_access.erasure.model import Neighbour
from data_access.erasure.neighbours import Radar
from data_access.errors import AwsError, DataAccessError, SnapshotError, SnapshotOff, UsageError
from data_access.handover.archive import write_archive
from data_access.items.values import to_json
from data_access.output import plain, say, show
from data_access.people import Person, SystemData, checked, everything, nothing_stored
from data_access.settings import Settings
from data_access.snapshot.store import Store, open_store


class Session(Protocol):
    """What a command opens."""

    @property
    def settings(self) -> Settings: ...

    def source(self, system: str) -> Source: ...


def add_commands(command: Callable[..., argparse.ArgumentParser]) -> None:
    looking = command("user", show_person, "everything that the systems keep of one person, as one JSON object")
    exporting = command("export", export, "everything that the systems keep of one person, as one ZIP")
    for parser in (looking, exporting):
        parser.add_argument("--user", required=True, help="exact user id, compared byte for byte")
        parser.add_argument("--system", action="append", metavar="S", help="only this system (several: each of them)")
        parser.add_argument("--tenant", action="append", metavar="T", help="only what is this tenant's (several: each of them)")
        parser.add_argument("--allow-scan", action="store_true", help="allow a Scan above the budget")
    exporting.add_argument("--out", required=True, type=Path, metavar="FILE.zip", help="the file to write, readable for you alone")
    exporting.add_argument("--force", action="store_true", help="replace the file if it is there")


def show_person(options: argparse.Namespace, session: Session) -> None:
    """`user`. What could not be read is said in the answer, and is the command's failure. Raises NotFound, UsageError, …

    Where nothing is stored, there is an answer only if other ids look like the one that was asked for.
    """
    sources, failed = _open(options, session)
    store = _store(session.settings)
    person = everything(sources, options.user, options.system, store=store, allow_scan=options.allow_scan, tenants=options.tenant)
    near = _near(store, options.user)
    nothing = not (person.items or person.unread or failed)
    if not nothing or near:
        systems = [_system(one) for one in person.systems] + [_unopened(system, error) for system, error in failed.items()]
        show({"user_id": person.user_id, "read_at": person.read_at, "systems": systems, "neighbours": near})
    if near:
        say(f"{some(len(near), 'other id')} {'looks' if len(near) == 1 else 'look'} like this one: neighbours, byte for byte.")
    if nothing:
        raise nothing_stored()
    _report(person)
    _fail(person, failed)


def export(options: argparse.Namespace, session: Session) -> None:
    """`export`. Nothing is left behind where nothing was found or a Scan was refused. Raises NotFound, ScanRefused, UsageError, …"""
    out: Path = options.out
    sources, failed = _open(options, session)
    for error in failed.values():
        raise error
    try:
        folder, there, other = out.parent.is_dir(), out.exists(), out.exists() and not out.is_file()
    except OSError as error:  # a name that is too long, a folder that may not be looked into
        raise _not_written(error) from None
    if other:
        raise UsageError("What --out names is no file.", "Give the name of a file, such as export.zip.")
    if not folder:
        raise UsageError("The folder of the file does not exist.", "Make it, or give another --out.")
    if there and not options.force:
        raise FileThere("There is a file of this name already.", "Give another --out, or --force to replace it.")
    part = out.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b") as file:
            made = write_archive(
                sources,
                options.user,
                file,
                options.system,
                store=_store(session.settings),
                allow_scan=options.allow_scan,
                tenants=options.tenant,
            )
            size = file.seek(0, os.SEEK_END)
        person = made.person
        if not person.items and not person.unread:
            raise nothing_stored()
        if person.refused is not None:
            raise person.refused
        _place(part, out, force=options.force)
    except OSError as error:
        raise _not_written(error) from None
    finally:
        part.unlink(missing_ok=True)
    show(
        {
            "file": str(out),
            "bytes": size,
            "files": len(made.files) + 1,
            "items": person.items,
            "complete": not person.unread,
            "systems": [{"system": one.system, "conversations": len(one.conversations), "items": one.items} for one in person.systems],
        }
    )
    _report(person)
    _fail(person, {})


class FileThere(DataAccessError):
    code = "file_exists"


class NotWritten(DataAccessError):
    code = "not_written"


def _not_written(error: OSError) -> NotWritten:
    return NotWritten(f"The file cannot be written ({error.strerror}).", "Check the folder and the room on the disk.")


def _place(part: Path, out: Path, *, force: bool) -> None:
    if force:
        part.replace(out)
        return
    # A link, unlike a rename, replaces nothing that came meanwhile.
    try:
        os.link(part, out)
    except FileExistsError:
        raise FileThere("There is a file of this name already.", "Give another --out, or --force to replace it.") from None
    except OSError:
        if out.exists():
            raise
        part.replace(out)  # A file system without links.


def _open(options: argparse.Namespace, session: Session) -> tuple[dict[str, Source], dict[str, DataAccessError]]:
    """The systems that are asked for, and those whose client cannot be opened: that takes nothing else with it.

    What is wrong with the question is said before anything is opened.
    """
    checked(options.user, tenants=options.tenant)
    names = dict.fromkeys(options.system or session.settings.places)
    for system in names:
        session.settings.place(system)
    sources: dict[str, Source] = {}
    failed: dict[str, DataAccessError] = {}
    for system in names:
        try:
            sources[system] = session.source(system)
        except AwsError as error:
            failed[system] = error
    return sources, failed


def _store(settings: Settings) -> Store | None:
    with contextlib.suppress(SnapshotOff):
        return open_store(settings)
    return None


def _near(store: Store | None, user_id: str) -> tuple[Neighbour, ...] | None:
    """Ids that look like this one, of every system that the snapshot has; None where there is none to ask."""
    if store is not None:
        radar = Radar.on(user_id)
        with contextlib.suppress(SnapshotError):
            if meet_all(store, radar):
                return radar.neighbours
    say("Ids that look like this one were not looked for: that needs the snapshot.")
    return None


def _system(one: SystemData) -> dict[str, Any]:
    return {
        "system": one.system,
        "items": one.items,
        "bytes": one.bytes,
        "conversations": len(one.conversations),
        "orphans": one.orphans,
        "tables": {name: {key: value for key, value in plain(table).items() if key != "table"} for name, table in one.tables.items()},
        "records": [plain(kind) for kind in one.records],
        "tenants": one.tenants,
        "found_by": plain(one.sweep),
        "units": one.measured.units,
        "usd": one.measured.usd,
        "unread": [{"table": unread.table, "code": unread.code, "message": str(unread.error)} for unread in one.unread],
        "notes": one.notes,
    }


def _report(person: Person) -> None:
    for one in person.systems:
        sweep = one.sweep
        how = {
            "key": "by key",
            "scan": f"by key, and a Scan of {' and '.join(sweep.tables)}",
            "snapshot": f"by key, and the snapshot of {sweep.as_of}",
            "nothing": "by key alone",
        }[sweep.by]
        price = "price unknown" if one.measured.usd is None else f"${one.measured.usd:.7f}"
        say(f"{one.title}: {one.items:,} items, {how}: {one.measured.units:,.1f} read units ({price}).")
        for note in one.notes:
            say(note)


def _unopened(system: str, error: DataAccessError) -> dict[str, Any]:
    unread = [{"table": None, "code": error.code, "message": str(error)}]
    return {"system": system, "items": 0, "bytes": 0, "conversations": 0, "tables": {}, "records": [], "unread": unread}


def _fail(person: Person, failed: Mapping[str, DataAccessError]) -> None:
    """The first failure, once what could be read is out."""
    for error in failed.values():
        raise error
    for system, unread in person.unread:
        say(to_json({"system": system, "table": unread.table, "code": unread.code}))
    if person.unread:
        raise person.refused or person.unread[0][1].error
