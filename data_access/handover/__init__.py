"""Handing a person's data over: one ZIP with everything, and where it waits until it is fetched.

write_archive(sources, person, target) -> Manifest     every stored item, readable and machine-readable, streamed
Vault(state)                                            waiting files, each for one identity, for an hour at most
"""

from data_access.handover.archive import Manifest, write_archive
from data_access.handover.vault import Vault, Waiting

__all__ = ["Manifest", "Vault", "Waiting", "write_archive"]
