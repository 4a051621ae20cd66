"""The part of a cut text in which nothing is cut in two: half an address or number would not be found, and would be shown."""

from __future__ import annotations

import re

# The word at the cut, and the words with a digit beside it: numbers are written in groups.
_HEAD = re.compile(r"\S*(?:[^\S\n]+\S*\d\S*)*")


def whole_part(text: str, cut: tuple[bool, bool]) -> tuple[int, int]:
    """The half-open range that is left when the words at the cut ends are left out."""
    start, end = 0, len(text)
    if cut[0]:
        found = _HEAD.match(text)
        start = found.end() if found else 0
    if cut[1]:
        end = _tail(text)
    return (start, end) if start <= end else (len(text), len(text))


def _tail(text: str) -> int:
    end = len(text)
    while end and not text[end - 1].isspace():
        end -= 1
    while end:
        space = end
        while space and text[space - 1].isspace() and text[space - 1] != "\n":
            space -= 1
        word = space
        while word and not text[word - 1].isspace():
            word -= 1
        if not any(char.isdigit() for char in text[word:space]):
            break
        end = word
    return end
