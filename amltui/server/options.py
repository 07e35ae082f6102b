"""What `amltui serve` can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from amltui.server.links import LIFETIME


@dataclass(frozen=True, slots=True)
class Oidc:
    """Whose tokens are let in beside the workspace's own."""

    issuer: str
    """As its tokens name it (`iss`)."""
    audience: str
    """For whom its tokens are made (`aud`)."""
    claim: str = "roles"
    """Which claim names reader, writer or owner."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve one workspace."""

    data: Path
    """Directory (0700) of settings.json and, by default, of the database and the contents."""
    host: str = "127.0.0.1"
    port: int = 0
    """0: the system chooses."""
    database: str | None = field(default=None, repr=False)
    """URL of a SQLite or PostgreSQL database. None: SQLite in `data`."""
    contents: str | None = field(default=None, repr=False)
    """`az://container/prefix`, `s3://bucket/prefix`, `gs://bucket/prefix` or a directory.
    None: in `data`."""
    tls_cert: Path | None = None
    tls_key: Path | None = None
    insecure: bool = False
    """Whether to serve another host than loopback without TLS."""
    embedded: bool = False
    """A child process: one JSON line says where it listens, the end of stdin ends it."""
    public_url: str | None = None
    """The address that clients use when it is not the one in their Host header: there is a proxy,
    which also says who the client is."""
    proxies: tuple[str, ...] = ("127.0.0.0/8", "::1")
    """Addresses or networks of the proxies whose word on who the client is counts, where there is
    a public address."""
    upload_limit: int = 64 << 30
    """Bytes of one upload at most."""
    quota: int | None = None
    """Bytes of all contents of the workspace at most. None: no limit."""
    failed_logins: int = 30
    """Failed logins of one address in a minute before it is answered 429."""
    link_lifetime: float = LIFETIME
    """Seconds that a link to contents lives at least, if nothing ends it before."""
    idle_timeout: float = 60.0
    """Seconds that a client may take to send a request's head, and between two pieces of a body."""
    log: Path | None = None
    """Where the log goes. None: stderr, or `server.log` in `data` when embedded."""
    drain: float = 300.0
    """Seconds that a stop waits for transfers under way; a second signal ends them at once."""
    oidc: Oidc | None = None
    """An issuer of OpenID Connect tokens. None: only the workspace's own tokens."""
    metrics: str | None = None
    """`HOST:PORT` where Prometheus reads. None: nowhere."""
    samples: bool = True
    """Whether to offer the example datasets and the example experiment."""
    web: bool = False
    """Whether there is a page for browsers, at `/`."""
