"""Whether this server may start at all: one rule, asked by asgi.py before it serves and by every page's viewer.

It speaks of Streamlit's options and of secrets.toml without knowing Streamlit: the caller hands both over.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from data_access.settings import Settings

Option = Callable[[str], Any]

# The names of this machine, as a Host header says them. `::1` is how a parsed `[::1]` is written.
LOOPBACK = ("localhost", "127.0.0.1", "::1")
SECRET_LENGTH = 32
# 32 random hexadecimal digits have fewer different ones than this once in some ten million times.
_DIFFERENT = 8
# What examples write where a secret belongs. Random text has none of these words in it.
_EXAMPLE = re.compile(
    r"change|replace|example|placeholder|secret|password|passwort|insert|cookie|streamlit|random|your[-_ ]|xxxx", re.IGNORECASE
)
# Option, the value it must have, and what goes wrong with another.
_FIXED: tuple[tuple[str, Any, str], ...] = (
    ("server.enableXsrfProtection", True, "another site could act for whoever is signed in"),
    ("server.enableCORS", True, "every site could open a connection"),
    ("server.enableAgentApi", False, "it is a second door to every page"),
    ("server.enableStaticServing", False, "it serves files to whoever asks"),
    ("server.scriptHealthCheckEnabled", False, "whoever asks would run the pages"),
    ("server.xsrfCookieSameSite", "lax", "another site could act for whoever is signed in"),
    ("global.developmentMode", False, "it accepts every origin and tells everything"),
)
# These let out what was typed or stored: on one's own machine that is one's own business.
_FIXED_IN_AWS: tuple[tuple[str, Any, str], ...] = (
    ("client.showErrorDetails", "none", "a traceback can carry texts of a conversation"),
    ("logger.level", "info", "at debug the log holds the ids of sessions"),
    ("logger.enableRich", False, "its tracebacks carry texts of a conversation"),
)
_QUIETER = ("info", "warning", "error", "critical")


def refusals(settings: Settings, option: Option, auth: Mapping[str, Any] | None) -> list[str]:
    """Why it may not start: a sentence each, without a secret or an id in it. Empty where it may.

    `option` is Streamlit's `st.get_option`, `auth` the table [auth] of secrets.toml, None where there is none.
    """
    found = list(_open_doors(option))
    found += _local(option) if settings.mode == "local" else _aws(settings, option, auth)
    return found


def own_hosts(settings: Settings, option: Option) -> tuple[str, ...]:
    """The names that this server answers to, in lower case: `*.example.com` is any name below. In local mode this machine's."""
    return LOOPBACK if settings.mode == "local" else _hosts(option)


def is_loopback(name: str | None) -> bool:
    """Whether an address or name can only mean this machine."""
    if name is None:
        return False
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name.lower() == "localhost"


def is_own(host: str, hosts: Sequence[str]) -> bool:
    """Whether one of the names, which may begin with `*.`, is this one."""
    return any(host == name or (name.startswith("*.") and host.endswith(name[1:])) for name in hosts)


def _open_doors(option: Option) -> Iterator[str]:
    for name, wanted, reason in _FIXED:
        if option(name) != wanted:
            yield f"{name} must be {_written(wanted)}: with anything else {reason}."
    if option("server.trustedUserHeaders"):
        yield "server.trustedUserHeaders must not be set: whoever can send such a header would be whoever they like."


def _local(option: Option) -> Iterator[str]:
    address = option("server.address")
    if not is_loopback(address):
        yield (
            f"Local mode has no sign-in, so it listens on this machine only: server.address must be 127.0.0.1, not {address or 'unset'}."
            " To serve others, set up aws mode with a sign-in."
        )
    if foreign := sorted(set(_hosts(option)) - set(LOOPBACK)):
        yield f"Local mode answers to the names of this machine only: take {', '.join(foreign)} out of server.allowedHosts."


def _aws(settings: Settings, option: Option, auth: Mapping[str, Any] | None) -> Iterator[str]:
    for name, wanted, reason in _FIXED_IN_AWS:
        # A level that is higher says less, and is welcome.
        given = option(name)
        if given != wanted and not (name == "logger.level" and str(given).lower() in _QUIETER):
            yield f"{name} must be {_written(wanted)} in aws mode: {reason}."
    hosts = _hosts(option)
    if not hosts or "*" in hosts:
        yield 'In aws mode server.allowedHosts must name the addresses that people use, such as ["dash.example.com"]; * is none.'
    elif wrong := [name for name in hosts if "*" in name.removeprefix("*.")]:
        yield f"server.allowedHosts: a * stands only before the first dot, as in *.example.com: correct {', '.join(wrong)}."
    elif all(map(is_loopback, hosts)) and not is_loopback(option("server.address")):
        yield "server.allowedHosts names this machine only, and server.address is open to others: name the addresses that people use."
    if auth is None:
        if not settings.access.anonymous:
            yield (
                "In aws mode somebody has to sign in: secrets.toml has no [auth]."
                " Fill it in (secrets.toml.example says how), or set allow_anonymous_read = true in dynascope.toml."
            )
    else:
        yield from _auth(auth, hosts)


def _auth(auth: Mapping[str, Any], hosts: Sequence[str]) -> Iterator[str]:
    if said := _weak(auth.get("cookie_secret")):
        yield f"[auth] of secrets.toml: {said} Make one: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
    try:
        back = urlsplit(str(auth.get("redirect_uri") or ""))
        host, _ = (back.hostname or "").rstrip("."), back.port
    except ValueError:
        back, host = urlsplit(""), ""
    if not host or back.path.rsplit("/", 1)[-1] != "oauth2callback":
        yield "[auth] of secrets.toml: redirect_uri must be this server's own address, ending in /oauth2callback."
    elif back.scheme != "https" and not (back.scheme == "http" and is_loopback(host)):
        yield "[auth] of secrets.toml: redirect_uri must begin with https://, or the sign-in can be read on its way."
    elif not is_own(host, hosts):
        yield f"server.allowedHosts does not name {host}, which redirect_uri of [auth] in secrets.toml does: nobody could sign in."


def _weak(secret: object) -> str:
    """What is wrong with a cookie_secret, in words that do not repeat it; empty where nothing is."""
    if not isinstance(secret, str) or not secret:
        return "cookie_secret is missing."
    if _EXAMPLE.search(secret):
        return "cookie_secret is an example's: whoever knows the example can sign in as anybody."
    if len(secret) < SECRET_LENGTH:
        return f"cookie_secret is shorter than {SECRET_LENGTH} characters."
    steps = [ord(after) - ord(before) for before, after in pairwise(secret)]
    repeats = secret in (secret + secret)[1:-1]
    if len(set(secret)) < _DIFFERENT or repeats or sum(step in (-1, 0, 1) for step in steps) > 0.75 * len(steps):
        return "cookie_secret can be guessed: it is not random."
    return ""


def _hosts(option: Option) -> tuple[str, ...]:
    names: Sequence[str] = option("server.allowedHosts") or ()
    return tuple(cleaned for name in names if (cleaned := name.strip().lower().rstrip(".").strip("[]")))


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'
