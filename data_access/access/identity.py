"""The signed claims of a sign-in, read as a viewer. Streamlit has checked the signature; the rest is asked here again at each look.

Roles come from a group claim or from issuer and subject, byte for byte. An e-mail address gives nothing: whoever runs the provider
may let people choose theirs.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from data_access.access.permissions import Role
from data_access.access.settings import MARK, AccessSettings
from data_access.access.viewer import Limits, Viewer
from data_access.errors import SignInEnded

# Clocks of two machines may differ by so much.
SKEW = timedelta(minutes=5)
_SHORT = 8
_PERSON_DIGITS = 16
_ANONYMOUS_ROLES = frozenset({Role.REVIEWER, Role.ANALYST})
_AGAIN = "Sign in again."


def anonymous(settings: AccessSettings) -> Viewer:
    """Whoever did not sign in: nobody, unless dynascope.toml lets anybody read."""
    return Viewer("anonymous", _ANONYMOUS_ROLES, origin="anonymous") if settings.anonymous else Viewer("nobody")


def viewer_of(claims: Mapping[str, Any], settings: AccessSettings, now: datetime) -> Viewer:
    """Who signed in, with the roles that the settings give now. None of the claims is in a message.

    Raises SignInEnded when the sign-in has expired, is too old or from the future, or does not say who and when it is.
    """
    issuer, subject = _text(claims, "iss"), _text(claims, "sub")
    issued, expires = _moment(claims, "iat"), _moment(claims, "exp")
    if not issuer or not subject or issued is None or expires is None:
        raise SignInEnded("This sign-in does not say who it is about, or how long it holds.", "Ask whoever set up the sign-in.")
    proven = _moment(claims, "auth_time") if "auth_time" in claims else issued
    if proven is None:
        raise SignInEnded("This sign-in says when it was made in a way that cannot be read.", "Ask whoever set up the sign-in.")
    if max(issued, proven) > now + SKEW:
        raise SignInEnded("This sign-in is from the future.", "Set the clock of this machine, then sign in again.")
    if expires <= now or now - issued >= timedelta(hours=settings.session_hours):
        raise SignInEnded("Your sign-in has expired.", _AGAIN)
    given = [(name, roles) for name, roles in _entries(claims, settings, f"{issuer}{MARK}{subject}") if roles]
    person = _digest(issuer, subject)[:_PERSON_DIGITS]
    marks = [f"{name}={claims[name]}" for name in ("sid", "nonce", "jti") if isinstance(claims.get(name), str)]
    return Viewer(
        name=_text(claims, "preferred_username") or (subject if len(subject) <= _SHORT else f"{subject[:_SHORT]}…"),
        roles=frozenset[Role]().union(*(roles for _, roles in given)),
        limits=merged(settings.limits.get(name, Limits()) for name, _ in given),
        origin="signed_in",
        signed_in_at=proven,
        session=_digest(issuer, subject, issued.isoformat(), *marks),
        fresh_minutes=settings.fresh_minutes,
        person=person,
    )


def merged(limits: Iterable[Limits]) -> Limits:
    """What several entries of one person leave open together; without a limit in one of them, everything.

    Two that differ in systems and in tenants have no sum that holds no more than either: what is open is what both leave open.
    """
    first, *others = tuple(limits) or (Limits(),)
    for one in others:
        if _holds(first, one) or _holds(one, first):
            first = first if _holds(first, one) else one
        elif first.systems == one.systems:
            first = Limits(first.systems, _sum(first.tenants, one.tenants))
        elif first.tenants == one.tenants:
            first = Limits(_sum(first.systems, one.systems), first.tenants)
        else:
            first = Limits(_shared(first.systems, one.systems), _shared(first.tenants, one.tenants))
    return first


def _holds(wide: Limits, narrow: Limits) -> bool:
    """Whether everything that `narrow` leaves open is open in `wide`."""
    if wide.systems is None:
        # A limit of tenants alone closes the systems that keep none; `narrow` may name one of them.
        systems = wide.tenants is None or narrow.systems is None
    else:
        systems = narrow.systems is not None and narrow.systems <= wide.systems
    return systems and (wide.tenants is None or (narrow.tenants is not None and narrow.tenants <= wide.tenants))


def _sum(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return None if one is None or other is None else one | other


def _shared(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return other if one is None else one if other is None else one & other


def _entries(claims: Mapping[str, Any], settings: AccessSettings, person: str) -> Iterable[tuple[str, frozenset[Role]]]:
    for group in sorted(_groups(claims, settings.claim)):
        if group in settings.groups:
            yield group, settings.groups[group]
    if person in settings.people:
        yield person, settings.people[person]


def _groups(claims: Mapping[str, Any], path: str) -> frozenset[str]:
    """The texts of the claim. Some providers have a dot in a claim's name: the whole path is looked for first."""
    found: Any = claims.get(path)
    if path not in claims:
        found = claims
        for step in path.split("."):
            found = cast("Mapping[str, Any]", found).get(step) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return frozenset({found})
    if isinstance(found, list | tuple):
        return frozenset(name for name in cast("list[Any]", found) if isinstance(name, str))
    return frozenset()


def _text(claims: Mapping[str, Any], name: str) -> str:
    found = claims.get(name)
    return found if isinstance(found, str) else ""


def _moment(claims: Mapping[str, Any], name: str) -> datetime | None:
    """Seconds since 1970, https://www.rfc-editor.org/rfc/rfc7519#section-2. None where it is something else."""
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        return None
    try:
        return datetime.fromtimestamp(found, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _digest(*parts: str) -> str:
    """SHA-256, hex. Each part with its length: no two lists of parts are written the same."""
    whole = b"".join(b"%d:%s" % (len(part.encode("utf-8", "surrogatepass")), part.encode("utf-8", "surrogatepass")) for part in parts)
    return hashlib.sha256(whole).hexdigest()
