"""From the start of the server to its end: what is refused, what is made ready, what works beside the pages."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NoReturn

import anyio.to_thread

from data_access.errors import DataAccessError
from data_access.handover.browser import serve_downloads
from data_access.local import prepare
from data_access.snapshot.runner import stop_all
from server import logs, start
from server.download import sweep_exports


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[dict[str, Any]]:
    """Keep the local engine and the worker of erasures for as long as this server runs, exports for an hour; end its syncs."""
    logs.quiet()
    try:
        if sentences := start.refused():
            _leave(sentences)
        attachment = await anyio.to_thread.run_sync(partial(prepare, say=lambda text: print(f"\n  {text}", flush=True)))
    except DataAccessError as error:
        _leave([str(error)])
    serve_downloads()
    sweeping = asyncio.create_task(sweep_exports())
    # Not waited for: what stands in its way is no reason to serve nothing.
    working = asyncio.create_task(_start_worker(attachment.engine.endpoint if attachment else None))
    try:
        yield {}
    finally:
        sweeping.cancel()
        try:
            await working
            await anyio.to_thread.run_sync(_stop_worker)
        finally:
            await anyio.to_thread.run_sync(stop_all)  # while the engine is there that a sync reads from
            if attachment:
                attachment.close()


def _leave(sentences: Iterable[str]) -> NoReturn:
    """At once, with nothing attached and nothing answered yet: an exception here would put a traceback under the sentence."""
    print("".join(f"\n  {sentence}" for sentence in sentences), end="\n\n", file=sys.stderr, flush=True)
    os._exit(1)


async def _start_worker(endpoint: str | None) -> None:
    """Erasures are worked on outside of every session, for as long as this server runs. The worker sweeps old drafts, too."""

    def begin() -> None:
        from pages.ui import erasure_desk

        erasure_desk.start_worker(endpoint)

    await anyio.to_thread.run_sync(begin)


def _stop_worker() -> None:
    from pages.ui import erasure_desk

    erasure_desk.stop_worker()
