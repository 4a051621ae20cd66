"""Two questions of a load balancer: does this process answer, and can it reach the data. Neither answer names anything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from data_access.dynamo.reach import Reach
from server import start

LIVE = "/healthz"
READY = "/readyz"
# At the root also where the pages have another one: probes come past the proxy.
PROBES = frozenset({LIVE, READY})
_KEEP_SECONDS = 5.0
_WAIT_SECONDS = 4.0
_HEADERS = {"Cache-Control": "no-store"}


class Readiness:
    """An answer, remembered for `keep` seconds. One question is asked at a time, however many ask here.

    Who asks waits at most `wait` seconds; a question that takes longer goes on and answers those who ask later.
    """

    def __init__(self, ask: Callable[[], bool], keep: float = _KEEP_SECONDS, wait: float = _WAIT_SECONDS) -> None:
        self._ask, self._keep, self._wait = ask, keep, wait
        self._known: tuple[float, bool] | None = None
        self._asking: asyncio.Task[bool] | None = None

    async def now(self) -> bool:
        if self._known is not None and time.monotonic() - self._known[0] < self._keep:
            return self._known[1]
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._answer())
        try:
            return await asyncio.wait_for(asyncio.shield(self._asking), self._wait)
        except TimeoutError:
            return False

    async def _answer(self) -> bool:
        found = await anyio.to_thread.run_sync(self._ask, abandon_on_cancel=True)
        self._known = (time.monotonic(), found)
        return found


class _Reachable:
    """The data of this server's settings, which are read at the first question."""

    def __init__(self) -> None:
        self._reach: Reach | None = None

    def __call__(self) -> bool:
        if self._reach is None:
            self._reach = Reach(start.settings())
        return self._reach.answers()


readiness = Readiness(_Reachable())


async def live(_request: Request) -> Response:
    return PlainTextResponse("ok", headers=_HEADERS)


async def ready(_request: Request) -> Response:
    if await readiness.now():
        return PlainTextResponse("ready", headers=_HEADERS)
    return PlainTextResponse("not ready", 503, headers=_HEADERS)


HEALTH = [Route(LIVE, live, methods=["GET"]), Route(READY, ready, methods=["GET"])]
