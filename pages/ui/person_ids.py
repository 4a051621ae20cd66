"""A user's id on a page: shown so that nothing in it hides, shortened where it must not be copied, compared byte for byte."""

from __future__ import annotations

import unicodedata

from data_access.erasure.neighbours import bytes_view
from pages.ui import untrusted
from pages.ui.hidden import reveal

_PLAIN_EDGES = 2


def show(user_id: str) -> None:
    """The id as plain text; its bytes where they are not what they seem."""
    untrusted.text(user_id)
    if not is_plain(user_id):
        untrusted.text(f"Byte for byte: {bytes_view(user_id)}")


def is_plain(user_id: str) -> bool:
    """Whether what is seen is all that there is."""
    return user_id.isascii() and user_id.isprintable() and " " not in user_id


def masked(user_id: str) -> str:
    """Its beginning, its end and its length: enough to know it by, nothing to copy into a field that asks for it."""
    length = f"{len(user_id):,} character{'' if len(user_id) == 1 else 's'}"
    if len(user_id) < 4 * _PLAIN_EDGES:
        return f"{reveal(user_id[:1])}… ({length})"
    return f"{reveal(user_id[:_PLAIN_EDGES])}…{reveal(user_id[-_PLAIN_EDGES:])} ({length})"


def is_same(meant: str, typed: str) -> bool:
    """Byte for byte. What the browser says about it does not count: the worker's side compares again."""
    return meant.encode("utf-8", "surrogatepass") == typed.encode("utf-8", "surrogatepass")


def why_not(meant: str, typed: str) -> str | None:
    """What is wrong with a typed id, without saying what would be right; None when nothing is."""
    if is_same(meant, typed):
        return None
    if not typed:
        return "Type the id to go on."
    if meant.strip() == typed.strip():
        return "Not the same id: one of the two begins or ends with a blank that the other does not have."
    if meant.casefold() == typed.casefold():
        return "Not the same id: capital and small letters count."
    if unicodedata.normalize("NFKC", meant) == unicodedata.normalize("NFKC", typed):
        return "Not the same id: it looks the same and is written with other characters."
    return "This is not the id of the plan."
