r"""Believable dialogues: written flows with slots (texts/*.toml) and how a conversation is put together from them.

The notation of `turns` in those files, line by line:

    U: … / A: …         a turn of the user, of the assistant; the lines after it belong to it
    ~ …                 another wording of the same turn; one of them is drawn
    T: tool {…} => {…}  a tool call with its arguments and its result, on the next assistant turn; nothing after the arrow: no result
    ?40                 40 % of the conversations go on from here, the others end here
    %40 …               a paragraph that is there in 40 %

`$name` is a slot, drawn once a flow. A slot that is drawn from rows gives `$name`, `$name_2`, `$name_3` … from one row, so that
what belongs together stays together. `$n4` is a number of 4 digits, the same one for the same prefix (`apt_$n4`).
`@{+2}` and `@{+2 09:00}` are a date and a time, in days from the start of the flow; `dated` puts them in when that is known.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, cast

TEXTS = Path(__file__).parent / "texts"

NUMBER = re.compile(r"([A-Za-z]+[_-])?\$n([1-4])(?![a-z0-9_])")
SLOT = re.compile(r"\$([a-z][a-z0-9_]*)")
DATE = re.compile(r"@\{([+-]\d+)(?: (\d\d:\d\d))?\}")
TRANSIENT: tuple[dict[str, Any], ...] = (
    {"error": {"code": "timeout", "message": "no answer within 10 s", "retryable": True}},
    {"status": "error", "message": "502 Bad Gateway"},
    {"error": "rate limit exceeded, retry after 1 s"},
    {"error": {"code": "conflict", "message": "the record was changed by someone else"}},
)

Extra = Callable[[Random, datetime, Mapping[str, str]], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Turn:
    """`role` is user, assistant or system. `opens` marks the first turn of a flow: a person may have paused before it."""

    role: str
    content: str
    tool_calls: tuple[dict[str, Any], ...] = ()
    opens: bool = False


@dataclass(frozen=True, slots=True)
class Talk:
    title: str
    language: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A turn to be filled in; a tool line has the tool's name, its arguments and its result as JSON with slots."""

    role: str
    texts: tuple[str, ...]
    tool: str = ""
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Flow:
    language: str
    title: str
    slots: Mapping[str, list[Any]]
    parts: tuple[tuple[int, tuple[Line, ...]], ...]


@dataclass(frozen=True, slots=True)
class Texts:
    system_prompts: tuple[str, ...]
    slots: Mapping[str, Mapping[str, list[Any]]]
    flows: Mapping[str, tuple[Flow, ...]]

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.flows)


@cache
def texts(system: str) -> Texts:
    """The written material of one chatbot (`remo`, `ai_agent`, `ai4ai`, `cg`)."""
    raw = tomllib.loads((TEXTS / f"{system}.toml").read_text(encoding="utf-8"))
    flows: dict[str, list[Flow]] = {}
    for entry in raw["flow"]:
        flows.setdefault(entry["lang"], []).append(Flow(entry["lang"], entry["title"], entry.get("slots", {}), _parse(entry["turns"])))
    return Texts(tuple(raw["system"]), raw.get("slots", {}), {language: tuple(found) for language, found in flows.items()})


def _parse(script: str) -> tuple[tuple[int, tuple[Line, ...]], ...]:
    parts: list[tuple[int, list[Line]]] = [(100, [])]
    role, wordings = "", [""]

    def end_turn() -> None:
        if role:
            parts[-1][1].append(Line(role, tuple(text.rstrip() for text in wordings)))

    for line in script.strip().splitlines():
        head, _, rest = line.partition(" ")
        if head in ("U:", "A:"):
            end_turn()
            role, wordings = {"U:": "user", "A:": "assistant"}[head], [rest]
        elif head == "T:":
            end_turn()
            role = ""
            tool, _, body = rest.partition(" ")
            arguments, _, result = body.partition("=>")
            parts[-1][1].append(Line("tool", (arguments,), tool, result.strip() or None))
        elif re.fullmatch(r"\?\d+", line):
            end_turn()
            role = ""
            parts.append((int(line[1:]), []))
        elif head == "~":
            wordings.append(rest)
        else:
            wordings[-1] += "\n" + line
    end_turn()
    return tuple((chance, tuple(lines)) for chance, lines in parts)


