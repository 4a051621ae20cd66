from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from data_access.access.permissions import Role
from data_access.access.viewer import COMMAND_LINE, LOCAL, Viewer
from data_access.masking.masker import ALL, CARD, DIGITS, EMAIL, IBAN, PHONE, Masker, masker_for
from data_access.masking.settings import MaskingSettings
from data_access.models import Address, Conversation, Message, ToolCall, ToolStatus
from data_access.models import Role as Speaker
from data_access.settings import Settings
from tests.data_access.masking import known

MASKER = Masker()
OWN = Masker(MaskingSettings(patterns={"CASE": r"CASE-\d{4,10}", "name": r"(?i)\banna\b"}))


@pytest.mark.parametrize(
    "values, word",
    [(known.EMAILS, EMAIL), (known.INTERNATIONAL, PHONE), (known.NATIONAL, PHONE), (known.CARDS, CARD), (known.IBANS, IBAN)],
    ids=["addresses", "international", "national", "cards", "accounts"],
)
def test_known_values_are_words(values: tuple[str, ...], word: str) -> None:
    for value in values:
        assert MASKER.text(value) == word, value
        assert MASKER.text(f"Write to {value}, please.") == f"Write to {word}, please.", value


def test_what_is_nobodys_stays() -> None:
    """Except as the libraries see it: see MISTAKEN."""
    for text in known.INNOCENT:
        assert MASKER.text(text) is text, text


def test_what_is_mistaken_for_somebodys_is_what_the_docstring_says() -> None:
    for text in known.MISTAKEN:
        assert MASKER.text(text) != text, text


def test_what_is_missed_is_what_the_docstring_says() -> None:
    for text in known.MISSED:
        assert MASKER.text(text) == text, text


@pytest.mark.parametrize(
    "text",
    [
        "anna＠ｅｘａｍｐｌｅ．ｏｒｇ",
        "anna@example。org",
        "an\u200bna@exam\u00adple.o\u2060rg",
        "anna\u202e@example.org",
        "an\x07na@example.org",
        "jose\u0301@example.org",
    ],
)
def test_addresses_in_disguise(text: str) -> None:
    assert MASKER.text(f"({text})") == f"({EMAIL})"


@pytest.mark.parametrize(
    "text",
    [
        "４１１１ １１１１ １１１１ １１１１",
        "٤١١١ ١١١١ ١١١١ ١١١١",
        "4111\u200b1111\u200b1111\u200b1111",
        "4111\u00a01111\u20071111\u202f1111",
        "4111–1111—1111‑1111",
        "4\ufe0f\u20e31\ufe0f\u20e311111111111111",
        "𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏",
    ],
)
def test_cards_in_disguise(text: str) -> None:
    assert CARD in MASKER.text(f"card {text}!")
    assert not any(char.isdecimal() for char in MASKER.text(f"card {text}!"))


def test_phone_numbers_in_disguise() -> None:
    assert MASKER.text("＋４９ １７０ １２３４５６７") == PHONE
    assert MASKER.text("+49\u200b170\u200b1234567") == PHONE
    assert MASKER.text("%2B491701234567") == PHONE
    assert MASKER.text("tel:+1-212-555-0123") == f"tel:{PHONE}"
    assert MASKER.text("call+12125550123now") == f"call{PHONE}now"
    assert MASKER.text("100% +12125550123%") == f"100% {PHONE}%"
    assert MASKER.text("212-555-0123 ext. 55 please") == f"{PHONE} please"


def test_a_pattern_of_ones_own_sees_the_text_as_it_is_and_as_it_looks() -> None:
    assert OWN.text("CASE-12345 of ＡＮＮＡ and Anna") == "[CASE] of [name] and [name]"
    assert Masker(MaskingSettings(patterns={"full": "Ａ+"})).text("x ＡＡ") == "x [full]"


def test_finds_that_overlap_are_one_word_the_longest_ones() -> None:
    assert OWN.text("anna@example.org") == EMAIL
    long = Masker(MaskingSettings(patterns={"line": r"secret .*"}))
    assert long.text("secret 4111 1111 1111 1111 anna@example.org\nnext") == "[line]\nnext"


