"""Which local engine this machine can run.

In this order: $DYNASCOPE_ENGINE (the path of a dynoxide binary, or the word `moto`), the npm package of this platform
beside the project, `dynoxide` on PATH, and last moto's server, which keeps everything in memory.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from data_access.errors import EngineError

PROJECT = Path(__file__).resolve().parents[2]

_SYSTEMS = {"linux": "linux", "darwin": "darwin", "win32": "win32"}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine that can be started: a dynoxide binary, or moto where `path` is None."""

    path: Path | None


def npm_package() -> str | None:
    """The npm package of this platform, without its scope, such as `linux-x64`. None where none is published."""
    system, machine = _SYSTEMS.get(sys.platform), _MACHINES.get(platform.machine().lower())
    return f"{system}-{machine}" if system and machine else None


def choose(project: Path = PROJECT) -> Choice:
    """The engine to start. Raises EngineError when $DYNASCOPE_ENGINE names something that cannot be run."""
    if wanted := os.environ.get("DYNASCOPE_ENGINE", "").strip():
        return Choice(None) if wanted == "moto" else Choice(_runnable(wanted))
    package = npm_package()
    file = "dynoxide.exe" if sys.platform == "win32" else "dynoxide"
    beside = project / "node_modules" / "@dynoxide" / package / file if package else None
    if beside and os.access(beside, os.X_OK):
        return Choice(beside)
    on_path = shutil.which("dynoxide")
    return Choice(Path(on_path).resolve()) if on_path else Choice(None)


def _runnable(wanted: str) -> Path:
    path = Path(wanted).expanduser().resolve()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise EngineError(
            f"DYNASCOPE_ENGINE names {wanted}, which is {'not executable' if path.is_file() else 'not a file'}.",
            "Give it the path of a dynoxide binary, set it to moto, or unset it.",
        )
    return path
