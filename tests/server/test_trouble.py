"""A failure that nobody foresaw: a reference for the person, the same one with type and place in the log, and no word of the failure."""

from __future__ import annotations

import logging
import re

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, Router, WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from streamlit.testing.v1 import AppTest

from data_access.errors import Denied
from server import trouble
from server.headers import SecurityHeaders
from server.trouble import Trouble, place, record, script_failed
from tests.server.asking import ask

SECRET = "ana@example.com said hello"
REFERENCE = r"[2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4}"


async def _broken(_request: Request) -> Response:
    raise KeyError(SECRET)


async def _half(_request: Request) -> Response:
    class Half(Response):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            raise KeyError(SECRET)

    return Half()


async def _gone(_request: Request) -> Response:
    raise ClientDisconnect


async def _stream(websocket: WebSocket) -> None:
    if websocket.query_params:
        await websocket.accept()
    raise KeyError(SECRET)


HERE = SecurityHeaders(
    Trouble(
        Router(
            [
                Route("/broken", _broken),
                Route("/half", _half),
                Route("/gone", _gone),
                Route("/well", lambda _request: PlainTextResponse("well")),
                WebSocketRoute("/stream", _stream),
            ]
        )
    )
)


@pytest.mark.parametrize("path, kind", [("/broken", "http"), ("/stream", "websocket")])
def test_a_route_that_fails_answers_with_a_reference_and_the_headers(path: str, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(HERE, path, kind=kind)
    found = re.fullmatch(rf"Something went wrong here\. Reference: ({REFERENCE})\n", answer.body)
    assert answer.status == 500
    assert found
    assert answer.headers["content-security-policy"]
    (entry,) = caplog.records
    assert entry.getMessage().startswith(f"Reference {found[1]}: KeyError at tests/server/test_trouble.py:")
    assert SECRET not in entry.getMessage()


def test_an_answer_that_has_begun_is_broken_off(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(KeyError):
        ask(HERE, "/half")
    assert len(caplog.records) == 1


def test_a_browser_that_went_away_is_no_trouble(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ClientDisconnect):
        ask(HERE, "/gone")
    assert caplog.records == []
    assert ask(HERE, "/well").body == "well"


def test_references_differ(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL):
        assert len({record(KeyError(SECRET)) for _ in range(200)}) == 200


def test_the_place_is_the_innermost_line_of_ours() -> None:
    with pytest.raises(re.error) as raised:
        re.compile("(")
    assert re.fullmatch(r"tests/server/test_trouble\.py:\d+ in test_the_place_is_the_innermost_line_of_ours", place(raised.value))
    assert place(KeyError()) == "nowhere"


def failing(what: str) -> AppTest:
    """A script in which the handler is called, as a server would call it."""

    def script(what: str) -> None:
        from data_access.errors import Denied
        from server.trouble import script_failed

        said = "ana@example.com said hello"
        assert script_failed({"own": Denied("You may not do this here.", "Ask."), "other": KeyError(said)}[what])

    return AppTest.from_function(script, kwargs={"what": what}, default_timeout=60).run()


def test_a_page_shows_the_reference_that_the_log_has(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    app = failing("other")
    texts = [*(one.value for one in app.text), *(one.value for one in app.markdown), *(one.value for one in app.caption)]
    (reference,) = {found for text in texts for found in re.findall(REFERENCE, text)}
    assert any(f"Reference {reference}: KeyError" in entry.getMessage() for entry in caplog.records)
    assert not app.exception
    assert SECRET not in " ".join(texts)


def test_a_failure_with_a_sentence_says_it(caplog: pytest.LogCaptureFixture) -> None:
    app = failing("own")
    assert [one.value for one in app.text] == ["You may not do this here.", "Ask."]
    assert any("data_access.errors.Denied at" in entry.getMessage() for entry in caplog.records)


def test_streamlits_own_box_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble.notices, "show", lambda _: None)
    assert script_failed(Denied("No.")) is True
