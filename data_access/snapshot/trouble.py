"""What the disk, Delta Lake, DuckDB and S3 complain of, as one sentence."""

from __future__ import annotations

import errno
from collections.abc import Generator
from contextlib import contextmanager

import duckdb
import pyarrow as pa
from botocore.exceptions import BotoCoreError, ClientError
from deltalake.exceptions import CommitFailedError, DeltaError

from data_access.errors import SnapshotError, SyncConflict

_FULL = ("no space left", "disk quota exceeded", "file too large", "os error 28", "could not write all bytes")
_REFUSED = ("permission denied", "read-only file system", "not a directory", "os error 13", "os error 20", "os error 30")


@contextmanager
def trouble(doing: str, place: str) -> Generator[None]:
    """Turns what goes wrong inside into a SnapshotError. `doing` is what was under way, as in "The snapshot cannot be written"."""
    try:
        yield
    except CommitFailedError as error:
        raise SyncConflict(f"{doing}: another process wrote to it at the same moment.", "Run the sync again.") from error
    except (OSError, DeltaError, duckdb.OperationalError, duckdb.InvalidInputException, pa.ArrowException) as error:
        raise _said(doing, place, error) from error
    except (ClientError, BotoCoreError) as error:
        code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else type(error).__name__
        raise SnapshotError(
            f"{doing}: S3 refused ({code}).", "Check snapshot.place in dynascope.toml and that this identity may read and write there."
        ) from error


def _said(doing: str, place: str, error: Exception) -> SnapshotError:
    number = error.errno if isinstance(error, OSError) else None
    text = str(error).lower()
    if number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or any(word in text for word in _FULL):
        return SnapshotError(
            f"{doing}: the disk is full.", f"Make room under {place}; nothing is lost, and the next sync goes on from what was read."
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR) or any(word in text for word in _REFUSED):
        return SnapshotError(f"{doing}: {place} cannot be written to.", "Give it to this user, or set snapshot.place or DYNASCOPE_STATE.")
    if isinstance(error, duckdb.OutOfMemoryException):
        return SnapshotError(f"{doing}: there is not enough memory.", "Close other programs, and run the sync again.")
    return SnapshotError(f"{doing} ({type(error).__name__}).", "Run a full sync: what cannot be read is set aside and built again.")
