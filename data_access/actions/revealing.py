"""To see one conversation without masks: for a reason of a closed list, written to the audit before anything is shown.

    grant = reveal(by, sources, conversation, Reason.SUPPORT, hashed=...)       the audit has it now, or this raised
    replay_revealed(by, settings, sources, wanted, grant, hashed=...)           the same as actions.conversations.replay, unmasked

A grant is for one person's one sign-in and one conversation. Whoever holds it is asked for the role at every use again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from data_access.access.permissions import Action
from data_access.access.viewer import Viewer
from data_access.actions.asking import Asking, action, check_tenant
from data_access.actions.conversations import read_replay
from data_access.actions.limits import source_of
from data_access.audit.events import Revealed
from data_access.conversations import Replay
from data_access.dynamo.aws import Source
from data_access.errors import Denied
from data_access.models import Conversation, Filter
from data_access.settings import Settings

# Keys.conversation of this installation. The keys are opened when it is called: raises KeyFileError, AwsError.
Hashed = Callable[[Conversation], str]


class Reason(StrEnum):
    """Why personal data is looked at. The value is the code in the audit."""

    SUPPORT = "support_request"
    LEGAL = "legal_request"
    FAULT = "debugging_a_fault"
    SAFETY = "safety"


@dataclass(frozen=True, slots=True)
class Grant:
    """What a reveal leaves: the keyed hash of the conversation, and whose it is."""

    conversation: str = field(repr=False)
    reason: Reason
    actor: str
    session: str = field(repr=False)

    def is_of(self, viewer: Viewer) -> bool:
        """Whether this very sign-in made it, and could make it now."""
        return (self.actor, self.session) == (viewer.actor, viewer.session) and viewer.may(Action.REVEAL)


@action(Action.REVEAL)
def reveal(by: Asking, sources: Mapping[str, Source], conversation: Conversation, reason: Reason, *, hashed: Hashed) -> Grant:
    """Raises Denied, UsageError, and whatever keeps the audit from being written: then nothing may be shown."""
    check_tenant(by, source_of(by, sources, conversation.system), conversation.tenant_id)
    said = Reason(reason)
    which = hashed(conversation)
    by.audit(Revealed(by.viewer.actor, conversation.system, which, said.value))
    return Grant(which, said, by.viewer.actor, by.viewer.session)


@action(Action.REVEAL)
def check_grant(by: Asking, grant: Grant) -> None:
    """Before what was read for a grant is used again. Raises Denied for another's, or an ended sign-in's."""
    if not grant.is_of(by.viewer):
        raise Denied("This was revealed to somebody else.", "Reveal it yourself, with your own reason.")


@action(Action.REVEAL)
def replay_revealed(
    by: Asking,
    settings: Settings,
    sources: Mapping[str, Source],
    wanted: Filter,
    grant: Grant,
    *,
    hashed: Hashed,
    allow_scan: bool = False,
) -> Replay:
    """The conversation as it is stored. Raises Denied where it is not the one that was revealed, and as `replay` does."""
    check_grant(by, grant)
    found = read_replay(by, settings, sources, wanted, allow_scan=allow_scan)
    if hashed(found.conversation) != grant.conversation:
        raise Denied("This is not the conversation that was revealed.", "Reveal this one, with a reason.")
    return found
