"""The rows behind a chart or table, to take away: CSV for spreadsheets, Parquet for everything else."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import streamlit as st

from data_access.file_names import safe_name
from data_access.handover.sheets import Sheet
from pages.ui.shown import AS_STORED, Names, names

Rows = Sequence[Mapping[str, Any]]


def offer(rows: Rows, name: str, zone: ZoneInfo, *, page: str = "usage") -> None:
    """A small menu. Both files are made when they are asked for."""
    ids = names()
    with st.popover("Data", icon=":material/download:", type="tertiary", width="content", disabled=not rows, key=f"{page}_data_{name}"):
        for label, make, extension, mime in (
            ("CSV, for spreadsheets", as_csv, "csv", "text/csv"),
            ("Parquet", as_parquet, "parquet", "application/vnd.apache.parquet"),
        ):
            st.download_button(
                label,
                partial(make, rows, zone, ids),
                file_name=safe_name(f"{page}-{name}", extension),
                mime=mime,
                key=f"{page}_{extension}_{name}",
                on_click="ignore",
                width="stretch",
            )


def as_csv(rows: Rows, zone: ZoneInfo, ids: Names = AS_STORED) -> bytes:
    """UTF-8 with a mark, times in the viewer's zone, no cell that runs as a formula."""
    sheet = Sheet(zone)
    return b"".join((sheet.header(list(rows[0]) if rows else []), *(sheet.row(ids.row(row).values()) for row in rows)))


def as_parquet(rows: Rows, zone: ZoneInfo, ids: Names = AS_STORED) -> bytes:
    """Days are dates, times are UTC whatever the zone."""
    del zone
    out = io.BytesIO()
    shown = [ids.row(row) for row in rows]
    pq.write_table(pa.table({name: [row[name] for row in shown] for name in (rows[0] if rows else ())}), out)
    return out.getvalue()
