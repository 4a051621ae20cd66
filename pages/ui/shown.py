"""Ids as a viewer may see them: many a user's id is their address. What is looked up with an id is the id itself, never this.

A masked id keeps four letters of its own, so that two rows stay two and a choice stays one. They are made with a random key of
the session: they say nothing about the id, and mean nothing tomorrow or to anybody else.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from data_access.access.viewer import Viewer
from data_access.conversations import Replay
from data_access.masking.masker import Masker, masker_for
from data_access.models import Conversation
from pages.ui import access, load

_KEY = "shown_key"
_LETTERS = "bcdfghjkmnpqrstvwxz"
_TAG_LETTERS = 4
# What rows of charts and tables call an id.
_ID_COLUMNS = frozenset({"user", "user_id", "tenant", "tenant_id", "conversation", "conversation_id"})


@dataclass(frozen=True, slots=True)
class Names:
    """How one viewer sees ids. It needs no page, so a file that is made later can use it."""

    masker: Masker | None = None
    key: bytes = field(default=b"", repr=False)

    def __call__(self, text: str) -> str:
        """The id, or a word with a tag in its place."""
        if self.masker is None or (masked := self.masker.text(text)) == text:
            return text
        return f"{masked} {self._tag(text)}"

    def _tag(self, text: str) -> str:
        digest = hmac.digest(self.key, text.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:_TAG_LETTERS])

    def maybe(self, text: str | None) -> str | None:
        return None if text is None else self(text)

    def all(self, texts: Iterable[str | None]) -> list[str | None]:
        return [self.maybe(text) for text in texts]

    def conversation(self, one: Conversation) -> Conversation:
        """A conversation to draw or to write into a file. To open it, take the one that was read."""
        if self.masker is None:
            return one
        user, tenant = self.maybe(one.user_id), self.maybe(one.tenant_id)
        conversation_id = self(one.conversation_id)
        if one.user_id and user != one.user_id and one.user_id in conversation_id:
            # Some ids are made of the user's, without anything around it that would let it be found.
            conversation_id = f"{self.masker.text(one.user_id)} {self._tag(one.conversation_id)}"
        if (conversation_id, user, tenant) == (one.conversation_id, one.user_id, one.tenant_id):
            return one
        return replace(one, conversation_id=conversation_id, user_id=user, tenant_id=tenant)

    def conversations(self, several: Sequence[Conversation]) -> Sequence[Conversation]:
        return several if self.masker is None else [self.conversation(one) for one in several]

    def replay(self, found: Replay) -> Replay:
        """A replay to write into a file: every id and key in it is as it is shown."""
        if self.masker is None:
            return found
        named = self.conversation(found.conversation)
        conversation = replace(
            self.masker.everything(found.conversation),
            conversation_id=named.conversation_id,
            user_id=named.user_id,
            tenant_id=named.tenant_id,
        )
        return replace(found, conversation=conversation, messages=self.masker.everything(found.messages))

    def row(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        """A row of a table or chart with its ids."""
        if self.masker is None:
            return row
        return {name: self(value) if name in _ID_COLUMNS and isinstance(value, str) else value for name, value in row.items()}


# For what has no id in it, and for a conversation that was revealed.
AS_STORED = Names()


def names(viewer: Viewer | None = None) -> Names:
    """How this viewer, else the one of this session, sees ids. Raises SettingsError."""
    masker = masker_for(viewer or access.viewer(), load.settings())
    return AS_STORED if masker is None else Names(masker, _key())


def shown(viewer: Viewer, text: str) -> str:
    """One id as this viewer sees it."""
    return names(viewer)(text)


def _key() -> bytes:
    if _KEY not in st.session_state:
        st.session_state[_KEY] = secrets.token_bytes(16)
    found: bytes = st.session_state[_KEY]
    return found
