"""Names of files that are handed over: letters, digits, hyphen, underscore, and one full stop before the ending.

Nothing else reaches a file system, a header or a shell, whatever stands in the id that a name is made of: no folder, no line end,
no character that turns the reading direction, no name that Windows keeps for its devices.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

LIMIT = 80  # characters of a name, without hash and ending
_OTHERS = re.compile(r"[^A-Za-z0-9_-]+")
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def safe_name(text: str, ending: str = "", *, instead: str | None = None) -> str:
    """A name made of a text. One that had to be changed gets a short hash of it, so that two texts keep two names.

    `instead` is what is shown of it, where not all of it may be. `ending` is the program's own.
    """
    ascii_only = unicodedata.normalize("NFKD", text if instead is None else instead).encode("ascii", "ignore").decode()
    safe = _OTHERS.sub("-", ascii_only).strip("-_")[:LIMIT].strip("-_")
    if not safe or safe != text or _DEVICES.fullmatch(safe):
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        safe = f"{safe}-{digest}" if safe else digest
    return f"{safe}.{ending}" if ending else safe
