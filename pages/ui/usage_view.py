"""What every part of the usage page is given, and how each part looks: a title, its data to take away, what is below."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import streamlit as st

from data_access.usage import Cell, Usage, UsageFilter
from pages.ui import charts, metrics, untrusted, usage_files, usage_link
from pages.ui.usage_files import Rows

ROW_PIXELS = 35
VISIBLE_ROWS = 12
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """One answer, the filter that it is for, and how to read it. `titles` are the systems' names by id.

    `previous` is the answer's, or empty where the snapshot does not reach back to it. `opens`: the viewer may list conversations.
    For who may not, a number is a number, with nothing to click.
    """

    found: Usage
    asked: UsageFilter
    zone: ZoneInfo
    titles: Mapping[str, str]
    previous: Mapping[str, metrics.Value]
    opens: bool

    def rows(self, series: str) -> Rows:
        return self.found.series[series]

    def title(self, system: str) -> str:
        return self.titles.get(system, system)

    def tiles(self, *names: str) -> None:
        metrics.tiles(names, self.found.metrics, self.previous)

    def chart(self, figure: Any, *, key: str, alt: str, cells: Sequence[Cell] = ()) -> None:
        """A figure whose points open the conversations of these cells, one for each in the order of the points."""
        click = partial(usage_link.pick, key, self.asked, tuple(cells)) if cells and self.opens else None
        charts.show(figure, key=key, alt=alt, on_click=click)

    @contextmanager
    def part(self, title: str, rows: Rows, name: str, *, about: str | None = None) -> Iterator[None]:
        """A titled part with its data to take away. `title` and `about` are ours, never data."""
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader(title, anchor=False, help=about, width="content")
            usage_files.offer(rows, name, self.zone)
        yield

    def table(
        self,
        rows: Rows,
        columns: Mapping[str, tuple[Sequence[Any], Any]],
        opens: Mapping[str, Callable[[Row], Cell]],
        *,
        key: str,
        alt: str,
    ) -> None:
        """A table of columns: name to values and how they look. A column of `opens` has numbers that open their conversations."""
        # The key names the data: a click on one table is never taken for a click on another.
        version = f"{hash((self.asked, tuple(tuple(map(str, values)) for values, _ in columns.values()))) & 0xFFFFFFFF:x}"
        shown: dict[str, Any] = {}
        looks: dict[str, Any] = {}
        for name, (values, look) in columns.items():
            if name not in opens:
                shown[name], looks[name] = values, look
                continue
            if not self.opens:
                shown[name] = pa.array([value or None for value in values], pa.int64())
                looks[name] = st.column_config.NumberColumn(format="localized", width=118)
                continue
            click = f"{key}_{version}_{len(shown)}"
            cells = tuple(opens[name](row) for row in rows)
            shown[name] = pa.array([f"{value:,} ›" if value else None for value in values], pa.string())
            looks[name] = st.column_config.ButtonColumn(
                name,
                width=118,
                type="tertiary",
                alignment="right",
                help="Open these conversations.",
                key=click,
                on_click=usage_link.pick_row,
                args=(click, self.asked, cells),
            )
        untrusted.table(
            pa.table(shown),
            column_config=looks,
            hide_index=True,
            height=ROW_PIXELS * (min(len(rows), VISIBLE_ROWS) + 1) + 3,
            row_height=ROW_PIXELS,
            placeholder="–",
            key=f"{key}_{version}",
            alt=alt,
        )
