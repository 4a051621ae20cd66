"""Local mode: the embedded DynamoDB and what is in it.

Imported by the engine's supervisor too, which is to be up in a moment: keep the imports inside the functions.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from data_access.local.engine import Attachment


def prepare() -> Attachment | None:
    """Make local mode ready and stay attached to its engine. None in aws mode. Raises EngineError."""
    if os.environ.get("DYNASCOPE_MODE", "local") != "local":
        return None
    from data_access.local.engine import attach

    return attach(Path(os.environ.get("DYNASCOPE_STATE", ".local")))
