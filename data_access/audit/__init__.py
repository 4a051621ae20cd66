"""What was done, by whom and when, without a word about whom it was done to: a chain of hashes in the control table."""

from data_access.audit.chain import Audit, Entry
from data_access.audit.checking import Verdict, verify

__all__ = ["Audit", "Entry", "Verdict", "verify"]
