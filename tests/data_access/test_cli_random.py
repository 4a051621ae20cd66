"""Ten thousand argument lists that nobody would type: each ends with 0, 1 or 2 and an error object, none with a traceback."""

from __future__ import annotations

import argparse
import contextlib
import functools
import io
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

from data_access import cli, local
from data_access.errors import EngineError, UsageError
from data_access.local import engine
from data_access.local.binary import choose
from data_access.settings import load_settings

LISTS = 10_000
READING_LISTS = 200  # of those that reach tables
SYSTEMS = ("cg", "remo", "ai_agent", "ai4ai")
KINDS = {  # by the function that reads it
    "positive": ("1", "7", "20", "9" * 40),
    "time": ("2026-11-20", "2026-11-20T08:00:00Z", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00Z", "2026-W01-1"),
}
COMMANDS = (
    *("systems", "conversations", "messages", "user", "export", "sync", "search", "usage", "costs", "audit verify", "audit", "erase"),
    *("tables create", "local status", "local stop", "local", "tables", "erase plan", "erase run", "erase approve", "erase status"),
    *(
        "erase resume",
        "erase receipt",
        "erase cancel",
        "erase extend",
        "erase work",
        "local start",
        "local seed",
        "conversation",
        "--version",
    ),
)
OPTIONS = (
    *(
        "--system",
        "--user",
        "--tenant",
        "--since",
        "--until",
        "--explain",
        "--allow-scan",
        "--limit",
        "--tool",
        "--without-tool",
        "--force",
    ),
    *("--failed-tool", "--failed", "--min-messages", "--max-messages", "--min-seconds", "--max-seconds", "--conversation", "--full"),
    *("--role", "--order", "--zone", "--describe", "--region", "--free-tier", "--control", "--data-type", "--no-scan", "--confirm"),
    *("--digest", "--reason", "--format", "--with-user-id", "--key", "--help", "--sys", "-h", "--", "--since=", "--limit=-1", "-"),
)
VALUES = (
    *("cg", "remo", "ai_agent", "ai4ai", "other", "", " ", "-", "--", "-1", "0", "1", "9" * 5_000, "1e9", "nan", "inf", "٣", "²"),
    *("2026-11-20", "2026-11-20T08:00:00Z", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "20261120", "1700000000", "T"),
    *("2026-W01-1", "2026-02-30", "UTC", "Europe/Berlin", "../../etc/passwd", "/", "America", "localtime", "\0", "a\0b", "x" * 300),
    *("eu-central-1", "moon-1", "user", "assistant", "newest", "json", "markdown", "complexity", "requests", "%s", "{}", "{0.__class__}"),
    *('"', '"a', '"a b" -c', "-only", "' OR 1=1 --", "\ud800", "\udcff", "\u202ealice", "😀", "a\nb", "a\r\nb", "\x1b[31m", "=cmd()", "é"),
    *("00000000-0000-0000-0000-000000000000", "0" * 64, "f" * 64, "%00", "*", "?", "[", "\\", "NULL", "None", "🏳️\u200d🌈"),
)


def made(chance: random.Random, files: Sequence[Path]) -> list[str]:
    """One argument list. Half of them are what a command takes, so that they come further than the parser."""
    return fitting(chance, files) if chance.random() < 0.5 else thrown_together(chance, files)


def fitting(chance: random.Random, files: Sequence[Path]) -> list[str]:
    """A command that there is, with what it needs and some of what it may have, each with a value of its kind."""
    found: list[str] = []
    parser: Any = cli._parser()  # pyright: ignore[reportPrivateUsage]
    while commands := [action.choices for action in parser._actions if isinstance(action, argparse._SubParsersAction)]:
        found.append(chance.choice(list(commands[0])))
        parser = commands[0][found[-1]]
    either = [group._group_actions for group in parser._mutually_exclusive_groups if group.required]
    needed = {chance.choice(group) for group in either} | {action for action in parser._actions if action.required}
    words: list[str] = []
    for action in parser._actions:
        if action not in needed and (chance.random() < 0.7 or any(action in group for group in either)):
            continue
        value = _of_its_kind(action, chance, files)
        if not action.option_strings:
            words.append(value)
        elif action.nargs == 0:
            found.append(chance.choice(action.option_strings))
        else:  # with `=`, whatever the value begins with
            found.append(f"{chance.choice(action.option_strings)}={value}")
    return [*found, "--", *words] if words else found


def _of_its_kind(action: argparse.Action, chance: random.Random, files: Sequence[Path]) -> str:
    if action.choices is not None:
        return chance.choice(list(action.choices))
    if action.type is Path:
        return str(chance.choice(files))
    if action.type is not None:
        return chance.choice(KINDS[getattr(action.type, "__name__", "")])
    if "--system" in action.option_strings and chance.random() < 0.9:
        return chance.choice(SYSTEMS)
    return chance.choice(VALUES)


def thrown_together(chance: random.Random, files: Sequence[Path]) -> list[str]:
    found = chance.choice(COMMANDS).split() if chance.random() < 0.97 else [chance.choice(VALUES)]
    if chance.random() < 0.5:
        found += ["--system", chance.choice(SYSTEMS)]
    if chance.random() < 0.4:
        found += ["--user", chance.choice(VALUES)]
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3, 8))):
        option = chance.choice(OPTIONS)
        found += [f"{option}={chance.choice(VALUES)}"] if chance.random() < 0.2 else [option]
        found += [chance.choice(VALUES)] if chance.random() < 0.7 else []
    if chance.random() < 0.1:
        found += [chance.choice(("--out", "--verify")), str(chance.choice(files))]
    if chance.random() < 0.05:
        chance.shuffle(found)
    return found


