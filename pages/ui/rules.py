"""What is asked of the configuration while the server runs: who has which role, and whether it may serve anybody at all.

The rest of the settings is read once. Roles are read again when dynascope.toml has changed, so that one that was taken away is gone
at the next click and not at the next start.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from data_access.access.settings import AccessSettings
from data_access.access.start import refusals
from data_access.errors import DataAccessError, SettingsError
from data_access.settings import Settings, load_settings

EVERY_SECONDS = 2.0
_log = logging.getLogger("dynascope.access")


class _Rules:
    """Of this process, from any thread. They belong to the settings that they came with: with other settings they begin anew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mode: str | None = None
        self._settings: Settings | None = None
        self._access: AccessSettings | None = None
        self._refusals: tuple[str, ...] = ()
        self._stamp: object = None
        self._looked = 0.0

    def check(self, settings: Settings) -> AccessSettings:
        """Raises SettingsError where this server may serve nobody, or where the file is wrong by now: then nobody has a role."""
        with self._lock:
            self._mode = self._mode or settings.mode
            if settings.mode != self._mode:
                # A file that is gone reads as local mode, which is open to everybody.
                raise SettingsError("This server began in another mode.", "Correct the configuration, or start it again.")
            if settings is not self._settings:
                self._refusals = tuple(refused(settings))
                self._settings, self._access, self._stamp, self._looked = settings, settings.access, _stamp(), time.monotonic()
            elif time.monotonic() - self._looked >= EVERY_SECONDS:
                self._looked = time.monotonic()
                if (stamp := _stamp()) != self._stamp:
                    self._stamp, self._access = stamp, _read()
            if self._refusals:
                raise SettingsError(self._refusals[0], " ".join(self._refusals[1:]))
            if self._access is None:
                raise SettingsError("The configuration was changed, and is wrong now.", "Its reason is in the log of the server.")
            return self._access


RULES = _Rules()


def auth() -> Mapping[str, Any] | None:
    """The table [auth] of secrets.toml; None where there is none."""
    return st.secrets.get("auth") if st.secrets.load_if_toml_exists() else None


def refused(settings: Settings) -> list[str]:
    """Why this server must not serve: asgi.py does not start then, app.py by itself shows this and nothing else."""
    return refusals(settings, st.get_option, auth())


def _read() -> AccessSettings | None:
    try:
        return load_settings().access
    except DataAccessError as error:
        _log.error("dynascope.toml was changed and cannot be used, so nobody has a role: %s", error.sentence)
        return None


def _stamp() -> object:
    """Another one when the file was written or replaced."""
    try:
        found = Path(os.environ.get("DYNASCOPE_CONFIG") or "dynascope.toml").stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
