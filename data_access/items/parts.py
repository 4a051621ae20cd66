"""Finding the attribute that plays a part: the system's own name first, then the names that live tables drift to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from data_access.items.values import dig

# One empty map for all: it is not to be changed, and most items have nothing extra.
NOTHING: Mapping[str, Any] = MappingProxyType({})
Paths = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """Where each part may lie, in the order to look. `known` are the attributes that are read whenever they are there."""

    paths: Mapping[str, Paths]
    known: frozenset[str]

    def getter(self, part: str) -> Callable[[Mapping[str, Any]], Any]:
        """`get` for one part, for a reader that asks for it item by item."""
        paths = self.paths.get(part, ())
        usual = paths[0][0] if paths else ""
        if not paths or len(paths[0]) > 1:
            tops = tuple(dict.fromkeys(path[0] for path in paths))

            def look_inside(item: Mapping[str, Any]) -> Any:
                for top in tops:
                    if top in item:
                        return self.get(item, part)
                return None

            return look_inside

        def look(item: Mapping[str, Any]) -> Any:
            value = item.get(usual)
            return self.get(item, part) if value is None else value

        return look

    def get(self, item: Mapping[str, Any], part: str) -> Any:
        """The first value that is there; None where none is."""
        for path in self.paths.get(part, ()):
            value = item.get(path[0]) if len(path) == 1 else dig(item, path)
            if value is not None:
                return value
        return None

    def extra(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """What no part takes: kept as it is."""
        return {name: item[name] for name in item if name not in self.known} if item.keys() - self.known else NOTHING


def parts(own: Mapping[str, str], drift: Mapping[str, tuple[str, ...]] | None = None) -> Parts:
    """`own` maps part to attribute (dotted where nested); `drift` lists further names for each part."""
    names: dict[str, tuple[str, ...]] = {part: (attribute,) for part, attribute in own.items()}
    taken = set(own.values())
    for part, more in (drift or {}).items():
        # A drifted name that the system gives to another part is that part's, not this one's.
        names[part] = tuple(dict.fromkeys([*names.get(part, ()), *(name for name in more if name not in taken)]))
    paths = {part: tuple(tuple(name.split(".")) for name in several) for part, several in names.items()}
    return Parts(paths, frozenset(several[0][0] for several in paths.values() if several))
