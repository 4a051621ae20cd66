"""Whatever is stored, what reaches Streamlit's Markdown can only be read."""

from __future__ import annotations

import json
import re
import time
import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from pages.ui import rewrite as rewrite_module
from pages.ui import untrusted
from pages.ui.hidden import reveal, reveal_json
from pages.ui.rewrite import LENGTH_LIMIT, Block

# Streamlit parses with GFM; what its own steps change in plain text is checked by their expressions, taken from its frontend.
_READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
_IN_PLAIN_TEXT = {
    "emoji": re.compile(r":\+1:|:-1:|:(?:100|1234):|:[\w-]*[A-Za-z][\w-]*:", re.ASCII),
    "icon": re.compile(r":material_(\w+):", re.ASCII),
    "logo": re.compile(r":streamlit:"),
    "address": re.compile(r"(?:https?://|www(?=\.))[-.\w]*\w", re.ASCII | re.IGNORECASE),
    "email": re.compile(r"(?:^|(?<=[\s\W]))[-.\w+]+@[-\w]+(?:\.[-\w]+)+", re.ASCII),
    "sign": re.compile(r"(?:^|(?<=\s))(?:<->|->|<-|--|>=|<=|~=)(?=\s|$)"),
}
_DIRECTIVE = re.compile(r"(?<!\\):[A-Za-z][\w-]*[\[{]|(?<!\\)::")
_HARMLESS = {
    "inline", "text", "softbreak", "hardbreak", "code_inline", "fence", "hr",
    *(f"{name}_{side}" for side in ("open", "close") for name in (
        "paragraph", "blockquote", "bullet_list", "ordered_list", "list_item", "em", "strong", "s",
        "table", "thead", "tbody", "tr", "th", "td",
    )),
}  # fmt: skip

PIECES = st.sampled_from(
    [
        "![a](https://e.example/x.png)", "![a][r]", "[r]: https://e.example 't'", "[b](http://e.example \"t\")",
        "<img src=x>", "<!--", "-->", "<https://e.example>", "https://e.example/a_b*c*", "www.e.example", "WWW.E.EXAMPLE.",
        "a.b@c.de", "mailto:a@b.co", ":red[x]", ":red-badge[", ":color[x]{foreground=\"red\"}", ":material/home:",
        ":material_home:", ":smile:", ":+1:", ":100:", ":streamlit:", ":help[x]", "::leaf[a]", "\n:::note\nx\n:::\n",
        "$x^2$", "\n$$\na\n$$\n", "->", " -- ", " >= ", "```mermaid\ngraph\n```", "~~~\n", "```", "`", "``", "`a`", "|",
        "\n|a|b|\n|-|-|\n|c|`d|e`|\n", "\n# ", "\n> ", "\n- ", "\n1. ", "\n2) ", "\n    ", "\t", "\n", "\n\n", " ", "*",
        "**", "_", "__", "~~", "~", "\\", "\\[", "]", "(", ")", "{", "}", "&amp;", "&#58;", "&#8238;", "&#x200b;", "&#10;",
        "&#96;", "\u202e", "\u200b", "\u2066", "\x00", "\x1b[31m", "\u2028", "\ud83d\udc68\u200d\ud83d\udc69", "می‌خواهم",
        "中文", "a", "1", "word", "[^1]", "\n[^1]: note\n", "\n---\n", "\n===\n", "<a@b.co>", "javascript:alert(1)",
        "[x](javascript:alert(1))", "![](data:image/png;base64,AA)", "12:30:45",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=8), max_size=14).map("".join)


def tokens(source: str) -> list[Token]:
    flat: list[Token] = []
    for token in _READER.parse(source):
        flat += [token, *(token.children or ())]
    return flat


def assert_harmless(source: str) -> None:
    assert ":material/" not in source, "Streamlit would rewrite this even in code"
    for token in tokens(source):
        assert token.type in _HARMLESS, token.type
        if token.type == "fence":
            assert token.info.lower() not in ("", "mermaid")
    outside_code = _without_code(source)
    assert not re.search(r"(?<!\\)(?:\\\\)*[$<]", outside_code)
    assert not _DIRECTIVE.search(outside_code)
    for run in _text_runs(source):
        for what, pattern in _IN_PLAIN_TEXT.items():
            assert not pattern.search(run), (what, run)


