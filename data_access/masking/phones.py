"""Where a text has phone numbers, by the matcher of `phonenumbers` (Google's libphonenumber), at its leniency VALID.

A number with + is found whatever country it is of; one without is read as a number of each region in turn. The matcher needs
some 50 microseconds for each number and region, so it is asked only where seven digits are near each other, only there, and only of
regions whose numbers begin like that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberMatcher

from data_access.masking.finders import Found, Patience, Range

_CORE = re.compile(r"\+?[ (]{0,2}\d(?:[ ./()_~-]{0,3}\d){6,}")
# After it: an extension. Before it the matcher looks at one character.
_MARGIN = 24
_PLUS = re.compile(r"\+[ (]{0,2}\d(?:[ ./()_-]{0,3}\d){6,17}")
_PART = re.compile(r"\d+")
_DIGIT = re.compile(r"\d")
_MOST_DIGITS = 15
_FEWEST_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Country:
    """What a number without + must be like to be worth asking about: its fewest digits, and how one of its parts begins.

    `starts` are the prefix for calls inside of the country (0 in most), the one for calls abroad and the country's own code; nothing
    where numbers are written without a prefix.
    """

    region: str
    fewest: int
    starts: tuple[str, ...]

    @classmethod
    def of(cls, region: str) -> Self:
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
        lengths = metadata.general_desc.possible_length if metadata is not None and metadata.general_desc is not None else ()
        code, trunk = str(phonenumbers.country_code_for_region(region)), phonenumbers.ndd_prefix_for_region(region, True)
        fewest = max(_FEWEST_DIGITS, min(lengths, default=_FEWEST_DIGITS))
        # In North America the 1 is left out as often as not.
        return cls(region, fewest, (trunk, "00", code) if trunk and trunk != code else ())

    def may_have(self, digits: str, parts: Sequence[str]) -> bool:
        return len(digits) >= self.fewest and (not self.starts or any(part.startswith(self.starts) for part in parts))


def has_number(plain: str) -> bool:
    """Whether seven digits are near each other."""
    return _CORE.search(plain) is not None


def phones(plain: str, countries: Sequence[Country], patience: Patience) -> Iterator[Found]:
    """`plain` is without_others."""
    cores = [core.span() for core in _CORE.finditer(plain)]
    for place, (start, end) in enumerate(cores):
        core = plain[start:end]
        parts = _PART.findall(core)
        digits = "".join(parts)
        regions = [country.region for country in countries if country.may_have(digits, parts)]
        if "+" in core:
            regions = regions or ["ZZ"]
        elif not regions:
            continue
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
        if "+" in core:
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
