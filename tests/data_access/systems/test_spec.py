"""Systems as data: the four layouts as their guides say, and every wrong file refused with file, key and reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data_access.errors import SpecError
from data_access.systems.create import wire_definition
from data_access.systems.spec import built_in, drift, load, load_folder, parse
from tests.data_access.layouts import TABLES


def by_name(definition: dict[str, Any]) -> dict[str, Any]:
    """A CreateTable request without the order of its lists."""
    return definition | {
        "AttributeDefinitions": sorted(definition["AttributeDefinitions"], key=str),
        "GlobalSecondaryIndexes": sorted(definition.get("GlobalSecondaryIndexes", []), key=str),
    }


def test_the_four_systems_are_there_and_nothing_else() -> None:
    assert set(built_in()) == set(TABLES)


@pytest.mark.parametrize("system", TABLES)
def test_keys_and_indexes_are_the_guides(system: str) -> None:
    made = [wire_definition(table, table.name) for table in built_in()[system].tables.values()]
    for definition in made:
        definition.pop("Tags", None)
    assert [by_name(one) for one in made] == [by_name(one) for one in TABLES[system]]


def test_parts_of_the_layouts() -> None:
    systems = built_in()
    assert systems["remo"].conversations.parts("conversation_memory") == {
        "user_id": "user_id",
        "kind": "data_type",
        "data": "data",
        "updated_at": "timestamp",
        "expires_at": "ttl",
        "conversation_id": "data.conversation_id",
        "started_at": "data.conversation_start_time",
        "last_activity_at": "data.last_activity",
        "messages": "data.messages",
    }
    assert list(systems["remo"].conversations.kinds) == [
        "conversation_memory",
        "conversation_context",
        "user_preferences",
        "reminder_data",
        "todo_data",
    ]
    assert systems["cg"].messages is None
    assert systems["ai4ai"].messages is not None
    assert systems["ai4ai"].messages.attributes["timestamp"].type == "N"
    assert systems["ai_agent"].tables["sessions"].part_of("userId") == "user_id"
    assert systems["ai_agent"].tables["sessions"].part_of("nothing") is None


def test_drift_knows_every_role_of_the_model() -> None:
    assert set(drift().roles) == {"user", "assistant", "system", "tool"}
    assert {"human", "ai", "agent", "bot"} <= {word for words in drift().roles.values() for word in words}


GOOD = """
id = "fifth"
title = "Fifth"

[tables.chats]
name = "chats"
holds = "conversation"
partition_key = "id"
sort_key = "user"

[tables.chats.indexes.ByUser]
partition_key = "user"

[tables.chats.attributes]
id = { type = "S", part = "conversation_id" }
user = { type = "S", part = "user_id" }
flags = { type = "M" }
log = { type = "L", part = "messages" }

[message]
who = { type = "S", part = "role" }
said = { type = "S", part = "content" }

