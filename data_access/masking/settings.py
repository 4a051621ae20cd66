"""[masking] of dynascope.toml: what else is masked, how phone numbers are read, and whether this machine's own data is masked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import phonenumbers
from pydantic import ConfigDict, StrictBool, with_config

from data_access.errors import SettingsError

MOST_PATTERNS = 50
LONGEST_PATTERN = 500  # characters
# The name stands in the text, in brackets: a word that nobody takes for data.
_NAME = re.compile(r"[A-Za-z][A-Za-z _-]{0,39}")
# A number that is written without its country is read as one of these. More regions find more, in what is no phone number too:
# with India, three of four numbers of ten digits are one, the seconds of a clock among them.
REGIONS = ("US", "GB", "DE", "FR")
_MOST_REGIONS = 12


@with_config(ConfigDict(extra="forbid", frozen=True))
@dataclass(frozen=True, slots=True)
class MaskingSettings:
    """`patterns` are regular expressions by the word that stands in their place; `local`: masked in local mode, too.

    `regions` are the countries, as two letters, whose phone numbers are known when they are written without `+`.
    """

    patterns: Mapping[str, str] = field(default_factory=dict[str, str])
    local: StrictBool = False
    regions: tuple[str, ...] = REGIONS


def checked_masking(said: MaskingSettings, file: str) -> MaskingSettings:
    """`file` is the name for a message. Raises SettingsError for a pattern or a region that cannot be used."""
    if len(said.patterns) > MOST_PATTERNS:
        raise SettingsError(f"{file}: masking.patterns has more than {MOST_PATTERNS} patterns.", "Join some of them with |.")
    for name, pattern in said.patterns.items():
        _check(f"{file}: masking.patterns.{name}", name, pattern)
    unknown = [region for region in said.regions if region not in phonenumbers.SUPPORTED_REGIONS]
    if unknown:
        raise SettingsError(f"{file}: masking.regions: there is no region {unknown[0]!r}.", 'Regions are two capital letters: "US".')
    if len(said.regions) > _MOST_REGIONS:
        raise SettingsError(f"{file}: masking.regions has more than {_MOST_REGIONS} regions.", "Each makes every replay slower.")
    return said


def _check(where: str, name: str, pattern: str) -> None:
    if not _NAME.fullmatch(name):
        raise SettingsError(f"{where}: the name is not up to 40 letters, spaces, hyphens and underscores.", "It stands in the text.")
    if len(pattern) > LONGEST_PATTERN:
        raise SettingsError(f"{where} is longer than {LONGEST_PATTERN} characters.", "Make two patterns of it.")
    try:
        found = re.compile(pattern).match("")
    except (re.error, OverflowError, RecursionError) as error:
        reason = error.msg if isinstance(error, re.error) else "it asks for too much"
        raise SettingsError(f"{where} is no regular expression: {reason}.") from None
    if found is not None:
        raise SettingsError(f"{where} fits an empty text.", "Write one that needs a character.")
    if repeats_a_repeat(pattern):
        raise SettingsError(
            f"{where} repeats without a bound what repeats itself, or has a choice in it: a long text could keep it busy for hours.",
            "Give the outer repeat a bound of 99 at most, {1,20}, or leave it out.",
        )


def repeats_a_repeat(pattern: str) -> bool:
    """Whether a group with a repeat or a choice in it is repeated without a small bound: (a+)+, (a|b)*, (\\d+ ?){2,}.

    Such patterns can need exponential time. It is a rule of thumb that looks at the text of a pattern: it also refuses some that
    are harmless, and does not see those that need quadratic time.
    """
    inside: list[bool] = [False]
    closed = False
    for token in _TOKEN.finditer(pattern):
        kind = token.lastgroup
        if kind == "open":
            inside.append(False)
        elif kind == "close":
            closed = inside.pop() if len(inside) > 1 else False
            inside[-1] = inside[-1] or closed
            continue
        elif kind == "choice" or (kind == "repeat" and _is_long(token.group())):
            if kind == "repeat" and closed:
                return True
            inside[-1] = True
        closed = False
    return False


def _is_long(repeat: str) -> bool:
    if repeat[0] in "*+":
        return True
    high = repeat.strip("{}?+").partition(",")
    last = high[2] if high[1] else high[0]
    return not last or int(last) > 99


_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|(?P<open>\((?:\?(?:P<\w+>|P=\w+|[aiLmsux-]*[:)=!>]|<[=!]))?)"
    r"|(?P<close>\))|(?P<choice>\|)|(?P<repeat>[*+]|\{\d*,?\d*\})|.",
    re.DOTALL,
)
