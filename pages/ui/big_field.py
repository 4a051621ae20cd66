"""A field too big to be read on a page: its head, its size, and the whole of it as a file."""

from __future__ import annotations

from functools import partial

import streamlit as st

from pages.ui.untrusted import reveal

# Browsers freeze on fields of some megabytes; an item of DynamoDB is at most 400 KB, with its attributes' names.
LIMIT_BYTES = 256 * 1024
HEAD_CHARACTERS = 4_000
HEAD_HEIGHT = 260


def size(text: str) -> int:
    """The size of a text in bytes, as DynamoDB counts it."""
    # No character takes more than four bytes: most texts need not be encoded to know that they are small.
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def is_big(text: str) -> bool:
    return len(text) * 4 > LIMIT_BYTES and size(text) > LIMIT_BYTES


def show(text: str, *, key: str, file_name: str, language: str | None = None, head: str | None = None) -> None:
    """The head of a big text, its size, and a button for all of it. `head` is a form of it that reads better."""
    st.code(reveal((head or text)[:HEAD_CHARACTERS]) + "\n…", language=language, wrap_lines=True, height=HEAD_HEIGHT)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"Only the beginning of {len(text):,} characters, {size(text) / 1024:,.0f} KB in all.", width="content")
        st.download_button(
            "Download all of it",
            partial(_bytes, text),
            file_name=file_name,
            mime="text/plain",
            icon=":material/download:",
            on_click="ignore",
            type="tertiary",
            key=key,
        )


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")
