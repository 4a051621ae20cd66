from __future__ import annotations

import pytest

from data_access.errors import SettingsError
from data_access.masking.settings import LONGEST_PATTERN, MOST_PATTERNS, MaskingSettings, checked_masking, repeats_a_repeat


def test_good_patterns_pass() -> None:
    said = MaskingSettings(
        {"customer number": r"\bK-\d{6}\b", "NAME": "(?i)anna|bob", "id": r"[A-Z]{2}(?:\d{2} ?){3,5}"}, regions=("IN", "DE")
    )
    assert checked_masking(said, "dynascope.toml") is said


@pytest.mark.parametrize(
    "name, pattern, says",
    [
        ("x", "(", "is no regular expression"),
        ("x", "a{99999999999}", "is no regular expression"),
        ("x", "a*", "fits an empty text"),
        ("x", "", "fits an empty text"),
        ("x", "a" * (LONGEST_PATTERN + 1), "is longer than 500 characters"),
        ("", "a", "the name is not"),
        ("a]b", "a", "the name is not"),
        ("n1", "a", "the name is not"),
        ("a" * 41, "a", "the name is not"),
        ("x", "(a+)+b", "repeats without a bound"),
    ],
)
def test_bad_patterns_are_refused_in_a_sentence(name: str, pattern: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as refused:
        checked_masking(MaskingSettings({name: pattern}), "dynascope.toml")
    assert "dynascope.toml: masking.patterns" in refused.value.sentence
    assert pattern not in refused.value.sentence or len(pattern) < 3


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a|b)*c", r"(\d+ ?){2,}", "((a*)b)+", "(?:x+y){1,500}", "(?P<n>a+)+", r"(a\)+)+", "(a[)]+)+"]
)
def test_a_repeat_of_repeats_is_refused(pattern: str) -> None:
    assert repeats_a_repeat(pattern)


@pytest.mark.parametrize(
    "pattern", ["a+b+", r"(?:\d{2} ?){3,5}", "(ab)+", r"\(a+\)+", "[(a+)]+", "(a+){1,20}", "(?=a+)b", "a+|b+", "(a+)?"]
)
def test_other_patterns_are_not(pattern: str) -> None:
    assert not repeats_a_repeat(pattern)


def test_regions_are_known_and_few() -> None:
    with pytest.raises(SettingsError, match="there is no region 'de'"):
        checked_masking(MaskingSettings(regions=("US", "de")), "dynascope.toml")
    with pytest.raises(SettingsError, match="more than 12 regions"):
        checked_masking(MaskingSettings(regions=("US",) * 13), "dynascope.toml")
    with pytest.raises(SettingsError, match=f"more than {MOST_PATTERNS} patterns"):
        checked_masking(MaskingSettings({"a" * n: "x" for n in range(1, MOST_PATTERNS + 2)}), "dynascope.toml")
