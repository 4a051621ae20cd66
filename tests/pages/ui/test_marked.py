"""Snippets: marked words, nothing that acts, nothing lost; and what is handed to the replay's find."""

from __future__ import annotations

import re

import pytest

from pages.ui.marked import snippet, words_at


def shown(markdown: str) -> str:
    """What a reader sees of it: no directives, no code ticks, no escapes."""
    words = re.sub(r":orange-background\[((?:\\.|[^\]\\])*)\]", r"\1", markdown)
    return re.sub(r"\\(.)", r"\1", re.sub(r"(?<!\\)`", "", words))


def marks(text: str, *words: str) -> tuple[tuple[int, int], ...]:
    return tuple((text.index(word), text.index(word) + len(word)) for word in words)


def test_words_are_marked_where_they_stand() -> None:
    text = "Your refund, and\n\nthe  receipt"
    assert snippet(text, marks(text, "refund", "receipt")) == "Your :orange-background[refund], and the :orange-background[receipt]"
    assert snippet(text, (), (True, True)) == "… Your refund, and the receipt …"
    assert snippet("refund", ((0, 6),)) == ":orange-background[refund]"
    assert snippet("", ()) == ""


@pytest.mark.parametrize(
    "text, word",
    [
        ("see https://tracker.example/p.png now", "tracker"),
        ("see https://tracker.example/p.png now", "https"),
        ("see https://tracker.example/p.png now", "https://tracker.example/p.png"),
        ("mail me@evil.example please", "evil.example"),
        ("a :red[word] and :smile: here", "red[word"),
        ("a :red[word] and :smile: here", "smile"),
        ("![x](https://a.example) <b>bold</b> $x$", "](https"),
        ("[ ] ] [ \\ ` `` ]] x", "] ["),
        (":material/home: and :material/home:", "material"),
        ("www.evil.example and www", "www"),
        ("a -> b -- c", "->"),
        ("قبل الاسترداد بعد", "الاسترداد"),
        ("以前 退款 以后", "退款"),
    ],
)
def test_whatever_is_marked_nothing_acts_and_nothing_is_lost(text: str, word: str) -> None:
    made = snippet(text, marks(text, word))
    assert shown(made) == text
    bare = re.sub(r"`[^`]*`", "", re.sub(r"\\.", "", made)).replace(":orange-background[", "")
    assert not re.search(r"https?:|www\.|!\[|\]\(|:\w+\[|<\w|:\w+:", bare)


def test_hidden_characters_are_written_out() -> None:
    assert "\u202e" not in snippet("ab\u202ecd", ((0, 2),))


def test_marks_that_do_not_fit_are_left_out() -> None:
    assert snippet("short", ((0, 99), (2, 3), (1, 4))) == "s:orange-background[hor]t"


def test_words_for_the_replay() -> None:
    assert words_at("Your Late\n order", ((5, 16),)) == "Late order"
    assert words_at("no marks", ()) == ""
    assert words_at("ab\u202ecd", ((0, 5),)) == ""
