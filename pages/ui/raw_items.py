"""Stored items as DynamoDB keeps them: where each lies, and its own JSON with types and every digit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from data_access.conversations import StoredItem
from data_access.items.values import to_json
from data_access.models import Address
from pages.ui import big_field
from pages.ui.untrusted import code, reveal_json

PAGE_ITEMS = 10
# {"S": "text"} on one line. A line end in JSON is never part of a string.
_LEAF = re.compile(r'\{\n\s+("(?:S|N|B|BOOL|NULL)": (?:"(?:[^"\\]|\\.)*"|true|false))\n\s+\}')


def show_all(items: Sequence[StoredItem], names: Callable[[str], str], *, key: str) -> None:
    """Every item that a conversation was read from, a few at a time. `names`: how the values of keys are shown."""
    count = -(-len(items) // PAGE_ITEMS)
    page = st.pagination(count, key=f"{key}-page") if count > 1 else 1
    for place, item in enumerate(items[(page - 1) * PAGE_ITEMS : page * PAGE_ITEMS]):
        show(item, names, key=f"{key}-{(page - 1) * PAGE_ITEMS + place}")


def show(item: StoredItem, names: Callable[[str], str], *, key: str) -> None:
    """One item: address, then JSON. A field that is too big is cut out of it and shown by its head."""
    st.markdown(where(item.address, names))
    small, big = _without_big(item.wire)
    text = _LEAF.sub(r"{\1}", to_json(small, indent=2))
    if big_field.is_big(text):
        big_field.show(to_json(small), key=f"{key}-all", file_name="item.json", language="json", head=text)
    else:
        st.code(reveal_json(text), language="json", wrap_lines=True, height=420 if text.count("\n") > 30 else "content")
    for place, (path, value) in enumerate(big):
        st.caption(f"Field {code(path)}")
        big_field.show(value, key=f"{key}-big-{place}", file_name="field.txt")


def where(address: Address, names: Callable[[str], str]) -> str:
    """Table, key and index of an item, as Markdown."""
    key = ", ".join(f"{name} = {names(to_json(value))}" for name, value in address.key.items())
    index = f" :gray[through the index] {code(address.index)}" if address.index else ""
    return f":gray[Table] {code(address.table)} :gray[key] {code(key)}{index}"


def _without_big(wire: Mapping[str, Any]) -> tuple[Any, list[tuple[str, str]]]:
    big: list[tuple[str, str]] = []

    def walk(value: Any, path: str) -> Any:
        if isinstance(value, str):
            if not big_field.is_big(value):
                return value
            big.append((path, value))
            return f"({big_field.size(value) / 1024:,.0f} KB, shown below)"
        if isinstance(value, Mapping):
            return {name: walk(part, f"{path}.{name}" if path else str(name)) for name, part in value.items()}
        if isinstance(value, list):
            return [walk(part, f"{path}[{place}]") for place, part in enumerate(value)]
        return value

    return walk(wire, ""), big
