"""`serve --print-unit`: the service as systemd starts it, shut off from what it does not need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from string import Template
from typing import Final

_UNIT: Final = Template("""\
[Unit]
Description=Workspace server of amltui
Documentation=man:systemd.exec(5)
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
User=amltui
Group=amltui
# Passwords and keys, one NAME=VALUE a line, for root only: `amltui help environment`.
EnvironmentFile=-/etc/amltui/environment
Environment=HOME=/nonexistent
ExecStart=$command
Restart=on-failure
RestartSec=2
# A stop waits up to five minutes for transfers that are under way.
TimeoutStopSec=330
LimitNOFILE=65536
UMask=0077

# All that the server writes to, beside its temporary files.
ReadWritePaths=$places
ProtectSystem=strict
ProtectHome=$home
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
PrivateIPC=yes
ProtectProc=invisible
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
DevicePolicy=closed
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
""")
_HOMES: Final = (Path("/home"), Path("/root"), Path("/run/user"))


def unit(command: Sequence[str], writes: Iterable[Path], reads: Iterable[Path] = ()) -> str:
    """The text of a unit that runs `command` and lets it write below `writes` only.

    Where something that it needs lies in somebody's home, homes are not hidden from it.
    """
    writes = sorted(set(writes))
    needed = [Path(command[0]), *writes, *reads]
    at_home = any(path.is_relative_to(home) for path in needed for home in _HOMES)
    return _UNIT.substitute(
        # Only in a command `$` has a meaning.
        command=" ".join(_quoted(word.replace("$", "$$")) for word in command),
        places=" ".join(_quoted(str(path)) for path in writes),
        home="read-only" if at_home else "yes",
    )


def _quoted(word: str) -> str:
    """As systemd reads a word back: `%` has a meaning there, also between quotes."""
    for special in ("\\", '"'):
        word = word.replace(special, f"\\{special}")
    word = word.replace("%", "%%")
    plain = word and not any(c.isspace() or c in "\\\"';" for c in word)
    return word if plain else f'"{word}"'
