"""Tokens of profiles: in the system's keyring where there is one, else in a file of 0600."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, Literal

from amltui.config import paths
from amltui.config.private import tighten
from amltui.config.toml import edit_toml, read_toml
from amltui.errors import ConfigError

Place = Literal["keyring", "file"]

_SERVICE: Final = "amltui"


def credentials_file() -> Path:
    """Where tokens lie on a machine without a keyring."""
    return paths.config_dir() / "credentials.toml"


def has_keyring() -> bool:
    """Whether this machine has a keyring that keeps what it is given."""
    return _keyring() is not None


def store(profile: str, token: str) -> Place:
    """Keep a profile's token, and say where.

    Raises:
        ConfigError: neither place can be written.
    """
    ring = _keyring()
    if ring is not None:
        try:
            ring.set_password(_SERVICE, _user(profile), token)
        except Exception as error:  # noqa: BLE001 - each keyring raises its own; the file remains
            del error
        else:
            _forget_in_file(profile)
            return "keyring"
    edit_toml(credentials_file(), lambda document: document.update({profile: token}))
    return "file"


def load(profile: str, place: Place) -> str | None:
    """A profile's token from where it was kept; None when it is not there.

    Raises:
        ConfigError: the place cannot be read, for example a locked keyring.
    """
    if place == "file":
        tighten(credentials_file())
        token = read_toml(credentials_file()).get(profile)
        return token if isinstance(token, str) else None
    ring = _keyring()
    if ring is None:
        raise ConfigError(
            f'The token of profile "{profile}" is in the system keyring, which is not there now',
            hint="Set AMLTUI_TOKEN, or add the profile again to keep its token in a file.",
        )
    try:
        found: str | None = ring.get_password(_SERVICE, _user(profile))
    except Exception as error:  # noqa: BLE001 - each keyring raises its own
        # The keyring's own words are left out: they may quote what it holds.
        raise ConfigError(
            f'The keyring did not give the token of profile "{profile}" ({type(error).__name__})',
            hint="Unlock the keyring, or set AMLTUI_TOKEN.",
        ) from None
    return found


def forget(profile: str, place: Place) -> None:
    """Remove a profile's token; nothing happens when there is none."""
    _forget_in_file(profile)
    ring = _keyring() if place == "keyring" else None
    if ring is None:
        return
    try:
        ring.delete_password(_SERVICE, _user(profile))
    except Exception as error:  # noqa: BLE001 - each keyring raises its own for "not there"
        del error


def _forget_in_file(profile: str) -> None:
    if profile in read_toml(credentials_file()):
        edit_toml(credentials_file(), lambda document: document.pop(profile, None) and None)


def _user(profile: str) -> str:
    """The name in the keyring: one for each settings directory, so that two do not mix."""
    where = re.sub(r"\s+", " ", str(paths.config_dir()))
    return f"{profile} ({where})"


def _keyring() -> Any:
    """The keyring module, or None where it is not installed or has nothing behind it."""
    try:
        import keyring
        from keyring.backends import fail, null
    except ImportError:
        return None
    try:
        backend = keyring.get_keyring()
        usable = backend.priority > 0 and not isinstance(backend, fail.Keyring | null.Keyring)
    except Exception:  # noqa: BLE001 - a keyring that cannot even start is none
        return None
    # A chain with nothing in it has a priority of its own but keeps nothing.
    if usable and getattr(backend, "backends", None) == []:
        return None
    return keyring if usable else None
