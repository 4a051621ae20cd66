"""`python -m data_access …`: what the pages do, without a browser.

Lists are JSON lines on stdout, single answers one JSON object. Messages and progress go to stderr, and so does an error:
{"error": {"code", "message"}}. Exit 0 done, 1 refused or not found, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from data_access import local, questions, told_people
from data_access.arguments import Parser, positive, time
from data_access.conversations import list_conversations, plan_list, plan_replay, replay
from data_access.costs import told
from data_access.dynamo.aws import Source, open_sources
from data_access.dynamo.meter import Measured
from data_access.dynamo.plan import Plan
from data_access.erasure import command_line
from data_access.errors import DataAccessError, SettingsError, SpecError, UsageError
from data_access.items.values import to_json
from data_access.local import engine
from data_access.models import Filter, Role
from data_access.narrow import Narrow, narrow
from data_access.output import plain, say, show, utf8
from data_access.settings import Settings, load_settings
from data_access.snapshot.estimates import stored_sizes
from data_access.snapshot.progress import Reporter
from data_access.snapshot.store import open_store
from data_access.snapshot.sync import estimate, sync
from data_access.systems.check import check
from data_access.systems.create import create_tables

_WRONG_USAGE = (UsageError, SettingsError, SpecError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. A command that returns nothing has done what it was asked."""
    code = 0
    try:
        options = _parser().parse_args(utf8(sys.argv[1:] if arguments is None else arguments))
        with ExitStack() as stack:
            code = options.run(options, _Session(stack)) or 0
            sys.stdout.flush()
    except DataAccessError as error:
        print(to_json({"error": {"code": error.code, "message": str(error)}}), file=sys.stderr)
        return 2 if isinstance(error, _WRONG_USAGE) else 1
    except BrokenPipeError:
        # The reader of our output has enough. Python would complain again when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return code


class _Session:
    """Settings and sources, opened when a command asks for them and closed with it."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self.settings: Settings = load_settings()

    def sources(self) -> Mapping[str, Source]:
        return self._open(self.settings)

    def source(self, system: str) -> Source:
        """The one system alone: what is wrong with another's profile or role is not this command's business."""
        return self._open(replace(self.settings, places={system: self.settings.place(system)}))[system]

    def endpoint(self) -> str | None:
        """The local engine's, started if need be; None in aws mode."""
        if (attachment := local.attach(self.settings)) is None:
            return None
        self._stack.enter_context(attachment)
        if attachment.engine.notice:
            say(attachment.engine.notice)
        return attachment.engine.endpoint

    def _open(self, settings: Settings) -> Mapping[str, Source]:
        sources = open_sources(settings, self.endpoint())
        for source in sources.values():
            self._stack.callback(source.client.close)
        return sources


def _explain(plan: Plan) -> None:
    show(plan.describe())


def _report(what: str, plan: Plan, measured: Measured) -> None:
    price = "price unknown" if measured.usd is None else f"${measured.usd:.7f}"
    often = {"snapshot": "about ", "table size": "at most ", "guess": ""}[plan.basis]
    estimated = f"{often}{plan.estimated_units:,.1f} were estimated"
    say(f"{what}: {measured.units:,.1f} read units ({price}) in {measured.requests} requests; {estimated}.")


# Commands


def _systems(_: argparse.Namespace, session: _Session) -> None:
    for source in session.sources().values():
        show({"system": source.id, "title": source.title, "region": source.place.region, "tables": check(source)})


def _conversations(options: argparse.Namespace, session: _Session) -> None:
    wanted = Filter(options.system, options.user, options.tenant, options.since, options.until)
    only = _narrow(options)
    narrow((), only)  # A bound that makes no sense is refused before anything is paid for.
    source = session.source(options.system)
    if options.explain:
        _explain(plan_list(source, wanted, stored_sizes(session.settings, options.system)))
        return
    sizes = stored_sizes(session.settings, options.system)
    listing = list_conversations(source, wanted, allow_scan=options.allow_scan, sizes=sizes)
    found = narrow(listing.conversations, only)
    for conversation in found[: options.limit]:
        show(conversation)
    for problem in listing.problems:
        say(f"{problem.text} ({problem.address.table if problem.address else 'no table'})")
    _report(_count(found, options.limit, "conversations"), listing.plan, listing.measured)


