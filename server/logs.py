"""What the log may hold: times, places in the code, kinds of failures. No id, no text of a conversation, nothing that was typed.

Messages of exceptions are where such things hide (`KeyError: 'ana@example.com'`), so no record of this process has one: each
exception is its type and the lines it came through.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from traceback import walk_tb
from types import TracebackType
from typing import Any, TypeGuard

import streamlit as st

from data_access.errors import DataAccessError

LOG = "dynascope"
_FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# They tell of single requests below this level, some with what is in them.
_LIBRARIES = ("boto3", "botocore", "s3transfer", "urllib3", "httpx", "httpcore", "authlib", "asyncio", "watchdog", "werkzeug")
# Addresses whose second part is a key to something.
_KEYS = ("/download/", "/media/")
_DEPTH = 8


def quiet() -> None:
    """From now on, in this process. Streamlit and uvicorn make their loggers when they like: what is set here holds for all of them."""
    # It prints tracebacks past every logger, with their messages.
    st.set_option("logger.enableRich", False)
    # Streamlit's debug log has the ids of sessions, by which one is taken up again, botocore's has the items.
    logging.disable(logging.DEBUG)
    logging.setLogRecordFactory(scrubbed)
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("uvicorn.access", "uvicorn.error"):
        logging.getLogger(name).addFilter(without_queries)
    # uvicorn says it of every websocket that is refused with an answer, wrongly.
    logging.getLogger("uvicorn.error").addFilter(lambda record: "without completing handshake" not in str(record.msg))
    # server/trouble.py says the same with a reference.
    logging.getLogger("streamlit.error_util").addFilter(lambda record: record.msg != "Uncaught app execution")
    own = logging.getLogger(LOG)
    own.setLevel(logging.INFO)
    if not own.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(_FORM))
        own.addHandler(handler)
        own.propagate = False
    threading.excepthook = _thread_failed
    sys.excepthook = _failed


def scrubbed(*args: Any, **kwargs: Any) -> logging.LogRecord:
    """A record as `logging` makes it, with exceptions as `trace` tells them."""
    record = logging.LogRecord(*args, **kwargs)
    if record.exc_info and record.exc_info[1] is not None:
        # A formatter takes the text that is there before it makes its own.
        record.exc_text = trace(record.exc_info[1])
    if isinstance(record.args, tuple):
        record.args = tuple(kind(arg) if _tells(arg) else arg for arg in record.args)
    if _tells(record.msg):
        record.msg = kind(record.msg)
    return record


def _tells(value: object) -> TypeGuard[BaseException]:
    """Whether it is an exception whose message may say anything. Ours name no person and no text, for people or for the log."""
    return isinstance(value, BaseException) and not isinstance(value, DataAccessError)


def without_queries(record: logging.LogRecord) -> bool:
    """Cut the query off every address that uvicorn names, and the key off those that end in one."""
    if isinstance(record.args, tuple):
        record.args = tuple(_address(arg) if isinstance(arg, str) and arg.startswith("/") else arg for arg in record.args)
    return True


def _address(text: str) -> str:
    path = text.partition("?")[0]
    return next((f"{path.partition(key)[0]}{key}-" for key in _KEYS if key in path), path)


def kind(error: BaseException) -> str:
    """The type of an exception, by its full name."""
    found = type(error)
    return found.__qualname__ if found.__module__ == "builtins" else f"{found.__module__}.{found.__qualname__}"


def trace(error: BaseException) -> str:
    """Where it came from, innermost cause first, without any message."""
    return "\n".join(_lines(error, _DEPTH))


def _lines(error: BaseException, depth: int) -> Iterator[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if depth and before is not None:
        yield from _lines(before, depth - 1)
        yield "which led to"
    if depth and isinstance(error, BaseExceptionGroup):
        for part in error.exceptions[:_DEPTH]:
            yield from _lines(part, depth - 1)
        yield "together"
    yield kind(error)
    for frame, line in walk_tb(error.__traceback__):
        yield f"  {frame.f_code.co_filename}:{line} in {frame.f_code.co_name}"


def _thread_failed(given: threading.ExceptHookArgs) -> None:
    if given.exc_value is not None and not isinstance(given.exc_value, SystemExit):
        logging.getLogger(LOG).error("A thread ended.", exc_info=given.exc_value)


def _failed(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
    print(trace(error), file=sys.stderr)
