"""One rule by which stored text and a question are made alike: case, accents, width and optional marks do not count.

Every script is treated by what a reader would not mean to distinguish:

- upper and lower case; German ß is ss, Greek final sigma is sigma, Turkish dotted and dotless i are i
- accents of Latin, Greek and Cyrillic letters, and letters that only look as if they had one: ø is o, ł is l, æ is ae
- Hebrew points, Arabic vowel signs, hamza on its carrier, tatweel
- full and half width, ligatures (Unicode compatibility forms), composed and decomposed letters, Hangul as syllables
- invisible characters (soft hyphen, joiners, direction marks); any run of white space is one space

Signs that make another letter or word stay: Thai and Indic vowels and tones, Japanese voicing marks.
"""

# pyarrow has no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as _compute

# The compute functions are made at run time, which no type checker can follow.
_pc = cast("Any", _compute)

# Combining marks of Latin, Greek and Cyrillic; Hebrew points; Arabic signs and tatweel; invisible characters.
_DROPPED = (
    "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed"
    "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff"
)
_LETTERS = {
    "ß": "ss",
    "ς": "σ",
    "ı": "i",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ł": "l",
    "ħ": "h",
    "ŧ": "t",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
}
_LETTER = f"[{''.join(_LETTERS)}]"
_SPACES = "[\\s\\x00-\\x1f\\x7f\\x{85}\\x{a0}]+"


def fold_all(texts: Any) -> Any:
    """An Arrow string array, each of its texts folded; null becomes the empty text."""
    texts = _pc.fill_null(texts, "")
    plain = _pc.string_is_ascii(texts)
    folded = _pc.ascii_lower(texts)
    if not _all(plain):
        other = _pc.invert(plain)
        folded = _pc.replace_with_mask(folded, other, _fold_unicode(_pc.filter(texts, other)))
    return _where(folded, "[\\x00-\\x1f\\x7f]|  ", lambda some: _pc.replace_substring_regex(some, _SPACES, " "))


def _fold_unicode(texts: Any) -> Any:
    texts = _pc.utf8_normalize(texts, form="NFKD")
    texts = _pc.utf8_lower(texts)
    texts = _where(texts, f"[{_DROPPED}]", lambda some: _pc.replace_substring_regex(some, f"[{_DROPPED}]+", ""))
    texts = _where(texts, _LETTER, _plain_letters)
    texts = _where(texts, "[\\x{85}\\x{a0}\\p{Z}]", lambda some: _pc.replace_substring_regex(some, "[\\s\\x{85}\\p{Z}]+", " "))
    return _pc.utf8_normalize(texts, form="NFC")


def _plain_letters(texts: Any) -> Any:
    for letter, plain in _LETTERS.items():
        texts = _pc.replace_substring(texts, letter, plain)
    return texts


def _where(texts: Any, pattern: str, change: Callable[[Any], Any]) -> Any:
    """The change applied to the texts that have the pattern: most have not, and keep their bytes."""
    mask = _pc.match_substring_regex(texts, pattern)
    if not _any(mask):
        return texts
    return _pc.replace_with_mask(texts, mask, change(_pc.filter(texts, mask)))


def _all(mask: Any) -> bool:
    return _pc.all(mask).as_py() is not False


def _any(mask: Any) -> bool:
    return _pc.any(mask).as_py() is True


def fold(text: str) -> str:
    """One text by the same rule, white space at both ends removed."""
    return str(fold_all(pa.array([text]))[0].as_py()).strip()


_BLOCK = 400
_ODD_SPACE = re.compile("[\x00-\x1f\x7f]|  ")
_CLUSTER = re.compile(r"\s+|.", re.DOTALL)
# Parts of Hangul syllables, and voicing marks of half width: they join what stands before them.
_JOINING = re.compile("[\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\ud7b0-\ud7ff\uff9e-\uffdc]")


def bounds(original: str, words: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Where folded words stand in a text that is not folded: half-open character ranges, in order, not overlapping."""
    if original.isascii() and not _ODD_SPACE.search(original):
        return _merged(sorted(_found(original.lower(), words)))
    starts: list[int] = []
    pieces = list(_clusters(original))
    whole = ""
    folded = cast("list[str]", fold_all(pa.array([piece for _, piece in pieces], pa.string())).to_pylist())
    for number, piece in enumerate(folded):
        # A space behind a space is one, also when what stood between them does not count.
        more = piece[1:] if piece[:1] == " " == whole[-1:] else piece
        starts += [number] * len(more)
        whole += more

    def place(first: int, last: int) -> tuple[int, int]:
        at, piece = pieces[starts[last - 1]]
        return pieces[starts[first]][0], at + len(piece)

    return _merged(sorted(place(*found) for found in _found(whole, words)))


def first(original: str, words: tuple[str, ...]) -> int | None:
    """Where the first of some folded words begins in a text of any length; None where none does."""
    longest = max(map(len, words))
    # A decomposed word is longer than its folded form: twice is enough for all but pathological texts.
    blocks = [original[at : at + _BLOCK + 2 * longest] for at in range(0, len(original), _BLOCK)]
    folded = cast("list[str]", fold_all(pa.array(blocks, pa.string())).to_pylist())
    for number, block in enumerate(folded):
        if any(word in block for word in words):
            marks = bounds(blocks[number], words)
            return number * _BLOCK + marks[0][0] if marks else number * _BLOCK
    return None


def _found(folded: str, words: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    for word in words:
        at = folded.find(word)
        while at >= 0 and word:
            yield at, at + len(word)
            at = folded.find(word, at + len(word))


def _clusters(text: str) -> Iterator[tuple[int, str]]:
    """Pieces that fold by themselves: a base with its marks, a Hangul syllable in parts, a run of white space."""
    start = 0
    end = 0
    for match in _CLUSTER.finditer(text):
        piece = match[0]
        joins = unicodedata.category(piece[0])[0] == "M" or _JOINING.match(piece)
        if end > start and not joins:
            yield start, text[start:end]
            start = end
        end = match.end()
    if end > start:
        yield start, text[start:end]


def _merged(ranges: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for first, last in ranges:
        if merged and first < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)