def _narrow(options: argparse.Namespace) -> Narrow:
    return Narrow(
        tools=frozenset(options.tool or ()),
        without_tools=frozenset(options.without_tool or ()),
        failed_tools=frozenset(options.failed_tool or ()),
        failed=True if options.failed else None,
        messages_from=options.min_messages,
        messages_to=options.max_messages,
        seconds_from=options.min_seconds,
        seconds_to=options.max_seconds,
    )


def _messages(options: argparse.Namespace, session: _Session) -> None:
    wanted = Filter(options.system, options.user, options.tenant, options.since, options.until, options.conversation)
    source = session.source(options.system)
    if options.explain:
        _explain(plan_replay(source, wanted, stored_sizes(session.settings, options.system)))
        return
    found = replay(source, wanted, allow_scan=options.allow_scan, sizes=stored_sizes(session.settings, options.system))
    for message in found.messages:
        show(message)
    for problem in found.conversation.problems:
        say(problem.text)
    _report(f"{len(found.messages)} messages", found.plan, found.measured)


def _tables_create(options: argparse.Namespace, session: _Session) -> None:
    if options.control:
        from data_access.erasure.records import create_control

        show(create_control(session.settings, session.endpoint()))
        return
    for created in create_tables(session.source(options.system)):
        show(created)


def _audit_verify(options: argparse.Namespace, session: _Session) -> int:
    from data_access.audit.told import show_verdict

    return show_verdict(options, session.settings, session.endpoint())


def _local_start(_: argparse.Namespace, session: _Session) -> None:
    show(engine.start(local.folder(session.settings)))


def _local_status(_: argparse.Namespace, session: _Session) -> None:
    running = engine.status(local.folder(session.settings))
    show({"running": running is not None} | (plain(running) if running else {}))


def _local_seed(_: argparse.Namespace, session: _Session) -> None:
    folder = local.folder(session.settings)
    with engine.attach(folder) as attachment:
        filled = local.fill(session.settings, attachment, say)
    show({"filled": filled is not None, "tables": filled or {}})


def _local_stop(_: argparse.Namespace, session: _Session) -> None:
    show({"stopped": engine.stop(local.folder(session.settings))})


def _sync(options: argparse.Namespace, session: _Session) -> None:
    store = open_store(session.settings)
    for system in options.system or ():
        session.settings.place(system)
    for system, source in session.sources().items():
        if options.system is None or system in options.system:
            report = Reporter(say)
            report.planned(estimate(source, store, full=options.full))
            show(sync(source, store, full=options.full, progress=report.progress))


def _search(options: argparse.Namespace, session: _Session) -> None:
    questions.search_all(options, session.settings)


def _usage(options: argparse.Namespace, session: _Session) -> None:
    questions.show_usage(options, session.settings)


def _costs(options: argparse.Namespace, session: _Session) -> None:
    sources = session.sources() if options.system is None else {options.system: session.source(options.system)}
    told.show_costs(options, session.settings, sources)


def _count(found: Sequence[Any], limit: int | None, what: str) -> str:
    return f"{limit} of {len(found)} {what}" if limit is not None and limit < len(found) else f"{len(found)} {what}"


# Arguments


