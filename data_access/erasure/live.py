"""A system's live tables before anything is planned: laid out as its file says, or refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data_access.dynamo.aws import Source
from data_access.dynamo.facts import describe
from data_access.errors import SchemaDrift, TableMissing
from data_access.systems.check import check


def live_tables(source: Source) -> Mapping[str, Mapping[str, Any]]:
    """DescribeTable's answer for each table by its live name. Raises AwsError, and SchemaDrift where a table differs."""
    system, tables = source.place.system, source.place.tables
    found = {tables[key]: describe(source, tables[key]) for key in system.tables}
    for health in check(source):
        # One index more, or an expiry that is off, changes nothing of what is found and how it is deleted.
        wrong = [str(difference) for difference in health.differences if difference.breaks]
        if health.found is False:
            raise TableMissing(f"The table {health.name} does not exist.", "Check the table name in dynascope.toml.", table=health.name)
        if wrong or not health.readable:
            raise SchemaDrift(
                f"{health.name} is not laid out as {system.title} is: {' '.join(wrong)}",
                "Nothing was written. Correct the table, or give the system a file that describes it.",
                table=health.name,
            )
    return found
