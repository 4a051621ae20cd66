"""What our loggers say at any level. botocore's and urllib3's own DEBUG lines hold whole requests and answers: theirs stay off."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

_THEIRS = ("botocore", "urllib3", "boto3", "hypothesis", "asyncio")


@contextmanager
def listening() -> Iterator[io.StringIO]:
    stream, root = io.StringIO(), logging.getLogger()
    handler, before = logging.StreamHandler(stream), root.level
    levels = {name: logging.getLogger(name).level for name in _THEIRS}
    for name in _THEIRS:
        logging.getLogger(name).setLevel(logging.WARNING)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
