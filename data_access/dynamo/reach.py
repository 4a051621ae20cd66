"""Whether DynamoDB answers at all: one DescribeTable, which reads no item and costs nothing. For the readiness of a server."""

from __future__ import annotations

from collections.abc import Mapping

from data_access.dynamo.aws import Source, open_sources
from data_access.dynamo.facts import describe
from data_access.errors import AwsError, DataAccessError, TableMissing
from data_access.local import engine
from data_access.settings import Settings


class Reach:
    """Asks one system after the other until one answers: the others may be well while one account is out. Not for two threads at once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._endpoint: str | None = None
        self._sources: Mapping[str, Source] | None = None

    def answers(self) -> bool:
        """Whether a table of any system can be described. A table that is missing is an answer; with no system there is none to give."""
        try:
            sources = self._open()
        except DataAccessError:
            return False
        return sources is not None and (not sources or any(map(_answers, sources.values())))

    def close(self) -> None:
        for source in (self._sources or {}).values():
            source.client.close()
        self._sources = None

    def _open(self) -> Mapping[str, Source] | None:
        """None where the local engine is gone. It can be started anew, on another port."""
        endpoint = None
        if self._settings.mode == "local":
            running = engine.status(self._settings.state)
            if running is None:
                return None
            endpoint = running.endpoint
        if self._sources is None or endpoint != self._endpoint:
            self.close()
            self._sources, self._endpoint = open_sources(self._settings, endpoint), endpoint
        return self._sources


def _answers(source: Source) -> bool:
    try:
        describe(source, next(iter(source.place.tables.values())))
    except TableMissing:
        return True
    except AwsError:
        return False
    return True
