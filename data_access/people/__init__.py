"""Everything that the systems keep of one person, by exact id.

everything(sources, user_id) -> Person      items, bytes, conversations, records and times of each system and table
Finder(source, wanted, store).items()       the stored items themselves, one after the other, each once
"""

from data_access.people.finding import Finder, Found, Wanted, nothing_stored
from data_access.people.looking import checked, chosen, everything
from data_access.people.model import (
    Entry,
    KindData,
    Person,
    RecordView,
    Summary,
    Sweep,
    SystemData,
    TableData,
    Unread,
)

__all__ = [
    "Entry",
    "Finder",
    "Found",
    "KindData",
    "Person",
    "RecordView",
    "Summary",
    "Sweep",
    "SystemData",
    "TableData",
    "Unread",
    "Wanted",
    "checked",
    "chosen",
    "everything",
    "nothing_stored",
]
