"""The folded texts of all messages, newest first, as long runs of bytes that the C library searches.

A message's text is what was said and, behind a NUL, the names and arguments of its tool calls. 65,536 messages share a
segment. Finding a word is one walk over the bytes of a segment with `memmem`, at several gigabytes a second; the row is
found by bisection in the segment's offsets. Columns in a database are searched one text at a time, four times slower.
"""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

import ctypes
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as _compute

from data_access.snapshot.fold import fold_all

_pc = cast("Any", _compute)
SEGMENT = 65_536
_SEGMENTS_A_BLOCK = 16
_MARK = b"\x00"
_Finder = Callable[[int, int], int]


@dataclass(frozen=True, slots=True)
class Segment:
    """Rows `first` … `first + rows - 1`. `offsets` has one entry more than there are rows."""

    first: int
    rows: int
    data: memoryview
    address: int
    offsets: memoryview

    def array(self) -> Any:
        """The texts as Arrow has them, in the same memory."""
        return pa.StringArray.from_buffers(self.rows, pa.py_buffer(self.offsets), pa.py_buffer(self.data))

    def text(self, row: int) -> bytes:
        return bytes(self.data[self.offsets[row] : self.offsets[row + 1]])


@dataclass(frozen=True, slots=True)
class Texts:
    """All segments in order. `conv`, `role` and `sent_at` (microseconds, smallest value: not known) are by row.
    `conversations` is the number of all, `with_messages` of those that have any."""

    segments: Sequence[Segment]
    conv: np.ndarray[Any, np.dtype[np.int32]]
    role: np.ndarray[Any, np.dtype[np.uint8]]
    sent_at: np.ndarray[Any, np.dtype[np.int64]]
    expires_at: np.ndarray[Any, np.dtype[np.int64]] | None
    conversations: int
    with_messages: int

    @property
    def rows(self) -> int:
        return len(self.conv)

    @property
    def bytes(self) -> int:
        arrays = (self.conv, self.role, self.sent_at, self.expires_at)
        held = sum(segment.data.nbytes + segment.offsets.nbytes for segment in self.segments)
        return held + sum(array.nbytes for array in arrays if array is not None)

    def text(self, row: int) -> tuple[bytes, bytes]:
        """Folded words and folded tool calls of one message."""
        said, _, tools = self.segments[row // SEGMENT].text(row % SEGMENT).partition(_MARK)
        return said, tools

    def having(self, word: str, since: int, until: int) -> Iterator[int]:
        """The rows from `since` to before `until` that have a folded word, in order, one at a time as they are found."""
        wanted = word.encode()
        for segment in self.segments[since // SEGMENT :]:
            if segment.first >= until:
                return
            for row in _rows(segment, wanted, max(0, since - segment.first)):
                if segment.first + row >= until:
                    return
                yield segment.first + row

    def blocks(self, since: int, until: int) -> Iterator[Any]:
        """Arrow tables of row number (`n`) and folded text (`text`), a million rows at a time, for what a database does better."""
        for first in range(since // SEGMENT, len(self.segments), _SEGMENTS_A_BLOCK):
            several = self.segments[first : first + _SEGMENTS_A_BLOCK]
            if several[0].first >= until:
                return
            texts = pa.chunked_array([segment.array() for segment in several])
            yield pa.table({"n": np.arange(several[0].first, several[0].first + len(texts), dtype=np.int32), "text": texts})

    def frequency(self, word: str) -> int:
        """How many of the newest few thousand messages have a folded word."""
        return sum(1 for _ in self.having(word, 0, min(self.rows, 4_096)))


def _rows(segment: Segment, wanted: bytes, row: int) -> Iterator[int]:
    offsets = segment.offsets
    find = _finder(segment, wanted)
    end = offsets[segment.rows]
    at = offsets[row]
    while at < end:
        at = find(at, end)
        if at < 0:
            return
        row = bisect_right(offsets, at) - 1
        if at + len(wanted) <= offsets[row + 1]:
            yield row
            at = offsets[row + 1]
        else:  # It begins in one message and ends in the next.
            at += 1


def _finder(segment: Segment, wanted: bytes) -> _Finder:
    """A function from a range of bytes to where the wanted ones are first found in it, or -1."""
    if _memmem is None:
        pattern = re.compile(re.escape(wanted))

        def search(since: int, until: int) -> int:
            match = pattern.search(segment.data, since, until)
            return match.start() if match else -1

        return search
    memmem, base, size = _memmem, segment.address, len(wanted)

    def find(since: int, until: int) -> int:
        found = memmem(base + since, until - since, wanted, size)
        return found - base if found else -1

    return find


def _library() -> Callable[[int, int, bytes, int], int | None] | None:
    """`memmem` of the C library; None where it has none (Windows)."""
    try:
        function = ctypes.CDLL(None).memmem
    except (AttributeError, OSError, TypeError):
        return None
    function.restype = ctypes.c_void_p
    function.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    return function


_memmem = _library()


def segments(batches: Iterator[Any]) -> list[Segment]:
    """Segments from batches of (content, arguments), each of exactly SEGMENT rows but the last."""
    made: list[Segment] = []
    for batch in batches:
        said = fold_all(batch.column(0))
        tools = fold_all(batch.column(1))
        used = _pc.not_equal(tools, "")
        if _pc.any(used).as_py():
            joined = _pc.binary_join_element_wise(_pc.filter(said, used), _pc.filter(tools, used), "\x00")
            said = _pc.replace_with_mask(said, used, joined)
        # A copy that is no larger than the text: a kernel's output can have room to grow, and an offset.
        said = pa.array(said, pa.string()) if not isinstance(said, pa.Array) else pa.concat_arrays([said])
        _, starts, data = said.buffers()
        offsets = memoryview(starts).cast("B").cast("i")[said.offset : said.offset + len(said) + 1]
        whole = memoryview(data or b"")
        made.append(Segment(len(made) * SEGMENT, len(said), whole, data.address if data else 0, offsets))
    return made
