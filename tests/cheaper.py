"""What botocore works out again for every client and every call, worked out once: half of making a client goes there.

Each of these answers as botocore's own does. `install` is for a process that runs tests, before its first client.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import botocore.hooks
import botocore.session
import botocore.useragent

_hooks: Any = botocore.hooks
_session: Any = botocore.session
_useragent: Any = botocore.useragent
_names: dict[str, str] = {}  # of events, with the aliases that botocore has
_takes_keywords: Callable[[Any], Any] = _hooks.accepts_kwargs
_begin_aliaser: Callable[..., None] = _hooks.EventAliaser.__init__


def install() -> None:
    _hooks.accepts_kwargs = _accepts_kwargs
    _hooks.EventAliaser.__init__ = _init_aliaser
    for module, function in ((_session, "create_loader"), (_useragent, "sanitize_user_agent_string_component")):
        known = getattr(module, function)
        setattr(module, function, known if hasattr(known, "cache_info") else lru_cache(4_096)(known))


def _accepts_kwargs(handler: Any) -> Any:
    """A function's own flag says it; botocore makes its whole signature, for each of a hundred handlers of each client."""
    code = getattr(handler, "__code__", None)
    return _takes_keywords(handler) if code is None else bool(code.co_flags & inspect.CO_VARKEYWORDS)


def _init_aliaser(self: Any, event_emitter: Any, event_aliases: Any = None) -> None:
    _begin_aliaser(self, event_emitter, event_aliases)
    if self._event_aliases == _hooks.EVENT_ALIASES:
        self._alias_name_cache = _names