def ends(arguments: list[str]) -> tuple[int, str]:
    """The exit code of a command, and what it said that was wrong with it."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", errors) for errors in ("strict", "backslashreplace"))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code: Any = cli.main(arguments)
        except SystemExit as asked:  # --help
            code = asked.code
        out.flush()
        err.flush()
    assert code in (0, 1, 2), arguments
    said = err.buffer.getvalue().decode()  # pyright: ignore[reportAttributeAccessIssue]
    assert "Traceback" not in said, arguments
    if code == 0:
        return code, ""
    # `audit verify` and `erase receipt --verify` end with 1 and an answer on stdout.
    last = said.splitlines()[-1] if said else ""
    if not last:
        answers = [json.loads(line) for line in out.buffer.getvalue().decode().splitlines()]  # pyright: ignore[reportAttributeAccessIssue]
        assert code == 1, arguments
        assert answers, arguments
        return code, "answered"
    error = json.loads(last)
    assert list(error) == ["error"], arguments
    assert list(error["error"]) == ["code", "message"], arguments
    return code, error["error"]["code"]


@pytest.fixture(autouse=True)
def _one_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Made once for all lists: it keeps nothing of what it has parsed."""
    monkeypatch.setattr(cli, "_parser", functools.cache(cli._parser))  # pyright: ignore[reportPrivateUsage]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Files that a command may read or write: none of another place."""
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "empty").touch()
    (folder / "noise").write_bytes(bytes(range(256)) * 20)
    (folder / "list.json").write_text("[" * 5_000)
    (folder / "object.json").write_text('{"content": {"version": 99}, "signature": "x"}')
    return [*folder.iterdir(), folder, folder / "none" / "x.zip", folder / "out.zip", folder / ("x" * 300)]


def refuse(*_: Any, **__: Any) -> Any:
    raise EngineError("No engine is reached by this test.", "There is nothing to do.")


def test_nothing_that_is_typed_breaks_the_parser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: list[Path]) -> None:
    monkeypatch.setenv("DYNASCOPE_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(local, "attach", refuse)
    for name in ("attach", "start", "stop", "status"):
        monkeypatch.setattr(engine, name, refuse)
    seen: dict[tuple[int, str], int] = {}
    chance = random.Random(20261120)
    for _ in range(LISTS):
        ended = ends(made(chance, files))
        seen[ended] = seen.get(ended, 0) + 1
    # They did not all end at the first word.
    assert {(0, ""), (2, "usage"), (1, "engine")} <= seen.keys()
    assert seen[2, "usage"] < 0.9 * LISTS


@pytest.mark.engine
def test_nothing_that_reaches_a_table_breaks(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: list[Path], missing: Callable[[str], NoReturn]
) -> None:
    if choose().path is None:
        missing("ENGINE TESTS SKIPPED: no dynoxide binary (npm install brings it)")
    monkeypatch.setenv("DYNASCOPE_STATE", str(tmp_path / "state"))
    with engine.attach(local.folder(load_settings())):
        for name in ("start", "stop"):
            monkeypatch.setattr(engine, name, refuse)
        for system in ("cg", "ai_agent"):
            assert ends(["tables", "create", "--system", system]) == (0, "")
        chance = random.Random(7)
        seen: set[tuple[int, str]] = set()
        done = 0
        while done < READING_LISTS:
            arguments = made(chance, files)
            if arguments[:2] != ["local", "seed"] and _comes_far(arguments):
                seen.add(ends(arguments))
                done += 1
    assert {(0, ""), (1, "not_found"), (1, "no_table")} <= seen


def _comes_far(arguments: list[str]) -> bool:
    """Whether the parser takes it: what it refuses, the other test has seen."""
    parser: Callable[[], Any] = cli._parser  # pyright: ignore[reportPrivateUsage]
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            parser().parse_args(arguments)
        except (SystemExit, Exception):
            return False
    return True


def test_two_dashes_are_a_value_too() -> None:
    options = cli._parser().parse_args(["conversations", "--system=cg", "--user=--", "--tool=--"])  # pyright: ignore[reportPrivateUsage]
    assert (options.user, options.tool) == ("--", ["--"])
    with pytest.raises(UsageError):
        cli._parser().parse_args(["conversations", "--system=cg", "--since=--"])  # pyright: ignore[reportPrivateUsage]
