"""Scenarios of every kind, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from data_access.costs.what_if import IndexChoice, Scenario
from data_access.costs.what_if.model import Projection
from data_access.systems.spec import System, built_in

SYSTEMS = built_in()
_PLAIN: list[Projection | None] = [None, "ALL", "KEYS_ONLY"]


def choices(system: System) -> st.SearchStrategy[tuple[IndexChoice, ...]]:
    each = [
        st.none()
        | st.sampled_from(_PLAIN).map(lambda projection, place=(key, name): IndexChoice(*place, projection))
        | st.lists(st.sampled_from([n for n in table.attributes if "." not in n]), min_size=1, max_size=4, unique=True).map(
            lambda included, place=(key, name): IndexChoice(*place, "INCLUDE", tuple(included))
        )
        for key, table in system.tables.items()
        for name in table.indexes
    ]
    return st.tuples(*each).map(lambda found: tuple(choice for choice in found if choice is not None))


@st.composite
def scenarios(draw: st.DrawFn, most_messages: int = 60, most_bytes: int = 6_000) -> Scenario:
    """Within what fits into an item: 60 messages of 6,000 bytes do."""
    system = draw(st.sampled_from(list(SYSTEMS.values())))
    return Scenario(
        system,
        draw(st.sampled_from(["spec", "spec", "guide"])),
        conversations=draw(st.integers(0, 10_000_000)),
        messages=draw(st.integers(1, most_messages)),
        message_bytes=draw(st.integers(1, most_bytes)),
        reads=draw(st.integers(0, 50)),
        read_at=draw(st.sampled_from(["end", "growing"])),
        consistent=draw(st.booleans()),
        indexes=draw(choices(system)),
        table_class=draw(st.sampled_from(["STANDARD", "STANDARD_INFREQUENT_ACCESS"])),
        region=draw(st.sampled_from(["us-east-1", "eu-central-1", "ap-southeast-2"])),
        billing=draw(st.sampled_from(["on-demand", "provisioned"])),
        target=draw(st.sampled_from([0.3, 0.5, 0.7, 0.9])),
        peak=draw(st.sampled_from([1, 1.5, 4, 20])),
        reserved_years=draw(st.sampled_from([0, 1, 3])),
        recovery=draw(st.booleans()),
        replicas=draw(st.integers(0, 3)),
        months=draw(st.sampled_from([0, 0.5, 1, 12, 60])),
        per_user=draw(st.sampled_from([0.5, 1, 4])),
        prices=draw(st.sampled_from(["today", "guide-2024"])),
    )