def test_a_mask_is_no_data() -> None:
    hungry = Masker(MaskingSettings(patterns={"word": "[a-z-]+", "all": r"\[.*\]"}))
    assert hungry.text("[e-mail address]") == "[e-mail address]"
    assert hungry.text("a [e-mail address]") == "[word] [e-mail address]" or hungry.text("a [e-mail address]") == "[all]"
    once = hungry.text("anna@example.org and [IBAN]")
    assert hungry.text(once) == once


def test_addresses_beside_each_other() -> None:
    assert MASKER.text("anna@example.org,bob@example.org;<c@d.org>") == f"{EMAIL},{EMAIL};<{EMAIL}>"
    assert MASKER.text("mailto:anna@example.org?subject=x") == f"mailto:{EMAIL}?subject=x"
    assert MASKER.text("https://anna:secret@example.org/x") == f"https://anna:{EMAIL}/x"


@pytest.mark.parametrize(
    "value",
    [
        {"card": 4111111111111111, "price": 12.5, "at": 1763634316123},
        {"text": "first\nanna@example.org\tlast", "quote": '"anna@example.org"'},
        {"anna@example.org": {"list": ["+12125550123", None, True]}},
        {"inner": json.dumps({"phone": "+49 170 1234567", "more": json.dumps(["anna@example.org"])})},
        ["\\anna@example.org", "\u0007anna@example.org", "😀4111111111111111"],
    ],
)
@pytest.mark.parametrize("ascii_only", [True, False])
def test_json_in_a_text_stays_json(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=2)
    masked = MASKER.text(text)
    assert masked != text
    said = json.dumps(json.loads(masked), ensure_ascii=False)
    assert "example.org" not in said
    assert "4111" not in said
    assert "555" not in said
    if isinstance(value, dict) and "inner" in value:
        inner = json.loads(json.loads(masked)["inner"])
        assert inner == {"phone": PHONE, "more": json.dumps([EMAIL])}
    if isinstance(value, dict) and "card" in value:
        assert json.loads(masked) == {**value, "card": CARD}


def test_a_piece_of_json_keeps_its_escapes_whole() -> None:
    assert MASKER.text(r'Result: {"a": "x\nanna@example.org\n"}') == f'Result: {{"a": "x{EMAIL}\\n"}}'


def test_json_is_written_as_it_was() -> None:
    text = '{"a" :  1.50,\n "b":"\\u00e4", "c": "anna@example.org", "d": 1e5}'
    assert MASKER.text(text) == text.replace("anna@example.org", EMAIL)


def test_models_keep_their_ids_and_keys() -> None:
    address = Address("table", {"user_id": "anna@example.org"})
    when = datetime(2026, 11, 20, tzinfo=UTC)
    call = ToolCall("send", {"to": "anna@example.org", "card": Decimal(4111111111111111)}, '{"ok": "+12125550123"}', ToolStatus.OK)
    message = Message(
        1,
        Speaker.USER,
        "I am anna@example.org",
        when,
        (call,),
        {"from": ["anna@example.org"]},
        "anna@example.org",
        1.5,
        address,
        {"n": 4111111111111111},
        ("anna@example.org",),
    )
    masked = MASKER.value(message)
    assert masked.content == f"I am {EMAIL}"
    assert masked.message_id == "anna@example.org"
    assert masked.address is address
    assert masked.tool_calls[0].arguments == {"to": EMAIL, "card": CARD}
    assert masked.tool_calls[0].result == f'{{"ok": "{PHONE}"}}'
    assert (masked.metadata, masked.extra, masked.problems) == ({"from": [EMAIL]}, {"n": CARD}, (EMAIL,))
    assert masked.sent_at is when
    everything = MASKER.everything(message)
    assert (everything.message_id, everything.address.key) == (EMAIL, {"user_id": EMAIL})
    one = Conversation(
        "cg", "c", "anna@example.org", "t@example.org", "For anna@example.org", when, when, 2, "+12125550123", None, (), (), None, None
    )  # fmt: skip
    seen = MASKER.value(one)
    assert (seen.user_id, seen.tenant_id, seen.title, seen.first_user_message) == (one.user_id, one.tenant_id, f"For {EMAIL}", PHONE)


