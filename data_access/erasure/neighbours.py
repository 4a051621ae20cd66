"""Ids that look like another one: what DynamoDB keeps apart byte for byte, and a person does not.

Two ids are neighbours when nothing is left between them after: composed and decomposed letters, invisible characters, blanks,
compatibility forms (ligatures, full width), letters of other scripts with a Latin shape (confusable.py), case, and what a
typeface makes alike (0 and o; 1, l, i and |; rn and m; vv and w). What that misses: accents (é beside e), digits beside other
letters (5 and S, 8 and B), swapped or missing letters, and scripts compared among themselves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from data_access.erasure.confusable import LATIN
from data_access.erasure.model import Neighbour

MOST_SHOWN = 100

# Default_Ignorable_Code_Point beyond the format characters (Cf), and the blank that is a symbol:
# https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt
_UNSEEN = frozenset((0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0)).union(
    range(0x180B, 0x1810), range(0xFE00, 0xFE10), range(0xE0000, 0xE1000)
)
_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "|": "l"})
_PAIRS = (("rn", "m"), ("vv", "w"))
_ASCII_BLANKS = re.compile(r"[\x00-\x20\x7f]+")


def _is_unseen(letter: str) -> bool:
    return (unicodedata.category(letter) in ("Cf", "Cc") and not letter.isspace()) or ord(letter) in _UNSEEN


def _is_blank(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter).startswith("Z")


def _alike(text: str) -> str:
    text = text.translate(_ALIKE)
    for pair, one in _PAIRS:
        text = text.replace(pair, one)
    return text


def _latin(text: str) -> str:
    return text.translate(LATIN)


def _shapes(text: str) -> str:
    return _alike(text.translate(LATIN))


def _case(text: str) -> str:
    # Turkish capital I with a dot leaves its dot behind.
    return unicodedata.normalize("NFKC", text.casefold()).replace("i\u0307", "i")


# In this order: each is said of two ids when it did something else to one of them than to the other.
_STEPS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("the same letters, composed in one and decomposed in the other (NFC, NFD)", lambda text: unicodedata.normalize("NFC", text)),
    ("other forms of the same letters, such as ligatures or full width", lambda text: unicodedata.normalize("NFKC", text)),
    ("invisible characters", lambda text: "".join(letter for letter in text if not _is_unseen(letter))),
    ("blanks", lambda text: "".join(letter for letter in text if not _is_blank(letter))),
    ("letters of another script that look the same", _latin),
    ("upper and lower case", _case),
    ("letters and digits that look alike", _shapes),
)


def skeletons(user_id: str) -> tuple[str, str]:
    """What is left of an id when everything that is easily overlooked is taken out of it: by shape, and by letter.

    By letter other scripts stay what they are: a Greek capital looks like another Latin letter than its small one.
    """
    if user_id.isascii():
        plain = _alike(_ASCII_BLANKS.sub("", user_id).lower())
        return plain, plain
    shape = letter = user_id
    for _, step in _STEPS:
        shape = step(shape)
        letter = letter if step is _latin else _alike(letter) if step is _shapes else step(letter)
    return shape, letter


@dataclass(slots=True)
class Radar:
    """Takes ids as they come and keeps those that look like the subject's. Nothing else is held."""

    subject: str
    _shape: str
    _letter: str
    _found: dict[str, set[str]]

    @classmethod
    def on(cls, subject: str) -> Radar:
        return cls(subject, *skeletons(subject), {})

    def meet(self, user_id: str, system: str) -> None:
        if user_id != self.subject and (user_id in self._found or self._is_near(user_id)):
            self._found.setdefault(user_id, set()).add(system)

    @property
    def neighbours(self) -> tuple[Neighbour, ...]:
        """In the order of their bytes; at most MOST_SHOWN, `count` says how many there are."""
        return tuple(self._told())[:MOST_SHOWN]

    @property
    def count(self) -> int:
        return len(self._found)

    def _is_near(self, user_id: str) -> bool:
        shape, letter = skeletons(user_id)
        return shape == self._shape or letter == self._letter

    def _told(self) -> Iterator[Neighbour]:
        for user_id, systems in sorted(self._found.items()):
            yield Neighbour(user_id, tuple(sorted(systems)), differs(self.subject, user_id), bytes_view(user_id))


def neighbours(subject: str, users: Iterable[tuple[str, str]]) -> tuple[Neighbour, ...]:
    """The users, given as (id, system), whose ids look like the subject's."""
    radar = Radar.on(subject)
    for user_id, system in users:
        radar.meet(user_id, system)
    return radar.neighbours


def differs(one: str, other: str) -> str:
    """In what two ids that look the same differ, in words."""
    left, right, said = one, other, list[str]()
    for words, step in _STEPS:
        after = step(left), step(right)
        if left != right and _touched(left, after[0], step) != _touched(right, after[1], step):
            said.append(words)
        left, right = after
    odd = dict.fromkeys(letter for letter in other if not " " < letter < "\x7f" and letter not in one)
    odd |= dict.fromkeys(letter for letter in one if not " " < letter < "\x7f" and letter not in other)
    named = [f"U+{ord(letter):04X} {unicodedata.name(letter, 'a control character')}" for letter in list(odd)[:6]]
    return "; ".join([*said, *([", ".join(named)] if named else [])]) or "nothing"


def _touched(before: str, after: str, step: Callable[[str], str]) -> str:
    """What a step changes of a text: the letters that it does not leave as they are, or all of it where they work together."""
    letters = "".join(letter for letter in before if step(letter) != letter)
    return letters or (before if before != after else "")


def bytes_view(user_id: str) -> str:
    """The id with everything but plain ASCII escaped, and its bytes in UTF-8."""
    shown = "".join(_escaped(letter) for letter in user_id)
    return f"{shown} = {user_id.encode('utf-8', 'surrogatepass').hex(' ')}"


def _escaped(letter: str) -> str:
    if letter == "\\":
        return "\\\\"
    if " " < letter < "\x7f":
        return letter
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