def _without_code(source: str) -> str:
    """The source but for code spans and code blocks, which Streamlit leaves alone."""
    kept: list[str] = []
    at = 0
    while at < len(source):
        run = re.compile(r"`+").match(source, at)
        if source[at] == "\\":
            kept.append(source[at : at + 2])
            at += 2
        elif run and (end := re.compile(rf"(?<!`){run.group()}(?!`)").search(source, run.end())):
            at = end.end()
        else:
            kept.append(source[at])
            at += 1
    return "".join(kept)


def _text_runs(source: str) -> list[str]:
    """The text nodes, as Streamlit's steps get them: after escapes, and broken by every other node."""
    runs = [""]
    for token in tokens(source):
        if token.type in ("text", "text_special"):
            runs[-1] += token.content
        elif token.type == "softbreak":
            runs[-1] += "\n"
        else:
            runs.append("")
    return [run for run in runs if run]


def seen(made: tuple[Block, ...]) -> str:
    """All letters and digits of what is shown, in order."""
    parts = [block.body if block.kind != "markdown" else "".join(t.content for t in tokens(block.body) if not t.children) for block in made]
    return "".join(c for c in "".join(parts) if c.isalnum())


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS)
def test_nothing_stored_can_command(text: str) -> None:
    for block in untrusted.blocks(text):
        if block.kind == "markdown":
            assert_harmless(block.body)
        assert not set(block.body) & set("\u202e\u200b\u2066\u2028\ufeff\x00\x1b"), "invisible characters are written out"
        block.body.encode("utf-8")


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_labels_and_sentences_can_command_nothing(text: str) -> None:
    for line in (untrusted.escape(text), untrusted.title(text)):
        assert "\n" not in line
        assert_harmless(line)
        # A label is one line of a paragraph, whatever it begins with.
        assert {t.type for t in tokens(line)} <= {"paragraph_open", "paragraph_close", "inline", "text", "code_inline", "softbreak"}


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_the_short_way_of_a_plain_line_is_the_long_way(text: str) -> None:
    # A blank line and a word more make the parser look at it.
    line = "a" + text.replace("\n", " ")
    if untrusted.blocks(line) and rewrite_module._ONE_PLAIN_LINE.fullmatch(line):
        first, *_ = untrusted.blocks(f"{line}\n\nb")[0].body.split("\n\n")
        assert untrusted.blocks(line) == (Block("markdown", first),)


WORDS = st.lists(
    st.sampled_from([
        "alpha", "b2", "![pic](u/v.png)", "[go](w/x)", "`c d`", "**e**", "_f_", "~~g~~", "> h", "\n- i\n", "\n1. j\n",
        "\n# k\n", "\n\n", "l | m", "https://n.example/o", "\n```py\nq\n```\n", "r@s.tu", ":v:",
    ]),
    max_size=12,
).map(" ".join)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(WORDS)
def test_no_word_is_lost(text: str) -> None:
    shown = seen(untrusted.blocks(text))
    # A code's language and a list's number are not text; "image" is ours.
    source = re.sub(r"```py\n|(?m:^\s*\d+\. )", "", text)
    wanted = sorted(c for c in source if c.isalnum())
    left = list(shown.replace("image", ""))
    for character in wanted:
        if character in left:
            left.remove(character)
        elif character not in "pic":
            pytest.fail(f"{character!r} of {text!r} is not in {shown!r}")


@pytest.mark.parametrize(
    "text,expected",
    [
        ("# Heading **bold**", "**Heading bold**"),
        ("one\ntwo", "one\\\ntwo"),
        ("![a b](https://e.example/p.png \"T\")", '\\[image: a b\\] `https://e.example/p.png "T"`'),
        ("[words](https://e.example)", "words \\(`https://e.example`\\)"),
        ("<https://e.example>", "`https://e.example`"),
        ("see https://e.example/a.", "see `https://e.example/a`\\."),
        ("<b>x</b>", "\\<b\\>x\\<\\/b\\>"),
        (":red[x] :smile: 12:30:45", "\\:red\\[x\\] `:smile:` 12\\:30\\:45"),
        ("costs $5 and $6", "costs \\$5 and \\$6"),
        ("`a :material/home:`", "`a `\\:`material/home:`"),
        (":material_home:", "`:material_home:`"),
        ("a -> b", "a `->` b"),
        ("- a\n- b\n  1. c", "- a\n- b\n  1. c"),
        ("> q\n> r", "> q\\\n> r"),
        ("| a | b |\n|:-:|--:|\n| `x\\|y` | 1 |", "| a | b |\n| :---: | ---: |\n| `x\\|y` | 1 |"),
        ("[r]: https://e.example 'hidden'", "\\[r\\]\\: `https://e.example` 'hidden'"),
        ("user@e.example", "`user@e.example`"),
        ("pay\u202epal &#8238;", "pay\\<U\\+202E\\>pal \\<U\\+202E\\>"),
    ],
)  # fmt: skip
def test_markdown_is_kept_and_commands_are_shown(text: str, expected: str) -> None:
    assert untrusted.blocks(text) == (Block("markdown", expected),)


