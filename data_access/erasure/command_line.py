"""The arguments of `erase …`. What they do is imported when one of them is run: it is much."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from data_access.arguments import time
from data_access.erasure.model import Reason

COMPLETED_ONLY = "exit 0 only when it ended as completed; 1 for no data found, residuals, partial, blocked, cancelled"


def add_commands(commands: Any, command: Callable[..., argparse.ArgumentParser]) -> None:
    under = commands.add_parser("erase", help="erase one user's data, with evidence").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )

    def action(name: str, text: str) -> argparse.ArgumentParser:
        return command(name, _run(name), text, under)

    planning = action("plan", "find everything of a user and freeze it; nothing is deleted")
    planning.add_argument("--user", required=True, help="exact user id, compared byte for byte")
    planning.add_argument("--system", action="append", metavar="S", help="only this system (several: each of them)")
    planning.add_argument("--tenant", action="append", metavar="T", help="only what is this tenant's (several: each of them)")
    planning.add_argument("--data-type", metavar="D", help="only this type of data, such as reminder_data")
    planning.add_argument("--conversation", metavar="ID", help="only this conversation")
    planning.add_argument("--received", type=time, metavar="T", help="when the person asked for it: it is due a month later (default: now)")
    planning.add_argument("--no-scan", action="store_true", help="do not look for items that no index has")

    running = action("run", f"confirm a plan and work on it to its end, in this process; {COMPLETED_ONLY}")
    running.add_argument("plan", metavar="PLAN")
    running.add_argument("--confirm", required=True, metavar="U", help="the user id of the plan, typed again")

    approving = action("approve", "say yes to another person's plan, as its digest names it")
    approving.add_argument("plan", metavar="PLAN")
    approving.add_argument("--digest", required=True, metavar="D")

    for name, text in (
        ("status", "a line for each erasure, newest first; with PLAN one JSON object"),
        ("resume", f"go on with an erasure that was interrupted, or with all, and do the later looks that are due; {COMPLETED_ONLY}"),
    ):
        action(name, text).add_argument("plan", metavar="PLAN", nargs="?")
    action("cancel", "end it before its next batch; what was deleted stays deleted").add_argument("plan", metavar="PLAN")
    extending = action("extend", "two further months, once, while the first one lasts: GDPR article 12 (3)")
    extending.add_argument("plan", metavar="PLAN")
    extending.add_argument("--reason", required=True, choices=[reason.value for reason in Reason], help="the two that the law knows")

    receipts = action("receipt", "the signed receipt of an erasure; with --verify, whether a file is one (needs no network)")
    receipts.add_argument("plan", metavar="PLAN", nargs="?")
    receipts.add_argument("--format", choices=("json", "markdown"), default="json")
    receipts.add_argument("--with-user-id", metavar="U", help="with this user's id in it: only its keyed hash is kept")
    receipts.add_argument("--verify", type=Path, metavar="FILE", help="check this file; exit 1 when it is not what was signed")
    receipts.add_argument("--key", metavar="HEX", help="with --verify: the public key that it must be signed with")


def _run(name: str) -> Callable[[argparse.Namespace, Any], int]:
    def run(options: argparse.Namespace, session: Any) -> int:
        from data_access.erasure import commands

        return commands.RUN[name](options, session)

    return run
