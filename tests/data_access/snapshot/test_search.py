"""Search: every script, words, phrases and exclusions, filters, order, and what it says that it searched."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_access.errors import UsageError
from data_access.models import Role
from data_access.snapshot import matching, texts
from data_access.snapshot.fold import bounds, fold
from data_access.snapshot.hot import Hot
from data_access.snapshot.search import MOST_TURNS, Found, SearchFilter, Words, search, words_of
from tests.data_access.asked import BEGIN, NOW, conversation, hot, invented, message

MINUTE = timedelta(minutes=1)


def said(*contents: str, **other: Any) -> Hot:
    """A copy with one conversation for each text; the first one is the newest."""
    messages = [message(1, "user", NOW - n * MINUTE, content=text, conversation_id=f"c{n}") | other for n, text in enumerate(contents)]
    return hot({"messages": messages, "conversations": [conversation([row]) for row in messages]}, texts=True)


def ids(found: Found) -> list[str]:
    return [hit.key.conversation_id for hit in found.hits]


@pytest.mark.parametrize(
    "text, asked",
    [
        ("Where is my REFUND?", "refund"),
        ("Ich möchte eine Rückerstattung", "RUCKERSTATTUNG"),
        ("Die Straße ist gesperrt", "STRASSE"),
        ("Die STRASSE ist gesperrt", "straße"),
        ("GROẞE STRAẞE", "grosse"),
        ("Où est mon reçu à Genève", "recu geneve"),
        ("Ou\u0300 est mon rec\u0327u", "où reçu"),
        ("İstanbul'da ılık bir gün", "istanbul ILIK"),
        ("ISTANBUL", "ıstanbul"),
        ("Łódź, smørrebrød, þing, œuvre", "lodz smorrebrod thing oeuvre"),
        ("Πού είναι η ΠΑΡΑΓΓΕΛΊΑ ΜΟΥ; Χάρης", "παραγγελια χαρησ"),
        ("Где мой ЗАКАЗ? Ещё не пришёл", "заказ еще пришел"),
        ("أين طلبي؟ أُرِيدُ اسْتِرْدَادَ المـــال", "استرداد المال"),
        ("أين الإيصال", "الايصال"),
        ("שָׁלוֹם, אֵיפֹה הַהַזְמָנָה שֶׁלִּי", "שלום ההזמנה"),
        ("请问我的退款什么时候到账？", "退款"),
        ("請問我的退款", "退款"),
        ("注文はまだ届きません。キャンセルしてください", "キャンセル 届きません"),
        ("ｷｬﾝｾﾙしたい　ＯＲＤＥＲ　１２３", "キャンセル order 123"),
        ("か\u3099くせい", "がくせい"),
        ("สินค้ายังไม่มาถึง ขอเงินคืน", "เงินคืน"),
        ("मेरा ऑर्डर कहाँ है", "ऑर्डर"),
        ("주문을 취소하고 싶어요", "취소"),
        ("\u110e\u1171\u1109\u1169", "취소"),
        ("ﬁne ﬂat ①", "fine flat 1"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("two\n\n  lines\tand tabs", '"two lines and tabs"'),
        ("Emoji 🎉 party", "🎉"),
        ("100% _sure_ \\ 'quoted'", "100% _sure_ \\ 'quoted'"),
    ],
)
def test_every_script_matches_without_case_and_accents(text: str, asked: str) -> None:
    found = search(said("something else", text), asked, SearchFilter())
    assert ids(found) == ["c1"]
    turn = found.hits[0].turns[0]
    assert turn.snippet == text
    for first, last in turn.marks:
        assert fold(turn.snippet[first:last])
    marked = " ".join(fold(turn.snippet[first:last]) for first, last in turn.marks)
    assert sorted(marked.replace(" ", "")) == sorted("".join(words_of(asked).all_of).replace(" ", ""))


@pytest.mark.parametrize(
    "text, asked",
    [("각오", "가오"), ("かくせい", "がくせい"), ("ใกล", "ไกล"), ("refund", "refunds"), ("the re fund", "refund"), ("ab", "ba")],
)
def test_what_is_another_word_does_not_match(text: str, asked: str) -> None:
    assert ids(search(said(text), asked, SearchFilter())) == []


def test_all_words_must_be_in_one_message() -> None:
    rows = [message(1, "user", NOW, content="a late order"), message(2, "assistant", NOW + MINUTE, content="your refund")]
    copy = hot({"messages": rows, "conversations": [conversation(rows)]}, texts=True)
    assert ids(search(copy, "order refund", SearchFilter())) == []
    assert ids(search(copy, "order LATE", SearchFilter())) == ["c1"]


def test_phrases_and_exclusions() -> None:
    copy = said("late order", "order late", "an order, late and damaged", "nothing")
    assert ids(search(copy, "late order", SearchFilter())) == ["c0", "c1", "c2"]
    assert ids(search(copy, '"late order"', SearchFilter())) == ["c0"]
    assert ids(search(copy, "„order late“", SearchFilter())) == ["c1"]
    assert ids(search(copy, "order -damaged", SearchFilter())) == ["c0", "c1"]
    assert ids(search(copy, 'order -"late order"', SearchFilter())) == ["c1", "c2"]


def test_questions_are_read() -> None:
    assert words_of('Late "Order No. 5" -TEST -"not this" late') == Words(("order no. 5", "late"), ("test", "not this"))
    assert words_of('"never closed') == Words(("never closed",), ())
    assert words_of("e-mail - ") == Words(("e-mail", "-"), ())


@pytest.mark.parametrize("asked", ["", "   ", '""', "-only", '-"only this"', "\u200b", "\u00ad"])
def test_a_question_without_a_word_is_said(asked: str) -> None:
    with pytest.raises(UsageError, match="names no word"):
        search(said("x"), asked, SearchFilter())


def test_wrong_filters_are_said() -> None:
    copy = said("x")
    with pytest.raises(UsageError, match="no length"):
        search(copy, "x", SearchFilter(since=NOW, until=NOW))
    with pytest.raises(UsageError, match="limit"):
        search(copy, "x", SearchFilter(limit=0))
    with pytest.raises(UsageError, match="time zone"):
        search(copy, "x", SearchFilter(since=datetime(2026, 1, 1)))  # noqa: DTZ001
    with pytest.raises(UsageError, match="characters"):
        search(copy, "x" * 1_001, SearchFilter())
    with pytest.raises(UsageError, match="without texts"):
        search(hot({}), "x", SearchFilter())


def test_tool_calls_are_searched_too() -> None:
    rows = [
        message(1, "user", NOW, content="hello"),
        message(2, "assistant", NOW + MINUTE, content="done", arguments='find_order {"Straße": "Größe"}'),
    ]
    copy = hot({"messages": rows, "conversations": [conversation(rows)]}, texts=True)
    hit = search(copy, "strasse FIND_ORDER", SearchFilter()).hits[0]
    turn = hit.turns[0]
    assert (hit.matching, turn.position, turn.role, turn.in_tools) == (1, 2, Role.ASSISTANT, True)
    assert [turn.snippet[first:last] for first, last in turn.marks] == ["find_order", "Straße"]
    assert search(copy, "strasse", SearchFilter(tools=False)).hits == ()
    assert ids(search(copy, "done strasse", SearchFilter())) == ["c1"], "words can be in the text and in its tool calls"
    assert ids(search(copy, "done -strasse", SearchFilter())) == []
    assert ids(search(copy, "done -strasse", SearchFilter(tools=False))) == ["c1"]
    assert ids(search(copy, '"done find_order"', SearchFilter())) == [], "a phrase does not run from one into the other"


def test_filters() -> None:
    rows = [
        message(1, "user", BEGIN, content="word"),
        message(2, "assistant", BEGIN + MINUTE, content="word"),
        message(1, "user", BEGIN + 2 * MINUTE, content="word", user_id="u2", conversation_id="c2"),
        message(1, "user", BEGIN + 3 * MINUTE, content="word", system="ai_agent", tenant_id="t", conversation_id="c3"),
        message(1, "user", None, content="word", conversation_id="c4"),
    ]
    conversations = [conversation([row]) for row in (rows[0], *rows[2:])]
    copy = hot({"messages": rows, "conversations": conversations}, texts=True)

    def found(**wanted: Any) -> list[str]:
        answer = search(copy, "word", SearchFilter(**wanted))
        expected = sum(hit.matching for hit in answer.hits)
        assert (answer.searched_messages, answer.searched_conversations) == (expected, len(answer.hits))
        return ids(answer)

    assert found() == ["c3", "c2", "c1", "c4"], "those without a time come last"
    assert found(system="cg") == ["c2", "c1", "c4"]
    assert found(user="u1") == ["c3", "c1", "c4"]
    assert found(tenant="t") == ["c3"]
    assert found(role=Role.ASSISTANT) == ["c1"]
    assert found(since=BEGIN + MINUTE, until=BEGIN + 3 * MINUTE) == ["c2", "c1"]
    assert found(until=BEGIN + MINUTE) == ["c1"], "a message without a time is in no window"
    assert found(since=BEGIN + 3 * MINUTE) == ["c3"]
    assert found(since=BEGIN + timedelta(days=1)) == []
    assert found(system="remo") == found(user="nobody") == []


def test_the_search_stops_when_it_has_enough_and_says_so() -> None:
    copy = said(*["word"] * 50)
    found = search(copy, "word", SearchFilter(limit=5))
    assert ids(found) == [f"c{n}" for n in range(5)]
    assert found.stopped_early
    assert (found.searched_messages, found.searched_conversations) == (5, 5)
    everything = search(copy, "word", SearchFilter(limit=50))
    assert not everything.stopped_early
    assert (everything.searched_messages, everything.searched_conversations, len(everything.hits)) == (50, 50, 50)


def test_a_conversation_has_all_its_matching_turns() -> None:
    rows = [message(n, "user", BEGIN + n * MINUTE, content="word" if n % 2 else "other") for n in range(1, 80)]
    later = [message(1, "user", BEGIN + 60 * MINUTE, content="word", conversation_id="c2")]
    third = [message(1, "user", BEGIN + 30 * MINUTE, content="word", conversation_id="c3")]
    copy = hot({"messages": rows + later + third, "conversations": [conversation(some) for some in (rows, later, third)]}, texts=True)
    found = search(copy, "word", SearchFilter(limit=2))
    assert [(hit.key.conversation_id, hit.matching) for hit in found.hits] == [("c1", 40), ("c2", 1)]
    assert found.stopped_early
    assert [turn.position for turn in found.hits[0].turns] == list(range(1, 2 * MOST_TURNS, 2))


def test_best_first() -> None:
    long = "word " + "and much else " * 100
    copy = said(long, "one word", "word word word", "word of long ago")
    assert ids(search(copy, "word", SearchFilter(order="best")))[0] == "c2"
    assert ids(search(copy, "word", SearchFilter(order="best")))[-1] == "c0"
    scores = [hit.score for hit in search(copy, "word", SearchFilter(order="best")).hits]
    assert scores == sorted(scores, key=lambda score: -(score or 0))
    old = message(1, "user", NOW - timedelta(days=800), content="same", conversation_id="old")
    new = message(1, "user", NOW, content="same", conversation_id="new")
    both = hot({"messages": [old, new], "conversations": [conversation([old]), conversation([new])]}, texts=True)
    assert ids(search(both, "same", SearchFilter(order="best"))) == ["new", "old"]


def test_expired_messages_are_not_found() -> None:
    copy = said("word", expires_at=NOW + MINUTE)
    assert ids(search(copy, "word", SearchFilter(), now=NOW)) == ["c0"]
    gone = search(copy, "word", SearchFilter(), now=NOW + MINUTE)
    assert (gone.hits, gone.searched_messages, gone.searched_conversations) == ((), 0, 0)


def test_long_texts_are_cut_around_the_first_word() -> None:
    copy = said("é" * 1_000 + " Straße " + "z" * 1_000)
    turn = search(copy, "strasse", SearchFilter()).hits[0].turns[0]
    assert turn.cut == (True, True)
    assert len(turn.snippet) == 240
    assert [turn.snippet[first:last] for first, last in turn.marks] == ["Straße"]


def test_a_word_is_found_wherever_it_is_in_a_huge_text() -> None:
    huge = "ä b " * 90_000
    for at in (0, 399, 400, 100_001, len(huge)):
        turn = search(said(f"{huge[:at]}Straße{huge[at:]}"), "strasse", SearchFilter()).hits[0].turns[0]
        assert [turn.snippet[first:last] for first, last in turn.marks] == ["Straße"]


def test_a_phrase_that_is_longer_than_the_snippet_is_marked_as_far_as_it_goes() -> None:
    turn = search(said("x " * 50 + "y " * 150), f'"{"y " * 140}"', SearchFilter()).hits[0].turns[0]
    assert turn.marks == ((60, 240),)


def test_ids_that_are_shared_stay_apart() -> None:
    rows = [message(1, "user", NOW, content="word", user_id=user, tenant_id=tenant) for user in ("a", "b", None) for tenant in ("x", None)]
    copy = hot({"messages": rows, "conversations": [conversation([row]) for row in rows]}, texts=True)
    found = {(hit.key.user_id, hit.key.tenant_id) for hit in search(copy, "word", SearchFilter()).hits}
    assert found == {(user, tenant) for user in ("a", "b", None) for tenant in ("x", None)}


@pytest.mark.parametrize("looked", [1, 3, 5_000])
@pytest.mark.parametrize("without", ["", " -2", " -user", " -zz"])
def test_frequent_words_that_are_seldom_together_are_found_the_other_way_too(
    without: str, looked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "_LOOKED", looked)
    monkeypatch.setattr(matching, "_FITTING", 2.0)
    monkeypatch.setattr(texts, "_SEGMENTS_A_BLOCK", 1)
    wanted = SearchFilter(limit=10_000, tools=looked != 3)
    found = search(_COPY, '"r 1" s' + without, wanted, now=NOW - timedelta(days=400))
    bad = without.removeprefix(" -")
    expected = [row for row in _INVENTED["messages"] if "r 1" in row["content"] and "s" in row["content"]]
    expected = [row for row in expected if not bad or bad not in row["content"]]
    assert sum(hit.matching for hit in found.hits) == len(expected)


@pytest.mark.parametrize("with_library", [True, False])
@settings(max_examples=40, deadline=None)
@given(words=st.lists(st.sampled_from(["user", "assistant", "2", "1", "r 1", "system", "zz", "t 3"]), min_size=1, max_size=3, unique=True))
def test_the_rows_are_those_that_a_plain_look_finds(words: list[str], with_library: bool) -> None:
    rows = _INVENTED["messages"]
    with pytest.MonkeyPatch.context() as patch:
        if not with_library:
            patch.setattr(texts, "_memmem", None)
        found = search(_COPY, " ".join(f'"{word}"' for word in words), SearchFilter(limit=10_000), now=NOW - timedelta(days=400))
    expected = [row for row in rows if all(word in row["content"] for word in words)]
    assert sum(hit.matching for hit in found.hits) == len(expected)
    keys = {(row["system"], row["conversation_id"], row["tenant_id"], row["user_id"]) for row in expected}
    assert {(hit.key.system, hit.key.conversation_id, hit.key.tenant_id, hit.key.user_id) for hit in found.hits} == keys
    assert found.searched_messages == len(rows)


_INVENTED = invented(5)
_COPY = hot(_INVENTED, texts=True)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_a_text_is_found_in_itself_wherever_it_stands(before: str, word: str, after: str) -> None:
    wanted = fold(word)
    assert fold(wanted) == wanted
    if wanted and '"' not in wanted:
        text = f"{before} {word} {after}"
        assert wanted in fold(text)
        marks = bounds(text, (wanted,))
        assert marks
        assert all(0 <= first < last <= len(text) for first, last in marks)
        assert all(left[1] <= right[0] for left, right in pairwise(marks))


def test_fold_is_the_same_for_one_and_for_many() -> None:
    assert fold("ẞ\u00a0İ") == "ss i"
    assert fold("") == ""
