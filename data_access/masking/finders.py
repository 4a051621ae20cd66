"""Where a text has e-mail addresses, card numbers and IBANs. Phone numbers are in phones.py.

A finder reads a shadow (shadow.py) and yields half-open ranges of it. It never raises, and is linear in the length of the text.

What they miss is in the docstring of masker.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from stdnum import iban, luhn, numdb

Range = tuple[int, int]
# A range, and whether a library said so: False is for what it was not asked about any more.
Found = tuple[int, int, bool]

_LOCAL = frozenset(".!#$%&'*+/=?^_`{|}~-")
_LEADING = "".join(sorted(_LOCAL))
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,20}(?:xn--[a-zA-Z0-9-]{1,59}|[^\W\d_]{2,63})|\[[0-9a-fA-F:.]{3,45}\]")
# The file of an image for screens of twice the density is no address: icon@2x.png.
_IMAGE = re.compile(r"\dx\.(?:png|jpe?g|webp|gif|svg)")
_QUOTED = 66


@dataclass(slots=True)
class Patience:
    """What the libraries are still asked about one text: half a second's worth each, for a text that is made of digits.

    What is left when it is gone is masked unasked.
    """

    phones: int = 20_000  # characters
    cards: int = 50_000  # numbers
    accounts: int = 10_000  # numbers


# What is made of digits and is no number of anybody, for card and phone numbers: UUIDs, dates and times, IPv4 addresses, and
# seconds, milliseconds, microseconds and nanoseconds since 1970, until 2033, fractions with twelve digits or more, and degrees.
_OTHERS = re.compile(
    r"(?<![0-9A-Za-z])(?=[0-9-]*[a-fA-F])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![0-9A-Za-z])"
    r"|(?<![\w+])(?<![\d)][ ./_-])(?:19|20)\d\d(?P<sep>[-/.])(?:0[1-9]|1[0-2])(?P=sep)(?:0[1-9]|[12]\d|3[01])"
    r"(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-](?:0\d|1[0-4]):?[0-5]\d(?![ ./_-]?\d))?)?(?![\w]|[./_-]\d)"
    r"|(?<![\w.+])(?<![\d)][ /_-])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|[./_-]\d|[ ]\d)"
    r"|(?<![\w+])(?<![\d+)][ (./_-])1\d{9}(?:\d{3}){0,3}(?![\w]|[ ./_()-]{1,2}\d)"
    r"|(?<![\w.+])(?<![\d)][ /_-])(?:-?\d{1,3}\.\d{12,19}(?:[eE]-?\d{1,3})?|(?:-\d{1,3}|0)\.\d{4,11})(?![\w]|[ ./_()-]{1,2}\d)"
)

_CARD_RUN = re.compile(r"\d(?:[ ./_-]{0,2}\d){12,}")
_GROUP = re.compile(r"\d+")
# The first digits of the schemes in use: 2 (Mastercard), 3 (American Express, Diners, JCB), 4, 5, 6.
_SCHEME = re.compile(r"(?:2[2-7]|[3-6])\d{12,18}")
_CARD_DIGITS: Final = range(13, 20)

_IBAN_START = re.compile(r"(?=([A-Za-z]{2})[0-9]{2})")
_IBAN_SEPARATORS = " -."


def without_others(plain: str) -> str:
    """The same length, with line ends where something else is made of digits."""
    return _OTHERS.sub(lambda found: "\n" * (found.end() - found.start()), plain)


def emails(plain: str) -> Iterator[Range]:
    """Addresses with a domain that has a dot, or an IP address in brackets."""
    at = plain.find("@")
    while at != -1:
        domain = _DOMAIN.match(plain, at + 1)
        if domain is not None and not _IMAGE.fullmatch(domain.group()):
            start = _local_start(plain, at)
            if start < at:
                yield start, domain.end()
        at = plain.find("@", at + 1)


def _local_start(plain: str, at: int) -> int:
    """The first character of what is before an @; `at` where nothing is."""
    start = at
    while start and ((char := plain[start - 1]).isalnum() or char in _LOCAL):
        start -= 1
    if start == at and plain[at - 1 : at] == '"':
        opening = plain.rfind('"', max(0, at - _QUOTED), at - 1)
        return opening if opening != -1 else at
    # What an address can begin with in theory is in practice what surrounds it: 'anna@example.org'.
    return at - len(plain[start:at].lstrip(_LEADING))


def cards(plain: str, patience: Patience) -> Iterator[Found]:
    """13 to 19 digits, alone or in groups, that begin as a card's and pass Luhn. `plain` is without_others."""
    for run in _CARD_RUN.finditer(plain):
        groups = [(run.start() + group.start(), run.start() + group.end()) for group in _GROUP.finditer(run.group())]
        for first, (start, _) in enumerate(groups):
            if patience.cards < 0:
                yield start, run.end(), False
                break
            digits = ""
            for left, right in islice(groups, first, first + _CARD_DIGITS[-1]):
                digits += plain[left:right]
                if len(digits) > _CARD_DIGITS[-1]:
                    break
                if len(digits) in _CARD_DIGITS and _SCHEME.fullmatch(digits):
                    patience.cards -= 1
                    if luhn.is_valid(digits):
                        yield start, right, True


def ibans(plain: str, patience: Patience) -> Iterator[Found]:
    """By country: its length, its form and the check digits. A country's own check of an account is not asked."""
    for found in _IBAN_START.finditer(plain):
        length = _LENGTHS.get(found.group(1).upper())
        if length is None:
            continue
        end = _after(plain, found.start(), length)
        if end is None:
            continue
        patience.accounts -= 1
        if patience.accounts < 0:
            yield found.start(), end, False
        elif iban.is_valid(plain[found.start() : end], check_country=False):
            yield found.start(), end, True


def _after(plain: str, start: int, length: int) -> int | None:
    """The end of so many letters and digits in ASCII, with at most one separator between two of them."""
    at = start
    for place in range(length):
        if place and plain[at : at + 1] in _IBAN_SEPARATORS:
            at += 1
        char = plain[at : at + 1]
        if not (char.isascii() and char.isalnum()):
            return None
        at += 1
    return at


def _lengths() -> dict[str, int]:
    """How long the IBAN of each country is, from the registry that comes with python-stdnum."""
    registry = numdb.get("iban")
    letters = [chr(code) for code in range(ord("A"), ord("Z") + 1)]
    made: dict[str, int] = {}
    for country in (one + two for one in letters for two in letters):
        structure = registry.info(country)[0][1].get("bban")
        if structure:
            made[country] = 4 + sum(int(size) for size in re.findall(r"(\d+)!", structure))
    return made


_LENGTHS = _lengths()
