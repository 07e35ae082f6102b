"""What `amltui doctor` finds out: nothing in it is secret, for it is pasted into bug reports."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import amltui
from amltui.cache.store import RESERVE
from amltui.cli import exit_codes
from amltui.config import Connection, credentials, paths, profiles, resolve
from amltui.disk import free_space, short
from amltui.errors import AmltuiError
from amltui.redact import redacted
from amltui.text import human_size

if TYPE_CHECKING:
    from amltui.workspaces.base import Workspace

LIBRARIES: Final = (
    "textual", "httpx", "pyarrow", "duckdb", "pandas", "sqlalchemy", "granian", "cyclopts",
)  # fmt: skip
_SKEW: Final = 5.0
"""Seconds that the clocks may differ before signed links and logs suffer."""


@dataclass(slots=True)
class Findings:
    """What was found, by section, and what is wrong with it."""

    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    code: int = exit_codes.DONE

    def trouble(self, text: str, code: int = exit_codes.FAILED) -> None:
        """Note a problem; the first one decides the exit code."""
        self.problems.append(_without_home(redacted(text)))
        self.code = self.code or code


async def examine(profile: str | None, *, offline: bool) -> Findings:
    """Look at everything; what fails is a finding and hinders no other."""
    found = Findings()
    found.sections["versions"] = _versions()
    found.sections["paths"] = _paths()
    _room(found)
    found.sections["settings"] = _settings(found)
    try:
        connection = resolve(profile)
    except AmltuiError as error:
        found.trouble(f"{error} {error.hint}", exit_codes.code_of(error))
    else:
        found.sections["connection"] = _connection(connection)
        if not offline:
            found.sections["server"] = await _server(found, connection, profile)
    found.sections["terminal"] = _terminal(os.environ)
    return found


def _versions() -> dict[str, Any]:
    versions: dict[str, Any] = {
        "amltui": amltui.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
    }
    for name in LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def _paths() -> dict[str, Any]:
    places = {
        "settings": paths.config_dir(),
        "cache": paths.cache_dir(),
        "data": paths.data_dir(),
    }
    return {
        name: {"path": short(path), "exists": path.is_dir(), "size": _size(path)}
        for name, path in places.items()
    }


def _room(found: Findings) -> None:
    """See that the cache's disk has room to work with."""
    free = free_space(paths.cache_dir())
    if free is not None and free < RESERVE:
        found.trouble(
            f"The disk of the cache, {short(paths.cache_dir())}, has {human_size(free)} free: "
            "little or nothing can be kept there."
        )


def _size(path: Path) -> int:
    total = 0
    for directory, _, names in os.walk(path):
        for name in names:
            try:
                status = (Path(directory) / name).lstat()
            except OSError:
                continue
            total += getattr(status, "st_blocks", 0) * 512 or status.st_size
    return total


def _settings(found: Findings) -> dict[str, Any]:
    section: dict[str, Any] = {"keyring": credentials.has_keyring()}
    for label, path in (
        ("profiles", profiles.profiles_file()),
        ("credentials", credentials.credentials_file()),
        ("old client's json", Path.home() / ".azureml" / "settings.json"),
        ("old client's ini", Path.home() / ".azureml" / "settings.ini"),
    ):
        try:
            mode = path.stat().st_mode & 0o777
        except OSError:
            continue
        section[label] = f"{short(path)} ({mode:04o})"
        if mode & 0o077 and label != "profiles" and os.name == "posix":
            found.trouble(f"{short(path)} can be read by others: chmod 600 it.")
    try:
        section["known profiles"] = [one.name for one in profiles.profiles()]
    except AmltuiError as error:
        found.trouble(f"{error} {error.hint}", exit_codes.code_of(error))
    return section