def _parser() -> Parser:
    top = Parser(prog="python -m data_access", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(words: str, run: Any, text: str, under: Any = commands) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = under.add_parser(words, help=text, description=text)
        made.set_defaults(run=run)
        return made

    command("systems", _systems, "tables found, differences from the system's file, sizes")

    listing = command("conversations", _conversations, "a line for each conversation, newest activity first")
    _filters(listing)
    listing.add_argument("--limit", type=positive, metavar="N", help="show only the newest N")
    listing.add_argument("--tool", action="append", metavar="NAME", help="only those that used this tool (several: any of them)")
    listing.add_argument("--without-tool", action="append", metavar="NAME", help="not those that used this tool")
    listing.add_argument("--failed-tool", action="append", metavar="NAME", help="only those in which this tool failed")
    listing.add_argument("--failed", action="store_true", help="only those in which a tool failed")
    for name, text in (("messages", "messages"), ("seconds", "seconds from first to last activity")):
        listing.add_argument(f"--min-{name}", type=positive, metavar="N", help=f"at least N {text}")
        listing.add_argument(f"--max-{name}", type=positive, metavar="N", help=f"at most N {text}")

    messages = command("messages", _messages, "a line for each message of one conversation, in order")
    _filters(messages)
    messages.add_argument("--conversation", required=True, metavar="ID")

    told_people.add_commands(command)

    tables = commands.add_parser("tables", help="make a system's tables").add_subparsers(dest="action", required=True, metavar="ACTION")
    create = command("create", _tables_create, "make what is missing, as the setup guides do, and wait until it can be used", tables)
    which = create.add_mutually_exclusive_group(required=True)
    which.add_argument("--system", help="the tables of this system")
    which.add_argument("--control", action="store_true", help="the table of erasures and of the audit")

    command_line.add_commands(commands, command)
    audit = commands.add_parser("audit", help="what was done, by whom").add_subparsers(dest="action", required=True, metavar="ACTION")
    command("verify", _audit_verify, "whether the audit is what was written; exit 1 when it is not", audit)

    engines = commands.add_parser("local", help="the embedded engine").add_subparsers(dest="action", required=True, metavar="ACTION")
    command("start", _local_start, "start it, and keep it until `local stop`", engines)
    command("status", _local_status, "whether it runs, and where", engines)
    command("seed", _local_seed, "make the tables and fill them with the sample data, if they are empty", engines)
    command("stop", _local_stop, "end it, whoever uses it", engines)

    syncing = command("sync", _sync, "bring the snapshot up to date, a line for each system")
    syncing.add_argument("--system", action="append", metavar="S", help="only this system (several: each of them)")
    syncing.add_argument("--full", action="store_true", help="read everything again: finds what was changed or deleted unseen")

    searching = command("search", _search, 'a line for each conversation with the words, a "phrase" or without a -word')
    searching.add_argument("text", metavar="TEXT", help="all words must be in one message; put -- before a TEXT that begins with -")
    _questions(searching)
    searching.add_argument("--role", choices=[role.value for role in Role], help="only messages of this role")
    searching.add_argument("--order", choices=("newest", "best"), default="newest")
    searching.add_argument("--limit", type=positive, default=20, metavar="N", help="so many conversations, 20 if not given")

    using = command("usage", _usage, "the metrics of the usage page, as one JSON object")
    _questions(using)
    using.add_argument("--zone", default="UTC", metavar="Z", help="the time zone of days, weeks and hours, such as Europe/Berlin")
    using.add_argument("--describe", action="store_true", help="a line for each metric: what it counts, and how")

    costing = command("costs", _costs, "what the tables cost this month so far, and what a conversation does, as one JSON object")
    costing.add_argument("--system", help="only this system")
    costing.add_argument("--region", metavar="R", help="at the prices of this Region, such as eu-central-1")
    costing.add_argument("--free-tier", action="store_true", help="take the free tier off, once for each account and Region")
    return top


def _questions(parser: argparse.ArgumentParser) -> None:
    """The filter of questions about everything."""
    parser.add_argument("--system", help="only this system")
    parser.add_argument("--tenant", help="exact tenant id")
    parser.add_argument("--user", help="exact user id")
    parser.add_argument("--since", type=time, metavar="T", help="from this time on (ISO 8601; without a zone: UTC)")
    parser.add_argument("--until", type=time, metavar="T", help="before this time")


def _filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--system", required=True, help="remo, ai_agent, ai4ai, cg, or one of your own")
    parser.add_argument("--user", help="exact user id")
    parser.add_argument("--tenant", help="exact tenant id")
    parser.add_argument("--since", type=time, metavar="T", help="from this time on (ISO 8601; without a zone: UTC)")
    parser.add_argument("--until", type=time, metavar="T", help="before this time")
    parser.add_argument("--explain", action="store_true", help="print the access path and its price, and read nothing")
    parser.add_argument("--allow-scan", action="store_true", help="allow a Scan above the budget")
