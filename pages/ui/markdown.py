"""The one way in which stored text reaches the page. Nothing of it is fetched, followed, run or taken as a command."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import streamlit as st

from pages.ui.hidden import reveal, reveal_json
from pages.ui.rewrite import LENGTH_LIMIT, Block, code, escape, rewrite

__all__ = ["blocks", "code", "escape", "json_lines", "reveal", "reveal_json", "show", "title"]

_ATOMS = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
# Code this long scrolls in a box of its own instead of filling the page.
TALL_CODE_LINES = 40
TALL_HEIGHT = 480


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
