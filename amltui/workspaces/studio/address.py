"""Where a server is, written in one way."""

from __future__ import annotations

from urllib.parse import urlsplit

from amltui.errors import ConfigError


def normal_endpoint(endpoint: str) -> str:
    """`endpoint` with a lower-case host and a closing slash, so that a base path is kept.

    Raises:
        ConfigError: it is not an http or https address, or holds a user name or a query.
    """
    parts = urlsplit(endpoint.strip())
    try:
        port = parts.port
    except ValueError:
        port = -1
    wrong = parts.username is not None or parts.query or parts.fragment or port == -1
    if parts.scheme.lower() not in {"http", "https"} or not parts.hostname or wrong:
        raise ConfigError(
            "The endpoint is not an address of the form https://host/ or http://host:port/"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = parts.path.rstrip("/")
    return f"{parts.scheme.lower()}://{host}{'' if port is None else f':{port}'}{path}/"
