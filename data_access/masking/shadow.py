"""A text as it looks, for the finders: full-width letters, digits of any script and invisible characters do not hide anything.

A shadow knows where each of its characters came from, so that what is found in it can be masked in the text itself.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

_GONE = "\0"
# What text in ASCII can hide: control characters, and the two escapes in which addresses travel in links and in HTML.
_HIDING = re.compile(r"[^\t\n\r\x20-\x7e]|%(?:40|2[bB]|20)|&#64;|&commat;")
_ESCAPES = re.compile(r"\0+|%(?:40|2[bB]|20)|&#64;|&commat;")
_MEANS = {"%40": "@", "%2b": "+", "%20": " ", "&#64;": "@", "&commat;": "@"}
_AS = {"\u3002": ".", "\uff61": ".", "\u00b7": ".", "\u2022": ".", "\u2027": ".", "\u2212": "-", "\u2043": "-", "\u30fc": "-"}
# Letters and symbols of no width, which Unicode does not count among the format characters.
_EMPTY = frozenset("\u115f\u1160\u3164\uffa0\u2800")


class _Looks(dict[int, int]):
    """What each character looks like, as one character; \\0 for one that nobody sees. Made as characters are met: it holds no text."""

    def __missing__(self, code: int) -> int:
        self[code] = found = ord(_look(chr(code)))
        return found


def _look(char: str) -> str:
    if " " <= char <= "~" or char in "\t\n\r":
        return char
    if char in _AS:
        return _AS[char]
    kind = unicodedata.category(char)
    if kind in ("Cc", "Cf", "Mn", "Me") or char in _EMPTY or 0xE0000 <= ord(char) <= 0xE0FFF:
        return _GONE
    digit = unicodedata.decimal(char, None)
    if digit is not None:
        return str(digit)
    if kind == "Pd":
        return "-"
    if kind == "Zs":
        return " "
    made = unicodedata.normalize("NFKC", char)
    return made if len(made) == 1 else char


_LOOKS = _Looks()


@dataclass(frozen=True, slots=True)
class Shadow:
    """`text` is what finders read. Pieces of it begin at `starts`, and came from `origins` up to `ends` of the text itself."""

    text: str
    starts: Sequence[int] = ()
    origins: Sequence[int] = ()
    ends: Sequence[int] = ()

    def back(self, start: int, end: int) -> tuple[int, int]:
        """The half-open range of the text itself from which a range of the shadow came."""
        if not self.starts:
            return start, end
        first = bisect_right(self.starts, start) - 1
        last = bisect_right(self.starts, end - 1) - 1
        into = end - self.starts[last]
        whole = last + 1 < len(self.starts) and end == self.starts[last + 1]
        return self.origins[first] + start - self.starts[first], self.ends[last] if whole else self.origins[last] + into


def shadow_of(text: str) -> Shadow:
    """The text itself where it hides nothing."""
    if _HIDING.search(text) is None:
        return Shadow(text)
    looked = text.translate(_LOOKS)
    if _ESCAPES.search(looked) is None:
        return Shadow(looked)
    pieces: list[str] = []
    starts: list[int] = []
    origins: list[int] = []
    ends: list[int] = []
    length = at = 0

    def add(piece: str, origin: int, end: int) -> None:
        nonlocal length
        if piece:
            pieces.append(piece)
            starts.append(length)
            origins.append(origin)
            ends.append(end)
            length += len(piece)

    for escape in _ESCAPES.finditer(looked):
        add(looked[at : escape.start()], at, escape.start())
        add(_MEANS.get(escape.group().lower(), ""), escape.start(), escape.end())
        at = escape.end()
    add(looked[at:], at, len(looked))
    return Shadow("".join(pieces), starts, origins, ends)