class Values:
    """The drawn slots of one flow in one conversation."""

    def __init__(self, rng: Random, pools: list[Mapping[str, list[Any]]], fixed: Mapping[str, str]) -> None:
        self.rng, self.known = rng, dict(fixed)
        self.numbers: dict[tuple[str, int], int] = {}
        for pool in pools:
            for name, choices in pool.items():
                if name in ("close", "aside"):
                    continue
                drawn = rng.choice(choices)
                row = cast("list[Any]", drawn) if isinstance(drawn, list) else [drawn]
                self.known |= {name if n == 0 else f"{name}_{n + 1}": str(value) for n, value in enumerate(row)}
        asides: list[str] = next((pool["aside"] for pool in pools if "aside" in pool), list[str]())
        count = min(len(asides), max(1, round(rng.lognormvariate(0.8, 0.6))))
        self.known |= {"asides": "\n\n".join(rng.sample(asides, count)), "asides_count": str(count)}

    def number(self, match: re.Match[str]) -> str:
        digits = int(match[2])
        key = (match[1] or "", digits)
        if key not in self.numbers:
            self.numbers[key] = self.rng.randrange(max(2, 10 ** (digits - 1)), 10**digits)
        return f"{key[0]}{self.numbers[key]}"

    def fill(self, text: str, escape: Callable[[str], str] = str) -> str:
        def slot(match: re.Match[str]) -> str:
            name = match[1]
            if name not in self.known:
                return match[0]
            return self.known[name] if name.endswith("_json") else escape(self.known[name])

        # Twice, because a drawn value may name a slot itself.
        for _ in range(2):
            text = NUMBER.sub(self.number, text) if "$n" in text else text
            text = SLOT.sub(slot, text) if "$" in text else text
        return text

    def fill_json(self, text: str) -> Any:
        return json.loads(self.fill(text, lambda value: json.dumps(value, ensure_ascii=False)[1:-1]), parse_float=Decimal)


def talk(
    system: str,
    rng: Random,
    language: str,
    start: datetime,
    *,
    flows: int,
    fixed: Mapping[str, str] | None = None,
    extra: Extra | None = None,
) -> Talk:
    """A conversation of so many flows. `fixed` slots come from the caller, `extra` makes more of them from those drawn."""
    written = texts(system)
    turns: list[Turn] = []
    title, last, fixed = "", None, fixed or {}
    for n in range(flows):
        choices = [flow for flow in written.flows[language] if flow is not last] or list(written.flows[language])
        last = flow = rng.choice(choices)
        pools = [written.slots.get("any", {}), written.slots.get(language, {}), flow.slots]
        values = Values(rng, pools, fixed)
        values.known |= extra(rng, start, values.known) if extra else {}
        if n == 0:
            title = values.fill(flow.title)
            if rng.random() < 0.12:
                turns.append(Turn("system", values.fill(rng.choice(written.system_prompts))))
        turns.extend(_turns(flow, rng, values))
    closings = written.slots.get(language, {}).get("close", [])
    if closings and rng.random() < 0.45:
        thanks, answer = rng.choice(closings)
        plain = Values(rng, [], fixed)
        turns += [Turn("user", thanks), Turn("assistant", plain.fill(answer))]
    return Talk(title, language, tuple(turns))


def dated(turns: Sequence[Turn], times: Sequence[datetime]) -> list[Turn]:
    """The turns that have a time, with the dates in them counted from the start of their flow."""
    found: list[Turn] = []
    start = times[0]
    for turn, at in zip(turns, times, strict=False):
        start = at if turn.opens else start
        found.append(replace(turn, content=_dated(turn.content, start), tool_calls=_dated(turn.tool_calls, start)))
    return found


def _dated(value: Any, start: datetime) -> Any:
    def date(match: re.Match[str]) -> str:
        day = f"{start + timedelta(days=int(match[1])):%Y-%m-%d}"
        return f"{day}T{match[2]}:00" if match[2] else day

    match value:
        case str():
            return DATE.sub(date, value) if "@{" in value else value
        case dict():
            return {name: _dated(part, start) for name, part in cast("dict[str, Any]", value).items()}
        case list() | tuple():
            parts = [_dated(part, start) for part in cast("Sequence[Any]", value)]
            return tuple(parts) if isinstance(value, tuple) else parts
        case _:
            return value


def _turns(flow: Flow, rng: Random, values: Values) -> Iterator[Turn]:
    calls: list[dict[str, Any]] = []
    first = True
    for chance, lines in flow.parts:
        if rng.randrange(100) >= chance:
            # Parts build on one another: without this one the next ones would hang in the air.
            return
        for line in lines:
            if line.role == "tool":
                calls.extend(_calls(line, rng, values))
                continue
            yield Turn(line.role, values.fill(_wording(line, rng)), tuple(calls), opens=first)
            calls, first = [], False


def _wording(line: Line, rng: Random) -> str:
    kept: list[str] = []
    for row in rng.choice(line.texts).split("\n"):
        chance = re.match(r"%(\d+) ", row)
        if chance is None:
            kept.append(row)
        elif rng.randrange(100) < int(chance[1]):
            kept.append(row[chance.end() :])
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _calls(line: Line, rng: Random, values: Values) -> Iterator[dict[str, Any]]:
    """The written call; sometimes a failed attempt before it, sometimes a result that nobody stored."""
    call: dict[str, Any] = {"tool": line.tool, "args": values.fill_json(line.texts[0])}
    fate = rng.random()
    if fate < 0.045:
        yield {**call, "result": rng.choice(TRANSIENT)}
    if line.result is not None and fate < 0.98:
        call["result"] = values.fill_json(line.result)
    yield call
