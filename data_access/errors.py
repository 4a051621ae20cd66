"""Every failure that a person can meet, as one sentence and what to do about it.

    DataAccessError             the one class that pages and the command line catch
    ├── UsageError              the question itself is wrong: exit 2 on the command line
    ├── SpecError               a system's TOML file is wrong
    ├── SettingsError           dynascope.toml or an environment variable is wrong
    ├── NotFound                nothing is stored under that id
    ├── Ambiguous               several conversations have that id
    ├── ScanRefused             a Scan above the budget that nobody confirmed
    ├── EngineError             the local engine does not start, or is gone
    ├── SnapshotError           the snapshot cannot be read or written
    │   ├── SnapshotOff         the configuration turned it off
    │   ├── SyncRunning         another sync is at work here
    │   ├── SyncStopped         somebody stopped the sync
    │   └── SyncConflict        another replica wrote at the same moment
    ├── Denied                  the viewer's roles or limits do not allow it
    │   ├── SignInAgain         a destructive step needs a fresh sign-in
    │   └── SignInEnded         the sign-in is over: expired, idle, or ended in another tab
    ├── KeyFileError            a key of this installation is missing, broken or open to others
    ├── ErasureError            an erasure cannot be planned, or cannot go on
    │   ├── ErasureOff          the configuration does not allow it here
    │   ├── NotConfirmed        the typed id is not the plan's, or a second person has not approved
    │   ├── PlanChanged         what was approved is not what is stored
    │   ├── WrongState          the job is not where this step starts
    │   ├── SubjectBusy         another open job has this subject
    │   ├── LeaseLost           another worker took the job over
    │   ├── ForeignOwner        an item of the plan is somebody else's
    │   ├── SchemaDrift         a live table is not laid out as its system says
    │   └── TooMuch             more than this installation allows at once, or than can be kept
    ├── AuditError              the audit cannot be written: nothing is done without it
    │   └── AuditBroken         the audit was changed by somebody else
    └── AwsError                DynamoDB or the way to it refused
        ├── TableMissing
        ├── AccessDenied
        ├── Throttled
        ├── Unreachable
        └── CredentialsMissing

A message names tables and indexes, never a key, a user id or a text of a conversation.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class DataAccessError(Exception):
    """A failure that is shown to a person: `sentence` says what failed, `remedy` what to do.

    `service` is the one of AWS that failed: DynamoDB, CloudWatch, the Price List. For other failures it says nothing.
    """

    code = "failed"

    def __init__(
        self, sentence: str, remedy: str = "", *, table: str | None = None, index: str | None = None, service: str = "DynamoDB"
    ) -> None:
        super().__init__(sentence)
        self.service = service
        self.sentence = sentence
        self.remedy = remedy
        self.table = table
        self.index = index

    def __str__(self) -> str:
        return f"{self.sentence} {self.remedy}".strip()


class UsageError(DataAccessError):
    code = "usage"


class SpecError(DataAccessError):
    code = "bad_spec"


class SettingsError(DataAccessError):
    code = "bad_settings"


class NotFound(DataAccessError):
    code = "not_found"


class Ambiguous(DataAccessError):
    """Several users' conversations share an id: `candidates` are the conversations to choose from."""

    code = "ambiguous"

    def __init__(self, sentence: str, remedy: str = "", *, candidates: Sequence[Any] = ()) -> None:
        super().__init__(sentence, remedy)
        self.candidates = tuple(candidates)


class ScanRefused(DataAccessError):
    """A Scan would read more than the budget, and nobody said that it may."""

    code = "scan_refused"

    def __init__(self, sentence: str, remedy: str = "", *, estimated_units: float | None, budget: float, table: str | None = None) -> None:
        super().__init__(sentence, remedy, table=table)
        self.estimated_units = estimated_units
        self.budget = budget


class EngineError(DataAccessError):
    code = "engine"


class SnapshotError(DataAccessError):
    code = "snapshot"


class SnapshotOff(SnapshotError):
    code = "snapshot_off"


class SyncRunning(SnapshotError):
    code = "sync_running"


class SyncStopped(SnapshotError):
    code = "sync_stopped"


class SyncConflict(SnapshotError):
    code = "sync_conflict"


class Denied(DataAccessError):
    """`action` is the name of what was asked for, for the audit; `audited` is set where that is done, so that it is done once."""

    code = "denied"
    audited = False

    def __init__(self, sentence: str, remedy: str = "", *, action: str | None = None) -> None:
        super().__init__(sentence, remedy)
        self.action = action


class SignInAgain(Denied):
    code = "sign_in_again"


class SignInEnded(Denied):
    code = "sign_in_ended"


class KeyFileError(DataAccessError):
    code = "key_file"


class ErasureError(DataAccessError):
    code = "erasure"


class ErasureOff(ErasureError):
    code = "erasure_off"


class NotConfirmed(ErasureError):
    code = "not_confirmed"


class PlanChanged(ErasureError):
    code = "plan_changed"


class WrongState(ErasureError):
    code = "wrong_state"


class SubjectBusy(ErasureError):
    """`plan_id` is the open job that has the subject already."""

    code = "subject_busy"

    def __init__(self, sentence: str, remedy: str = "", *, plan_id: str) -> None:
        super().__init__(sentence, remedy)
        self.plan_id = plan_id


class LeaseLost(ErasureError):
    code = "lease_lost"


class ForeignOwner(ErasureError):
    code = "foreign_owner"


class SchemaDrift(ErasureError):
    code = "schema_drift"


class TooMuch(ErasureError):
    code = "too_much"


class AuditError(DataAccessError):
    code = "audit"


class AuditBroken(AuditError):
    code = "audit_broken"


class AwsError(DataAccessError):
    code = "aws"


class TableMissing(AwsError):
    code = "no_table"


class AccessDenied(AwsError):
    code = "no_permission"


class Throttled(AwsError):
    code = "throttled"


class Unreachable(AwsError):
    code = "no_network"


class CredentialsMissing(AwsError):
    code = "no_credentials"
