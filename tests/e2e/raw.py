"""A session without a browser: what somebody can send who writes the messages of Streamlit's websocket by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from tests.e2e.conftest import PATIENCE_MS, Server

XSRF = "_streamlit_xsrf"
_SECONDS = PATIENCE_MS / 1_000


@dataclass(slots=True)
class Answer:
    """What one run of the script sent: its elements by type, and everything as text."""

    elements: list[Any] = field(default_factory=list)

    def of(self, kind: str) -> list[Any]:
        return [getattr(one, kind) for one in self.elements if one.WhichOneof("type") == kind]

    @property
    def words(self) -> str:
        return "\n".join(str(one) for one in self.elements)

    def widget(self, key: str) -> str:
        """The id of the widget that the program gave this key."""
        for one in self.elements:
            made = getattr(one, one.WhichOneof("type"))
            if hasattr(made, "id") and made.id.endswith(f"-{key}"):
                return made.id
        raise AssertionError(f"there is no widget {key}")


@dataclass(frozen=True, slots=True)
class Session:
    socket: ClientConnection

    def run(
        self, page: str = "", query: str = "", *, clicked: str | None = None, chosen: Mapping[str, Mapping[str, Any]] | None = None
    ) -> Answer:
        """Ask for a run of this page, with a click on a widget and with values of others, by their ids."""
        message = BackMsg()
        message.rerun_script.page_name = page
        message.rerun_script.query_string = query
        for name, value in (chosen or {}).items():
            message.rerun_script.widget_states.widgets.add(id=name, **value)
        if clicked is not None:
            message.rerun_script.widget_states.widgets.add(id=clicked, trigger_value=True)
        self.socket.send(message.SerializeToString())
        return self._answer()

    def _answer(self) -> Answer:
        answer = Answer()
        while True:
            message = ForwardMsg()
            data = self.socket.recv(timeout=_SECONDS)
            assert isinstance(data, bytes)
            message.ParseFromString(data)
            kind = message.WhichOneof("type")
            if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                answer.elements.append(message.delta.new_element)
            elif kind == "new_session":
                answer.elements.clear()  # what came before belongs to a run that was left
            elif kind == "script_finished" and message.script_finished != ForwardMsg.ScriptFinishedStatus.FINISHED_EARLY_FOR_RERUN:
                return answer


@contextmanager
def session(server: Server, cookies: Mapping[str, str]) -> Iterator[Session]:
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    subprotocols: Sequence[Any] = ["streamlit", cookies.get(XSRF, "none")]
    origin: Any = server.url
    url = f"ws://{urlsplit(server.url).netloc}/_stcore/stream"
    with connect(
        url, origin=origin, additional_headers=headers, subprotocols=subprotocols, open_timeout=_SECONDS, max_size=None, proxy=None
    ) as socket:
        yield Session(socket)


def cookies_of(context: BrowserContext) -> dict[str, str]:
    return {cookie["name"]: cookie["value"] for cookie in context.cookies() if "name" in cookie and "value" in cookie}
