"""[masking] of dynascope.toml: what else is masked, and whether this machine's own data is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import ConfigDict, StrictBool, with_config

from data_access.errors import SettingsError


@with_config(ConfigDict(extra="forbid", frozen=True))
@dataclass(frozen=True, slots=True)
class MaskingSettings:
    """`patterns` are regular expressions by the word that stands in their place; `local`: masked in local mode, too."""

    patterns: Mapping[str, str] = field(default_factory=dict[str, str])
    local: StrictBool = False


def checked_masking(said: MaskingSettings, file: str) -> MaskingSettings:
    """`file` is the name for a message. Raises SettingsError for a pattern that is none."""
    for name, pattern in said.patterns.items():
        try:
            found = re.compile(pattern).match("")
        except re.error as error:
            raise SettingsError(f"{file}: masking.patterns.{name} is no regular expression: {error.msg}.") from None
        if found is not None:
            raise SettingsError(f"{file}: masking.patterns.{name} fits an empty text.", "Write one that needs a character.")
    return said
