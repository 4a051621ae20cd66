"""Ids that look alike: shown all of them, in what they differ, and byte for byte."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_access.erasure import plan
from data_access.erasure.confusable import LATIN
from data_access.erasure.jobs import Jobs
from data_access.erasure.known import known, meet_all
from data_access.erasure.model import Scope
from data_access.erasure.neighbours import MOST_SHOWN, Radar, bytes_view, differs, neighbours, skeletons
from data_access.local.sample import LANDMARKS
from data_access.snapshot.store import Store
from data_access.snapshot.sync import sync
from tests.data_access.erasure.shops import ME, SUBJECTS, shop_at

ALIKE = {
    "Alice": "upper and lower case",
    "ALICE": "upper and lower case",
    "alice ": "blanks",
    "\talice": "blanks",
    "al ice": "blanks",
    "\u0430lice": "another script",
    "alice\u200b": "invisible",
    "\u202ealice": "invisible",
    "ali\u00adce": "invisible",
    "\uff41lice": "other forms",
    "a1ice": "letters and digits",
    "aIice": "letters and digits",
    "\u0410LICE": "CYRILLIC CAPITAL LETTER A",
}


@pytest.mark.parametrize("other", ALIKE)
def test_each_kind_of_look_alike_is_found_and_named(other: str) -> None:
    (found,) = neighbours("alice", [(other, "cg"), ("alice", "cg"), ("bob", "cg"), ("alicia", "cg")])
    assert found.user_id == other
    assert ALIKE[other] in found.differs


@pytest.mark.parametrize("one, other", [("caf\u00e9", "cafe\u0301"), ("\ufb01n", "fin"), ("user_0", "user_O"), ("rnary", "mary")])
def test_it_works_both_ways(one: str, other: str) -> None:
    assert [found.user_id for found in neighbours(one, [(other, "cg")])] == [other]
    assert [found.user_id for found in neighbours(other, [(one, "cg")])] == [one]
    assert differs(one, other) != "nothing"


def test_capital_and_small_letters_of_other_scripts_are_neighbours() -> None:
    for letters in ("\u0391\u03a5\u039d", "\u041c\u0410\u0420\u0418\u042f", "\u0531\u0532"):
        assert neighbours(letters, [(letters.lower(), "cg")])


@pytest.mark.parametrize("users", [LANDMARKS.lookalike_remo_users, LANDMARKS.lookalike_ai_agent_users])
def test_the_samples_look_alikes_all_see_each_other(users: tuple[str, ...]) -> None:
    for subject in users:
        found = neighbours(subject, [(user, "remo") for user in users])
        assert {one.user_id for one in found} == set(users) - {subject}


def test_different_ids_are_not_neighbours() -> None:
    ids = ("alice", "alicia", "alice2", "malice", "\u00e1lice", "5f0c", "sf0c")
    for subject in ids:
        assert neighbours(subject, [(one, "cg") for one in ids]) == ()


def test_the_bytes_are_shown() -> None:
    assert bytes_view("a \u200b\u0430\\\x07") == "a\\x20\\u200b\\u0430\\\\\\x07 = 61 20 e2 80 8b d0 b0 5c 07"
    assert bytes_view("\U0001f600").startswith("\\U0001f600 = f0")
    assert all(" " <= letter < "\x7f" for letter in bytes_view("\u202e\x1b[31m\u00e9"))


def test_systems_are_put_together_and_only_the_first_are_shown() -> None:
    radar = Radar.on("a")
    for blanks in range(1, MOST_SHOWN + 6):
        for system in ("cg", "remo"):
            radar.meet("a" + " " * blanks, system)
    assert radar.count == MOST_SHOWN + 5
    assert len(radar.neighbours) == MOST_SHOWN
    assert radar.neighbours[0].systems == ("cg", "remo")


def test_every_letter_of_the_table_stands_for_one_of_ascii() -> None:
    assert all(plain.isascii() and len(plain) == 1 for plain in LATIN.values())
    assert not any(chr(code).isascii() for code in LATIN)


@given(st.text(max_size=30))
def test_the_short_way_for_ascii_is_the_long_way(text: str) -> None:
    plain = text.encode("ascii", "ignore").decode()
    # One letter more, that is invisible, takes the long way.
    assert skeletons(plain + "\u200b") == skeletons(plain)


@given(
    st.text(min_size=1, max_size=20),
    st.sampled_from(["\u200b", "\u202e", "\u2066", "\ufeff", " ", "\u3000", "\t", "\ufe0f"]),
    st.integers(0, 20),
)
def test_what_is_invisible_or_blank_never_hides_a_neighbour(text: str, odd: str, at: int) -> None:
    other = text[:at] + odd + text[at:]
    # A mark after it would be of another letter than before.
    if not any(unicodedata.combining(letter) for letter in text):
        assert [found.user_id for found in neighbours(text, [(other, "cg")])] == [other]


@given(st.text(min_size=1, max_size=20))
def test_composed_and_decomposed_are_neighbours_and_what_differs_has_words(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        other = unicodedata.normalize(form, text)  # pyright: ignore[reportArgumentType]
        if other != text and other:
            assert neighbours(text, [(other, "cg")])
            assert differs(text, other) != "nothing"


def test_the_snapshot_is_asked_for_look_alikes_conversations_and_tenants(tmp_path: Path) -> None:
    import duckdb

    class Stand:
        """A store with a few rows."""

        def connection(self, *, expired: bool) -> duckdb.DuckDBPyConnection:
            assert expired
            database = duckdb.connect()
            rows = [("cg", "c1", "t1", "alice"), ("cg", "c2", "t2", "Alice"), ("cg", "c1", "t1", None), ("remo", "c3", None, "\u0430lice")]
            rows += [("cg", "c4", "t1", "alice"), ("cg", "c4", "t1", "bob"), ("cg", "c5", "t3", "al\x00ice ")]
            database.execute("CREATE TABLE conversations (system TEXT, conversation_id TEXT, tenant_id TEXT, user_id TEXT)")
            database.executemany("INSERT INTO conversations VALUES (?, ?, ?, ?)", rows)
            database.execute("CREATE TABLE messages AS SELECT 'ai4ai' AS system, 'a1ice' AS user_id")
            database.execute("CREATE TABLE user_records AS SELECT 'remo' AS system, 'bob' AS user_id")
            return database

        def states(self) -> dict[str, None]:
            return dict.fromkeys(("cg", "remo"))

    store, radar = Stand(), Radar.on("alice")
    assert meet_all(store, radar) == {"cg", "remo"}  # pyright: ignore[reportArgumentType]
    assert {one.user_id: one.systems for one in radar.neighbours} == {
        "Alice": ("cg",),
        "\u0430lice": ("remo",),
        "a1ice": ("ai4ai",),
        "al\x00ice ": ("cg",),
    }
    found = known(store, "cg", "alice")  # pyright: ignore[reportArgumentType]
    assert (found.conversations, found.tenants) == ({"c1"}, ("t1", "t2", "t3"))


@pytest.mark.engine
def test_who_came_after_the_snapshot_was_read_is_a_neighbour_too(
    engine_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Scan of the plan goes past them: it needs no snapshot to see them, and says how old it is where it does."""
    store, alike = Store(str(tmp_path / "snapshot"), tmp_path), SUBJECTS["ai_agent"].upper()
    with shop_at(engine_endpoint, tmp_path, "ai_agent") as shop:
        sync(shop.workshop.sources["ai_agent"], store, full=True)
        shop.put("ai-agent-sessions", id="theirs", tenantId="a-new-tenant", userId=alike)
        jobs, scope = Jobs(replace(shop.workshop, snapshot=store)), Scope(SUBJECTS["ai_agent"], ("ai_agent",))
        seen = jobs.plan(scope, ME)
        assert alike in [one.user_id for one in seen.neighbours]
        assert not [said for said in seen.not_performed if "Ids like this one" in said]
        # Of a large table the Scan brings the user's own alone.
        monkeypatch.setattr(plan, "_SMALL_BYTES", 0)
        large = jobs.plan(scope, ME)
        assert alike not in [one.user_id for one in large.neighbours]
        (said,) = [said for said in large.not_performed if "Ids like this one" in said]
        assert f"{store.coverage()['ai_agent'].full_at:%Y-%m-%d %H:%M} UTC: it may miss who came since" in said
