"""Rows of one page on their way from items to files, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from data_access.snapshot.staged import STAGED


class Batch:
    """Rows of one page, column by column. `unplaced` counts messages that name no conversation."""

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in STAGED}
        self.unplaced = 0

    def add(self, table: str, row: tuple[Any, ...]) -> None:
        self._rows[table].append(row)

    def count(self, table: str) -> int:
        return len(self._rows[table])

    def tables(self) -> dict[str, pa.RecordBatch]:
        """Only those with rows."""
        return {name: _columns(rows, STAGED[name]) for name, rows in self._rows.items() if rows}


def _columns(rows: list[tuple[Any, ...]], schema: pa.Schema) -> pa.RecordBatch:
    columns = list(zip(*rows, strict=True))
    arrays = [_array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(column: Sequence[Any], kind: pa.DataType) -> pa.Array:
    try:
        return pa.array(column, kind)
    except UnicodeEncodeError:
        # Half of a surrogate pair, which JSON text can bring in and no file can hold.
        clean = [value.encode("utf-8", "replace").decode() if isinstance(value, str) else value for value in column]
        return pa.array(clean, kind)
