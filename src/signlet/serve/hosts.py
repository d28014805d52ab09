"""Allowed host names: request headers in, a refusal or None out.

A web page from anywhere may let its own name point to this machine's address once it is loaded
(DNS rebinding); then the browser takes the service for that page's server. Such a request still
carries the page's name as its `Host`. Requests from pages of other names carry it as `Origin`.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from signlet.serve.rejection import Rejection

if TYPE_CHECKING:  # the command line asks for names before it knows that the extra is here
    from starlette.datastructures import Headers

_NAMED = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::[0-9]*)?", re.ASCII)
_SCHEME = re.compile(r"^https?://")


class Hosts:
    """allowed: host names besides localhost; None takes requests of any name."""

    def __init__(self, allowed: Iterable[str] | None) -> None:
        self._allowed = None if allowed is None else {_plain(name) for name in allowed}

    def refusal(self, headers: Headers) -> Rejection | None:
        """Return the refusal of a request with these headers; None if it is allowed."""
        if self._allowed is None:
            return None
        for host in headers.getlist("host"):
            if not self._knows(_name(host)):
                return _refusal("host", host)
        for origin in headers.getlist("origin"):
            if not self._knows(_name(_SCHEME.sub("", origin, count=1))):
                return _refusal("a page of", origin)
        return None

    def _knows(self, name: str | None) -> bool:
        return name is not None and (is_loopback(name) or name in (self._allowed or ()))


def is_loopback(name: str) -> bool:
    """Return True if a name or address can only mean localhost."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _name(given: str) -> str | None:
    """The name in a `Host` or an `Origin`; None if there is none."""
    found = _NAMED.fullmatch(given)
    return _plain(found[1]) if found else None


def _plain(name: str) -> str:
    """In the form in which browsers send it."""
    name = name.lower().removesuffix(".").removeprefix("[").removesuffix("]")
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return name


def _refusal(what: str, given: str) -> Rejection:
    return Rejection(
        403,
        f"{what} {given[:80]}: this service does not answer that name; --allow_host NAME allows it",
    )
