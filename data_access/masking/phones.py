"""Where a text has phone numbers, by the matcher of `phonenumbers` (Google's libphonenumber), at its leniency VALID.

A number with + is found whatever country it is of; one without is read as a number of each region in turn. The matcher needs
some 50 microseconds for each number and region, so it is asked only where seven digits are near each other, and only there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberMatcher

from data_access.masking.finders import Found, Patience, Range

_CORE = re.compile(r"\+?[ (]{0,2}\d(?:[ ./()_~-]{0,3}\d){6,}")
# After it: an extension. Before it the matcher looks at one character.
_MARGIN = 24
_PLUS = re.compile(r"\+[ (]{0,2}\d(?:[ ./()_-]{0,3}\d){6,17}")
_DIGIT = re.compile(r"\d")
_MOST_DIGITS = 15
_FEWEST_DIGITS = 7


def phones(plain: str, regions: Sequence[str], patience: Patience) -> Iterator[Found]:
    """`plain` is without_others."""
    cores = [core.span() for core in _CORE.finditer(plain)]
    for place, (start, end) in enumerate(cores):
        patience.phones -= end - start
        if patience.phones < 0:
            yield start, end, False
            continue
        left = max(0, start - 1)
        right = min(end + _MARGIN, cores[place + 1][0] if place + 1 < len(cores) else len(plain))
        line_end = plain.find("\n", end, right)
        window = plain[left : right if line_end == -1 else line_end]
        found = list(_found(window, regions, start - left, end - left))
        for one, two in found:
            yield left + one, left + two, True
        for one, two in _international(plain, start, end):
            if not any(left + a <= one and two <= left + b for a, b in found):
                yield one, two, True


def _found(window: str, regions: Sequence[str], start: int, end: int) -> Iterator[Range]:
    for region in regions:
        whole = False
        for match in PhoneNumberMatcher(window, region):
            if match.start < end and match.end > start:
                yield match.start, match.end
                whole = whole or (match.start <= start and match.end >= end)
        if whole:
            return


def _international(plain: str, start: int, end: int) -> Iterator[Range]:
    """Numbers with + in any surroundings: the matcher wants no letter and no percent sign after them."""
    for plus in _PLUS.finditer(plain, start, end):
        digits = [found.end() for found in _DIGIT.finditer(plain, plus.start(), plus.end())][:_MOST_DIGITS]
        for last in reversed(digits[_FEWEST_DIGITS - 1 :]):
            try:
                number = phonenumbers.parse(plain[plus.start() : last])
            except NumberParseException:
                continue
            if phonenumbers.is_valid_number(number):
                yield plus.start(), last
                break
