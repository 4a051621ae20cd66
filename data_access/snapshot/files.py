"""Where the snapshot's files are: a folder of this machine, or a bucket of S3. Paths are relative, with slashes.

Only whole files are read and written here; what they mean is the store's business. Both raise what their system raises:
`trouble` of data_access.snapshot.trouble makes a sentence of it.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import botocore.session
from botocore.config import Config
from botocore.exceptions import ClientError

_CONCURRENCY = 8
_PRECONDITION = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


@dataclass(frozen=True, slots=True)
class Found:
    """One file: its size in bytes, and when it was last written."""

    size: int
    written_at: datetime


class Files(Protocol):
    """What the store asks of a place."""

    @property
    def is_local(self) -> bool: ...

    @property
    def options(self) -> dict[str, str] | None:
        """What delta-rs needs to reach it; None for a folder."""
        ...

    def uri(self, path: str) -> str: ...

    def read(self, path: str) -> bytes | None:
        """None where there is no such file."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """All of it or nothing."""
        ...

    def create(self, path: str, data: bytes) -> bool:
        """False where there is such a file already."""
        ...

    def put(self, path: str, local: Path) -> None:
        """Move a file of this machine there."""
        ...

    def listed(self, folder: str) -> Mapping[str, Found]:
        """Every file below."""
        ...

    def delete(self, paths: Iterable[str]) -> None: ...

    def move(self, folder: str, to: str) -> None: ...


def open_files(place: str) -> Files:
    return Bucket(place) if place.startswith("s3://") else Folder(Path(place))


class Folder:
    """A folder that only its owner can look into."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    @property
    def is_local(self) -> bool:
        return True

    @property
    def options(self) -> dict[str, str] | None:
        return None

    def uri(self, path: str) -> str:
        return str(self.root / path)

    def read(self, path: str) -> bytes | None:
        try:
            return (self.root / path).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, path: str, data: bytes) -> None:
        target = self.root / path
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        self._make(target.parent)
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)

    def create(self, path: str, data: bytes) -> bool:
        target = self.root / path
        part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        self._make(target.parent)
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(data)
            os.link(part, target)  # a rename would replace what somebody else has just made
        except FileExistsError:
            return False
        finally:
            part.unlink(missing_ok=True)
        return True

    def put(self, path: str, local: Path) -> None:
        target = self.root / path
        self._make(target.parent)
        local.chmod(0o600)
        shutil.move(local, target)

    def listed(self, folder: str) -> Mapping[str, Found]:
        found: dict[str, Found] = {}
        for top, _, names in os.walk(self.root / folder):
            for name in names:
                path = Path(top, name)
                try:
                    stat = path.stat()
                except FileNotFoundError:
                    continue  # somebody else tidies up too
                found[path.relative_to(self.root).as_posix()] = Found(stat.st_size, datetime.fromtimestamp(stat.st_mtime, UTC))
        return found

    def delete(self, paths: Iterable[str]) -> None:
        for path in paths:
            (self.root / path).unlink(missing_ok=True)

    def move(self, folder: str, to: str) -> None:
        target = self.root / to
        self._make(target.parent)
        (self.root / folder).rename(target)

    def tighten(self) -> None:
        """delta-rs makes its files with the usual mode: take it back, for whoever opens the folder up later."""
        self._make(self.root)
        for top, folders, names in os.walk(self.root):
            for name in folders:
                _restrict(Path(top, name), 0o700)
            for name in names:
                _restrict(Path(top, name), 0o600)

    def _make(self, folder: Path) -> None:
        # One after the other: mkdir gives a parent that it makes the usual mode.
        if not folder.is_dir():
            self._make(folder.parent)
            folder.mkdir(mode=0o700, exist_ok=True)


def _restrict(path: Path, mode: int) -> None:
    try:
        if path.stat().st_mode & 0o077:
            path.chmod(mode)
    except FileNotFoundError:
        pass


class Bucket:
    """A prefix of a bucket, reached as the standard AWS variables, profiles and roles say."""

    def __init__(self, place: str) -> None:
        parts = urlsplit(place)
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/")
        session = botocore.session.Session()
        region = session.get_config_variable("region") or "us-east-1"
        self._endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        # An endpoint that is not AWS's own often has no names for buckets: the path says it.
        style: dict[str, Any] = {"s3": {"addressing_style": "path"}} if self._endpoint else {}
        config = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=3, read_timeout=30, **style)
        self._session, self._region = session, region
        self._client: Any = session.create_client("s3", region_name=region, endpoint_url=self._endpoint, config=config)

    @property
    def is_local(self) -> bool:
        return False

    @property
    def options(self) -> dict[str, str] | None:
        # delta-rs knows neither profiles nor SSO: it gets what botocore found.
        credentials = self._session.get_credentials()
        found: dict[str, str] = {"AWS_REGION": self._region}
        if credentials is not None:
            frozen = credentials.get_frozen_credentials()
            found |= {"AWS_ACCESS_KEY_ID": str(frozen.access_key), "AWS_SECRET_ACCESS_KEY": str(frozen.secret_key)}
            if frozen.token:
                found["AWS_SESSION_TOKEN"] = str(frozen.token)
        if self._endpoint:
            found["AWS_ENDPOINT_URL"] = self._endpoint
            if self._endpoint.startswith("http://"):
                found["AWS_ALLOW_HTTP"] = "true"
        return found

    def uri(self, path: str) -> str:
        return f"s3://{self._bucket}/{self._key(path)}"

    def read(self, path: str) -> bytes | None:
        try:
            body: bytes = self._client.get_object(Bucket=self._bucket, Key=self._key(path))["Body"].read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                return None
            raise
        return body

    def write(self, path: str, data: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=self._key(path), Body=data)

    def create(self, path: str, data: bytes) -> bool:
        try:
            self._client.put_object(Bucket=self._bucket, Key=self._key(path), Body=data, IfNoneMatch="*")
        except ClientError as error:
            if str(error.response.get("Error", {}).get("Code")) in _PRECONDITION:
                return False
            raise
        return True

    def put(self, path: str, local: Path) -> None:
        with local.open("rb") as file:
            self._client.put_object(Bucket=self._bucket, Key=self._key(path), Body=file)
        local.unlink()

    def listed(self, folder: str) -> Mapping[str, Found]:
        found: dict[str, Found] = {}
        start = len(self._prefix) + 1 if self._prefix else 0
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._key(folder.rstrip("/") + "/")):
            for one in page.get("Contents", ()):
                found[one["Key"][start:]] = Found(one["Size"], one["LastModified"])
        return found

    def delete(self, paths: Iterable[str]) -> None:
        def one(path: str) -> None:
            self._client.delete_object(Bucket=self._bucket, Key=self._key(path))

        with ThreadPoolExecutor(_CONCURRENCY) as pool:
            list(pool.map(one, paths))

    def move(self, folder: str, to: str) -> None:
        paths = list(self.listed(folder))
        for path in paths:
            source = {"Bucket": self._bucket, "Key": self._key(path)}
            self._client.copy_object(Bucket=self._bucket, Key=self._key(to + path[len(folder) :]), CopySource=source)
        self.delete(paths)

    def _key(self, path: str) -> str:
        return f"{self._prefix}/{path}" if self._prefix else path
