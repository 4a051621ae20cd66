"""Characters that cannot be seen, made visible: `<U+202E>`.

Stored text can hide words, turn their order round or make two ids look the same. What a reader of a replay cannot see,
they are shown. Joiners that a script or an emoji needs, and the emoji style selector, stay.
"""

from __future__ import annotations

import json
import re
import unicodedata

_JOINERS = "\u200c\u200d"
_EMOJI_STYLE = "\ufe0f"
# Blank, yet a letter, a mark or a symbol by its category.
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef"
# Categories Cc (but newline and tab), Cf, Cs, Zl and Zp, as ranges: one regular expression is a hundred times faster than
# a lookup for each character.
_FORMAT = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
_HIDDEN = re.compile(f"[{_BLANK}{_FORMAT}\ud800-\udfff]")
# Signs of Arabic and Syriac numbering are of category Cf, but are drawn.
_DRAWN = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
_JOINED_SCRIPTS = (
    "ARABIC",
    "BENGALI",
    "DEVANAGARI",
    "GUJARATI",
    "GURMUKHI",
    "KANNADA",
    "KHMER",
    "MALAYALAM",
    "MONGOLIAN",
    "MYANMAR",
    "ORIYA",
    "SINHALA",
    "SYRIAC",
    "TAMIL",
    "TELUGU",
    "TIBETAN",
)


def reveal(text: str) -> str:
    """The text with every invisible, bidirectional and control character written out. Newlines and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(_written, text.replace("\r\n", "\n"))


def reveal_json(text: str) -> str:
    """JSON with the same characters as JSON escapes: the copy that a reader takes is still the value that is stored."""
    return text if text.isascii() and text.isprintable() else _HIDDEN.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    written = _written(match)
    # Outside its strings, JSON has line ends and tabs only: those are not matched.
    return json.dumps(match.group())[1:-1] if written.startswith("<U+") else written


def _written(match: re.Match[str]) -> str:
    character = match.group()
    if character in _DRAWN or _needed(character, match.string, match.start()):
        return character
    return f"<U+{ord(character):04X}>"


def _needed(character: str, text: str, at: int) -> bool:
    before = text[at - 1] if at else ""
    if character == _EMOJI_STYLE:
        return bool(before) and (before in "#*0123456789" or unicodedata.category(before) in ("So", "Sm", "Po", "Sk"))
    if character not in _JOINERS or not before:
        return False
    after = text[at + 1] if at + 1 < len(text) else ""
    if unicodedata.name(before, "").startswith(_JOINED_SCRIPTS):
        return True
    # An emoji of several, a family for one.
    return (
        character == "\u200d"
        and (before == _EMOJI_STYLE or unicodedata.category(before) in ("So", "Sk"))
        and bool(after)
        and not after.isascii()
    )
