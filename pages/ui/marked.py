"""A part of a stored text with the words that were searched for marked in it, as Markdown that can do nothing but be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pages.ui.hidden import reveal
from pages.ui.untrusted import escape


def snippet(text: str, marks: Sequence[tuple[int, int]], cut: tuple[bool, bool] = (False, False)) -> str:
    """One line of Markdown. `marks` are half-open ranges of `text`, `cut` says on which sides something is left out.

    Each stretch is made harmless by itself. Two of them cannot become a command together: the mark between them is an
    element of its own, and what is inside it is escaped as well.
    """
    made = "".join(_parts(text, marks))
    return f"{'… ' if cut[0] else ''}{made}{' …' if cut[1] else ''}"


def _parts(text: str, marks: Sequence[tuple[int, int]]) -> Iterator[str]:
    end = 0
    for first, last in sorted(marks):
        if first < end or last > len(text):
            continue
        yield _plain(text[end:first])
        yield _marked(text[first:last])
        end = last
    yield _plain(text[end:])


def _plain(text: str) -> str:
    """`escape` leaves out the spaces at both ends, which stand between words here."""
    made = escape(text)
    if not made:
        return " " if text else ""
    return f"{' ' if text[0].isspace() else ''}{made}{' ' if text[-1].isspace() else ''}"


def _marked(text: str) -> str:
    made = escape(text)
    # An address or another command is written as code, and brackets inside code could end the mark too early.
    return made if not made or _has_code(made) else f":orange-background[{made}]"


def _has_code(made: str) -> bool:
    return "`" in made.replace("\\`", "")


def words_at(text: str, marks: Sequence[tuple[int, int]]) -> str:
    """The first marked words as they are written: what the replay looks for in the conversation."""
    first, last = min(marks, default=(0, 0))
    found = " ".join(text[first:last].split())
    return found if reveal(found) == found else ""
