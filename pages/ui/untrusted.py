"""The one way in which text that is not the program's own reaches the page: stored, typed, out of an address or an error.

Nothing of it is fetched, followed, run or taken as a command, and what cannot be seen is written out. Streamlit takes labels,
titles, tooltips, captions and messages as Markdown, so such text goes through `escape`, `code` or `title` first; a message is
shown by `blocks` and `show`, a sentence by `text`, cells by `table`. tests/test_untrusted_text.py reads that from the source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pyarrow as pa
import pyarrow.compute as _compute
import streamlit as st

from pages.ui.hidden import reveal, reveal_json
from pages.ui.rewrite import LENGTH_LIMIT, Block, code, escape, rewrite

__all__ = ["blocks", "code", "escape", "json_lines", "reveal", "reveal_json", "show", "table", "text", "title"]

_pc = cast("Any", _compute)
_PLAIN_ASCII = "^[ -~]*$"
_ATOMS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
# Code this long scrolls in a box of its own instead of filling the page.
TALL_CODE_LINES = 40
TALL_HEIGHT = 480


def text(words: str, **look: Any) -> None:
    """A sentence exactly as it is written, but for what cannot be seen."""
    st.text(reveal(words), **look)


def table(data: pa.Table | Mapping[str, Sequence[Any]], **look: Any) -> Any:
    """A table of cells. They are drawn as text and never as Markdown; here what cannot be seen in them is written out.

    `look` are the parameters of `st.dataframe`.
    """
    shown: Any
    if isinstance(data, pa.Table):
        shown = data
        for place, name in enumerate(data.column_names):
            if (cells := _revealed(data.column(name))) is not None:
                shown = shown.set_column(place, name, cells)
    else:
        shown = {name: [_cell(value) for value in values] for name, values in data.items()}
    return st.dataframe(shown, **look)


def _revealed(column: pa.ChunkedArray) -> pa.Array | None:
    """The column with its texts revealed; None when there is nothing to do, which is by far the most."""
    leaves = column
    while pa.types.is_list(leaves.type) or pa.types.is_large_list(leaves.type):
        leaves = _pc.list_flatten(leaves)
    if not (pa.types.is_string(leaves.type) or pa.types.is_large_string(leaves.type)):
        return None
    if _pc.all(_pc.match_substring_regex(leaves, _PLAIN_ASCII)).as_py() is not False:
        return None
    return pa.array([_cell(value) for value in column.to_pylist()], column.type)


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return reveal(value)
    return [_cell(one) for one in value] if isinstance(value, list | tuple) else value


def blocks(text: str, *, plain: bool = False, mark: str = "") -> tuple[Block, ...]:
    """What a stored text is made of, safe to show. Pure, so that a caller may keep it."""
    if not text.strip():
        return ()
    if plain:
        return (Block("text", reveal(text)),)
    as_json = _json(text)
    return (Block("code", as_json, "json"),) if as_json else rewrite(text, mark=mark)


def show(made: Sequence[Block]) -> None:
    """Put blocks on the page, one element each."""
    for block in made:
        match block.kind:
            case "markdown":
                st.markdown(block.body, anchors=False)
            case "code":
                tall = block.body.count("\n") >= TALL_CODE_LINES
                st.code(block.body, language=block.language, wrap_lines=True, height=TALL_HEIGHT if tall else "content")
            case "text":
                # A wall of text scrolls in a box of its own too.
                with st.container(height=TALL_HEIGHT if len(block.body) > LENGTH_LIMIT else "content"):
                    st.text(block.body, width="stretch")


def title(text: str, *, limit: int = 90) -> str:
    """The first words of a stored text as Markdown for a heading or a label."""
    line = " ".join(reveal(text[: limit * 8]).split())
    cut = line if len(line) <= limit else f"{line[: line.rfind(' ', limit // 2, limit) if ' ' in line[limit // 2 : limit] else limit]}…"
    return escape(cut)


def _json(text: str) -> str | None:
    """The text as indented JSON, when it is a JSON object or list."""
    stripped = text.strip()
    if len(stripped) < 3 or (stripped[0], stripped[-1]) not in (("{", "}"), ("[", "]")):
        return None
    try:
        json.loads(stripped)
    except (ValueError, RecursionError):
        return None
    return json_lines(stripped)


def json_lines(text: str) -> str:
    """Valid JSON, indented. Its atoms are not touched: every digit and every escape stays as it was stored."""
    lines: list[str] = [""]
    depth = 0
    atoms: list[str] = _ATOMS.findall(reveal_json(text))
    for place, atom in enumerate(atoms):
        following = atoms[place + 1] if place + 1 < len(atoms) else ""
        if atom in ("{", "["):
            lines[-1] += atom
            depth += 1
            if following not in ("}", "]"):
                lines.append("  " * depth)
        elif atom in ("}", "]"):
            depth -= 1
            if atoms[place - 1] in ("{", "["):
                lines[-1] += atom
            else:
                lines.append("  " * depth + atom)
        elif atom == ",":
            lines[-1] += atom
            lines.append("  " * depth)
        else:
            lines[-1] += f"{atom} " if atom == ":" else atom
    return "\n".join(lines)