def test_code_is_an_element_of_its_own() -> None:
    made = untrusted.blocks("before\n\n```mermaid\ngraph TD\n```\n\n    indented\n\nafter")
    assert made == (
        Block("markdown", "before"),
        Block("code", "graph TD", "mermaid"),
        Block("code", "indented", None),
        Block("markdown", "after"),
    )


def test_mermaid_in_a_list_stays_code() -> None:
    (block,) = untrusted.blocks("- a\n  ```mermaid\n  graph TD\n  ```")
    assert "```text" in block.body
    assert "mermaid" not in block.body


def test_json_is_indented_with_every_digit() -> None:
    (block,) = untrusted.blocks('{"price":1.10,"big":12345678901234567890.10,"none":[],"list":[1,{"a":"x, y: {z}"}]}')
    assert (block.kind, block.language) == ("code", "json")
    assert block.body == (
        '{\n  "price": 1.10,\n  "big": 12345678901234567890.10,\n  "none": [],\n  '
        '"list": [\n    1,\n    {\n      "a": "x, y: {z}"\n    }\n  ]\n}'
    )


@pytest.mark.parametrize("text", ["", "  \n\t"])
def test_no_words_are_no_blocks(text: str) -> None:
    assert untrusted.blocks(text) == ()


def test_plain_text_is_every_character() -> None:
    assert untrusted.blocks("# a\n![x](y)", plain=True) == (Block("text", "# a\n![x](y)"),)


def test_what_is_too_long_or_too_deep_is_plain_text() -> None:
    for text in ("a" * (LENGTH_LIMIT + 1), ">" * 30 + " deep", "[" * 5000):
        assert [block.kind for block in untrusted.blocks(text)] == ["text"]


@pytest.mark.parametrize(
    "piece", ["[", "`", "*", "_", "![", "<", "a@", "[a](", "|", "> ", "- ", "~~", "&#", "\\", "**a ", "(", ":a", "http://", "\n"]
)
def test_no_text_holds_up_the_page(piece: str) -> None:
    text = (piece * LENGTH_LIMIT)[:LENGTH_LIMIT]
    began = time.process_time()
    untrusted.blocks(text)
    assert time.process_time() - began < 1.0


def test_found_words_are_highlighted_in_the_words_only() -> None:
    (block,) = untrusted.blocks("Refund `refund` [refund]", mark="refund")
    assert block.body == ":orange-background[Refund] `refund` \\[:orange-background[refund]\\]"
    assert "orange" not in untrusted.blocks("abc", mark="  ")[0].body


def test_hidden_characters_are_written_out_and_needed_ones_stay() -> None:
    assert reveal("a\u202eb\u200bc\ufeff\x07") == "a<U+202E>b<U+200B>c<U+FEFF><U+0007>"
    assert reveal("lone \ud800 half") == "lone <U+D800> half"
    assert reveal("tab\there\r\nline") == "tab\there\nline"
    for whole in ("می‌خواهم", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "❤️", "नमस्ते", "ශ්‍රී", "café 中文 한국어"):
        assert reveal(whole) == whole
    assert reveal("pay\u200dpal") == "pay<U+200D>pal"


def test_hidden_characters_in_json_stay_the_value_that_is_stored() -> None:
    stored = json.dumps({"a": "x\u202ey\u200b\U000e0041 می‌خواهم", "b": "\x7f"}, ensure_ascii=False)
    shown = reveal_json(stored)
    assert "\\u202e" in shown
    assert json.loads(shown) == json.loads(stored)
    (block,) = untrusted.blocks(stored)
    assert json.loads(block.body) == json.loads(stored)


def test_every_invisible_category_is_covered() -> None:
    """The ranges are written by hand; the categories say whether one was forgotten."""
    drawn = {0x600, 0x601, 0x602, 0x603, 0x604, 0x605, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
    for point in range(0x110000):
        character = chr(point)
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in "\n\t" and point not in drawn:
            assert reveal(f"a{character}b") == f"a<U+{point:04X}>b", hex(point)


def test_titles_are_short_lines() -> None:
    assert untrusted.title("one\n\ntwo   three") == "one two three"
    long = untrusted.title("word " * 60)
    assert len(long) <= 91
    assert long.endswith("word…")
