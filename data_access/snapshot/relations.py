"""What DuckDB selects from: files as a relation, and the rows of it that have not expired."""

from __future__ import annotations

from collections.abc import Iterable

from data_access.snapshot.schema import TABLES

# What DynamoDB itself does: an item whose time to live passed more than five years ago is kept.
_NEVER_AFTER = "INTERVAL 5 YEARS"


def alive(column: str = "expires_at", now: str = "now() AT TIME ZONE 'UTC'") -> str:
    """The condition that a row has not expired. DynamoDB deletes within days, the snapshot at once."""
    return f"({column} IS NULL OR {column} > {now} OR {column} <= {now} - {_NEVER_AFTER})"


def parquet(paths: Iterable[object], *, hive: bool = False, more: str = "") -> str:
    """DuckDB's reader of files, as the place to select from; with `hive` their folder's name is the column `system`."""
    quoted = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    partition = "hive_partitioning = true, hive_types = {'system': VARCHAR}" if hive else "hive_partitioning = false"
    return f"read_parquet([{quoted}], {partition}{more})"


def system_of(path: str) -> str:
    return path.partition("/system=")[2].partition("/")[0]


def kept(table: str) -> str:
    """The condition of a table's view: its rows that have not expired."""
    return f" WHERE {alive()}" if "expires_at" in TABLES[table].names else ""