def test_what_holds_no_find_is_the_same_object() -> None:
    value = {"a": [1, Decimal("1.5"), None, True, "text"], "b": ({"c"}, b"\xff", frozenset({"d"})), "when": datetime.now(UTC)}
    assert MASKER.value(value) is value


def test_values_of_every_kind() -> None:
    class Pair(NamedTuple):
        one: str
        two: int

    mail = "anna@example.org"
    assert MASKER.value([mail, (mail,), {mail}, frozenset({mail})]) == [EMAIL, (EMAIL,), {EMAIL}, frozenset({EMAIL})]
    assert MASKER.value(Pair(mail, 1)) == Pair(EMAIL, 1)
    assert MASKER.value(MappingProxyType({"x": mail})) == {"x": EMAIL}
    assert MASKER.value({mail: 1, "bob@example.org": 2, EMAIL: 3}) == {f"{EMAIL} (2)": 1, f"{EMAIL} (3)": 2, EMAIL: 3}
    assert MASKER.value(mail.encode()) == EMAIL.encode()
    assert MASKER.value({"N": "4111111111111111"}) == {"N": CARD}
    assert MASKER.value((Decimal("NaN"), Decimal("1e400"), 10**400, -4111111111111111)) == (
        pytest.approx(Decimal("NaN"), nan_ok=True), Decimal("1e400"), 10**400, f"-{CARD}",
    )  # fmt: skip


def test_what_is_nested_too_deeply_is_not_shown() -> None:
    value: Any = "anna@example.org"
    for _ in range(5000):
        value = [value]
    said = repr(MASKER.value(value))
    assert "anna" not in said
    assert ALL in said


def test_a_text_of_digits_alone_is_masked_without_asking_for_each() -> None:
    for text in ("1 2 3 4 5 6 7 8 9 " * 20_000, "2125550123\n" * 30_000, "4111111111111112 " * 20_000):
        masked = MASKER.text(text)
        assert DIGITS in masked
        assert not any(len(part) > 6 and part.isdigit() for part in masked.split()[5_000:])


def test_hostile_lengths_end() -> None:
    for text in ("a" * 300_000 + "@", "a@" * 150_000, '"@' * 150_000, "a.b@c.d-" * 30_000, "DE89 " * 60_000, "[e-mail address] " * 20_000):
        assert isinstance(MASKER.text(text), str)


def test_half_pairs_and_broken_text() -> None:
    assert MASKER.text("\ud83d anna@example.org") == f"\ud83d {EMAIL}"
    assert MASKER.text('{"a": "\ud83d anna@example.org"') == f'{{"a": "\ud83d {EMAIL}"'
    assert json.loads(MASKER.text('{"a": "\\ud83d anna@example.org"}')) is not None
    assert MASKER.text("") == ""


def _settings(*, local: bool = False) -> Settings:
    from pathlib import Path

    return Settings("aws", Path("unused"), {}, masking=MaskingSettings(local=local))


@pytest.mark.parametrize("role", list(Role))
def test_who_signed_in_sees_masks(role: Role) -> None:
    assert masker_for(Viewer("somebody", frozenset({role}), origin="signed_in"), _settings()) is not None
    assert masker_for(Viewer("somebody", frozenset({role}), origin="anonymous"), _settings()) is not None


def test_who_sits_at_this_machine_sees_none_unless_the_settings_say_so() -> None:
    assert masker_for(LOCAL, _settings()) is None
    assert masker_for(LOCAL, _settings(local=True)) is not None
    assert masker_for(COMMAND_LINE, _settings(local=True)) is None
    assert masker_for(Viewer("nobody"), _settings()) is not None
