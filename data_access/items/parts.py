"""Finding the attribute that plays a part: the system's own name first, then the names that live tables drift to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data_access.items.values import dig

Paths = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """Where each part may lie, in the order to look. `known` are the attributes that are read whenever they are there."""

    paths: Mapping[str, Paths]
    known: frozenset[str]

    def get(self, item: Mapping[str, Any], part: str) -> Any:
        """The first value that is there; None where none is."""
        for path in self.paths.get(part, ()):
            value = item.get(path[0]) if len(path) == 1 else dig(item, path)
            if value is not None:
                return value
        return None

    def extra(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """What no part takes: kept as it is."""
        return {name: item[name] for name in item if name not in self.known}


def parts(own: Mapping[str, str], drift: Mapping[str, tuple[str, ...]] | None = None) -> Parts:
    """`own` maps part to attribute (dotted where nested); `drift` lists further names for each part."""
    names: dict[str, tuple[str, ...]] = {part: (attribute,) for part, attribute in own.items()}
    taken = set(own.values())
    for part, more in (drift or {}).items():
        # A drifted name that the system gives to another part is that part's, not this one's.
        names[part] = tuple(dict.fromkeys([*names.get(part, ()), *(name for name in more if name not in taken)]))
    paths = {part: tuple(tuple(name.split(".")) for name in several) for part, several in names.items()}
    return Parts(paths, frozenset(several[0][0] for several in paths.values() if several))
