"""Personal data out of texts: each find is replaced by a fixed word in brackets, which tells neither its length nor its form.

Found are e-mail addresses, phone numbers (with + everywhere, without as the regions of the settings write them), card numbers,
IBANs and the team's own patterns; in full-width letters, in digits of any script and with invisible characters between, too. JSON
inside a text stays JSON, and is looked at string by string.

What is not found, because the libraries do not know it or nobody can:
- names, postal addresses, dates of birth, ids of states, unless a pattern names them;
- addresses without a dot in the domain (root@localhost), with spaces or words in place of the signs (anna at example dot org);
- phone numbers without + of regions that are not in the settings, without the 0 before them where there is one, beside a letter or a
  currency sign; with letters for digits, spelt out, of fewer than seven digits;
- card numbers of schemes that do not begin with 22 to 27 or 3 to 6, as the fraction of a number (0.4111111111111111), and their last
  four digits alone;
- any of these over a line end, over two values of a list, over two messages, in a picture, encrypted or in base64;
- a part of one: a text that was cut before it came here may end in the middle of an address. Mask first, then cut.
JSON that is cut or broken is looked at as text, with its escapes as they are.

What is masked without being personal: one of ten runs of 13 to 19 digits that begin as a card's passes Luhn; four of ten numbers of ten
digits, and what is grouped like 2026/000123, are valid phone numbers in North America; git@github.com is written as an address. Of a
text with more numbers than the libraries can be asked about in a second or two, the rest is masked unasked.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import orjson

from data_access.access.viewer import Viewer
from data_access.masking.finders import Found, Patience, cards, emails, ibans, without_others
from data_access.masking.phones import Country, has_number, phones
from data_access.masking.settings import MaskingSettings
from data_access.masking.shadow import shadow_of
from data_access.masking.values import masked_value
from data_access.settings import Settings

T = TypeVar("T")

EMAIL = "[e-mail address]"
PHONE = "[phone number]"
CARD = "[card number]"
IBAN = "[IBAN]"
# Digits in a text with so many of them that the library is not asked about these.
DIGITS = "[digits]"
# Where masking one find makes another, over and over; and a value that is nested too deeply.
ALL = "[masked]"
_PASSES = 20

_JSON_START = re.compile(r"\s*[\[{]")
_JSON_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]{6,}', re.DOTALL)
# Most texts have nothing of what every find has: an @, some digits, or a character or escape that may stand for one.
_HINT = re.compile(r"[^\t\n\r\x20-\x7e]|[@%&\\]|\d(?:\D*\d){4}")
# An IBAN has five digits or more, the others have seven.
_SOME_DIGITS = re.compile(r"\d(?:\D*\d){4}")


@dataclass(frozen=True, slots=True)
class _Find:
    """A half-open range of a text, and the word that will stand there."""

    start: int
    end: int
    word: str


class Masker:
    """Masks texts and values. Keeps nothing of what it saw; from any thread."""

    def __init__(self, settings: MaskingSettings | None = None) -> None:
        said = settings or MaskingSettings()
        self._regions = tuple(map(Country.of, said.regions))
        self._patterns = [(re.compile(pattern), f"[{name}]") for name, pattern in said.patterns.items()]
        words = {EMAIL, PHONE, CARD, IBAN, DIGITS, ALL, *(word for _, word in self._patterns)}
        self._words = re.compile("|".join(sorted(map(re.escape, words), key=len, reverse=True)))

    def text(self, text: str) -> str:
        """The text with a word for each find; the very same text where there is none. Never raises."""
        return self._settled(text, Patience())

    def value(self, value: T) -> T:
        """The same of a model or of plain data, with all texts in it. Ids and keys of models stay as they are: see values.py."""
        return masked_value(value, self)

    def everything(self, value: T) -> T:
        """As `value`, with ids and keys too: for a file, in which nothing is looked up any more."""
        return masked_value(value, self, kept=frozenset())

    def _settled(self, text: str, patience: Patience) -> str:
        if _HINT.search(text) is None and not any(pattern.search(text) for pattern, _ in self._patterns):
            return text
        for _ in range(_PASSES):
            masked = self._once(text, patience)
            if masked == text:
                return text
            text = masked
        return ALL

    def _once(self, text: str, patience: Patience) -> str:
        if _is_json(text):
            return _JSON_TOKEN.sub(lambda token: self._token(token.group(), patience), text)
        finds = self._finds(text, patience)
        return _replaced(text, finds) if finds else text

    def _token(self, token: str, patience: Patience) -> str:
        """A string or a number of JSON text; a number becomes a string."""
        if not token.startswith('"'):
            masked = self._settled(token, patience)
            return token if masked == token else json.dumps(masked, ensure_ascii=False)
        said = token[1:-1] if "\\" not in token else str(json.loads(token, strict=False))
        masked = self._settled(said, patience)
        return token if masked == said else json.dumps(masked, ensure_ascii=False)

    def _finds(self, text: str, patience: Patience) -> list[_Find]:
        """What is found, in order, without overlaps."""
        found = sorted(self._found(text, patience), key=lambda find: (find.start, -find.end))
        if not found:
            return found
        found = _opened(found, [(mask.start(), mask.end()) for mask in self._words.finditer(text)])
        merged: list[_Find] = []
        for find in (_with_backslash(text, one) for one in found):
            if merged and find.start < merged[-1].end:
                last = merged[-1]
                longer = max(last, find, key=lambda one: one.end - one.start)
                merged[-1] = _Find(last.start, max(last.end, find.end), longer.word)
            else:
                merged.append(find)
        return merged

    def _found(self, text: str, patience: Patience) -> Iterator[_Find]:
        shadow = shadow_of(text)
        plain = shadow.text
        for start, end in emails(plain):
            yield _Find(*shadow.back(start, end), EMAIL)
        if _SOME_DIGITS.search(plain) is not None:
            for word, ranges in self._numbers(plain, patience):
                for start, end, known in ranges:
                    yield _Find(*shadow.back(start, end), word if known else DIGITS)
        for pattern, word in self._patterns:
            for match in pattern.finditer(text):
                if match.end() > match.start():
                    yield _Find(match.start(), match.end(), word)
            if plain != text:
                for match in pattern.finditer(plain):
                    if match.end() > match.start():
                        yield _Find(*shadow.back(match.start(), match.end()), word)

    def _numbers(self, plain: str, patience: Patience) -> Iterator[tuple[str, Iterator[Found]]]:
        yield IBAN, ibans(plain, patience)
        if has_number(plain):
            digits = without_others(plain)
            yield CARD, cards(digits, patience)
            yield PHONE, phones(digits, self._regions, patience)


def masker_for(viewer: Viewer, settings: Settings) -> Masker | None:
    """None where nothing is masked: on this machine, unless the settings say so, and on the command line.

    Everybody else sees masks, also who may reveal: until they reveal a conversation, see data_access/actions/revealing.py.
    """
    if viewer.origin == "command_line" or (viewer.origin == "local" and not settings.masking.local):
        return None
    return Masker(settings.masking)


def _is_json(text: str) -> bool:
    """Whether it is an object or an array, whole and strictly."""
    if _JSON_START.match(text) is None:
        return False
    try:
        orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return False
    return True


def _opened(finds: list[_Find], masks: list[tuple[int, int]]) -> list[_Find]:
    """Masks are no data: a find within one is none, and one that touches it takes all of it."""
    if not masks:
        return finds
    starts, ends = [start for start, _ in masks], [end for _, end in masks]
    made: list[_Find] = []
    for find in finds:
        first, after = bisect_right(ends, find.start), bisect_left(starts, find.end)
        if first == after:
            made.append(find)
        elif not (starts[first] <= find.start and find.end <= ends[first]):
            made.append(_Find(min(find.start, starts[first]), max(find.end, ends[after - 1]), find.word))
    return sorted(made, key=lambda find: (find.start, -find.end))


def _with_backslash(text: str, find: _Find) -> _Find:
    r"""In a piece of JSON or code, the n of \\n is no letter of the address that follows: the backslash goes with it."""
    before = find.start
    while before and text[before - 1] == "\\":
        before -= 1
    return _Find(find.start - 1, find.end, find.word) if (find.start - before) % 2 else find


def _replaced(text: str, finds: list[_Find]) -> str:
    parts: list[str] = []
    at = 0
    for find in finds:
        parts += (text[at : find.start], find.word)
        at = find.end
    return "".join((*parts, text[at:]))
