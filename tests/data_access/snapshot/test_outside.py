"""What others are told of the tables: the README's columns and Athena's statements are those of schema.py."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from data_access.snapshot.schema import TABLES

ROOT = Path(__file__).parents[3]
STATEMENTS = re.sub(r"^--.*$", "", (ROOT / "docs" / "athena.sql").read_text(encoding="utf-8"), flags=re.MULTILINE).split(";")
TYPES = {
    "string": "varchar",
    "int32": "integer",
    "int64": "bigint",
    "double": "double",
    "bool": "boolean",
    "timestamp[us]": "timestamp",
    "list<element: string>": "array(varchar)",
    "list<item: string>": "array(varchar)",
}


def starting(words: str) -> list[str]:
    return [statement.strip() for statement in STATEMENTS if statement.strip().startswith(words)]


@pytest.mark.parametrize("table", TABLES)
def test_the_readme_has_every_column(table: str) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    part = text.partition("<!-- tables -->")[2].partition("<!-- /tables -->")[0]
    part = part.partition(f"<code>{table}</code>")[2].partition("</details>")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([\w()]+) \|", part, flags=re.MULTILINE)
    assert rows == [(field.name, TYPES[str(field.type)]) for field in TABLES[table]]


def test_athena_is_told_of_every_table() -> None:
    found = re.findall(
        r"CREATE EXTERNAL TABLE dynascope\.(\w+)\s+LOCATION '(s3://\S+/)'\s+TBLPROPERTIES \('table_type' = 'DELTA'\)", ";".join(STATEMENTS)
    )
    assert [name for name, _ in found] == list(TABLES)
    assert all(place.endswith(f"/{name}/") for name, place in found)


def test_athenas_views_and_questions_run() -> None:
    """In DuckDB, whose SQL agrees with Athena's in what is used here."""
    with duckdb.connect() as database:
        database.execute("CREATE SCHEMA dynascope")
        for name, schema in TABLES.items():
            database.register(f"empty_{name}", schema.empty_table())
            database.execute(f"CREATE TABLE dynascope.{name} AS FROM empty_{name}")
        for statement in starting("CREATE OR REPLACE VIEW"):
            database.execute(statement)
        for name, schema in TABLES.items():
            assert database.sql(f"FROM dynascope.{name}_now").columns == schema.names
        database.execute(
            "INSERT INTO dynascope.messages (system, role, sent_at, user_id, expires_at) VALUES ('cg', 'user', '2026-11-20', 'a', NULL)"
        )
        database.execute(
            "INSERT INTO dynascope.messages (system, role, sent_at, user_id, expires_at) VALUES ('cg', 'user', '2026-11-20', 'b', now())"
        )
        answers = [database.execute(statement).fetchall() for statement in starting("SELECT")]
    assert answers[0][0][2] == 1
    assert len(answers) == 2