[tool_call]
tool = { type = "S", part = "name" }
"""


def test_a_good_file_is_read() -> None:
    system = parse(GOOD, "fifth.toml")
    assert (system.id, system.conversations.keys, system.messages) == ("fifth", ("id", "user"), None)


KEYS = """\
holds = "conversation"
partition_key = "id"
sort_key = "user"
"""
KINDS = """\
partition_key = "id"
kinds = { a = { holds = "conversation" } }
"""
TWICE = """
[tables.more]
name = "more"
holds = "conversation"
partition_key = "id"
attributes = { id = { type = "S", part = "conversation_id" } }
[message]"""
REFUSED = [
    ('id = "fifth"', 'id = "Fifth!"', "id: 'Fifth!' is not made of small letters"),
    ('id = "fifth"', "", "id: this key is missing"),
    ('title = "Fifth"', "title = Fifth", "not valid TOML: Invalid value (at line 3"),
    ('title = "Fifth"', 'title = "Fifth"\ncolour = "red"', "colour: there is no such key"),
    ('name = "chats"', 'name = "a chat"', "tables.chats.name: 'a chat' is not a valid table name"),
    ('name = "chats"', "", "tables.chats.name: this key is missing"),
    ('holds = "conversation"', "", "tables.chats: give either holds or kinds"),
    ('holds = "conversation"', 'holds = "chat"', "tables.chats.holds: "),
    ('holds = "conversation"', 'holds = "record"', "tables.chats.attributes.id: conversation_id is not a part of a record"),
    ('partition_key = "id"', "", "tables.chats.partition_key: this key is missing"),
    ('partition_key = "id"', 'partition_key = "nope"', "tables.chats.partition_key: the attribute nope is not among"),
    ('sort_key = "user"', 'sort_key = "flags"', "tables.chats.sort_key: flags has the type M; a key is S, N or B"),
    ('partition_key = "user"', "", "tables.chats.indexes.ByUser.partition_key: this key is missing"),
    ('partition_key = "user"', 'partition_key = "owner"', "tables.chats.indexes.ByUser.partition_key: the attribute owner is not"),
    ('partition_key = "user"', 'partition_key = "user"\nsort_key = "at"', "tables.chats.indexes.ByUser.sort_key: the attribute at is not"),
    ('partition_key = "user"', 'partition_key = "user"\nprojection = "SOME"', "tables.chats.indexes.ByUser.projection: "),
    ('part = "user_id"', 'part = "owner"', "tables.chats.attributes.user: owner is not a part of a conversation"),
    ('part = "user_id"', 'part = "role"', "tables.chats.attributes.user: role is not a part of a conversation"),
    ('flags = { type = "M" }', 'flags = { type = "M", part = "user_id" }', "flags: the part user_id is played by user already"),
    ('flags = { type = "M" }', 'flags = { type = "MAP" }', "tables.chats.attributes.flags.type: "),
    ('flags = { type = "M" }', "flags = {}", "tables.chats.attributes.flags.type: this key is missing"),
    ('flags = { type = "M" }', 'flags = { type = "M", kind = "x" }', "tables.chats.attributes.flags.kind: there is no such key"),
    (', part = "conversation_id"', "", "tables.chats: no attribute has the part conversation_id, which a conversation needs"),
    (', part = "messages"', "", "messages are either in a table of their own or in"),
    ('part = "content"', 'part = "contents"', "message.said: contents is not a part of an embedded message"),
    ('said = { type = "S", part = "content" }', "", "message: no attribute has the part content"),
    ("said = {", 'text = { type = "S", part = "role" }\nsaid = {', "message.text: the part role is played by who already"),
    ('part = "name"', 'part = "call"', "tool_call.tool: call is not a part of a tool call"),
    ("[message]", TWICE, "tables: chats and more both hold conversations"),
    (KEYS, KINDS, "tables.chats: kinds needs an attribute with the part kind"),
]


@pytest.mark.parametrize("good, bad, words", REFUSED)
def test_a_wrong_file_is_refused_with_file_key_and_reason(good: str, bad: str, words: str) -> None:
    assert GOOD.count(good) >= 1
    text = GOOD.replace(good, bad, 1)
    with pytest.raises(SpecError) as caught:
        parse(text, "fifth.toml")
    assert caught.value.sentence.startswith("fifth.toml: ")
    assert words in caught.value.sentence
    assert "\n" not in caught.value.sentence


def test_a_system_without_conversations_is_refused() -> None:
    text = 'id = "x"\ntitle = "X"\n[tables.t]\nname = "ttt"\nholds = "record"\npartition_key = "u"\n'
    with pytest.raises(SpecError, match="none of them holds conversations"):
        parse(text + 'attributes = { u = { type = "S", part = "user_id" } }', "x.toml")


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b'title = "caf\xe9"')
    with pytest.raises(SpecError, match=r"^latin.toml: this is not UTF-8"):
        load(tmp_path / "latin.toml")
    with pytest.raises(SpecError, match=r"^gone.toml cannot be read"):
        load(tmp_path / "gone.toml")


def test_one_id_in_two_files_is_refused(tmp_path: Path) -> None:
    for name in ("a.toml", "b.toml"):
        (tmp_path / name).write_text(GOOD)
    with pytest.raises(SpecError, match=r"^b\.toml: id: another file has the id fifth already"):
        load_folder(tmp_path)


RECORDS = """
id = "sixth"
title = "Sixth"

[tables.all]
name = "everything"
partition_key = "user"
sort_key = "what"

[tables.all.attributes]
user = { type = "S", part = "user_id" }
what = { type = "S", part = "kind" }
data = { type = "M" }

[tables.all.kinds.talk]
holds = "conversation"

[tables.all.kinds.talk.attributes]
"data.id" = { type = "S", part = "conversation_id" }
"data.log" = { type = "L", part = "messages" }

[tables.all.kinds.tasks]
holds = "record"
list = "data.tasks"
done = "finished"

[message]
who = { type = "S", part = "role" }
said = { type = "S", part = "content" }
"""


def test_a_records_list_is_named() -> None:
    kind = parse(RECORDS, "sixth.toml").conversations.kinds["tasks"]
    assert (kind.list, kind.done) == ("data.tasks", "finished")
    reminders, todos = (built_in()["remo"].conversations.kinds[name] for name in ("reminder_data", "todo_data"))
    assert (reminders.list, reminders.done, todos.list, todos.done) == ("data.reminders", "completed", "data.todos", "completed")


@pytest.mark.parametrize(
    "good, bad, words",
    [
        ('holds = "record"', 'holds = "conversation"', "tables.all.kinds.tasks"),
        (
            'holds = "conversation"',
            'holds = "conversation"\nlist = "data.log"',
            "kinds.talk.list: only a record has a list that is counted",
        ),
        ('list = "data.tasks"', "", "tables.all.kinds.tasks.done: there is no list whose entries could be done"),
        (
            'list = "data.tasks"',
            'list = "date.tasks"',
            "tables.all.kinds.tasks.list: the attribute date is not among the table's attributes",
        ),
        ('done = "finished"', "done = 1", "tables.all.kinds.tasks.done: "),
    ],
)
def test_a_wrong_list_is_refused(good: str, bad: str, words: str) -> None:
    assert good in RECORDS
    with pytest.raises(SpecError) as caught:
        parse(RECORDS.replace(good, bad, 1), "sixth.toml")
    assert words in caught.value.sentence
