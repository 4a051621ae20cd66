"""No message of an exception, no query and no key reaches the log, whoever writes it."""

from __future__ import annotations

import io
import logging
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
import streamlit as st
from uvicorn.logging import AccessFormatter, DefaultFormatter

from data_access.errors import Denied
from server import logs
from server.logs import kind, quiet, scrubbed, trace, without_queries

SECRET = "ana@example.com said hello"
NAMES = ["uvicorn.access", "uvicorn.error", "streamlit.error_util", "dynascope", "a.library", *logs._LIBRARIES]  # pyright: ignore[reportPrivateUsage]


@pytest.fixture(autouse=True)
def _undone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What `quiet` does is for a whole process: this one has other tests."""
    loggers = [logging.getLogger(name) for name in NAMES]
    before = [(one.level, list(one.filters), list(one.handlers), one.propagate) for one in loggers]
    monkeypatch.setattr(st, "set_option", lambda *_: None)  # Streamlit's options are the whole process's, too
    factory, hooks, least = logging.getLogRecordFactory(), (threading.excepthook, sys.excepthook), logging.root.manager.disable
    yield
    for one, (level, filters, handlers, propagate) in zip(loggers, before, strict=True):
        one.level, one.filters, one.handlers, one.propagate = level, filters, handlers, propagate
        one._cache.clear()  # pyright: ignore[reportAttributeAccessIssue]
    logging.setLogRecordFactory(factory)
    threading.excepthook, sys.excepthook = hooks
    logging.disable(least)


@pytest.fixture
def written() -> Callable[[], str]:
    """What a library's own handler writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    for name in NAMES:
        logging.getLogger(name).addHandler(handler)
    return stream.getvalue


def broken() -> None:
    try:
        int(SECRET)
    except ValueError as error:
        raise KeyError(SECRET) from error


def test_an_exception_is_its_type_and_its_lines(written: Callable[[], str]) -> None:
    quiet()
    try:
        broken()
    except KeyError:
        logging.getLogger("a.library").exception("Uncaught")
    text = written()
    assert SECRET not in text
    assert "Uncaught\nValueError\n  " in text
    assert "which led to\nKeyError\n  " in text
    assert f"{__file__}:" in text
    assert " in broken" in text


def test_all_of_a_group_is_told() -> None:
    try:
        raise ExceptionGroup(SECRET, [ValueError(SECRET), OSError(SECRET)])
    except ExceptionGroup as error:
        text = trace(error)
    assert SECRET not in text
    assert text.startswith("ValueError\nOSError\ntogether\nExceptionGroup\n")


def test_an_endless_chain_has_an_end() -> None:
    first, second = ValueError(SECRET), KeyError(SECRET)
    first.__context__, second.__context__ = second, first
    assert trace(first).count("which led to") == 8


def test_an_exception_in_the_words_is_its_type() -> None:
    record = scrubbed("a", logging.WARNING, "x.py", 1, "Failed: %s (%s)", (ValueError(SECRET), 3), None)
    assert record.getMessage() == "Failed: ValueError (3)"
    assert scrubbed("a", logging.WARNING, "x.py", 1, UnicodeError(SECRET), (), None).getMessage() == "UnicodeError"
    assert scrubbed("a", logging.WARNING, "x.py", 1, "It said: %s", (Denied("You may not."),), None).getMessage() == "It said: You may not."
    assert kind(Denied(SECRET)) == "data_access.errors.Denied"


def test_debug_is_off_for_everybody_whatever_they_set(written: Callable[[], str]) -> None:
    quiet()
    for name in ("botocore", "streamlit.runtime", "a.library"):
        one = logging.getLogger(name)
        one.setLevel(logging.DEBUG)
        one.debug(SECRET)
    logging.getLogger("httpx").info(SECRET)
    assert written() == ""
    assert not logging.getLogger("streamlit.runtime").isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize(
    "path, told",
    [
        ("/replay?conversation=c-1&system=cg", "/replay"),
        ("/download/AbC?x=1", "/download/-"),
        ("/tools/chats/download/AbC", "/tools/chats/download/-"),
        ("/media/0f6b.csv?title=u-1", "/media/-"),
        ("/healthz", "/healthz"),
    ],
)
def test_an_address_is_told_without_what_follows(path: str, told: str) -> None:
    quiet()
    record = logging.getLogger("uvicorn.access").makeRecord(
        "uvicorn.access", logging.INFO, "x.py", 1, '%s - "%s %s HTTP/%s" %d', ("10.0.0.1:5", "GET", path, "1.1", 200), None
    )
    assert logging.getLogger("uvicorn.access").filter(record)
    assert f'"GET {told} HTTP/1.1"' in AccessFormatter('%(client_addr)s - "%(request_line)s" %(status_code)s', use_colors=False).format(
        record
    )
    spoken = scrubbed("uvicorn.error", logging.INFO, "x.py", 1, '%s - "WebSocket %s" [accepted]', ("10.0.0.1:5", path), None)
    assert without_queries(spoken)
    assert DefaultFormatter(use_colors=False).format(spoken) == f'10.0.0.1:5 - "WebSocket {told}" [accepted]'


def test_streamlits_own_line_gives_way_to_the_reference(written: Callable[[], str]) -> None:
    quiet()
    theirs = logging.getLogger("streamlit.error_util")
    theirs.error("Uncaught app execution", exc_info=ValueError(SECRET))
    assert written() == ""
    theirs.error("Something else")
    assert "Something else" in written()


def test_a_thread_that_fails_says_where(written: Callable[[], str]) -> None:
    quiet()
    thread = threading.Thread(target=broken, name=SECRET)
    thread.start()
    thread.join()
    assert "A thread ended." in written()
    assert "KeyError" in written()
    assert SECRET not in written()


def test_the_end_of_the_process_says_where(capsys: pytest.CaptureFixture[str]) -> None:
    quiet()
    try:
        broken()
    except KeyError as error:
        sys.excepthook(KeyError, error, None)
    assert "KeyError" in capsys.readouterr().err
