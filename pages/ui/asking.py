"""Who asks, as the actions of data_access want it: the viewer, and the audit that is written to when it is needed."""

from __future__ import annotations

from data_access.actions.asking import Asking
from data_access.audit.events import Event
from pages.ui import access, load_people


def asking() -> Asking:
    """Whoever opened this session. Asked anew at each click, so that a role that was taken away is not used once more."""
    return Asking(access.viewer(), _write)


def _write(event: Event) -> object:
    """The audit is opened here, so that a page that writes nothing needs none. Raises AwsError, KeyFileError, AuditError."""
    return load_people.audit().write(event)