def _connection(connection: Connection | None) -> dict[str, Any]:
    if connection is None:
        return {"kind": "embedded workspace", "profile": None}
    if connection.is_azure:
        return {
            "kind": "Azure ML workspace",
            "profile": connection.profile,
            "cloud": connection.cloud or "public",
            # Enough to tell two apart.
            "workspace": connection.endpoint.rpartition("/")[2],
        }
    if connection.is_folder:
        return {
            "kind": "folder",
            "profile": connection.profile,
            "url": _without_home(connection.endpoint),
            "write": connection.write,
        }
    parts = urlsplit(connection.endpoint)
    return {
        "kind": "workspace server",
        "profile": connection.profile,
        "endpoint": f"{parts.scheme}://{parts.netloc}/",
        # Enough to tell two apart.
        "workspace_id": f"{connection.workspace_id[:4]}…",
        "token": "set, not shown",
        "sources": {key: _without_home(text) for key, text in connection.sources.items()},
    }


def _without_home(text: str) -> str:
    """`text` with paths as `short` gives them."""
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text  # a service's home may be /


async def _server(
    found: Findings, connection: Connection | None, profile: str | None
) -> dict[str, Any]:
    from amltui.cli.probe import measured
    from amltui.services.session import open_session

    try:
        async with open_session(profile, connection=connection) as session:
            started = time.perf_counter()
            workspace = await session.connect()
            answer = await measured(workspace)
            section: dict[str, Any] = {
                "server": answer.info.server or "not said",
                "latency_ms": round(answer.latency * 1000, 1),
                "first_answer_ms": round((time.perf_counter() - started) * 1000, 1),
                "lacks": answer.lacks,
            }
            if connection is not None:
                section.update(await _route(found, workspace))
            return section
    except AmltuiError as error:
        found.trouble(f"{error} {error.hint}", exit_codes.code_of(error))
        return {"error": redacted(str(error))}


async def _route(found: Findings, workspace: Workspace) -> dict[str, Any]:
    """TLS, proxy and clock."""
    try:
        route = await workspace.route()
    except AmltuiError as error:
        found.trouble(f"{error} {error.hint}", exit_codes.code_of(error))
        return {}
    if route is None:
        return {}
    skew = route.clock_skew
    if not route.encrypted and not _is_near(route.address):
        found.trouble("The endpoint has no TLS: the token can be read on the way.")
    if skew is not None and abs(skew) > _SKEW:
        found.trouble(f"The clocks differ by {skew:.0f} s: links may seem expired.")
    return {"tls": route.tls, "proxy": route.proxy, "clock_skew_seconds": skew}


def _is_near(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _terminal(environment: Mapping[str, str]) -> dict[str, Any]:
    size = shutil.get_terminal_size((0, 0))
    term = environment.get("TERM", "")
    inside = [
        name
        for name, variable in (("tmux", "TMUX"), ("screen", "STY"), ("ssh", "SSH_CONNECTION"))
        if environment.get(variable)
    ]
    return {
        "standard_output_is_terminal": sys.stdout.isatty(),
        "size": f"{size.columns}x{size.lines}" if size.columns else None,
        "term": re.sub(r"[^\w.+-]", "?", term) or None,
        "colours": _colours(environment, term),
        "encoding": sys.stdout.encoding,
        "inside": inside,
        # Nobody answers whether a copy arrived; these are known to take it or to refuse.
        "osc52": _osc52(environment, term),
    }


def _colours(environment: Mapping[str, str], term: str) -> str:
    if environment.get("NO_COLOR"):
        return "none (NO_COLOR)"
    if environment.get("COLORTERM", "") in {"truecolor", "24bit"}:
        return "16 million"
    if term in {"", "dumb"}:
        return "none"
    return "256" if "256" in term else "16"


def _osc52(environment: Mapping[str, str], term: str) -> str:
    if environment.get("TMUX"):
        return "tmux: needs set-clipboard on, or allow-passthrough on"
    program = environment.get("TERM_PROGRAM", "")
    if program == "Apple_Terminal":
        return "no (Terminal.app)"
    if program in {"iTerm.app", "WezTerm", "ghostty"} or term.startswith(
        ("xterm-kitty", "alacritty", "foot")
    ):
        return "yes"
    return "not known"
