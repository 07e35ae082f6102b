"""Which proxy a request goes through: what the environment says, and never for this machine."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from amltui.errors import ConfigError

_SCHEMES: Final = ("http", "https", "socks5", "socks5h")


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy in force."""

    scheme: str
    """http, https, socks5 or socks5h."""
    host: str
    port: int
    source: str
    """The variable that names it, or "the system's settings"."""
    auth: tuple[str, str] | None = field(default=None, repr=False)
    """User name and password."""

    def __str__(self) -> str:
        """What an error may name: `proxy.example:3128 (HTTPS_PROXY)`."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port} ({self.source})"


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine: a proxy elsewhere could not reach it, and must not see it."""
    host = host.rstrip(".").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _is_link_local(host: str) -> bool:
    """Whether only what is on the same wire answers, such as a cloud's address for identities."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_link_local
    except ValueError:
        return False


def proxy_for(url: str) -> Proxy | None:
    """The proxy for a request to `url`; None: straight to the host.

    Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in either letter case.

    Raises:
        ConfigError: a variable holds what is no proxy's address. It is named, not repeated: a
            password may stand in it.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if is_loopback(host) or _is_link_local(host):
        return None
    found = getproxies()
    kind = next((kind for kind in (parts.scheme, "all") if found.get(kind)), None)
    if kind is None or proxy_bypass(host):
        return None
    source = _source(kind)
    address = found[kind] if "://" in found[kind] else f"http://{found[kind]}"
    try:
        return _parsed(urlsplit(address), source)
    except ValueError:
        raise ConfigError(
            f"{source} is no proxy's address",
            hint="It looks like http://proxy.example:3128 or socks5://127.0.0.1:1080.",
        ) from None


def _parsed(parts: SplitResult, source: str) -> Proxy:
    """A proxy by its address.

    Raises:
        ValueError: it is not one.
    """
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ValueError(parts.scheme)
    standard = {"http": 80, "https": 443}.get(parts.scheme, 1080)
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return Proxy(parts.scheme, parts.hostname, parts.port or standard, source, auth)


def _source(kind: str) -> str:
    name = f"{kind}_proxy"
    for variable in (name, name.upper()):  # lower case goes first, as for all other programs
        if os.environ.get(variable):
            return variable
    return "the system's settings"
