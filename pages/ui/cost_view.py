"""What every part of the costs page is given, and how its tables look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import streamlit as st

from data_access.costs.observed import Observed, ResourceCosts
from data_access.dynamo.aws import Source
from pages.ui import cost_words, untrusted, usage_files
from pages.ui.cost_filters import Asked
from pages.ui.cost_words import Column
from pages.ui.usage_files import Rows

ROW_PIXELS = 35
VISIBLE_ROWS = 12


@dataclass(frozen=True, slots=True)
class View:
    """The filters, what was observed in their window and in this month so far, and how to read it.

    Both are asked for with the free tier, so that its switch asks nothing.
    """

    asked: Asked
    observed: Observed
    month: Observed
    sources: Mapping[str, Source]
    zone: ZoneInfo

    @property
    def resources(self) -> tuple[ResourceCosts, ...]:
        """Those of the chosen system, or all."""
        return self.of(self.observed)

    def of(self, observed: Observed) -> tuple[ResourceCosts, ...]:
        return observed.resources if self.asked.system is None else observed.of(self.asked.system)

    def title(self, system: str) -> str:
        return self.sources[system].title if system in self.sources else system


@contextmanager
def part(title: str, rows: Rows, name: str, zone: ZoneInfo, *, about: str | None = None) -> Iterator[None]:
    """A titled part with its data to take away. `title` and `about` are ours, never data."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(title, anchor=False, help=about, width="content")
        usage_files.offer(rows, name, zone, page="costs")
    yield


def table(columns: Mapping[str, Column], *, key: str, alt: str) -> None:
    """Columns by name: values and how they look. An empty cell is not known."""
    count = max((len(values) for values, _ in columns.values()), default=0)
    untrusted.table(
        pa.table({name: values for name, (values, _) in columns.items()}),
        column_config={name: look for name, (_, look) in columns.items()},
        hide_index=True,
        height=ROW_PIXELS * (min(count, VISIBLE_ROWS) + 1) + 3,
        row_height=ROW_PIXELS,
        placeholder=cost_words.UNKNOWN,
        key=key,
        alt=alt,
    )


def texts(values: Sequence[str | None], **look: Any) -> Column:
    return pa.array(values, pa.string()), st.column_config.TextColumn(**look)


def counts(values: Sequence[float | None], **look: Any) -> Column:
    return pa.array(values, pa.float64()), st.column_config.NumberColumn(format="%,.0f", **look)


def tile(title: str, value: str, below: str = "", *, about: str | None = None) -> None:
    """A number with a title and a line below it. The texts are Markdown: ours, with no dollar sign in `below` that is not escaped."""
    with st.container(border=True, height="stretch", gap="xxsmall"):
        st.markdown(f":small[{title}]", help=about)
        st.metric(title, value, label_visibility="collapsed")
        if below:
            st.caption(below)
